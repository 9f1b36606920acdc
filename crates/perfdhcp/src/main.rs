//! perfdhcp: load generator for DHCP servers.
#![forbid(unsafe_code)]

use std::io::{Write, stderr, stdout};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use kea_perfdhcp::{Command, USAGE, parse, run};

const FAILURE: u8 = 1;
const WRONG_ARGUMENTS: u8 = 2;

fn main() -> ExitCode {
    // Nothing can be done when the output is gone.
    let print = |text: &str| drop(stdout().write_all(text.as_bytes()));
    let complain = |text: String| drop(stderr().write_all(text.as_bytes()));
    let options = match parse(std::env::args().skip(1)) {
        Ok(Command::Help) => {
            print(USAGE);
            return ExitCode::SUCCESS;
        }
        Ok(Command::Version) => {
            print(concat!("VERSION: ", env!("CARGO_PKG_VERSION"), "\n"));
            return ExitCode::SUCCESS;
        }
        Ok(Command::Run(options)) => *options,
        Err(error) => {
            print(USAGE);
            complain(format!("\nERROR: parsing command line options: {error}\n"));
            return ExitCode::from(WRONG_ARGUMENTS);
        }
    };
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        if let Err(error) = signal_hook::flag::register(signal, interrupted.clone()) {
            complain(format!("\nERROR: running perfdhcp: signals: {error}\n"));
            return ExitCode::from(FAILURE);
        }
    }
    match run(options, &interrupted, &mut stdout()) {
        Ok(status) => ExitCode::from(status.code()),
        Err(error) => {
            complain(format!("\nERROR: running perfdhcp: {error}\n"));
            ExitCode::from(FAILURE)
        }
    }
}
