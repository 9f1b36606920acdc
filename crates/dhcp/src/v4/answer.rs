//! What an answer carries: fixed fields, and options in ascending order between message type and
//! relay agent information.

use std::net::Ipv4Addr;

use kea_config::snapshot::{BootFields, ConfiguredOption, Pool, Reservation, Subnet, Timers};
use kea_expr::ClassSet;
use kea_lease::INFINITE;
use kea_options::{Enterprise, SubOptions, VendorBlocks, write_sub_option, write_vendor_block};
use kea_wire::V4;
use kea_wire::v4::{BROADCAST_FLAG, Builder, MIN_BOOTP_LEN, MessageType, RelayAgentInfo, code};
use smallvec::SmallVec;

use super::accept::{Kind, Query};
use super::explain::answer_step;
use crate::pipeline::explain::{Sources, Step};
use crate::pipeline::{Arrival, Corridor, Lifetime, Scopes};

/// Octets of the IP and UDP headers, which a client's option 57 counts.
const IP_AND_UDP_HEADERS: usize = 28;

/// Options that a client gets asked or not, where they are configured.
const BASIC: [u8; 3] = [code::ROUTERS, code::DOMAIN_NAME_SERVERS, code::DOMAIN_NAME];

/// Options that say nothing to a client that speaks BOOTP (RFC 2132 section 9): all of that section but the
/// class of a vendor.
fn is_of_dhcp_alone(code: u8) -> bool {
    matches!(code, 50..=59 | code::CLIENT_ID)
}

/// The space of the options of messages.
const SPACE: &str = "dhcp4";

/// Everything an answer is made from.
pub(super) struct Reply<'q, 's> {
    pub(super) corridor: &'s Corridor<'s, V4>,
    pub(super) query: &'q Query<'q>,
    pub(super) arrival: &'q Arrival<'q, V4>,
    pub(super) classes: &'s ClassSet,
    /// The subnet of the lease or, without one, of the client's place.
    pub(super) subnet: Option<&'s Subnet<V4>>,
    /// The reservation that counts there.
    pub(super) host: Option<&'s Reservation<V4>>,
}

/// The lease that is offered or granted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms<'s> {
    pub(super) address: Ipv4Addr,
    /// The pool it is from, if any.
    pub(super) pool: Option<&'s Pool<V4>>,
    /// Seconds.
    pub(super) lifetime: u32,
}

/// An option whose value the exchange gives.
type Given<'q> = (u8, &'q [u8]);

/// Options with their codes.
type Options<'q> = SmallVec<[Given<'q>; 24]>;

