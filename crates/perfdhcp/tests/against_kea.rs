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
        // Where Debian's server keeps its identifier by itself is made by its service alone.
        let data = match version {
            6 => format!("\"data-directory\": \"{}\",", folder.path().display()),
            _ => String::new(),
        };
        let text = format!(
            r#"{{"Dhcp{version}": {{ {data}
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
        // Identifiers and addresses of leases.
        let is_hex = line.contains("::") && !line.contains(' ');
        for c in line.chars() {
            match c {
                '0'..='9' | '.' if text.ends_with('N') => {}
                'a'..='f' if is_hex && text.ends_with('N') => {}
                'a'..='f' if is_hex => text.push('N'),
                '0'..='9' => text.push('N'),
                c => text.push(c),
            }
        }
        text
    };
    // To perfdhcp, a share of nothing is no number, and an option with two dashes has an odd letter.
    let mended = known.replace("-nan", "0").replace("-, avalanche", "--scenario avalanche");
    mended.lines().map(blank).collect()
}

#[test]
fn four_ways_with_kea4() {
    let (server, client) = pair();
    let _kea = kea4(&server);
    let (status, report) = perfdhcp(&client, "-4 -l cli0 -d 60 -n 100 -R 100 -u -xl");
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
        // However slow the machine, nothing is given up.
        let (status, report) = perfdhcp(&client, &format!("{line} -d 60"));
        assert_eq!(status, Some(0), "{line}\n{report}");
        for exchange in ["SOLICIT-ADVERTISE", "REQUEST-REPLY"] {
            assert_eq!(number(&report, exchange, "received packets"), 50.0, "{line}");
            assert_eq!(number(&report, exchange, "rejected leases"), 0.0, "{line}");
        }
    }
    let (status, report) = perfdhcp(&client, "-6 -i -c -l cli0 -n 20 -R 20 -d 60");
    assert_eq!((status, number(&report, "SOLICIT-REPLY", "received packets")), (Some(0), 20.0));
    assert!(report.contains(" Solicit-Reply/second"), "{report}");
}

#[test]
fn leases_are_renewed_and_released() {
    let (server, client) = pair();
    let _kea = (kea4(&server), kea6(&server));
    // Until the third and the fourth number of what was received, or sent, are large enough.
    let report_after = |version: u8, title: &str, fourth: &str| -> String {
        let line = format!("-{version} -l cli0 -d 60 -r 100 -R 20 -f 30 -F 20 -t 0.05");
        let (title, fourth) = (title.to_owned(), fourth.to_owned());
        client.run(move || {
            let mut process = Command::new(env!("CARGO_BIN_EXE_perfdhcp"))
                .args(line.split(' '))
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
            let column = |line: &str, title: &str| -> Option<Vec<u64>> {
                let part = line.split("; ").find_map(|part| part.strip_prefix(title))?;
                Some(part.split('/').map(|number| number.parse().unwrap()).collect())
            };
            assert!(lines.any(|line| {
                let line = line.unwrap();
                let third = column(&line, &title).is_some_and(|numbers| numbers[2] >= 20);
                third && column(&line, &fourth).is_some_and(|numbers| numbers[3] >= 10)
            }));
            let pid = rustix::process::Pid::from_raw(process.id() as i32).unwrap();
            rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
            let rest: Vec<String> = lines.map(Result::unwrap).collect();
            process.wait().unwrap();
            rest.join("\n")
        })
    };
    let report = report_after(4, "received: ", "sent: ");
    let renewal = |key| number(&report, "REQUEST-ACK (renewal)", key);
    assert!(renewal("received packets") >= 20.0 && renewal("rejected leases") == 0.0, "{report}");
    // Nobody replies to DHCPRELEASE, and nothing is lost by that.
    assert!(number(&report, "RELEASE", "sent packets") >= 10.0, "{report}");
    assert_eq!(number(&report, "RELEASE", "drops"), 0.0);
    let report = report_after(6, "received: ", "received: ");
    for exchange in ["RENEW-REPLY", "RELEASE-REPLY"] {
        assert!(number(&report, exchange, "received packets") >= 10.0, "{report}");
        assert_eq!(number(&report, exchange, "rejected leases"), 0.0, "{report}");
    }
}

/// Lines that perfdhcp writes over and over while it waits, or after any end, or about the machine; and those about delays of
/// which there are none, which it mixes up.
fn is_steady(line: &str) -> bool {
    let repeated = ["Reached ", "reached ", "Interrupted", "WARNING: "];
    let mixed = ["delay: n/a", "deviation: n/a", "min delay: inf"];
    !repeated.iter().any(|head| line.starts_with(head)) && !mixed.iter().any(|m| line.contains(m))
}

