//! Leases in MariaDB and PostgreSQL: the rows are Kea's, others may change them, and nothing that was
//! acknowledged is lost.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use kea_testkit::v6::{self, Ia, IaLease, Packet6};
use kea_testkit::{
    DatabaseProduct, DatabaseRow, DatabaseServer, Lab, MessageType, Netns, Packet4, RawClient4,
    RawClient6, Server, ServerSetup, Subject,
};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(20);
/// Within which no answer comes that is not to come.
const SILENCE: Duration = Duration::from_millis(1500);
const LIFETIME: i64 = 3600;

/// The configuration of a server whose leases are in a database, with these settings.
fn config(version: u8, database: &DatabaseServer, settings: &Value) -> Value {
    let mut access = database.access();
    access.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    let subnet = match version {
        4 => json!({
            "id": 5, "subnet": "192.0.2.0/24", "pools": [{ "pool": "192.0.2.10 - 192.0.2.200" }],
        }),
        _ => json!({
            "id": 5, "subnet": "2001:db8:1::/64", "interface": "eth0", "rapid-commit": true,
            "pools": [{ "pool": "2001:db8:1::10-2001:db8:1::20" }],
            "pd-pools": [{ "prefix": "2001:db8:8::", "prefix-len": 48, "delegated-len": 56 }],
        }),
    };
    json!({
        // What is given back is forgotten, as by Kea 2.2 in any case.
        "expired-leases-processing": { "hold-reclaimed-time": 0 },
        "lease-database": access, "valid-lifetime": LIFETIME, format!("subnet{version}"): [subnet],
    })
}

fn start(
    subject: Subject,
    version: u8,
    netns: &Netns,
    database: &DatabaseServer,
    settings: &Value,
) -> Server {
    let setup = ServerSetup::new(subject, version).unwrap();
    setup.start_with(netns, &config(version, database, settings)).unwrap()
}

/// A database, the ends of a cable, and our server with these settings of its database.
fn served(product: DatabaseProduct, settings: &Value) -> (Lab, Netns, DatabaseServer, Server) {
    let mut lab = Lab::new().unwrap();
    let (server_ns, client_ns) = lab.pair().unwrap();
    let database = DatabaseServer::start_in(product, &server_ns).unwrap();
    let server = start(Subject::Ours, 4, &server_ns, &database, settings);
    (lab, client_ns, database, server)
}

fn is_ours() -> bool {
    Subject::from_environment() == Subject::Ours
}

fn mac(number: u8) -> [u8; 6] {
    [2, 0, 0, 0, 0, number]
}

fn request(client: u8, xid: u32, address: [u8; 4]) -> Packet4 {
    Packet4::query(MessageType::Request, mac(client), xid)
        .with_option(50, &address)
        .with_option(54, &[192, 0, 2, 1])
}

/// What becomes of a request.
fn kind(client: &mut RawClient4, query: &Packet4, limit: Duration) -> Option<MessageType> {
    client.exchange(query, limit).unwrap().and_then(|answer| answer.message_type())
}

/// Rows of a table with all columns as text; the end of a lease as a number of seconds.
fn rows(database: &DatabaseServer, version: u8) -> Vec<DatabaseRow> {
    let is_mysql = database.product() == DatabaseProduct::Mysql;
    let hex = |column: &str| match is_mysql {
        true => format!("LOWER(HEX({column}))"),
        false => format!("ENCODE({column}, 'hex')"),
    };
    let columns = match version {
        4 => format!(
            "address, {}, {}, valid_lifetime, subnet_id, fqdn_fwd, fqdn_rev, hostname, state, \
             user_context",
            hex("hwaddr"),
            hex("client_id")
        ),
        _ => format!(
            "address, {}, {}, valid_lifetime, subnet_id, pref_lifetime, lease_type, iaid, \
             prefix_len, fqdn_fwd, fqdn_rev, hostname, hwtype, hwaddr_source, state, user_context",
            hex("duid"),
            hex("hwaddr")
        ),
    };
    database.run(&format!("SELECT {columns} FROM lease{version} ORDER BY address")).unwrap()
}

