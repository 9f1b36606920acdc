//! What an answer carries: fixed fields, and options in ascending order between message type and
//! relay agent information.

use std::net::Ipv4Addr;

use kea_config::snapshot::{OptionSet, Subnet, Timers};
use kea_expr::ClassSet;
use kea_wire::V4;
use kea_wire::v4::{Builder, MessageType, code};

use super::accept::{Kind, Query};
use crate::pipeline::{Arrival, CodeSet, Corridor};

/// Octets of the IP and UDP headers, which a client's option 57 counts.
const IP_AND_UDP_HEADERS: usize = 28;

/// Options that a client gets asked or not, where they are configured.
const BASIC: [u8; 3] = [code::ROUTERS, code::DOMAIN_NAME_SERVERS, code::DOMAIN_NAME];

/// Everything an answer is made from.
pub(super) struct Reply<'q, 's> {
    pub(super) query: &'q Query<'q>,
    pub(super) arrival: &'q Arrival<'q, V4>,
    pub(super) classes: &'q ClassSet,
    /// The subnet of the lease or, without one, of the client's place.
    pub(super) subnet: Option<&'s Subnet<V4>>,
}

/// The lease that is offered or granted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) address: Ipv4Addr,
    /// Seconds.
    pub(super) lifetime: u32,
}

impl<'s> Reply<'_, 's> {
    /// Writes an OFFER or ACK; `terms` is absent in the answer to an INFORM.
    pub(super) fn grant(
        &self,
        corridor: &'s Corridor<'_, V4>,
        kind: MessageType,
        terms: Option<Terms>,
        out: &mut Vec<u8>,
    ) {
        let scopes = Scopes::new(corridor, self.subnet, terms, self.classes);
        let server_id = self.server_id(&scopes);
        let computed = Computed::new(self, corridor, terms, server_id);
        let mut wanted =
            scopes.wanted(&self.query.view.parameter_request_list().unwrap_or_default());
        computed.codes().for_each(|code| wanted.insert(code));
        // The first option by itself, the last by itself.
        wanted.remove(code::MESSAGE_TYPE);
        wanted.remove(code::RELAY_AGENT_INFO);

        let view = &self.query.view;
        let mut reply = Builder::reply(out, view, kind);
        if let Some(size) = view.max_message_size() {
            reply.max_len(usize::from(size).saturating_sub(IP_AND_UDP_HEADERS));
        }
        self.fixed_fields(corridor, &mut reply, kind, terms);
        for code in wanted.iter() {
            if let Some(data) = computed.data(code) {
                reply.option(code, data);
            } else {
                scopes.chosen(code).for_each(|data| {
                    reply.option(code, data);
                });
            }
        }
        if let Some(relay) = &self.query.relay {
            reply.relay_agent_info(relay.data());
        }
        reply.finish();
    }

    /// Writes a NAK: who says no to whom, and nothing else (RFC 2131 section 4.3.1 table 3).
    pub(super) fn refuse(&self, corridor: &'s Corridor<'_, V4>, out: &mut Vec<u8>) {
        let scopes = Scopes::new(corridor, self.subnet, None, self.classes);
        let server_id = self.server_id(&scopes);
        let view = &self.query.view;
        let mut reply = Builder::reply(out, view, MessageType::Nak);
        if view.is_relayed() {
            // The client has no address the relay could send to (RFC 2131 section 4.3.2).
            reply.flags(view.flags() | kea_wire::v4::BROADCAST_FLAG);
        }
        reply.option(code::SERVER_ID, &server_id.octets());
        if let Some(client_id) = echoed_client_id(corridor, self.query) {
            reply.option(code::CLIENT_ID, client_id);
        }
        if let Some(relay) = &self.query.relay {
            reply.relay_agent_info(relay.data());
        }
        reply.finish();
    }

    fn fixed_fields(
        &self,
        corridor: &Corridor<'_, V4>,
        reply: &mut Builder<'_>,
        kind: MessageType,
        terms: Option<Terms>,
    ) {
        if kind == MessageType::Ack {
            reply.ciaddr(self.query.view.ciaddr());
        }
        if let Some(terms) = terms {
            reply.yiaddr(terms.address);
        }
        let boot = match self.subnet {
            Some(subnet) => &subnet.specific.boot,
            None => &corridor.config.specific.boot,
        };
        let of_class = |field: fn(&kea_config::snapshot::BootFields) -> bool| {
            let classes = self.classes.ids().filter_map(|id| corridor.config.classes.get(id));
            classes.map(|class| &class.specific).find(|boot| field(boot)).unwrap_or(boot)
        };
        if let Some(next_server) = of_class(|boot| boot.next_server.is_some()).next_server {
            reply.siaddr(next_server);
        }
        if let Some(name) = &of_class(|boot| boot.server_hostname.is_some()).server_hostname {
            reply.sname(name.as_bytes());
        }
        if let Some(name) = &of_class(|boot| boot.boot_file_name.is_some()).boot_file_name {
            reply.file(name.as_bytes());
        }
    }

    /// What the client knows this server by: what its relay says (RFC 5107), what is configured,
    /// or the address of the interface.
    fn server_id(&self, scopes: &Scopes<'_>) -> Ipv4Addr {
        let by_relay = self.query.relay.as_ref().and_then(|relay| relay.server_id_override());
        by_relay
            .or_else(|| scopes.configured_server_id())
            .or(self.arrival.interface_address)
            .unwrap_or(Ipv4Addr::UNSPECIFIED)
    }
}

