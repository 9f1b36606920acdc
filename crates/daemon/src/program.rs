//! What all programs that serve do with their command line.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use crate::arguments::{self, Explain, Program, Request, Run};
use crate::console::{fail, say};
use crate::control_plane::ControlPlane;
use crate::version;

/// What one program does otherwise than another. What is wrong goes to standard error, all else to
/// standard output.
pub trait Tasks {
    /// `-t` and, deep, `-T`: checks a configuration file.
    fn check(&self, file: &Path, deep: bool) -> ExitCode;

    /// `-c`: serves until told to stop, which may have happened already.
    fn serve(&self, run: &Run, plane: ControlPlane) -> ExitCode;

    /// `--explain`, which only programs with ports offer.
    fn explain(&self, _request: &Explain) -> ExitCode {
        fail("this program answers no queries")
    }
}

/// The whole of a program; the first argument is its name.
pub fn main(
    program: Program,
    arguments: impl IntoIterator<Item = OsString>,
    tasks: &impl Tasks,
) -> ExitCode {
    match arguments::parse(program, arguments) {
        Err(error) => fail(&error.0),
        Ok(Request::Help(text)) => say(&text),
        Ok(Request::Version) => say(&format!("{}\n", version::VERSION)),
        Ok(Request::ExtendedVersion) => say(&format!("{}\n", version::extended())),
        Ok(Request::BuildReport) => say(&version::build_report()),
        Ok(Request::Check { file, deep }) => tasks.check(&file, deep),
        Ok(Request::Explain(request)) => tasks.explain(&request),
        Ok(Request::Run(run)) => start(program, &run, tasks),
    }
}

fn start(program: Program, run: &Run, tasks: &impl Tasks) -> ExitCode {
    let plane = match ControlPlane::new() {
        Ok(plane) => plane,
        Err(error) => return fail(&format!("{}: signals cannot be heard: {error}", program.name)),
    };
    match run.confinement.take_effect() {
        Ok(()) => tasks.serve(run, plane),
        Err(error) => fail(&format!(
            "{}: privileges cannot be given up: {error}; -X keeps them",
            program.name
        )),
    }
}
