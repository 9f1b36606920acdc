//! Expressions over packets, seen in the options of answers: what Kea 2.2 made of them is on record, and
//! each server is asked again. Then the explanations of our server.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use kea_testkit::v6::{self, Packet6};
use kea_testkit::{Frame, Lab, Message, Netns, Packet4, RawClient, Server, ServerSetup, Subject};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(20);
const RECORD: &str = include_str!("../../expr/tests/data/kea22-classes.json");
const DIFFERENCES: &str = include_str!("../../expr/tests/data/kea22-differences.txt");

/// One packet of the record: its octets, where it is from, and what Kea made of each expression.
struct Recorded {
    name: String,
    octets: Vec<u8>,
    port: u16,
    results: Vec<char>,
}

/// How members of the n-th class of a round are recognised in answers of a protocol.
trait Shown: Message {
    /// The code of the first class's option. As many codes follow as a round has classes.
    const FIRST_CODE: u16;
    /// Classes of one round.
    const ROUND: usize;
    const CLIENT: &'static str;
    const SERVER: &'static str;

    fn subnets() -> Value;
    fn has(&self, code: u16) -> bool;
    fn transaction(octets: &[u8]) -> u32;
}

impl Shown for Packet4 {
    const FIRST_CODE: u16 = 224;
    const ROUND: usize = 31;
    const CLIENT: &'static str = "10.77.0.2";
    const SERVER: &'static str = "10.77.0.1";

    fn subnets() -> Value {
        json!([{ "id": 1, "subnet": "10.77.0.0/24", "pools": [{ "pool": "10.77.0.40 - 10.77.0.60" }] }])
    }

    fn has(&self, code: u16) -> bool {
        u8::try_from(code).is_ok_and(|code| self.option(code).is_some())
    }

    fn transaction(octets: &[u8]) -> u32 {
        u32::from_be_bytes(octets[4..8].try_into().unwrap())
    }
}

impl Shown for Packet6 {
    const FIRST_CODE: u16 = 40_000;
    const ROUND: usize = 100;
    const CLIENT: &'static str = "fe80::77";
    const SERVER: &'static str = "ff02::1:2";

    fn subnets() -> Value {
        json!([{ "id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0",
                 "pools": [{ "pool": "2001:db8:1::40 - 2001:db8:1::60" }],
                 "pd-pools": [{ "prefix": "2001:db8:8::", "prefix-len": 48, "delegated-len": 56 }] }])
    }

    fn has(&self, code: u16) -> bool {
        self.option(code).is_some()
    }

    /// Of the message inside all relays.
    fn transaction(mut octets: &[u8]) -> u32 {
        while octets[0] == 12 {
            let mut options = &octets[34..];
            loop {
                let number = |at: usize| u16::from_be_bytes([options[at], options[at + 1]]);
                let (code, len) = (number(0), usize::from(number(2)));
                if code == 9 {
                    octets = &options[4..4 + len];
                    break;
                }
                options = &options[4 + len..];
            }
        }
        u32::from_be_bytes([0, octets[1], octets[2], octets[3]])
    }
}

fn record(version: u8) -> (Vec<String>, Vec<Recorded>) {
    let record: Value = serde_json::from_str(RECORD).unwrap();
    let record = &record[version.to_string()];
    let expressions = record["expressions"].as_array().unwrap();
    // The interface of the recording had another name.
    let text = |it: &Value| it.as_str().unwrap().replace("'srv0'", "'eth0'");
    let packets = record["packets"].as_array().unwrap().iter().map(|packet| {
        let hex = packet["octets"].as_str().unwrap().as_bytes();
        let digit = |digit: u8| char::from(digit).to_digit(16).unwrap() as u8;
        let is_relayed = packet["relayed"] == true;
        Recorded {
            name: packet["name"].as_str().unwrap().to_owned(),
            octets: hex.chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect(),
            port: match (version, is_relayed) {
                (4, false) => 68,
                (4, true) => 67,
                (_, false) => 546,
                (_, true) => 547,
            },
            results: packet["results"].as_str().unwrap().chars().collect(),
        }
    });
    (expressions.iter().map(text).collect(), packets.collect())
}

