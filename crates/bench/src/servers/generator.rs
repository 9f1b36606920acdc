//! Load: this project's perfdhcp, which keeps a number of exchanges in flight, and Debian's, several at
//! once, at the highest rate that is sustained.

use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use kea_testkit::Netns;
use serde_json::Value;

use super::profile::Profile;
use crate::{clock, relayed};

/// What a run of the generator saw.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Seen {
    /// Exchanges a second.
    pub(super) rate: f64,
    /// Of the exchanges, how many per cent were not completed.
    pub(super) loss: f64,
    /// The slower of both answers, 99th percentile, milliseconds.
    pub(super) p99: f64,
    /// Exchanges that were completed.
    pub(super) completed: f64,
    /// Processor time of the server meanwhile.
    pub(super) processor: Duration,
}

impl Seen {
    /// Microseconds of the server's processor for an exchange.
    pub(super) fn cost(&self) -> f64 {
        self.processor.as_secs_f64() * 1e6 / f64::max(self.completed, 1.0)
    }
}

/// Where and how long to send.
pub(super) struct Generator<'a> {
    pub(super) netns: &'a Netns,
    /// This project's perfdhcp.
    pub(super) program: &'a Path,
    pub(super) folder: &'a Path,
    pub(super) seconds: u32,
    /// Process number of the server, where its cost is of interest.
    pub(super) server: Option<String>,
}

/// Exchanges in flight: enough to keep two workers and their batches busy.
const IN_FLIGHT: &str = "128";

impl Generator<'_> {
    /// As fast as answers come.
    pub(super) fn closed_loop(&self, profile: &Profile) -> io::Result<Seen> {
        self.own(profile, &["--in-flight", IN_FLIGHT, "-p", &self.seconds.to_string()])
    }

    /// At a steady rate.
    pub(super) fn at_rate(&self, profile: &Profile, rate: f64) -> io::Result<Seen> {
        let rate = format!("{:.0}", rate.max(1.0));
        self.own(profile, &["-r", &rate, "-p", &self.seconds.to_string()])
    }

    /// One exchange: true when it was completed.
    pub(super) fn reaches(&self, profile: &Profile) -> io::Result<bool> {
        let seen = self.own(profile, &["-n", "1", "--in-flight", "1", "-p", "1"])?;
        Ok(seen.completed >= 1.0)
    }

    fn own(&self, profile: &Profile, pace: &[&str]) -> io::Result<Seen> {
        let mut command = super::placed(self.netns, super::GENERATOR, self.program);
        command.arg(format!("-{}", profile.version)).arg("--json");
        // Later arguments win: a profile may have its own number of clients.
        command.args(["-R", "4000000", "-W", "200000"]).args(pace).args(profile.load);
        match profile.version {
            4 => {
                if profile.subnets > 1 {
                    let list = self.folder.join("relays");
                    let relays = (0..profile.subnets).map(|n| format!("{}\n", relayed::relay(n)));
                    std::fs::write(&list, relays.collect::<String>())?;
                    command.arg("-J").arg(list);
                }
                command.arg("10.0.0.1")
            }
            _ => command.args(["-l", "eth0"]),
        };
        let before = self.processor();
        let output = command.output()?;
        let processor = self.processor().saturating_sub(before);
        let report: Value = serde_json::from_slice(&output.stdout).map_err(|error| {
            let said = String::from_utf8_lossy(&output.stderr);
            io::Error::other(format!("perfdhcp: {error}: {said}"))
        })?;
        Ok(Seen { processor, ..read_report(&report) })
    }

    /// What the server has used up to now.
    fn processor(&self) -> Duration {
        let used = self.server.as_deref().and_then(clock::of_pid);
        used.map_or(Duration::ZERO, |(processor, _)| processor)
    }

    /// Debian's perfdhcp, `instances` at once, each a relay of its own: the highest sum of rates, from
    /// `rate` down, on any processor, at which at most `LOSS` per cent are lost; to about 7 per cent.
    pub(super) fn debian(&self, instances: u32, rate: f64) -> io::Result<Seen> {
        const LOSS: f64 = 2.5;
        const ATTEMPTS: u32 = 14;
        const STEP: f64 = 0.85;
        let mut rate = rate;
        let mut seen = Seen::default();
        for attempt in 0..ATTEMPTS {
            seen = self.debian_at(instances, rate / f64::from(instances))?;
            if seen.loss > LOSS {
                rate *= STEP;
                continue;
            }
            if attempt > 0 {
                let between = rate / STEP.sqrt();
                let more = self.debian_at(instances, between / f64::from(instances))?;
                seen = if more.loss <= LOSS { more } else { seen };
            }
            break;
        }
        Ok(seen)
    }

    fn debian_at(&self, instances: u32, rate: f64) -> io::Result<Seen> {
        let start = |instance: u32| -> io::Result<Child> {
            let mut command = self.netns.command("/usr/sbin/perfdhcp");
            command.args(["-4", "-g", "single", "-R", "1000000", "-W", "1", "10.0.0.1"]);
            command.arg("-l").arg(format!("10.255.0.{}", instance + 1));
            command.arg("-b").arg(format!("mac=02:00:{instance:02x}:00:00:00"));
            command.arg("-r").arg(format!("{rate:.0}")).arg("-p").arg(self.seconds.to_string());
            command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()
        };
        let before = self.processor();
        let children: Vec<Child> = (0..instances).map(start).collect::<io::Result<_>>()?;
        let mut sum = Seen::default();
        let (mut sent, mut received) = (0.0, 0.0);
        for child in children {
            let text = child.wait_with_output()?.stdout;
            let text = String::from_utf8_lossy(&text);
            let numbers = |label: &str| -> Vec<f64> {
                let lines = text.lines().filter_map(|line| line.strip_prefix(label));
                lines.filter_map(|rest| rest.split_whitespace().next()?.parse().ok()).collect()
            };
            sum.rate += numbers("Rate:").iter().sum::<f64>();
            sum.completed += numbers("received packets:").last().copied().unwrap_or_default();
            sent += numbers("sent packets:").iter().sum::<f64>();
            received += numbers("received packets:").iter().sum::<f64>();
        }
        sum.processor = self.processor().saturating_sub(before);
        sum.loss = 100.0 * (1.0 - received / f64::max(sent, 1.0));
        Ok(sum)
    }
}

