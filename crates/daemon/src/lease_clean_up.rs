//! The program `kea-lfc`: cleans up lease files that a server put aside (manual page kea-lfc).

use std::ffi::OsString;
use std::process::ExitCode;

use kea_lease::lfc::{self, Args, Command, LfcEvent};
use kea_log::{Environment, Handle, Logging, LoggingOptions, log};

use crate::console::{fail, say};
use crate::version;

const USAGE: &str = "\
Usage: kea-lfc -4|-6 -p PID-FILE -x PREVIOUS -i COPY -o OUTPUT -f FINISH -c CONFIG [-d]
       kea-lfc -v|-V|-W|-h

  -4, -6    family of the leases
  -p FILE   PID file, so that one clean-up runs at a time
  -x FILE   result of the clean-up before
  -i FILE   what the server put aside
  -o FILE   where the result is written
  -f FILE   name of the complete result
  -c FILE   the server's configuration; named for the process list, not read
  -d        log to standard output
  -v -V -W  version, with build details, build report
";

/// The whole of the program.
pub fn lfc_main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    match Command::parse(arguments.into_iter().skip(1)) {
        Ok(Command::Clean(args)) => clean(&args),
        Ok(Command::Help) => say(USAGE),
        Ok(Command::Version) => say(&format!("{}\n", version::VERSION)),
        Ok(Command::ExtendedVersion) => say(&format!("{}\n", version::extended())),
        Ok(Command::ConfigReport) => say(&version::build_report()),
        Err(error) => fail(&format!("kea-lfc: {error}\n\n{USAGE}")),
    }
}

fn clean(args: &Args) -> ExitCode {
    // The server goes first. Where that is not allowed, it works as well.
    let _ = rustix::process::nice(4);
    let mut options = LoggingOptions::new("DhcpLFC");
    options.environment = Environment::of_process();
    if !args.verbose && options.environment.destination.is_none() {
        // Started by a server, whose console this would be.
        options.environment.destination = Some("syslog".into());
    }
    let logging = match Logging::start(options) {
        Ok(logging) => logging,
        Err(error) => return fail(&format!("kea-lfc: {error}")),
    };
    let handle = logging.handle();
    if lfc::run(args, &mut |event| log_event(&handle, &event)) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn log_event(logger: &Handle, event: &LfcEvent<'_>) {
    match event {
        LfcEvent::Start => log!(logger, LFC_START),
        LfcEvent::Running => log!(logger, LFC_RUNNING),
        LfcEvent::PidCreateFailed(error) => log!(logger, LFC_FAIL_PID_CREATE, error),
        LfcEvent::PidDeleteFailed(error) => log!(logger, LFC_FAIL_PID_DEL, error),
        LfcEvent::Processing(previous, copy) => {
            log!(logger, LFC_PROCESSING, previous.display(), copy.display());
        }
        LfcEvent::Stats(stats) => {
            log!(logger, LFC_READ_STATS, stats.leases, stats.attempts, stats.errors);
            log!(logger, LFC_WRITE_STATS, stats.written, stats.written, 0);
        }
        LfcEvent::ProcessFailed(error) => log!(logger, LFC_FAIL_PROCESS, error),
        LfcEvent::Rotating => log!(logger, LFC_ROTATING),
        LfcEvent::RotateFailed(error) => log!(logger, LFC_FAIL_ROTATE, error),
        LfcEvent::Terminate => log!(logger, LFC_TERMINATE),
    }
}
