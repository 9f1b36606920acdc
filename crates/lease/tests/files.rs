//! Lease files: rows as Debian's Kea 2.2 writes them, files of other releases, torn ends, cleanup.

use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;

use kea_lease::lfc::{self, Args, Command, LfcStats, UsageError};
use kea_lease::{
    Disk, FileDisk, Header, HeaderError, INFINITE, Layout, Lease, LeaseFamily, LeaseFiles,
    LeaseKind, LeaseState, Leases, LoadError, LoadEvent, Row, RowError, SubnetId, header_line,
    load, parse_row, write_deletion, write_row,
};
use kea_wire::{Iaid, V4, V6};

const KEA4: &str = include_str!("fixtures/kea-2.2-leases4.csv");
const KEA6: &str = include_str!("fixtures/kea-2.2-leases6.csv");

/// Reads a file of Kea and writes it again; gives its leases.
fn rewrite<F: LeaseFamily>(text: &str) -> Vec<Lease<F>> {
    let (header, rows) = text.split_once('\n').unwrap();
    assert_eq!(header_line::<F>(), format!("{header}\n"));
    let header = Header::parse::<F>(header.as_bytes()).unwrap();
    assert_eq!(header.layout(), Layout::Current);
    let mut leases: Vec<Lease<F>> = Vec::new();
    let mut written = Vec::new();
    for row in rows.lines() {
        match parse_row::<F>(&header, row.as_bytes()).unwrap() {
            Row::Lease(lease) => {
                write_row(&mut written, &lease);
                leases.push(lease);
            }
            Row::Deleted(address) => {
                let of = leases.iter().position(|lease| lease.address == address).unwrap();
                write_deletion(&mut written, &leases.remove(of));
            }
        }
    }
    assert_eq!(String::from_utf8(written).unwrap(), rows);
    leases
}

#[test]
fn rows_of_kea_4_read_and_write_back_to_the_octet() {
    let leases = rewrite::<V4>(KEA4);
    assert_eq!(leases.len(), 4);
    let first = &leases[0];
    assert_eq!(first.address, Ipv4Addr::new(192, 0, 2, 10));
    assert_eq!(first.owner.hw_addr.to_string(), "1a:1b:1c:1d:1e:1f");
    assert_eq!(first.owner.client_id.as_ref().unwrap().to_string(), "01:1a:1b:1c:1d:1e:1f");
    assert_eq!((first.valid_lifetime, first.cltt), (4000, 4_102_444_800 - 4000));
    assert_eq!(
        (first.fqdn_fwd, first.fqdn_rev, &*first.hostname),
        (true, true, "host-a.example.org")
    );
    let context = r#"{ "ISC": { "relay-agent-info": { "sub-options": "0x0104deadbeef" } }, "x": [ 1, 2, "a,b" ] }"#;
    assert_eq!(&*first.user_context, context);
    assert_eq!(leases[1].valid_lifetime, INFINITE);
    assert_eq!(leases[1].expires(), None);
    assert_eq!(leases[2].state, LeaseState::Declined);
    assert_eq!(&*leases[3].hostname, "a,b");
}

#[test]
fn rows_of_kea_6_read_and_write_back_to_the_octet() {
    let leases = rewrite::<V6>(KEA6);
    assert_eq!(leases.len(), 2);
    assert_eq!(leases[0].address, "2001:db8:1::10".parse::<Ipv6Addr>().unwrap());
    assert_eq!(leases[0].owner.iaid, Iaid(1_234_567_890));
    assert_eq!(leases[0].owner.preferred_lifetime, 3000);
    assert_eq!(leases[0].owner.hw_addr.octets(), [0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f]);
    assert_eq!(leases[1].kind(), LeaseKind::Prefix);
    assert_eq!(leases[1].owner.prefix_len, 56);
}

