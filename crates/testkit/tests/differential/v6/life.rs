//! What DHCPv6 clients and relays do.

use crate::case::{CLIENTS, mac, number_of};
use crate::chance::Chance;

/// How a client goes about it.
pub(super) struct Life {
    name: &'static str,
    pub(super) description: String,
    /// What it asks for: `n1`, `p2`.
    wants: Vec<String>,
    relay: Vec<String>,
    habits: Vec<String>,
    has: bool,
}

impl Life {
    pub(super) fn new(name: &'static str, chance: &mut Chance) -> Self {
        let at = number_of(name);
        let mac = mac(at);
        // Now and then two cards are one client.
        let (at, duid_of) = if chance.percent(6) { (0, 10) } else { (at, 10 + at) };
        let duid = match chance.below(5) {
            0 | 1 => String::new(),
            2 => format!(" duid 00:01:00:01:2a:00:00:00:02:00:00:00:00:0{duid_of:x}"),
            3 => format!(" duid 00:02:00:00:11:8b:0{at}:05"),
            _ => format!(" duid 00:04:00:01:02:03:04:05:06:07:08:09:0a:0b:0c:0d:0e:0{at}"),
        };
        let mut wants = vec![chance.pick(&["n1", "n1", "n1", "p1", "n2", "p2"]).to_string()];
        for (more, share) in [("p1", 35), ("n2", 20), ("p2", 15), ("n3", 5), ("p3", 5), ("t3", 6)] {
            if chance.percent(share) && !wants.contains(&more.to_owned()) {
                wants.push(more.to_owned());
            }
        }
        Life {
            name,
            description: format!("{name} mac {mac}{duid}"),
            wants,
            relay: if chance.percent(45) { relays(chance) } else { Vec::new() },
            habits: habits(chance),
            has: false,
        }
    }

    pub(super) fn act(&mut self, chance: &mut Chance, steps: &mut Vec<Vec<String>>) {
        let kind = if self.has { chance.below(14) } else { chance.below(7) };
        match kind {
            0..=4 => {
                let mut solicit = self.head("solicit", chance);
                solicit.extend(self.asks(chance, 25));
                let rapid = chance.percent(15);
                if rapid {
                    solicit.push("option rapid-commit".to_owned());
                }
                if chance.percent(5) {
                    solicit.push("option reconf-accept".to_owned());
                }
                self.send(solicit, steps);
                if chance.percent(85) {
                    let mut request = self.head("request", chance);
                    request.extend(self.holds(chance, 90));
                    self.send(request, steps);
                    self.has = true;
                }
                self.has |= rapid;
            }
            5 => {
                let mut ask = self.head("information-request", chance);
                if chance.percent(20) {
                    ask.push("no option 1".to_owned());
                }
                self.send(ask, steps);
            }
            6 => {
                let kind =
                    *chance.pick(&["confirm", "rebind", "renew", "request", "release", "decline"]);
                let mut odd = self.head(kind, chance);
                odd.extend(self.asks(chance, 90));
                if chance.percent(20) {
                    odd.push("no option 2".to_owned());
                }
                self.send(odd, steps);
            }
            7 | 8 => self.say("renew", chance, steps),
            9 => self.say("rebind", chance, steps),
            10 => self.say("confirm", chance, steps),
            11 | 12 => self.say("release", chance, steps),
            _ => self.say("decline", chance, steps),
        }
    }

    fn say(&mut self, kind: &str, chance: &mut Chance, steps: &mut Vec<Vec<String>>) {
        let mut query = self.head(kind, chance);
        query.extend(self.holds(chance, 88));
        if chance.percent(10) {
            query.extend(extra(chance));
        }
        if chance.percent(4) {
            query.push("no option 2".to_owned());
        }
        self.send(query, steps);
    }

    fn send(&self, mut query: Vec<String>, steps: &mut Vec<Vec<String>>) {
        query.extend(self.relay.iter().cloned());
        steps.push(query);
    }

