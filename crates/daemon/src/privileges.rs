//! What a server gives up before it reads anything from outside, and what it refuses to read. All of it
//! is kept with `-X` (`SECURITY.md`).

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;

use kea_config::document::{LoadError, SourceLoader};
use rustix::fs::Mode;
use rustix::thread::{CapabilitySet, CapabilitySets};

/// Whether a server gives up what it does not need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confinement {
    /// It does.
    Confined,
    /// `--limit-paths`: it does, and uses no files outside the folders of the installation.
    Limited,
    /// `-X`: it keeps everything, and reads files that anybody may write.
    Lifted,
}

impl Confinement {
    /// Gives up, for this thread and all that it starts: rights of others to new files, system calls
    /// and every capability that no server needs. To be called before there are other threads.
    ///
    /// # Errors
    /// The system refuses, which it has no reason to.
    pub fn take_effect(self) -> io::Result<()> {
        if self == Confinement::Lifted {
            return Ok(());
        }
        // While the right to set a filter is there. Who is not root, and was not told to do without new
        // privileges, has none: to do without them would take `sudo` from the scripts of hooks.
        let _not_permitted = kea_net::forbid_system_calls();
        let inherited = rustix::process::umask(Mode::all());
        rustix::process::umask(inherited | NOT_FOR_OTHERS);
        for capability in CapabilitySet::all().difference(NEEDED).iter() {
            // Who may not remove it cannot get it back either, and some do not exist everywhere.
            let _not_permitted = rustix::thread::remove_capability_from_bounding_set(capability);
        }
        let has = rustix::thread::capabilities(None)?;
        let kept = CapabilitySets {
            effective: has.effective & NEEDED,
            permitted: has.permitted & NEEDED,
            inheritable: has.inheritable & NEEDED,
        };
        Ok(rustix::thread::set_capabilities(None, kept)?)
    }
}

/// Reads configuration files, but none that anybody may write.
impl SourceLoader for Confinement {
    fn load(&self, path: &str) -> Result<Vec<u8>, LoadError> {
        let mut text = Vec::new();
        let mode = File::open(path).and_then(|mut file| {
            file.read_to_end(&mut text)?;
            // Of what was read, whatever the name stands for by now.
            Ok(file.metadata()?.mode())
        });
        let mode = mode.map_err(|error| LoadError(error.to_string()))?;
        if *self != Confinement::Lifted && mode & WRITABLE_BY_OTHERS != 0 {
            return Err(LoadError(format!(
                "everybody may write it (mode {:04o}); take that away with 'chmod o-w', or start with -X",
                mode & 0o7777
            )));
        }
        Ok(text)
    }
}

/// Of new files: nothing for others, no writing for the group.
const NOT_FOR_OTHERS: Mode = Mode::WGRP.union(Mode::RWXO);
const WRITABLE_BY_OTHERS: u32 = 0o002;

/// Raw and privileged sockets, opened again when interfaces come and go, with buffers of their own size;
/// and for a server that runs as root: files of other users, signals to them, programs of hooks that
/// run as them.
const NEEDED: CapabilitySet = CapabilitySet::NET_RAW
    .union(CapabilitySet::NET_BIND_SERVICE)
    .union(CapabilitySet::NET_ADMIN)
    .union(CapabilitySet::CHOWN)
    .union(CapabilitySet::DAC_OVERRIDE)
    .union(CapabilitySet::DAC_READ_SEARCH)
    .union(CapabilitySet::FOWNER)
    .union(CapabilitySet::KILL)
    .union(CapabilitySet::SETGID)
    .union(CapabilitySet::SETUID);

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_that_anybody_may_write_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kea.conf");
        fs::write(&path, "{}").unwrap();
        let read = |confinement: Confinement| confinement.load(&path.to_string_lossy());
        for (mode, is_read) in [(0o600, true), (0o664, true), (0o666, false), (0o602, false)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(read(Confinement::Confined).is_ok(), is_read, "{mode:o}");
            assert_eq!(read(Confinement::Lifted).unwrap(), b"{}");
        }
        let LoadError(why) = read(Confinement::Confined).unwrap_err();
        assert!(why.contains("(mode 0602)") && why.contains("chmod o-w"), "{why}");
    }
}
