//! Every callout point of the DHCPv4 server: where it is asked, and what each answer leads to.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kea_config::Snapshot;
use kea_config::snapshot::Subnet;
use kea_expr::{ClassNames, ClassSet, Facts};
use kea_hooks::{
    Addressed, Committed, FlexibleIdentifier, Hold, Hook, LeaseEnd, LeaseOffer, NameUpdate, Next,
    OfferMade, ParkingSpace, Point, Query,
};
use kea_lease::{Lease, LeaseState};
use kea_testkit::scenario::{Backend as _, Scenario, play};
use kea_testkit::{Message as _, Packet4};
use kea_wire::V4;
use libtest_mimic::{Failed, Trial};

use super::InProcess;

/// The tests of this module.
pub(crate) fn trials() -> Vec<Trial> {
    let mut trials: Vec<Trial> = CASES
        .iter()
        .map(|case| {
            let name = format!("hooks::{}-{:?}", case.0.name(4), case.1).to_lowercase();
            Trial::test(name, move || check(case))
        })
        .collect();
    let test =
        |name: &str, run: fn() -> Result<(), Failed>| Trial::test(format!("hooks::{name}"), run);
    trials.extend([
        test("points-follow-each-other-as-documented", order),
        test("an-answer-waits-until-it-is-let-go", parked),
        test("a-repetition-of-what-waits-gets-no-second-answer", repeated),
        test("a-discarded-answer-never-leaves", discarded),
        test("as-many-answers-wait-as-may", lot_full),
        test("an-offer-waits-until-it-is-let-go", offer_parked),
        test("an-address-found-in-use-is-not-offered", offer_declined),
        test("an-address-that-found-its-client-stays", offer_declined_late),
        test("an-offer-that-is-stored-is-declined-too", stored_offer_declined),
        test("as-many-offers-wait-as-may", offers_full),
        test("a-hook-that-breaks-off-does-not-count", broken),
        test("what-a-hook-changes-is-served", changes),
        test("a-hook-puts-a-query-into-the-class-that-drops-it", dropped),
    ]);
    trials
}

const CONFIG: &str = "config\n    { \"dhcp-ddns\": { \"enable-updates\": true },\n      \
    \"ddns-qualifying-suffix\": \"example.org\", \"valid-lifetime\": 1000,\n      \
    \"parked-packet-limit\": 1, \"decline-probation-period\": 60,\n      \
    \"host-reservation-identifiers\": [ \"flex-id\", \"hw-address\" ],\n      \
    \"client-classes\": [ { \"name\": \"hooked\" } ],\n      \
    \"expired-leases-processing\": { \"reclaim-timer-wait-time\": 0 },\n      \
    \"subnet4\": [ { \"id\": 1, \"subnet\": \"192.0.2.0/24\", \"interface\": \"eth0\",\n        \
    \"pools\": [ { \"pool\": \"192.0.2.10 - 192.0.2.11\" },\n          \
    { \"pool\": \"192.0.2.20 - 192.0.2.20\", \"client-class\": \"hooked\" } ],\n        \
    \"reservations\": [ { \"flex-id\": \"'known'\", \"ip-address\": \"192.0.2.77\" } ] },\n      \
    { \"id\": 2, \"subnet\": \"198.51.100.0/24\",\n        \
    \"pools\": [ { \"pool\": \"198.51.100.10 - 198.51.100.20\" } ] } ] }\n\n\
    client A mac 02:00:00:00:00:0a\nclient B mac 02:00:00:00:00:0b\n";

const DISCOVER: &str = "send discover A\n";
const SELECT: &str = "send request A\n    option requested-address = 192.0.2.10\n    \
    option server-identifier = 192.0.2.1\n";
const RENEW: &str = "send request A\n    ciaddr 192.0.2.10\n";
const RELEASE: &str =
    "send release A\n    ciaddr 192.0.2.10\n    option server-identifier = 192.0.2.1\n";
const DECLINE: &str = "send decline A\n    option requested-address = 192.0.2.10\n    \
    option server-identifier = 192.0.2.1\n";
