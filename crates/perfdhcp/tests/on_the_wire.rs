//! What options make the program send, and what it makes of answers: against a server of the test's own,
//! in network namespaces. Needs root. Drop times are long: a machine that stands still changes nothing.

#[path = "../../net/tests/netns/mod.rs"]
mod netns;
mod peer;

use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};

use netns::pair;
use peer::{Peer, answer4, answer6, number, option4, option6, options6, put6, run, run_until};

const FOUR: &str = "0.0.0.0:67";
const SIX: &str = "[::]:547";
const FIRST: &str = "DISCOVER-OFFER";
const SECOND: &str = "REQUEST-ACK";

fn chaddr(message: &[u8]) -> String {
    message[28..34].iter().map(|octet| format!("{octet:02x}")).collect()
}

fn of_kind(messages: &[Vec<u8>], kind: u8) -> Vec<&Vec<u8>> {
    messages.iter().filter(|message| option4(message, 53) == Some(&[kind])).collect()
}

#[test]
fn options_of_four_are_seen_by_the_server() {
    let (server, client) = pair();
    let peer = Peer::start(&server, FOUR, |message| answer4(message, 1));
    let ask = |line: &str| {
        let (status, report) = run(&client, &format!("-4 -l cli0 -d 60 {line}"));
        assert_eq!(status, Some(0), "{line}\n{report}");
        (peer.messages(), report)
    };
    // As a relay agent passes on what two clients send.
    let (messages, _) = ask("-n 2 -R 2 -b mac=02:00:00:00:00:ff");
    let (discovers, requests) = (of_kind(&messages, 1), of_kind(&messages, 3));
    assert_eq!(discovers[0][..4], [1, 1, 6, 1]);
    assert_eq!(discovers[0][24..28], [192, 0, 2, 2]);
    let mut macs: Vec<_> = discovers.iter().map(|message| chaddr(message)).collect();
    macs.sort();
    assert_eq!(macs, ["0200000000ff", "020000000100"]);
    assert_eq!((requests.len(), messages.len()), (2, 4));
    assert_eq!(option4(requests[0], 54), Some(&[10, 0, 0, 1][..]));
    assert_eq!(option4(requests[0], 61).map(<[u8]>::len), Some(7));
    assert!(messages.iter().all(|message| message[10..12] == [0, 0]));
    let (messages, _) = ask("-n 1 -B");
    assert!(messages.iter().all(|message| message[10..12] == [0x80, 0]));
    let (messages, _) = ask("-n 1 -o 60,646f63736973 -o 12,6162");
    for message in &messages {
        assert_eq!(option4(message, 60), Some(&b"docsis"[..]));
        assert_eq!(option4(message, 12), Some(&b"ab"[..]));
    }
    // What comes before the test is sent and not counted.
    let (messages, report) = ask("-n 1 -P 3");
    assert_eq!((messages.len(), number(&report, SECOND, "received packets")), (8, 1.0));
    let (messages, report) = ask("-i -n 3");
    assert_eq!((messages.len(), of_kind(&messages, 1).len()), (3, 3));
    assert!(report.contains(" DISCOVER-OFFER/second") && !report.contains(SECOND), "{report}");
    // The second limit counts the second request.
    let (messages, _) = ask("-n 100 -n 2 --in-flight 1");
    assert_eq!(of_kind(&messages, 3).len(), 2);
    let (messages, _) = ask("-n 30 -R 30 --threads 3");
    assert_eq!((of_kind(&messages, 1).len(), of_kind(&messages, 3).len()), (30, 30));
    // Joined on the way out, and taken apart for this server.
    let (messages, _) = ask("-n 300 -R 300 --in-flight 100 --offload");
    assert_eq!((of_kind(&messages, 1).len(), of_kind(&messages, 3).len()), (300, 300));
}

#[test]
fn ports_and_addresses_are_those_given() {
    let (server, client) = pair();
    client.ip("link set lo up");
    let peer = Peer::start(&server, "0.0.0.0:6868", |message| answer4(message, 1));
    for line in ["-l 192.0.2.2", "-l cli0", "-l 192.0.2.2 192.0.2.1", "192.0.2.1"] {
        let line = format!("-4 -d 60 -n 1 -L 6767 -N 6868 {line}");
        let (status, report) = run(&client, &line);
        assert_eq!(status, Some(0), "{line}\n{report}");
        let asked = peer.asked();
        assert_eq!(asked.len(), 2);
        assert!(asked.iter().all(|(_, from)| *from == "192.0.2.2:6767".parse().unwrap()));
    }
    // A name is one of this host's addresses: nobody serves there.
    let (status, _) = run(&client, "-4 -d 0.1 -n 1 -l localhost 127.0.0.1 -D 1");
    assert_eq!(status, Some(3));
}