/// The configuration of a round: a class for each expression, with an option that its members get.
fn configuration<M: Shown>(expressions: &[String]) -> Value {
    let mut classes = vec![
        json!({ "name": "c-true", "test": "'a' == 'a'" }),
        json!({ "name": "c-false", "test": "'a' == 'b'" }),
    ];
    classes.extend(expressions.iter().enumerate().map(|(at, test)| {
        let code = usize::from(M::FIRST_CODE) + at;
        json!({ "name": format!("x{at}"), "test": test, "option-data": [
            { "code": code, "csv-format": false, "data": "01", "always-send": true } ] })
    }));
    json!({
        "client-classes": classes,
        format!("subnet{}", M::VERSION): M::subnets(),
        "loggers": [{ "name": format!("kea-dhcp{}", M::VERSION), "severity": "INFO",
                      "output_options": [{ "output": "stdout", "flush": true }] }],
    })
}

fn ask<M: Shown>(client: &mut RawClient<M>, packet: &Recorded) -> io::Result<Option<M>> {
    let address = |text: &str| text.parse::<IpAddr>().unwrap();
    let is_v4 = M::VERSION == 4;
    client.send(&Frame {
        to_mac: if is_v4 { [0xff; 6] } else { [0x33, 0x33, 0, 1, 0, 2] },
        from_mac: [2, 0, 0, 0, 0, 0x77],
        from: SocketAddr::new(address(M::CLIENT), packet.port),
        to: SocketAddr::new(address(M::SERVER), M::SERVER_PORT),
        payload: packet.octets.clone(),
    })?;
    Ok(client.answer(M::transaction(&packet.octets), LIMIT)?.map(|(_, message)| message))
}

/// A lease for the client of the record that asks for its old address.
const LEASES: &str = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id\n\
                      10.77.0.50,08:00:27:12:34:56,,4000000000,4000000000,1,0,0,host-a,0,,0\n";

fn agrees_with_the_record<M: Shown>() {
    let subject = Subject::from_environment();
    let (expressions, packets) = record(M::VERSION);
    let mut lab = Lab::new().unwrap();
    let (server_ns, client_ns) = lab.pair().unwrap();
    server_ns.address("eth0", "10.77.0.1/24").unwrap();
    if M::VERSION == 4 {
        // The queries of the record come in at this address.
        server_ns.ip(&["addr", "del", "192.0.2.1/24", "dev", "eth0"]).unwrap();
    }
    let mut client = RawClient::<M>::open(&client_ns, "eth0").unwrap();
    let justified: Vec<&str> =
        DIFFERENCES.lines().filter_map(|line| line.split('\t').nth(1)).collect();
    let (mut server, mut compared, mut differing) = (None::<Server>, 0, Vec::new());
    for (round, part) in expressions.chunks(M::ROUND).enumerate() {
        let config = configuration::<M>(part);
        match &server {
            None => {
                let setup = ServerSetup::new(subject, M::VERSION).unwrap();
                if M::VERSION == 4 {
                    fs::write(setup.lease_file(), LEASES).unwrap();
                }
                server = Some(setup.start_with(&server_ns, &config).unwrap());
            }
            Some(server) => {
                let setup = server.setup();
                setup.write_config(&setup.config(&config).to_string()).unwrap();
                let said = server.reload().unwrap();
                assert!(said.contains("_SUCCESS"), "{said}");
            }
        }
        for packet in &packets {
            let answer = ask(&mut client, packet).unwrap();
            let answer = answer.unwrap_or_else(|| panic!("no answer to '{}'", packet.name));
            for (at, expression) in part.iter().enumerate() {
                let here = answer.has(M::FIRST_CODE + at as u16);
                let kea = packet.results[round * M::ROUND + at];
                compared += 1;
                let is_known = subject == Subject::Ours && justified.contains(&&**expression);
                if here != (kea == '1') && !is_known {
                    differing.push(format!("{}: {expression}: {kea}, now {here}", packet.name));
                }
            }
        }
    }
    assert!(compared > 900, "{compared}");
    assert!(differing.is_empty(), "{} differ:\n{}", differing.len(), differing.join("\n"));
}

