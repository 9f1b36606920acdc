//! The power goes at every step of a clean-up and of putting the lease file aside, and takes with it
//! any of the changes of names that were not made durable: every lease is there afterwards, and the
//! clean-up goes on.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use kea_lease::{Disk, FileDisk, Folder, LeaseFiles, Leases, LocalFolder, header_line, lfc, load};
use kea_wire::V4;

type Content = BTreeMap<PathBuf, Vec<u8>>;

/// A change of a name: what there is at it afterwards.
type Change = Vec<(PathBuf, Option<Vec<u8>>)>;

/// A folder in memory of what is durable, beside the real one.
#[derive(Default)]
struct State {
    durable: Content,
    /// Changes of names since they were last made durable.
    loose: Vec<Change>,
    /// Steps until the power goes.
    left: usize,
    steps: usize,
}

#[derive(Clone)]
struct Doomed(Arc<Mutex<State>>);

impl Doomed {
    fn new(folder: &Path, left: usize) -> Self {
        let state = State { durable: content(folder), left, ..State::default() };
        Doomed(Arc::new(Mutex::new(state)))
    }

    fn step(&self, change: Change) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.steps += 1;
        if state.left == 0 {
            return Err(io::Error::other("the power is gone"));
        }
        state.left -= 1;
        state.loose.push(change);
        Ok(())
    }
}

fn content(folder: &Path) -> Content {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

impl Folder for Doomed {
    fn write(
        &self,
        path: &Path,
        fill: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut octets = Vec::new();
        fill(&mut octets)?;
        // The power goes in the middle of it: half a file.
        let half = octets[..octets.len() / 2].to_vec();
        if let Err(error) = self.step(vec![(path.into(), Some(octets.clone()))]) {
            self.0.lock().unwrap().loose.push(vec![(path.into(), Some(half))]);
            return Err(error);
        }
        fs::write(path, octets)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let octets = fs::read(from)?;
        self.step(vec![(from.into(), None), (to.into(), Some(octets))])?;
        LocalFolder.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step(vec![(path.into(), None)])?;
        LocalFolder.remove(path)
    }

    fn sync_names(&self, _: &Path) -> io::Result<()> {
        self.step(Change::new())?;
        let mut state = self.0.lock().unwrap();
        let State { durable, loose, .. } = &mut *state;
        loose.drain(..).for_each(|change| apply(durable, &change));
        Ok(())
    }
}

fn apply(content: &mut Content, change: &Change) {
    for (path, octets) in change {
        match octets {
            Some(octets) => drop(content.insert(path.clone(), octets.clone())),
            None => drop(content.remove(path)),
        }
    }
}

/// Every folder that may be left: any of the loose changes may have come to the disk.
fn left_overs(state: &State) -> Vec<Content> {
    let count = state.loose.len();
    assert!(count < 10, "{count} changes of names before they are made durable");
    let kept = |which: usize| {
        let mut content = state.durable.clone();
        let chosen = (0..count).filter(|at| which >> at & 1 == 1);
        chosen.for_each(|at| apply(&mut content, &state.loose[at]));
        content
    };
    (0..1 << count).map(kept).collect()
}

fn row(last: u8, cltt: u32) -> String {
    format!("192.0.2.{last},00:00:5e:00:53:{last:02x},,100,{},1,0,0,,0,\n", cltt + 100)
}

fn write(path: &Path, rows: &[String]) {
    fs::write(path, header_line::<V4>() + &rows.concat()).unwrap();
}

/// Last octet and client last transmission time of all leases.
fn loaded(files: &LeaseFiles) -> Vec<(u8, i64)> {
    let leases = Leases::<V4>::new();
    load(files, &leases, 0, |_| true, &mut |_| {}).unwrap();
    leases.page(None, 1000).iter().map(|lease| (lease.address.octets()[3], lease.cltt)).collect()
}

/// The power goes after each number of steps that `work` takes. Gives how many there are.
fn everywhere(
    prepare: impl Fn(&LeaseFiles),
    work: impl Fn(&LeaseFiles, Doomed),
    expected: &[(u8, i64)],
) -> usize {
    for left in 0.. {
        let dir = tempfile::tempdir().unwrap();
        let files = LeaseFiles::of(dir.path().join("leases.csv"));
        prepare(&files);
        let doomed = Doomed::new(dir.path(), left);
        work(&files, doomed.clone());
        let state = doomed.0.lock().unwrap();
        for (at, left_over) in left_overs(&state).iter().enumerate() {
            content(dir.path()).keys().for_each(|path| fs::remove_file(path).unwrap());
            for (path, octets) in left_over {
                fs::write(path, octets).unwrap();
            }
            assert_eq!(loaded(&files), expected, "after {left} steps, remainder {at}");
            FileDisk::open::<V4>(files.clone()).unwrap();
            lfc::clean_up::<V4>(&files).unwrap();
            assert_eq!(loaded(&files), expected, "cleaned up after {left} steps, remainder {at}");
            assert!(!files.cleanup_is_due());
        }
        if state.steps <= left {
            return state.steps;
        }
    }
    unreachable!("work has an end")
}

#[test]
fn a_clean_up_loses_nothing_at_any_step() {
    let steps = everywhere(
        |files| {
            write(&files.previous, &[row(1, 10), row(2, 10)]);
            write(&files.copy, &[row(2, 20), row(3, 20)]);
            write(&files.current, &[row(1, 30)]);
        },
        |files, doomed| drop(lfc::clean_up_in::<V4>(files, &doomed, lfc::Pace::Brisk)),
        &[(1, 30), (2, 20), (3, 20)],
    );
    assert_eq!(steps, 8);
}

#[test]
fn putting_the_file_aside_loses_nothing_at_any_step() {
    let steps = everywhere(
        |files| {
            write(&files.previous, &[row(1, 10), row(2, 10)]);
            write(&files.current, &[row(1, 30), row(4, 30)]);
        },
        |files, doomed| {
            if let Ok((disk, _)) = FileDisk::open_in::<V4>(files.clone(), Box::new(doomed)) {
                let _power_gone = disk.rotate();
            }
        },
        &[(1, 30), (2, 10), (4, 30)],
    );
    assert_eq!(steps, 5);
}

#[test]
fn a_file_of_another_release_is_put_aside_whole() {
    let old = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname\n\
               192.0.2.4,00:01,,100,130,1,0,0,\n";
    let steps = everywhere(
        |files| {
            write(&files.copy, &[row(1, 10)]);
            fs::write(&files.current, old).unwrap();
        },
        |files, doomed| drop(FileDisk::open_in::<V4>(files.clone(), Box::new(doomed))),
        &[(1, 10), (4, 30)],
    );
    assert_eq!(steps, 12);
}