#[test]
fn headers_of_other_releases_are_read_by_name() {
    let old = Header::parse::<V4>(
        b"address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname",
    )
    .unwrap();
    assert_eq!(old.layout(), Layout::Older);
    let row =
        parse_row::<V4>(&old, b"192.0.2.1,00:00:5e:00:53:01,,100,1100,7,1,0,Old.Example").unwrap();
    let Row::Lease(lease) = row else { panic!("{row:?}") };
    assert_eq!((lease.cltt, lease.subnet, lease.state), (1000, SubnetId(7), LeaseState::Assigned));
    assert_eq!(&*lease.hostname, "old.example");

    let newer = header_line::<V4>().trim_end().to_owned() + ",pool_id,colour";
    let newer = Header::parse::<V4>(newer.as_bytes()).unwrap();
    assert_eq!(newer.layout(), Layout::Newer);
    let row = b"192.0.2.1,00:00:5e:00:53:01,,100,1100,7,1,0,h,2,,5,red";
    let Row::Lease(lease) = parse_row::<V4>(&newer, row).unwrap() else { panic!() };
    assert_eq!((lease.pool_id, lease.state), (5, LeaseState::ExpiredReclaimed));

    // A column that only the other family's files have says nothing, since it could not be written back.
    let foreign = header_line::<V4>().trim_end().to_owned() + ",hwtype";
    let foreign = Header::parse::<V4>(foreign.as_bytes()).unwrap();
    assert_eq!(foreign.layout(), Layout::Newer);
    let row = b"192.0.2.1,00:00:5e:00:53:01,,100,1100,7,1,0,h,2,,6";
    let Row::Lease(lease) = parse_row::<V4>(&foreign, row).unwrap() else { panic!() };
    assert_eq!(format!("{:?}", lease.owner.hw_addr), "hwtype=1 00:00:5e:00:53:01");

    let error = Header::parse::<V6>(header_line::<V4>().trim_end().as_bytes());
    assert_eq!(error, Err(HeaderError::Missing(kea_lease::Column::Duid)));
}

const RELEASES4: [(&str, &str); 4] = [
    ("1.0", include_str!("fixtures/leases4-1.0.csv")),
    ("2.0", include_str!("fixtures/leases4-2.0.csv")),
    ("2.1", include_str!("fixtures/leases4-2.1.csv")),
    ("3.0", include_str!("fixtures/leases4-3.0.csv")),
];
const RELEASES6: [(&str, &str); 6] = [
    ("1.0", include_str!("fixtures/leases6-1.0.csv")),
    ("2.0", include_str!("fixtures/leases6-2.0.csv")),
    ("3.0", include_str!("fixtures/leases6-3.0.csv")),
    ("3.1", include_str!("fixtures/leases6-3.1.csv")),
    ("4.0", include_str!("fixtures/leases6-4.0.csv")),
    ("5.0", include_str!("fixtures/leases6-5.0.csv")),
];

/// The leases of a file in order of address, and what its columns are.
fn leases_of<F: LeaseFamily>(text: &str) -> (Vec<Lease<F>>, Layout) {
    let dir = tempfile::tempdir().unwrap();
    let files = LeaseFiles::of(dir.path().join("leases.csv"));
    fs::write(&files.current, text).unwrap();
    let leases = Leases::<F>::new();
    let mut found = Layout::Current;
    let report = load(&files, &leases, 1, |_| true, &mut |event| {
        if let LoadEvent::Layout(_, layout) = event {
            found = layout;
        }
    });
    assert_eq!(report.unwrap().errors, 0, "{text}");
    (leases.page(None, 10), found)
}

fn layout(release: &str, current: &str) -> Layout {
    use std::cmp::Ordering::{Equal, Greater, Less};
    match release.cmp(current) {
        Less => Layout::Older,
        Equal => Layout::Current,
        Greater => Layout::Newer,
    }
}

