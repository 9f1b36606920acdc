//! Command lines: what they mean, and what is wrong with them.

use std::time::Duration;

use kea_perfdhcp::{
    ArgumentError, Command, ExtraOption, LeaseType, MaxDrop, Mode, Options, Protocol, Scenario,
    Server, USAGE, parse,
};

fn words(line: &str) -> impl Iterator<Item = String> {
    line.split_whitespace().map(str::to_owned)
}

fn options(line: &str) -> Options {
    match parse(words(line)) {
        Ok(Command::Run(options)) => *options,
        other => panic!("{line}: {other:?}"),
    }
}

fn error(line: &str) -> String {
    parse(words(line)).expect_err(line).to_string()
}

#[test]
fn every_option_is_understood() {
    let o = options(
        "-1 -6 -A1 -b duid=0101010101010101010110111F14 -C , -d 0.5 -d 2 -D 10 -D 5% \
         -e address-and-prefix -f 2 -F 3 -g single -l eth0 -L 1546 -N 1547 -n 20 -n 15 \
         -o 16,00ff -p 1.5 -P 4 -r 100 -R 1000 -s 7 -t 2 -u -w hook.sh -W 2500 -xal -x e -y 3 -Y 4 \
         --threads 2 --json all",
    );
    assert_eq!(
        (o.protocol, o.mode, o.lease_type),
        (Protocol::V6, Mode::FourWay, LeaseType::AddressAndPrefix)
    );
    assert!(o.first_server_id && o.relayed && o.unique && o.single_thread && o.json);
    assert_eq!(o.base_duid.as_deref().map(<[u8]>::len), Some(14));
    assert_eq!(o.separator.as_deref(), Some(","));
    assert_eq!(o.drop_time, [Duration::from_millis(500), Duration::from_secs(2)]);
    assert_eq!(o.max_drop, [Some(MaxDrop::Count(10)), Some(MaxDrop::Percent(5.0))]);
    assert_eq!((o.renew_rate, o.release_rate, o.rate), (2, 3, Some(100)));
    assert_eq!((o.local.as_deref(), o.local_port, o.remote_port), (Some("eth0"), 1546, 1547));
    assert_eq!((o.requests, o.preload), ([Some(20), Some(15)], 4));
    assert_eq!(o.extra, [ExtraOption { code: 16, data: vec![0, 0xff] }]);
    assert_eq!(
        (o.period, o.report),
        (Some(Duration::from_millis(1500)), Some(Duration::from_secs(2)))
    );
    assert_eq!((o.clients, o.seed, o.diagnostics.as_str()), (1000, 7, "ale"));
    assert_eq!(
        (o.script.as_deref(), o.exit_wait),
        (Some("hook.sh"), Some(Duration::from_micros(2500)))
    );
    assert_eq!(
        (o.late_period, o.late_start),
        (Some(Duration::from_secs(3)), Some(Duration::from_secs(4)))
    );
    assert_eq!((o.threads, o.server), (Some(2), Some(Server::All)));
}

#[test]
fn defaults_are_those_of_perfdhcp() {
    let o = options("192.0.2.1");
    assert_eq!((o.protocol, o.mode, o.scenario), (Protocol::V4, Mode::FourWay, Scenario::Basic));
    assert_eq!((o.clients, o.drop_time), (1, [Duration::from_secs(1); 2]));
    assert_eq!(o.base_mac, [0, 0x0c, 1, 2, 3, 4]);
    assert_eq!(o.server, Some(Server::Address("192.0.2.1".parse().unwrap())));
    assert_eq!(options("-l eth0").server, Some(Server::All));
    assert_eq!(options("-6 -l eth0 servers").server, Some(Server::Servers));
    // One drop time is for both exchanges.
    assert_eq!(options("-l x -d 3").drop_time, [Duration::from_secs(3); 2]);
    assert_eq!(options("-6 -i -c -l x").mode, Mode::RapidCommit);
}

#[test]
fn values_may_be_attached_and_flags_bundled() {
    let o = options("-4il eth0 -r100 -bmac=2:0:0:0:0:1 --scenario=avalanche -R2");
    assert_eq!((o.mode, o.rate, o.scenario), (Mode::Initial, Some(100), Scenario::Avalanche));
    assert_eq!(o.base_mac, [2, 0, 0, 0, 0, 1]);
    assert_eq!(o.given[..5], ["-4", "-i", "-l", "eth0", "-r"]);
    assert_eq!(options("-b ether=00::0c::01::02::03::05 -l x").base_mac[5], 5);
    assert_eq!(parse(words("-l x -4h")), Ok(Command::Help));
    assert_eq!(parse(words("-v")), Ok(Command::Version));
    assert!(USAGE.starts_with("perfdhcp [-1] [-4 | -6]"));
    for letter in "146AbBcCdDeEfFghiIJlLMnNoOpPrRsStTuvwWxXyY".chars() {
        assert!(USAGE.contains(&format!("-{letter}")), "-{letter}");
    }
}

