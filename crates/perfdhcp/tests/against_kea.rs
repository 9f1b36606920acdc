//! The program against Debian's Kea, in network namespaces of the test's own, and beside Debian's
//! perfdhcp. Needs root, `kea-dhcp4`, `kea-dhcp6` and `perfdhcp`.

#[path = "../../net/tests/netns/mod.rs"]
mod netns;

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

use netns::{Namespace, pair};

/// A Kea server in a namespace, until it is dropped.
struct Kea {
    process: Child,
    _folder: tempfile::TempDir,
}

impl Drop for Kea {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Starts a server, and waits until it says that it serves.
fn kea(namespace: &Namespace, version: u8, subnets: &str) -> Kea {
    let subnets = subnets.to_owned();
    namespace.run(move || {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kea.json");
        let text = format!(
            r#"{{"Dhcp{version}": {{
                "interfaces-config": {{"interfaces": ["srv0"]}},
                "lease-database": {{"type": "memfile", "persist": false}},
                "valid-lifetime": 4000, "subnet{version}": [{subnets}],
                "loggers": [{{"name": "kea-dhcp{version}", "severity": "INFO",
                              "output_options": [{{"output": "stdout"}}]}}]}}}}"#
        );
        fs::write(&path, text).unwrap();
        let mut process = Command::new(format!("kea-dhcp{version}"))
            .arg("-c")
            .arg(&path)
            .envs(
                ["KEA_PIDFILE_DIR", "KEA_LOCKFILE_DIR", "KEA_DHCP_DATA_DIR"]
                    .map(|name| (name, folder.path())),
            )
            .env("KEA_TEST_SEND_RESPONSES_TO_SOURCE", "ENABLE")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Debian's Kea is installed");
        let log = process.stdout.take().unwrap();
        let mut lines = BufReader::new(log).lines().map(Result::unwrap);
        let started = format!("DHCP{version}_STARTED ");
        assert!(lines.any(|line| line.contains(&started)), "the server starts");
        // Nobody may stop reading, or the server blocks.
        std::thread::spawn(move || lines.for_each(drop));
        Kea { process, _folder: folder }
    })
}

fn kea4(namespace: &Namespace) -> Kea {
    let pools = r#"{"subnet": "192.0.2.0/24", "pools": [{"pool": "192.0.2.20-192.0.2.250"}]}"#;
    kea(namespace, 4, pools)
}

fn kea6(namespace: &Namespace) -> Kea {
    let subnet = r#"{"subnet": "2001:db8::/64", "interface": "srv0", "rapid-commit": true,
        "pools": [{"pool": "2001:db8::1000-2001:db8::ffff"}],
        "pd-pools": [{"prefix": "3000::", "prefix-len": 32, "delegated-len": 56}]}"#;
    kea(namespace, 6, subnet)
}

fn program(namespace: &Namespace, program: &'static str, line: &str) -> Output {
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    namespace.run(move || Command::new(program).args(words).output().unwrap())
}