#[test]
fn every_set_of_columns_of_kea_4_is_read() {
    const CONTEXT: &str =
        r#"{ "ISC": { "relay-agent-info": { "sub-options": "0x0104DEADBEEF" } }, "x": [ 1, 2 ] }"#;
    use LeaseState::{Assigned, Declined, ExpiredReclaimed};
    for (release, text) in RELEASES4 {
        let (leases, found) = leases_of::<V4>(text);
        assert_eq!(found, layout(release, "2.1"), "{release}");
        let [first, second, third] = &leases[..] else { panic!("{release}: {leases:?}") };
        assert_eq!((first.cltt, first.subnet), (4_102_440_800, SubnetId(7)), "{release}");
        assert_eq!(first.owner.hw_addr.to_string(), "1a:1b:1c:1d:1e:1f", "{release}");
        assert_eq!((&*first.hostname, &*second.hostname), ("host-a.example.org", "a,b"));
        assert_eq!((first.fqdn_fwd, first.fqdn_rev), (true, false), "{release}");
        let has_states = release >= "2.0";
        let states = [second.state, third.state];
        let expected = if has_states { [ExpiredReclaimed, Declined] } else { [Assigned, Assigned] };
        assert_eq!((first.state, states), (Assigned, expected), "{release}");
        assert_eq!(&*first.user_context, if release >= "2.1" { CONTEXT } else { "" }, "{release}");
        assert_eq!(first.pool_id, if release >= "3.0" { 3 } else { 0 }, "{release}");
    }
}

#[test]
fn every_set_of_columns_of_kea_6_is_read() {
    use LeaseState::{Assigned, Declined, ExpiredReclaimed};
    for (release, text) in RELEASES6 {
        let (leases, found) = leases_of::<V6>(text);
        assert_eq!(found, layout(release, "4.0"), "{release}");
        let [first, third, second] = &leases[..] else { panic!("{release}: {leases:?}") };
        assert_eq!((first.cltt, first.subnet), (4_102_440_800, SubnetId(7)), "{release}");
        assert_eq!((first.owner.iaid, first.owner.preferred_lifetime), (Iaid(1_234_567_890), 3000));
        assert_eq!((second.kind(), second.owner.prefix_len), (LeaseKind::Prefix, 56), "{release}");
        assert_eq!((&*first.hostname, &*second.hostname), ("host-a.example.org", "a,b"));
        let hw_addr = first.owner.hw_addr.to_string();
        assert_eq!(hw_addr, if release >= "2.0" { "1a:1b:1c:1d:1e:1f" } else { "" }, "{release}");
        let states = [second.state, third.state];
        let expected =
            if release >= "3.0" { [ExpiredReclaimed, Declined] } else { [Assigned, Assigned] };
        assert_eq!((first.state, states), (Assigned, expected), "{release}");
        assert_eq!(first.user_context.contains("\"y\": \"0x0104DEADBEEF\""), release >= "3.1");
        assert_eq!(first.pool_id, if release >= "5.0" { 3 } else { 0 }, "{release}");
    }
}

#[test]
fn a_hardware_address_that_cannot_be_read_is_told_of() {
    let dir = tempfile::tempdir().unwrap();
    let files = LeaseFiles::of(dir.path().join("leases.csv"));
    let bad = "192.0.2.9,zz,01:02,100,1100,1,0,0,,0,\n".to_owned();
    let none = "192.0.2.8,,01:03,100,1100,1,0,0,,0,\n".to_owned();
    write(&files.current, &[row(1, 1000), none, bad]);
    let mut told = Vec::new();
    let leases = Leases::<V4>::new();
    let report = load(&files, &leases, 1, |_| true, &mut |event| {
        if let LoadEvent::HwAddr { path, line } = event {
            told.push((path.to_owned(), line));
        }
    });
    assert_eq!((told, report.unwrap().errors), (vec![(files.current, 4)], 0));
    assert_eq!(leases.len(), 3);
}