    /// Associations without, or with a wish.
    fn asks(&self, chance: &mut Chance, wishes: usize) -> Vec<String> {
        let ask = |(kind, iaid): (&str, &str), chance: &mut Chance| {
            let mut line = match kind {
                "p" => format!("ia-pd {iaid}"),
                "t" => format!("ia-ta {iaid}"),
                _ => format!("ia-na {iaid}"),
            };
            if chance.percent(wishes) {
                let places = if kind == "p" { PREFIXES } else { ADDRESSES };
                line.push(' ');
                let place: &&str = chance.pick(places);
                line.push_str(place);
                if chance.percent(12) {
                    line.push(' ');
                    let another: &&str = chance.pick(places);
                    line.push_str(another);
                }
                if chance.percent(30) {
                    let wish: &&str =
                        chance.pick(&[" for 100/200", " for 250/5000", " for 0/9000"]);
                    line.push_str(wish);
                }
            }
            line
        };
        let mut lines: Vec<String> =
            self.wants.iter().map(|want| ask(want.split_at(1), chance)).collect();
        if chance.percent(10) {
            lines.reverse();
        }
        lines
    }

    /// Associations with what was given.
    fn holds(&self, chance: &mut Chance, own: usize) -> Vec<String> {
        let mut lines = Vec::new();
        for want in &self.wants {
            let (kind, iaid) = want.split_at(1);
            let whose = if chance.percent(own) { self.name } else { chance.pick(&CLIENTS) };
            let iaid = if chance.percent(95) { iaid } else { "7" };
            let what = match kind {
                "p" => format!("ia-pd {iaid} ${whose}{want}"),
                "t" => format!("ia-ta {iaid}"),
                _ => format!("ia-na {iaid} ${whose}{want}"),
            };
            let more = match kind {
                "n" if chance.percent(6) => *chance.pick(ADDRESSES),
                "p" if chance.percent(6) => *chance.pick(PREFIXES),
                _ => "",
            };
            let what = format!("{what} {more}");
            let what = what.trim_end();
            let wish = match chance.below(20) {
                0 | 1 => " for 0/0",
                2 => " for 100/2000",
                3 => " for 4000/4000",
                _ => "",
            };
            lines.push(if kind == "t" { what.to_owned() } else { format!("{what}{wish}") });
        }
        if chance.percent(10) {
            lines.pop();
        }
        lines
    }

    fn head(&self, kind: &str, chance: &mut Chance) -> Vec<String> {
        let mut step = vec![format!("send {kind} {}", self.name)];
        step.extend(if chance.percent(85) { self.habits.clone() } else { habits(chance) });
        step
    }
}

fn extra(chance: &mut Chance) -> Vec<String> {
    vec![
        chance
            .pick(&["ia-na 9", "ia-pd 9", "ia-na 9 2001:db8:1::1f02", "ia-pd 9 ::/60"])
            .to_string(),
    ]
}

/// Up to five habits, each option once, but for those that come once for each enterprise.
fn habits(chance: &mut Chance) -> Vec<String> {
    let mut habits: Vec<String> = Vec::new();
    let option = |habit: &str| habit.split('=').next().unwrap_or_default().to_owned();
    for habit in chance.some(HABITS, 5) {
        let may_repeat = habit.contains("vendor-");
        if may_repeat || habits.iter().all(|other| option(other) != option(habit)) {
            habits.push((*habit).to_owned());
        }
    }
    habits
}

/// The relays between a client and the server, the nearest to the client first.
fn relays(chance: &mut Chance) -> Vec<String> {
    let mut lines = Vec::new();
    let depth = *chance.pick(&[1, 1, 1, 1, 2, 2, 3, 5]);
    for level in 0..depth {
        let links: &[&str] = if level + 1 == depth {
            &["2001:db8:2::1", "2001:db8:2::1", "2001:db8:3::1", "2001:db8:9::1", "::"]
        } else {
            &["::", "2001:db8:2::5", "2001:db8:3::7", "2001:db8:9::9"]
        };
        let hops = if chance.percent(10) { format!(" hops {level}") } else { String::new() };
        lines.push(format!("relay link {}{hops}", chance.pick(links)));
        let mut said = Vec::new();
        for (option, share) in RELAY_OPTIONS {
            let name = option.split(' ').next().unwrap_or_default();
            let is_there = said.contains(&name);
            if chance.percent(*share) && !is_there {
                lines.push(format!("relay option {option}"));
                said.push(name);
            }
        }
    }
    lines
}

