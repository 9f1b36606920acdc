//! Lease files: loaded and cleaned up in this process.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;

use kea_lease::{LeaseFiles, LocalFolder, header_line, lfc, load, write_row};
use kea_wire::V4;
use serde_json::{Value, json};

use super::{Arguments, engine, exchanges, median};
use crate::clock;
use crate::table::markdown;

/// Writes a lease file of so many leases, in the order in which a random allocator gives them.
/// `cltt` is the Unix second in which the first was given; a hundred follow each second.
pub(super) fn write(path: &Path, leases: u32, cltt: i64) -> io::Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    file.write_all(header_line::<V4>().as_bytes())?;
    let mut row = Vec::new();
    for number in 0..leases {
        row.clear();
        // An odd factor takes each address below two to the power of 24 once.
        let place = number.wrapping_mul(7_654_321) & 0x00ff_ffff;
        let address = Ipv4Addr::from_bits(u32::from_be_bytes([10, 0, 0, 0]) + place);
        write_row(&mut row, &engine::lease(number, address, cltt + i64::from(number / 100)));
        file.write_all(&row)?;
    }
    file.flush()
}

/// Loading and cleaning up, as the library does them.
pub(super) fn measure(folder: &Path, arguments: &Arguments) -> io::Result<String> {
    let files = LeaseFiles::of(folder.join("in-process.csv"));
    write(&files.current, arguments.leases, 4_000_000_000)?;
    let mut loads = Vec::new();
    let mut clean_ups = Vec::new();
    for _ in 0..arguments.rounds {
        loads.push(in_child(&files.current)?);
        fs::copy(&files.current, &files.copy)?;
        let (cost, done) = clock::of_process(|| lfc::clean_up::<V4>(&files));
        done.map_err(io::Error::other)?;
        clean_ups.push(cost);
        fs::remove_file(&files.previous)?;
    }
    fs::remove_file(&files.current)?;
    let number = |name: &str| {
        let of = |load: &Value| load[name].as_f64();
        median(loads.iter().filter_map(of).collect()).unwrap_or_default()
    };
    let clean = |of: fn(&clock::Cost) -> f64| {
        median(clean_ups.iter().map(of).collect()).unwrap_or_default()
    };
    let per_lease = number("resident") / f64::from(arguments.leases.max(1));
    let row = |name: &str, processor: f64, wall: f64, memory: String| {
        vec![name.to_owned(), format!("{processor:.2} s"), format!("{wall:.2} s"), memory]
    };
    let memory = format!("{:.0} MiB, {per_lease:.0} octets a lease", number("resident") / MIB);
    let rows = [
        row("load", number("processor"), number("wall"), memory),
        vec![
            "at most meanwhile".to_owned(),
            "-".to_owned(),
            "-".to_owned(),
            format!("{:.0} MiB", number("peak") / MIB),
        ],
        row(
            "clean up",
            clean(|cost| cost.processor.as_secs_f64()),
            clean(|cost| cost.wall.as_secs_f64()),
            String::new(),
        ),
    ];
    Ok(markdown(&["", "processor", "clock", "resident memory"], &rows))
}

/// Renewals while files are cleaned up, as the thread of a server does it.
pub(super) fn beside_clean_up(folder: &Path, arguments: &Arguments) -> io::Result<String> {
    let files = LeaseFiles::of(folder.join("beside.csv"));
    write(&files.current, arguments.leases, 4_000_000_000)?;
    let clean_up = || {
        fs::copy(&files.current, &files.copy)?;
        let done = lfc::clean_up_in::<V4>(&files, &LocalFolder, lfc::Pace::Gentle);
        done.map(drop).map_err(io::Error::other)
    };
    let [alone, beside] = exchanges::beside(arguments.rounds, &clean_up)?;
    let row = |name: &str, figures: [f64; 2]| {
        let [processor, wall] = figures;
        let share = |at: usize| (figures[at] / alone[at] - 1.0) * 100.0;
        let (of_processor, of_wall) = (share(0), share(1));
        vec![
            name.to_owned(),
            format!("{processor:.0} ns ({of_processor:+.1} %)"),
            format!("{wall:.0} ns ({of_wall:+.1} %)"),
        ]
    };
    let rows = [row("alone", alone), row("while files are cleaned up", beside)];
    Ok(markdown(&["a renewal in two exchanges", "processor", "clock"], &rows))
}

pub(super) const MIB: f64 = 1_048_576.0;

/// Loads in a process of its own, whose memory is that of the leases.
fn in_child(path: &Path) -> io::Result<Value> {
    let mut command = Command::new(std::env::current_exe()?);
    let output = command.args(["lease-store", "--load"]).arg(path).output()?;
    serde_json::from_slice(&output.stdout).map_err(io::Error::other)
}

/// That process.
pub(super) fn load_as_child(path: &PathBuf) -> Result<(), String> {
    let leases = engine::leases(24);
    let resident = || clock::of_pid("self").map_or(0, |(_, resident)| resident);
    let before = resident();
    let files = LeaseFiles::of(path);
    let (cost, report) = clock::of_process(|| load(&files, &leases, 0, |_| true, &mut |_| {}));
    let report = report.map_err(|error| error.to_string())?;
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok());
    let told = json!({
        "rows": report.rows,
        "leases": leases.len(),
        "processor": cost.processor.as_secs_f64(),
        "wall": cost.wall.as_secs_f64(),
        "resident": resident().saturating_sub(before),
        "peak": peak.unwrap_or(0) * 1024,
    });
    println!("{told}");
    Ok(())
}
