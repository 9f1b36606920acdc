//! Random configurations and exchanges of DHCPv4.

mod config;
mod life;

use kea_testkit::scenario::Exchange;

use self::life::Life;
use crate::case::{CLIENTS, Case, days};
use crate::chance::Chance;
use crate::compare::Difference;

/// Differences that are intended; the list with reasons is in `docs/moving-from-kea.md`.
pub(crate) fn is_known(difference: &Difference, query: Option<&Exchange>) -> bool {
    let Difference { what, sides: [ours, debian], .. } = difference;
    let is_logged =
        |what: &str| query.is_some_and(|query| query.log.iter().any(|line| line.contains(what)));
    let number = |side: &str| side.parse::<i64>().unwrap_or_default();
    let is_nowhere = is_logged("DHCP4_SUBNET_SELECTION_FAILED");
    match &**what {
        "to-mac" => true,
        // The frame of a broadcast flag is a broadcast.
        "to" => ours.starts_with("255.255.255.255:"),
        // Without subnet there are global options here, and none there.
        option if is_nowhere && option.starts_with("option ") => debian == "absent",
        "file" | "sname" | "siaddr" if is_nowhere => ["none", "0.0.0.0"].contains(&&**debian),
        // Every query without an answer counts.
        "statistic pkt4-receive-drop" => number(ours) > number(debian),
        // The sum of the reasons has those without any pool in it.
        "statistic v4-allocation-fail" => number(ours) > number(debian),
        // A lease with a name that the server made up is never given again as it is there.
        "option 51" | "option 58" | "option 59" => is_logged("myhost-") || is_logged("gen-1"),
        "lease valid_lifetime" => is_generated(ours),
        "verdict" => ours == "accepted" && debian.contains("at least one resource"),
        "option 81" | "option 12" | "lease hostname"
            if is_generated(ours) && is_generated(debian) =>
        {
            true
        }
        "option 54" => {
            query.is_some_and(|query| query.details.iter().any(|d| d.contains("0b:04:0a:02:00:09")))
        }
        // Other names for what a relay said.
        "lease user_context" => true,
        "flags" => ours == "broadcast" && debian == "0",
        _ => false,
    }
}

/// A name that is made of the address.
pub(crate) fn is_generated(name: &str) -> bool {
    ["6d:79:68:6f:73:74:2d", "67:65:6e:2d", "myhost-", "gen-"]
        .iter()
        .any(|start| name.contains(start))
}

/// A random case.
pub(crate) fn case(chance: &mut Chance) -> Case {
    let config = config::config(chance);
    let mut lives = CLIENTS.map(|name| Life::new(name, chance));
    let clients = lives.iter().map(|life| life.description.clone()).collect();
    let mut steps = days(chance, (12, 14), &mut lives, Life::act);
    // What happens to servers and on cables is chosen last: the choices above stay what they were.
    let from = steps.len() / 3;
    if chance.percent(15) {
        steps.insert(from + chance.below(steps.len() - from), vec!["restart".to_owned()]);
    }
    if chance.percent(25) {
        let reload = format!("reload {}", chance.pick(RELOADS));
        steps.insert(from + chance.below(steps.len() - from), vec![reload]);
    }
    if chance.percent(30) {
        for step in steps.iter_mut().filter(|step| step[0].starts_with("send ")) {
            if chance.percent(20) {
                damage(chance, step);
            }
        }
    }
    Case { config, clients, steps }
}

/// What changes while leases exist.
const RELOADS: &[&str] = &[
    "/match-client-id false",
    "/match-client-id true",
    "/valid-lifetime 900",
    "/cache-threshold 0.5",
    "/echo-client-id false",
    "/authoritative true",
    "/ddns-send-updates false",
    "/ddns-replace-client-name \"always\"",
    "/ddns-qualifying-suffix \"after.example\"",
    "/host-reservation-identifiers [\"client-id\", \"hw-address\"]",
    "/reservations []",
    "/reservations-in-subnet false",
    "/reservations-global true",
    "/client-classes []",
    "/option-data []",
    "/store-extended-info true",
    "/decline-probation-period 100",
    "/subnet4/0/match-client-id false",
    "/subnet4/0/reservations []",
    "/subnet4/0/pools [{\"pool\": \"192.0.2.12-192.0.2.13\"}]",
    "/subnet4/0/client-class \"c0\"",
];

/// Makes a message something else than was meant: octets of another value, an end too soon or too late.
fn damage(chance: &mut Chance, step: &mut Vec<String>) {
    for _ in 0..1 + chance.below(3) {
        let place = match chance.below(6) {
            // Not the transaction, by which answers are known.
            0 => chance.below(4),
            1 => 8 + chance.below(36),
            2 => 44 + chance.below(196),
            _ => 236 + chance.below(60),
        };
        let value =
            *chance.pick(&[0x00, 0x01, 0x03, 0x06, 0x35, 0x36, 0x52, 0x7f, 0x80, 0xfe, 0xff]);
        step.push(match chance.below(8) {
            0 => format!("cut {}", 200 + chance.below(150)),
            1 => format!(
                "append {}",
                chance.pick(&["00", "ff", "35:01", "0c:00", "35:01:01", "52:ff"])
            ),
            _ => format!("octet {place} = {value:02x}"),
        });
    }
}