#[test]
fn rows_that_cannot_be_read_say_why() {
    use kea_lease::Column;
    let header = Header::current::<V4>();
    let error = |row: &str| parse_row::<V4>(&header, row.as_bytes()).unwrap_err();
    assert_eq!(error("192.0.2.1,00:01"), RowError::TooFewFields { expected: 11, found: 2 });
    assert_eq!(error("192.0.2.x,00,,1,2,1,0,0,,0,"), RowError::Field(Column::Address));
    assert_eq!(error("192.0.2.1,00,,1,2,1,0,0,,9,"), RowError::Field(Column::State));
    assert_eq!(error("192.0.2.1,,,1,2,1,0,0,,0,"), RowError::NoOwner);
    assert_eq!(error("192.0.2.1,zz,,1,2,1,0,0,,0,"), RowError::NoOwner);
    assert_eq!(error("192.0.2.1,00,zz,1,2,1,0,0,,0,"), RowError::Field(Column::ClientId));
    assert_eq!(
        error("192.0.2.1,00,,1,2,1,0,0,,0,{ \"a\": {}"),
        RowError::Field(Column::UserContext)
    );
    // A declined lease is nobody's, and a bad hardware address beside a client identifier is let go.
    parse_row::<V4>(&header, b"192.0.2.1,,,1,2,1,0,0,,1,").unwrap();
    parse_row::<V4>(&header, b"192.0.2.1,zz,01:02,1,2,1,0,0,,0,").unwrap();
    // A lease of DHCPv6 is always somebody's.
    let header = Header::current::<V6>();
    let row = |duid: &str| format!("2001:db8::1,{duid},1,2,1,1,0,1,128,0,0,,,0,,,");
    parse_row::<V6>(&header, row("01:02:03").as_bytes()).unwrap();
    let nobodys = parse_row::<V6>(&header, row("").as_bytes()).unwrap_err();
    assert_eq!(nobodys, RowError::Field(Column::Duid));
}

#[test]
fn text_that_looks_escaped_survives() {
    let row = "192.0.2.1,00,,1,2,1,0,0,,0,";
    let Row::Lease(mut lease) = parse_row::<V4>(&Header::current::<V4>(), row.as_bytes()).unwrap()
    else {
        panic!()
    };
    for text in ["a,b", "&#x2c", "&#x", "a\nb\r", "&&#x,"] {
        lease.hostname = text.into();
        let mut line = Vec::new();
        write_row(&mut line, &lease);
        assert_eq!(line.iter().filter(|byte| **byte == b',').count(), 10);
        let line = line.strip_suffix(b"\n").unwrap();
        let read = parse_row::<V4>(&Header::current::<V4>(), line);
        assert_eq!(read, Ok(Row::Lease(lease.clone())), "{text:?}");
    }
}

fn row(last: u8, cltt: u32) -> String {
    format!("192.0.2.{last},00:00:5e:00:53:{last:02x},,100,{},1,0,0,,0,\n", cltt + 100)
}

