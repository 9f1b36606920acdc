//! The DHCPv6 server.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    kea_daemon::dhcp_main::<kea_wire::V6>(
        kea_daemon::DHCP6,
        std::env::args_os(),
        kea_hook_libs::libraries(),
    )
}
