//! RELEASE and DECLINE.

use std::time::Duration;

use kea_lease::{ExpiredLeasesProcessing, LeaseState, Reclamation};

use super::*;
use crate::pipeline::reclaim;

const NO_AFFINITY: &str = r#""expired-leases-processing": { "hold-reclaimed-time": 0 }, "#;

fn leased(members: &str) -> Lab {
    let mut lab = Lab::new(members);
    lab.ask(MessageType::Request, |q| {
        na(q, 1, &["2001:db8:1::105"]);
        pd(q, 2, &[]);
    });
    lab
}

#[test]
fn released_leases_are_removed_without_affinity() {
    let mut lab = leased(&format!("{NO_AFFINITY}{SUBNET}"));
    let answer = lab.ask(MessageType::Release, |q| {
        na(q, 1, &["2001:db8:1::105"]);
        pd(q, 2, &["2001:db8:8000::/56"]);
    });
    assert_eq!(answer, "REPLY na 1 0/0 [ Success ] status Success pd 2 0/0 [ Success ]");
    assert!(lab.leases.is_empty());
    assert_eq!(lab.statistic("subnet[1].assigned-nas").unwrap(), "Integer(0)");
    assert_eq!(lab.statistic("subnet[1].assigned-pds").unwrap(), "Integer(0)");
    assert!(lab.log.ids().contains(&"DHCP6_RELEASE_NA_DELETED"));
    assert!(lab.log.ids().contains(&"DHCP6_RELEASE_PD_DELETED"));
}

#[test]
fn released_leases_are_remembered_with_affinity_and_counted_once() {
    let mut lab = leased(SUBNET);
    lab.ask(MessageType::Release, |q| na(q, 1, &["2001:db8:1::105"]));
    let lease = lab.lease("2001:db8:1::105").unwrap();
    assert_eq!((lease.state, lease.expires()), (LeaseState::ExpiredReclaimed, Some(NOW)));
    assert_eq!(lab.statistic("subnet[1].assigned-nas").unwrap(), "Integer(0)");
    assert!(lab.log.ids().contains(&"DHCP6_RELEASE_NA_EXPIRED"));
    let again = lab.ask(MessageType::Release, |q| na(q, 1, &["2001:db8:1::105"]));
    assert_eq!(again, "REPLY na 1 0/0 [ NoBinding ] status Success");
    assert_eq!(lab.statistic("subnet[1].assigned-nas").unwrap(), "Integer(0)");
    let answer = lab.ask(MessageType::Solicit, |q| na(q, 1, &[]));
    assert!(answer.contains("2001:db8:1::105"), "{answer}");
    let taken = lab.ask_as(OTHER, MessageType::Request, |q| na(q, 1, &["2001:db8:1::105"]));
    assert!(taken.contains("2001:db8:1::105"), "{taken}");
}

#[test]
fn only_the_holder_releases() {
    let mut lab = leased(SUBNET);
    let release = |lab: &mut Lab, client, iaid, address| {
        lab.ask_as(client, MessageType::Release, |q| na(q, iaid, &[address]))
    };
    let refused = |iaid| format!("REPLY na {iaid} 0/0 [ NoBinding ] status Success");
    assert_eq!(release(&mut lab, OTHER, 1, "2001:db8:1::105"), refused(1));
    assert!(lab.log.ids().contains(&"DHCP6_RELEASE_NA_FAIL_WRONG_DUID"));
    assert_eq!(release(&mut lab, CLIENT, 77, "2001:db8:1::105"), refused(77));
    assert!(lab.log.ids().contains(&"DHCP6_RELEASE_NA_FAIL_WRONG_IAID"));
    assert_eq!(release(&mut lab, CLIENT, 1, "2001:db8:1::10f"), refused(1));
    let wrong_len = lab.ask(MessageType::Release, |q| pd(q, 2, &["2001:db8:8000::/60"]));
    assert_eq!(wrong_len, "REPLY status Success pd 2 0/0 [ NoBinding ]");
    let nothing = lab.ask(MessageType::Release, |q| na(q, 1, &[]));
    assert_eq!(nothing, refused(1));
    assert_eq!(lab.leases.len(), 2);
    assert_eq!(lab.statistic("subnet[1].assigned-nas").unwrap(), "Integer(1)");
}

