//! The lease store through kills at any moment, a full disk, files of other releases, and files that
//! the configuration contradicts.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use kea_testkit::v6::{self, Ia, IaLease, Packet6};
use kea_testkit::{
    Lab, LeaseRow, Load, Message, MessageType, Netns, Packet4, RawClient, RawClient4, Server,
    ServerSetup, SmallDisk, Subject, read_lease_file,
};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(10);
/// For what takes as long as the disk takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Rows of all the files of a lease file, the later before the earlier, as any server reads them.
fn recorded(lease_file: &Path) -> BTreeMap<String, LeaseRow> {
    let with = |suffix: &str| PathBuf::from(format!("{}{suffix}", lease_file.display()));
    let cleaned = if with(".completed").exists() {
        vec![with(".completed")]
    } else {
        vec![with(".2"), with(".1")]
    };
    let mut leases = BTreeMap::new();
    for file in cleaned.into_iter().chain([lease_file.to_owned()]).filter(|file| file.exists()) {
        leases.extend(read_lease_file(&file).unwrap());
    }
    leases
}

/// The server is killed at any moment, also in the middle of a clean-up, as often as `KEA_CRASHES`
/// says. Every promise is in its files each time, and none was made twice. (Kea's clean-up goes on when
/// the server is killed, and keeps it from starting again.)
#[test]
fn kills_at_any_moment_lose_no_acknowledged_lease() {
    let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(4) else { return };
    let crashes = std::env::var("KEA_CRASHES").map_or(10, |count| count.parse().unwrap());
    let lease_file = setup.lease_file();
    let config = json!({
        "loggers": setup.quiet_loggers(),
        "lease-database": { "type": "memfile", "name": lease_file, "lfc-interval": 1 },
        "subnet4": [{ "id": 1, "subnet": "192.0.0.0/8", "pools": [{ "pool": "192.64.0.0/10" }] }],
    });
    let cleaned_up = PathBuf::from(format!("{}.2", lease_file.display()));
    let mut server = setup.start_with(&server_ns, &config).unwrap();
    let mut load = Load::new(RawClient4::open(&client_ns, "eth0").unwrap(), 1, 32);
    let mut holders = HashMap::new();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for crash in 0..crashes {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let moment = Duration::from_millis(20 + (random >> 33) % 200);
        load.run(moment, |_| false).unwrap();
        if crash % 16 == 3 {
            // Long enough for a clean-up to be under way.
            load.run(Duration::from_millis(1_000), |_| false).unwrap();
        }
        if crash % 16 == 7 {
            // However long one takes.
            load.run(PATIENCE, |_| cleaned_up.exists()).unwrap();
        }
        server.kill().unwrap();
        // What the server sent before it died still counts.
        load.run(Duration::from_millis(40), |_| false).unwrap();
        let rows = recorded(&lease_file);
        for promise in &load.acknowledged()[holders.len()..] {
            let other = holders.insert(promise.address, promise.mac);
            assert_eq!(other, None, "crash {crash}: {promise:?} was promised before");
        }
        for (address, mac) in &holders {
            let holder = rows.get(&address.to_string()).map(|row| row.column("hwaddr").to_owned());
            let mac = mac.map(|octet| format!("{octet:02x}")).join(":");
            assert_eq!(holder, Some(mac), "crash {crash}: {address}");
        }
        server.start_again().unwrap();
    }
    assert!(load.acknowledged().len() >= crashes * 10, "{}", load.acknowledged().len());
    assert!(cleaned_up.exists(), "no clean-up came to its end");
}

/// Mounts it otherwise, as soon as no file is open for writing.
fn remount(disk: &SmallDisk, options: &str) {
    let deadline = Instant::now() + PATIENCE;
    while !disk.remount(options).unwrap() {
        assert!(Instant::now() < deadline, "remount,{options}");
    }
}

fn mac(number: u32) -> [u8; 6] {
    let [_, b, c, d] = number.to_be_bytes();
    [2, 0, 1, b, c, d]
}