impl<'s> Reply<'_, 's> {
    /// Writes an OFFER or ACK; `terms` is absent in the answer to an INFORM. `name` tells the client
    /// its name.
    pub(super) fn grant(
        &self,
        kind: MessageType,
        terms: Option<Terms<'s>>,
        name: Option<Given<'_>>,
        out: &mut Vec<u8>,
    ) {
        let scopes = self.scopes(terms.and_then(|terms| terms.pool));
        let server_id = self.server_id(&scopes).octets();
        let numbers = Numbers::new(self.subnet.zip(terms));
        let view = &self.query.view;
        let asked = view.parameter_request_list().unwrap_or_default();
        let is_asked_for = |code: u8| BASIC.contains(&code) || asked.contains(&code);
        let wanted = scopes.wanted(SPACE, |code| u8::try_from(code).is_ok_and(is_asked_for));
        let is_vendor_wanted = wanted.iter().any(|option| option.code == u16::from(code::VIVSO));
        let vendor = self.vendor(&scopes, is_vendor_wanted);
        let subnet_selection = view.option(code::SUBNET_SELECTION);
        let mut options: Options<'_> = SmallVec::new();
        let numbers = numbers.0.iter().flatten().map(|(code, data)| (*code, &data[..]));
        numbers.for_each(|number| options.push(number));
        options.push((code::SERVER_ID, &server_id));
        let client_id = echoed_client_id(self.corridor, self.query);
        let given = [
            client_id.map(|client_id| (code::CLIENT_ID, client_id)),
            name,
            vendor.as_deref().map(|data| (code::VIVSO, data)),
            subnet_selection.as_deref().map(|data| (code::SUBNET_SELECTION, data)),
        ];
        given.into_iter().flatten().for_each(|given| options.push(given));
        self.add_configured(&mut options, &wanted);

        let mut reply = match self.query.is_bootp() {
            true => Builder::bootp_reply(out, view),
            false => Builder::reply(out, view, kind),
        };
        if self.query.is_bootp() {
            reply.min_len(MIN_BOOTP_LEN);
        }
        if let Some(size) = view.max_message_size() {
            reply.max_len(usize::from(size).saturating_sub(IP_AND_UDP_HEADERS));
        }
        self.fixed_fields(&mut reply, kind, terms);
        for (code, data) in options {
            reply.option(code, data);
        }
        if let Some(data) = self.query.echoed_relay_info() {
            reply.relay_agent_info(data);
        }
        reply.finish();
    }

    /// Adds to what the exchange gives what is configured and not given, and puts all in order.
    fn add_configured<'a>(&self, options: &mut Options<'a>, configured: &[&'a ConfiguredOption]) {
        let given = options.len();
        for option in configured {
            // Wider codes are of no DHCPv4 space. The first option and the last stand by themselves.
            let Ok(code) = u8::try_from(option.code) else { continue };
            let is_own = [code::MESSAGE_TYPE, code::RELAY_AGENT_INFO].contains(&code);
            if !is_own && !options.iter().take(given).any(|(given, _)| *given == code) {
                options.push((code, &option.data));
            }
        }
        if self.query.is_bootp() {
            options.retain(|(code, _)| !is_of_dhcp_alone(*code));
        }
        // A stable sort: what has the same code keeps its order.
        options.sort_by_key(|(code, _)| *code);
    }

    /// Writes an OFFER without an address to a client that can do without, and for how long it shall
    /// (RFC 8925 section 3.3).
    pub(super) fn offer_v6_only(&self, out: &mut Vec<u8>) {
        self.grant(MessageType::Offer, None, None, out);
    }

    /// True when the client can do without an address, and shall.
    pub(super) fn is_v6_only(&self) -> bool {
        let asked = self.query.view.parameter_request_list().unwrap_or_default();
        asked.contains(&code::V6_ONLY_PREFERRED)
            && self.scopes(None).chosen(SPACE, code::V6_ONLY_PREFERRED.into()).next().is_some()
    }

    /// Writes a NAK: who says no to whom, and nothing else (RFC 2131 section 4.3.1 table 3).
    pub(super) fn refuse(&self, out: &mut Vec<u8>) {
        let server_id = self.server_id(&self.scopes(None));
        let view = &self.query.view;
        let mut reply = Builder::reply(out, view, MessageType::Nak);
        if view.is_relayed() {
            // The client has no address the relay could send to (RFC 2131 section 4.3.2).
            reply.flags(view.flags() | BROADCAST_FLAG);
        }
        reply.option(code::SERVER_ID, &server_id.octets());
        if let Some(client_id) = echoed_client_id(self.corridor, self.query) {
            reply.option(code::CLIENT_ID, client_id);
        }
        if let Some(data) = view.option(code::SUBNET_SELECTION) {
            reply.option(code::SUBNET_SELECTION, &data);
        }
        if let Some(data) = self.query.echoed_relay_info() {
            reply.relay_agent_info(data);
        }
        reply.finish();
    }

    /// What was written, to be told to who asks why.
    pub(super) fn step(&self, pool: Option<&'s Pool<V4>>, written: &[u8]) -> Step {
        let sources = Sources {
            corridor: self.corridor,
            host: self.host,
            subnet: self.subnet,
            pools: pool.into_iter().collect(),
            classes: self.classes,
        };
        answer_step(&sources, written)
    }

    fn scopes(&self, pool: Option<&'s Pool<V4>>) -> Scopes<'s> {
        Scopes::new(self.corridor.config, self.host, self.subnet, pool, self.classes)
    }

    fn fixed_fields(&self, reply: &mut Builder<'_>, kind: MessageType, terms: Option<Terms<'_>>) {
        let view = &self.query.view;
        if kind == MessageType::Ack {
            reply.ciaddr(view.ciaddr());
        }
        if self.query.is_answered_past_relay() {
            // What the relay said is of no use to the client.
            reply.giaddr(Ipv4Addr::UNSPECIFIED).hops(0);
        }
        if let Some(terms) = terms {
            reply.yiaddr(terms.address);
        } else if self.query.is_inform() && view.is_relayed() && view.ciaddr().is_unspecified() {
            // No address is known that the relay could send to.
            reply.flags(view.flags() | BROADCAST_FLAG);
        }
        let boot = Boot { reply: self };
        if let Some(next_server) = boot.find(|fields| fields.next_server.as_ref()) {
            reply.siaddr(*next_server);
        }
        if let Some(name) = boot.find(|fields| fields.server_hostname.as_ref()) {
            reply.sname(name.as_bytes());
        }
        if let Some(name) = boot.find(|fields| fields.boot_file_name.as_ref()) {
            reply.file(name.as_bytes());
        }
    }

    /// What the client knows this server by: what its relay says (RFC 5107), what is configured,
    /// or the address of the interface.
    fn server_id(&self, scopes: &Scopes<'_>) -> Ipv4Addr {
        let by_relay = self.query.relay.as_ref().and_then(RelayAgentInfo::server_id_override);
        by_relay
            .or_else(|| configured_server_id(scopes))
            .or(self.arrival.interface_address)
            .unwrap_or(Ipv4Addr::UNSPECIFIED)
    }

    /// Option 125: a block for each enterprise that is configured to be sent, else for those that the
    /// client named, with those of its sub-options that the client asks for or that are always sent.
    fn vendor(&self, scopes: &Scopes<'_>, is_wanted: bool) -> Option<Vec<u8>> {
        let asked = self.query.view.option(code::VIVSO);
        if asked.is_none() && !is_wanted {
            return None;
        }
        let named: SmallVec<[(Enterprise, &[u8]); 2]> = asked
            .as_deref()
            .into_iter()
            .flat_map(|data| VendorBlocks::<V4>::new(data).filter_map(Result::ok))
            .collect();
        let mut out = Vec::new();
        for option in scopes.chosen(SPACE, code::VIVSO.into()).filter(|_| is_wanted) {
            match container(&option.data) {
                Some(enterprise) => {
                    let inside = vendor_options(scopes, enterprise, &named);
                    write_vendor_block::<V4>(&mut out, enterprise, &inside);
                }
                // Given with its sub-options, in hexadecimal.
                None => out.extend_from_slice(&option.data),
            }
        }
        if !out.is_empty() {
            return Some(out);
        }
        for (at, (enterprise, _)) in named.iter().enumerate() {
            let is_repeated = named.iter().take(at).any(|(earlier, _)| earlier == enterprise);
            let inside = vendor_options(scopes, *enterprise, &named);
            if !inside.is_empty() && !is_repeated {
                write_vendor_block::<V4>(&mut out, *enterprise, &inside);
            }
        }
        (!out.is_empty()).then_some(out)
    }
}

