//! The callout points of the DHCPv6 server: where hooks are asked, and what each answer leads to.

use std::time::Duration;

use kea_hooks::{
    Addressed, Committed, Hook, Hooks, LeaseEnd, LeaseOffer, NameUpdate, Next, ParkingSpace, Point,
    Query,
};
use kea_lease::{ExpiredLeasesProcessing, LeaseState, Reclamation};

use super::name::{DNS, fqdn};
use super::*;
use crate::pipeline::{leaves, reclaim};

const ADDRESS: &str = "2001:db8:1::105";

/// Says the same at every point that it attends, and notes where it was asked.
struct Probe {
    points: Vec<Point>,
    next: Next,
    seen: Mutex<Vec<Point>>,
    /// A new valid lifetime, another name.
    changes: bool,
}

impl Probe {
    fn asked(&self, point: Point) -> Next {
        self.seen.lock().unwrap().push(point);
        self.next
    }
}

impl Hook<V6> for Probe {
    fn name(&self) -> &str {
        "probe"
    }
    fn points(&self) -> &[Point] {
        &self.points
    }
    fn buffer_receive(
        &self,
        _: &Query<'_, V6>,
        _: &mut Vec<u8>,
        _: &mut kea_expr::ClassSet,
        _: &kea_expr::ClassNames,
    ) -> Next {
        self.asked(Point::BufferReceive)
    }
    fn packet_receive(
        &self,
        _: &Query<'_, V6>,
        _: &mut kea_expr::ClassSet,
        _: &kea_expr::ClassNames,
        _: &mut Option<Vec<u8>>,
    ) -> Next {
        self.asked(Point::PacketReceive)
    }
    fn subnet_select<'s>(
        &self,
        _: &Query<'_, V6>,
        _: &'s Snapshot<V6>,
        _: &mut Option<&'s kea_config::snapshot::Subnet<V6>>,
    ) -> Next {
        self.asked(Point::SubnetSelect)
    }
    fn lease_select(&self, offer: &mut LeaseOffer<'_, V6>) -> Next {
        if self.changes {
            offer.lease.valid_lifetime = 777;
        }
        self.asked(Point::LeaseSelect)
    }
    fn lease_renew(&self, _: &mut LeaseOffer<'_, V6>) -> Next {
        self.asked(Point::LeaseRenew)
    }
    fn lease_rebind(&self, _: &mut LeaseOffer<'_, V6>) -> Next {
        self.asked(Point::LeaseRebind)
    }
    fn lease_release(&self, _: &Query<'_, V6>, _: &Lease<V6>) -> Next {
        self.asked(Point::LeaseRelease)
    }
    fn lease_decline(&self, _: &Query<'_, V6>, _: &Lease<V6>) -> Next {
        self.asked(Point::LeaseDecline)
    }
    fn leases_committed(&self, committed: &Committed<'_, V6>, _: &ParkingSpace) -> Next {
        assert_eq!(committed.leases.len() + committed.deleted.len(), 1);
        self.asked(Point::LeasesCommitted)
    }
    fn ddns_update(&self, update: &mut NameUpdate<'_, V6>) -> Next {
        if self.changes {
            *update.hostname = "hooked.example.org.".to_owned();
            std::mem::swap(update.forward, update.reverse);
        }
        self.asked(Point::DdnsUpdate)
    }
    fn lease_expire(&self, _: &LeaseEnd<'_, V6>) -> Next {
        self.asked(Point::LeaseExpire)
    }
    fn lease_recover(&self, _: &Lease<V6>) -> Next {
        self.asked(Point::LeaseRecover)
    }
    fn packet_send(&self, _: &mut Addressed<'_, V6>) -> Next {
        self.asked(Point::PacketSend)
    }
    fn buffer_send(&self, _: &mut Addressed<'_, V6>) -> Next {
        self.asked(Point::BufferSend)
    }
}