/// The ends of the leases.
fn ends(database: &DatabaseServer, version: u8) -> Vec<i64> {
    let expire = match database.product() {
        DatabaseProduct::Mysql => "UNIX_TIMESTAMP(expire)",
        DatabaseProduct::Postgresql => "EXTRACT(EPOCH FROM expire)::bigint",
    };
    let found = database.run(&format!("SELECT {expire} FROM lease{version}")).unwrap();
    found.iter().map(|row| row[0].parse().unwrap()).collect()
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().try_into().unwrap()
}

/// Clients of DHCPv4: one with an identifier and a name, one without, one that declines, one that gives its
/// lease back.
fn play_v4(client: &mut RawClient4, server: &Server) {
    let named =
        request(1, 1, [192, 0, 2, 15]).with_option(61, &[1, 2, 3, 0xff]).with_option(12, b"host-a");
    for query in [named, request(2, 2, [192, 0, 2, 16])] {
        assert_eq!(kind(client, &query, LIMIT), Some(MessageType::Ack));
    }
    for (number, leaves, told) in [
        (3, MessageType::Decline, "DHCP4_DECLINE_LEASE"),
        (4, MessageType::Release, "DHCP4_RELEASE"),
    ] {
        let address = [192, 0, 2, 14 + number];
        let query = request(number, number.into(), address).with_option(61, &[9, number]);
        assert_eq!(kind(client, &query, LIMIT), Some(MessageType::Ack));
        let mut leaving = Packet4 { xid: 0x100 + u32::from(number), ..query };
        leaving.options[0].1 = vec![leaves.code()];
        if leaves == MessageType::Release {
            leaving.ciaddr = address.into();
        }
        let mark = server.process().mark();
        client.broadcast(&leaving).unwrap();
        server.logged(mark, told, LIMIT).unwrap();
    }
    // What is told is not yet written; an answer that comes later is.
    assert_eq!(kind(client, &request(2, 20, [192, 0, 2, 16]), LIMIT), Some(MessageType::Ack));
}

/// The lease is its client's, and nobody else's.
fn renew_v4(client: &mut RawClient4) {
    let named = request(1, 31, [192, 0, 2, 15]).with_option(61, &[1, 2, 3, 0xff]);
    assert_eq!(kind(client, &named, LIMIT), Some(MessageType::Ack));
    for (xid, taken) in [(32, 15), (33, 16), (34, 17)] {
        let other = request(9, xid, [192, 0, 2, taken]);
        assert_eq!(kind(client, &other, LIMIT), Some(MessageType::Nak), "{taken}");
    }
}

const DUIDS: [&[u8]; 2] = [&[0, 3, 0, 1, 2, 0, 0, 0, 0, 1], &[0, 3, 0, 1, 2, 0, 0, 0, 0, 2]];

fn query6(kind: v6::MessageType, duid: &[u8], xid: u32, leases: &[IaLease]) -> Packet6 {
    let of_kind = |prefixes: bool| leases.iter().filter(move |lease| (lease.len < 128) == prefixes);
    // A number of which half are below zero in PostgreSQL.
    let ia_na = of_kind(false).fold(Ia::na(0xffff_fff0), Ia::with_lease);
    let ia_pd = of_kind(true).fold(Ia::pd(7), Ia::with_lease);
    let query = Packet6::query(kind, duid, xid).with_ia(&ia_na);
    if of_kind(true).next().is_some() { query.with_ia(&ia_pd) } else { query }
}

fn given(packet: &Packet6) -> Vec<String> {
    let leases = packet.associations().unwrap().into_iter().flat_map(|ia| ia.leases().unwrap());
    leases.filter(|lease| lease.valid > 0).map(|lease| lease.to_string()).collect()
}