/// DISCOVER and REQUEST; the ACK if one comes. A disk that does not work lets no other answer out.
fn acquire(client: &mut RawClient4, number: u32, limit: Duration) -> Option<Packet4> {
    let discover = Packet4::query(MessageType::Discover, mac(number), number);
    let offer = client.exchange(&discover, LIMIT).unwrap().expect("an offer, which needs no disk");
    assert_eq!(offer.message_type(), Some(MessageType::Offer));
    let request = Packet4::query(MessageType::Request, mac(number), 0x1000_0000 + number)
        .with_option(50, &offer.yiaddr.octets())
        .with_option(54, &[192, 0, 2, 1]);
    let ack = client.exchange(&request, limit).unwrap();
    ack.inspect(|ack| assert_eq!(ack.message_type(), Some(MessageType::Ack)))
}

fn storage_status(server: &Server) -> Value {
    server.control().command("status-get", Value::Null).unwrap().arguments["lease-storage"].clone()
}

/// A server whose leases are on a small disk, with these settings of its lease database.
fn on_small_disk(setup: ServerSetup, netns: &Netns, settings: &Value) -> (Server, SmallDisk) {
    // In a folder that can be moved away with it.
    let folder = setup.folder().join("disks");
    fs::create_dir(&folder).unwrap();
    let disk = SmallDisk::mount(&folder.join("small"), 64).unwrap();
    let mut database = json!({ "type": "memfile", "name": disk.folder().join("leases.csv") });
    database.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    let config = json!({
        "lease-database": database,
        "subnet4": [{ "id": 1, "subnet": "192.0.2.0/24",
            "pools": [{ "pool": "192.0.2.10 - 192.0.2.250" }] }],
    });
    (setup.start_with(netns, &config).unwrap(), disk)
}

/// The first client from 2 on whose row the full disk has no room for; what the others got is added.
/// What is left of the last page of the file has room for some rows.
fn first_refused(
    server: &Server,
    client: &mut RawClient4,
    promised: &mut Vec<Ipv4Addr>,
    mark: usize,
) -> u32 {
    let refused = (2..150).find(|number| {
        let ack = acquire(client, *number, Duration::from_millis(700));
        promised.extend(ack.as_ref().map(|ack| ack.yiaddr));
        // Without a failure the machine was only slow.
        ack.is_none() && server.logged(mark, "DHCPSRV_MEMFILE_WRITE_FAIL", LIMIT).is_some()
    });
    refused.expect("no row fits at last")
}

fn inform(xid: u32) -> Packet4 {
    let ciaddr = "192.0.2.9".parse().unwrap();
    Packet4 { ciaddr, ..Packet4::query(MessageType::Inform, mac(1), xid) }
}

#[test]
fn a_full_disk_lets_no_promise_out_and_the_rest_goes_on() {
    let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(4) else { return };
    let (mut server, disk) = on_small_disk(setup, &server_ns, &json!({}));
    let mut client = RawClient4::open(&client_ns, "eth0").unwrap();
    let mut promised = vec![acquire(&mut client, 1, LIMIT).unwrap().yiaddr];
    assert_eq!(storage_status(&server), "ready");

    let mark = server.process().mark();
    let filler = disk.fill().unwrap();
    let refused = first_refused(&server, &mut client, &mut promised, mark);
    assert_eq!(storage_status(&server), "failing");
    let answer = client.exchange(&inform(0x2000_0000), LIMIT).unwrap().unwrap();
    assert_eq!(answer.message_type(), Some(MessageType::Ack), "what needs no write");

    fs::remove_file(&filler).unwrap();
    server.logged(mark, "DHCPSRV_MEMFILE_RECOVERED", LIMIT).unwrap();
    assert_eq!(storage_status(&server), "ready");
    let failures = server.process().lines_from(mark);
    let failures = failures.iter().filter(|line| line.contains("DHCPSRV_MEMFILE_WRITE_FAIL "));
    assert_eq!(failures.count(), 1, "one complaint, however often it was tried");
    promised.push(acquire(&mut client, refused, LIMIT).unwrap().yiaddr);
    server.kill().unwrap();
    let rows = read_lease_file(&disk.folder().join("leases.csv")).unwrap();
    for address in &promised {
        assert!(rows.contains_key(&address.to_string()), "{address}");
    }
    server.start_again().unwrap();
    let again = acquire(&mut client, refused, LIMIT).unwrap();
    assert_eq!(Some(&again.yiaddr), promised.last());
}

