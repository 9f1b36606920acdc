//! Explanations: every stage of the corridor tells what it decided and why, and nothing is changed.

use std::sync::Arc;

use kea_config::Snapshot;
use kea_config::document::{Document, NoIncludes};
use kea_dhcp::Serving;
use kea_dhcp::pipeline::explain::{Explanation, explain};
use kea_dhcp::pipeline::{Arrival, Question, Unaskable};
use kea_hooks::Hooks;
use kea_lease::{Lease, Leases, V4Owner};
use kea_log::Silent;
use kea_wire::{Duid, HwAddr, V4, V6};

const NOW: i64 = 1_700_000_000;

const CONFIG4: &str = r#"{ "Dhcp4": {
    "early-global-reservations-lookup": false,
    "client-classes": [
        { "name": "phones", "test": "substring(option[60].hex, 0, 6) == 'Aastra'", "boot-file-name": "phone.bin",
          "option-data": [ { "name": "domain-name", "data": "phones.example" } ] },
        { "name": "idle", "test": "option[93].exists or option[60].text == 'x'" },
        { "name": "broken", "test": "addrtotext(option[60].hex) == ''", "valid-lifetime": 1 },
        { "name": "late", "test": "member('KNOWN')", "valid-lifetime": 1800 },
        { "name": "vip" },
        { "name": "extra", "test": "member('vip')", "only-in-additional-list": true,
          "option-data": [ { "name": "time-servers", "data": "192.0.2.9", "always-send": true } ] },
        { "name": "per-maker", "template-test": "substring(option[60].hex, 0, 3)" } ],
    "option-data": [ { "name": "domain-name-servers", "data": "192.0.2.53" } ],
    "shared-networks": [ { "name": "floor", "relay": { "ip-addresses": [ "10.0.0.1" ] },
        "option-data": [ { "name": "ntp-servers", "data": "192.0.2.123" } ],
        "subnet4": [
          { "id": 3, "subnet": "198.51.100.0/24", "client-class": "idle", "pools": [ { "pool": "198.51.100.10 - 198.51.100.20" } ] },
          { "id": 4, "subnet": "192.0.2.0/24", "evaluate-additional-classes": [ "extra", "vip", "nowhere" ],
            "option-data": [ { "name": "routers", "data": "192.0.2.1" } ],
            "pools": [ { "pool": "192.0.2.10 - 192.0.2.20", "client-class": "idle" },
                       { "pool": "192.0.2.30 - 192.0.2.40", "client-class": "late",
                         "option-data": [ { "name": "boot-file-name", "data": "pool.bin" } ] } ],
            "reservations": [ { "hw-address": "02:00:00:00:00:01", "client-classes": [ "vip" ], "hostname": "desk" } ] } ] } ],
    "subnet4": [ { "id": 9, "subnet": "10.9.0.0/16", "client-class": "vip" } ] } }"#;

const CONFIG6: &str = r#"{ "Dhcp6": {
    "server-id": { "type": "LL", "htype": 1, "identifier": "020000000001" },
    "client-classes": [
        { "name": "port7", "test": "relay6[0].option[18].hex == 'port7'", "preferred-lifetime": 700,
          "option-data": [ { "name": "dns-servers", "data": "2001:db8::7" } ] } ],
    "option-data": [ { "name": "domain-search", "data": "example.org" } ],
    "subnet6": [ { "id": 1, "subnet": "2001:db8:1::/64", "valid-lifetime": 1000,
        "pools": [ { "pool": "2001:db8:1::10 - 2001:db8:1::1f", "client-class": "port7" } ],
        "pd-pools": [ { "prefix": "2001:db8:8::", "prefix-len": 48, "delegated-len": 56 } ],
        "reservations": [ { "duid": "00:03:00:01:02:00:00:00:00:77", "prefixes": [ "2001:db8:8:100::/56" ] } ] } ] } }"#;

fn load<F: Serving>(text: &str) -> Snapshot<F> {
    let (document, _) = Document::parse("test", text.as_bytes(), &NoIncludes).unwrap();
    kea_config::load::<F>(&Arc::new(document)).map_err(|e| e.render()).unwrap().0
}

