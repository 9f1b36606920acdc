//! A configuration and an exchange, as text for the player and in parts that can be left out.

use std::fmt::Write as _;

use serde_json::Value;

use crate::chance::Chance;

/// What both servers are given.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// Members of `Dhcp4` or `Dhcp6`.
    pub(crate) config: Value,
    /// `A mac …`
    pub(crate) clients: Vec<String>,
    /// Head and details of each acting step. Beside those of scenarios there is `reload POINTER JSON`: the
    /// same configuration, but for that member.
    pub(crate) steps: Vec<Vec<String>>,
}

impl Case {
    /// As a scenario that expects nothing.
    pub(crate) fn text(&self) -> String {
        let mut text = "title a random case\n\n".to_owned();
        write_config(&self.config, &mut text);
        for client in &self.clients {
            let _a_string_takes_all = writeln!(text, "client {client}");
        }
        for step in &self.steps {
            if let Some(config) = self.reloaded(&step[0]) {
                write_config(&config, &mut text);
                continue;
            }
            text += &step.join("\n    ");
            text.push('\n');
        }
        text
    }

    /// True when names go to the DNS.
    pub(crate) fn sends_name_changes(&self) -> bool {
        self.config.pointer("/dhcp-ddns/enable-updates") == Some(&Value::Bool(true))
    }

    /// The configuration that a step loads, if it does.
    fn reloaded(&self, step: &str) -> Option<Value> {
        let (pointer, value) = step.strip_prefix("reload ")?.split_once(' ')?;
        let (parent, name) = pointer.rsplit_once('/')?;
        let mut config = self.config.clone();
        // What was left out meanwhile is not changed.
        if let Some(Value::Object(members)) = config.pointer_mut(parent) {
            members.insert(name.to_owned(), serde_json::from_str(value).ok()?);
        }
        Some(config)
    }

    /// The case with fewer parts that still does `fails`, as small as leaving out single parts makes it.
    pub(crate) fn reduced(mut self, mut fails: impl FnMut(&Case) -> bool) -> Case {
        loop {
            let before = self.text().len();
            self.reduce_steps(&mut fails);
            self.reduce_details(&mut fails);
            self.reduce_config(&mut fails);
            if self.text().len() == before {
                return self;
            }
        }
    }

    fn reduce_steps(&mut self, fails: &mut impl FnMut(&Case) -> bool) {
        let mut size = self.steps.len() / 2;
        while size > 0 {
            let mut at = 0;
            while at < self.steps.len() {
                let mut fewer = self.clone();
                fewer.steps.drain(at..(at + size).min(self.steps.len()));
                if fails(&fewer) { *self = fewer } else { at += size }
            }
            size /= 2;
        }
    }

    fn reduce_details(&mut self, fails: &mut impl FnMut(&Case) -> bool) {
        for at in 0..self.steps.len() {
            let mut detail = 1;
            while detail < self.steps[at].len() {
                let mut fewer = self.clone();
                fewer.steps[at].remove(detail);
                if fails(&fewer) { *self = fewer } else { detail += 1 }
            }
        }
    }

    fn reduce_config(&mut self, fails: &mut impl FnMut(&Case) -> bool) {
        let mut depth = 1;
        loop {
            let mut pointers = Vec::new();
            pointers_at(&self.config, depth, String::new(), &mut pointers);
            if pointers.is_empty() {
                return;
            }
            // From the end, so that places in lists stay what they are.
            for pointer in pointers.iter().rev() {
                let mut fewer = self.clone();
                remove(&mut fewer.config, pointer);
                if fails(&fewer) {
                    *self = fewer;
                }
            }
            depth += 1;
        }
    }
}

fn write_config(config: &Value, text: &mut String) {
    text.push_str("config\n");
    let config = serde_json::to_string_pretty(config).unwrap_or_default();
    for line in config.lines() {
        let _a_string_takes_all = writeln!(text, "    {line}");
    }
}

fn pointers_at(value: &Value, depth: usize, path: String, into: &mut Vec<String>) {
    if depth == 0 {
        into.push(path);
        return;
    }
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                pointers_at(member, depth - 1, format!("{path}/{name}"), into);
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                pointers_at(item, depth - 1, format!("{path}/{at}"), into);
            }
        }
        _ => {}
    }
}

fn remove(config: &mut Value, pointer: &str) {
    let Some((parent, last)) = pointer.rsplit_once('/') else { return };
    match config.pointer_mut(parent) {
        Some(Value::Object(members)) => drop(members.shift_remove(last)),
        Some(Value::Array(items)) => {
            if let Ok(at) = last.parse::<usize>()
                && at < items.len()
            {
                items.remove(at);
            }
        }
        _ => {}
    }
}

/// The clients of every case.
pub(crate) const CLIENTS: [&str; 4] = ["A", "B", "C", "D"];

/// The place of a client among [`CLIENTS`].
pub(crate) fn number_of(name: &str) -> usize {
    CLIENTS.iter().position(|other| *other == name).unwrap_or(0)
}

/// The hardware address of the client at this place.
pub(crate) fn mac(number: usize) -> String {
    format!("02:00:00:00:00:0{:x}", 10 + number)
}

/// Steps of clients whose lives go on by `act`, one at a time, and times when nothing happens.
pub(crate) fn days<L>(
    chance: &mut Chance,
    (least, more): (usize, usize),
    lives: &mut [L],
    act: impl Fn(&mut L, &mut Chance, &mut Vec<Vec<String>>),
) -> Vec<Vec<String>> {
    let mut steps = Vec::new();
    for _ in 0..least + chance.below(more) {
        if chance.percent(4) {
            steps.push(vec![format!("advance {}", chance.pick(&[1000, 2500, 5000, 90000]))]);
            continue;
        }
        let at = chance.below(lives.len());
        act(&mut lives[at], chance, &mut steps);
    }
    steps
}

/// What clients say they have before they have anything: `$A`, `$An1`, `$Ap1`.
pub(crate) fn never_given() -> Vec<(String, String)> {
    let mut never = Vec::new();
    for name in CLIENTS {
        never.push((name.to_owned(), "192.0.2.77".to_owned()));
        for iaid in 1..=3 {
            never.push((format!("{name}n{iaid}"), format!("2001:db8:1::77:{iaid}")));
            never.push((format!("{name}p{iaid}"), format!("2001:db8:77:{iaid}00::/56")));
        }
    }
    never
}