/// Runs it; gives exit status and standard output.
fn perfdhcp(namespace: &Namespace, line: &str) -> (Option<i32>, String) {
    let output = program(namespace, env!("CARGO_BIN_EXE_perfdhcp"), line);
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

/// The number in the line that begins with `key`, in the part about an exchange.
fn number(report: &str, exchange: &str, key: &str) -> f64 {
    let title = format!("***Statistics for: {exchange}***");
    let (_, part) = report.split_once(&title).unwrap_or_else(|| panic!("{exchange} in {report}"));
    let line = part.lines().find(|line| line.starts_with(key)).unwrap();
    line[key.len()..].trim_matches([' ', ':', '%', 'm', 's']).parse().unwrap()
}

/// All numbers become N: what is left is the layout.
fn layout(report: &str) -> Vec<String> {
    let (known, _) = report.split_once("***Delay percentiles***").unwrap_or((report, ""));
    let blank = |line: &str| {
        let mut text = String::new();
        for c in line.chars() {
            match c {
                '0'..='9' | '.' if text.ends_with('N') => {}
                '0'..='9' => text.push('N'),
                c => text.push(c),
            }
        }
        text
    };
    known.lines().map(blank).collect()
}

#[test]
fn four_ways_with_kea4() {
    let (server, client) = pair();
    let _kea = kea4(&server);
    let (status, report) = perfdhcp(&client, "-4 -l cli0 -n 100 -R 100 -u -xl");
    assert_eq!(status, Some(0), "{report}");
    for exchange in ["DISCOVER-OFFER", "REQUEST-ACK"] {
        let of = |key| number(&report, exchange, key);
        assert_eq!((of("sent packets"), of("received packets"), of("drops")), (100.0, 100.0, 0.0));
        assert_eq!((of("rejected leases"), of("non unique addresses")), (0.0, 0.0));
        assert!(of("min delay") > 0.0 && of("min delay") <= of("avg delay"));
    }
    // A hundred clients, counted up from the base, have a hundred addresses of the pool.
    let (_, leases) = report.split_once("***Leases for REQUEST-ACK***").unwrap();
    let mut rows: Vec<&str> = leases.lines().filter(|line| line.ends_with(',')).collect();
    rows.sort_unstable();
    rows.dedup();
    assert_eq!(rows.len(), 100);
    assert!(rows[0].starts_with("01000c01020304,192.0.2."), "{}", rows[0]);
    assert!(rows[99].starts_with("01000c01020367,192.0.2."), "{}", rows[99]);
}

#[test]
fn four_ways_with_kea6_direct_and_relayed() {
    let (server, client) = pair();
    let _kea = kea6(&server);
    for line in [
        "-6 -l cli0 -n 50 -R 50 -e address-and-prefix -u",
        "-6 -l cli0 -n 50 -R 50 -A1",
        "-6 -l cli0 -n 50 -R 50 --threads 2 -A1",
        "-6 -l cli0 -n 50 -R 50 --threads 2 -1",
        "-6 -l cli0 -n 50 -R 50 --scenario avalanche",
    ] {
        let (status, report) = perfdhcp(&client, line);
        assert_eq!(status, Some(0), "{line}\n{report}");
        for exchange in ["SOLICIT-ADVERTISE", "REQUEST-REPLY"] {
            assert_eq!(number(&report, exchange, "received packets"), 50.0, "{line}");
            assert_eq!(number(&report, exchange, "rejected leases"), 0.0, "{line}");
        }
    }
    let (status, report) = perfdhcp(&client, "-6 -i -c -l cli0 -n 20 -R 20");
    assert_eq!((status, number(&report, "SOLICIT-REPLY", "received packets")), (Some(0), 20.0));
    assert!(report.contains(" Solicit-Reply/second"), "{report}");
}

#[test]
fn leases_are_renewed_and_released() {
    let (server, client) = pair();
    let _kea = (kea4(&server), kea6(&server));
    let line = "-l cli0 -r 100 -R 20 -p 1 -f 30 -F 20";
    let (status, report) = perfdhcp(&client, &format!("-4 {line}"));
    assert_eq!(status, Some(0), "{report}");
    let renewed = number(&report, "REQUEST-ACK (renewal)", "received packets");
    assert!((20.0..=30.0).contains(&renewed), "{report}");
    // Nobody replies to DHCPRELEASE, and nothing is lost by that.
    assert!(number(&report, "RELEASE", "sent packets") >= 10.0, "{report}");
    assert_eq!(number(&report, "RELEASE", "drops"), 0.0);
    let (status, report) = perfdhcp(&client, &format!("-6 {line}"));
    assert_eq!(status, Some(0), "{report}");
    assert!(number(&report, "RENEW-REPLY", "received packets") >= 20.0, "{report}");
    assert!(number(&report, "RELEASE-REPLY", "received packets") >= 10.0, "{report}");
}

#[test]
fn the_layout_is_that_of_perfdhcp() {
    let (server, client) = pair();
    let _kea = (kea4(&server), kea6(&server));
    for line in [
        "-4 -l cli0 -n 10 -r 100 -R 10 -W 500000",
        "-4 -i -l cli0 -p 1 -r 10 -R 10 -W 500000",
        "-6 -l cli0 -n 10 -r 100 -R 10 -W 500000 -e address-and-prefix",
        "-6 -l cli0 -n 10 -r 100 -R 10 -W 500000 -f 1 -F 1",
        "-6 -l cli0 -n 10 -r 200 -R 10 -A1 -W 500000 -g multi",
        "-4 -l cli0 -p 1 -r 10 -R 10 -C ; -W 500000 -xs",
    ] {
        let theirs = program(&client, "perfdhcp", line);
        let theirs = String::from_utf8(theirs.stdout).unwrap();
        let (_, ours) = perfdhcp(&client, line);
        // perfdhcp runs on for the renewals that it counts; which of them have been sent differs.
        let numbers = |line: &str| !line.contains("delay: n/a") && !line.contains("deviation: n/a");
        let ours: Vec<_> = layout(&ours).into_iter().filter(|l| numbers(l)).collect();
        let theirs: Vec<_> = layout(&theirs).into_iter().filter(|l| numbers(l)).collect();
        if line.contains("-f") {
            let titles = |report: &[String]| -> Vec<String> {
                report.iter().filter(|l| l.starts_with('*')).cloned().collect()
            };
            assert_eq!(titles(&ours), titles(&theirs), "{line}");
        } else {
            assert_eq!(ours, theirs, "{line}");
        }
    }
}

#[test]
fn lists_of_clients_and_relays() {
    let (server, client) = pair();
    // The relay's address is in another subnet, and the server answers to the source.
    client.ip("addr add 198.51.100.2/24 dev cli0");
    let subnets = r#"{"subnet": "192.0.2.0/24", "pools": [{"pool": "192.0.2.20-192.0.2.250"}]},
        {"subnet": "198.51.100.0/24", "pools": [{"pool": "198.51.100.20-198.51.100.250"}]}"#;
    let _kea = kea(&server, 4, subnets);
    let folder = tempfile::tempdir().unwrap();
    let (macs, relays) = (folder.path().join("macs"), folder.path().join("relays"));
    fs::write(&macs, "02:00:00:00:00:77\n02:00:00:00:00:78\n").unwrap();
    fs::write(&relays, "192.0.2.2\n198.51.100.2\n").unwrap();
    let line = format!(
        "-4 -l 192.0.2.2 -n 40 -r 1000 -s 1 -M {} -J {} -xl 192.0.2.1",
        macs.display(),
        relays.display()
    );
    let (status, report) = perfdhcp(&client, &line);
    assert_eq!(status, Some(0), "{report}");
    let (_, leases) = report.split_once("***Leases for REQUEST-ACK***").unwrap();
    for expected in ["01020000000077,192.0.2.", "01020000000078,198.51.100."] {
        assert!(leases.contains(expected), "{expected}: {leases}");
    }
    fs::write(&relays, "").unwrap();
    let output = program(&client, env!("CARGO_BIN_EXE_perfdhcp"), &line);
    assert_eq!(output.status.code(), Some(1));
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(complaint.contains("with addresses is empty!"), "{complaint}");
}

#[test]
fn templates_are_sent_with_their_places_filled_in() {
    let (server, client) = pair();
    let _kea = kea4(&server);
    let folder = tempfile::tempdir().unwrap();
    let message = |kind: u8, options: &str| {
        let fixed = format!("01010601{}020000000000", "00".repeat(24));
        let text = format!("{fixed}{}63825363 3501{kind:02x} {options} ff", "00".repeat(202));
        let file = folder.path().join(kind.to_string());
        fs::write(&file, text).unwrap();
        file.display().to_string()
    };
    let discover = message(1, "");
    let request = message(3, "3604 00000000 3204 00000000 0c04 74657374");
    let line = format!("-4 -l cli0 -R 30 -n 30 -r 1000 -T {discover} -T {request} -xlT");
    let (status, report) = perfdhcp(&client, &line);
    assert_eq!(status, Some(0), "{report}");
    assert_eq!(number(&report, "REQUEST-ACK", "received packets"), 30.0);
    // Thirty clients whose last octet differs, in a message that came from the file.
    assert!(report.contains("0102000000001d,192.0.2."), "{report}");
    assert!(report.contains("\n0200   0474657374ff\n"), "{report}");
}

#[test]
fn without_a_server_everything_is_lost() {
    let (_server, client) = pair();
    let (status, report) = perfdhcp(&client, "-4 -l cli0 -n 3 -r 100 -R 3 -d 0.1 -xe");
    assert_eq!(status, Some(3));
    assert_eq!(number(&report, "DISCOVER-OFFER", "drops"), 3.0);
    assert_eq!(number(&report, "DISCOVER-OFFER", "drops ratio"), 100.0);
    assert!(report.contains("Reached max requests limit.\n***Rate statistics***\nRate: 0 "));
    let (status, report) = perfdhcp(&client, "-4 -l cli0 -r 100 -R 3 -d 0.1 -D 5 -xe");
    assert_eq!(status, Some(3));
    assert!(report.contains("Reached maximum drops number.\n"), "{report}");
    let (status, report) = perfdhcp(&client, "-4 -l cli0 -r 100 -R 3 -d 0.1 -D 10% -xe");
    assert_eq!(status, Some(3));
    assert!(report.contains("Reached maximum percentage of drops.\n"), "{report}");
    let (status, report) = perfdhcp(&client, "-4 -l cli0 -R 3 -d 0.1 --search 0.2 -r 4");
    assert_eq!((status, report.ends_with("No rate is sustained.\n")), (Some(3), true), "{report}");
}

#[test]
fn the_highest_rate_is_found() {
    let (server, client) = pair();
    let _kea = kea4(&server);
    // At most 231 clients: the pool is not exhausted, whatever the rate.
    let (status, report) =
        perfdhcp(&client, "-4 -l cli0 -R 200 -d 0.2 --search 0.3 --max-loss 5 -r 200");
    assert_eq!(status, Some(0), "{report}");
    let first = report.lines().find(|line| line.starts_with("rate ")).unwrap();
    assert!(first.starts_with("rate 200: begun ") && first.ends_with(": sustained"), "{report}");
    let last = report.lines().last().unwrap();
    let rate = last.strip_prefix("Highest sustained rate: ").unwrap().split(' ').next().unwrap();
    assert!(rate.parse::<u32>().unwrap() >= 200, "{last}");
}

#[test]
fn wrong_use_has_its_exit_status() {
    let (_server, client) = pair();
    let output = program(&client, env!("CARGO_BIN_EXE_perfdhcp"), "-4 -6 -l cli0");
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.starts_with(b"perfdhcp [-1] [-4 | -6]"));
    let complaint = String::from_utf8(output.stderr).unwrap();
    let text = "\nERROR: parsing command line options: IP version already set to 4\n";
    assert_eq!(complaint, text);
    let (status, _) = perfdhcp(&client, "-4 -l nosuch -n 1");
    assert_eq!(status, Some(1));
    let (status, _) = perfdhcp(&client, "-4 255.255.255.255 -n 1");
    assert_eq!(status, Some(1));
    // The port is another program's.
    let taken = client.run(|| std::net::UdpSocket::bind("192.0.2.2:67").unwrap());
    let output = program(&client, env!("CARGO_BIN_EXE_perfdhcp"), "-4 -l cli0 -n 1");
    drop(taken);
    assert_eq!(output.status.code(), Some(1));
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(complaint.contains("192.0.2.2 port 67 on interface cli0"), "{complaint}");
    assert_eq!(perfdhcp(&client, "-h").0, Some(0));
}

#[test]
fn an_interrupt_ends_with_a_report_and_scripts_run_before_and_after() {
    use std::os::unix::fs::PermissionsExt;
    let (_server, client) = pair();
    let folder = tempfile::tempdir().unwrap();
    let (script, trace) = (folder.path().join("script"), folder.path().join("trace"));
    let text = format!("#!/bin/sh\necho \"$1\" >> {}\n", trace.display());
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let words = format!("-4 -l cli0 -r 10 -t 0.05 -xe -w {}", script.display());
    let (status, report) = client.run(move || {
        let mut process = Command::new(env!("CARGO_BIN_EXE_perfdhcp"))
            .args(words.split_whitespace())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        // The first interim report shows that it runs.
        assert!(lines.any(|line| line.unwrap().starts_with("sent: ")));
        let pid = rustix::process::Pid::from_raw(process.id() as i32).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        let rest: Vec<String> = lines.map(Result::unwrap).collect();
        (process.wait().unwrap().code(), rest.join("\n"))
    });
    assert_eq!(status, Some(3), "{report}");
    assert!(report.contains("Interrupted\n***Rate statistics***"), "{report}");
    assert_eq!(fs::read_to_string(&trace).unwrap(), "start\nstop\n");
}