fn asked<F: Serving>(
    config: &Snapshot<F>,
    leases: &Leases<F>,
    question: &Question<F>,
) -> Explanation {
    let payload = F::ask(question).unwrap();
    let relay = F::relay_of(&payload);
    let arrival = Arrival {
        interface: "eth0",
        interface_index: 2,
        interface_address: None,
        source: relay.unwrap_or(F::DIRECT),
        source_port: F::SERVER_PORT,
        destination: F::EVERY_SERVER,
        link_source: None,
        carrier: None,
    };
    explain(config, leases, &none(), &arrival, &payload, (NOW, 0))
}

fn none<F: Serving>() -> Hooks<F> {
    Hooks::new(&[], Silent)
}

fn leases<F: Serving>(config: &Snapshot<F>) -> Leases<F> {
    let leases = Leases::new();
    leases.configure(&config.lease_specs());
    leases
}

/// The explanation without what would be logged.
fn lines(explanation: &Explanation) -> Vec<String> {
    let text = explanation.to_string();
    text.lines().filter(|line| !line.starts_with("log ")).map(str::to_owned).collect()
}

fn phone(hw_addr: &str) -> Question<V4> {
    Question {
        hw_addr: Some(hw_addr.parse().unwrap()),
        relay: Some("10.0.0.1".parse().unwrap()),
        options: vec![(60, b"Aastra 57i".to_vec()), (55, vec![3, 6, 15, 42, 67])],
        ..Question::default()
    }
}

#[test]
fn a_reserved_phone_is_explained_from_its_classes_to_its_options() {
    let config = load::<V4>(CONFIG4);
    let leases = leases(&config);
    let explanation = asked(&config, &leases, &phone("02:00:00:00:00:01"));
    assert_eq!(
        lines(&explanation),
        [
            "class ALL: joined, every client is in it",
            "class VENDOR_CLASS_Aastra 57i: joined, by the vendor class that the client sent",
            "class phones: joined, its test is true",
            "    test substring(option[60].hex, 0, 6) == 'Aastra'",
            "      option[60] is 0x41617374726120353769",
            "      constant '0'",
            "      constant '6'",
            "      length 6 from 0 of 0x41617374726120353769 gives 0x416173747261",
            "      constant 'Aastra'",
            "      0x416173747261 == 0x416173747261 gives 'true'",
            "class idle: not joined, its test is false",
            "    test option[93].exists or option[60].text == 'x'",
            "      option[93] is 'false'",
            "      option[60] is 'Aastra 57i'",
            "      constant 'x'",
            "      0x78 == 0x41617374726120353769 gives 'false'",
            "      'false' or 'false' gives 'false'",
            "class broken: not joined, its test failed: addrtotext does not take a value of 10 octets",
            "    test addrtotext(option[60].hex) == ''",
            "      option[60] is 0x41617374726120353769",
            "class per-maker: joined, its test is true",
            "    test substring(option[60].hex, 0, 3)",
            "      option[60] is 0x41617374726120353769",
            "      constant '0'",
            "      constant '3'",
            "      length 3 from 0 of 0x41617374726120353769 gives 0x416173",
            "class SPAWN_per-maker_Aas: joined, by the value of the template",
            "subnet 3 (198.51.100.0/24 of shared network floor): passed over, it lets in only idle",
            "subnet 4 (192.0.2.0/24 of shared network floor): selected",
            "reservation: of subnet 4, hw-address 02:00:00:00:00:01, name desk, classes vip",
            "class KNOWN: joined, the client has a reservation",
            "class late: joined, its test is true",
            "    test member('KNOWN')",
            "      member('KNOWN') gives 'true'",
            "pool 192.0.2.10-192.0.2.20 of subnet 4: closed, it lets in only idle",
            "pool 192.0.2.30-192.0.2.40 of subnet 4: open to the client, it lets in only late",
            "pool 198.51.100.10-198.51.100.20 of subnet 3: closed as its subnet is",
            "lease 192.0.2.30 of subnet 4, pool 192.0.2.30-192.0.2.40, valid for 1800 s",
            "class vip: joined, by the client's reservation",
            "class extra: joined, its test is true",
            "    test member('vip')",
            "      member('vip') gives 'true'",
            "class vip: not evaluated, the client is in it already",
            "class nowhere: not evaluated, it is not defined",
            "answer DHCPOFFER",
            "    yiaddr = 192.0.2.30",
            "    giaddr = 10.0.0.1",
            "    file = phone.bin",
            "    option 53 dhcp-message-type = 2    from server",
            "    option 1 subnet-mask = 255.255.255.0    from server",
            "    option 3 routers = 192.0.2.1    from subnet 4",
            "    option 4 time-servers = 192.0.2.9    from class extra",
            "    option 6 domain-name-servers = 192.0.2.53    from global",
            "    option 12 host-name = desk    from server",
            "    option 15 domain-name = phones.example    from class phones",
            "    option 42 ntp-servers = 192.0.2.123    from shared network floor",
            "    option 51 dhcp-lease-time = 1800    from server",
            "    option 54 dhcp-server-identifier = 0.0.0.0    from server",
            "    option 67 boot-file-name = pool.bin    from pool 192.0.2.30-192.0.2.40",
            "sent to 10.0.0.1, port 67",
        ]
    );
    assert_eq!(explanation.summary(), "DHCPOFFER with 192.0.2.30");
    // Everything that the server would log is told as well.
    let text = explanation.to_string();
    for message in ["DHCP4_PACKET_RECEIVED", "DHCP4_SUBNET_SELECTED", "DHCP4_LEASE_ADVERT"] {
        assert!(text.contains(&format!("log {message} ")), "{message}");
    }
}