#[test]
fn lists_give_clients_and_relays_and_the_seed_their_order() {
    let (server, client) = pair();
    client.ip("addr add 198.51.100.2/24 dev cli0");
    let peer = Peer::start(&server, FOUR, |message| answer4(message, 1));
    let folder = tempfile::tempdir().unwrap();
    let (macs, relays) = (folder.path().join("macs"), folder.path().join("relays"));
    fs::write(&macs, "02:00:00:00:00:77\n02:00:00:00:00:78\n").unwrap();
    fs::write(&relays, "192.0.2.2\n198.51.100.2\n").unwrap();
    let line = format!(
        "-4 -l 192.0.2.2 -d 60 -n 40 --in-flight 1 -s 7 -M {} -J {} 192.0.2.1",
        macs.display(),
        relays.display()
    );
    let ask = || -> Vec<(String, [u8; 4])> {
        let (status, report) = run(&client, &line);
        assert_eq!(status, Some(0), "{report}");
        let messages = peer.messages();
        let chosen = |m: &Vec<u8>| (chaddr(m), m[24..28].try_into().unwrap());
        of_kind(&messages, 1).into_iter().map(chosen).collect()
    };
    let chosen = ask();
    for (mac, relay) in [("020000000077", [192, 0, 2, 2]), ("020000000078", [198, 51, 100, 2])] {
        assert!(chosen.iter().any(|(m, _)| m == mac) && chosen.iter().any(|(_, r)| *r == relay));
    }
    assert_eq!(ask(), chosen);
}

#[test]
fn the_first_server_is_asked_and_each_is_without_that() {
    let (server, client) = pair();
    let mut answers = 0;
    let peer = Peer::start(&server, FOUR, move |message| {
        answers += 1;
        answer4(message, answers)
    });
    let servers = |line: &str| -> Vec<u8> {
        let (status, report) = run(&client, &format!("-4 -l cli0 -d 60 -n 3 {line}"));
        assert_eq!(status, Some(0), "{report}");
        let messages = peer.messages();
        of_kind(&messages, 3).iter().map(|m| option4(m, 54).unwrap()[3]).collect()
    };
    assert_eq!(servers(""), [1, 3, 5]);
    assert_eq!(servers("-1"), [7, 7, 7]);
}

#[test]
fn places_of_templates_are_where_they_are_said_to_be() {
    let (server, client) = pair();
    let peer = Peer::start(&server, FOUR, |message| {
        // The transaction is elsewhere in the templates: here it is put where it belongs.
        let mut message = message.to_vec();
        message.copy_within(200..204, 4);
        answer4(&message, 1)
    });
    let folder = tempfile::tempdir().unwrap();
    let template = |name: &str, options: &str| {
        let text = format!("01010601{}63825363{options}", "00".repeat(232));
        let file = folder.path().join(name);
        fs::write(&file, text).unwrap();
        file.display().to_string()
    };
    let (first, second) = (template("1", "350101ff"), template("2", "350103 3204 0a000007 ff"));
    let line = format!(
        "-4 -l cli0 -d 60 -R 300 --in-flight 1 -T {first} -T {second} -X 200 -X 200 \
         -O 33 -O 33 -E 100 -S 110 -I 120"
    );
    let (status, report) = run(&client, &format!("{line} -n 2"));
    assert_eq!(status, Some(0), "{report}");
    let messages = peer.messages();
    let transactions: Vec<&[u8]> = messages.iter().map(|message| &message[200..204]).collect();
    assert!(transactions[0] == transactions[1] && transactions[1] != transactions[2]);
    assert_eq!(chaddr(&messages[2]), "000000000001");
    // Server identifier option and offered address in the second message only.
    assert_eq!(messages[1][110..116], [54, 4, 10, 0, 0, 1]);
    assert_eq!((messages[3][120], messages[3][123]), (10, 1));
    assert!(messages[0][110..124].iter().all(|octet| *octet == 0));
    // Seconds go where they are said to go, too, once clients have waited.
    run_until(&client, &format!("{line} -Y 0.01 -y 600"), &peer, |seen| {
        of_kind(seen, 3).iter().any(|message| message[100..102] != [0, 0])
    });
}

