//! What DHCPv4 clients do.

use crate::case::{CLIENTS, mac, number_of};
use crate::chance::Chance;

/// How a client goes about it.
pub(super) struct Life {
    name: &'static str,
    /// `A mac …`
    pub(super) description: String,
    relay: Vec<String>,
    habits: Vec<String>,
    /// True for one that speaks BOOTP.
    is_bootp: bool,
    has: bool,
}

impl Life {
    pub(super) fn new(name: &'static str, chance: &mut Chance) -> Self {
        let at = number_of(name);
        // Now and then two clients are one by one of their identifiers.
        let mac_of = if chance.percent(8) { 0 } else { at };
        let mac = mac(mac_of);
        let id = match chance.below(6) {
            0 | 1 => String::new(),
            2 => format!(" client-id 01:{mac}"),
            3 => format!(" client-id ff:00:00:00:0{at}:00:03:00:01:{mac}"),
            4 => format!(" client-id 00:63:6c:69:3{at}"),
            _ => " client-id 00:73:61:6d:65".to_owned(),
        };
        let mut relay = Vec::new();
        if chance.percent(40) {
            let giaddr = *chance.pick(&["10.2.0.1", "10.2.0.1", "10.3.0.1", "10.9.0.1"]);
            relay.push(format!("giaddr {giaddr}"));
            if chance.percent(70) {
                let circuit = *chance.pick(&[
                    "01:02:63:31",
                    "01:02:63:32:02:02:72:31",
                    "02:02:72:32",
                    "01:00",
                    "01:02:63:31:0c:02:61:62",
                    "01:02:63:31:97:03:00:76:70",
                ]);
                let link = *chance.pick(&[
                    "",
                    "",
                    "",
                    "05:04:0a:03:00:00:",
                    "05:04:0a:02:00:01:",
                    "05:04:c0:00:02:00:",
                    "0b:04:0a:02:00:09:",
                ]);
                // Kea puts sub-options in ascending order.
                let (before, after) = if circuit.contains(":0c:") {
                    ("", "")
                } else {
                    ("", link.trim_end_matches(':'))
                };
                let colon = if after.is_empty() || circuit.contains(":97:") { "" } else { ":" };
                let after = if circuit.contains(":97:") { "" } else { after };
                relay.push(format!("option 82 = hex:{before}{circuit}{colon}{after}"));
            }
        }
        let habits = habits(chance, 5);
        let is_bootp = chance.percent(8);
        let description = format!("{name} mac {mac}{id}");
        Life { name, description, relay, habits, is_bootp, has: false }
    }

    pub(super) fn act(&mut self, chance: &mut Chance, steps: &mut Vec<Vec<String>>) {
        let others = &CLIENTS.map(|name| format!("${name}"));
        let own = format!("${}", self.name);
        if self.is_bootp || chance.percent(3) {
            let mut bootp = self.head("discover", chance);
            bootp.push("no option 53".to_owned());
            if chance.percent(20) {
                bootp.push(format!("ciaddr {}", place(chance, &own, others)));
            }
            steps.push(bootp);
            return;
        }
        let kind = if self.has { chance.below(12) } else { chance.below(6) };
        match kind {
            0..=3 => self.lease(chance, own, others, steps),
            4 => {
                // INIT-REBOOT
                let mut request = self.head("request", chance);
                let wanted = place(chance, &own, others);
                request.push(format!("option 50 = {wanted}"));
                steps.push(request);
            }
            5 => {
                let mut inform = self.head("inform", chance);
                inform.push(format!("ciaddr {}", place(chance, &own, others)));
                if chance.percent(30) {
                    inform.push("broadcast".to_owned());
                }
                steps.push(inform);
            }
            6 | 7 => {
                // Renewal, or rebinding.
                let mut request = self.head("request", chance);
                request.push(format!("ciaddr {}", mostly(chance, &own, others)));
                if chance.percent(40) {
                    request.push("broadcast".to_owned());
                }
                if chance.percent(8) {
                    request.push(format!("option 50 = {}", place(chance, &own, others)));
                }
                if chance.percent(15) {
                    request.push(format!(
                        "option 51 = {}",
                        chance.pick(&["60", "1500", "4000", "9000"])
                    ));
                }
                steps.push(request);
            }
            8 | 9 => {
                let mut release = self.head("release", chance);
                release.push(format!("ciaddr {}", mostly(chance, &own, others)));
                if chance.percent(70) {
                    release.push(format!(
                        "option 54 = {}",
                        chance.pick(&["192.0.2.1", "192.0.2.1", "192.0.2.9"])
                    ));
                }
                steps.push(release);
            }
            10 => {
                let mut decline = self.head("decline", chance);
                decline.push(format!("option 50 = {}", mostly(chance, &own, others)));
                if chance.percent(70) {
                    decline.push(format!(
                        "option 54 = {}",
                        chance.pick(&["192.0.2.1", "192.0.2.1", "192.0.2.9"])
                    ));
                }
                steps.push(decline);
            }
            _ => {
                // Selecting without having asked.
                let mut request = self.head("request", chance);
                request.push(format!("option 50 = {}", place(chance, &own, others)));
                request.push("option 54 = 192.0.2.1".to_owned());
                steps.push(request);
            }
        }
    }