const RECLAIM: &str = "command { \"command\": \"leases-reclaim\", \"arguments\": { \"remove\": true } }\nexpect result 0\n";
const HELD: &str = "expect lease 192.0.2.10\n    state = 0\n";
const GONE: &str = "expect no lease 192.0.2.10\n";

/// A point, what the hook says there, and what is seen then: `{…}` stands for the texts above.
const CASES: &[(Point, Next, &str)] = &[
    (Point::BufferReceive, Next::Continue, "{DISCOVER}expect offer\n"),
    (Point::BufferReceive, Next::Skip, "{DISCOVER}expect offer\n"),
    (
        Point::BufferReceive,
        Next::Drop,
        "{DISCOVER}expect none\nexpect statistic pkt4-receive-drop = 1\n",
    ),
    (Point::PacketReceive, Next::Continue, "{DISCOVER}expect offer\n"),
    (
        Point::PacketReceive,
        Next::Skip,
        "{DISCOVER}expect none\nexpect log DHCP4_HOOK_PACKET_RCVD_SKIP\n",
    ),
    (
        Point::PacketReceive,
        Next::Drop,
        "{DISCOVER}expect none\nexpect statistic pkt4-admin-filtered = 1\n",
    ),
    (Point::SubnetSelect, Next::Continue, "{DISCOVER}expect offer\n"),
    (
        Point::SubnetSelect,
        Next::Skip,
        "{DISCOVER}expect none\nexpect log DHCP4_HOOK_SUBNET4_SELECT_SKIP\n",
    ),
    (
        Point::SubnetSelect,
        Next::Drop,
        "{SELECT}expect none\nexpect log DHCP4_HOOK_SUBNET4_SELECT_DROP\n",
    ),
    (Point::LeaseSelect, Next::Continue, "{SELECT}expect ack\n{HELD}"),
    (Point::LeaseSelect, Next::Skip, "{DISCOVER}expect none\n{SELECT}expect nak\n{GONE}"),
    (Point::LeaseSelect, Next::Drop, "{SELECT}expect none\n{GONE}"),
    (
        Point::LeaseRenew,
        Next::Continue,
        "{SELECT}expect ack\nadvance 100\n{RENEW}expect ack\n    option lease-time = 1000\n",
    ),
    (
        Point::LeaseRenew,
        Next::Skip,
        "{SELECT}expect ack\nadvance 100\n{RENEW}expect ack\n    option lease-time = 900\n",
    ),
    (Point::LeaseRenew, Next::Drop, "{SELECT}expect ack\nadvance 100\n{RENEW}expect none\n{HELD}"),
    (
        Point::LeaseRelease,
        Next::Continue,
        "{SELECT}expect ack\n{RELEASE}expect none\nexpect log DHCP4_RELEASE\n",
    ),
    (
        Point::LeaseRelease,
        Next::Skip,
        "{SELECT}expect ack\n{RELEASE}expect none\nexpect log DHCP4_HOOK_LEASE4_RELEASE_SKIP\n{HELD}",
    ),
    (
        Point::OfferMade,
        Next::Continue,
        "{DISCOVER}expect offer\n    yiaddr 192.0.2.10\n{GONE}{SELECT}expect ack\n{HELD}",
    ),
    (Point::OfferMade, Next::Skip, "{DISCOVER}expect offer\n    yiaddr 192.0.2.10\n"),
    (
        Point::OfferMade,
        Next::Drop,
        "{DISCOVER}expect none\nexpect log DHCP4_HOOK_LEASE4_OFFER_DROP\n\
         expect statistic pkt4-admin-filtered = 1\n{GONE}{SELECT}expect ack\n",
    ),
    (Point::LeaseRelease, Next::Drop, "{SELECT}expect ack\n{RELEASE}expect none\n{HELD}"),
    (
        Point::LeaseDecline,
        Next::Continue,
        "{SELECT}expect ack\n{DECLINE}expect none\nexpect statistic declined-addresses = 1\n",
    ),
    (
        Point::LeaseDecline,
        Next::Skip,
        "{SELECT}expect ack\n{DECLINE}expect none\n{HELD}expect statistic declined-addresses = 0\n",
    ),
    (
        Point::LeaseDecline,
        Next::Drop,
        "{SELECT}expect ack\n{DECLINE}expect none\n{HELD}expect log DHCP4_HOOK_DECLINE_SKIP\n",
    ),
    (Point::LeasesCommitted, Next::Continue, "{SELECT}expect ack\n"),
    (
        Point::LeasesCommitted,
        Next::Drop,
        "{SELECT}expect none\nexpect log DHCP4_HOOK_LEASES4_COMMITTED_DROP\n{HELD}",
    ),
    (Point::LeaseExpire, Next::Continue, "{SELECT}expect ack\nadvance 1001\n{RECLAIM}{GONE}"),
    (
        Point::LeaseExpire,
        Next::Skip,
        "{SELECT}expect ack\nadvance 1001\n{RECLAIM}{HELD}expect statistic reclaimed-leases = 0\n",
    ),
    (
        Point::LeaseRecover,
        Next::Continue,
        "{SELECT}expect ack\n{DECLINE}expect none\nadvance 61\n{RECLAIM}{GONE}",
    ),
    (
        Point::LeaseRecover,
        Next::Skip,
        "{SELECT}expect ack\n{DECLINE}expect none\nadvance 61\n{RECLAIM}expect lease 192.0.2.10\n    state = 1\nexpect log DHCPSRV_HOOK_LEASE4_RECOVER_SKIP\n",
    ),
    (Point::PacketSend, Next::Continue, "{SELECT}expect ack\n"),
    (
        Point::PacketSend,
        Next::Skip,
        "{SELECT}expect none\n{HELD}expect log DHCP4_HOOK_PACKET_SEND_SKIP\n",
    ),
    (
        Point::PacketSend,
        Next::Drop,
        "{SELECT}expect none\n{HELD}expect log DHCP4_HOOK_PACKET_SEND_DROP\n",
    ),
    (Point::BufferSend, Next::Continue, "{SELECT}expect ack\n"),
    (
        Point::BufferSend,
        Next::Skip,
        "{SELECT}expect none\n{HELD}expect log DHCP4_HOOK_BUFFER_SEND_SKIP\n",
    ),
];