/// A server whose client has an address, and the hook that was loaded after that.
fn leased(points: &[Point], next: Next, changes: bool) -> (Lab, Arc<Probe>) {
    leased_with("", points, next, changes)
}

/// The same under a configuration with these members besides.
fn leased_with(members: &str, points: &[Point], next: Next, changes: bool) -> (Lab, Arc<Probe>) {
    let mut lab = Lab::new(&format!("{members}{SUBNET}"));
    lab.ask(MessageType::Request, |q| na(q, 1, &[ADDRESS]));
    let points = points.to_vec();
    let probe = Arc::new(Probe { points, next, seen: Mutex::default(), changes });
    let hook: Arc<dyn Hook<V6>> = Arc::<Probe>::clone(&probe);
    lab.hooks = Some(Hooks::new(&[hook], lab.log.clone()));
    lab.now += 100;
    (lab, probe)
}

#[test]
fn each_answer_of_a_hook_has_its_meaning() {
    use MessageType::{Decline, Rebind, Release, Renew, Request, Solicit};
    let lost = "NoAddrsAvail";
    for (point, next, kind, answer, told) in [
        (Point::BufferReceive, Next::Skip, Solicit, "ADVERTISE na 1", "BUFFER_RCVD_SKIP"),
        (Point::BufferReceive, Next::Drop, Solicit, "Hook(BufferReceive)", "BUFFER_RCVD_DROP"),
        (Point::PacketReceive, Next::Skip, Solicit, "Hook(PacketReceive)", "PACKET_RCVD_SKIP"),
        (Point::PacketReceive, Next::Drop, Solicit, "Hook(PacketReceive)", "PACKET_RCVD_SKIP"),
        (Point::SubnetSelect, Next::Skip, Solicit, lost, "SUBNET6_SELECT_SKIP"),
        (Point::SubnetSelect, Next::Drop, Solicit, "Hook(SubnetSelect)", "SUBNET6_SELECT_DROP"),
        (Point::LeaseSelect, Next::Skip, Request, lost, "LEASE6_SELECT_SKIP"),
        (Point::LeaseRenew, Next::Continue, Renew, "[ 2001:db8:1::105 3600/7200 ]", ""),
        (
            Point::LeaseRenew,
            Next::Skip,
            Renew,
            "[ 2001:db8:1::105 3500/7100 ]",
            "LEASE6_EXTEND_SKIP",
        ),
        (Point::LeaseRebind, Next::Continue, Rebind, "[ 2001:db8:1::105 3600/7200 ]", ""),
        (
            Point::LeaseRebind,
            Next::Skip,
            Rebind,
            "[ 2001:db8:1::105 3500/7100 ]",
            "LEASE6_EXTEND_SKIP",
        ),
        (
            Point::LeaseRelease,
            Next::Skip,
            Release,
            "REPLY na 1 0/0 [ Success ] status Success",
            "LEASE6_RELEASE_NA_SKIP",
        ),
        (Point::LeaseDecline, Next::Skip, Decline, "REPLY na 1 0/0 [ Success ]", "DECLINE_SKIP"),
        (Point::LeaseDecline, Next::Drop, Decline, "Hook(LeaseDecline)", "DECLINE_DROP"),
        (
            Point::LeasesCommitted,
            Next::Drop,
            Renew,
            "Hook(LeasesCommitted)",
            "LEASES6_COMMITTED_DROP",
        ),
    ] {
        let (mut lab, probe) = leased(&[point], next, false);
        let said = lab.ask(kind, |q| na(q, 1, &[ADDRESS]));
        assert!(said.contains(answer), "{point:?} {next:?}: {said}");
        assert_eq!(*probe.seen.lock().unwrap(), [point]);
        let ids = lab.log.ids().into_iter();
        let of_hooks: Vec<&str> = ids.filter_map(|id| Some(id.split_once("_HOOK_")?.1)).collect();
        assert_eq!(of_hooks.join(" "), told, "{point:?} {next:?}");
        let lease = lab.lease(ADDRESS).unwrap();
        assert_eq!(lease.state, LeaseState::Assigned, "{point:?} {next:?}");
        let is_extended = (next == Next::Continue) || point == Point::LeasesCommitted;
        assert_eq!(lease.cltt, if is_extended { NOW + 100 } else { NOW }, "{point:?} {next:?}");
    }
}

