//! Random configurations and exchanges of DHCPv6.

mod config;
mod life;

use kea_testkit::scenario::Exchange;

use self::life::Life;
use crate::case::{CLIENTS, Case, days};
use crate::chance::Chance;
use crate::compare::Difference;
use crate::v4::is_generated;

/// Differences that are intended; the list with reasons is in `docs/moving-from-kea.md`.
pub(crate) fn is_known(difference: &Difference, query: Option<&Exchange>) -> bool {
    let Difference { what, sides: [ours, debian], .. } = difference;
    let kind = query.map_or("", |query| &*query.kind);
    let associations = |kind: &str| {
        let details = query.map_or(&[][..], |query| &query.details);
        details.iter().filter(|detail| detail.starts_with(kind)).count()
    };
    let is_logged =
        |what: &str| query.is_some_and(|query| query.log.iter().any(|line| line.contains(what)));
    let is_nowhere = is_logged("DHCP6_SUBNET_SELECTION_FAILED");
    let several = query.is_some_and(|query| {
        let words = query.details.iter().filter(|detail| detail.starts_with("ia-"));
        words
            .map(|detail| detail.split(" for ").next().unwrap_or_default())
            .any(|detail| detail.split(' ').count() > 3)
    });
    let count = |side: &str| side.parse::<i64>().unwrap_or_default();
    match &**what {
        // What cannot be read is passed over. Octets behind a number are not, as in later releases.
        "reading" => ours == "read" || ours.contains("more data than the definition has"),
        "kind" if kind == "confirm" && ours == "none" => true,
        "kind" if kind == "rebind" && ours == "none" => is_nowhere,
        // A name that would be made, and no address to make it of.
        "kind" if debian == "none" && is_logged("empty FQDN used to create DHCID") => true,
        // Its answers to what is not answered here.
        "statistic pkt6-sent" | "statistic pkt6-reply-sent" => count(ours) < count(debian),
        // Reserved leases outside of pools count.
        what if what.contains("assigned-nas") || what.contains("assigned-pds") => {
            count(ours) > count(debian)
        }
        // What is configured or wished now counts, though there is a lease; what rows say was in the answers.
        what if (what.ends_with(" valid") || what.ends_with(" preferred"))
            && ["solicit", "request"].contains(&kind)
            && is_logged("leases exist") =>
        {
            true
        }
        "lease pref_lifetime" | "lease valid_lifetime" => true,
        // A wish counts, though there is a lease.
        what if what.ends_with(" valid") && kind != "solicit" => {
            query.is_some_and(|query| query.details.iter().any(|detail| detail.contains(" for ")))
        }
        // What its client takes up again by a Request.
        what if what.contains("reclaimed-leases") => count(ours) > count(debian),
        // Newer releases take it.
        "verdict" => ours == "accepted" && debian.contains("unexpected ], expecting {"),
        // It looks at the first address only.
        what if what.ends_with(" status") && ["release", "decline"].contains(&kind) => {
            ours == "Success" && debian == "NoBinding" && several
        }
        // The same times for all of a client's associations, the soonest.
        what if what.ends_with(" t1") || what.ends_with(" t2") => {
            let number = |text: &str| text.parse().unwrap_or(0_u32);
            associations("ia-") > 1 && number(ours) < number(debian)
        }
        // Both are offered what one will get.
        what if what.starts_with("ia-") && kind == "solicit" && associations(&what[..5]) > 1 => {
            true
        }
        // What ended, and is given again: there it is withdrawn too.
        what if what.starts_with("ia-pd") && what.ends_with(" withdrawn") => {
            ours == "absent" && is_logged("ALLOC_ENGINE_V6_REUSE_EXPIRED_LEASE_DATA")
        }
        "to-mac" => true,
        // No preferred lifetime beyond the valid one.
        what if what.ends_with(" preferred") => {
            let number = |text: &str| text.parse().unwrap_or(0_u32);
            number(ours) != number(debian) && ["renew", "rebind"].contains(&kind)
                || number(ours) < number(debian)
        }
        // A prefix, and further addresses, are nothing that the DNS knows.
        "lease fqdn_fwd" | "lease fqdn_rev" => ours.starts_with("0 "),
        "status" if kind == "release" => ours == "Success",
        // One link has the addresses of all subnets of a network.
        "status" if kind == "confirm" && query.is_some_and(names_elsewhere) => {
            ours == "Success" && debian == "NotOnLink"
        }
        // Without an answer a query was dropped.
        "statistic pkt6-receive-drop" => count(ours) > count(debian),
        // The sum of the reasons has those without any pool in it.
        what if what.ends_with("v6-allocation-fail") => count(ours) > count(debian),
        // Of what a client has already, it gives the options of the subnet that was chosen first.
        what if what.starts_with("option ") && query.is_some_and(is_elsewhere) => true,
        // Vendor options go to all who ask, and those that are always sent to all.
        "option 17" => debian == "absent" || ours.starts_with(&**debian),
        // Of an address that is only offered no name is made there.
        "option 39" if kind == "solicit" && is_generated(ours) => debian.len() == 2,
        "option 39" | "lease hostname" if is_generated(ours) && is_generated(debian) => true,
        // A reserved name is kept as it is written there.
        "lease hostname" => {
            let name = |side: &str| side.split(" in ").next().map(str::to_ascii_lowercase);
            name(ours) == name(debian)
        }
        "option 39" => ours == "absent",
        _ => false,
    }
}