/// Plays steps before a server with this hook.
fn perform(probe: &Arc<Probe>, steps: &str) -> Result<InProcess, Failed> {
    let hook: Arc<dyn Hook<V4>> = Arc::<Probe>::clone(probe);
    let mut backend = InProcess::new()?.with_hook(hook);
    go_on(&mut backend, &format!("{CONFIG}\n{steps}"))?;
    Ok(backend)
}

/// Plays steps before a server that has a configuration, or gets one.
fn go_on(backend: &mut InProcess, steps: &str) -> Result<(), Failed> {
    let mut text = format!("title t\nsource s\n\n{steps}");
    for (name, steps) in [
        ("{DISCOVER}", DISCOVER),
        ("{SELECT}", SELECT),
        ("{RENEW}", RENEW),
        ("{RELEASE}", RELEASE),
        ("{DECLINE}", DECLINE),
        ("{RECLAIM}", RECLAIM),
        ("{HELD}", HELD),
        ("{GONE}", GONE),
    ] {
        text = text.replace(name, steps);
    }
    let scenario =
        Scenario::parse(&text).map_err(|e| format!("line {}: {}\n{text}", e.line, e.why))?;
    play::<Packet4>(&scenario, backend)
        .map_err(|e| format!("line {}: {}\n{text}", e.line, e.why))?;
    Ok(())
}

fn check((point, next, steps): &(Point, Next, &str)) -> Result<(), Failed> {
    let probe = Probe::new(&[*point], *next);
    perform(&probe, steps)?;
    assert!(!probe.seen().is_empty(), "nobody asked at {point:?}");
    Ok(())
}