/// The enterprise of an option 125 that is configured without sub-options.
fn container(data: &[u8]) -> Option<Enterprise> {
    let number = match data {
        [number @ .., 0] if number.len() == 4 => number,
        number => number,
    };
    <[u8; 4]>::try_from(number).ok().map(u32::from_be_bytes).map(Enterprise)
}

/// The sub-options of an enterprise that go to this client.
fn vendor_options(
    scopes: &Scopes<'_>,
    enterprise: Enterprise,
    named: &[(Enterprise, &[u8])],
) -> Vec<u8> {
    /// The option request option of a DOCSIS client.
    const CABLELABS_ORO: u16 = 1;
    let of_client = named.iter().filter(|(name, _)| *name == enterprise);
    let requested: SmallVec<[u16; 16]> = of_client
        .filter(|_| enterprise == Enterprise::CABLELABS)
        .flat_map(|(_, data)| SubOptions::<V4>::new(data).filter_map(Result::ok))
        .filter(|(code, _)| *code == CABLELABS_ORO)
        .flat_map(|(_, codes)| codes.iter().map(|code| u16::from(*code)))
        .collect();
    let space = enterprise.space();
    let mut out = Vec::new();
    for option in scopes.wanted(&space, |code| requested.contains(&code)) {
        write_sub_option::<V4>(&mut out, option.code, &option.data);
    }
    out
}

/// The fixed fields that the configuration sets: of the reservation, of the first class that has
/// one, of the subnet.
struct Boot<'r, 'q, 's> {
    reply: &'r Reply<'q, 's>,
}

impl<'s> Boot<'_, '_, 's> {
    fn find<T: ?Sized>(&self, field: impl Fn(&'s BootFields) -> Option<&'s T>) -> Option<&'s T> {
        let config = self.reply.corridor.config;
        let place = match self.reply.subnet {
            Some(subnet) => &subnet.specific.boot,
            None => &config.specific.boot,
        };
        let of_host = self.reply.host.map(|host| &host.specific);
        let of_classes = self.reply.classes.ids().filter_map(|id| config.classes.get(id));
        let of_classes = of_classes.map(|class| &class.specific);
        of_host.into_iter().chain(of_classes).chain([place]).find_map(field)
    }
}

/// The server identifier that the configuration gives.
pub(super) fn configured_server_id(scopes: &Scopes<'_>) -> Option<Ipv4Addr> {
    let option = scopes.chosen(SPACE, code::SERVER_ID.into()).next()?;
    option.data.first_chunk::<4>().map(|octets| (*octets).into())
}

fn echoed_client_id<'q>(corridor: &Corridor<'_, V4>, query: &'q Query<'_>) -> Option<&'q [u8]> {
    let client_id = query.echoed_client_id(corridor.config.specific.echo_client_id);
    client_id.map(kea_wire::ClientId::octets)
}

/// The options of an answer with a lease that are four octets.
struct Numbers([Option<(u8, [u8; 4])>; 4]);

