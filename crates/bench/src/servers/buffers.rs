//! Room for datagrams at the generators. Debian's perfdhcp takes the system's default, which overflows
//! while it is not running: what it then loses, no server lost.

use std::{fs, io};

const DEFAULT: &str = "/proc/sys/net/core/rmem_default";
const ENOUGH: &str = "16777216";

/// The system's default while this lives, for all sockets of all processes made meanwhile.
pub(super) struct ReceiveBuffers {
    before: String,
}

impl ReceiveBuffers {
    /// Makes it large, which takes the right to.
    pub(super) fn enlarge() -> io::Result<Self> {
        let before = fs::read_to_string(DEFAULT)?;
        fs::write(DEFAULT, ENOUGH)?;
        Ok(ReceiveBuffers { before })
    }
}

impl Drop for ReceiveBuffers {
    fn drop(&mut self) {
        // Nobody is left to be told.
        let _ = fs::write(DEFAULT, self.before.trim());
    }
}