/// True when the answer to a Solicit or Request has a lease of another subnet than the one that was chosen, which did
/// not become the one of the exchange. The third group of addresses and prefixes is the number of their subnet in these configurations.
fn is_elsewhere(query: &Exchange) -> bool {
    let Some(chosen) = chosen_group(query) else { return false };
    let facts = query.answers.iter().flat_map(|answer| &answer.facts);
    let leases = facts.filter(|(what, _)| what.ends_with(" leases"));
    let mut groups = leases.flat_map(|(_, leases)| leases.split(',')).filter_map(|lease| {
        let group = lease.strip_prefix("2001:db8:")?.split(':').next()?;
        Some(group.strip_prefix('a').map_or(group, |prefix| prefix.get(..1).unwrap_or(prefix)))
    });

    let is_told = query.log.iter().any(|line| line.contains("DHCP6_SUBNET_DYNAMICALLY_CHANGED"));
    let is_asked = ["solicit", "request"].contains(&&*query.kind);
    is_asked && !is_told && groups.any(|group| group != chosen)
}

/// True when the query names an address outside of the subnet that was chosen.
fn names_elsewhere(query: &Exchange) -> bool {
    let Some(chosen) = chosen_group(query) else { return false };
    let words = query.details.iter().filter(|detail| detail.starts_with("ia-"));
    let mut groups = words.flat_map(|detail| detail.split(' ')).filter_map(|word| {
        let (group, _) = word.strip_prefix("2001:db8:")?.split_once(':')?;
        Some(group)
    });
    groups.any(|group| group != chosen)
}

/// The third group of the subnet that was chosen at first.
fn chosen_group(query: &Exchange) -> Option<&str> {
    let of = |line: &'_ String| line.find("subnet details: 2001:db8:").map(|at| at + 25);
    let line = query.log.iter().find(|line| of(line).is_some())?;
    line.get(of(line)?..)?.split(':').next()
}

/// A random case.
pub(crate) fn case(chance: &mut Chance) -> Case {
    let config = config::config(chance);
    let mut lives = CLIENTS.map(|name| Life::new(name, chance));
    let clients = lives.iter().map(|life| life.description.clone()).collect();
    let mut steps = days(chance, (10, 12), &mut lives, Life::act);
    let from = steps.len() / 3;
    if chance.percent(15) {
        steps.insert(from + chance.below(steps.len() - from), vec!["restart".to_owned()]);
    }
    if chance.percent(30) {
        let reload = format!("reload {}", chance.pick(RELOADS));
        steps.insert(from + chance.below(steps.len() - from), vec![reload]);
    }
    Case { config, clients, steps }
}

/// What changes while leases exist.
const RELOADS: &[&str] = &[
    "/cache-threshold 0.5",
    "/ddns-send-updates false",
    "/ddns-replace-client-name \"always\"",
    "/ddns-qualifying-suffix \"after.example\"",
    "/ddns-override-client-update true",
    "/host-reservation-identifiers [\"hw-address\"]",
    "/mac-sources [\"duid\"]",
    "/relay-supplied-options [\"65\", \"1000\", \"23\"]",
    "/reservations []",
    "/reservations-in-subnet false",
    "/reservations-global true",
    "/client-classes []",
    "/option-data []",
    "/store-extended-info true",
    "/decline-probation-period 100",
    "/subnet6/0/reservations []",
    "/subnet6/0/rapid-commit true",
    "/subnet6/0/pools [{\"pool\": \"2001:db8:1::12-2001:db8:1::13\"}]",
    "/subnet6/0/pd-pools [{\"prefix\": \"2001:db8:a101::\", \"prefix-len\": 54, \"delegated-len\": 56}]",
    "/subnet6/0/client-class \"c0\"",
];