#[test]
fn who_gets_nothing_is_told_why() {
    let config = load::<V4>(CONFIG4);
    let leases = leases(&config);
    let stranger = asked(&config, &leases, &phone("02:00:00:00:00:02"));
    assert!(lines(&stranger).contains(&"reservation: none".to_owned()));
    assert_eq!(stranger.summary(), "no answer: no address is left to offer");
    let elsewhere =
        Question { relay: Some("10.9.0.1".parse().unwrap()), ..phone("02:00:00:00:00:01") };
    let elsewhere = asked(&config, &leases, &elsewhere);
    let told = lines(&elsewhere);
    assert!(told.contains(&"subnet 9 (10.9.0.0/16): passed over, it lets in only vip".to_owned()));
    assert!(told.contains(&"subnet: none fits".to_owned()), "{told:?}");
    assert_eq!(elsewhere.summary(), "no answer: no subnet serves the place it came from");
}

#[test]
fn asking_changes_nothing() {
    let config = load::<V4>(CONFIG4);
    let leases = leases(&config);
    let hw_addr: HwAddr = "02:00:00:00:00:01".parse().unwrap();
    let owner = V4Owner { hw_addr, client_id: None };
    let address = "192.0.2.33".parse().unwrap();
    leases.at(address).put(&Lease::new(address, kea_lease::SubnetId(4), owner, 600, NOW - 60));
    let before = leases.page(None, 100);
    for message_type in ["discover", "request", "release", "decline", "inform"] {
        let mut question = phone("02:00:00:00:00:01");
        question.message_type = Some(message_type.to_owned());
        if message_type == "decline" {
            question.options.push((50, vec![192, 0, 2, 33]));
        }
        let first = asked(&config, &leases, &question);
        assert_eq!(asked(&config, &leases, &question), first, "{message_type}");
        assert_eq!(leases.page(None, 100), before, "{message_type}");
    }
    // What was explained as granted is still free for whoever is next.
    let granted = asked(&config, &leases, &phone("02:00:00:00:00:01"));
    assert_eq!(granted.summary(), "DHCPOFFER with 192.0.2.33");
}