/// A disk that failed is let go of, so that it can be mounted otherwise, or taken away, checked and
/// brought back, while the server goes on.
#[test]
fn a_disk_that_is_read_only_or_gone_is_written_on_when_it_is_back() {
    let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(4) else { return };
    let (mut server, disk) = on_small_disk(setup, &server_ns, &json!({}));
    let mut client = RawClient4::open(&client_ns, "eth0").unwrap();
    let mut promised = vec![acquire(&mut client, 1, LIMIT).unwrap().yiaddr];
    let mark = server.process().mark();
    disk.fill().unwrap();
    let refused = first_refused(&server, &mut client, &mut promised, mark);

    let told = |why: &str| {
        let is_told = |line: &String| line.contains("MEMFILE_TRUNCATE_FAIL") && line.contains(why);
        let deadline = Instant::now() + PATIENCE;
        while !server.process().lines_from(mark).iter().any(is_told) {
            assert!(Instant::now() < deadline, "nothing is said of '{why}'");
            std::thread::sleep(Duration::from_millis(10));
        }
        let status = server.control().command("status-get", Value::Null).unwrap().arguments;
        assert_eq!(status["lease-storage"], "failing");
        let trouble = status["lease-storage-error"].as_str().unwrap().to_owned();
        assert!(trouble.contains(why), "{trouble}");
    };
    // Room enough, but nothing may be written.
    remount(&disk, "ro,size=1m");
    told("Read-only file system");
    assert_eq!(acquire(&mut client, refused, Duration::from_millis(700)), None);
    let answer = client.exchange(&inform(0x2000_0000), LIMIT).unwrap().unwrap();
    assert_eq!(answer.message_type(), Some(MessageType::Ack), "what needs no write");

    let (folder, away) =
        (disk.folder().parent().unwrap(), disk.folder().ancestors().nth(2).unwrap());
    let away = away.join("away");
    fs::rename(folder, &away).unwrap();
    told("No such file or directory");
    fs::rename(&away, folder).unwrap();
    remount(&disk, "rw");
    server.logged(mark, "DHCPSRV_MEMFILE_RECOVERED", PATIENCE).unwrap();
    let status = server.control().command("status-get", Value::Null).unwrap().arguments;
    assert_eq!(status["lease-storage"], "ready");
    assert_eq!(status.get("lease-storage-error"), None);
    promised.push(acquire(&mut client, refused, LIMIT).unwrap().yiaddr);
    server.kill().unwrap();
    let rows = read_lease_file(&disk.folder().join("leases.csv")).unwrap();
    for address in &promised {
        assert!(rows.contains_key(&address.to_string()), "{address}");
    }
}

#[test]
fn on_fail_stops_service_or_ends_the_server() {
    let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(4) else { return };
    let mut client = RawClient4::open(&client_ns, "eth0").unwrap();
    let mut promised = Vec::new();
    {
        // So many attempts that they last.
        let settings = json!({ "on-fail": "stop-retry-exit", "max-reconnect-tries": 1_000_000,
            "reconnect-wait-time": 100 });
        let (server, disk) = on_small_disk(setup, &server_ns, &settings);
        let filler = disk.fill().unwrap();
        let mark = server.process().mark();
        let refused = first_refused(&server, &mut client, &mut promised, mark);
        let unanswered = client.exchange(&inform(0x2000_0000), Duration::from_millis(700));
        assert_eq!(unanswered.unwrap(), None, "nobody is served");
        fs::remove_file(&filler).unwrap();
        server.logged(mark, "DHCPSRV_MEMFILE_RECOVERED", LIMIT).unwrap();
        acquire(&mut client, refused, LIMIT).expect("service goes on");
    }
    let settings = json!({ "on-fail": "serve-retry-exit", "max-reconnect-tries": 3,
        "reconnect-wait-time": 50 });
    let setup = ServerSetup::new(Subject::Ours, 4).unwrap();
    let (mut server, disk) = on_small_disk(setup, &server_ns, &settings);
    disk.fill().unwrap();
    let mark = server.process().mark();
    first_refused(&server, &mut client, &mut promised, mark);
    let status = server.ends_within(PATIENCE).unwrap().expect("the server ends");
    assert_eq!(status.code(), Some(1));
    let lines = server.process().lines_from(mark);
    let told = lines.iter().find(|line| line.contains("DHCP4_DB_RECONNECT_FAILED")).unwrap();
    assert!(told.contains("all 3 attempts"), "{told}");
}

