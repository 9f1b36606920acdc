//! What the DNS is told in the course of an exchange.

use kea_ddns::NameChange::{Add, Remove};
use kea_ddns::{ConflictResolution, NameChange, NameChangeRequest};
use kea_testkit::Packet4;
use kea_testkit::scenario::{Scenario, play};
use libtest_mimic::{Failed, Trial};

use super::InProcess;

/// The tests of this module.
pub(crate) fn trials() -> Vec<Trial> {
    let test = |name: &str, run: fn() -> Result<(), Failed>| {
        Trial::test(format!("name-changes::{name}"), run)
    };
    vec![
        test("a-lease-with-a-name-is-announced", announced),
        test("times-to-live-are-as-configured", times),
        test("how-owners-are-checked-is-as-configured", checks),
        test("a-name-is-of-the-hardware-address-where-identifiers-do-not-count", identified),
        test("a-renewal-tells-only-what-changed", renewed),
        test("renewals-are-told-where-that-is-wanted", told_at_renewals),
        test("who-gives-an-address-back-loses-the-name", given_back),
        test("an-expired-lease-loses-its-name", expired),
        test("who-comes-back-late-with-another-name-loses-the-old-one", late),
        test("a-new-holder-takes-the-names-of-the-old-one-away", taken_over),
        test("nobody-is-told-where-updates-are-off", off),
    ]
}

/// When the clock of a test begins.
const NOW: i64 = 1_700_000_000;
const CLIENT: &str = "client A mac 02:00:00:00:00:0a\nclient B mac 02:00:00:00:00:0b\n\
                      client C mac 02:00:00:00:00:0c client-id 01:aa\n";
/// Flags E and S, the partial name alice.
const ALICE: &str = "    option 81 = 05:00:00:05:61:6c:69:63:65\n";
const RENEW: &str = "send request A\n    ciaddr 192.0.2.10\n";

/// Plays steps on a subnet with one address, and gives what the DNS was told.
fn requests(extra: &str, steps: &str) -> Result<Vec<NameChangeRequest>, Failed> {
    let config = format!(
        "config\n    {{ \"dhcp-ddns\": {{ \"enable-updates\": true }},\n      \
         \"ddns-qualifying-suffix\": \"example.org\", \"valid-lifetime\": 6000, {extra}\n      \
         \"subnet4\": [ {{ \"id\": 1, \"subnet\": \"192.0.2.0/24\",\n      \
         \"pools\": [ {{ \"pool\": \"192.0.2.10 - 192.0.2.10\" }} ] }} ] }}\n"
    );
    let text = format!("title t\nsource s\n\n{config}\n{CLIENT}\n{steps}");
    let scenario =
        Scenario::parse(&text).map_err(|e| format!("line {}: {}\n{text}", e.line, e.why))?;
    let mut backend = InProcess::new()?;
    play::<Packet4>(&scenario, &mut backend)
        .map_err(|e| format!("line {}: {}\n{text}", e.line, e.why))?;
    Ok(backend.name_changes())
}

/// Change, name, and the two directions of each request.
fn gist(requests: &[NameChangeRequest]) -> Vec<(NameChange, String, bool, bool)> {
    let gist = |r: &NameChangeRequest| (r.change, r.fqdn.to_string(), r.forward, r.reverse);
    requests.iter().map(gist).collect()
}

/// As [`gist`] gives it, for both directions.
fn both(change: NameChange, name: &str) -> (NameChange, String, bool, bool) {
    (change, name.to_owned(), true, true)
}

fn announced() -> Result<(), Failed> {
    // An offer tells nobody anything.
    let told = requests("", &format!("lease A 192.0.2.10\n{ALICE}"))?;
    assert_eq!(gist(&told), [both(Add, "alice.example.org.")]);
    let [request] = &told[..] else { return Err("one request expected".into()) };
    assert_eq!(request.address, "192.0.2.10".parse::<std::net::IpAddr>().unwrap_or([0; 4].into()));
    // A third of the lifetime, from the moment at which the client was heard.
    assert_eq!((request.ttl, request.expires), (2000, 1_700_002_000));
    assert_eq!(request.dhcid.octets()[..3], [0, 0, 1]);
    let told =
        requests("\"ddns-ttl-percent\": 0.5,", "lease A 192.0.2.10\n    option host-name = bob\n")?;
    assert_eq!(gist(&told), [both(Add, "bob.example.org.")]);
    assert_eq!(told[0].ttl, 3000);
    // A third of 1200, but ten minutes at least.
    let short = "\"max-valid-lifetime\": 6000, \"min-valid-lifetime\": 1200,";
    let told =
        requests(short, &format!("lease A 192.0.2.10\n{ALICE}    option lease-time = 1200\n"))?;
    assert_eq!((told[0].ttl, told[0].expires), (600, 1_700_000_600));
    Ok(())
}