#[test]
fn two_associations_get_two_addresses_although_none_is_stored() {
    let config = load::<V6>(CONFIG6);
    let leases = leases(&config);
    let association = |code: u16, iaid: u8| (code, [&[0, 0, 0, iaid][..], &[0; 8]].concat());
    let question = Question::<V6> {
        message_type: Some("request".into()),
        client_id: Some(vec![0, 3, 0, 1, 2, 0, 0, 0, 0, 0x77]),
        relay: Some("2001:db8:1::1".parse().unwrap()),
        port: Some(b"port7".to_vec()),
        options: vec![
            association(3, 1),
            association(3, 2),
            association(25, 3),
            (2, config.specific.duid.as_ref().map_or(SERVER_DUID, Duid::octets).to_vec()),
        ],
        ..Question::default()
    };
    let mut config = config;
    config.specific.duid = Duid::new(SERVER_DUID);
    let explanation = asked(&config, &leases, &question);
    let told = lines(&explanation);
    for line in [
        "class port7: joined, its test is true",
        "subnet 1 (2001:db8:1::/64): selected",
        "reservation: of subnet 1, duid 00:03:00:01:02:00:00:00:00:77, 2001:db8:8:100::/56",
        "pool 2001:db8:1::10-2001:db8:1::1f of subnet 1: open to the client, it lets in only port7",
        "pool 2001:db8:8::-2001:db8:8:ffff:ffff:ffff:ffff:ffff by /56 of subnet 1: open to the client",
        "lease 2001:db8:1::10 of subnet 1, pool 2001:db8:1::10-2001:db8:1::1f, valid for 1000 s, preferred for 700 s",
        "lease 2001:db8:1::11 of subnet 1, pool 2001:db8:1::10-2001:db8:1::1f, valid for 1000 s, preferred for 700 s",
        "lease 2001:db8:8:100::/56 of subnet 1, pool 2001:db8:8::-2001:db8:8:ffff:ffff:ffff:ffff:ffff by /56, valid for 1000 s, preferred for 700 s",
        "    option 23 dns-servers = 2001:db8::7    from class port7",
        "    option 24 domain-search = example.org.    from global",
    ] {
        assert!(
            told.iter().any(|known| known == line),
            "{line}\n\nis not in\n\n{}",
            told.join("\n")
        );
    }
    assert!(leases.is_empty());
    assert_eq!(asked(&config, &leases, &question), explanation);
}

const SERVER_DUID: &[u8] = &[0, 3, 0, 1, 2, 0, 0, 0, 0, 1];

#[test]
fn programs_get_the_steps_as_json() {
    let config = load::<V4>(CONFIG4);
    let json = asked(&config, &leases(&config), &phone("02:00:00:00:00:01")).to_json();
    let steps = json.as_array().unwrap();
    let step = |name: &str| steps.iter().find(|step| step["step"] == name).unwrap();
    let class = |name: &str| steps.iter().find(|step| step["class"] == name).unwrap();
    assert_eq!(class("late")["member"], true);
    assert_eq!(class("idle")["because"][0]["id"], "EVAL_DEBUG_OPTION");
    assert_eq!(class("broken")["member"], false);
    assert_eq!(step("subnet")["subnet"]["id"], 4);
    assert_eq!(step("subnet-passed-over")["client-classes"][0], "idle");
    assert_eq!(step("reservations")["reservations"][0]["client-classes"][0], "vip");
    assert_eq!(step("pools")["pools"][1]["open"], true);
    assert_eq!(step("lease")["ip-address"], "192.0.2.30");
    assert_eq!(step("lease")["valid-lft"], 1800);
    assert_eq!(step("answer")["message-type"], "DHCPOFFER");
    assert_eq!(step("answer")["fields"]["file"], "phone.bin");
    let options = step("answer")["options"].as_array().unwrap();
    let routers = options.iter().find(|option| option["code"] == 3).unwrap();
    assert_eq!((&routers["name"], &routers["origin"]), (&"routers".into(), &"subnet 4".into()));
    assert_eq!(step("sent")["port"], 67);
}

#[test]
fn questions_that_make_no_query_are_refused() {
    let nobody = Question::<V4>::default();
    assert!(matches!(V4::ask(&nobody), Err(Unaskable::NoClient { .. })));
    assert!(matches!(V6::ask(&Question::default()), Err(Unaskable::NoClient { .. })));
    let mut odd = phone("02:00:00:00:00:01");
    odd.options.push((300, Vec::new()));
    assert_eq!(V4::ask(&odd), Err(Unaskable::OptionCode(300)));
    odd.message_type = Some("offer".into());
    assert_eq!(V4::ask(&odd), Err(Unaskable::MessageType("offer".into())));
}
