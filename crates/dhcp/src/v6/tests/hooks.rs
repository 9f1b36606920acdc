//! The callout points of the DHCPv6 server: where hooks are asked, and what each answer leads to.

use kea_hooks::{Committed, Hook, Hooks, LeaseOffer, NameUpdate, Next, ParkingSpace, Point, Query};
use kea_lease::LeaseState;

use super::*;

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
        }
        self.asked(Point::DdnsUpdate)
    }
}

/// A server whose client has an address, and the hook that was loaded after that.
fn leased(points: &[Point], next: Next, changes: bool) -> (Lab, Arc<Probe>) {
    let mut lab = Lab::new(SUBNET);
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
    for (point, next, kind, answer) in [
        (Point::BufferReceive, Next::Skip, Solicit, "ADVERTISE na 1"),
        (Point::BufferReceive, Next::Drop, Solicit, "Hook(BufferReceive)"),
        (Point::PacketReceive, Next::Skip, Solicit, "Hook(PacketReceive)"),
        (Point::PacketReceive, Next::Drop, Solicit, "Hook(PacketReceive)"),
        (Point::SubnetSelect, Next::Skip, Solicit, lost),
        (Point::SubnetSelect, Next::Drop, Solicit, "Hook(SubnetSelect)"),
        (Point::LeaseSelect, Next::Skip, Request, lost),
        (Point::LeaseRenew, Next::Continue, Renew, "[ 2001:db8:1::105 3600/7200 ]"),
        (Point::LeaseRenew, Next::Skip, Renew, "[ 2001:db8:1::105 3500/7100 ]"),
        (Point::LeaseRebind, Next::Continue, Rebind, "[ 2001:db8:1::105 3600/7200 ]"),
        (Point::LeaseRebind, Next::Skip, Rebind, "[ 2001:db8:1::105 3500/7100 ]"),
        (Point::LeaseRelease, Next::Skip, Release, "REPLY na 1 0/0 [ Success ] status Success"),
        (Point::LeaseDecline, Next::Skip, Decline, "REPLY na 1 0/0 [ Success ]"),
        (Point::LeaseDecline, Next::Drop, Decline, "Hook(LeaseDecline)"),
        (Point::LeasesCommitted, Next::Drop, Renew, "Hook(LeasesCommitted)"),
    ] {
        let (mut lab, probe) = leased(&[point], next, false);
        let said = lab.ask(kind, |q| na(q, 1, &[ADDRESS]));
        assert!(said.contains(answer), "{point:?} {next:?}: {said}");
        assert_eq!(*probe.seen.lock().unwrap(), [point]);
        let lease = lab.lease(ADDRESS).unwrap();
        assert_eq!(lease.state, LeaseState::Assigned, "{point:?} {next:?}");
        let is_extended = (next == Next::Continue) || point == Point::LeasesCommitted;
        assert_eq!(lease.cltt, if is_extended { NOW + 100 } else { NOW }, "{point:?} {next:?}");
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
    let (mut lab, _) = leased(&[Point::LeaseSelect, Point::DdnsUpdate], Next::Continue, true);
    let said = lab.ask(MessageType::Request, |q| na(q, 2, &["2001:db8:1::106"]));
    assert!(said.contains("2001:db8:1::106 3600/777"), "{said}");
    let lease = lab.lease("2001:db8:1::106").unwrap();
    assert_eq!((lease.valid_lifetime, &*lease.hostname), (777, "hooked.example.org."));
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
    lab.worker.in_flight().begin(waiting.transaction);
    let again = lab.ask(MessageType::Request, |q| na(q, 1, &[ADDRESS]));
    assert_eq!(again, "Duplicate");
    assert_eq!(lab.statistic("pkt6-duplicate").unwrap(), "Integer(1)");
    assert!(lab.log.ids().contains(&"DHCP6_PACKET_DROP_DUPLICATE"));
    lab.worker.in_flight().end(waiting.transaction);
    let again = lab.ask(MessageType::Request, |q| na(q, 1, &[ADDRESS]));
    assert!(again.contains(ADDRESS), "{again}");
}
