//! The journal on a disk that fails in every way, crashes at any time, and loses all it may lose:
//! what was acknowledged is there afterwards, and rows are in the order of their tickets.

use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::Duration;

use kea_lease::{
    Disk, Durability, FileDisk, Header, Journal, JournalEvent, JournalLimits, Lease, LeaseFiles,
    Leases, Progress, Row, SubnetId, Ticket, V4Owner, load, no_hw_addr, parse_row,
};
use kea_wire::{ClientId, V4};
use proptest::prelude::*;

fn lease(number: u32) -> Lease<V4> {
    let client_id = ClientId::new(&number.to_be_bytes());
    let owner = V4Owner { hw_addr: no_hw_addr(), client_id };
    Lease::new(Ipv4Addr::from_bits(number), SubnetId(number % 7), owner, 100, 1000)
}

#[derive(Debug, Default)]
struct Content {
    /// What a file put aside keeps.
    aside: Vec<u8>,
    /// What survives a loss of power.
    durable: Vec<u8>,
    /// What is read back while the machine runs; begins with `durable`.
    cached: Vec<u8>,
    /// Only the process ends: what is cached survives.
    keeps_cached: bool,
    /// A failed sync dropped what was to be written from here on.
    dropped: Option<usize>,
    fail_append: Option<usize>,
    fail_sync: bool,
    fail_truncate: bool,
    fail_rotate: bool,
    rotations: usize,
    /// The other thread takes its step in the middle of the next operation.
    interleave: bool,
}

#[derive(Clone, Default)]
struct Faulty(Arc<Mutex<Content>>, Arc<OnceLock<Weak<Journal>>>);

impl Faulty {
    fn interleave(&self, step: fn(&Journal) -> Progress) {
        if std::mem::take(&mut self.0.lock().unwrap().interleave)
            && let Some(journal) = self.1.get().and_then(Weak::upgrade)
        {
            step(&journal);
        }
    }
}

fn error() -> io::Error {
    io::Error::from(io::ErrorKind::StorageFull)
}

impl Disk for Faulty {
    fn append(&self, octets: &[u8]) -> io::Result<()> {
        self.interleave(Journal::sync_step);
        let mut content = self.0.lock().unwrap();
        let fail = content.fail_append.take();
        let part = fail.map_or(octets.len(), |part| part % octets.len());
        content.cached.extend_from_slice(&octets[..part]);
        if fail.is_some() { Err(error()) } else { Ok(()) }
    }

    fn sync(&self) -> io::Result<()> {
        let (upto, file) = self.0.lock().map(|c| (c.cached.len(), c.rotations)).unwrap();
        self.interleave(Journal::write_step);
        let mut content = self.0.lock().unwrap();
        if std::mem::take(&mut content.fail_sync) {
            let kept = content.durable.len();
            content.dropped.get_or_insert(kept);
            return Err(error());
        }
        if content.rotations != file {
            return Ok(());
        }
        let upto = upto.min(content.cached.len()).max(content.durable.len());
        let mut durable = content.cached[..upto].to_vec();
        if let Some(dropped) = content.dropped {
            durable.iter_mut().skip(dropped).for_each(|octet| *octet = 0);
        }
        content.durable = durable;
        Ok(())
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        let mut content = self.0.lock().unwrap();
        if std::mem::take(&mut content.fail_truncate) {
            return Err(error());
        }
        let len = len as usize;
        content.cached.truncate(len);
        content.durable.truncate(len);
        content.dropped = content.dropped.filter(|dropped| *dropped < len);
        Ok(())
    }

    fn rotate(&self) -> io::Result<()> {
        let mut content = self.0.lock().unwrap();
        if std::mem::take(&mut content.fail_rotate) {
            return Err(error());
        }
        let durable = std::mem::take(&mut content.durable);
        let cached = std::mem::take(&mut content.cached);
        let kept = if content.keeps_cached { cached } else { durable };
        content.aside.extend(kept);
        content.rotations += 1;
        content.dropped = None;
        Ok(())
    }
}

type Events = Arc<Mutex<Vec<String>>>;

fn journal(durability: Durability, max_pending: usize) -> (Arc<Journal>, Faulty, Events) {
    let disk = Faulty::default();
    let events = Events::default();
    let sink = Arc::clone(&events);
    let limits = JournalLimits { max_pending, retry_after: Duration::from_millis(1) };
    let journal = Arc::new(Journal::new(
        Box::new(disk.clone()),
        0,
        durability,
        limits,
        Box::new(|_| {}),
        Box::new(move |event| sink.lock().unwrap().push(name(&event))),
    ));
    disk.0.lock().unwrap().keeps_cached = durability == Durability::ProcessCrash;
    disk.1.set(Arc::downgrade(&journal)).unwrap();
    (journal, disk, events)
}

fn name(event: &JournalEvent) -> String {
    let text = format!("{event:?}");
    text.split('(').next().unwrap().to_owned()
}