fn order() -> Result<(), Failed> {
    let probe = Probe::new(&Point::ALL, Next::Continue);
    let steps = "{DISCOVER}    option host-name = a\nexpect offer\n\
        {SELECT}    option host-name = a\nexpect ack\n\
        {RENEW}    option host-name = a\nexpect ack\n{RELEASE}expect none\n\
        {SELECT}expect ack\n{DECLINE}expect none\nadvance 61\n{RECLAIM}\
        {SELECT}expect ack\nadvance 1001\n{RECLAIM}";
    perform(&probe, steps)?;
    let arrival = ["buffer4_receive", "pkt4_receive", "host4_identifier", "subnet4_select"];
    let leaving = ["pkt4_send", "buffer4_send"];
    let expected = [
        &arrival[..],
        &["ddns4_update", "lease4_select", "lease4_offer"],
        &leaving,
        &arrival,
        &["ddns4_update", "lease4_select", "leases4_committed"],
        &leaving,
        &arrival,
        &["ddns4_update", "lease4_renew", "leases4_committed"],
        &leaving,
        &arrival,
        &["lease4_release", "leases4_committed"],
        &arrival,
        &["lease4_select", "leases4_committed"],
        &leaving,
        &arrival,
        &["lease4_decline", "leases4_committed"],
        &["lease4_recover"],
        &arrival,
        &["lease4_select", "leases4_committed"],
        &leaving,
        &["lease4_expire"],
    ];
    let names: Vec<&str> = probe.seen().iter().map(|point| point.name(4)).collect();
    assert_eq!(names, expected.concat());
    Ok(())
}

fn parked() -> Result<(), Failed> {
    let probe = Probe::parking();
    let mut backend = perform(
        &probe,
        "{SELECT}expect none\n{HELD}expect log DHCP4_HOOK_LEASES4_COMMITTED_PARK\n",
    )?;
    probe.hold().release();
    let reply = backend.receive()?;
    assert!(reply.is_some(), "the answer leaves when it is let go");
    Ok(())
}

fn discarded() -> Result<(), Failed> {
    let probe = Probe::parking();
    let mut backend = perform(&probe, "{SELECT}expect none\n")?;
    probe.hold().discard();
    assert!(backend.receive()?.is_none());
    Ok(())
}

fn repeated() -> Result<(), Failed> {
    let probe = Probe::bare(&[Point::BufferReceive, Point::LeasesCommitted], Next::Continue);
    let probe = Arc::new(Probe { parks: true, ..probe });
    let steps = "{SELECT}expect none\n{SELECT}expect none\n\
        expect log DHCP4_PACKET_DROP_0011\nexpect statistic pkt4-duplicate = 1\n";
    let mut backend = perform(&probe, steps)?;
    probe.hold().release();
    assert!(backend.receive()?.is_some(), "the answer leaves");
    assert!(backend.receive()?.is_none(), "but once");
    Ok(())
}

fn lot_full() -> Result<(), Failed> {
    let probe = Probe::parking();
    let steps = "{SELECT}expect none\nsend request B\n    option requested-address = 192.0.2.11\n    \
        option server-identifier = 192.0.2.1\nexpect none\n\
        expect log DHCP4_HOOK_LEASES4_PARKING_LOT_FULL\nexpect statistic pkt4-queue-full = 1\n";
    perform(&probe, steps)?;
    probe.hold().release();
    Ok(())
}

fn offer_parked() -> Result<(), Failed> {
    let probe = Probe::parking_at(&[Point::OfferMade]);
    let steps = "{DISCOVER}expect none\n{GONE}expect log DHCP4_HOOK_LEASE4_OFFER_PARK\n";
    let mut backend = perform(&probe, steps)?;
    assert!(backend.receive()?.is_none());
    probe.hold().release();
    let offer = Packet4::answer_in(&backend.receive()?.ok_or("the offer leaves")?);
    assert_eq!(offer.map(|offer| offer.yiaddr), Some([192, 0, 2, 10].into()));
    assert_eq!(*probe.offers(), [([192, 0, 2, 10].into(), 1000, 0, false)]);
    Ok(())
}