#[test]
fn dhcp4_answers_show_the_classes_on_record() {
    agrees_with_the_record::<Packet4>();
}

#[test]
fn dhcp6_answers_show_the_classes_on_record() {
    agrees_with_the_record::<Packet6>();
}

const PHONE: &str = "option[60].hex == 'phone'";

fn phones() -> Value {
    json!({
        "client-classes": [{ "name": "phones", "test": PHONE, "boot-file-name": "phone.bin" }],
        "subnet4": [{ "id": 1, "subnet": "192.0.2.0/24", "pools": [
            { "pool": "192.0.2.10 - 192.0.2.20", "client-class": "phones" } ] }],
    })
}

/// Classes come, change and go while clients are served; `config-write` makes that last.
#[test]
fn classes_change_one_at_a_time() {
    let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(4) else { return };
    let mut client = RawClient::<Packet4>::open(&client_ns, "eth0").unwrap();
    let config = json!({ "subnet4": [{ "id": 1, "subnet": "192.0.2.0/24",
        "pools": [{ "pool": "192.0.2.10 - 192.0.2.20" }] }] });
    let mut server = setup.start_with(&server_ns, &config).unwrap();
    let phones = |file: &str| json!({ "client-classes": [{ "name": "phones", "test": PHONE, "boot-file-name": file }] });
    let run = |server: &Server, name: &str, arguments: Value, result: i64, text: &str| {
        let answer = server.control().command(name, arguments).unwrap();
        assert_eq!((answer.result, &*answer.text), (result, text), "{name}");
        answer.arguments
    };
    let mut transaction = 100;
    let mut file = || {
        transaction += 1;
        let discover = kea_testkit::MessageType::Discover;
        let query = Packet4::query(discover, [2, 0, 0, 0, 0, 0x0a], transaction);
        let offer = client.exchange(&query.with_option(60, b"phone"), LIMIT).unwrap().unwrap();
        String::from_utf8(offer.file.to_vec()).unwrap().trim_end_matches('\0').to_owned()
    };
    run(&server, "class-list", Value::Null, 3, "0 classes found");
    assert_eq!(file(), "");
    run(&server, "class-add", phones("a.bin"), 0, "Class 'phones' added.");
    assert_eq!(file(), "a.bin");
    run(&server, "class-add", phones("b.bin"), 1, "Class 'phones' already exists");
    assert_eq!(file(), "a.bin");
    run(&server, "class-update", phones("b.bin"), 0, "Class 'phones' updated.");
    assert_eq!(file(), "b.bin");
    let listed = run(&server, "class-list", Value::Null, 0, "1 class found");
    assert_eq!(listed["client-classes"], json!([{ "name": "phones" }]));
    let named = || json!({ "name": "phones" });
    let got = run(&server, "class-get", named(), 0, "Class 'phones' definition returned");
    assert_eq!(got["client-classes"][0]["test"], PHONE);
    let shown = server.control().command("config-get", json!({})).unwrap().arguments;
    assert_eq!(shown["Dhcp4"]["client-classes"][0]["boot-file-name"], "b.bin");
    assert_eq!(server.control().command("config-write", json!({})).unwrap().result, 0);
    server.kill().unwrap();
    server.start_again().unwrap();
    assert_eq!(file(), "b.bin");
    run(&server, "class-del", named(), 0, "Class 'phones' deleted.");
    assert_eq!(file(), "");
    run(&server, "class-del", named(), 3, "Class 'phones' not found");
}

