//! Statistics as the text of a JSON value, in the form Kea gives it: `{ "name": [ [ 5, "2019-08-05 14:27:46.000000" ] ] }`.
//! A monitor asks for all of them many times, so the text is written at once, without a tree.

use std::collections::HashMap;

use jiff::tz::TimeZone;

use crate::sample::{Sample, UnixMicros, Value};

/// A map of statistics, as it is written.
#[derive(Debug)]
pub(crate) struct Rendering<'a> {
    text: String,
    calendar: Calendar<'a>,
}

/// The texts of seconds. An observation gives one moment to many samples, and calendars are dear.
#[derive(Debug)]
struct Calendar<'a> {
    zone: &'a TimeZone,
    last: Option<(i64, String)>,
    texts: HashMap<i64, String>,
}

impl<'a> Rendering<'a> {
    /// An empty map, with times of `zone`.
    pub(crate) fn new(zone: &'a TimeZone) -> Self {
        let calendar = Calendar { zone, last: None, texts: HashMap::new() };
        Rendering { text: "{ ".to_owned(), calendar }
    }

    /// Adds a statistic under its name, which is in two parts.
    pub(crate) fn statistic<'s>(
        &mut self,
        scope: &str,
        name: &str,
        samples: impl Iterator<Item = &'s Sample>,
    ) {
        let text = &mut self.text;
        text.push_str(if text.len() == "{ ".len() { "\"" } else { ", \"" });
        push_escaped(text, scope);
        push_escaped(text, name);
        text.push_str("\": [ ");
        for (number, sample) in samples.enumerate() {
            text.push_str(if number == 0 { "[ " } else { ", [ " });
            push_value(text, &sample.value);
            text.push_str(", \"");
            self.calendar.push_moment(text, sample.at);
            text.push_str("\" ]");
        }
        text.push_str(" ]");
    }

    /// The text.
    pub(crate) fn finish(mut self) -> String {
        self.text.push_str(" }");
        self.text
    }
}

impl Calendar<'_> {
    /// `YYYY-MM-DD HH:MM:SS.ffffff`.
    fn push_moment(&mut self, text: &mut String, at: UnixMicros) {
        let (second, micros) = (at.0.div_euclid(1_000_000), at.0.rem_euclid(1_000_000));
        match &self.last {
            Some((last, shown)) if *last == second => text.push_str(shown),
            _ => {
                let shown = self.texts.entry(second).or_insert_with(|| at.second_text(self.zone));
                text.push_str(shown);
                self.last = Some((second, shown.clone()));
            }
        }
        text.push('.');
        let mut digit = 100_000;
        while digit > 0 {
            text.push(char::from_digit((micros / digit % 10) as u32, 10).unwrap_or('0'));
            digit /= 10;
        }
    }
}

fn push_value(text: &mut String, value: &Value) {
    match value {
        Value::Integer(value) => text.push_str(itoa::Buffer::new().format(*value)),
        other => text.push_str(&other.json().to_string()),
    }
}

fn push_escaped(text: &mut String, name: &str) {
    if name.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        text.push_str(name);
    } else {
        let quoted = serde_json::Value::from(name).to_string();
        text.push_str(&quoted[1..quoted.len() - 1]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_as_kea_writes_it() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let sample = |value, micros| Sample { value, at: UnixMicros(micros) };
        let mut shown = Rendering::new(&zone);
        assert_eq!(Rendering::new(&zone).finish(), "{  }", "as Kea writes an empty map");
        let counted = [
            sample(Value::Integer(-5), 1_565_015_265_871_052),
            sample(Value::Integer(0), 1_565_015_265_000_001),
            sample(Value::Large(1 << 70), -1),
        ];
        shown.statistic("subnet[1].", "total-nas", counted.iter());
        let free = [
            sample(Value::Text("a\"b".into()), 0),
            sample(Value::Float(1.5), 0),
            sample(Value::Duration(1), 0),
        ];
        shown.statistic("", "a\"b\\", free.iter());
        assert_eq!(
            shown.finish(),
            "{ \"subnet[1].total-nas\": [ [ -5, \"2019-08-05 16:27:45.871052\" ], \
             [ 0, \"2019-08-05 16:27:45.000001\" ], \
             [ 9223372036854775807, \"1970-01-01 01:59:59.999999\" ] ], \
             \"a\\\"b\\\\\": [ [ \"a\\\"b\", \"1970-01-01 02:00:00.000000\" ], \
             [ 1.5, \"1970-01-01 02:00:00.000000\" ], \
             [ \"00:00:00.000001\", \"1970-01-01 02:00:00.000000\" ] ] }"
        );
    }
}