fn address6(text: &str) -> IaLease {
    IaLease::address(text.parse::<Ipv6Addr>().unwrap())
}

fn own_leases() -> [IaLease; 2] {
    [address6("2001:db8:1::15"), IaLease::prefix("2001:db8:8:300::".parse().unwrap(), 56)]
}

/// Clients of DHCPv6: one with an address and a prefix, one that declines.
fn play_v6(client: &mut RawClient6) {
    let solicit = v6::MessageType::SOLICIT;
    let mine = own_leases();
    let query = query6(solicit, DUIDS[0], 1, &mine).with_option(14, &[]);
    let reply = client.exchange(&query, LIMIT).unwrap().unwrap();
    assert_eq!(given(&reply), ["2001:db8:1::15", "2001:db8:8:300::/56"]);
    let bad = [address6("2001:db8:1::16")];
    let query = query6(solicit, DUIDS[1], 2, &bad).with_option(14, &[]);
    let reply = client.exchange(&query, LIMIT).unwrap().unwrap();
    let decline = query6(v6::MessageType::DECLINE, DUIDS[1], 3, &bad)
        .with_option(v6::SERVER_ID, reply.option(v6::SERVER_ID).unwrap());
    client.exchange(&decline, LIMIT).unwrap().unwrap();
}

fn renew_v6(client: &mut RawClient6) {
    let mine = own_leases();
    let same = client.exchange(&query6(v6::MessageType::REBIND, DUIDS[0], 4, &mine), LIMIT);
    assert_eq!(given(&same.unwrap().unwrap()), ["2001:db8:1::15", "2001:db8:8:300::/56"]);
    for (xid, taken) in [(5, &mine[0]), (6, &mine[1]), (7, &address6("2001:db8:1::16"))] {
        let other = query6(v6::MessageType::SOLICIT, DUIDS[1], xid, std::slice::from_ref(taken));
        let offer = client.exchange(&other, LIMIT).unwrap().unwrap();
        assert!(!given(&offer).contains(&taken.to_string()), "{taken}");
    }
}

/// Leases that one server made are what they were at the other; gives the rows as the first left them.
fn moves(product: DatabaseProduct, version: u8, from: Subject, to: Subject) -> Vec<DatabaseRow> {
    let mut lab = Lab::new().unwrap();
    let (server_ns, client_ns) = lab.pair().unwrap();
    let database = DatabaseServer::start_in(product, &server_ns).unwrap();
    let begin = now();
    let mut first = start(from, version, &server_ns, &database, &json!({}));
    match version {
        4 => play_v4(&mut RawClient4::open(&client_ns, "eth0").unwrap(), &first),
        _ => play_v6(&mut RawClient6::open(&client_ns, "eth0").unwrap()),
    }
    assert!(first.stop().unwrap().success());
    let found = rows(&database, version);
    for end in ends(&database, version) {
        // A declined address rests for a day, and what is given back is over.
        let lifetimes = [LIFETIME, 86_400, 0];
        let is_right = |lifetime: i64| (begin + lifetime..=now() + lifetime).contains(&end);
        assert!(lifetimes.into_iter().any(is_right), "{end} of {begin}");
    }
    let second = start(to, version, &server_ns, &database, &json!({}));
    match version {
        4 => renew_v4(&mut RawClient4::open(&client_ns, "eth0").unwrap()),
        _ => renew_v6(&mut RawClient6::open(&client_ns, "eth0").unwrap()),
    }
    drop(second);
    found
}

#[test]
fn rows_are_those_of_kea_and_each_serves_what_the_other_wrote() {
    if !is_ours() {
        return;
    }
    for product in DatabaseProduct::ALL {
        for version in [4, 6] {
            let of_kea = moves(product, version, Subject::Debian, Subject::Ours);
            let ours = moves(product, version, Subject::Ours, Subject::Debian);
            assert_eq!(ours, of_kea, "{product:?}, DHCPv{version}");
            assert!(of_kea.len() >= 3, "{of_kea:?}");
        }
    }
}