/// Skipping at `pkt6_send` says that the hook has written the octets itself.
#[test]
fn hooks_decide_whether_an_answer_leaves() {
    for (point, next, is_sent, told) in [
        (Point::PacketSend, Next::Continue, true, ""),
        (Point::PacketSend, Next::Skip, true, "DHCP6_HOOK_PACKET_SEND_SKIP"),
        (Point::PacketSend, Next::Drop, false, "DHCP6_HOOK_PACKET_SEND_DROP"),
        (Point::BufferSend, Next::Continue, true, ""),
        (Point::BufferSend, Next::Skip, false, "DHCP6_HOOK_BUFFER_SEND_SKIP"),
        (Point::BufferSend, Next::Drop, false, "DHCP6_HOOK_BUFFER_SEND_SKIP"),
    ] {
        let (mut lab, probe) = leased(&[point], next, false);
        let mut datagram = Vec::new();
        let mut query = Builder::new(&mut datagram, MessageType::Renew, 3);
        identify(&mut query, MessageType::Renew, CLIENT);
        na(&mut query, 1, &[ADDRESS]);
        query.finish().unwrap();
        let mut answer = lab.decide(&datagram).unwrap();
        let transmit = lab.answer.clone().unwrap().transmit;
        let hooks = lab.hooks.as_ref().unwrap();
        let leaves = leaves(hooks, &lab.log, &datagram, &transmit, &mut answer);
        assert_eq!(leaves, is_sent, "{point:?} {next:?}");
        assert_eq!(*probe.seen.lock().unwrap(), [point]);
        let of_hooks = lab.log.ids().into_iter().filter(|id| id.contains("_HOOK_"));
        assert_eq!(of_hooks.collect::<Vec<_>>().join(" "), told, "{point:?} {next:?}");
    }
}

#[test]
fn hooks_keep_leases_from_ending() {
    use LeaseState::{Assigned, Declined, ExpiredReclaimed};
    for (point, next, after, told) in [
        (Point::LeaseExpire, Next::Continue, Some(ExpiredReclaimed), ""),
        (Point::LeaseExpire, Next::Skip, Some(Assigned), ""),
        (Point::LeaseRecover, Next::Continue, None, ""),
        (Point::LeaseRecover, Next::Skip, Some(Declined), "DHCPSRV_HOOK_LEASE6_RECOVER_SKIP"),
    ] {
        let (mut lab, probe) = leased(&[point], next, false);
        if point == Point::LeaseRecover {
            lab.ask(MessageType::Decline, |q| na(q, 1, &[ADDRESS]));
        }
        lab.now += 100_000;
        let mut reclamation = Reclamation::new(ExpiredLeasesProcessing::default());
        lab.at(|corridor, _| reclaim(corridor, &mut reclamation, || Duration::ZERO));
        let state = lab.lease(ADDRESS).map(|lease| lease.state);
        assert_eq!(state, after, "{point:?} {next:?}");
        assert_eq!(*probe.seen.lock().unwrap(), [point]);
        let of_hooks = lab.log.ids().into_iter().filter(|id| id.contains("_HOOK_"));
        assert_eq!(of_hooks.collect::<Vec<_>>().join(" "), told, "{point:?} {next:?}");
    }
}