#[test]
fn a_declined_address_rests_and_is_nobodys() {
    let mut lab = leased(SUBNET);
    let answer = lab.ask(MessageType::Decline, |q| na(q, 1, &["2001:db8:1::105"]));
    assert_eq!(answer, "REPLY na 1 0/0 [ Success ]");
    let lease = lab.lease("2001:db8:1::105").unwrap();
    assert_eq!((lease.state, lease.valid_lifetime), (LeaseState::Declined, 86_400));
    assert_eq!(lease.owner.duid.octets(), [0]);
    assert!(lease.owner.hw_addr.is_empty());
    assert_eq!(lab.statistic("declined-addresses").unwrap(), "Integer(1)");
    assert_eq!(lab.statistic("subnet[1].declined-addresses").unwrap(), "Integer(1)");
    assert_eq!(lab.statistic("subnet[1].assigned-nas").unwrap(), "Integer(1)");
    let answer = lab.ask(MessageType::Renew, |q| na(q, 1, &["2001:db8:1::105"]));
    assert_eq!(answer, "REPLY na 1 1800/2880 [ 2001:db8:1::100 3600/7200 2001:db8:1::105 0/0 ]");
    assert_eq!(lab.statistic("subnet[1].assigned-nas").unwrap(), "Integer(2)");
    lab.now += 86_400;
    let answer = lab.ask_as(OTHER, MessageType::Request, |q| na(q, 1, &["2001:db8:1::105"]));
    assert!(answer.contains("2001:db8:1::105 3600/7200"), "{answer}");
    assert_eq!(lab.statistic("declined-addresses").unwrap(), "Integer(0)");
    assert_eq!(lab.statistic("reclaimed-declined-addresses").unwrap(), "Integer(1)");
}

#[test]
fn only_the_holder_declines_and_only_addresses() {
    let mut lab = leased(SUBNET);
    let refused = |iaid| format!("REPLY na {iaid} 0/0 [ NoBinding ]");
    let answer = lab.ask_as(OTHER, MessageType::Decline, |q| na(q, 1, &["2001:db8:1::105"]));
    assert_eq!(answer, refused(1));
    assert!(lab.log.ids().contains(&"DHCP6_DECLINE_FAIL_DUID_MISMATCH"));
    let answer = lab.ask(MessageType::Decline, |q| na(q, 77, &["2001:db8:1::105"]));
    assert_eq!(answer, refused(77));
    assert!(lab.log.ids().contains(&"DHCP6_DECLINE_FAIL_IAID_MISMATCH"));
    let answer = lab.ask(MessageType::Decline, |q| na(q, 1, &["2001:db8:1::10f"]));
    assert_eq!(answer, refused(1));
    assert!(lab.log.ids().contains(&"DHCP6_DECLINE_FAIL_NO_LEASE"));
    assert_eq!(lab.ask(MessageType::Decline, |q| na(q, 1, &[])), refused(1));
    let answer = lab.ask(MessageType::Decline, |q| pd(q, 2, &["2001:db8:8000::/56"]));
    assert_eq!(answer, "REPLY");
    assert_eq!(lab.statistic("declined-addresses").unwrap(), "Integer(0)");
    assert_eq!(lab.lease("2001:db8:1::105").unwrap().state, LeaseState::Assigned);
}

#[test]
fn answers_that_give_back_carry_no_configured_options() {
    let always =
        r#""option-data": [{ "name": "preference", "data": "10", "always-send": true }], "#;
    let mut lab = leased(&format!("{always}{SUBNET}"));
    let answer = lab.ask(MessageType::Confirm, |q| na(q, 1, &["2001:db8:1::105"]));
    assert_eq!(answer, "REPLY 7=0a status Success");
    let answer = lab.ask(MessageType::Release, |q| na(q, 1, &["2001:db8:1::105"]));
    assert_eq!(answer, "REPLY na 1 0/0 [ Success ] status Success");
}

#[test]
fn a_cycle_that_takes_too_long_breaks_off_and_says_so() {
    let mut lab = leased(SUBNET);
    lab.now += 100_000;
    let (late, soon) = (Duration::from_millis(251), Duration::from_millis(1));
    // The time of the first cycle is over before its first lease.
    let mut reclamation = Reclamation::new(ExpiredLeasesProcessing::default());
    for (elapsed, told, left) in [
        (late, "ALLOC_ENGINE_V6_LEASES_RECLAMATION_TIMEOUT", 2),
        (soon, "ALLOC_ENGINE_V6_NO_MORE_EXPIRED_LEASES", 0),
    ] {
        let before = lab.log.ids().len();
        lab.at(|corridor, _| reclaim(corridor, &mut reclamation, || elapsed));
        assert!(lab.log.ids()[before..].contains(&told), "{:?}", lab.log.ids());
        let states = ["2001:db8:1::105", "2001:db8:8000::"].map(|a| lab.lease(a).unwrap().state);
        let assigned = states.iter().filter(|state| **state == LeaseState::Assigned).count();
        assert_eq!(assigned, left);
    }
}