/// Counted by the triggers of the schema.
#[test]
fn what_is_acknowledged_outlives_a_kill_and_is_counted_once() {
    if !is_ours() {
        return;
    }
    for product in DatabaseProduct::ALL {
        let (_lab, client_ns, database, mut server) = served(product, &json!({}));
        let mut client = RawClient4::open(&client_ns, "eth0").unwrap();
        for number in 1..=20 {
            let query = request(number, number.into(), [192, 0, 2, 20 + number]);
            assert_eq!(kind(&mut client, &query, LIMIT), Some(MessageType::Ack));
        }
        server.kill().unwrap();
        assert_eq!(rows(&database, 4).len(), 20, "{product:?}");
        server.start_again().unwrap();
        let other = request(77, 100, [192, 0, 2, 21]);
        assert_eq!(kind(&mut client, &other, LIMIT), Some(MessageType::Nak));
        let same = request(1, 101, [192, 0, 2, 21]);
        assert_eq!(kind(&mut client, &same, LIMIT), Some(MessageType::Ack));
        let counted = database.run("SELECT leases FROM lease4_stat WHERE state = 0").unwrap();
        assert_eq!(counted, [["20"]], "{product:?}");
        let statistic = json!({ "name": "subnet[5].assigned-addresses" });
        let answer = server.control().command("statistic-get", statistic).unwrap();
        let count = &answer.arguments["subnet[5].assigned-addresses"][0][0];
        assert_eq!(*count, json!(20), "{product:?}");
    }
}

/// Rows that somebody else has changed count, and are not overwritten.
#[test]
fn the_rows_of_others_count() {
    if !is_ours() {
        return;
    }
    for product in DatabaseProduct::ALL {
        let (_lab, client_ns, database, server) = served(product, &json!({}));
        let mut client = RawClient4::open(&client_ns, "eth0").unwrap();
        let number = |last: u8| u32::from(Ipv4Addr::new(192, 0, 2, last));
        let theirs = match product {
            DatabaseProduct::Mysql => "x'02000000AAAA'",
            DatabaseProduct::Postgresql => "'\\x02000000AAAA'",
        };
        let end = match product {
            DatabaseProduct::Mysql => "FROM_UNIXTIME(2000000000)",
            DatabaseProduct::Postgresql => "TO_TIMESTAMP(2000000000)",
        };
        let flag = |value: bool| match (product, value) {
            (DatabaseProduct::Mysql, value) => u8::from(value).to_string(),
            (DatabaseProduct::Postgresql, value) => value.to_string(),
        };
        let insert = |last: u8| {
            let (no, address) = (flag(false), number(last));
            database.run(&format!(
                "INSERT INTO lease4 (address, hwaddr, valid_lifetime, expire, subnet_id, fqdn_fwd, \
                 fqdn_rev, hostname, state) VALUES ({address}, {theirs}, 3600, {end}, 5, {no}, {no}, \
                 '', 0)"
            ))
        };
        let holder = |last: u8| {
            let address = number(last).to_string();
            let found = rows(&database, 4).into_iter().find(|row| row[0] == address);
            found.map(|row| row[1].clone())
        };

        // Another server has given the address away.
        insert(30).unwrap();
        let mark = server.process().mark();
        let query = request(1, 1, [192, 0, 2, 30]);
        assert_eq!(kind(&mut client, &query, LIMIT), Some(MessageType::Nak), "{product:?}");
        assert!(server.logged(mark, "DHCPSRV_SQL_LEASE_CHANGED_BY_OTHERS", LIMIT).is_some());
        assert_eq!(holder(30).as_deref(), Some("02000000aaaa"));

        // Another server has taken the address back, and given it to another client.
        let query = request(2, 2, [192, 0, 2, 31]);
        assert_eq!(kind(&mut client, &query, LIMIT), Some(MessageType::Ack));
        let update = format!("UPDATE lease4 SET hwaddr = {theirs} WHERE address = {}", number(31));
        database.run(&update).unwrap();
        let query = Packet4 { xid: 3, ..query };
        assert_eq!(kind(&mut client, &query, LIMIT), Some(MessageType::Nak), "{product:?}");
        assert_eq!(holder(31).as_deref(), Some("02000000aaaa"));

        // An operator has deleted the row: the client may have its lease again.
        let query = request(3, 4, [192, 0, 2, 32]);
        assert_eq!(kind(&mut client, &query, LIMIT), Some(MessageType::Ack));
        database.run(&format!("DELETE FROM lease4 WHERE address = {}", number(32))).unwrap();
        let query = Packet4 { xid: 5, ..query };
        assert_eq!(kind(&mut client, &query, LIMIT), Some(MessageType::Ack), "{product:?}");
        assert_eq!(holder(32).as_deref(), Some("020000000003"));

        // What the schema does not take is nobody's lease, and in nobody's way.
        let mark = server.process().mark();
        let long = request(4, 6, [192, 0, 2, 33]).with_option(61, &[7; 129]);
        if product == DatabaseProduct::Mysql {
            assert_eq!(kind(&mut client, &long, SILENCE), None);
            server.logged(mark, "DHCPSRV_SQL_LEASE_REFUSED", LIMIT).unwrap();
            assert_eq!(holder(33), None);
        }
        let query = request(5, 7, [192, 0, 2, 34]);
        assert_eq!(kind(&mut client, &query, LIMIT), Some(MessageType::Ack), "{product:?}");
    }
}