#[test]
fn points_follow_each_other_as_documented() {
    let (mut lab, probe) = leased(&Point::ALL, Next::Continue, false);
    for kind in [MessageType::Renew, MessageType::Release] {
        lab.ask(kind, |q| na(q, 1, &[ADDRESS]));
    }
    lab.ask(MessageType::Request, |q| na(q, 1, &[ADDRESS]));
    let names: Vec<&str> = probe.seen.lock().unwrap().iter().map(|point| point.name(6)).collect();
    let arrival = ["buffer6_receive", "pkt6_receive", "subnet6_select"];
    let expected = [
        &arrival[..],
        &["ddns6_update", "lease6_renew", "leases6_committed"],
        &arrival,
        &["lease6_release", "leases6_committed"],
        &arrival,
        &["ddns6_update", "lease6_select", "leases6_committed"],
    ];
    assert_eq!(names, expected.concat());
}

#[test]
fn what_a_hook_changes_is_served() {
    let points = [Point::LeaseSelect, Point::DdnsUpdate];
    let (mut lab, _) = leased_with(DNS, &points, Next::Continue, true);
    let said = lab.ask(MessageType::Request, |q| {
        na(q, 2, &["2001:db8:1::106"]);
        q.option(code::CLIENT_FQDN, &fqdn(0, &["alice"], false));
    });
    assert!(said.contains("2001:db8:1::106 3600/777"), "{said}");
    let lease = lab.lease("2001:db8:1::106").unwrap();
    assert_eq!((lease.valid_lifetime, &*lease.hostname), (777, "hooked.example.org."));
    assert_eq!((lease.fqdn_fwd, lease.fqdn_rev), (true, false));
    let told = lab.name_changes.0.lock().unwrap().clone();
    assert_eq!(told, ["Add hooked.example.org. 2001:db8:1::106 true/false"]);
    assert!(lab.log.ids().contains(&"DHCP6_HOOK_DDNS_UPDATE"));
}

#[test]
fn who_is_denied_a_subnet_still_gets_what_is_global() {
    let option = r#""option-data": [{ "name": "dns-servers", "data": "2001:db8::53" }], "#;
    let (mut lab, _) = leased_with(option, &[Point::SubnetSelect], Next::Skip, false);
    let said = lab.ask(MessageType::Solicit, |q| {
        q.codes(code::ORO, &[23]);
        na(q, 2, &[]);
    });
    assert!(said.contains("NoAddrsAvail"), "{said}");
    assert!(said.contains(" 23=20010db8000000000000000000000053"), "{said}");
}

#[test]
fn who_is_denied_a_lease_has_none() {
    let (mut lab, probe) = leased(&[Point::LeaseSelect], Next::Skip, false);
    let said = lab.ask(MessageType::Request, |q| na(q, 2, &["2001:db8:1::106"]));
    assert!(said.contains("na 2 0/0 [ NoAddrsAvail ]"), "{said}");
    assert_eq!(*probe.seen.lock().unwrap(), [Point::LeaseSelect]);
    // That from before the hook was there.
    assert_eq!(lab.leases.len(), 1);
}

#[test]
fn a_hook_keeps_a_prefix_from_being_released() {
    const PREFIX: &str = "2001:db8:8000:100::/56";
    let (mut lab, _) = leased(&[Point::LeaseRelease], Next::Skip, false);
    lab.ask(MessageType::Request, |q| pd(q, 1, &[PREFIX]));
    let said = lab.ask(MessageType::Release, |q| pd(q, 1, &[PREFIX]));
    assert_eq!(said, "REPLY status Success pd 1 0/0 [ Success ]");
    assert!(lab.log.ids().contains(&"DHCP6_HOOK_LEASE6_RELEASE_PD_SKIP"), "{:?}", lab.log.ids());
    let lease = lab.lease("2001:db8:8000:100::").unwrap();
    assert_eq!((lease.state, lease.cltt), (LeaseState::Assigned, NOW + 100));
}

/// Keeps every answer waiting, for ever.
struct Keeper(Mutex<Vec<kea_hooks::Hold>>);