fn deletion(last: u8) -> String {
    format!("192.0.2.{last},00:00:5e:00:53:{last:02x},,0,0,1,0,0,,0,\n")
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

#[test]
fn the_files_beside_a_lease_file_are_named_after_it() {
    let LeaseFiles { copy, previous, output, completed, pid, .. } = LeaseFiles::of("/a/b.csv");
    let named = [copy, previous, output, completed, pid];
    let names =
        ["/a/b.csv.1", "/a/b.csv.2", "/a/b.csv.output", "/a/b.csv.completed", "/a/b.csv.pid"];
    assert_eq!(named, names.map(std::path::PathBuf::from));
}

#[test]
fn files_are_read_in_order_and_the_last_row_counts() {
    let dir = tempfile::tempdir().unwrap();
    let files = LeaseFiles::of(dir.path().join("leases.csv"));
    write(&files.previous, &[row(1, 10), row(2, 10), row(3, 10)]);
    write(&files.copy, &[row(2, 20), deletion(3), row(4, 20)]);
    write(&files.current, &[row(1, 30), row(3, 30), deletion(3)]);
    assert_eq!(loaded(&files), [(1, 30), (2, 20), (4, 20)]);
    // A complete result makes what it came from superfluous.
    write(&files.completed, &[row(9, 20)]);
    assert_eq!(loaded(&files), [(1, 30), (9, 20)]);
}

#[test]
fn a_torn_row_is_moved_away_and_all_before_it_kept() {
    let dir = tempfile::tempdir().unwrap();
    let files = LeaseFiles::of(dir.path().join("leases.csv"));
    let torn = "192.0.2.3,00:00:5e:00:53:03,,100,1";
    write(&files.current, &[row(1, 10), row(2, 10), torn.into()]);
    let whole = fs::metadata(&files.current).unwrap().len() - torn.len() as u64;
    let leases = Leases::<V4>::new();
    let mut torn_at = None;
    let report = load(&files, &leases, 1, |_| true, &mut |event| {
        if let LoadEvent::Torn { offset, octets, .. } = event {
            torn_at = Some((offset, octets));
        }
    });
    assert_eq!(report.unwrap().errors, 0);
    assert_eq!(torn_at, Some((whole, torn.len() as u64)));
    assert_eq!(leases.len(), 2);
    assert_eq!(fs::metadata(&files.current).unwrap().len(), whole);
    assert_eq!(fs::read_to_string(&files.torn).unwrap(), format!("{torn}\n"));
}

#[test]
fn a_whole_last_row_without_an_end_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let files = LeaseFiles::of(dir.path().join("leases.csv"));
    write(&files.current, &[row(1, 10).trim_end().into()]);
    assert_eq!(loaded(&files), [(1, 10)]);
    assert!(fs::read_to_string(&files.current).unwrap().ends_with(&row(1, 10)));
}

#[test]
fn half_a_header_is_a_file_not_begun() {
    let dir = tempfile::tempdir().unwrap();
    let files = LeaseFiles::of(dir.path().join("leases.csv"));
    fs::write(&files.current, "address,hwad").unwrap();
    assert_eq!(loaded(&files), []);
    let (_, len) = FileDisk::open::<V4>(files.clone()).unwrap();
    assert_eq!(len, 0);
    assert_eq!(fs::read_to_string(&files.current).unwrap(), header_line::<V4>());
}

#[test]
fn bad_rows_are_named_and_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let files = LeaseFiles::of(dir.path().join("leases.csv"));
    write(&files.current, &[row(1, 10), "x\n".into(), row(2, 10), "y,\n".into(), row(3, 10)]);
    let leases = Leases::<V4>::new();
    let mut lines = Vec::new();
    let report = load(&files, &leases, 2, |lease| lease.address().octets()[3] != 3, &mut |event| {
        if let LoadEvent::Row { line, .. } = event {
            lines.push(line);
        }
    });
    let report = report.unwrap();
    assert_eq!((report.rows, report.errors, report.refused), (5, 2, 1));
    assert_eq!(lines, [3, 5]);
    assert_eq!(leases.len(), 2);
    let error = load(&files, &leases, 1, |_| true, &mut |_| {});
    assert!(matches!(error, Err(LoadError::TooManyRowErrors(_))), "{error:?}");
}

#[test]
fn a_file_with_other_columns_is_put_aside_before_anything_is_appended() {
    let dir = tempfile::tempdir().unwrap();
    let files = LeaseFiles::of(dir.path().join("leases.csv"));
    let old = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname\n\
               192.0.2.1,00:01,,100,110,1,0,0,\n";
    fs::write(&files.current, old).unwrap();
    let (disk, len) = FileDisk::open::<V4>(files.clone()).unwrap();
    assert_eq!(len, 0);
    assert!(files.cleanup_is_due());
    disk.append(row(2, 10).as_bytes()).unwrap();
    lfc::clean_up::<V4>(&files).unwrap();
    let converted = header_line::<V4>() + "192.0.2.1,00:01,,100,110,1,0,0,,0,\n";
    assert_eq!(fs::read_to_string(&files.previous).unwrap(), converted);
    assert_eq!(loaded(&files), [(1, 10), (2, 10)]);
}

