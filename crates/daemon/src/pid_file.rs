//! The PID file: one process per configuration file.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use rustix::process::{Pid, getpid, test_kill_process};

/// Holds the PID file for as long as the process serves; removed on drop.
#[derive(Debug)]
pub struct PidFile {
    path: PathBuf,
}

/// Why the PID file could not be taken.
#[derive(Debug)]
pub enum PidFileError {
    /// A live process of this program already holds it.
    Running {
        /// That process.
        pid: i32,
        /// The file that names it.
        path: PathBuf,
    },
    /// The file is there and does not hold a number.
    Unreadable {
        /// The file.
        path: PathBuf,
    },
    /// The file could not be read or written.
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl std::fmt::Display for PidFileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            PidFileError::Running { pid, path } => {
                write!(f, "already running, PID: {pid}, PID file: {}", path.display())
            }
            PidFileError::Unreadable { path } => {
                write!(f, "the PID file {} does not hold a process number", path.display())
            }
            PidFileError::Io { path, error } => {
                write!(f, "the PID file {}: {error}", path.display())
            }
        }
    }
}

impl std::error::Error for PidFileError {}

/// The PID file of `program` serving `configuration`: `DIRECTORY/CONF.PROGRAM.pid`, where CONF is the
/// configuration file's name without directories and extension.
pub fn pid_file_path(directory: &Path, program: &str, configuration: &Path) -> PathBuf {
    let stem = configuration.file_stem().unwrap_or_default().to_string_lossy();
    directory.join(format!("{stem}.{program}.pid"))
}

impl PidFile {
    /// Takes the file, refusing when a live process of the same program holds it.
    ///
    /// The number alone does not count: after a reboot or in a container an unrelated process may have
    /// it, so the process's name must be the program's, as far as the system tells it.
    pub fn take(path: PathBuf, program: &str) -> Result<PidFile, PidFileError> {
        match fs::read_to_string(&path) {
            Ok(text) => {
                let Ok(pid) = text.trim().parse::<i32>() else {
                    return Err(PidFileError::Unreadable { path });
                };
                if is_live(pid, program) {
                    return Err(PidFileError::Running { pid, path });
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(PidFileError::Io { path, error }),
        }
        match write_own(&path) {
            Ok(()) => Ok(PidFile { path }),
            Err(error) => Err(PidFileError::Io { path, error }),
        }
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // The process is ending; a leftover file is overwritten by the next start.
        let _ = fs::remove_file(&self.path);
    }
}

fn write_own(path: &Path) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    let mut file = File::create(path)?;
    writeln!(file, "{}", getpid().as_raw_nonzero())
}

fn is_live(pid: i32, program: &str) -> bool {
    let Some(pid) = Pid::from_raw(pid) else { return false };
    if pid == getpid() {
        return false;
    }
    if test_kill_process(pid) == Err(rustix::io::Errno::SRCH) {
        return false;
    }
    // The kernel keeps at most 15 octets of the name.
    let kept = &program[..program.len().min(15)];
    match fs::read_to_string(format!("/proc/{}/comm", pid.as_raw_nonzero())) {
        Ok(name) => name.trim_end() == kept,
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_follows_configuration_and_program() {
        let path =
            pid_file_path(Path::new("/run/kea"), "kea-dhcp4", Path::new("/etc/kea/site.a.conf"));
        assert_eq!(path, Path::new("/run/kea/site.a.kea-dhcp4.pid"));
    }

    #[test]
    fn live_process_of_the_same_name_blocks_and_others_do_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.pid");
        let mut sleeper = std::process::Command::new("sleep").arg("600").spawn().unwrap();
        let pid = sleeper.id() as i32;
        // The child carries its parent's name until it has executed the other program.
        while fs::read_to_string(format!("/proc/{pid}/comm")).unwrap().trim_end() != "sleep" {
            std::thread::yield_now();
        }
        fs::write(&path, format!("{pid}\n")).unwrap();
        let refused = PidFile::take(path.clone(), "sleep").unwrap_err();
        assert_eq!(
            refused.to_string(),
            format!("already running, PID: {pid}, PID file: {}", path.display())
        );
        let held = PidFile::take(path.clone(), "kea-dhcp4").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{}\n", std::process::id()));
        drop(held);
        assert!(!path.exists());
        sleeper.kill().unwrap();
        sleeper.wait().unwrap();
        fs::write(&path, format!("{pid}\n")).unwrap();
        PidFile::take(path, "sleep").unwrap();
    }

    #[test]
    fn content_that_is_no_number_is_kept_and_reported() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.pid");
        fs::write(&path, "nonsense").unwrap();
        let refused = PidFile::take(path.clone(), "kea-dhcp4").unwrap_err();
        assert!(matches!(refused, PidFileError::Unreadable { .. }), "{refused}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "nonsense");
    }
}
