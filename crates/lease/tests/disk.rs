//! The lease file on a disk that is taken away, comes back, or fails half-way through putting the file
//! aside.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kea_lease::{Disk, FileDisk, Folder, LeaseFiles, Leases, LocalFolder, header_line, lfc, load};
use kea_wire::V4;

fn row(last: u8, cltt: u32) -> String {
    format!("192.0.2.{last},00:00:5e:00:53:{last:02x},,100,{},1,0,0,,0,\n", cltt + 100)
}

/// Last octet and client last transmission time of all leases.
fn loaded(files: &LeaseFiles) -> Vec<(u8, i64)> {
    let leases = Leases::<V4>::new();
    load(files, &leases, 0, |_| true, &mut |_| {}).unwrap();
    leases.page(None, 1000).iter().map(|lease| (lease.address.octets()[3], lease.cltt)).collect()
}

#[test]
fn a_disk_that_comes_back_is_written_on() {
    let dir = tempfile::tempdir().unwrap();
    let mounted = dir.path().join("mounted");
    let elsewhere = dir.path().join("elsewhere");
    fs::create_dir(&mounted).unwrap();
    let files = LeaseFiles::of(mounted.join("leases.csv"));
    let (disk, _) = FileDisk::open::<V4>(files.clone()).unwrap();
    disk.append(row(1, 10).as_bytes()).unwrap();
    disk.sync().unwrap();
    let durable = row(1, 10).len() as u64;
    disk.append(b"half a ro").unwrap();

    disk.release();
    assert!(disk.append(b"x").is_err() && disk.sync().is_err());
    fs::rename(&mounted, &elsewhere).unwrap();
    fs::create_dir(&mounted).unwrap();
    assert_eq!(disk.truncate(durable).unwrap_err().kind(), io::ErrorKind::NotFound);
    assert!(!files.current.exists(), "no file is begun beside the disk");

    fs::remove_dir(&mounted).unwrap();
    fs::rename(&elsewhere, &mounted).unwrap();
    disk.truncate(durable).unwrap();
    disk.append(row(2, 20).as_bytes()).unwrap();
    disk.sync().unwrap();
    let text = header_line::<V4>() + &row(1, 10) + &row(2, 20);
    assert_eq!(fs::read_to_string(&files.current).unwrap(), text);
}

#[test]
fn a_file_that_lacks_durable_rows_is_not_written_on() {
    let dir = tempfile::tempdir().unwrap();
    let files = LeaseFiles::of(dir.path().join("leases.csv"));
    let (disk, _) = FileDisk::open::<V4>(files.clone()).unwrap();
    disk.append(row(1, 10).as_bytes()).unwrap();
    disk.release();
    fs::write(&files.current, header_line::<V4>()).unwrap();
    let error = disk.truncate(row(1, 10).len() as u64).unwrap_err().to_string();
    let (header, both) = (header_line::<V4>().len(), header_line::<V4>().len() + row(1, 10).len());
    let expected = format!("has {header} octets, but {both} had been made durable");
    assert!(error.ends_with(&expected), "{error}");
}

/// Fails in all it does, after some steps and for some.
#[derive(Clone, Default)]
struct Unsteady {
    step: Arc<AtomicUsize>,
    fails: std::ops::Range<usize>,
}

impl Unsteady {
    fn step(&self) -> io::Result<()> {
        let step = self.step.fetch_add(1, Ordering::Relaxed);
        if self.fails.contains(&step) { Err(io::Error::other("unsteady")) } else { Ok(()) }
    }
}

impl Folder for Unsteady {
    fn write(
        &self,
        path: &Path,
        fill: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        self.step()?;
        LocalFolder.write(path, fill)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step()?;
        LocalFolder.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        LocalFolder.remove(path)
    }
    fn sync_names(&self, beside: &Path) -> io::Result<()> {
        self.step()?;
        LocalFolder.sync_names(beside)
    }
}

/// However many steps of putting the file aside fail one after the other, whether a clean-up comes in
/// between or not, what had been made durable is there, and what comes after it.
#[test]
fn putting_the_file_aside_may_fail_anywhere_and_for_long() {
    for (begin, count, cleans) in
        (0..8).flat_map(|b| (0..6).flat_map(move |c| [(b, c, false), (b, c, true)]))
    {
        let dir = tempfile::tempdir().unwrap();
        let files = LeaseFiles::of(dir.path().join("leases.csv"));
        // Opening takes two steps.
        let folder = Unsteady { fails: begin + 2..begin + 2 + count, ..Unsteady::default() };
        let (disk, _) = FileDisk::open_in::<V4>(files.clone(), Box::new(folder)).unwrap();
        disk.append((row(1, 10) + &row(2, 10)).as_bytes()).unwrap();
        disk.sync().unwrap();
        let mut durable = (row(1, 10) + &row(2, 10)).len() as u64;
        if disk.rotate().is_ok() {
            durable = 0;
        }
        if cleans && files.cleanup_is_due() {
            lfc::clean_up::<V4>(&files).unwrap();
        }
        // As the journal does it: cut off, write again.
        let fresh = row(2, 20) + &row(3, 20);
        while disk.append(fresh.as_bytes()).is_err() || disk.sync().is_err() {
            disk.release();
            while disk.truncate(durable).is_err() {}
        }
        durable += fresh.len() as u64;
        let failed = format!("{count} steps from {begin}, cleaned up: {cleans}");
        assert_eq!(loaded(&files), [(1, 10), (2, 20), (3, 20)], "{failed}");
        // And again, as after a failure of the disk, and of what was not durable.
        disk.append(b"half").unwrap();
        disk.release();
        disk.truncate(durable).unwrap();
        disk.append(row(1, 30).as_bytes()).unwrap();
        assert_eq!(loaded(&files), [(1, 30), (2, 20), (3, 20)], "{failed}");
    }
}