#[test]
fn a_connection_that_is_ended_is_opened_again() {
    if !is_ours() {
        return;
    }
    for product in DatabaseProduct::ALL {
        let (_lab, client_ns, database, server) = served(product, &json!({}));
        let mut client = RawClient4::open(&client_ns, "eth0").unwrap();
        for number in 1..=3 {
            assert!(database.end_connections().unwrap() >= 1, "{product:?}");
            let mark = server.process().mark();
            let query = request(number, number.into(), [192, 0, 2, 20 + number]);
            assert_eq!(kind(&mut client, &query, LIMIT), Some(MessageType::Ack), "{product:?}");
            server.logged(mark, "DHCP4_DB_RECONNECT_SUCCEEDED", LIMIT).unwrap();
            assert_eq!(rows(&database, 4).len(), usize::from(number));
        }
    }
}

/// `on-fail`, with attempts and without.
#[test]
fn an_outage_is_lived_through_as_configured() {
    if !is_ours() {
        return;
    }
    for product in DatabaseProduct::ALL {
        let mut lab = Lab::new().unwrap();
        let (server_ns, client_ns) = lab.pair().unwrap();
        let mut database = DatabaseServer::start_in(product, &server_ns).unwrap();
        let mut client = RawClient4::open(&client_ns, "eth0").unwrap();
        let patient = json!({ "max-reconnect-tries": 1000, "reconnect-wait-time": 50 });
        for on_fail in ["stop-retry-exit", "serve-retry-exit", "serve-retry-continue"] {
            let mut settings = patient.clone();
            settings["on-fail"] = on_fail.into();
            database.run("DELETE FROM lease4").unwrap();
            let mut server = start(Subject::Ours, 4, &server_ns, &database, &settings);
            database.stop().unwrap();
            let mark = server.process().mark();
            let query = request(1, 1, [192, 0, 2, 21]);
            assert_eq!(kind(&mut client, &query, SILENCE), None, "{product:?} {on_fail}");
            server.logged(mark, "DHCP4_DB_RECONNECT_LOST_CONNECTION", LIMIT).unwrap();
            let discover = Packet4::query(MessageType::Discover, mac(2), 2);
            let offer = kind(&mut client, &discover, SILENCE);
            let served = (on_fail != "stop-retry-exit").then_some(MessageType::Offer);
            assert_eq!(offer, served, "{product:?} {on_fail}");
            assert!(server.control().command("status-get", Value::Null).is_ok());
            let mark = server.process().mark();
            database.start_again().unwrap();
            server.logged(mark, "DHCP4_DB_RECONNECT_SUCCEEDED", LIMIT).unwrap();
            let query = request(1, 3, [192, 0, 2, 21]);
            assert_eq!(kind(&mut client, &query, LIMIT), Some(MessageType::Ack), "{product:?}");
            assert_eq!(rows(&database, 4).len(), 1, "{product:?} {on_fail}");
            assert!(server.stop().unwrap().success());
        }
        // Kea does not try at all by default, nor without a time between attempts.
        for settings in [
            json!({}),
            json!({ "max-reconnect-tries": 5 }),
            json!({ "max-reconnect-tries": 2, "reconnect-wait-time": 20 }),
        ] {
            let mut server = start(Subject::Ours, 4, &server_ns, &database, &settings);
            database.stop().unwrap();
            client.broadcast(&request(1, 1, [192, 0, 2, 21])).unwrap();
            let status = server.ends_within(LIMIT).unwrap();
            assert_eq!(status.and_then(|status| status.code()), Some(1), "{product:?} {settings}");
            let text = server.process().text();
            assert!(text.contains("DHCP4_DB_RECONNECT_FAILED"), "{text}");
            database.start_again().unwrap();
        }
    }
}

