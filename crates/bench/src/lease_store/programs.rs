//! Whole programs on the same files: ours, and Debian's.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use kea_lease::LeaseFiles;
use kea_testkit::Captured;
use serde_json::json;

use super::files::MIB;
use super::{files, median};
use crate::clock;
use crate::table::markdown;

/// What is compared on what.
pub(super) struct Compared<'a> {
    pub(super) folder: &'a Path,
    pub(super) ours: &'a Path,
    pub(super) debian: bool,
    pub(super) leases: u32,
    pub(super) rounds: usize,
}

#[derive(Clone, Copy, Default)]
struct Figures {
    start: f64,
    start_processor: f64,
    resident: f64,
    clean_up: f64,
    clean_up_processor: f64,
}

impl Compared<'_> {
    /// Start, memory and clean-up of each, in turns.
    pub(super) fn measure(&self) -> io::Result<String> {
        let source = self.folder.join("source.csv");
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        // Given a while ago, and not over yet.
        let now = now.map_or(0, |since| since.as_secs() as i64);
        files::write(&source, self.leases, now + 1_000_000)?;
        let debian = self.debian.then_some(Path::new("/usr/sbin"));
        let subjects = [("this server", Some(self.ours)), ("Kea of Debian", debian)];
        let mut figures: [Vec<Figures>; 2] = Default::default();
        for _ in 0..self.rounds {
            for ((_, programs), figures) in subjects.iter().zip(&mut figures) {
                if let Some(programs) = programs {
                    figures.push(self.one(programs, &source)?);
                }
            }
        }
        fs::remove_file(&source)?;
        let rows: Vec<_> = subjects
            .iter()
            .zip(&figures)
            .filter(|(_, figures)| !figures.is_empty())
            .map(|((name, _), figures)| row(name, figures))
            .collect();
        let head = [
            "",
            "start, clock",
            "start, processor",
            "resident",
            "kea-lfc, clock",
            "kea-lfc, processor",
        ];
        Ok(markdown(&head, &rows))
    }

    fn one(&self, programs: &Path, source: &Path) -> io::Result<Figures> {
        let folder = tempfile::tempdir_in(self.folder)?;
        let lease_file = folder.path().join("leases.csv");
        let files = LeaseFiles::of(&lease_file);
        fs::copy(source, &lease_file)?;
        let (start, start_processor, resident) = start(programs, folder.path(), &lease_file)?;
        fs::copy(source, &files.copy)?;
        let (begin, before) = (Instant::now(), clock::of_children());
        let mut lfc = Command::new(programs.join("kea-lfc"));
        lfc.arg("-4").arg("-x").arg(&files.previous).arg("-i").arg(&files.copy);
        lfc.arg("-o").arg(&files.output).arg("-f").arg(&files.completed);
        lfc.arg("-p").arg(&files.pid).args(["-c", "none"]);
        lfc.env("KEA_LOCKFILE_DIR", folder.path());
        lfc.env("KEA_LOGGER_DESTINATION", folder.path().join("lfc.log"));
        let status = lfc.status()?;
        let clean_up = begin.elapsed();
        if !status.success() || !files.previous.exists() {
            return Err(io::Error::other(format!("{}/kea-lfc: {status}", programs.display())));
        }
        Ok(Figures {
            start: start.as_secs_f64(),
            start_processor: start_processor.as_secs_f64(),
            resident: resident as f64,
            clean_up: clean_up.as_secs_f64(),
            clean_up_processor: (clock::of_children() - before).as_secs_f64(),
        })
    }
}

/// Starts a server on a file until it serves: clock, processor, resident octets.
fn start(
    programs: &Path,
    folder: &Path,
    lease_file: &Path,
) -> io::Result<(Duration, Duration, u64)> {
    let config = json!({ "Dhcp4": {
        "interfaces-config": { "interfaces": [] },
        "lease-database": { "type": "memfile", "name": lease_file, "lfc-interval": 0 },
        "subnet4": [{ "id": 1, "subnet": "10.0.0.0/8", "pools": [{ "pool": "10.0.0.0/8" }] }],
        "loggers": [{ "name": "kea-dhcp4", "severity": "INFO",
            "output_options": [{ "output": "stdout", "flush": true }] }],
    } });
    let config_file = folder.join("kea.conf");
    fs::write(&config_file, config.to_string())?;
    let mut command = Command::new(programs.join("kea-dhcp4"));
    command.arg("-c").arg(&config_file).args(["-p", "10067"]).current_dir(folder);
    command.env("KEA_PIDFILE_DIR", folder).env("KEA_LOCKFILE_DIR", folder);
    let begin = Instant::now();
    let process = Captured::start(command)?;
    let started = process.wait_for_line(0, "DHCP4_STARTED", LIMIT);
    let took = begin.elapsed();
    let failure =
        || io::Error::other(format!("{} did not start:\n{}", programs.display(), process.text()));
    started.ok_or_else(failure)?;
    let (processor, resident) = clock::of_pid(&process.pid().to_string()).ok_or_else(failure)?;
    Ok((took, processor, resident))
}

/// Ten million leases take Kea minutes.
const LIMIT: Duration = Duration::from_secs(1200);

fn row(name: &str, figures: &[Figures]) -> Vec<String> {
    let of = |of: fn(&Figures) -> f64| median(figures.iter().map(of).collect()).unwrap_or_default();
    vec![
        name.to_owned(),
        format!("{:.2} s", of(|f| f.start)),
        format!("{:.2} s", of(|f| f.start_processor)),
        format!("{:.0} MiB", of(|f| f.resident) / MIB),
        format!("{:.2} s", of(|f| f.clean_up)),
        format!("{:.2} s", of(|f| f.clean_up_processor)),
    ]
}
