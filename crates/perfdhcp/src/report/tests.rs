use super::*;
use crate::args::{Command, parse};
use crate::client::Clients;

fn options(line: &str) -> Options {
    match parse(line.split_whitespace().map(str::to_owned)) {
        Ok(Command::Run(options)) => *options,
        other => panic!("{other:?}"),
    }
}

fn results() -> Results {
    let mut results = Results { elapsed: Duration::from_millis(2500), ..Results::default() };
    results.tallies[0].sent = 5;
    for micros in [381, 523, 400, 428] {
        results.tallies[0].answered(Duration::from_micros(micros));
    }
    results.tallies[1].sent = 4;
    for micros in [121, 246, 185, 188] {
        results.tallies[1].answered(Duration::from_micros(micros));
    }
    results
}

#[test]
fn the_final_report_is_that_of_perfdhcp() {
    let text = last(&options("-4 -l cli0 -n 5 -r 10 -R 5"), &results(), ExitReason::Requests);
    let (known, _) = text.split_once("***Delay percentiles***").unwrap();
    assert_eq!(
        known,
        "***Rate statistics***
Rate: 1.6 4-way exchanges/second, expected rate: 10

***Malformed Packets***
Malformed packets: 0
***Statistics for: DISCOVER-OFFER***
sent packets: 5
received packets: 4
drops: 1
drops ratio: 20 %
orphans: 0
rejected leases: 0
non unique addresses: 0

min delay: 0.381 ms
avg delay: 0.433 ms
max delay: 0.523 ms
std deviation: 0.055 ms
collected packets: 0

***Statistics for: REQUEST-ACK***
sent packets: 4
received packets: 4
drops: 0
drops ratio: 0.000 %
orphans: 0
rejected leases: 0
non unique addresses: 0

min delay: 0.121 ms
avg delay: 0.185 ms
max delay: 0.246 ms
std deviation: 0.044 ms
collected packets: 0

"
    );
}

#[test]
fn without_answers_delays_are_not_available() {
    let text = last(&options("-6 -i -l cli0"), &Results::default(), ExitReason::Interrupted);
    assert!(text.contains("Rate: 0 Solicit-Advertise/second\n***Malformed"), "{text}");
    let delays = "min delay: n/a\navg delay: n/a\nmax delay: n/a\nstd deviation: n/a\n";
    assert!(text.contains(delays), "{text}");
    assert!(!text.contains("REQUEST-REPLY"), "{text}");
}

#[test]
fn interim_reports_have_a_number_for_each_exchange() {
    let numbers = [[19, 18, 1, 0], [18, 17, 0, 1], [3, 3, 0, 0], [2, 0, 0, 0]];
    let line = |arguments| interim(&options(arguments), &numbers);
    assert_eq!(
        line("-l x -r 20 -f 5 -F 2 -t 1"),
        "sent: 19/18/3/2; received: 18/17/3/0; drops: 1/0/0/0; rejected: 0/1/0/0"
    );
    assert_eq!(line("-l x -t 1 -C ;"), "19;18;18;17;1;0;0;1");
    assert_eq!(line("-l x -i -t 1"), "sent: 19; received: 18; drops: 1; rejected: 0");
}

#[test]
fn the_header_repeats_the_command_line() {
    let text = header(&options("-4 -lcli0 -xae -n 5 -g multi 10.0.0.1"));
    let running = "Running: perfdhcp -4 -l cli0 -x ae -n 5 -g multi 10.0.0.1\n";
    assert_eq!(text, format!("{running}Scenario: basic.\nMulti-thread mode enabled.\n"));
    assert_eq!(header(&options("-l cli0 -C ,")), "");
}