impl Hook<V6> for Keeper {
    fn name(&self) -> &str {
        "keeper"
    }
    fn points(&self) -> &[Point] {
        &[Point::LeasesCommitted]
    }
    fn leases_committed(&self, _: &Committed<'_, V6>, parking: &ParkingSpace) -> Next {
        self.0.lock().unwrap().push(parking.hold());
        Next::Continue
    }
}

#[test]
fn an_answer_waits_for_a_hook_and_its_repetition_is_no_second_one() {
    let mut lab = Lab::new(SUBNET);
    let hook: Arc<dyn Hook<V6>> = Arc::new(Keeper(Mutex::default()));
    lab.hooks = Some(Hooks::new(&[hook], lab.log.clone()));
    lab.ask(MessageType::Request, |q| na(q, 1, &[ADDRESS]));
    let waiting = lab.answer.clone().unwrap();
    assert!(waiting.parked.is_some());
    assert!(lab.log.ids().contains(&"DHCP6_HOOK_LEASES6_COMMITTED_PARK"));
    lab.worker.in_flight.begin(waiting.transaction);
    let again = lab.ask(MessageType::Request, |q| na(q, 1, &[ADDRESS]));
    assert_eq!(again, "Duplicate");
    assert_eq!(lab.statistic("pkt6-duplicate").unwrap(), "Integer(1)");
    assert!(lab.log.ids().contains(&"DHCP6_PACKET_DROP_DUPLICATE"));
    lab.worker.in_flight.end(waiting.transaction);
    let again = lab.ask(MessageType::Request, |q| na(q, 1, &[ADDRESS]));
    assert!(again.contains(ADDRESS), "{again}");
}

#[test]
fn an_answer_for_which_there_is_no_room_to_wait_is_dropped() {
    let mut lab = Lab::new(&format!("\"parked-packet-limit\": 1, {SUBNET}"));
    let hook: Arc<dyn Hook<V6>> = Arc::new(Keeper(Mutex::default()));
    lab.hooks = Some(Hooks::new(&[hook], lab.log.clone()));
    lab.ask(MessageType::Request, |q| na(q, 1, &[ADDRESS]));
    let _waiting = lab.answer.clone().unwrap();
    assert!(!lab.log.ids().contains(&"DHCP6_HOOK_LEASES6_PARKING_LOT_FULL"));
    let said = lab.ask(MessageType::Request, |q| na(q, 2, &[]));
    assert!(lab.log.ids().contains(&"DHCP6_HOOK_LEASES6_PARKING_LOT_FULL"), "{said}");
    assert_eq!(said, "ParkingLotFull");
}

/// A server that knows clients by the first octets of what their relay says of its interface, and the
/// answer to a SOLICIT of `client` with these associations that came by way of `port`.
fn by_port(lab: &mut Lab, client: &[u8], kind: MessageType, iaids: &[u32], port: &[u8]) -> Vec<u8> {
    let mut datagram = Vec::new();
    let mut query = Builder::relayed(&mut datagram);
    let peer = "fe80::9".parse().unwrap();
    query.relay(MessageType::RelayForward, 0, at("2001:db8:1::1"), peer, |envelope| {
        envelope.option(code::INTERFACE_ID, port);
    });
    query.message(kind, 7);
    query.option(code::CLIENT_ID, client);
    if kind == MessageType::Request {
        query.option(code::SERVER_ID, SERVER);
    }
    iaids.iter().for_each(|iaid| na(&mut query, *iaid, &[]));
    query.finish().unwrap();
    lab.decide(&datagram).unwrap()
}