/// What stands in the way at start is said, and the server ends.
#[test]
fn a_database_that_cannot_be_used_is_named_at_start() {
    if !is_ours() {
        return;
    }
    for product in DatabaseProduct::ALL {
        let mut lab = Lab::new().unwrap();
        let (server_ns, _) = lab.pair().unwrap();
        let mut database = DatabaseServer::start_in(product, &server_ns).unwrap();
        let refusal = |database: &DatabaseServer, settings: &Value| {
            let setup = ServerSetup::new(Subject::Ours, 4).unwrap();
            let config = config(4, database, settings);
            setup.write_config(&setup.config(&config).to_string()).unwrap();
            let refusal = setup.try_start(&server_ns).unwrap().unwrap_err();
            assert_eq!(refusal.status.code(), Some(1), "{}", refusal.text);
            refusal.text
        };
        let word = product.word();
        let place = "database keatest on 127.0.0.1: ";
        let wrong = refusal(&database, &json!({ "password": "wrong" }));
        assert!(wrong.contains("the lease database cannot be opened: "), "{wrong}");
        assert!(wrong.contains(place) && wrong.contains("keatest"), "{wrong}");
        let opening =
            format!("name=keatest password=***** port={} type={word}", database.access()["port"]);
        assert!(wrong.contains(&opening) && !wrong.contains("password=wrong"), "{wrong}");
        let nowhere = refusal(&database, &json!({ "name": "nowhere" }));
        assert!(nowhere.contains("database nowhere on 127.0.0.1: "), "{nowhere}");

        database.run("UPDATE schema_version SET version = 9").unwrap();
        let needed = if product == DatabaseProduct::Mysql { "14.0" } else { "13.0" };
        let schema = refusal(&database, &json!({}));
        let expected = format!("the schema has version 9.0, but {needed} is needed");
        assert!(schema.contains(&expected), "{schema}");

        database.stop().unwrap();
        let begin = Instant::now();
        let away = refusal(&database, &json!({}));
        assert!(away.contains(place) && begin.elapsed() < LIMIT, "{away}");
        let retried = json!({
            "retry-on-startup": true, "max-reconnect-tries": 3, "reconnect-wait-time": 10,
        });
        let away = refusal(&database, &retried);
        assert_eq!(away.matches("LEASE_DB_RECONNECT_ATTEMPT_SCHEDULE").count(), 3, "{away}");
    }
}