#[test]
fn clients_claim_to_have_waited() {
    let (server, client) = pair();
    let four = Peer::start(&server, FOUR, |message| answer4(message, 1));
    let six = Peer::start(&server, SIX, |message| vec![answer6(message)]);
    let line = "-l cli0 -d 60 -r 50 -R 10 -Y 0.1 -y 600";
    let seen = run_until(&client, &format!("-4 {line}"), &four, |seen| {
        of_kind(seen, 1).iter().any(|m| m[8..10] != [0, 0])
    });
    assert_eq!(seen[0][8..10], [0, 0]);
    let elapsed = |m: &Vec<u8>| option6(m, 8).map(|e| u16::from_be_bytes([e[0], e[1]])).unwrap();
    let seen = run_until(&client, &format!("-6 {line}"), &six, |seen| {
        seen.iter().any(|m| m[0] == 1 && elapsed(m) >= 100)
    });
    assert_eq!(elapsed(&seen[0]), 0);
}

#[test]
fn renewals_and_releases_are_about_what_is_held() {
    let (server, client) = pair();
    let four = Peer::start(&server, FOUR, |message| answer4(message, 1));
    let six = Peer::start(&server, SIX, |message| vec![answer6(message)]);
    let line = "-l cli0 -d 60 -r 100 -R 20 -f 40 -F 30";
    let is_renewal = |m: &&Vec<u8>| m[12..16] != [0; 4];
    let seen = run_until(&client, &format!("-4 {line}"), &four, |seen| {
        of_kind(seen, 3).iter().any(is_renewal) && !of_kind(seen, 7).is_empty()
    });
    let renewal = *of_kind(&seen, 3).iter().find(|m| is_renewal(m)).unwrap();
    assert_eq!(renewal[12..16], [10, renewal[31], renewal[32], renewal[33]]);
    assert_eq!((option4(renewal, 50), option4(renewal, 54)), (None, None));
    let release = of_kind(&seen, 7)[0];
    assert_eq!(release[12..16], [10, release[31], release[32], release[33]]);
    assert_eq!(option4(release, 54), Some(&[10, 0, 0, 1][..]));
    let line = format!("-6 {line} -e address-and-prefix");
    let seen = run_until(&client, &line, &six, |seen| {
        [5, 8].iter().all(|kind| seen.iter().any(|m| m[0] == *kind))
    });
    for kind in [5, 8] {
        let message = seen.iter().find(|m| m[0] == kind).unwrap();
        let last = *option6(message, 1).unwrap().last().unwrap();
        assert_eq!(option6(message, 2), Some(&[0, 3, 0, 1, 2, 0, 0, 0, 0, 1][..]));
        assert_eq!(option6(message, 3).map(|a| a[12 + 4 + 15]), Some(last));
        assert_eq!(option6(message, 25).map(|a| a[12 + 4 + 9 + 7]), Some(last));
    }
}

