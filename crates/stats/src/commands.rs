//! The `statistic-…` commands (manual chapter 14.5).

use serde_json::Value as Json;

use crate::metrics::ServerKind;
use crate::registry::Stats;
use crate::rendering::Rendering;
use crate::sample::{Limit, StatisticError, UnixMicros};

/// The answer to a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// 0 success, 1 error.
    pub result: u8,
    /// Text, where the command has one.
    pub text: Option<String>,
    /// `arguments` of the answer: the text of one JSON value, in Kea's form. An answer may be large, and is asked
    /// for often, so that no tree is built for it.
    pub arguments: Option<String>,
}

impl Stats {
    /// The commands a server of this kind has.
    pub fn command_names(server: ServerKind) -> &'static [&'static str] {
        if server == ServerKind::Ddns { &COMMANDS[..4] } else { COMMANDS }
    }

    /// Executes a command with its `arguments`; `None` when the server has no such command.
    pub fn command(&self, name: &str, arguments: Option<&Json>, now: UnixMicros) -> Option<Answer> {
        if !Self::command_names(self.server_kind()).contains(&name) {
            return None;
        }
        let arguments = Arguments(arguments);
        let answer = match name {
            "statistic-get" => self.get(arguments, now),
            "statistic-get-all" => Ok(self.get_all(now, |_| true)),
            "statistic-global-get-all" => {
                Ok(self.get_all(now, |name| !name.starts_with("subnet[")))
            }
            "statistic-reset" => self.change(arguments, "reset.", |name| self.reset(name, now)),
            "statistic-reset-all" => {
                self.reset_all(now);
                Ok(Answer::text("All statistics reset to neutral values."))
            }
            "statistic-remove" => self.change(arguments, "removed.", |name| self.remove(name)),
            "statistic-remove-all" => {
                self.remove_all();
                Ok(Answer::text(
                    "Warning: statistic-remove-all command is deprecated. All statistics removed.",
                ))
            }
            "statistic-sample-age-set" => arguments.number("duration").and_then(|seconds| {
                let set = |name: &str| self.set_limit(name, Limit::Age(seconds), now);
                self.change(arguments, "duration limit is set.", set)
            }),
            "statistic-sample-age-set-all" => arguments.number("duration").and_then(|seconds| {
                self.set_limit_all(Limit::Age(seconds), now).map_err(|error| error.to_string())?;
                Ok(Answer::text("All statistics duration limit are set."))
            }),
            "statistic-sample-count-set" => arguments.number("max-samples").and_then(|count| {
                let set = |name: &str| self.set_limit(name, Limit::Count(count), now);
                self.change(arguments, "count limit is set.", set)
            }),
            "statistic-sample-count-set-all" => arguments.number("max-samples").and_then(|count| {
                self.set_limit_all(Limit::Count(count), now).map_err(|error| error.to_string())?;
                Ok(Answer::text("All statistics count limit are set."))
            }),
            _ => return None,
        };
        Some(answer.unwrap_or_else(|text| Answer { result: 1, text: Some(text), arguments: None }))
    }

    fn get(&self, arguments: Arguments<'_>, now: UnixMicros) -> Result<Answer, String> {
        let name = arguments.name()?;
        let mut shown = Rendering::new(self.zone());
        if let Some(samples) = self.samples(name, now) {
            shown.statistic("", name, samples.iter());
        }
        Ok(Answer::arguments(shown.finish()))
    }

    fn get_all(&self, now: UnixMicros, is_wanted: impl Fn(&str) -> bool) -> Answer {
        let mut shown = Rendering::new(self.zone());
        self.for_each(now, |scope, name, samples| {
            if is_wanted(if scope.is_empty() { name } else { scope }) {
                shown.statistic(scope, name, samples);
            }
        });
        Answer::arguments(shown.finish())
    }

    fn change(
        &self,
        arguments: Arguments<'_>,
        done: &str,
        change: impl FnOnce(&str) -> Result<(), StatisticError>,
    ) -> Result<Answer, String> {
        let name = arguments.name()?;
        change(name).map_err(|error| error.to_string())?;
        Ok(Answer::text(&format!("Statistic '{name}' {done}")))
    }
}