/// A lease of `192.0.2.20` that names no subnet of the configuration, and one of `198.51.100.20` that
/// names a subnet which does not contain it; what is left of them by `lease-checks`.
#[test]
fn lease_checks_correct_or_drop_what_contradicts_the_configuration() {
    let header = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,\
                  hostname,state,user_context\n";
    let row = |address: &str, subnet: u32| {
        format!("{address},02:00:00:00:00:01,,4000,4102444800,{subnet},0,0,,0,\n")
    };
    let file = [
        header.into(),
        row("192.0.2.20", 77),
        row("198.51.100.20", 1),
        row("203.0.113.20", 1),
        row("192.0.2.21", 1),
    ]
    .concat();
    // Assigned addresses of subnets 1 and 2, and what is logged of each of the three.
    const FAIL: &str = "DHCPSRV_LEASE_SANITY_FAIL";
    const DISCARD: &str = "DHCPSRV_LEASE_SANITY_FAIL_DISCARD";
    const FIXED: &str = "DHCPSRV_LEASE_SANITY_FIXED";
    let cases = [
        ("none", 3, 0, [None; 3]),
        ("warn", 3, 0, [Some(FAIL); 3]),
        ("fix", 3, 1, [Some(FIXED), Some(FIXED), Some(FAIL)]),
        ("fix-del", 2, 1, [Some(FIXED), Some(FIXED), Some(DISCARD)]),
        ("del", 1, 0, [Some(DISCARD); 3]),
    ];
    for (checks, first, second, logged) in cases {
        let mut lab = Lab::new().unwrap();
        let (server_ns, _client_ns) = lab.pair().unwrap();
        let setup = ServerSetup::new(Subject::from_environment(), 4).unwrap();
        fs::write(setup.lease_file(), &file).unwrap();
        let config = json!({
            "sanity-checks": { "lease-checks": checks },
            "subnet4": [
                { "id": 1, "subnet": "192.0.2.0/24" },
                { "id": 2, "subnet": "198.51.100.0/24" },
            ],
        });
        let server = setup.start_with(&server_ns, &config).unwrap();
        let assigned = [1, 2].map(|id| {
            server.control().statistic(&format!("subnet[{id}].assigned-addresses")).unwrap()
        });
        assert_eq!(assigned, [Some(first), Some(second)], "{checks}");
        for (address, expected) in
            ["192.0.2.20", "198.51.100.20", "203.0.113.20"].iter().zip(logged)
        {
            let lines = server.process().lines_from(0);
            let line = lines
                .iter()
                .find(|line| line.contains("DHCPSRV_LEASE_SANITY") && line.contains(address));
            let identifier = line.and_then(|line| {
                line.split_whitespace().find(|word| word.starts_with("DHCPSRV_LEASE_SANITY"))
            });
            assert_eq!(identifier, expected, "{checks} {address}");
        }
        // The file keeps what it had.
        assert!(fs::read_to_string(server.setup().lease_file()).unwrap().starts_with(&file));
    }
}