fn echoed_client_id<'q>(corridor: &Corridor<'_, V4>, query: &'q Query<'_>) -> Option<&'q [u8]> {
    let echo = corridor.config.specific.echo_client_id;
    query.client.client_id.as_ref().filter(|_| echo).map(kea_wire::ClientId::octets)
}

/// The scopes that options of an answer come from, nearest first: pool, subnet and network in one
/// set, then classes in the order of their assignment, then the global ones.
pub(super) struct Scopes<'s> {
    sets: smallvec::SmallVec<[kea_config::snapshot::Candidates<'s>; 4]>,
    classes: &'s ClassSet,
}

impl<'s> Scopes<'s> {
    pub(super) fn new(
        corridor: &'s Corridor<'_, V4>,
        subnet: Option<&'s Subnet<V4>>,
        terms: Option<Terms>,
        classes: &'s ClassSet,
    ) -> Self {
        let config = corridor.config;
        let pool = subnet.zip(terms).and_then(|(subnet, terms)| {
            subnet.pools.iter().find(|pool| pool.range.contains(terms.address))
        });
        let place = pool.map(|pool| &pool.options).or(subnet.map(|subnet| &subnet.options));
        let of_classes = classes.ids().filter_map(|id| config.classes.get(id));
        let nearest = place.into_iter().chain(of_classes.map(|class| &class.options));
        let all = nearest.chain([&config.options]).map(|set| &**set);
        let sets = all.filter(|set: &&OptionSet| !set.is_empty());
        Scopes { sets: sets.map(|set| set.in_space("dhcp4")).collect(), classes }
    }

    /// Codes to send: those asked for, the basic ones, and those that are always sent; only what is
    /// configured, and nothing that must never be sent.
    fn wanted(&self, requested: &[u8]) -> CodeSet {
        let mut configured = CodeSet::default();
        let mut wanted: CodeSet = requested.iter().copied().chain(BASIC).collect();
        let mut never = CodeSet::default();
        for option in self.sets.iter().flat_map(|set| set.as_slice()) {
            let Ok(code) = u8::try_from(option.code) else { continue };
            if !option.admits(self.classes) {
                continue;
            }
            configured.insert(code);
            if option.always_send {
                wanted.insert(code);
            }
            if option.never_send {
                never.insert(code);
            }
        }
        let mut wanted = wanted.intersection(configured);
        never.iter().for_each(|code| wanted.remove(code));
        wanted
    }

    /// The value of a code: of the nearest scope that has it.
    fn chosen(&self, code: u8) -> impl Iterator<Item = &'s [u8]> {
        let found = self
            .sets
            .iter()
            .map(|set| set.of_code(code.into()))
            .find(|candidates| candidates.chosen(self.classes).next().is_some());
        let classes = self.classes;
        found
            .into_iter()
            .flat_map(move |candidates| candidates.chosen(classes))
            .map(|option| &*option.data)
    }

    pub(super) fn configured_server_id(&self) -> Option<Ipv4Addr> {
        let data = self.chosen(code::SERVER_ID).next()?;
        data.first_chunk::<4>().map(|octets| (*octets).into())
    }
}