fn offer_declined() -> Result<(), Failed> {
    let probe = Probe::parking_at(&[Point::OfferMade, Point::ServerDeclined]);
    let mut backend = perform(&probe, "{DISCOVER}expect none\n")?;
    probe.hold().decline();
    assert!(backend.receive()?.is_none());
    // It is nobody's, and rests; the client is offered another one.
    go_on(
        &mut backend,
        "client A mac 02:00:00:00:00:0a\nexpect lease 192.0.2.10\n    state = 1\n    hwaddr =\n    \
         valid_lifetime = 60\nexpect statistic declined-addresses = 1\n\
         expect statistic subnet[1].declined-addresses = 1\n\
         expect statistic subnet[1].assigned-addresses = 1\n{DISCOVER}expect none\n",
    )?;
    assert_eq!(probe.seen(), [Point::OfferMade, Point::ServerDeclined, Point::OfferMade]);
    probe.hold().release();
    let offer = Packet4::answer_in(&backend.receive()?.ok_or("the offer leaves")?);
    assert_eq!(offer.map(|offer| offer.yiaddr), Some([192, 0, 2, 11].into()));
    // In the end it is as if nothing had been.
    go_on(
        &mut backend,
        "advance 61\n{RECLAIM}{GONE}expect statistic declined-addresses = 0\n\
         expect statistic subnet[1].assigned-addresses = 0\n",
    )
}

fn offer_declined_late() -> Result<(), Failed> {
    let probe = Probe::parking_at(&[Point::OfferMade, Point::ServerDeclined]);
    let steps = "{DISCOVER}expect none\nsend request B\n    option requested-address = 192.0.2.10\n    \
        option server-identifier = 192.0.2.1\nexpect ack\n{HELD}";
    let mut backend = perform(&probe, steps)?;
    probe.hold().decline();
    assert!(backend.receive()?.is_none());
    go_on(&mut backend, "{HELD}expect statistic declined-addresses = 0\n")?;
    assert_eq!(probe.seen(), [Point::OfferMade]);
    Ok(())
}

fn stored_offer_declined() -> Result<(), Failed> {
    let probe = Probe::parking_at(&[Point::OfferMade, Point::ServerDeclined]);
    let config = CONFIG.replace("\"valid-lifetime\"", "\"offer-lifetime\": 30, \"valid-lifetime\"");
    let hook: Arc<dyn Hook<V4>> = Arc::<Probe>::clone(&probe);
    let mut backend = InProcess::new()?.with_hook(hook);
    go_on(&mut backend, &format!("{config}{{DISCOVER}}expect none\n{{HELD}}"))?;
    assert_eq!(*probe.offers(), [([192, 0, 2, 10].into(), 1000, 30, false)]);
    probe.hold().decline();
    assert!(backend.receive()?.is_none());
    go_on(
        &mut backend,
        "expect lease 192.0.2.10\n    state = 1\nexpect statistic declined-addresses = 1\n\
         expect statistic subnet[1].assigned-addresses = 1\n",
    )
}

fn offers_full() -> Result<(), Failed> {
    let probe = Probe::parking_at(&[Point::OfferMade]);
    let steps = "{DISCOVER}expect none\nsend discover B\nexpect none\n\
        expect log DHCP4_HOOK_LEASE4_OFFER_PARKING_LOT_FULL\nexpect statistic pkt4-queue-full = 1\n";
    perform(&probe, steps)?;
    probe.hold().release();
    Ok(())
}

fn broken() -> Result<(), Failed> {
    let probe = Probe { breaks: true, ..Probe::bare(&[Point::LeaseSelect], Next::Drop) };
    perform(&Arc::new(probe), "{SELECT}expect ack\nexpect log HOOKS_CALLOUT_EXCEPTION\n")?;
    Ok(())
}