/// Delegated prefixes may lie outside their subnet; addresses may not.
#[test]
fn lease_checks_leave_prefixes_alone() {
    let header = "address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,\
                  prefix_len,fqdn_fwd,fqdn_rev,hostname,hwaddr,state,user_context,hwtype,\
                  hwaddr_source\n";
    let row = |address: &str, kind: u8, length: u8| {
        format!(
            "{address},00:03:00:01:02:00:00:00:00:01,4000,4102444800,1,3000,{kind},1,{length},0,0,,,0,,,\n"
        )
    };
    let file = [header.into(), row("3001:db8::", 2, 48), row("3001:db8:1::1", 0, 128)].concat();
    let mut lab = Lab::new().unwrap();
    let (server_ns, _client_ns) = lab.pair().unwrap();
    let setup = ServerSetup::new(Subject::from_environment(), 6).unwrap();
    fs::write(setup.lease_file(), &file).unwrap();
    let config = json!({
        "sanity-checks": { "lease-checks": "del" },
        "subnet6": [{ "id": 1, "subnet": "2001:db8::/32" }],
    });
    let server = setup.start_with(&server_ns, &config).unwrap();
    let assigned = ["subnet[1].assigned-pds", "subnet[1].assigned-nas"]
        .map(|name| server.control().statistic(name).unwrap());
    assert_eq!(assigned, [Some(1), Some(0)]);
}

/// `kea-lfc` on a disk that is full says so, and leaves what it was to read.
#[test]
fn a_clean_up_on_a_full_disk_leaves_no_half_result() {
    let subject = Subject::from_environment();
    let folder = tempfile::tempdir().unwrap();
    let disk = SmallDisk::mount(&folder.path().join("disk"), 64).unwrap();
    let at = |name: &str| folder.path().join("disk").join(name);
    let header = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,\
                  hostname,state,user_context\n";
    let row = |n: u32| {
        let mac = mac(n).map(|octet| format!("{octet:02x}")).join(":");
        format!("{},{mac},,4000,4102444800,1,0,0,,0,\n", Ipv4Addr::from(0xC000_0000 + n))
    };
    let rows: String = std::iter::once(header.to_owned()).chain((1..400).map(row)).collect();
    fs::write(at("copy"), &rows).unwrap();
    disk.fill().unwrap();
    let program = folder.path().join("lfc");
    fs::copy(subject.program("kea-lfc"), &program).unwrap();
    let clean_up = || {
        let mut lfc = Command::new(&program);
        lfc.args(["-4", "-d", "-c", "none", "-p"]).arg(folder.path().join("pid"));
        for (switch, name) in
            [("-x", "previous"), ("-i", "copy"), ("-o", "output"), ("-f", "finish")]
        {
            lfc.arg(switch).arg(at(name));
        }
        lfc.env("KEA_LOCKFILE_DIR", folder.path()).output().unwrap()
    };
    let output = clean_up();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(said.contains("LFC_FAIL_PROCESS"), "{said}");
    // Kea's ends as if nothing was wrong.
    assert_eq!(output.status.success(), subject == Subject::Debian);
    assert!(!at("finish").exists() && !at("previous").exists());
    assert_eq!(fs::read_to_string(at("copy")).unwrap(), rows);
    // With room again it does its work.
    fs::remove_file(at("filler")).unwrap();
    assert!(clean_up().status.success());
    assert_eq!(fs::read_to_string(at("previous")).unwrap().lines().count(), 400);
}

/// The thread that cleans up steps back behind those that serve.
#[test]
fn the_clean_up_of_the_server_has_the_lowest_priority() {
    let Some((_lab, server_ns, _client_ns, setup)) = Lab::ours(4) else { return };
    let server = setup.start_with(&server_ns, &json!({})).unwrap();
    let tasks = PathBuf::from(format!("/proc/{}/task", server.process().pid()));
    let nice_of = |name: &str| -> Vec<i32> {
        let tasks = fs::read_dir(&tasks).unwrap().map(|entry| entry.unwrap().path());
        let stats = tasks.map(|task| fs::read_to_string(task.join("stat")).unwrap());
        // "PID (NAME) STATE …", the nice value being the 19th.
        let named = stats.filter_map(|stat| {
            let (before, after) = stat.rsplit_once(") ")?;
            before.ends_with(&format!("({name}")).then(|| after.split(' ').nth(16).map(str::parse))
        });
        named.map(|nice| nice.unwrap().unwrap()).collect()
    };
    let deadline = Instant::now() + PATIENCE;
    while nice_of("lease-cleanup") != [19] {
        assert!(Instant::now() < deadline, "{:?}", nice_of("lease-cleanup"));
    }
    assert_eq!(nice_of("lease-write"), [0]);
}

