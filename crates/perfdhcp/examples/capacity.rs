//! How many exchanges the generator makes and matches against a peer that decides nothing. Builds two
//! network namespaces with a link between them, which takes root, and runs each variant in turn.
//! `capacity [-r ROUNDS] [-s SECONDS] [-f IN_FLIGHT]`; build it with `--release`.
#![allow(clippy::print_stdout)]

#[path = "../../net/tests/netns/mod.rs"]
#[allow(dead_code)] // the tests use more of it
mod netns;

use std::net::Ipv4Addr;
use std::sync::atomic::AtomicBool;

use kea_net::{Datagram, Handler, Listen, Mode, Now, Outbox, Selection, Service, ServiceOptions};
use kea_perfdhcp::{Command, parse, run};
use kea_wire::V4;
use netns::{Namespace, pair};

/// Answers each DISCOVER and REQUEST with an address made of `chaddr`.
#[derive(Default)]
struct Responder {
    answer: Vec<u8>,
}

impl Handler for Responder {
    fn on_batch(&mut self, _now: Now, batch: &[Datagram<'_>], out: &mut Outbox) {
        for Datagram { payload, arrival } in batch {
            // The message type is the first option of this generator's messages.
            let (Some(fixed), Some(kind)) = (payload.get(..240), payload.get(242)) else {
                continue;
            };
            self.answer.clear();
            self.answer.extend_from_slice(fixed);
            self.answer[0] = 2;
            self.answer[16] = 10;
            self.answer.copy_within(31..34, 17);
            let kind = if *kind == 1 { 2 } else { 5 };
            self.answer.extend_from_slice(&[
                53, 1, kind, 51, 4, 0, 0, 0x0e, 0x10, 54, 4, 10, 0, 0, 1, 255,
            ]);
            let mut to = arrival.answer();
            let giaddr = Ipv4Addr::new(payload[24], payload[25], payload[26], payload[27]);
            to.peer = (giaddr, 67).into();
            out.send(&to, &self.answer);
        }
    }

    fn on_wake(&mut self, _now: Now, _out: &mut Outbox) {}
}

/// How both ends speak.
struct Variant {
    name: &'static str,
    responder: Mode,
    offload: bool,
}

const VARIANTS: [Variant; 3] = [
    Variant { name: "packet socket", responder: Mode::Raw4, offload: false },
    Variant { name: "UDP socket", responder: Mode::Udp4, offload: false },
    Variant { name: "UDP socket, --offload", responder: Mode::Udp4, offload: true },
];

fn main() {
    let mut rounds = 5;
    let mut load = [("-p", 2), ("--in-flight", 512)];
    let mut arguments = std::env::args().skip(1);
    while let Some(option) = arguments.next() {
        let number = arguments.next().and_then(|n| n.parse().ok()).expect("a number");
        match option.as_str() {
            "-r" => rounds = number,
            "-s" => load[0].1 = number,
            "-f" => load[1].1 = number,
            _ => panic!("what is {option}?"),
        }
    }
    let (server, client) = pair();
    let mut rates = VARIANTS.map(|_| Vec::new());
    for _ in 0..rounds {
        for (variant, rates) in VARIANTS.iter().zip(&mut rates) {
            rates.push(measure(&server, &client, variant, load));
        }
    }
    for (variant, rates) in VARIANTS.iter().zip(&mut rates) {
        rates.sort_by(f64::total_cmp);
        let (Some(least), Some(most)) = (rates.first(), rates.last()) else { continue };
        let median = rates[rates.len() / 2];
        println!("{}: {median:.0} exchanges/s ({least:.0} to {most:.0})", variant.name);
    }
}

/// Exchanges per second.
fn measure(
    server: &Namespace,
    client: &Namespace,
    variant: &Variant,
    load: [(&str, u32); 2],
) -> f64 {
    let (mode, offload) = (variant.responder, variant.offload);
    let responder = server.run(move || {
        let selection = Selection::parse::<V4>(["srv0"]).expect("an interface's name");
        let listen = Listen { selection, port: 67, mode, channel: None };
        let options = ServiceOptions { offload, ..ServiceOptions::default() };
        let make = |_, _| Responder::default();
        Service::start(&options, listen, make, |_| {}).expect("a service")
    });
    let mut words = vec!["-l", "cli0", "-R", "4000000", "--json", "192.0.2.1"];
    words.extend(offload.then_some("--offload"));
    let mut words: Vec<String> = words.into_iter().map(str::to_owned).collect();
    load.iter()
        .for_each(|(option, number)| words.extend([(*option).to_owned(), number.to_string()]));
    let report = client.run(move || {
        let Ok(Command::Run(options)) = parse(words) else { unreachable!("these are right") };
        let mut report = Vec::new();
        run(*options, &AtomicBool::new(false), &mut report).expect("a run");
        report
    });
    drop(responder);
    let report: serde_json::Value = serde_json::from_slice(&report).expect("a report");
    let lost = report["exchanges"][0]["drops"].as_u64();
    assert_eq!(lost, Some(0), "{report:#}");
    report["rate"].as_f64().expect("a rate")
}