#[test]
fn options_of_six_are_seen_by_the_server() {
    let (server, client) = pair();
    let peer = Peer::start(&server, SIX, |message| vec![answer6(message)]);
    let ask = |line: &str| {
        let (status, report) = run(&client, &format!("-6 -l cli0 -d 60 {line}"));
        assert_eq!(status, Some(0), "{line}\n{report}");
        peer.messages()
    };
    let codes = |message: &[u8]| -> Vec<u16> {
        options6(&message[4..]).iter().map(|(code, _)| *code).collect()
    };
    let messages = ask("-n 1 -b duid=000100010000000000000000ffff");
    assert_eq!(messages.iter().map(|m| m[0]).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(codes(&messages[0]), [1, 3, 6, 8]);
    assert_eq!(option6(&messages[0], 1).map(|duid| duid[12..].to_vec()), Some(vec![0xff, 0xff]));
    assert_eq!(codes(&ask("-n 1 -e prefix-only")[0]), [1, 6, 8, 25]);
    assert_eq!(codes(&ask("-n 1 -e address-and-prefix servers")[1]), [1, 2, 3, 8, 25]);
    let messages = ask("-n 2 -i -c -R 2 -o 16,0000 all");
    assert_eq!(codes(&messages[1]), [1, 3, 6, 8, 14, 16]);
    assert_eq!(messages.len(), 2);
    // Through a relay agent, which is this host, or one of a list.
    for message in ask("-n 1 -A1") {
        assert_eq!(message[..2], [12, 0]);
        assert_eq!(message[2..18], "2001:db8::2".parse::<std::net::Ipv6Addr>().unwrap().octets());
        assert_eq!(options6(&message[34..])[0].0, 9);
    }
    let folder = tempfile::tempdir().unwrap();
    let (macs, relays) = (folder.path().join("macs"), folder.path().join("relays"));
    fs::write(&macs, "02:00:00:00:00:77\n").unwrap();
    fs::write(&relays, "2001:db8:7::1\n").unwrap();
    let line = format!("-6 -l cli0 -d 60 -n 1 -M {} -J {}", macs.display(), relays.display());
    assert_eq!(run(&client, &line).0, Some(0));
    for (message, from) in peer.asked() {
        assert_eq!((&message[2..10], from.port()), (&[0x20, 1, 0xd, 0xb8, 0, 7, 0, 0][..], 547));
        let inner = options6(&message[34..])[0].1;
        assert_eq!(option6(inner, 1), Some(&[0, 3, 0, 1, 2, 0, 0, 0, 0, 0x77][..]));
    }
    assert_eq!(ask("-n 30 -R 30 --threads 2 -A1").len(), 60);
    assert_eq!(ask("-n 100 -R 100 --in-flight 50 --offload").len(), 200);
}

#[test]
fn bad_answers_have_their_lines_in_the_report() {
    let (server, client) = pair();
    let mut offers = 0;
    let _peer = Peer::start(&server, FOUR, move |message| {
        let mut answers = answer4(message, 1);
        if option4(message, 53) == Some(&[1]) {
            offers += 1;
            // Everybody gets the same address; once the offer is doubled, once octets come before it.
            answers[0][16..20].copy_from_slice(&[10, 0, 0, 9]);
            match offers {
                1 => answers.push(answers[0].clone()),
                2 => answers.insert(0, vec![1, 2, 3]),
                _ => {}
            }
        } else if offers == 3 {
            // The third is refused.
            answers[0][16..20].copy_from_slice(&[0; 4]);
            answers[0][242] = 6;
        }
        answers
    });
    let (status, report) = run(&client, "-4 -l cli0 -d 60 -n 4 -R 4 --in-flight 1 -u");
    assert_eq!(status, Some(3), "{report}");
    assert!(report.contains("Malformed packets: 1\n"), "{report}");
    let of = |exchange, key| number(&report, exchange, key);
    assert_eq!(of(FIRST, "orphans") + of(SECOND, "orphans"), 1.0, "{report}");
    assert_eq!((of(SECOND, "rejected leases"), of(SECOND, "drops")), (1.0, 0.0), "{report}");
    assert_eq!((of(FIRST, "non unique addresses"), of(SECOND, "non unique addresses")), (3.0, 2.0));
}

#[test]
fn as_many_exchanges_as_wanted_are_kept_in_flight() {
    let (server, client) = pair();
    let mut waiting = Vec::new();
    let (mut begun, mut done) = (0, 0);
    let peer = Peer::start(&server, FOUR, move |message| {
        begun += usize::from(option4(message, 53) == Some(&[1]));
        waiting.push(message.to_vec());
        assert!(begun - done <= 5, "{begun} begun, {done} done");
        // Nothing is answered before five wait: without them all this would not go on.
        if waiting.len() < 5 && begun < 20 {
            return Vec::new();
        }
        let answers: Vec<_> = waiting.drain(..).flat_map(|m| answer4(&m, 1)).collect();
        done += answers.iter().filter(|answer| answer[242] == 5).count();
        answers
    });
    let (status, report) = run(&client, "-4 -l cli0 -d 60 -n 20 -R 20 --in-flight 5");
    assert_eq!(status, Some(0), "{report}");
    assert_eq!(peer.messages().len(), 40);
}

#[test]
fn the_report_as_json_has_percentiles() {
    let (server, client) = pair();
    let _peer = Peer::start(&server, FOUR, |message| answer4(message, 1));
    let (status, report) = run(&client, "-4 -l cli0 -d 60 -n 200 -R 20 --json");
    assert_eq!(status, Some(0), "{report}");
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["exit-reason"], "Reached max requests limit.");
    assert!(report["rate"].as_f64().unwrap() > 0.0);
    for (exchange, name) in report["exchanges"].as_array().unwrap().iter().zip([FIRST, SECOND]) {
        assert_eq!((&exchange["name"], &exchange["received"]), (&name.into(), &200.into()));
        let delays = &exchange["delay-ms"];
        let order = ["min", "p50", "p90", "p99", "p99.9", "max"];
        let delays: Vec<f64> = order.iter().map(|key| delays[key].as_f64().unwrap()).collect();
        // Percentiles have three digits.
        assert!(delays.windows(2).all(|two| two[0] <= two[1] * 1.002), "{delays:?}");
    }
}