/// What relays said is kept as releases before 2.3 did, or wrongly: mended in memory, and in the file when
/// the lease changes. Of each lease: its number, its context, what is told of it, and the context in the end.
fn extended_info_is_mended<M: Message>(
    cases: [(u8, &str, Option<&str>, &str); 3],
    pool: &Value,
    again: impl Fn(u8) -> M,
) {
    let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(M::VERSION) else { return };
    let row = |number, context: &str| {
        let context = context.replace(',', "&#x2c");
        lease_row(M::VERSION, number, [4000, 4_102_444_800], &context)
    };
    let [header, _] = row(0, "");
    let rows = cases.map(|(number, context, ..)| row(number, context)[1].clone());
    let file = format!("{header}\n{}\n", rows.join("\n"));
    fs::write(setup.lease_file(), file).unwrap();
    let server =
        setup.start_with(&server_ns, &json!({ format!("subnet{}", M::VERSION): [pool] })).unwrap();
    let lines = server.process().lines_from(0);
    let mut client = RawClient::<M>::open(&client_ns, "eth0").unwrap();
    for (number, _, told, context) in cases {
        let address = address(M::VERSION, number);
        let told_of_it = lines.iter().filter(|line| {
            line.split_whitespace().any(|word| word.trim_end_matches(':') == address)
        });
        let words = told_of_it.flat_map(|line| line.split_whitespace());
        let of_context: Vec<&str> = words.filter(|word| word.contains("EXTENDED_INFO")).collect();
        assert_eq!(of_context, Vec::from_iter(told), "{address}: {lines:#?}");
        client.exchange(&again(number), LIMIT).unwrap().expect("an answer");
        let leases = server.leases().unwrap();
        assert_eq!(leases[&address].column("user_context").replace("&#x2c", ","), context);
    }
}

#[test]
fn extended_info_checks_mend_what_relays_of_dhcpv4_said() {
    let right = r#"{ "ISC": { "relay-agent-info": { "sub-options": "0x010161" } } }"#;
    let cases = [
        (
            20,
            r#"{ "a": 1, "ISC": { "relay-agent-info": "0x020378797A" } }"#,
            Some("DHCPSRV_LEASE4_EXTENDED_INFO_UPGRADED"),
            r#"{ "a": 1, "ISC": { "relay-agent-info": { "sub-options": "0x020378797A", "remote-id": "78797A" } } }"#,
        ),
        (
            21,
            r#"{ "a": 1, "ISC": { "relay-agent-info": "what?" } }"#,
            Some("DHCPSRV_LEASE4_EXTENDED_INFO_SANITY_FAIL"),
            r#"{ "a": 1 }"#,
        ),
        (22, right, None, right),
    ];
    let pool = json!({ "id": 1, "subnet": "192.0.2.0/24",
        "pools": [{ "pool": "192.0.2.10 - 192.0.2.250" }] });
    extended_info_is_mended(cases, &pool, |number| {
        let reboot = Packet4::query(MessageType::Request, [2, 0, 0, 0, 0, number], number.into());
        reboot.with_option(50, &[192, 0, 2, number])
    });
}