#[test]
fn a_file_with_other_columns_waits_for_the_clean_up_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let files = LeaseFiles::of(dir.path().join("leases.csv"));
    let old = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname\n\
               192.0.2.1,00:01,,100,110,1,0,0,\n";
    fs::write(&files.current, old).unwrap();
    // A server before this one stopped while its clean-up was under way.
    write(&files.copy, &[row(1, 5), row(3, 5)]);
    write(&files.output, &[row(1, 5)]);
    assert_eq!(loaded(&files), [(1, 10), (3, 5)]);
    FileDisk::open::<V4>(files.clone()).unwrap();
    assert_eq!(fs::read_to_string(&files.copy).unwrap(), old);
    assert_eq!(loaded(&files), [(1, 10), (3, 5)]);
}

#[test]
fn a_big_file_is_read_by_many_threads_in_its_order() {
    let dir = tempfile::tempdir().unwrap();
    let files = LeaseFiles::of(dir.path().join("leases.csv"));
    // Several blocks of it, in which each address comes again and again; one row is bad.
    let mut rows: Vec<String> = (0..40_000u32).map(|n| row((n % 251) as u8, n)).collect();
    rows[20_000] = "nonsense\n".into();
    rows.push(deletion(7));
    rows.push("192.0.2.9,00:00:5e:00:53:09,,100,1".into());
    write(&files.current, &rows);
    let leases = Leases::<V4>::new();
    let mut events = Vec::new();
    let report = load(&files, &leases, 5, |_| true, &mut |event| match event {
        LoadEvent::Row { line, .. } => events.push(line),
        LoadEvent::Torn { octets, .. } => events.push(octets),
        _ => {}
    });
    assert_eq!(report.unwrap().rows, 40_001);
    assert_eq!(events, [20_002, 34], "the bad line, and the octets of the torn one");
    let found = leases.page(None, 1000);
    let last = |n: u32| (0..40_000).rev().find(|i| i % 251 == n).map(i64::from);
    let expected = (0..251).filter(|n| *n != 7).map(|n| (n as u8, last(n).unwrap()));
    assert!(found.iter().map(|l| (l.address.octets()[3], l.cltt)).eq(expected));
    for lease in &found {
        let table = leases.at(lease.address);
        assert_eq!(table.by_hw_addr(&lease.owner.hw_addr).count(), 1);
    }
}

#[test]
fn cleanup_keeps_the_last_row_of_each_lease() {
    let dir = tempfile::tempdir().unwrap();
    let files = LeaseFiles::of(dir.path().join("leases.csv"));
    write(&files.previous, &[row(1, 10), row(2, 10), row(3, 10)]);
    write(&files.copy, &[row(2, 20), deletion(3), "bad\n".into(), row(4, 20), row(4, 25)]);
    let stats = lfc::clean_up::<V4>(&files).unwrap();
    assert_eq!(stats, Some(LfcStats { leases: 7, attempts: 8, errors: 1, written: 3 }));
    let result = header_line::<V4>() + &[row(1, 10), row(2, 20), row(4, 25)].concat();
    assert_eq!(fs::read_to_string(&files.previous).unwrap(), result);
    let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["leases.csv.2"]);
}

