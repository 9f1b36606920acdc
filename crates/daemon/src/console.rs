//! What a program says to whoever started it.

use std::process::ExitCode;

/// Prints an answer, such as that to `-v`.
#[allow(clippy::print_stdout)] // the place for it
pub fn say(text: &str) -> ExitCode {
    print!("{text}");
    ExitCode::SUCCESS
}

/// Prints what went wrong.
#[allow(clippy::print_stderr)] // the place for it
pub fn fail(text: &str) -> ExitCode {
    eprintln!("{}", text.trim_end());
    ExitCode::FAILURE
}