/// Debian's perfdhcp 2.2.0 says the same, if not marked.
#[test]
fn what_is_wrong_is_said_as_perfdhcp_says_it() {
    let cases = [
        ("-4", "without an interface, server is required"),
        ("-4 -6 -l x", "IP version already set to 4"),
        ("-4 -i -f 3 -r 5 -l x", "-f<renew-rate> is not compatible with -i"),
        ("-r 0 -l x", "value of rate: -r<value> must be a positive integer"),
        ("-n x -l x", "value of num-request: -n<value> must be a positive integer"),
        ("-o 12,00 -l x", "-4 or -6 must be explicitly specified before -o is used."),
        (
            "-b foo -l x",
            "base value not provided as -b<value>, expected -b mac=<mac> or -b duid=<duid>",
        ),
        ("-b duid=12 -l x", "DUID must be at least 6 octets long"),
        ("-i -1 -l x", "-1 is not compatible with -i"),
        ("-i -n 1 -n 2 -l x", "second -n<num-request> is not compatible with -i"),
        ("-6 -B -l x", "-B is not compatible with IPv6 (-6)"),
        (
            "-P -1 -l x",
            "value of number of preload packets: -P<value> must not be a negative integer",
        ),
        ("-s -1 -l x", "value of seed: -s <seed> must not be a negative integer"),
        ("-6 10.0.0.1", "Values for IP version: 6 and server address: 10.0.0.1 are mismatched."),
        ("--scenario foo -l x", "scenario value 'foo' is wrong - should be 'basic' or 'avalanche'"),
        (
            "-g foo -l x",
            "thread mode (-g) value 'foo' is wrong - should be '-g single' or '-g multi'",
        ),
        ("10.0.0.1 10.0.0.2", "extra arguments?"),
        ("-6 -c -l x", "-i must be set to use -c"),
        // Ours names the option.
        ("-zzz", "wrong command line option: -z"),
        ("-l", "wrong command line option: -l"),
        ("--nonsense", "wrong command line option: --nonsense"),
    ];
    for (line, text) in cases {
        assert_eq!(error(line), text, "{line}");
    }
}

#[test]
fn rules_between_options_are_kept() {
    for line in [
        "-l x -f 1",
        "-l x -F 1",
        "-l x -r 1 -f 1 -F 1",
        "-l x -y 1",
        "-l x -Y 1",
        "-4 -A 1 -l x",
        "-6 -A 2 -l x",
        "-4 -e prefix-only -l x",
        "-6 -e prefix-only -T file -l x",
        "-c -l x",
        "-i -E 1 -T a -T b -l x",
        "-i -T a -T b -l x",
        "-l x -X 4",
        "-l x -T a -S 4",
        "-M a -b mac=1:2:3:4:5:6 -l x",
        "--scenario avalanche -l x",
        "-r 1 --in-flight 3 -l x",
        "-d 0 -l x",
        "-d -1 -l x",
        "-D 0% -l x",
        "-D 100% -l x",
        "-D -1 -l x",
        "-O 2 -l x",
        "-X 0 -T a -l x",
        "-L 65536 -l x",
        "-L -1 -l x",
        "-4 -o 0,00 -l x",
        "-4 -o 255,00 -l x",
        "-4 -o 12,0 -l x",
        "-4 -o 12 -l x",
        "-n 1 -n 2 -n 3 -l x",
        "-T a -T b -T c -l x",
        "-b mac=1:2:3:4:5 -l x",
        "-t 0 -l x",
        "-p 0 -l x",
        "-R 0 -l x",
        "-W -1 -l x",
        "-4 nonsense",
        "-4 servers",
    ] {
        assert!(parse(words(line)).is_err(), "{line}");
    }
    let rates = parse(words("-l x -r 1 -f 1 -F 1"));
    assert_eq!(rates, Err(ArgumentError::Rates));
    // The manual allows zero: the first lost request ends the test.
    assert_eq!(options("-l x -D 0").max_drop[0], Some(MaxDrop::Count(0)));
}