/// Numbers of the leases in what is left after a crash; half a row at the end is none.
fn numbers(octets: &[u8]) -> Vec<u32> {
    let whole = octets.iter().rposition(|octet| *octet == b'\n').map_or(0, |end| end + 1);
    let lines = octets[..whole].split(|octet| *octet == b'\n').filter(|line| !line.is_empty());
    let row = |line: &[u8]| match parse_row::<V4>(&Header::current::<V4>(), line) {
        Ok(Row::Lease(lease)) => lease.address.to_bits(),
        other => panic!("{other:?}: {}", String::from_utf8_lossy(line)),
    };
    lines.map(row).collect()
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Append(u8),
    Write,
    WriteAtOnce,
    Sync,
    Rotate,
    FailAppend(usize),
    FailSync,
    FailTruncate,
    FailRotate,
    Interleave,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1..9u8).prop_map(Step::Append),
        4 => Just(Step::Write),
        2 => Just(Step::WriteAtOnce),
        6 => Just(Step::Sync),
        1 => Just(Step::Rotate),
        1 => any::<usize>().prop_map(Step::FailAppend),
        1 => Just(Step::FailSync),
        1 => Just(Step::FailTruncate),
        1 => Just(Step::FailRotate),
        4 => Just(Step::Interleave),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..Default::default() })]
    #[test]
    fn what_is_acknowledged_is_there_after_a_crash(
        steps in prop::collection::vec(step(), 0..60),
        power in any::<bool>(),
        survives in any::<usize>(),
    ) {
        let durability = if power { Durability::PowerLoss } else { Durability::ProcessCrash };
        let (journal, disk, _) = journal(durability, 1 << 20);
        let mut appended = 0;
        for step in steps {
            let mut content = disk.0.lock().unwrap();
            match step {
                Step::FailAppend(part) => content.fail_append = Some(part),
                Step::FailSync => content.fail_sync = true,
                Step::FailTruncate => content.fail_truncate = true,
                Step::FailRotate => content.fail_rotate = true,
                Step::Interleave => content.interleave = true,
                step => {
                    drop(content);
                    match step {
                        Step::Append(count) => for _ in 0..count {
                            appended += 1;
                            prop_assert_eq!(journal.append(&lease(appended)), Ticket(appended.into()));
                        },
                        Step::Write => drop(journal.write_step()),
                        Step::WriteAtOnce => drop(journal.write_at_once()),
                        Step::Sync => drop(journal.sync_step()),
                        _ => journal.rotate(),
                    }
                }
            }
        }
        let acknowledged = journal.durable().0 as usize;
        let left = {
            let content = disk.0.lock().unwrap();
            let mut left = content.aside.clone();
            if power {
                left.extend_from_slice(&content.durable);
                let rest = &content.cached[content.durable.len()..];
                // Dropped pages never come to the disk.
                let rest = if content.dropped.is_some() { &[][..] } else { rest };
                left.extend_from_slice(&rest[..survives % (rest.len() + 1)]);
            } else {
                left.extend_from_slice(&content.cached);
            }
            left
        };
        let there = numbers(&left);
        prop_assert!(there.len() >= acknowledged, "{} of {acknowledged}", there.len());
        prop_assert!(there.iter().copied().eq(1..=there.len() as u32), "{there:?}");

        // And when the disk behaves again, everything comes through.
        for _ in 0..12 {
            let mut content = disk.0.lock().unwrap();
            content.fail_append = None;
            (content.fail_sync, content.fail_truncate, content.fail_rotate) = (false, false, false);
            drop(content);
            journal.write_step();
            journal.sync_step();
        }
        prop_assert_eq!(journal.durable(), Ticket(appended.into()));
        prop_assert!(!journal.is_failing());
        let content = disk.0.lock().unwrap();
        let rest = if power { &content.durable } else { &content.cached };
        let all = numbers(&[&content.aside[..], rest].concat());
        prop_assert_eq!(all, (1..=appended).collect::<Vec<_>>());
    }
}

#[test]
fn nothing_is_acknowledged_before_it_is_synced() {
    let (journal, disk, _) = journal(Durability::PowerLoss, 1000);
    let ticket = journal.append(&lease(1));
    assert_eq!(journal.durable(), Ticket(0));
    assert_eq!(journal.write_step(), Progress::Worked);
    assert_eq!(journal.durable(), Ticket(0), "written is not durable");
    assert_eq!(journal.sync_step(), Progress::Worked);
    assert_eq!(journal.durable(), ticket);
    let row = b"0.0.0.1,,00:00:00:01,100,1100,1,0,0,,0,\n";
    assert_eq!(disk.0.lock().unwrap().durable, row);
    assert_eq!((journal.write_step(), journal.sync_step()), (Progress::Idle, Progress::Idle));
}

#[test]
fn a_process_crash_needs_only_a_write_and_memory_nothing() {
    let (journal, ..) = journal(Durability::ProcessCrash, 1000);
    let ticket = journal.append(&lease(1));
    assert_eq!(journal.durable(), Ticket(0));
    journal.write_step();
    assert_eq!(journal.durable(), ticket);
    let none = Journal::none();
    let ticket = none.append(&lease(1));
    assert!(none.durable() >= ticket);
}