#[test]
fn extended_info_checks_mend_what_relays_of_dhcpv6_said() {
    let right = r#"{ "ISC": { "relay-info": [ { "hop": 0, "link": "::", "peer": "fe80::1" } ] } }"#;
    let cases = [
        (
            20,
            r#"{ "a": 1, "ISC": { "relays": [ { "hop": 0, "link": "::", "options": "0x0025000500000009370012000169", "peer": "fe80::1" } ] } }"#,
            Some("DHCPSRV_LEASE6_EXTENDED_INFO_UPGRADED"),
            r#"{ "a": 1, "ISC": { "relay-info": [ { "hop": 0, "link": "::", "options": "0x0025000500000009370012000169", "peer": "fe80::1", "remote-id": "0000000937" } ] } }"#,
        ),
        (
            21,
            r#"{ "a": 1, "ISC": { "relays": "what?" } }"#,
            Some("DHCPSRV_LEASE6_EXTENDED_INFO_SANITY_FAIL"),
            r#"{ "a": 1 }"#,
        ),
        (22, right, None, right),
    ];
    let pool = json!({ "id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0",
        "pools": [{ "pool": "2001:db8:1::10-2001:db8:1::ff" }] });
    extended_info_is_mended(cases, &pool, |number| {
        let duid = [0, 3, 0, 1, 2, 0, 0, 0, 0, number];
        let held = IaLease::address(address(6, number).parse().unwrap());
        let rebind = Packet6::query(v6::MessageType::REBIND, &duid, number.into());
        rebind.with_ia(&Ia::na(1).with_lease(&held))
    });
}

#[test]
fn files_of_other_releases_are_read_and_brought_to_the_present_columns() {
    let old = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname\n\
               192.0.2.20,02:00:00:00:00:01,01:02,4000,4102444800,1,1,0,Host.Example\n";
    let newer = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,\
                 state,user_context,pool_id\n\
                 192.0.2.20,02:00:00:00:00:01,01:02,4000,4102444800,1,1,0,host.example,0,,7\n";
    for (file, told) in
        [(old, "DHCPSRV_MEMFILE_NEEDS_UPGRADING"), (newer, "DHCPSRV_MEMFILE_NEEDS_DOWNGRADING")]
    {
        let mut lab = Lab::new().unwrap();
        let (server_ns, client_ns) = lab.pair().unwrap();
        let setup = ServerSetup::new(Subject::from_environment(), 4).unwrap();
        fs::write(setup.lease_file(), file).unwrap();
        let config = json!({ "subnet4": [{ "id": 1, "subnet": "192.0.2.0/24",
            "pools": [{ "pool": "192.0.2.10 - 192.0.2.250" }] }] });
        let server = setup.start_with(&server_ns, &config).unwrap();
        server.logged(0, told, LIMIT).unwrap_or_else(|| panic!("{told} is not logged"));
        server.logged(0, "DHCPSRV_MEMFILE_CONVERTING_LEASE_FILES", LIMIT).unwrap();
        let mut client = RawClient4::open(&client_ns, "eth0").unwrap();
        let reboot = Packet4::query(MessageType::Request, [2, 0, 0, 0, 0, 1], 5)
            .with_option(61, &[1, 2])
            .with_option(50, &[192, 0, 2, 20]);
        let ack = client.exchange(&reboot, LIMIT).unwrap().unwrap();
        assert_eq!(ack.message_type(), Some(MessageType::Ack));
        let lease_file = server.setup().lease_file();
        let cleaned = PathBuf::from(format!("{}.2", lease_file.display()));
        let deadline = Instant::now() + LIMIT;
        while !cleaned.exists() {
            assert!(Instant::now() < deadline, "the old file was not cleaned up");
            std::thread::sleep(Duration::from_millis(10));
        }
        for path in [&lease_file, &cleaned] {
            let text = fs::read_to_string(path).unwrap();
            assert!(text.starts_with(
                "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,\
                 hostname,state,user_context\n"
            ));
        }
        let row = &read_lease_file(&cleaned).unwrap()["192.0.2.20"];
        assert_eq!((row.column("hostname"), row.column("state")), ("host.example", "0"));
    }
}

