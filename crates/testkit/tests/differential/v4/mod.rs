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
    let says =
        |what: &str| query.is_some_and(|query| query.details.iter().any(|d| d.contains(what)));
    let number = |side: &str| side.parse::<i64>().unwrap_or_default();
    let is_nowhere = is_logged("DHCP4_SUBNET_SELECTION_FAILED");
    match &**what {
        // An option that cannot be read is passed over. Octets behind a number are not, as in later releases.
        "reading" => ours == "read" || ours.contains("more data than the definition has"),
        // What comes in pieces is one option.
        _ if query.is_some_and(is_in_pieces) => true,
        // BOOTP has no message to say no with.
        "kind" if debian == "bootp" => ours == "none" && is_logged("DHCP4_PACKET_NAK_"),
        // A lease that was given back is remembered here.
        "kind" if is_logged("DHCP4_NO_LEASE_INIT_REBOOT") => ["ack", "nak"].contains(&&**ours),
        // Where the server has authority, its client is told that there is none.
        "kind" if is_logged("DHCP4_PACKET_NAK_0002") => ours == "ack" && debian == "nak",
        // A host goes back to its reserved address, also from there.
        "kind" if ours == "nak" && debian != "nak" => {
            let asks = says("option 50 ") || says("ciaddr ");
            asks && is_logged("HOSTS_CFG_GET_ALL_IDENTIFIER_HOST")
        }
        // The frame of a broadcast is a broadcast.
        "to-mac" => ours == "ff:ff:ff:ff:ff:ff",
        // So is a NAK, also to who names its address.
        "to" => ours == "255.255.255.255:68" && (says("ciaddr ") || says("octet 1")),
        // The identifier that the relay wants.
        "option 54" if says("0b:04:0a:02:00:09") => true,
        // What a relay says is returned as it came, whether it can be read or not.
        "option 82" => ours != "absent",
        // Without subnet there are global options here, and none there.
        option if is_nowhere && option.starts_with("option ") => debian == "absent",
        "file" | "sname" | "siaddr" if is_nowhere => ["none", "0.0.0.0"].contains(&&**debian),
        // Nothing of a client stays in a lease that it declined.
        "lease user_context" => ours.contains("\"state\": \"1\""),
        // Every query without an answer counts.
        "statistic pkt4-receive-drop" => number(ours) > number(debian),
        // The sum of the reasons has those without any pool in it.
        "statistic v4-allocation-fail" => number(ours) > number(debian),
        // A lease with a name that the server made up is never given again as it is there.
        "option 51" | "option 58" | "option 59" => {
            let is_named = says("option 81 ") || says("option 12 ");
            is_logged("myhost-")
                || is_logged("gen-1")
                || is_named && query.is_some_and(|query| query.kind == "discover") && ours < debian
        }
        "lease valid_lifetime" => is_generated(ours) || ours.starts_with("4294967295 "),
        "verdict" => ours == "accepted" && debian.contains("at least one resource"),
        "option 81" | "option 12" | "lease hostname"
            if is_generated(ours) && is_generated(debian) =>
        {
            true
        }
        "flags" if ours == "broadcast" => debian == "0",
        "flags" => number(ours) == number(debian) + 0x8000,
        _ => false,
    }
}

/// True for a query with an option that stands there a second time (RFC 3396).
fn is_in_pieces(query: &Exchange) -> bool {
    let mut codes: Vec<&str> =
        query.details.iter().filter_map(|d| d.strip_prefix("option ")).collect();
    codes.iter_mut().for_each(|code| *code = code.split(' ').next().unwrap_or_default());
    // The type of each, and the identifier of most.
    codes.sort_unstable();
    codes.windows(2).any(|pair| pair[0] == pair[1])
        || codes.iter().any(|code| ["53", "61"].contains(code))
        || query.details.iter().any(|detail| detail.starts_with("append "))
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
    if chance.percent(40) {
        for step in steps.iter_mut().filter(|step| step[0].starts_with("send ")) {
            if chance.percent(25) {
                step.push((*chance.pick(ODD_OPTIONS)).to_owned());
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
    "/client-classes [{\"name\": \"c0\"}]",
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
            // Not what makes it a query of this client, nor the transaction, by which answers are known.
            0 | 1 => 8 + chance.below(36),
            2 => 44 + chance.below(196),
            _ => 236 + chance.below(60),
        };
        let value =
            *chance.pick(&[0x00, 0x01, 0x03, 0x06, 0x35, 0x36, 0x52, 0x7f, 0x80, 0xfe, 0xff]);
        step.push(match chance.below(8) {
            0 => format!("cut {}", 240 + chance.below(110)),
            1 => format!(
                "append {}",
                chance.pick(&["00", "ff", "35:01", "0c:00", "35:01:01", "52:ff"])
            ),
            _ => format!("octet {place} = {value:02x}"),
        });
    }
}

/// Options that are too short, too long, there a second time, or contradict the rest.
const ODD_OPTIONS: &[&str] = &[
    "option 50 = hex:0a:02:00",
    "option 50 = hex:0a:02:00:0a:00",
    "option 54 = hex:c0:00:02",
    "option 54 = 192.0.2.1",
    "option 51 = hex:00:10",
    "option 51 = hex:00:00:10:00:00",
    "option 53 = hex:03",
    "option 53",
    "option 55 = 6,3",
    "option 55",
    "option 12 = second",
    "option 12 = hex:00",
    "option 12 = hex:61:00",
    "option 61 = hex:01",
    "option 61",
    "option 61 = hex:01:02:00:00:00:00:0f",
    "option 81 = hex:01",
    "option 82",
    "option 82 = hex:01",
    "option 82 = hex:01:05:61",
    "option 82 = hex:01:01:61:01:01:62",
    "option 93 = hex:00",
    "option 118 = hex:0a:03",
    "option 57 = hex:01",
    "option 57 = 100",
    "option 52 = hex:01",
    "option 52 = hex:03",
    "option 77 = hex:05:61",
    "option 60",
    "option 116 = hex:01:02",
    "option 124 = hex:00:00:11",
    "option 125 = hex:00:00:11:8b:09:01",
    "option 125 = hex:00:00:11",
    "option 43 = hex:01:05:61",
    "option 119 = hex:05:61",
    "option 90 = hex:00",
    "option 15 = hex:00",
    "option 222 = hex:05",
    "option 223 = hex:0a:00",
    "option 0",
    "option 255",
    "no option 53",
    "no option 55",
];