impl Numbers {
    fn new(lease: Option<(&Subnet<V4>, Terms<'_>)>) -> Self {
        let Some((subnet, terms)) = lease else { return Numbers([None; 4]) };
        let (renewal, rebinding) = tee_times(&subnet.timers, terms.lifetime);
        let number = |code: u8, value: u32| (code, value.to_be_bytes());
        Numbers([
            Some((code::SUBNET_MASK, netmask(subnet.prefix.len()))),
            Some(number(code::LEASE_TIME, terms.lifetime)),
            renewal.map(|t1| number(code::RENEWAL_TIME, t1)),
            rebinding.map(|t2| number(code::REBINDING_TIME, t2)),
        ])
    }
}

fn netmask(prefix_len: u8) -> [u8; 4] {
    u32::MAX.checked_shl(32 - u32::from(prefix_len.min(32))).unwrap_or(0).to_be_bytes()
}

/// T1 and T2 in seconds, each only where it makes sense: T2 before the lease ends, T1 before T2
/// (the manual's section on the lease lifetime).
pub(super) fn tee_times(timers: &Timers, lifetime: u32) -> (Option<u32>, Option<u32>) {
    let part = |fraction: f64| {
        // A fraction below one of a 32-bit number is a 32-bit number.
        timers.calculate.then(|| (fraction * f64::from(lifetime)).round() as u32)
    };
    // A timer of 0 is left to the client.
    let before = |timer: Option<u32>, end: u32| timer.filter(|timer| (1..end).contains(timer));
    let t2 = before(timers.rebind.or_else(|| part(timers.t2_percent)), lifetime);
    let t1 = before(timers.renew.or_else(|| part(timers.t1_percent)), t2.unwrap_or(lifetime));
    (t1, t2)
}

impl Query<'_> {
    /// The lifetime that a client of `classes` gets in `subnet`, and the least that it could get: by
    /// the bounds of the first class that has any, else the subnet's. A BOOTP client's lease never ends.
    pub(super) fn lifetime(
        &self,
        corridor: &Corridor<'_, V4>,
        classes: &ClassSet,
        subnet: &Subnet<V4>,
    ) -> Lifetime {
        if self.is_bootp() {
            return Lifetime { granted: INFINITE, least: INFINITE };
        }
        let of_classes = classes.ids().filter_map(|id| corridor.config.classes.get(id)?.valid);
        let bounds = of_classes.into_iter().next().unwrap_or(subnet.valid);
        // No time at all is no wish.
        let wished = self.view.lease_time().filter(|seconds| *seconds != 0);
        Lifetime { granted: bounds.grant(wished), least: bounds.min }
    }

    /// How long an offer in `subnet` is stored, in seconds; 0 for not at all.
    pub(super) fn offer_lifetime(
        &self,
        corridor: &Corridor<'_, V4>,
        classes: &ClassSet,
        subnet: &Subnet<V4>,
    ) -> u32 {
        let mut of_classes =
            classes.ids().filter_map(|id| corridor.config.classes.get(id)?.offer_lifetime);
        of_classes.next().unwrap_or(subnet.specific.offer_lifetime)
    }

    /// True for an INFORM.
    pub(super) fn is_inform(&self) -> bool {
        self.kind == Kind::Inform
    }

    /// True when the answer goes to the client itself although the query came through a relay.
    pub(super) fn is_answered_past_relay(&self) -> bool {
        self.is_inform() && self.view.is_relayed() && !self.view.ciaddr().is_unspecified()
    }

    /// The relay agent information that goes back with the answer.
    fn echoed_relay_info(&self) -> Option<&[u8]> {
        let relay = self.relay.as_ref().filter(|_| !self.is_relay_recalled)?;
        (!self.is_answered_past_relay()).then(|| relay.data())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_cover_every_length() {
        assert_eq!(netmask(0), [0, 0, 0, 0]);
        assert_eq!(netmask(24), [255, 255, 255, 0]);
        assert_eq!(netmask(32), [255, 255, 255, 255]);
    }

    #[test]
    fn timers_are_sent_only_in_order() {
        let timers = |renew, rebind, calculate| Timers {
            renew,
            rebind,
            calculate,
            t1_percent: 0.5,
            t2_percent: 0.875,
        };
        for (timers, lifetime, expected) in [
            (timers(None, None, false), 4000, (None, None)),
            (timers(Some(1000), Some(2000), false), 4000, (Some(1000), Some(2000))),
            (timers(Some(1000), Some(4000), false), 4000, (Some(1000), None)),
            (timers(Some(4000), Some(5000), false), 4000, (None, None)),
            (timers(Some(2000), Some(2000), false), 4000, (None, Some(2000))),
            (timers(None, None, true), 4000, (Some(2000), Some(3500))),
            (timers(Some(100), None, true), 4000, (Some(100), Some(3500))),
        ] {
            assert_eq!(tee_times(&timers, lifetime), expected, "{timers:?}");
        }
    }
}
