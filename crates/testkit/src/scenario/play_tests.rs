//! The player against a server of paper: what it sends, what it accepts, where it says no.

use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;

use serde_json::{Value, json};

use crate::control::Answer;
use crate::frame::Frame;
use crate::lease_file::LeaseRow;
use crate::packet::v4::{MessageType, Packet4};
use crate::scenario::{Backend, Query, Reply, SERVER_ADDRESS, Scenario, play};

/// Offers and acknowledges 192.0.2.10 to everybody, and logs so.
#[derive(Default)]
struct Paper {
    queries: Vec<Query>,
    answers: Vec<Reply>,
    log: Vec<String>,
    time: u32,
}

impl Backend for Paper {
    fn subject_word(&self) -> &'static str {
        "ours"
    }

    fn start(&mut self, config: &Value) -> io::Result<Result<(), String>> {
        let good = config.get("subnet4").is_some();
        Ok(if good { Ok(()) } else { Err("DHCP4_PARSER_FAIL no subnet".to_owned()) })
    }

    fn reconfigure(&mut self, config: &Value) -> io::Result<Result<(), String>> {
        self.start(config)
    }

    fn restart(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn send(&mut self, query: &Query) -> io::Result<()> {
        self.queries.push(query.clone());
        let packet =
            Packet4::decode(&query.payload).map_err(|e| io::Error::other(format!("{e:?}")))?;
        let kind = match packet.message_type() {
            Some(MessageType::Discover) => MessageType::Offer,
            Some(MessageType::Request) => MessageType::Ack,
            _ => return Ok(()),
        };
        self.log.push("INFO DHCP4_LEASE_ADVERT to somebody".to_owned());
        let mut reply = Packet4::query(kind, std::array::from_fn(|i| packet.chaddr[i]), packet.xid)
            .with_option(54, &SERVER_ADDRESS.octets());
        reply.op = 2;
        reply.giaddr = packet.giaddr;
        reply.yiaddr = Ipv4Addr::new(192, 0, 2, 10);
        let (from, to) = (query.to, query.from);
        self.answers.push(Frame { from, to, payload: reply.encode(), ..query.clone() });
        Ok(())
    }

    fn receive(&mut self) -> io::Result<Option<Reply>> {
        Ok(if self.answers.is_empty() { None } else { Some(self.answers.remove(0)) })
    }

    fn settle(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn advance(&mut self, seconds: u32) -> io::Result<()> {
        self.time += seconds;
        Ok(())
    }

    fn command(&mut self, command: &Value) -> io::Result<Answer> {
        let name = command["arguments"]["name"].as_str().unwrap_or_default();
        let arguments = json!({ name: [[self.queries.len(), "2026-01-01 00:00:00.000"]] });
        Ok(Answer { result: 0, text: "well".to_owned(), arguments })
    }

    fn leases(&mut self) -> io::Result<BTreeMap<String, LeaseRow>> {
        Ok(BTreeMap::new())
    }

    fn log_mark(&mut self) -> usize {
        self.log.len()
    }

    fn log_since(&mut self, mark: usize) -> Vec<String> {
        self.log.get(mark..).unwrap_or_default().to_vec()
    }
}

/// Plays these steps after a good start; the line and the reason of the mismatch.
fn played(steps: &str) -> (Paper, Result<(), (usize, String)>) {
    let head = "title t\nconfig\n    { \"subnet4\": [] }\nclient A mac 02:00:00:00:00:0a client-id 01:02\n";
    let scenario = Scenario::parse(&format!("{head}{steps}")).unwrap();
    let mut paper = Paper::default();
    let outcome = play::<Packet4>(&scenario, &mut paper).map_err(|e| (e.line, e.why));
    (paper, outcome)
}

#[test]
fn queries_are_addressed_by_what_is_in_them() {
    let (paper, outcome) = played(concat!(
        "send discover A\nexpect offer\n    yiaddr 192.0.2.10\n    let mine = yiaddr\n",
        "send request A\n    ciaddr $mine\nexpect ack\n",
        "send discover A\n    giaddr 10.0.0.1\n    option 82 = 01:01:78\nexpect offer\n",
        "lease A 192.0.2.10\nadvance 7\n",
    ));
    assert_eq!(outcome, Ok(()));
    assert_eq!(paper.time, 7);
    let places: Vec<String> =
        paper.queries.iter().take(3).map(|q| format!("{} {}", q.from, q.to)).collect();
    let server = "192.0.2.1:67";
    assert_eq!(places[0], "0.0.0.0:68 255.255.255.255:67");
    assert_eq!(places[1], format!("192.0.2.10:68 {server}"));
    assert_eq!(places[2], format!("10.0.0.1:67 {server}"));
    let last = Packet4::decode(&paper.queries[4].payload).unwrap();
    assert_eq!(last.message_type(), Some(MessageType::Request));
    assert_eq!(last.option_address(50), Some(Ipv4Addr::new(192, 0, 2, 10)));
    assert_eq!(last.option(61), Some(vec![1, 2]));
}

#[test]
fn each_mismatch_has_its_line() {
    let wrong = |steps: &str| played(steps).1.unwrap_err();
    assert_eq!(wrong("send discover A\nexpect offer\n    yiaddr 192.0.2.11\n").0, 7);
    assert_eq!(wrong("send discover A\nexpect nak\n").0, 6);
    assert_eq!(wrong("send discover A\nexpect none\n").0, 6);
    assert_eq!(wrong("send release A\nexpect ack\n").0, 6);
    assert_eq!(wrong("expect lease 192.0.2.10\n").0, 5);
    assert_eq!(wrong("send discover B\n").1, "no client B");
    assert_eq!(
        wrong("expect statistic pkt4-received = 1\n").1,
        "statistic pkt4-received is 0, not 1"
    );
    assert!(wrong("send discover A\n").1.starts_with("one answer too many"));
    assert!(wrong("config\n    {}\n").1.contains("DHCP4_PARSER_FAIL"));
    assert_eq!(wrong("refused x\n").1, "nothing was refused");
    assert!(wrong("config\n    {}\nrefused other\n").1.starts_with("refused without 'other'"));
    // A longer identifier is another identifier.
    let log = "send discover A\nexpect offer\nexpect log DHCP4_LEASE\n";
    assert_eq!(wrong(log).0, 7);
}

#[test]
fn steps_of_the_other_subject_do_not_count() {
    let (paper, outcome) = played(concat!(
        "@debian send discover A\n@debian expect offer\n",
        "@ours send discover A\n@ours expect offer\n    @debian yiaddr 1.2.3.4\n",
        "expect log DHCP4_LEASE_ADVERT\nexpect no log DHCP4_LEASE_ALLOC\n",
        "expect statistic pkt4-received = 1\nexpect no lease 192.0.2.10\n",
        "config\n    {}\nrefused DHCP4_PARSER_FAIL\n",
    ));
    assert_eq!(outcome, Ok(()));
    assert_eq!(paper.queries.len(), 1);
}
