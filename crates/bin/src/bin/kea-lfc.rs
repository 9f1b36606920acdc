//! The clean-up of lease files, as a program of its own.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    kea_daemon::lfc_main(std::env::args_os())
}
