//! Keeping every frame of a cable in a pcap file, and asking tshark about it.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use crate::lab::Netns;
use crate::raw_client::RawClient4;

/// A running capture. What passes after [`Capture::start`] returned is in the file.
#[derive(Debug)]
pub struct Capture {
    path: PathBuf,
    stop: Arc<AtomicBool>,
    writer: JoinHandle<io::Result<u32>>,
}

/// A finished capture.
#[derive(Debug)]
pub struct CapturedFrames {
    path: PathBuf,
    frames: u32,
}

impl Capture {
    /// Starts to keep the frames of an interface in the file `path`.
    pub fn start(netns: &Netns, interface: &str, path: &Path) -> io::Result<Self> {
        let client = RawClient4::open(netns, interface)?;
        let file = BufWriter::new(File::create(path)?);
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stop);
        let writer = thread::spawn(move || write_pcap(client, file, &seen));
        Ok(Capture { path: path.to_owned(), stop, writer })
    }

    /// Ends the capture.
    pub fn stop(self) -> io::Result<CapturedFrames> {
        self.stop.store(true, Ordering::Relaxed);
        let frames = self.writer.join().map_err(|_| io::Error::other("the capture failed"))??;
        Ok(CapturedFrames { path: self.path, frames })
    }
}

impl CapturedFrames {
    /// How many frames were kept.
    pub fn frames(&self) -> u32 {
        self.frames
    }

    /// One line for each frame that matches a display filter: these fields, tab-separated.
    pub fn fields(&self, filter: &str, fields: &[&str]) -> io::Result<Vec<String>> {
        let mut command = Command::new("tshark");
        command.arg("-n").arg("-r").arg(&self.path).args(["-Y", filter, "-T", "fields"]);
        for field in fields {
            command.args(["-e", field]);
        }
        Ok(read_output(command)?.lines().map(str::to_owned).collect())
    }

    /// Everything that tshark says of the frames that match a display filter, as indented text.
    pub fn details(&self, filter: &str) -> io::Result<String> {
        let mut command = Command::new("tshark");
        command.arg("-n").arg("-r").arg(&self.path).args(["-Y", filter, "-V"]);
        read_output(command)
    }

    /// The frames that tshark finds malformed or marks as an error.
    pub fn malformed(&self) -> io::Result<Vec<String>> {
        let filter = "_ws.malformed or _ws.expert.severity == error";
        self.fields(filter, &["frame.number", "_ws.expert.message", "_ws.col.Info"])
    }
}

fn read_output(mut command: Command) -> io::Result<String> {
    let output = command.output()?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn write_pcap(
    mut client: RawClient4,
    mut file: BufWriter<File>,
    stop: &AtomicBool,
) -> io::Result<u32> {
    for word in [0xa1b2_c3d4u32, 0x0004_0002, 0, 0, 65_535, LINKTYPE_ETHERNET] {
        file.write_all(&word.to_ne_bytes())?;
    }
    let mut frames = 0;
    loop {
        // Read before looking at the flag: what came before the stop is kept.
        let stopping = stop.load(Ordering::Relaxed);
        match client.receive_bytes()? {
            Some(bytes) => {
                let len = bytes.len() as u32;
                frames += 1;
                for word in [frames, 0, len, len] {
                    file.write_all(&word.to_ne_bytes())?;
                }
                file.write_all(bytes)?;
            }
            None if stopping => break,
            None => {}
        }
    }
    file.flush()?;
    Ok(frames)
}

const LINKTYPE_ETHERNET: u32 = 1;