impl Answer {
    fn text(text: &str) -> Self {
        Self { result: 0, text: Some(text.to_owned()), arguments: None }
    }

    fn arguments(text: String) -> Self {
        Self { result: 0, text: None, arguments: Some(text) }
    }
}

#[derive(Clone, Copy)]
struct Arguments<'a>(Option<&'a Json>);

impl<'a> Arguments<'a> {
    fn name(self) -> Result<&'a str, String> {
        self.member("name")?
            .as_str()
            .ok_or_else(|| "'name' parameter expected to be a string.".to_owned())
    }

    fn number(self, key: &str) -> Result<u32, String> {
        self.member(key)?.as_u64().and_then(|number| u32::try_from(number).ok()).ok_or_else(|| {
            format!("'{key}' parameter expected to be an integer from 0 to {}.", u32::MAX)
        })
    }

    fn member(self, key: &str) -> Result<&'a Json, String> {
        self.0
            .and_then(|arguments| arguments.get(key))
            .ok_or_else(|| format!("Missing mandatory '{key}' parameter."))
    }
}

/// The DDNS server has the first four.
const COMMANDS: &[&str] = &[
    "statistic-get",
    "statistic-get-all",
    "statistic-reset",
    "statistic-reset-all",
    "statistic-global-get-all",
    "statistic-remove",
    "statistic-remove-all",
    "statistic-sample-age-set",
    "statistic-sample-age-set-all",
    "statistic-sample-count-set",
    "statistic-sample-count-set-all",
];

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use serde_json::json;

    use super::*;
    use crate::metrics::{ServerMetric, UpdateMetric};

    const START: UnixMicros = UnixMicros(1_565_015_265_871_052);
    const LATER: UnixMicros = UnixMicros(1_565_015_266_000_000);

    fn dhcp4() -> Stats {
        let stats = Stats::new(ServerKind::Dhcp4, 2, TimeZone::UTC);
        stats.server::<ServerMetric>(0, START).add(ServerMetric::Received, 5);
        stats
    }

    fn run(stats: &Stats, name: &str, arguments: impl Into<Option<Json>>) -> Json {
        let answer = stats.command(name, arguments.into().as_ref(), LATER).expect("a command");
        let shown = answer.arguments.map(|text| serde_json::from_str::<Json>(&text).unwrap());
        json!({"result": answer.result, "text": answer.text, "arguments": shown})
    }

    #[test]
    fn get_answers_samples_with_local_time() {
        assert_eq!(
            run(&dhcp4(), "statistic-get", json!({"name": "pkt4-received"})),
            json!({"result": 0, "text": null, "arguments": {"pkt4-received": [
                [5, "2019-08-05 14:27:46.000000"],
                [0, "2019-08-05 14:27:45.871052"],
            ]}})
        );
    }

    #[test]
    fn get_of_an_unknown_name_succeeds_with_nothing() {
        assert_eq!(
            run(&dhcp4(), "statistic-get", json!({"name": "nope"})),
            json!({"result": 0, "text": null, "arguments": {}})
        );
    }

    #[test]
    fn global_statistics_are_those_of_no_subnet() {
        let stats = dhcp4();
        stats.subnet(7, START);
        let names = |command: &str| {
            let answer = run(&stats, command, None);
            let names: Vec<_> = answer["arguments"].as_object().unwrap().keys().cloned().collect();
            names
        };
        let (all, global) = (names("statistic-get-all"), names("statistic-global-get-all"));
        assert!(all.iter().any(|name| name == "subnet[7].total-addresses"));
        assert!(!global.is_empty() && global.len() < all.len());
        assert!(global.iter().all(|name| !name.starts_with("subnet[")));
        assert!(global.iter().any(|name| name == "pkt4-received"));
    }

    #[test]
    fn changes_of_an_unknown_name_fail() {
        let failed = json!({"result": 1, "text": "No 'nope' statistic found", "arguments": null});
        let stats = dhcp4();
        let arguments = json!({"name": "nope", "duration": 1, "max-samples": 1});
        for command in ["reset", "remove", "sample-age-set", "sample-count-set"] {
            assert_eq!(run(&stats, &format!("statistic-{command}"), arguments.clone()), failed);
        }
    }

    #[test]
    fn missing_and_mistyped_arguments() {
        let stats = dhcp4();
        let text = |name, arguments| run(&stats, name, arguments)["text"].clone();
        assert_eq!(text("statistic-get", json!({})), "Missing mandatory 'name' parameter.");
        assert_eq!(
            text("statistic-get", json!({"name": 1})),
            "'name' parameter expected to be a string."
        );
        let named = |key: &str, value: Json| json!({"name": "pkt4-received", key: value});
        assert_eq!(
            text("statistic-sample-age-set", named("duration", json!(-5))),
            "'duration' parameter expected to be an integer from 0 to 4294967295."
        );
        assert_eq!(
            text("statistic-sample-count-set", named("max-samples", json!(0))),
            "'max-samples' parameter must not be zero"
        );
        assert_eq!(
            text("statistic-sample-count-set-all", json!({})),
            "Missing mandatory 'max-samples' parameter."
        );
    }

    #[test]
    fn reset_keeps_and_remove_takes_away() {
        let stats = dhcp4();
        let named = json!({"name": "pkt4-received"});
        assert_eq!(
            run(&stats, "statistic-reset", named.clone())["text"],
            "Statistic 'pkt4-received' reset."
        );
        assert_eq!(
            run(&stats, "statistic-get", named.clone())["arguments"],
            json!({"pkt4-received": [[0, "2019-08-05 14:27:46.000000"]]})
        );
        assert_eq!(
            run(&stats, "statistic-remove", named.clone())["text"],
            "Statistic 'pkt4-received' removed."
        );
        assert_eq!(run(&stats, "statistic-get", named)["arguments"], json!({}));
        assert_eq!(run(&stats, "statistic-remove-all", json!({}))["result"], 0);
        assert_eq!(run(&stats, "statistic-get-all", json!({}))["arguments"], json!({}));
    }

    #[test]
    fn limits_are_confirmed() {
        let stats = dhcp4();
        let arguments = json!({"name": "pkt4-received", "duration": 10, "max-samples": 1});
        let text = |name| run(&stats, name, arguments.clone())["text"].clone();
        assert_eq!(
            text("statistic-sample-age-set"),
            "Statistic 'pkt4-received' duration limit is set."
        );
        assert_eq!(
            text("statistic-sample-count-set"),
            "Statistic 'pkt4-received' count limit is set."
        );
        assert_eq!(text("statistic-sample-age-set-all"), "All statistics duration limit are set.");
        assert_eq!(text("statistic-sample-count-set-all"), "All statistics count limit are set.");
    }

    #[test]
    fn the_ddns_server_neither_removes_nor_limits() {
        let stats = Stats::new(ServerKind::Ddns, 1, TimeZone::UTC);
        stats.server::<UpdateMetric>(0, START).increment(UpdateMetric::NcrReceived);
        stats.key("key.example.com.", START);
        assert_eq!(stats.command("statistic-remove", None, LATER), None);
        assert_eq!(stats.command("statistic-sample-age-set-all", None, LATER), None);
        let all = run(&stats, "statistic-get-all", json!({}));
        assert_eq!(all["arguments"]["ncr-received"][0][0], 1);
        assert_eq!(all["arguments"]["key[key.example.com.].update-sent"][0][0], 0);
    }
}