fn times() -> Result<(), Failed> {
    // Of 6000 seconds.
    for (extra, expected) in [
        ("\"ddns-ttl\": 77,", 77),
        ("\"ddns-ttl-min\": 2500,", 2500),
        ("\"ddns-ttl-max\": 1500,", 1500),
        ("\"ddns-ttl-percent\": 0.5, \"ddns-ttl-max\": 2900,", 2900),
        ("\"ddns-ttl-percent\": 0.1, \"ddns-ttl-min\": 700,", 700),
        ("\"ddns-ttl-percent\": 0.1, \"ddns-ttl-min\": 500, \"ddns-ttl-max\": 700,", 600),
    ] {
        let told = requests(extra, &format!("lease A 192.0.2.10\n{ALICE}"))?;
        assert_eq!(
            (told[0].ttl, told[0].expires),
            (expected, NOW + i64::from(expected)),
            "{extra}"
        );
    }
    Ok(())
}

fn checks() -> Result<(), Failed> {
    for (mode, expected) in [
        ("check-with-dhcid", ConflictResolution::CheckWithDhcid),
        ("no-check-with-dhcid", ConflictResolution::NoCheckWithDhcid),
        ("check-exists-with-dhcid", ConflictResolution::CheckExistsWithDhcid),
        ("no-check-without-dhcid", ConflictResolution::NoCheckWithoutDhcid),
    ] {
        let extra = format!("\"ddns-conflict-resolution-mode\": \"{mode}\",");
        let told = requests(&extra, &format!("lease A 192.0.2.10\n{ALICE}"))?;
        assert_eq!(told[0].conflict_resolution, expected, "{mode}");
    }
    Ok(())
}

fn identified() -> Result<(), Failed> {
    // The first octets of a DHCID say what it is made of (RFC 4701 section 3.3).
    for (extra, kind) in [("", [0, 1, 1]), ("\"match-client-id\": false,", [0, 0, 1])] {
        let told = requests(extra, &format!("lease C 192.0.2.10\n{ALICE}"))?;
        assert_eq!(told[0].dhcid.octets()[..3], kind);
    }
    Ok(())
}

fn renewed() -> Result<(), Failed> {
    let same = format!("{RENEW}{ALICE}expect ack\n");
    let other = format!("{RENEW}    option host-name = bob\nexpect ack\n");
    let told = requests("", &format!("lease A 192.0.2.10\n{ALICE}{same}{other}"))?;
    assert_eq!(
        gist(&told),
        [
            both(Add, "alice.example.org."),
            both(Remove, "alice.example.org."),
            both(Add, "bob.example.org."),
        ]
    );
    Ok(())
}

fn told_at_renewals() -> Result<(), Failed> {
    let same = format!("{RENEW}{ALICE}expect ack\n");
    let told = requests(
        "\"ddns-update-on-renew\": true,",
        &format!("lease A 192.0.2.10\n{ALICE}advance 5\n{same}"),
    )?;
    let add = both(Add, "alice.example.org.");
    assert_eq!(gist(&told), [add.clone(), add]);
    assert_eq!(told[1].expires, 1_700_002_005);
    Ok(())
}

fn given_back() -> Result<(), Failed> {
    for goodbye in [
        "send release A\n    ciaddr 192.0.2.10\nexpect none\n",
        "send decline A\n    option requested-address = 192.0.2.10\nexpect none\n",
    ] {
        let told = requests("", &format!("lease A 192.0.2.10\n{ALICE}{goodbye}"))?;
        let name = "alice.example.org.";
        assert_eq!(gist(&told), [both(Add, name), both(Remove, name)]);
    }
    Ok(())
}

fn expired() -> Result<(), Failed> {
    let reclaim = r#"{ "command": "leases-reclaim", "arguments": { "remove": true } }"#;
    let told = requests(
        "",
        &format!("lease A 192.0.2.10\n{ALICE}advance 6001\ncommand {reclaim}\nexpect result 0\n"),
    )?;
    let name = "alice.example.org.";
    assert_eq!(gist(&told), [both(Add, name), both(Remove, name)]);
    Ok(())
}

fn late() -> Result<(), Failed> {
    let (name, other) = ("alice.example.org.", "bob.example.org.");
    let add = both(Add, name);
    for (said, then) in [
        ("", vec![both(Remove, name)]),
        ("    option host-name = bob\n", vec![both(Remove, name), both(Add, other)]),
        // The name stays, and its time begins again.
        (ALICE, vec![add.clone()]),
    ] {
        let told = requests(
            "",
            &format!("lease A 192.0.2.10\n{ALICE}advance 6001\n{RENEW}{said}expect ack\n"),
        )?;
        assert_eq!(gist(&told), [std::slice::from_ref(&add), &then[..]].concat());
    }
    Ok(())
}

fn taken_over() -> Result<(), Failed> {
    let told =
        requests("", &format!("lease A 192.0.2.10\n{ALICE}advance 6001\nlease B 192.0.2.10\n"))?;
    let name = "alice.example.org.";
    assert_eq!(gist(&told), [both(Add, name), both(Remove, name)]);
    Ok(())
}

fn off() -> Result<(), Failed> {
    for extra in [
        "\"ddns-send-updates\": false,",
        "\"client-classes\": [ { \"name\": \"SKIP_DDNS\", \"test\": \"member('ALL')\" } ],",
    ] {
        assert_eq!(requests(extra, &format!("lease A 192.0.2.10\n{ALICE}"))?, []);
    }
    Ok(())
}