fn read_report(report: &Value) -> Seen {
    let exchanges = report["exchanges"].as_array().map(Vec::as_slice).unwrap_or_default();
    let sum = |key: &str| exchanges.iter().filter_map(|e| e[key].as_f64()).sum::<f64>();
    let p99 = exchanges.iter().filter_map(|e| e["delay-ms"]["p99"].as_f64()).fold(0.0, f64::max);
    let completed = exchanges.last().and_then(|e| e["received"].as_f64()).unwrap_or_default();
    Seen {
        rate: report["rate"].as_f64().unwrap_or_default(),
        loss: 100.0 * sum("drops") / f64::max(sum("sent"), 1.0),
        p99,
        completed,
        processor: Duration::ZERO,
    }
}

/// The version that a program tells, for the head of the results.
pub(super) fn version(program: &Path, switch: &str) -> String {
    let output = Command::new(program).arg(switch).output();
    let text = output.map(|output| [output.stdout, output.stderr].concat()).unwrap_or_default();
    String::from_utf8_lossy(&text).lines().next().unwrap_or("?").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_report_gives_rate_loss_and_the_slower_percentile() {
        let report = json!({ "rate": 1000.5, "exchanges": [
            { "sent": 100, "received": 100, "drops": 0, "delay-ms": { "p99": 0.5 } },
            { "sent": 100, "received": 90, "drops": 10, "delay-ms": { "p99": 2.5 } },
        ] });
        let seen =
            Seen { rate: 1000.5, loss: 5.0, p99: 2.5, completed: 90.0, processor: Duration::ZERO };
        assert_eq!(read_report(&report), seen);
        let seen = Seen { processor: Duration::from_millis(9), ..seen };
        assert!((seen.cost() - 100.0).abs() < 1e-9);
    }
}