#[test]
fn diagnostics_follow_the_statistics() {
    let mut results = results();
    results.server_id = vec![10, 0, 0, 1];
    results.tallies[0].timestamps =
        vec![(Duration::from_micros(145), Duration::from_micros(1_000_608))];
    results.tallies[1].leases = vec![LeaseRow {
        client_id: vec![1, 0, 12],
        leased: vec![
            Leased::Address("10.0.1.0".parse().unwrap()),
            Leased::Prefix("3000::".parse().unwrap(), 56),
        ],
    }];
    let text = last(&options("-l x -xestl"), &results, ExitReason::Requests);
    assert!(text.starts_with("Reached max requests limit.\n***Rate statistics***\n"), "{text}");
    let (_, tail) = text.split_once("***Timestamps").unwrap();
    assert_eq!(
        tail.split_once("***Delay percentiles***").unwrap().0,
        " for packets: DISCOVER-OFFER***
sent / received: 000000.000145 / 000001.000608

***Timestamps for packets: REQUEST-ACK***
Unavailable! No packets received.

Server id: 0a000001
***Leases for DISCOVER-OFFER***
client_id,adrress,prefix


***Leases for REQUEST-ACK***
client_id,adrress,prefix
01000c,10.0.1.0,3000::


"
    );
}

#[test]
fn an_avalanche_tells_how_long_it_took() {
    let mut results = results();
    results.resent = 3;
    results.elapsed = Duration::from_micros(3_723_200_259);
    let text = last(&options("-l x -R 10 --scenario avalanche"), &results, ExitReason::Served);
    let summary = "It took 01:02:03.200259 to provision 10 clients. \n\
                   Requests sent + resent: 12\nRequests resent: 3\nResponses received: 8\n";
    assert!(text.contains(summary), "{text}");
}

#[test]
fn json_has_the_same_numbers() {
    let value = as_json(&options("-l x -n 5 --json"), &results(), ExitReason::Requests);
    assert_eq!(value["exchanges"][0]["drops"], 1);
    assert_eq!(value["exchanges"][0]["drops-ratio"], 20.0);
    assert_eq!(value["exchanges"][1]["name"], "REQUEST-ACK");
    assert_eq!(value["rate"], 1.6);
    assert!((value["exchanges"][1]["delay-ms"]["p50"].as_f64().unwrap() - 0.185).abs() < 0.001);
}

#[test]
fn numbers_have_six_significant_digits() {
    let cases = [
        (0.0, "0"),
        (20.0, "20"),
        (7.973_851, "7.97385"),
        (94.261_52, "94.2615"),
        (123_456.7, "123457"),
        (1_234_567.0, "1.23457e+06"),
        (0.000_012_5, "1.25e-05"),
        (99.999_999, "100"),
    ];
    for (number, text) in cases {
        assert_eq!(general(number), text);
    }
}

/// As Debian's perfdhcp 2.2.0 shows them, but for the DUID.
#[test]
fn arguments_are_shown_as_understood() {
    let line = "-4 -l cli0 -n 20 -r 100 -R 100 -xaeilstT -b duid=00010001329518e6000c01020304 -t 1 -g multi \
        -1 -D 5 -D 3% -d 0.5 -d 0.25 -T a -T b -X 4 -O 33 -O 34 -E 8 -I 260";
    let options = options(line);
    let clients = Clients::new(&options).unwrap();
    let text = arguments(&options, &clients, "255.255.255.255".parse().unwrap());
    assert_eq!(
        text,
        "IPv4
lease-type=address-only (IA_NA option added to the client's request)
rate[1/s]=100
report[s]=1
clients=100
base[0]=duid=00010001329518e6000c01020304
num-request[0]=20
drop-time[0]=0.5
drop-time[1]=0.25
max-drop{0]=5
max-pdrop{0]=3
broadcast
use-first
template-file[0]=a
template-file[1]=b
xid-offset[0]=4
elp-offset=8
rnd-offset[0]=33
rnd-offset[1]=34
sid-offset=-1
rip-offset=260
diagnostic-selectors=aeilstT
interface=cli0
server=255.255.255.255
multi-thread-mode
Set MAC to 00::0c::01::02::03::04
Set DUID to 00010001329518e6000c01020304
"
    );
}
