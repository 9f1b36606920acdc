//! Where an installation keeps its files (the manual's chapter on installation, "installation hierarchy").
//!
//! Run-time paths follow the prefix that the binary was installed under: a binary in `PREFIX/sbin` or
//! `PREFIX/bin` uses `PREFIX/etc/kea`, `PREFIX/var/lib/kea` and so on. Installed under `/usr`, the
//! system's own `/etc`, `/var` and `/run` are used. The documented environment variables win.

use std::env;
use std::path::{Path, PathBuf};

/// The directories of one installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Configuration files: `etc/kea`.
    pub configuration: PathBuf,
    /// Lease files and the server's DUID: `var/lib/kea` (`KEA_DHCP_DATA_DIR`).
    pub data: PathBuf,
    /// PID files: `var/run/kea` (`KEA_PIDFILE_DIR`).
    pub run: PathBuf,
    /// Hook libraries: `lib/kea/hooks` (`KEA_HOOKS_PATH`).
    pub hooks: PathBuf,
    /// Control sockets: `var/run/kea` (`KEA_CONTROL_SOCKET_DIR`).
    pub sockets: PathBuf,
    /// Log files: `var/log/kea` (`KEA_LOG_FILE_DIR`).
    pub log: PathBuf,
}

/// The prefix used when the binary does not lie in `PREFIX/sbin` or `PREFIX/bin`.
const DEFAULT_PREFIX: &str = "/usr/local";

impl Layout {
    /// The layout of the running binary.
    pub fn of_this_process() -> Layout {
        let binary = env::current_exe().unwrap_or_default();
        Layout::new(&binary, |name| env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from))
    }

    fn new(binary: &Path, variable: impl Fn(&str) -> Option<PathBuf>) -> Layout {
        let prefix = prefix_of(binary);
        let system = prefix == Path::new("/usr");
        let root = if system { Path::new("/") } else { prefix };
        let run = if system { PathBuf::from("/run/kea") } else { root.join("var/run/kea") };
        Layout {
            configuration: root.join("etc/kea"),
            data: variable("KEA_DHCP_DATA_DIR").unwrap_or_else(|| root.join("var/lib/kea")),
            sockets: variable("KEA_CONTROL_SOCKET_DIR").unwrap_or_else(|| run.clone()),
            run: variable("KEA_PIDFILE_DIR").unwrap_or(run),
            hooks: variable("KEA_HOOKS_PATH").unwrap_or_else(|| prefix.join("lib/kea/hooks")),
            log: variable("KEA_LOG_FILE_DIR").unwrap_or_else(|| root.join("var/log/kea")),
        }
    }
}

fn prefix_of(binary: &Path) -> &Path {
    let in_programs = |directory: &&Path| directory.ends_with("sbin") || directory.ends_with("bin");
    binary
        .parent()
        .filter(in_programs)
        .and_then(Path::parent)
        .unwrap_or_else(|| Path::new(DEFAULT_PREFIX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_follow_the_prefix_and_the_environment_wins() {
        let none = |_: &str| None;
        let opt = Layout::new(Path::new("/opt/kea/sbin/kea-dhcp4"), none);
        assert_eq!(opt.data, Path::new("/opt/kea/var/lib/kea"));
        assert_eq!(opt.run, Path::new("/opt/kea/var/run/kea"));
        let system = Layout::new(Path::new("/usr/sbin/kea-dhcp4"), none);
        assert_eq!(system.configuration, Path::new("/etc/kea"));
        assert_eq!(system.run, Path::new("/run/kea"));
        assert_eq!(system.hooks, Path::new("/usr/lib/kea/hooks"));
        let built = Layout::new(Path::new("/src/target/release/kea-dhcp4"), none);
        assert_eq!(built.data, Path::new("/usr/local/var/lib/kea"));
        let chosen = Layout::new(Path::new("/usr/sbin/kea-dhcp4"), |name| {
            (name == "KEA_PIDFILE_DIR").then(|| "/tmp/pids".into())
        });
        assert_eq!(chosen.run, Path::new("/tmp/pids"));
        assert_eq!(chosen.sockets, Path::new("/run/kea"));
        assert_eq!(chosen.log, Path::new("/var/log/kea"));
    }
}