#[test]
fn progress_is_shown_on_a_terminal() {
    let (server, client) = pair();
    let _peer = Peer::start(&server, FOUR, |message| answer4(message, 1));
    let flags = rustix::pty::OpenptFlags::RDWR | rustix::pty::OpenptFlags::NOCTTY;
    let master = rustix::pty::openpt(flags).unwrap();
    rustix::pty::unlockpt(&master).unwrap();
    let terminal = rustix::pty::ioctl_tiocgptpeer(&master, flags).unwrap();
    let process = client.run(move || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_perfdhcp"));
        command.args("-4 -l cli0 -d 60 -r 50 -R 10".split(' '));
        command.stdout(Stdio::piped()).stderr(terminal).spawn().unwrap()
    });
    let mut screen = fs::File::from(master);
    let mut text = String::new();
    let mut buffer = [0; 1024];
    let mut is_interrupted = false;
    // Ends with an error once nobody has the terminal open any more.
    while let Ok(len @ 1..) = screen.read(&mut buffer) {
        text.push_str(&String::from_utf8_lossy(&buffer[..len]));
        if !is_interrupted && text.matches(" s  sent: ").count() >= 2 {
            peer::interrupt(&process);
            is_interrupted = true;
        }
    }
    let (_, report) = peer::finish(process);
    assert!(text.starts_with('\r') && text.ends_with("\r\x1b[K"), "{text:?}");
    assert!(report.contains("***Rate statistics***") && !report.contains("\x1b"), "{report}");
}

#[test]
fn seconds_and_an_association_fill_a_template_of_six() {
    let (server, client) = pair();
    let peer = Peer::start(&server, SIX, |message| vec![answer6(message)]);
    let folder = tempfile::tempdir().unwrap();
    let template = |name: &str, kind: u8, with_lease: bool| {
        let mut message = vec![kind, 0, 0, 0];
        put6(&mut message, 1, &[0, 1, 0, 1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0]);
        put6(&mut message, 8, &[0, 0]);
        if with_lease {
            put6(&mut message, 2, &[0; 10]);
        }
        let mut association = vec![0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
        if with_lease {
            put6(&mut association, 5, &[0; 24]);
        }
        put6(&mut message, 3, &association);
        let text: String = message.iter().map(|octet| format!("{octet:02x} ")).collect();
        let file = folder.path().join(name);
        fs::write(&file, text).unwrap();
        file.display().to_string()
    };
    let (first, second) = (template("1", 1, false), template("2", 3, true));
    let line = format!(
        "-6 -l cli0 -d 60 -n 2 -R 2 --in-flight 1 -T {first} -T {second} -E 22 -S 28 -I 42 -xT"
    );
    let (status, report) = run(&client, &line);
    assert_eq!(status, Some(0), "{report}");
    let messages = peer.messages();
    assert_eq!(option6(&messages[3], 1).map(|duid| duid[13]), Some(1));
    assert_eq!(option6(&messages[3], 2), Some(&[0, 3, 0, 1, 2, 0, 0, 0, 0, 1][..]));
    assert_eq!(option6(&messages[3], 3).map(|association| association[12 + 4 + 15]), Some(1));
    let places = "xid-offset=1\nrandom-offset=21\nsrvid-offset=28\ntime-offset=22\nip-offset=42\n";
    assert!(report.contains(places), "{report}");
}