fn changes() -> Result<(), Failed> {
    for (point, steps) in [
        // The client wants its answer by broadcast, says the hook.
        (Point::BufferReceive, "{DISCOVER}expect offer\n    to 255.255.255.255:68\n"),
        (Point::PacketReceive, "{DISCOVER}expect offer\n    yiaddr 192.0.2.20\n"),
        (Point::HostIdentifier, "{DISCOVER}expect offer\n    yiaddr 192.0.2.77\n"),
        (Point::SubnetSelect, "{DISCOVER}expect offer\n    yiaddr 198.51.100.10\n"),
        (
            Point::LeaseSelect,
            "{SELECT}expect ack\n    option lease-time = 77\nexpect lease 192.0.2.10\n    valid_lifetime = 77\n",
        ),
        (
            Point::DdnsUpdate,
            "{SELECT}    option host-name = a\nexpect ack\n    option host-name = hooked.example.org\nexpect lease 192.0.2.10\n    hostname = hooked.example.org\n    fqdn_fwd = 0\n",
        ),
        (Point::PacketSend, "{SELECT}expect ack\n    option domain-name = hooked\n"),
    ] {
        let class = Some("hooked");
        let probe = Probe { changes: true, class, ..Probe::bare(&[point], Next::Continue) };
        perform(&Arc::new(probe), steps)?;
    }
    Ok(())
}

/// `pkt4_receive` is asked before the class counts.
fn dropped() -> Result<(), Failed> {
    let steps = "{DISCOVER}expect none\nexpect log DHCP4_PACKET_DROP_0010\n\
        expect statistic pkt4-receive-drop = 1\n";
    let points = [Point::PacketReceive, Point::SubnetSelect];
    let probe = Probe { class: Some("DROP"), ..Probe::bare(&points, Next::Continue) };
    let probe = Arc::new(probe);
    perform(&probe, steps)?;
    assert_eq!(probe.seen(), [Point::PacketReceive]);
    Ok(())
}

/// A hook that notes where it is asked, says what it is told to, and can change things.
struct Probe {
    points: Vec<Point>,
    next: Next,
    seen: Mutex<Vec<Point>>,
    parks: bool,
    breaks: bool,
    changes: bool,
    /// What queries become members of when they are received.
    class: Option<&'static str>,
    held: Mutex<Vec<Hold>>,
    /// Address, lifetime, for how long it is stored, and whether the client has it already.
    offers: Mutex<Vec<(Ipv4Addr, u32, u32, bool)>>,
}

impl Probe {
    fn bare(points: &[Point], next: Next) -> Self {
        Probe {
            points: points.to_vec(),
            next,
            seen: Mutex::default(),
            parks: false,
            breaks: false,
            changes: false,
            class: None,
            held: Mutex::default(),
            offers: Mutex::default(),
        }
    }

    fn new(points: &[Point], next: Next) -> Arc<Self> {
        Arc::new(Self::bare(points, next))
    }

    fn parking() -> Arc<Self> {
        Self::parking_at(&[Point::LeasesCommitted])
    }

    fn parking_at(points: &[Point]) -> Arc<Self> {
        Arc::new(Probe { parks: true, ..Self::bare(points, Next::Continue) })
    }

    fn offers(&self) -> MutexGuard<'_, Vec<(Ipv4Addr, u32, u32, bool)>> {
        self.offers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn park(&self, parking: &ParkingSpace) {
        if self.parks {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            held.push(parking.hold());
        }
    }

    fn seen(&self) -> Vec<Point> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn hold(&self) -> Hold {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.pop().unwrap_or_else(|| panic!("nothing is held"))
    }

    fn asked(&self, point: Point) -> Next {
        assert!(!self.breaks, "on purpose");
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(point);
        self.next
    }
}

impl Hook<V4> for Probe {
    fn name(&self) -> &str {
        "probe"
    }

    fn points(&self) -> &[Point] {
        &self.points
    }

    fn buffer_receive(
        &self,
        _: &Query<'_, V4>,
        message: &mut Vec<u8>,
        _: &mut ClassSet,
        _: &ClassNames,
    ) -> Next {
        if self.changes {
            const FLAGS: usize = 10;
            message[FLAGS] |= 0x80;
        }
        if self.parks {
            // All queries are of one transaction.
            const XID: std::ops::Range<usize> = 4..8;
            message[XID].fill(7);
        }
        self.asked(Point::BufferReceive)
    }