/// The options whose values the exchange gives.
struct Computed<'q> {
    subnet_mask: Option<[u8; 4]>,
    lifetime: Option<[u8; 4]>,
    renewal: Option<[u8; 4]>,
    rebinding: Option<[u8; 4]>,
    server_id: [u8; 4],
    client_id: Option<&'q [u8]>,
}

impl<'q> Computed<'q> {
    fn new(
        reply: &Reply<'q, '_>,
        corridor: &Corridor<'_, V4>,
        terms: Option<Terms>,
        server_id: Ipv4Addr,
    ) -> Self {
        let (renewal, rebinding) = match (terms, reply.subnet) {
            (Some(terms), Some(subnet)) => tee_times(&subnet.timers, terms.lifetime),
            _ => (None, None),
        };
        let mask =
            reply.subnet.filter(|_| terms.is_some()).map(|subnet| netmask(subnet.prefix.len()));
        Computed {
            subnet_mask: mask,
            lifetime: terms.map(|terms| terms.lifetime.to_be_bytes()),
            renewal: renewal.map(u32::to_be_bytes),
            rebinding: rebinding.map(u32::to_be_bytes),
            server_id: server_id.octets(),
            client_id: echoed_client_id(corridor, reply.query),
        }
    }

    fn codes(&self) -> impl Iterator<Item = u8> {
        const CODES: [u8; 6] = [
            code::SUBNET_MASK,
            code::LEASE_TIME,
            code::SERVER_ID,
            code::RENEWAL_TIME,
            code::REBINDING_TIME,
            code::CLIENT_ID,
        ];
        CODES.into_iter().filter(|code| self.data(*code).is_some())
    }

    fn data(&self, code: u8) -> Option<&[u8]> {
        match code {
            code::SUBNET_MASK => self.subnet_mask.as_ref().map(<[u8; 4]>::as_slice),
            code::LEASE_TIME => self.lifetime.as_ref().map(<[u8; 4]>::as_slice),
            code::RENEWAL_TIME => self.renewal.as_ref().map(<[u8; 4]>::as_slice),
            code::REBINDING_TIME => self.rebinding.as_ref().map(<[u8; 4]>::as_slice),
            code::SERVER_ID => Some(&self.server_id),
            code::CLIENT_ID => self.client_id,
            _ => None,
        }
    }
}

fn netmask(prefix_len: u8) -> [u8; 4] {
    u32::MAX.checked_shl(32 - u32::from(prefix_len.min(32))).unwrap_or(0).to_be_bytes()
}

/// T1 and T2 in seconds, each only where it makes sense: T2 before the lease ends, T1 before T2
/// (the manual's section on the lease lifetime).
fn tee_times(timers: &Timers, lifetime: u32) -> (Option<u32>, Option<u32>) {
    let part = |fraction: f64| {
        // A fraction below one of a 32-bit number is a 32-bit number.
        timers.calculate.then(|| (fraction * f64::from(lifetime)).round() as u32)
    };
    let t2 = timers.rebind.or_else(|| part(timers.t2_percent)).filter(|t2| *t2 < lifetime);
    let t1 =
        timers.renew.or_else(|| part(timers.t1_percent)).filter(|t1| *t1 < t2.unwrap_or(lifetime));
    (t1, t2)
}

impl Query<'_> {
    /// The lifetime that a client of `classes` gets in `subnet`: the bounds of the first class that
    /// has any, else the subnet's.
    pub(super) fn lifetime(
        &self,
        corridor: &Corridor<'_, V4>,
        classes: &ClassSet,
        subnet: &Subnet<V4>,
    ) -> u32 {
        let of_classes = classes.ids().filter_map(|id| corridor.config.classes.get(id)?.valid);
        let bounds = of_classes.into_iter().next().unwrap_or(subnet.valid);
        bounds.grant(self.view.lease_time())
    }

    /// True for an INFORM.
    pub(super) fn is_inform(&self) -> bool {
        self.kind == Kind::Inform
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