#[test]
fn the_layout_is_that_of_perfdhcp() {
    let (server, client) = pair();
    let _kea = (kea4(&server), kea6(&server));
    for line in [
        "-4 -l cli0 -n 10 -r 100 -R 10 -W 500000 -xitsT",
        "-4 -l cli0 -n 10 -r 100 -R 10 -W 500000 -xla -b duid=000100010000000000000c01020304",
        "-4 -l cli0 -n 9 -n 10 -r 100 -W 1 -b mac=02:0:0:0:0:1 -b duid=000100010000000000000c01020304 \
         -xa -L 6767 -N 6868 -d 0.2 -d 0.1 -D 50 -P 2 -s 7 -1 -B -u -t 60 -p 60",
        "-4 -i -l cli0 -p 1 -r 10 -R 10 -W 500000",
        "-4 -l cli0 -n 5 -r 10 -R 5 -W 500000 --scenario avalanche",
        "-4 -n 5 -r 50 -B -u -P 2 -W 500000 -o 60,646f63736973 -xe 192.0.2.1",
        "-4 -n 5 -r 50 -f 1 -F 1 -D 100 -d 2 -d 3 -D 50% -W 500000 all -l cli0 -1",
        "-6 -l cli0 -n 10 -r 100 -R 10 -W 500000 -e address-and-prefix -xl",
        "-6 -l cli0 -n 10 -r 100 -R 10 -W 500000 -f 1 -F 1",
        "-6 -l cli0 -n 10 -r 200 -R 10 -A1 -W 500000 -g multi",
        "-6 -l cli0 -n 10 -r 200 -R 10 -W 500000 -1 -g single",
        "-4 -l cli0 -p 1 -r 10 -R 10 -C ; -W 500000 -xs",
    ] {
        // Debian's ends after its wait, whether the server has had its turn or not.
        let is_alike = |_| {
            let theirs = program(&client, "perfdhcp", line);
            let theirs = layout(&String::from_utf8(theirs.stdout).unwrap());
            let (_, ours) = perfdhcp(&client, line);
            let steady = |report: Vec<String>| -> Vec<String> {
                report.into_iter().filter(|line| is_steady(line)).collect()
            };
            let (ours, theirs) = (steady(layout(&ours)), steady(theirs));
            (ours != theirs).then_some((ours, theirs))
        };
        let differences: Vec<_> = (0..10).map_while(is_alike).collect();
        let Some((ours, theirs)) = differences.last().filter(|_| differences.len() == 10) else {
            continue;
        };
        assert_eq!(ours, theirs, "{line}");
    }
}