    /// All four messages, or the first two.
    fn lease(
        &mut self,
        chance: &mut Chance,
        own: String,
        others: &[String],
        steps: &mut Vec<Vec<String>>,
    ) {
        let mut discover = self.head("discover", chance);
        if chance.percent(25) {
            discover.push(format!("option 50 = {}", place(chance, &own, others)));
        }
        if chance.percent(15) {
            discover.push(format!(
                "option 51 = {}",
                chance.pick(&["60", "1500", "4000", "9000", "4294967295", "0"])
            ));
        }
        steps.push(discover);
        if chance.percent(85) {
            let mut request = self.head("request", chance);
            let wanted = if chance.percent(90) { own } else { place(chance, &own, others) };
            request.push(format!("option 50 = {wanted}"));
            let server = *chance.pick(&[
                "192.0.2.1",
                "192.0.2.1",
                "192.0.2.1",
                "192.0.2.1",
                "192.0.2.1",
                "192.0.2.1",
                "192.0.2.9",
            ]);
            request.push(format!("option 54 = {server}"));
            steps.push(request);
            self.has = true;
        }
    }

    fn head(&mut self, kind: &str, chance: &mut Chance) -> Vec<String> {
        let mut step = vec![format!("send {kind} {}", self.name)];
        step.extend(self.relay.iter().cloned());
        if chance.percent(85) {
            step.extend(self.habits.iter().cloned());
        } else {
            step.extend(habits(chance, 4));
        }
        if chance.percent(8) {
            step.push((*chance.pick(FIELDS)).to_owned());
        }
        step
    }
}

/// Up to so many habits, each option once: what comes twice is a long option in pieces (RFC 3396).
fn habits(chance: &mut Chance, most: usize) -> Vec<String> {
    let mut habits: Vec<String> = Vec::new();
    for habit in chance.some(HABITS, most) {
        let option = |habit: &str| habit.split('=').next().unwrap_or_default().to_owned();
        if habits.iter().all(|other| option(other) != option(habit)) {
            habits.push((*habit).to_owned());
        }
    }
    habits
}

fn mostly(chance: &mut Chance, own: &str, others: &[String]) -> String {
    if chance.percent(85) { own.to_owned() } else { place(chance, own, others) }
}

fn place(chance: &mut Chance, own: &str, others: &[String]) -> String {
    match chance.below(10) {
        0..=4 => own.to_owned(),
        5 => chance.pick(others).clone(),
        6 | 7 => chance
            .pick(&[
                "192.0.2.190",
                "192.0.2.191",
                "10.2.0.190",
                "10.3.0.190",
                "192.0.3.190",
                "192.0.2.50",
            ])
            .to_string(),
        8 => chance.pick(&["192.0.2.99", "10.2.0.99", "10.3.0.200"]).to_string(),
        _ => chance.pick(&["10.77.0.1", "0.0.0.0", "192.0.2.1", "192.0.2.255"]).to_string(),
    }
}

/// What the fixed part of a message may hold.
const FIELDS: &[&str] = &[
    "secs 65535",
    "hlen 5",
    "hlen 16",
    "chaddr 02:00:00:00:00:0a:00:01",
    "yiaddr 192.0.2.77",
    "sname hex:62:6f:6f:74",
    "file hex:2f:78",
    "ciaddr 192.0.2.10",
    "flags broadcast",
];

/// Nobody asks for option 108: where it is configured, who does is offered no address here (RFC 8925), and their ways
/// part.
const HABITS: &[&str] = &[
    "option 55 = 1,3,6,15",
    "option 55 = 1,3,6,12,15,28,42,51,54,58,59,119",
    "option 55 = 6,3,66,67,150,222,223,43,125,114",
    "option 55 = 43,60,222,81,82,255,0,53",
    "option 55 = 61,57,50,54,118,119,121,224,230,2",
    "option 12 = host-a",
    "option 12 = Host_B.example.com",
    "option 12 = text:bad name!.",
    "option 81 = hex:00:00:00:61:61",
    "option 81 = hex:01:00:00:46:71:2e:65:78",
    "option 81 = hex:05:00:00:02:66:71:03:6f:72:67:00",
    "option 81 = hex:04:00:00:02:66:71",
    "option 81 = hex:08:00:00",
    "option 81 = hex:0c:00:00:02:66:71:03:6f:72:67:00",
    "option 81 = hex:04:00:00",
    "option 60 = docsis3.0",
    "option 60 = PXEClient:Arch:00007",
    "option 60 = MSFT 5.0",
    "option 77 = hex:03:75:73:72",
    "option 77 = hex:75:73:72",
    "option 93 = 7",
    "option 43 = hex:01:02:61:62:dc:01:07",
    "option 43 = hex:ff",
    "option 124 = hex:00:00:11:8b:04:03:61:62:63",
    "option 125 = hex:00:00:11:8b:06:01:04:00:01:00:02",
    "option 125 = hex:00:00:11:8b:00",
    "option 57 = 576",
    "option 81 = hex:05:00:00:02:46:51:03:6f:72:67:00",
    "option 118 = 10.3.0.0",
    "option 118 = 192.0.2.0",
    "flags broadcast",
    "secs 9",
    "option 15 = text:",
    "option 222 = hex:00:05",
    "option 80",
    "option 116 = hex:01",
    "option 150 = hex:c0:00:02:05",
];