/// DISCOVER of a client that is in no class but by its vendor class.
fn discover(vendor_class: &[u8]) -> Packet4 {
    let discover = kea_testkit::MessageType::Discover;
    Packet4::query(discover, [2, 0, 0, 0, 0, 0x0a], 7).with_option(60, vendor_class)
}

/// A capture file with that frame alone.
fn capture(frame: &Frame) -> Vec<u8> {
    let octets = frame.encode();
    let mut capture = 0xa1b2_c3d4_u32.to_le_bytes().to_vec();
    capture.extend([2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 1, 0, 0, 0]);
    capture.extend([0; 8]);
    capture.extend((octets.len() as u32).to_le_bytes());
    capture.extend((octets.len() as u32).to_le_bytes());
    capture.extend(octets);
    capture
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// What the program says of a packet on an interface, and whether it could.
fn explanation(
    setup: &ServerSetup,
    netns: &Netns,
    packet: &str,
    interface: &str,
) -> (bool, String) {
    let file = setup.config_file().to_string_lossy().into_owned();
    let line = ["-c", &file, "--explain", packet, "--interface", interface];
    let mut process = setup.launch_with(netns, &line).unwrap();
    let status = process.wait(LIMIT).unwrap();
    (status.success(), process.text())
}

#[test]
fn the_command_line_explains_digits_and_captures() {
    let Some((_lab, netns, _, setup)) = Lab::ours(4) else { return };
    setup.write_config(&setup.config(&phones()).to_string()).unwrap();
    let explain = |packet: &str| explanation(&setup, &netns, packet, "eth0/192.0.2.1");
    let (done, said) = explain(&hex(&discover(b"phone").encode()));
    assert!(done, "{said}");
    for line in [
        "class phones: joined, its test is true",
        "      option[60] is 0x70686F6E65",
        "subnet 1 (192.0.2.0/24): selected",
        "pool 192.0.2.10-192.0.2.20 of subnet 1: open to the client, it lets in only phones",
        "answer DHCPOFFER",
        "    file = phone.bin",
        "sent to 255.255.255.255, port 68",
    ] {
        assert!(said.lines().any(|known| known == line), "'{line}' is not in:\n{said}");
    }
    assert!(!setup.lease_file().exists(), "an explanation made a lease file");

    let frame = Frame {
        to_mac: [0xff; 6],
        from_mac: [2, 0, 0, 0, 0, 0x0a],
        from: "0.0.0.0:68".parse().unwrap(),
        to: "255.255.255.255:67".parse().unwrap(),
        payload: discover(b"toaster").encode(),
    };
    let path = setup.folder().join("query.pcap");
    fs::write(&path, capture(&frame)).unwrap();
    let (done, said) = explain(&path.to_string_lossy());
    assert!(done, "{said}");
    assert!(said.contains("class phones: not joined, its test is false"), "{said}");
    assert!(said.contains("no answer: no address is left to offer"), "{said}");

    let (done, said) = explain("no-such-file");
    assert!(!done && said.contains("no-such-file"), "{said}");
}

#[test]
fn a_running_server_explains_and_stays_as_it_is() {
    let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(4) else { return };
    let mut client = RawClient::<Packet4>::open(&client_ns, "eth0").unwrap();
    let server = setup.start_with(&server_ns, &phones()).unwrap();
    let control = server.control();
    let statistics = || control.command("statistic-get-all", json!({})).unwrap().arguments;
    let before = statistics();
    let client_of = |class: &[u8]| {
        json!({ "hw-address": "02:00:00:00:00:0a", "message-type": "request",
                "options": [ { "code": 60, "data": hex(class) },
                             { "code": 50, "data": "c000020f" },
                             { "code": 54, "data": "c0000201" } ] })
    };
    let answer = control.command("client-explain", client_of(b"phone")).unwrap();
    assert_eq!((answer.result, &*answer.text), (0, "DHCPACK with 192.0.2.15"));
    let steps = answer.arguments["steps"].as_array().unwrap();
    let step = |name: &str| steps.iter().find(|step| step["step"] == name).unwrap();
    assert_eq!(step("lease")["ip-address"], "192.0.2.15");
    assert!(steps.iter().any(|step| step["class"] == "phones" && step["test"] == PHONE));
    // What was only explained was not granted, counted or kept.
    assert!(server.leases().unwrap().is_empty());
    assert_eq!(statistics(), before);

    let mut asked = client_of(b"toaster");
    asked["format"] = json!("text");
    let answer = control.command("client-explain", asked).unwrap();
    let lines = answer.arguments["steps"].as_array().unwrap();
    assert!(lines.contains(&json!("class phones: not joined, its test is false")), "{lines:?}");

    // The same client, in earnest; then a whole packet is explained with the lease that there is now.
    let request = Packet4::query(kea_testkit::MessageType::Request, [2, 0, 0, 0, 0, 0x0a], 9)
        .with_option(60, b"phone")
        .with_option(50, &[192, 0, 2, 15])
        .with_option(54, &[192, 0, 2, 1]);
    let ack = client.exchange(&request, LIMIT).unwrap().unwrap();
    assert_eq!(ack.yiaddr.to_string(), "192.0.2.15");
    let packet = json!({ "packet": hex(&discover(b"phone").encode()) });
    let answer = control.command("client-explain", packet).unwrap();
    assert_eq!(&*answer.text, "DHCPOFFER with 192.0.2.15");
    for (arguments, says) in [
        (json!({}), "who is the client?"),
        (json!({ "packet": "0g" }), "hexadecimal"),
        (json!({ "packet": "00", "hw-address": "02:00:00:00:00:0a" }), "whole query"),
        (json!({ "hw-address": "02" , "relay": "2001:db8::1" }), "IPv4"),
        (json!({ "hw-address": "02:00:00:00:00:0a", "message-type": "offer" }), "'offer'"),
    ] {
        let answer = control.command("client-explain", arguments).unwrap();
        assert_eq!(answer.result, 1, "{}", answer.text);
        assert!(answer.text.contains(says), "'{says}' is not in '{}'", answer.text);
    }
}

/// What DHCPv6 clients of the tests below send in option 15 (user class) when they are phones.
const PHONE6: &str = "option[15].hex == 0x000570686f6e65";

fn phones6() -> Value {
    json!({
        "client-classes": [
            { "name": "phones", "test": PHONE6, "preferred-lifetime": 77,
              "option-data": [{ "name": "dns-servers", "data": "2001:db8::53", "always-send": true }] },
            { "name": "port7", "test": "relay6[0].option[18].hex == 'port7'" }],
        "subnet6": [{ "id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0", "pools": [
            { "pool": "2001:db8:1::10 - 2001:db8:1::1f", "client-class": "phones" } ] }],
    })
}

const DUID: [u8; 10] = [0, 3, 0, 1, 2, 0, 0, 0, 0, 0x0a];

/// SOLICIT of a client with that user class.
fn solicit(user_class: &[u8]) -> Packet6 {
    let content = [&[0, user_class.len() as u8][..], user_class].concat();
    Packet6::query(v6::MessageType::SOLICIT, &DUID, 7)
        .with_option(15, &content)
        .with_ia(&v6::Ia::na(1))
}

#[test]
fn the_command_line_explains_dhcpv6_digits_and_captures() {
    let Some((_lab, netns, _, setup)) = Lab::ours(6) else { return };
    setup.write_config(&setup.config(&phones6()).to_string()).unwrap();
    let explain = |packet: &str| explanation(&setup, &netns, packet, "eth0");
    let has = |said: &str, lines: &[&str]| {
        for line in lines {
            assert!(said.lines().any(|known| known == *line), "'{line}' is not in:\n{said}");
        }
    };
    let mut relayed = solicit(b"phone");
    relayed.relays.push(v6::RelayHop {
        kind: 12,
        hops: 0,
        link: "2001:db8:1::1".parse().unwrap(),
        peer: "fe80::77".parse().unwrap(),
        options: vec![(18, b"port7".to_vec())],
    });
    let (done, said) = explain(&hex(&relayed.encode()));
    assert!(done, "{said}");
    has(
        &said,
        &[
            "class phones: joined, its test is true",
            "class port7: joined, its test is true",
            "    test relay6[0].option[18].hex == 'port7'",
            "subnet 1 (2001:db8:1::/64): selected",
            "reservation: none",
            "pool 2001:db8:1::10-2001:db8:1::1f of subnet 1: open to the client, it lets in only phones",
            "answer ADVERTISE",
            "    option 23 dns-servers = 2001:db8::53    from class phones",
            "sent to 2001:db8:1::1, port 547",
        ],
    );
    let lease = "lease 2001:db8:1::10 of subnet 1, pool 2001:db8:1::10-2001:db8:1::1f, valid for 7200 s, \
                 preferred for 77 s";
    has(&said, &[lease]);
    assert!(!setup.lease_file().exists(), "an explanation made a lease file");

    let frame = Frame {
        to_mac: [0x33, 0x33, 0, 1, 0, 2],
        from_mac: [2, 0, 0, 0, 0, 0x0a],
        from: "[fe80::ff:fe00:a]:546".parse().unwrap(),
        to: "[ff02::1:2]:547".parse().unwrap(),
        payload: solicit(b"toast").encode(),
    };
    let path = setup.folder().join("query.pcap");
    fs::write(&path, capture(&frame)).unwrap();
    let (done, said) = explain(&path.to_string_lossy());
    assert!(done, "{said}");
    has(
        &said,
        &[
            "class phones: not joined, its test is false",
            "class port7: not joined, its test is false",
            "pool 2001:db8:1::10-2001:db8:1::1f of subnet 1: closed, it lets in only phones",
            "answer ADVERTISE",
            "sent to fe80::ff:fe00:a, port 546",
        ],
    );
}

#[test]
fn a_running_dhcpv6_server_explains_and_stays_as_it_is() {
    let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(6) else { return };
    let mut client = RawClient::<Packet6>::open(&client_ns, "eth0").unwrap();
    let server = setup.start_with(&server_ns, &phones6()).unwrap();
    let control = server.control();
    let statistics = || control.command("statistic-get-all", json!({})).unwrap().arguments;
    let before = statistics();
    let asked = |class: &str, format: &str| {
        json!({ "duid": hex(&DUID), "format": format,
                "options": [ { "code": 15, "data": class },
                             { "code": 3, "data": "000000010000000000000000" } ] })
    };
    let answer = control.command("client-explain", asked("000570686f6e65", "json")).unwrap();
    assert_eq!((answer.result, &*answer.text), (0, "ADVERTISE with 2001:db8:1::10"));
    let steps = answer.arguments["steps"].as_array().unwrap();
    let step = |name: &str| steps.iter().find(|step| step["step"] == name).unwrap();
    assert_eq!(step("lease")["ip-address"], "2001:db8:1::10");
    assert_eq!(step("subnet")["subnet"]["id"], 1);
    assert!(steps.iter().any(|step| step["class"] == "phones" && step["test"] == PHONE6));
    let answer = control.command("client-explain", asked("0005746f617374", "text")).unwrap();
    let lines = answer.arguments["steps"].as_array().unwrap();
    assert!(lines.contains(&json!("class phones: not joined, its test is false")), "{lines:?}");
    // What was only explained was not granted, counted or kept.
    assert!(server.leases().unwrap().is_empty());
    assert_eq!(statistics(), before);

    // The same client, in earnest: what was explained is what it gets.
    let advertise = client.exchange(&solicit(b"phone"), LIMIT).unwrap().unwrap();
    let offered = advertise.leased().unwrap();
    assert_eq!((offered.address.to_string(), offered.preferred), ("2001:db8:1::10".into(), 77));
    assert_eq!(
        advertise.option(23),
        Some(&"2001:db8::53".parse::<Ipv6Addr>().unwrap().octets()[..])
    );
}