#[test]
fn a_cleanup_stopped_anywhere_loses_nothing() {
    // The state of the directory after each step of rotation and cleanup.
    let old = [row(1, 10), row(2, 10)];
    let aside = [row(2, 20), row(3, 20)];
    let now = [row(1, 30)];
    let all = [(1, 30), (2, 20), (3, 20)];
    let whole = [row(1, 10), row(2, 20), row(3, 20)];
    type Step<'a> = &'a dyn Fn(&LeaseFiles);
    let steps: [Step<'_>; 6] = [
        &|files| write(&files.output, &whole[..1]),
        &|files| write(&files.output, &whole),
        &|files| fs::rename(&files.output, &files.completed).unwrap(),
        &|files| fs::remove_file(&files.previous).unwrap(),
        &|files| fs::remove_file(&files.copy).unwrap(),
        &|files| fs::rename(&files.completed, &files.previous).unwrap(),
    ];
    for stop in 0..=steps.len() {
        let dir = tempfile::tempdir().unwrap();
        let files = LeaseFiles::of(dir.path().join("leases.csv"));
        write(&files.previous, &old);
        write(&files.copy, &aside);
        write(&files.current, &now);
        steps[..stop].iter().for_each(|step| step(&files));
        assert_eq!(loaded(&files), all, "stopped after {stop} steps");
        if files.cleanup_is_due() {
            lfc::clean_up::<V4>(&files).unwrap();
        }
        assert_eq!(loaded(&files), all, "continued after {stop} steps");
        assert!(!files.cleanup_is_due() && !files.completed.exists());
    }
}

fn words(text: &str) -> Result<Command, UsageError> {
    Command::parse(text.split_whitespace().map(Into::into))
}

#[test]
fn the_command_line_of_kea_lfc() {
    let all = "-4 -p p -x x -i i -o o -f f -c c -d";
    let Ok(Command::Clean(Args { version, files, verbose, .. })) = words(all) else { panic!() };
    assert_eq!((version, verbose), (4, true));
    assert_eq!((files.previous, files.copy), ("x".into(), "i".into()));
    assert_eq!((files.output, files.completed, files.pid), ("o".into(), "f".into(), "p".into()));
    assert_eq!(words("-p p -x x -i i -o o -f f -c c"), Err(UsageError::NoVersion));
    assert_eq!(words("-6 -p p -x x -i i -o o -f f"), Err(UsageError::Missing('c')));
    assert_eq!(words("-6 -p"), Err(UsageError::NoValue('p')));
    assert_eq!(words("-6 -q"), Err(UsageError::Unknown("-q".into())));
    assert_eq!(words("-V"), Ok(Command::ExtendedVersion));
}

#[test]
fn kea_lfc_leaves_the_files_to_one_that_is_running() {
    let dir = tempfile::tempdir().unwrap();
    let files = LeaseFiles::of(dir.path().join("leases.csv"));
    write(&files.copy, &[row(1, 10), row(1, 20)]);
    let args = Args { version: 4, config: "none".into(), files: files.clone(), verbose: false };
    // A process that looks like one at work.
    let program = dir.path().join("kea-lfc");
    fs::copy("/bin/sleep", &program).unwrap();
    let mut other = std::process::Command::new(&program).arg("600").spawn().unwrap();
    fs::write(&files.pid, other.id().to_string()).unwrap();
    let mut events = Vec::new();
    assert!(lfc::run(&args, &mut |event| events.push(format!("{event:?}"))));
    assert_eq!(events, ["Start", "Running"]);
    assert!(files.copy.exists());
    assert_eq!(lfc::clean_up::<V4>(&files).unwrap(), None, "nor does a server clean up then");
    assert!(files.copy.exists());
    other.kill().unwrap();
    other.wait().unwrap();
    // Its number is left, and by now another program's: this one's.
    fs::write(&files.pid, std::process::id().to_string()).unwrap();
    assert_eq!(lfc::other_at_work(&files), None);
    assert!(lfc::run(&args, &mut |_| {}));
    assert_eq!(fs::read_to_string(&files.previous).unwrap(), header_line::<V4>() + &row(1, 20));
    assert!(!files.pid.exists() && !files.copy.exists());
}