#[test]
fn how_files_are_cleaned_up_changes_by_reload_and_where_they_are_does_not() {
    let Some((_lab, server_ns, _, setup)) = Lab::ours(4) else { return };
    let lease_file = setup.lease_file();
    let config = |name: &Path, interval: u32| {
        json!({ "lease-database": { "type": "memfile", "name": name, "lfc-interval": interval,
            "max-row-errors": interval } })
    };
    let server = setup.start_with(&server_ns, &config(&lease_file, 0)).unwrap();
    let reload = |config: Value| {
        server.setup().write_config(&server.setup().config(&config).to_string()).unwrap();
        server.reload().unwrap()
    };
    assert!(reload(config(&lease_file, 1)).contains("RECONFIGURATION_SUCCESS"));
    server.logged(0, "DHCPSRV_MEMFILE_LFC_START", LIMIT).expect("a clean-up, a second later");
    let elsewhere = lease_file.with_extension("other");
    let told = reload(config(&elsewhere, 1));
    assert!(told.contains("RECONFIGURATION_FAIL"), "{told}");
    assert!(!elsewhere.exists());
}

fn address(version: u8, number: u8) -> String {
    match version {
        4 => format!("192.0.2.{number}"),
        _ => format!("2001:db8:1::{number:x}"),
    }
}

/// The column names of Kea 2.2, and a lease of client `number` with this lifetime and end.
fn lease_row(version: u8, number: u8, [lifetime, end]: [u32; 2], context: &str) -> [String; 2] {
    let mac = format!("02:00:00:00:00:{number:02x}");
    let address = address(version, number);
    let times = format!("{lifetime},{end},1");
    let fields = match version {
        4 => [
            ("address", address),
            ("hwaddr,client_id", format!("{mac},")),
            ("valid_lifetime,expire,subnet_id", times),
            ("fqdn_fwd,fqdn_rev,hostname,state,user_context", format!("0,0,,0,{context}")),
        ],
        _ => [
            ("address,duid", format!("{address},00:03:00:01:{mac}")),
            ("valid_lifetime,expire,subnet_id,pref_lifetime", format!("{times},{lifetime}")),
            ("lease_type,iaid,prefix_len,fqdn_fwd,fqdn_rev", "0,1,128,0,0".to_owned()),
            ("hostname,hwaddr,state,user_context,hwtype,hwaddr_source", format!(",,0,{context},,")),
        ],
    };
    let (names, values): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
    [names.join(","), values.join(",")]
}

/// A lease of client `number` that ended long ago.
fn ended(version: u8, number: u8) -> [String; 2] {
    lease_row(version, number, [60, 1_700_000_000], "")
}

#[test]
fn cycles_of_reclamation_that_leave_leases_behind_are_told() {
    for (version, prefix) in [(4, "192.0.2.0/24"), (6, "2001:db8:1::/64")] {
        let mut lab = Lab::new().unwrap();
        let (server_ns, _client) = lab.pair().unwrap();
        let setup = ServerSetup::new(Subject::from_environment(), version).unwrap();
        let rows: Vec<String> = (16..32).map(|number| ended(version, number)[1].clone()).collect();
        let header = &ended(version, 0)[0];
        fs::write(setup.lease_file(), format!("{header}\n{}\n", rows.join("\n"))).unwrap();
        let config = json!({
            "expired-leases-processing": {
                "reclaim-timer-wait-time": 1, "max-reclaim-leases": 1, "unwarned-reclaim-cycles": 2,
            },
            format!("subnet{version}"): [{ "id": 1, "subnet": prefix }],
        });
        let server = setup.start_with(&server_ns, &config).unwrap();
        let slow = format!("ALLOC_ENGINE_V{version}_LEASES_RECLAMATION_SLOW");
        assert!(server.logged(0, &slow, PATIENCE).is_some(), "{}", server.process().text());
        let lines = server.process().lines_from(0);
        let complete = format!("ALLOC_ENGINE_V{version}_LEASES_RECLAMATION_COMPLETE ");
        let slow_at = lines.iter().position(|line| line.contains(&slow)).unwrap();
        let cycles = lines[..slow_at].iter().filter(|line| line.contains(&complete)).count();
        // Two are borne without a word.
        assert_eq!(cycles, 3, "{lines:#?}");
        assert!(lines[slow_at].split(' ').any(|word| word == "2"), "{}", lines[slow_at]);
    }
}