/// What relays add, and in how many cases of a hundred.
const RELAY_OPTIONS: &[(&str, usize)] = &[
    ("interface-id = port1", 25),
    ("interface-id = port2", 10),
    ("interface-id = port9", 5),
    ("37 = hex:00:00:11:8b:01:02", 12),
    ("37 = hex:00:00:11:8b:02:00:00:00:00:0c", 6),
    ("38 = text:sub1", 10),
    ("53 = hex:00:03:00:01:02:00:00:00:00:77", 10),
    ("79 = hex:00:01:02:00:00:00:00:0b", 12),
    ("66 = hex:00:41:00:03:01:78:00", 8),
    ("66 = hex:03:e8:00:02:00:07:00:17:00:10:20:01:0d:b8:00:00:00:00:00:00:00:00:00:00:00:99", 6),
    ("17 = hex:00:00:11:8b:04:02:00:06:02:00:00:00:00:0d", 8),
];

const ADDRESSES: &[&str] = &[
    "2001:db8:1::1f00",
    "2001:db8:1::1f01",
    "2001:db8:2::1f00",
    "2001:db8:3::1f00",
    "2001:db8:1::99",
    "2001:db8:77::1",
    "2001:db8:1::50",
    "::",
];
const PREFIXES: &[&str] = &[
    "2001:db8:a100:100::/56",
    "::/56",
    "::/60",
    "::/48",
    "2001:db8:a200::/56",
    "2001:db8:77::/56",
    "2001:db8:a100:100::/60",
    "::/0",
];

const HABITS: &[&str] = &[
    "option oro = 23,24",
    "option oro = 23,24,21,22,31,32,39,56,59,17,1000,1001,82,83",
    "option oro = 17,1000,1001,65535,7,12",
    "option oro = 39",
    "option oro = 67,23,1003,65",
    "option client-fqdn = hex:00:01:61",
    "option client-fqdn = hex:01:02:66:71:02:65:78:00",
    "option client-fqdn = hex:04:02:66:71",
    "option client-fqdn = hex:05:02:66:71:00",
    "option client-fqdn = hex:01",
    "option client-fqdn = hex:02:02:42:5f:00",
    "option client-fqdn = hex:03:05:41:6c:69:63:65:07:65:78:61:6d:70:6c:65:00",
    "option client-fqdn = hex:04",
    "option client-fqdn = hex:06:01:62:02:65:78:00",
    "option client-fqdn = hex:00:02:61:5f:01:2d:00",
    "option client-fqdn = hex:f9:01:61",
    "option vendor-class = hex:00:00:11:8b:00:03:61:62:63",
    "option vendor-class = hex:00:00:01:37:00:08:4d:53:46:54:20:35:2e:30",
    "option vendor-opts = hex:00:00:11:8b:00:01:00:02:00:01",
    "option vendor-opts = hex:00:00:11:8b:00:c8:00:01:78",
    "option vendor-class = hex:00:00:0d:e9:00:03:78:79:7a:00:01:31",
    "option vendor-opts = hex:00:00:0d:e9:00:01:00:02:00:21",
    "option vendor-opts = hex:00:00:11:8b:00:01:00:04:00:21:00:22:00:24:00:06:02:00:00:00:00:0c",
    "option user-class = hex:00:03:75:73:72",
    "option user-class = hex:00:01:61:00:03:75:73:72",
    "option elapsed-time = 500",
    "option 61 = hex:00:07",
    "option 1000 = hex:00:05",
    "option 79 = hex:00:01:02:00:00:00:00:0c",
    "option 7 = hex:01",
    "option 20",
];
