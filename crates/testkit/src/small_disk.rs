//! A file system that is full soon.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A small file system in memory; unmounted when dropped.
#[derive(Debug)]
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// The folder it is mounted on.
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// One of so many KiB at a folder that it makes.
    ///
    /// # Errors
    /// When the folder is there, or cannot be mounted on.
    pub fn mount(at: &Path, kib: u32) -> io::Result<Self> {
        fs::create_dir(at)?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={kib}k"), "tmpfs"]).arg(at);
        let done = mount.status()?;
        if !done.success() {
            return Err(io::Error::other(format!("mount: {done}")));
        }
        Ok(SmallDisk(at.to_owned()))
    }

    /// Mounts it otherwise (`ro`, `rw`); false while that cannot be, because a file is open for writing.
    ///
    /// # Errors
    /// When there is no `mount`.
    pub fn remount(&self, options: &str) -> io::Result<bool> {
        let mut mount = Command::new("mount");
        mount.args(["-o", &format!("remount,{options}")]).arg(&self.0);
        Ok(mount.output()?.status.success())
    }

    /// Takes what is left of it; gives the file that does.
    ///
    /// # Errors
    /// When that file cannot be made.
    pub fn fill(&self) -> io::Result<PathBuf> {
        let path = self.0.join("filler");
        let mut file = fs::File::create(&path)?;
        while file.write_all(&[0; 4096]).is_ok() {}
        Ok(path)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _left_for_the_next_start_of_the_machine =
            Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}