    fn packet_receive(
        &self,
        query: &Query<'_, V4>,
        classes: &mut ClassSet,
        names: &ClassNames,
        replacement: &mut Option<Vec<u8>>,
    ) -> Next {
        if let Some(class) = self.class {
            classes.insert_name(names, class);
        }
        if self.changes {
            // Only members may use the pool of .20, and the address asked for is that of it.
            let mut message = query.message.to_vec();
            const OPTIONS: usize = 240;
            message.splice(OPTIONS..OPTIONS, [50, 4, 192, 0, 2, 20]);
            *replacement = Some(message);
        }
        self.asked(Point::PacketReceive)
    }

    fn host_identifier(
        &self,
        _: &Query<'_, V4>,
        _: &dyn Facts,
        _: &ClassSet,
    ) -> Option<FlexibleIdentifier> {
        self.asked(Point::HostIdentifier);
        self.changes.then(|| FlexibleIdentifier::of_reservations(b"known".to_vec()))
    }

    fn subnet_select<'s>(
        &self,
        _: &Query<'_, V4>,
        config: &'s Snapshot<V4>,
        selected: &mut Option<&'s Subnet<V4>>,
    ) -> Next {
        if self.changes {
            *selected = config.subnet(kea_lease::SubnetId(2));
        }
        self.asked(Point::SubnetSelect)
    }

    fn lease_select(&self, offer: &mut LeaseOffer<'_, V4>) -> Next {
        if self.changes {
            offer.lease.valid_lifetime = 77;
        }
        self.asked(Point::LeaseSelect)
    }

    fn lease_renew(&self, _: &mut LeaseOffer<'_, V4>) -> Next {
        self.asked(Point::LeaseRenew)
    }

    fn lease_release(&self, _: &Query<'_, V4>, _: &Lease<V4>) -> Next {
        self.asked(Point::LeaseRelease)
    }

    fn lease_decline(&self, _: &Query<'_, V4>, _: &Lease<V4>) -> Next {
        self.asked(Point::LeaseDecline)
    }

    fn leases_committed(&self, _: &Committed<'_, V4>, parking: &ParkingSpace) -> Next {
        self.park(parking);
        self.asked(Point::LeasesCommitted)
    }

    fn offer_made(&self, offer: &OfferMade<'_, V4>, parking: &ParkingSpace) -> Next {
        let OfferMade { lease, offer_lifetime, before, .. } = offer;
        let made = (lease.address, lease.valid_lifetime, *offer_lifetime, before.is_some());
        self.offers().push(made);
        self.park(parking);
        self.asked(Point::OfferMade)
    }

    fn server_declined(&self, query: &[u8], lease: &Lease<V4>) {
        assert!(query.len() > 240 && lease.state == LeaseState::Declined);
        self.asked(Point::ServerDeclined);
    }

    fn lease_expire(&self, _: &LeaseEnd<'_, V4>) -> Next {
        self.asked(Point::LeaseExpire)
    }

    fn lease_recover(&self, _: &Lease<V4>) -> Next {
        self.asked(Point::LeaseRecover)
    }

    fn ddns_update(&self, update: &mut NameUpdate<'_, V4>) -> Next {
        if self.changes {
            *update.hostname = "hooked.example.org".to_owned();
            *update.forward = false;
        }
        self.asked(Point::DdnsUpdate)
    }

    fn packet_send(&self, sent: &mut Addressed<'_, V4>) -> Next {
        if self.changes {
            const OPTIONS: usize = 240;
            sent.answer.splice(OPTIONS..OPTIONS, *b"\x0f\x06hooked");
        }
        self.asked(Point::PacketSend)
    }

    fn buffer_send(&self, _: &mut Addressed<'_, V4>) -> Next {
        self.asked(Point::BufferSend)
    }
}