#[test]
fn rows_that_need_no_disk_are_written_by_whoever_has_them() {
    let (journal, disk, events) = journal(Durability::ProcessCrash, 1000);
    let ticket = journal.append(&lease(1));
    assert!(journal.write_at_once());
    assert_eq!((journal.durable(), journal.has_rows()), (ticket, false));
    // What is more than a write is left to the writer.
    journal.rotate();
    let ticket = journal.append(&lease(2));
    assert!(!journal.write_at_once());
    assert_eq!(journal.write_step(), Progress::Worked);
    assert_eq!(journal.durable(), ticket);
    // And so is a file that has to be mended.
    disk.0.lock().unwrap().fail_append = Some(5);
    let ticket = journal.append(&lease(3));
    assert!(!journal.write_at_once() && !journal.write_at_once());
    assert_eq!(*events.lock().unwrap(), ["Rotated", "WriteFailed"], "tried once");
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| journal.run_writer());
        journal.flush();
        while journal.durable() < ticket || journal.is_failing() {
            std::thread::yield_now();
        }
        journal.append(&lease(4));
        // The writer may still be at its last step.
        while !journal.write_at_once() {
            std::thread::yield_now();
        }
        journal.stop();
        writer.join().unwrap();
    });
    let content = disk.0.lock().unwrap();
    assert_eq!(numbers(&[&content.aside[..], &content.cached].concat()), [1, 2, 3, 4]);
}

#[test]
fn rows_that_wait_for_the_disk_are_the_writers() {
    let (journal, ..) = journal(Durability::PowerLoss, 1000);
    journal.append(&lease(1));
    assert!(!journal.write_at_once());
    assert!(journal.has_rows());
}

#[test]
fn a_full_disk_refuses_claims_holds_acknowledgements_and_recovers() {
    let (journal, disk, events) = journal(Durability::PowerLoss, 100);
    let mut last = Ticket(0);
    for number in 1..=3 {
        assert!(journal.accepting());
        disk.0.lock().unwrap().fail_append = Some(17);
        last = journal.append(&lease(number));
        assert_eq!(journal.write_step(), Progress::Failed);
        assert_eq!(journal.sync_step(), Progress::Idle);
    }
    assert!(!journal.accepting() && journal.is_failing());
    assert_eq!(journal.durable(), Ticket(0));
    assert_eq!(journal.write_step(), Progress::Worked);
    assert_eq!(journal.sync_step(), Progress::Worked);
    assert!(journal.accepting() && !journal.is_failing());
    assert_eq!(journal.durable(), last);
    assert_eq!(numbers(&disk.0.lock().unwrap().durable), [1, 2, 3]);
    let events = events.lock().unwrap();
    assert_eq!(*events, ["WriteFailed", "WriteFailed", "WriteFailed", "Recovered"]);
}

#[test]
fn threads_acknowledge_and_a_real_file_reads_back_through_rotations() {
    let dir = tempfile::tempdir().unwrap();
    let files = LeaseFiles::of(dir.path().join("leases4.csv"));
    let (disk, len) = FileDisk::open::<V4>(files.clone()).unwrap();
    let (wake, woken) = std::sync::mpsc::channel();
    let (rotate, rotated) = std::sync::mpsc::channel();
    let journal = Journal::new(
        Box::new(disk),
        len,
        Durability::PowerLoss,
        JournalLimits::default(),
        Box::new(move |ticket| wake.send(ticket).unwrap_or_default()),
        Box::new(move |event| {
            assert!(matches!(event, JournalEvent::Rotated), "{event:?}");
            rotate.send(()).unwrap_or_default();
        }),
    );
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| journal.run_writer());
        let syncer = scope.spawn(|| journal.run_syncer());
        for part in 0..3u32 {
            let workers: Vec<_> = (0..4)
                .map(|worker| {
                    let journal = &journal;
                    scope.spawn(move || {
                        for number in 0..50 {
                            journal.append(&lease(part * 1000 + worker * 100 + number + 1));
                            journal.flush();
                        }
                    })
                })
                .collect();
            workers.into_iter().for_each(|worker| worker.join().unwrap());
            let all = u64::from(part + 1) * 200;
            while woken.recv_timeout(Duration::from_secs(20)).unwrap() < Ticket(all) {}
            if part < 2 {
                // The rows of the first part are cleaned up when the second is there.
                let stats = kea_lease::lfc::clean_up::<V4>(&files).unwrap();
                assert_eq!(stats.map(|stats| stats.written), (part == 1).then_some(200));
                journal.rotate();
                rotated.recv_timeout(Duration::from_secs(20)).unwrap();
            }
        }
        journal.stop();
        writer.join().unwrap();
        syncer.join().unwrap();
        assert!(journal.finish());
    });
    let leases = Leases::<V4>::new();
    let report = load(&files, &leases, 1, |_| true, &mut |_| {}).unwrap();
    assert_eq!(report.errors, 0);
    assert_eq!(leases.len(), 600);
    assert!(files.copy.exists());
}
