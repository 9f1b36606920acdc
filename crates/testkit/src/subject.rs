//! Which server a test runs against.

use std::env;
use std::path::PathBuf;

/// The server under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The programs of this project.
    Ours,
    /// Debian's Kea, installed under `/usr/sbin`: the oracle of the differential tests.
    Debian,
}

impl Subject {
    /// The subject that `KEA_UNDER_TEST` names; ours when it is unset.
    ///
    /// # Panics
    /// When the variable holds another word: a misspelt subject must not pass as ours.
    pub fn from_environment() -> Self {
        match env::var("KEA_UNDER_TEST").as_deref() {
            Err(_) | Ok("" | "ours") => Subject::Ours,
            Ok("debian") => Subject::Debian,
            Ok(other) => panic!("KEA_UNDER_TEST is '{other}', expected 'ours' or 'debian'"),
        }
    }

    /// `ours` or `debian`, as in `KEA_UNDER_TEST` and in scenario files.
    pub fn word(self) -> &'static str {
        match self {
            Subject::Ours => "ours",
            Subject::Debian => "debian",
        }
    }

    /// Where a program of this subject is.
    pub fn program(self, name: &str) -> PathBuf {
        match self {
            Subject::Debian => PathBuf::from("/usr/sbin").join(name),
            Subject::Ours => own_program(name),
        }
    }
}

/// `KEA_BIN_DIR` if set; otherwise the release build beside the running test, or its debug build.
fn own_program(name: &str) -> PathBuf {
    if let Some(dir) = env::var_os("KEA_BIN_DIR") {
        return PathBuf::from(dir).join(name);
    }
    // <target>/<profile>/deps/<test>: two levels up is the profile, three the target directory.
    let exe = env::current_exe().unwrap_or_default();
    let target = exe.ancestors().nth(3).map(PathBuf::from).unwrap_or_default();
    let release = target.join("release").join(name);
    if release.exists() { release } else { target.join("debug").join(name) }
}
