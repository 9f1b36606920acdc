//! The DHCPv4 server.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    kea_daemon::dhcp_main::<kea_wire::V4>(
        kea_daemon::DHCP4,
        std::env::args_os(),
        kea_hook_libs::libraries(),
    )
}