#[test]
fn a_device_in_the_place_of_another_gets_its_lease() {
    const OTHER: &[u8] = &[0, 3, 0, 1, 2, 0, 0, 0, 0, 0x77];
    let members = r#""hooks-libraries": [{ "library": "libdhcp_flex_id.so", "parameters": {
            "identifier-expression": "substring(relay6[0].option[18].hex, 0, 5)",
            "replace-client-id": true, "ignore-iaid": true } }],
        "host-reservation-identifiers": ["flex-id"],
        "subnet6": [{ "id": 1, "subnet": "2001:db8:1::/64",
            "reservations": [{ "flex-id": "'port2'", "ip-addresses": ["2001:db8:1::52"] }],
            "pools": [{ "pool": "2001:db8:1::10-2001:db8:1::1f" }] }]"#;
    let mut lab = Lab::new(members);
    let hooks = kea_hooks::load(&lab.config, kea_hook_libs::libraries()).unwrap();
    lab.hooks = Some(Hooks::new(&hooks, lab.log.clone()));
    let given = |answer: &[u8]| {
        let view = View::parse(answer).unwrap();
        let of = |ia: Ia<'_>| {
            let address = ia.addresses().next().unwrap().unwrap().address;
            (ia.iaid.0, address.to_string())
        };
        let client = view.option(code::CLIENT_ID).unwrap().to_vec();
        (client, view.associations().map(|ia| of(ia.unwrap())).collect::<Vec<_>>())
    };
    let address = || "2001:db8:1::10".to_owned();
    let answer = by_port(&mut lab, CLIENT, MessageType::Request, &[7], b"port1-a");
    assert_eq!(given(&answer), (CLIENT.to_vec(), vec![(7, address())]));
    let lease = lab.lease("2001:db8:1::10").unwrap();
    assert_eq!(lease.owner.duid.octets(), b"\0\0port1");
    assert_eq!(lease.owner.iaid.0, 0);
    // Another device, which hears its own identifier and number.
    let answer = by_port(&mut lab, OTHER, MessageType::Solicit, &[8], b"port1-b");
    assert_eq!(given(&answer), (OTHER.to_vec(), vec![(8, address())]));
    // The numbers count when there are two.
    let answer = by_port(&mut lab, OTHER, MessageType::Solicit, &[8, 9], b"port1-b");
    assert!(given(&answer).1.iter().all(|(_, given)| *given != address()));
    let answer = by_port(&mut lab, OTHER, MessageType::Solicit, &[1], b"port2");
    assert_eq!(given(&answer).1, [(1, "2001:db8:1::52".to_owned())]);
}

/// A hook that fails wherever it is asked.
struct Broken;

impl Hook<V6> for Broken {
    fn name(&self) -> &str {
        "broken"
    }
    fn points(&self) -> &[Point] {
        &[Point::LeaseSelect, Point::LeaseExpire]
    }
    fn lease_select(&self, _: &mut LeaseOffer<'_, V6>) -> Next {
        panic!("no offers today")
    }
    fn lease_expire(&self, _: &LeaseEnd<'_, V6>) -> Next {
        panic!("nothing ends today")
    }
}

#[test]
fn a_hook_that_fails_keeps_neither_queries_nor_reclamation_from_their_end() {
    let mut lab = Lab::new(SUBNET);
    lab.hooks = Some(Hooks::new(&[Arc::new(Broken) as Arc<dyn Hook<V6>>], lab.log.clone()));
    let said = lab.ask(MessageType::Request, |q| na(q, 1, &[ADDRESS]));
    assert!(said.contains("[ 2001:db8:1::105 3600/7200 ]"), "{said}");
    lab.now += 7201;
    let mut reclamation = Reclamation::new(ExpiredLeasesProcessing::default());
    let report = lab.at(|corridor, _| reclaim(corridor, &mut reclamation, || Duration::ZERO));
    assert_eq!((report.leases, report.has_more), (1, false));
    assert_eq!(lab.lease(ADDRESS).unwrap().state, LeaseState::ExpiredReclaimed);
    let told = lab.log.of(&kea_log::message::HOOKS_CALLOUT_EXCEPTION);
    let told: Vec<&str> = told.iter().map(|event| &*event.arguments[3]).collect();
    assert_eq!(told, ["no offers today", "nothing ends today"]);
}