/// Command lines that are wrong, and what the message has to name. Debian's perfdhcp refuses all of
/// them, too, with status 1 where the manual has 2.
#[test]
fn what_perfdhcp_refuses_is_refused_and_named() {
    let (_server, client) = pair();
    let cases: &[(&str, &str)] = &[
        ("-4 -6", "IP version"),
        ("-r 0", "-r<"),
        ("-n x", "-n<"),
        ("-P -1", "-P<"),
        ("-s -1", "-s <"),
        ("-t 0", "-t<"),
        ("-p 0", "-p<"),
        ("-d 0", "-d<"),
        ("-D -1", "-D<"),
        ("-D 0%", "-D<"),
        ("-D 100%", "-D<"),
        ("-W -1", "-W<"),
        ("-L 65536", "-L<"),
        ("-N -1", "-N<"),
        ("-O 2", "-O<"),
        ("-X 0", "-X<"),
        ("-E -1", "-E<"),
        ("-S -1", "-S<"),
        ("-I -1", "-I<"),
        ("-X 4", "-X<"),
        ("-O 30", "-O<"),
        ("-E 3", "-E<"),
        ("-S 3", "-S<"),
        ("-I 3", "-I<"),
        ("-T a -T b -T c", "-T"),
        ("-n 1 -n 2 -n 3", "-n"),
        ("-D 1 -D 1 -D 1", "-D"),
        ("-4 -o 12", "-o"),
        ("-o 12,00", "-o"),
        ("-4 -o 12,zz", "-o"),
        ("-b foo", "-b"),
        ("-b duid=12", "DUID"),
        ("-b duid=zz0101010101", "DUID"),
        ("-b mac=1:2:3", "mac"),
        ("-M a -b mac=1:2:3:4:5:6", "-M"),
        ("-y 1", "-Y"),
        ("-Y 1", "-y"),
        ("-f 1", "-f<"),
        ("-F 1", "-F<"),
        ("-r 1 -f 1 -F 1", "-F<"),
        ("-4 -A 1", "-A"),
        ("-6 -A 2", "-A"),
        ("-4 -c", "-c"),
        ("-6 -c", "-c"),
        ("-4 -e prefix-only", "-e "),
        ("-6 -e foo", "-e"),
        ("-6 -e prefix-only -T a", "-T"),
        ("-g foo", "-g"),
        ("--scenario foo", "scenario"),
        ("--scenario avalanche", "-R"),
        ("-6 -B", "-B"),
        ("-i -1", "-1"),
        ("-i -n 1 -n 2", "-n<"),
        ("-i -d 1 -d 2", "-d<"),
        ("-i -D 1 -D 2", "-D<"),
        ("-i -T a -T b", "-T<"),
        ("-i -T a -X 4 -X 5", "-X<"),
        ("-i -T a -O 4 -O 5", "-O<"),
        ("-i -E 3", "-E<"),
        ("-i -S 3", "-S<"),
        ("-i -I 3", "-I<"),
        ("-i -f 3 -r 5", "-f<"),
        ("-i -F 3 -r 5", "-F<"),
        ("-6 10.0.0.1", "10.0.0.1"),
        ("-4 nonsense", "nonsense"),
        ("10.0.0.1 10.0.0.2", "extra arguments"),
        ("-z", "-z"),
        ("--nonsense", "--nonsense"),
    ];
    for (line, named) in cases {
        let line = format!("-l cli0 {line}");
        let theirs = program(&client, "perfdhcp", &line);
        let ours = program(&client, env!("CARGO_BIN_EXE_perfdhcp"), &line);
        assert_eq!((ours.status.code(), theirs.status.code()), (Some(2), Some(1)), "{line}");
        let complaint = String::from_utf8(ours.stderr).unwrap();
        assert!(complaint.starts_with("\nERROR: parsing command line options: "), "{complaint}");
        assert!(complaint.contains(named), "{line}: {complaint}");
        assert!(theirs.stderr.starts_with(b"\nERROR: "), "{line}");
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
        "-4 -l 192.0.2.2 -d 60 -n 40 -r 1000 -s 1 -M {} -J {} -xl 192.0.2.1",
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
    let line = format!("-4 -l cli0 -d 60 -R 30 -n 30 -r 1000 -T {discover} -T {request} -xlT");
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

/// Which rate that is depends on the machine; that it is the best one that was sustained does not.
#[test]
fn the_highest_rate_is_found() {
    let (server, client) = pair();
    let _kea = kea4(&server);
    // At most 231 clients: the pool is not exhausted, whatever the rate.
    let line = "-4 -l cli0 -R 200 -d 0.2 --search 0.3 --max-loss 5 -r 200";
    let (status, report) = perfdhcp(&client, line);
    let attempts: Vec<(u32, f64, f64, bool)> = report
        .lines()
        .filter_map(|line| {
            let (rate, rest) = line.strip_prefix("rate ")?.split_once(": begun ")?;
            let (begun, rest) = rest.split_once("/s, loss ")?;
            let (loss, verdict) = rest.split_once(" %: ")?;
            let number = |text: &str| text.parse::<f64>().unwrap();
            Some((rate.parse().unwrap(), number(begun), number(loss), verdict == "sustained"))
        })
        .collect();
    assert_eq!(attempts[0].0, 200, "{report}");
    for (rate, begun, loss, sustained) in &attempts {
        // Both are rounded in the report.
        let slack = 1.0;
        let kept_up = *begun >= f64::from(*rate) * 0.975 - slack;
        assert!(!sustained || (*loss <= 5.0 && kept_up), "{report}");
        let fell_back = *begun <= f64::from(*rate) * 0.975 + slack;
        assert!(*sustained || *loss > 4.99 || fell_back, "{report}");
    }
    let best = attempts.iter().filter(|(.., sustained)| *sustained).map(|(rate, ..)| *rate).max();
    let last = report.lines().last().unwrap();
    match best {
        Some(best) => {
            let head = format!("Highest sustained rate: {best} exchanges/second (loss ");
            assert!(last.starts_with(&head), "{report}");
            assert_eq!(status, Some(0));
            // The next higher one that was tried is near, and was too much.
            let next = attempts.iter().filter(|a| a.0 > best).map(|a| a.0).min().unwrap();
            assert!(next - best <= (best / 50).max(1), "{report}");
        }
        None => assert_eq!((status, last), (Some(3), "No rate is sustained.")),
    }
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
