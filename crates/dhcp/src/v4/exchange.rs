//! The exchanges: what each message of a client leads to (RFC 2131 section 4.3).

use std::fmt::Display as _;
use std::net::Ipv4Addr;

use kea_config::snapshot::{Pool, Subnet};
use kea_expr::ClassId;
use kea_hooks::{Next, OfferMade, Point};
use kea_lease::{Lease, LeaseKind, Ticket};
use kea_log::{ClientLabel, log};
use kea_wire::v4::{MessageType, RelayAgentInfo, code};
use kea_wire::{ClientId, V4};

use super::accept::{Kind, Query};
use super::answer::{Reply, Terms};
use super::destination::{Recipient, destination};
use super::explain::spot_step;
use super::extended_info;
use super::facts::QueryFacts;
use super::holdings::{Holdings, Mismatch};
use super::lease::{Leasing, Offered, Particulars, Refusal, Spot};
use super::name::{GivenName, SentName};
use crate::Ports;
use crate::pipeline::{
    Answer, Arrival, Classifier, Corridor, Drop, HookWait, Lifetime, NamePolicy, Place, Reserved,
    Way, asked,
};

/// One query on its way through the stages.
pub(super) struct Exchange<'q, 's> {
    pub(super) corridor: &'q Corridor<'s, V4>,
    pub(super) arrival: &'q Arrival<'q, V4>,
    pub(super) query: &'q Query<'q>,
    pub(super) sent_name: &'q SentName,
    pub(super) label: ClientLabel<'q>,
    pub(super) reserved: &'q Reserved<'s, V4>,
    pub(super) classifier: &'q mut Classifier,
    pub(super) ports: Ports,
    pub(super) random: u64,
}

impl<'s> Exchange<'_, 's> {
    pub(super) fn run(
        mut self,
        place: Option<&Place<'s, V4>>,
        out: &mut Vec<u8>,
    ) -> Result<Answer<V4>, Drop<V4>> {
        let log = self.corridor.log;
        if self.query.is_inform() && !self.has_return_address() {
            log!(log, DHCP4_PACKET_DROP_0002, self.label, self.arrival.interface);
            return Err(Drop::NoReturnAddress);
        }
        // A link that is not served is another server's business before the server identifier is.
        let is_served = place.is_some() || !self.is_stray();
        if is_served && !self.is_for_this_server() {
            log!(log, DHCP4_PACKET_DROP_0003, self.label, self.arrival.interface);
            return Err(Drop::OtherServer);
        }
        if self.query.kind == Kind::Discover && self.query.view.has_option(code::SERVER_ID) {
            return Err(Drop::UnacceptableOptions("a DHCPDISCOVER is for every server"));
        }
        let Some(place) = place else {
            // What is given back is found by its address, wherever the client is.
            let is_given_back = is_served && self.query.kind == Kind::Release;
            return if is_given_back { self.release() } else { self.without_subnet(out) };
        };
        let selected = place.selected();
        if !selected.specific.match_client_id && self.query.client.client_id.is_some() {
            log!(log, DHCP4_CLIENTID_IGNORED_FOR_LEASES, self.label, selected.id);
        }
        match self.query.kind {
            Kind::Discover => self.discover(place, out),
            Kind::Request | Kind::Bootp => self.request(place, out),
            Kind::Release => self.release(),
            Kind::Decline => self.decline(),
            Kind::Inform => Ok(self.inform(Some(place), out)),
        }
    }

    /// True when the answer to an INFORM, which gives the client no address, has somewhere to go
    /// (RFC 2131 section 4.3.5).
    fn has_return_address(&self) -> bool {
        self.arrival.carrier.is_some()
            || self.query.view.is_relayed()
            || !self.query.view.ciaddr().is_unspecified()
            || !self.arrival.source.is_unspecified()
    }

    /// A broadcast on a link that is not served is another server's business.
    fn is_stray(&self) -> bool {
        self.arrival.carrier.is_none()
            && !self.query.view.is_relayed()
            && self.arrival.destination.is_broadcast()
    }

    /// A renewing or relayed client is told that its address is of no use here.
    fn without_subnet(&mut self, out: &mut Vec<u8>) -> Result<Answer<V4>, Drop<V4>> {
        let log = self.corridor.log;
        let view = &self.query.view;
        if self.is_stray() {
            log!(log, DHCP4_PACKET_DROP_0002, self.label, self.arrival.interface);
            return Err(Drop::NoSubnetForInterface);
        }
        match &self.arrival.carrier {
            None => log!(log, DHCP4_SUBNET_SELECTION_FAILED, self.label),
            Some(_) => log!(log, DHCP4_DHCP4O6_SUBNET_SELECTION_FAILED, self.label),
        }
        match self.query.kind {
            // Whoever has an address from elsewhere may still learn what counts everywhere.
            Kind::Inform => return Ok(self.inform(None, out)),
            Kind::Request | Kind::Discover => {}
            _ => return Err(Drop::NoSubnet),
        }
        let number = view.message_type().map_or(0, MessageType::number);
        log!(log, DHCP4_PACKET_NAK_0001, self.label, self.arrival.sender(), number);
        if self.query.kind == Kind::Discover {
            return Err(Drop::NoSubnet);
        }
        Ok(self.nak(None, out))
    }

    /// Option 54 is absent, or names this server: the interface's address, what is configured anywhere
    /// (the client may have moved), or what the relay says.
    fn is_for_this_server(&self) -> bool {
        let Some(server_id) = self.query.view.server_id() else { return true };
        let config = self.corridor.config;
        let relay = self.query.relay.as_ref();
        Some(server_id) == self.arrival.interface_address
            || config.compatibility.ignore_dhcp_server_identifier
            || relay.and_then(RelayAgentInfo::server_id_override) == Some(server_id)
            || config.gives_server_id(&server_id.octets())
    }

    fn leasing<'a>(&'a self, place: &'a Place<'s, V4>) -> Leasing<'a, 's> {
        Leasing {
            corridor: self.corridor,
            client: &self.query.client,
            place,
            reserved: self.reserved,
            label: self.label,
            random: self.random,
            asked: self.asked(),
        }
    }

    /// The query as hooks see it.
    fn asked(&self) -> kea_hooks::Query<'_, V4> {
        asked(self.arrival, self.query.view.bytes())
    }

    fn discover(
        &mut self,
        place: &Place<'s, V4>,
        out: &mut Vec<u8>,
    ) -> Result<Answer<V4>, Drop<V4>> {
        if self.classifier.classes.contains(ClassId::REJECT) {
            return Err(Drop::ClassReject);
        }
        let reply = self.reply(Some(place.selected()));
        if reply.is_v6_only() {
            reply.offer_v6_only(out);
            self.classifier.note(|_| reply.step(None, out));
            return Ok(self.answer(MessageType::Offer, Ipv4Addr::UNSPECIFIED, Ticket(0)));
        }
        let leasing = self.leasing(place);
        let held = leasing.held();
        let Ok(spot) = leasing.offer(held.as_ref(), self.query.wanted_address()) else {
            self.log_exhausted(place);
            let (ciaddr, wanted) = self.addresses();
            log!(self.corridor.log, DHCP4_PACKET_NAK_0003, self.label, ciaddr, wanted);
            return Err(Drop::NothingToOffer);
        };
        log!(self.corridor.log, DHCP4_LEASE_ADVERT, self.label, spot.address);
        let name = self.name(&spot);
        let before = held.as_ref().filter(|lease| lease.address == spot.address);
        let mut particulars = self.particulars(&spot, before, &name);
        particulars.lifetime = leasing.adapted(&spot, particulars.lifetime, before);
        if let Some(left) = before.and_then(|before| leasing.left_of(&spot, before, &particulars)) {
            particulars.lifetime = Lifetime { granted: left, least: left };
        }
        let Offered::Granted(particulars) = leasing.offered(&spot, None, true, particulars) else {
            log!(self.corridor.log, DHCPSRV_HOOK_LEASE4_SELECT_SKIP);
            return Err(Drop::Hook(Point::LeaseSelect));
        };
        let lifetime = particulars.lifetime.granted;
        let classes = &self.classifier.classes;
        let offer_lifetime = self.query.offer_lifetime(self.corridor, classes, spot.subnet);
        let after = match offer_lifetime {
            0 => Ticket(0),
            seconds => {
                leasing.reserve_offer(spot, seconds).map_err(|_| Drop::StorageUnavailable)?
            }
        };
        let mut parked = None;
        if self.corridor.hooks_at(Point::OfferMade).is_some() {
            let lease = leasing.renewed(&spot, particulars);
            let query = self.asked();
            let offer = OfferMade { query, lease: &lease, offer_lifetime, before };
            parked = self.corridor.offer_made(&offer, self.label)?;
        }
        let answer = self.grant(MessageType::Offer, place, &spot, lifetime, &name, after, out);
        Ok(Answer { parked, ..answer })
    }

    fn request(
        &mut self,
        place: &Place<'s, V4>,
        out: &mut Vec<u8>,
    ) -> Result<Answer<V4>, Drop<V4>> {
        let log = self.corridor.log;
        if self.classifier.classes.contains(ClassId::REJECT) {
            return self.refuse(place, out);
        }
        let leasing = self.leasing(place);
        let held = leasing.held();
        let wanted = self.query.wanted_address();
        if self.query.is_init_reboot() {
            let address = wanted.unwrap_or(Ipv4Addr::UNSPECIFIED);
            log!(log, DHCP4_INIT_REBOOT, self.label, address);
            let known = held.as_ref().map(|lease| lease.address);
            if known.is_none() && !place.selected().specific.authoritative {
                log!(log, DHCP4_NO_LEASE_INIT_REBOOT, self.label, address);
                return Err(Drop::UnknownAddress { address });
            }
            if known != wanted {
                log!(log, DHCP4_PACKET_NAK_0002, self.label, address);
                return Ok(self.nak(Some(place), out));
            }
        }
        let named = std::cell::RefCell::new(GivenName::default());
        let particulars = |spot: &Spot<'s>, before: Option<&Lease<V4>>| {
            let name = self.name(spot);
            let particulars = self.particulars(spot, before, &name);
            named.replace(name);
            particulars
        };
        let granted = leasing.grant(held.as_ref(), wanted, particulars);
        let name = named.into_inner();
        match granted {
            Ok(grant) => {
                let (lease, lifetime) = (&grant.lease, grant.lifetime);
                if grant.is_reused {
                    log!(log, DHCP4_LEASE_REUSE, self.label, lease.address, lifetime);
                } else {
                    log!(log, DHCP4_LEASE_ALLOC, self.label, lease.address, lifetime);
                }
                let (spot, after) = (grant.spot, grant.ticket);
                let leases = if grant.is_reused { &[][..] } else { std::slice::from_ref(lease) };
                let parked = self.committed(leases, grant.given_up.as_slice())?;
                let answer =
                    self.grant(MessageType::Ack, place, &spot, lifetime, &name, after, out);
                Ok(Answer { parked, ..answer })
            }
            Err(Refusal::StorageUnavailable) => Err(Drop::StorageUnavailable),
            Err(Refusal::Hook(point)) => Err(Drop::Hook(point)),
            Err(Refusal::OutOfPool(address)) if !place.has_in_pool(address) => {
                let (ciaddr, wanted) = self.addresses();
                log!(log, DHCP4_UNKNOWN_ADDRESS_REQUESTED, self.label, ciaddr, wanted);
                Err(Drop::UnknownAddress { address })
            }
            Err(refusal) => {
                self.log_refusal(place, refusal);
                self.refuse(place, out)
            }
        }
    }

    fn log_refusal(&self, place: &Place<'s, V4>, refusal: Refusal) {
        let log = self.corridor.log;
        match refusal {
            Refusal::Exhausted => self.log_exhausted(place),
            Refusal::InUse(address) => {
                log!(log, ALLOC_ENGINE_V4_REQUEST_IN_USE, self.label, address);
            }
            Refusal::ReservedElsewhere(address) => {
                let own = self.leasing(place).own_reservation().map(|own| own.address);
                let own = own.unwrap_or(Ipv4Addr::UNSPECIFIED);
                log!(log, ALLOC_ENGINE_V4_REQUEST_INVALID, self.label, own, address);
            }
            Refusal::Vetoed => log!(log, DHCPSRV_HOOK_LEASE4_SELECT_SKIP),
            Refusal::OutOfPool(_) | Refusal::StorageUnavailable | Refusal::Hook(_) => {}
        }
        let (ciaddr, wanted) = self.addresses();
        log!(log, DHCP4_PACKET_NAK_0004, self.label, ciaddr, wanted);
    }

    fn log_exhausted(&self, place: &Place<'s, V4>) {
        // Every client is in some class.
        let classes = self.classifier.shown(self.corridor);
        self.corridor.exhausted(self.label, place, LeaseKind::Address, Some(&classes));
    }

    /// The name of the client with the address that it gets.
    fn name(&self, spot: &Spot<'s>) -> GivenName {
        let classes = &self.classifier.classes;
        let policy = NamePolicy::new(self.corridor.config, spot.subnet, spot.pool, classes);
        let host = self.reserved.in_subnet(spot.subnet);
        if self.sent_name.leads_to_nothing(&policy, host) {
            return GivenName::default();
        }
        let mut name = self.sent_name.given(&policy, host, spot.address);
        let before = name.lease.hostname.clone();
        let asked = self.asked();
        self.corridor.name_known(&asked, policy.parameters, &mut name.lease);
        if name.lease.hostname != before {
            name.option = self.sent_name.option_of(&name.lease, name.option);
        }
        if name.option.is_some() {
            let log = (self.corridor.log, self.label);
            self.sent_name.log_origin(&policy, host, &name.lease.hostname, log);
        }
        name.log(self.corridor.log, self.label);
        name
    }

    /// The lease changes of the query are stored: hooks hear of it.
    fn committed(
        &self,
        leases: &[Lease<V4>],
        deleted: &[Lease<V4>],
    ) -> Result<Option<HookWait<V4>>, Drop<V4>> {
        self.corridor.committed(&self.asked(), leases, deleted, self.label)
    }

    fn particulars(
        &self,
        spot: &Spot<'s>,
        before: Option<&Lease<V4>>,
        name: &GivenName,
    ) -> Particulars {
        let context = before.map_or("", |before| &before.user_context);
        let relay = self.query.relay.as_ref().filter(|_| spot.subnet.store_extended_info);
        Particulars {
            lifetime: self.query.lifetime(self.corridor, &self.classifier.classes, spot.subnet),
            name: name.lease.clone(),
            user_context: extended_info::remember(context, relay),
        }
    }

    /// Writes an OFFER or ACK of an address.
    #[allow(clippy::too_many_arguments)] // what was learned on the way, each from another stage
    fn grant(
        &mut self,
        kind: MessageType,
        place: &Place<'s, V4>,
        spot: &Spot<'s>,
        lifetime: u32,
        name: &GivenName,
        after: Ticket,
        out: &mut Vec<u8>,
    ) -> Answer<V4> {
        let selected = place.selected();
        if let Some(network) = place.network().filter(|_| selected.id != spot.subnet.id) {
            log!(
                self.corridor.log,
                DHCP4_SUBNET_DYNAMICALLY_CHANGED,
                self.label,
                selected.id,
                spot.subnet.id,
                network.name
            );
        }
        self.classifier.note(|_| spot_step(spot, lifetime));
        self.require_classes(place, spot.subnet, spot.pool);
        let terms = Terms { address: spot.address, pool: spot.pool, lifetime };
        let name = name.option.as_ref().map(|(code, data)| (*code, &data[..]));
        let reply = self.reply(Some(spot.subnet));
        reply.grant(kind, Some(terms), name, out);
        self.classifier.note(|_| reply.step(spot.pool, out));
        self.answer(kind, spot.address, after)
    }

    /// Joins the classes of the client's reservation in `subnet`, and evaluates those that network,
    /// subnet and pool require.
    fn require_classes(
        &mut self,
        place: &Place<'s, V4>,
        subnet: &Subnet<V4>,
        pool: Option<&Pool<V4>>,
    ) {
        self.classifier.join_reserved_here(self.corridor, self.reserved, subnet);
        let of_network = place.network().map_or(&[][..], |network| &network.additional_classes);
        let of_pool = pool.map_or(&[][..], |pool| &pool.additional_classes);
        if of_network.is_empty() && subnet.additional_classes.is_empty() && of_pool.is_empty() {
            return;
        }
        let required = of_network.iter().chain(&subnet.additional_classes).chain(of_pool).copied();
        let (config, classes) = (self.corridor.config, &self.classifier.classes);
        let facts = QueryFacts::of_classes(self.query, self.arrival, config, classes);
        self.classifier.require(self.corridor, &facts, required);
    }

    fn holdings(&self) -> Holdings<'_, 's> {
        Holdings { corridor: self.corridor, client: &self.query.client }
    }

    fn release(&self) -> Result<Answer<V4>, Drop<V4>> {
        let address = self.query.view.ciaddr();
        let log = self.corridor.log;
        let expired = &self.corridor.config.expired_leases;
        let remember =
            expired.flush_reclaimed_timer_wait_time != 0 && expired.hold_reclaimed_time != 0;
        if let Some(hooks) = self.corridor.hooks_at(Point::LeaseRelease)
            && let Ok(lease) = self.holdings().lease(address)
            && hooks.lease_release(&self.asked(), &lease) != Next::Continue
        {
            log!(log, DHCP4_HOOK_LEASE4_RELEASE_SKIP, self.label);
            return Err(Drop::Hook(Point::LeaseRelease));
        }
        match self.holdings().release(address, remember) {
            Ok(lease) => {
                log!(log, DHCP4_RELEASE, self.label, lease.address);
                if remember {
                    log!(log, DHCP4_RELEASE_EXPIRED, self.label, lease.address);
                } else {
                    log!(log, DHCP4_RELEASE_DELETED, self.label, lease.address);
                }
                self.committed(&[], &[lease])?;
                Err(Drop::Done)
            }
            Err(mismatch) => {
                match mismatch {
                    Mismatch::NoLease => {
                        log!(log, DHCP4_RELEASE_FAIL_NO_LEASE, self.label, address);
                    }
                    Mismatch::OtherClient(_) => {
                        log!(log, DHCP4_RELEASE_FAIL_WRONG_CLIENT, self.label, address);
                    }
                }
                Err(Drop::NotTheHolder { address })
            }
        }
    }

    fn decline(&self) -> Result<Answer<V4>, Drop<V4>> {
        let log = self.corridor.log;
        // The client does not use the address, so its own field is empty (RFC 2131 section 4.4.4).
        let Some(address) = self.query.view.requested_address() else {
            return Err(Drop::UnacceptableOptions("a DHCPDECLINE names its address in option 50"));
        };
        let probation = self.corridor.config.server.decline_probation_period;
        if let Some(hooks) = self.corridor.hooks_at(Point::LeaseDecline)
            && let Ok(lease) = self.holdings().lease(address)
            && hooks.lease_decline(&self.asked(), &lease) != Next::Continue
        {
            log!(log, DHCP4_HOOK_DECLINE_SKIP);
            return Err(Drop::Hook(Point::LeaseDecline));
        }
        match self.holdings().decline(address, probation) {
            Ok(lease) => {
                log!(log, DHCP4_DECLINE_LEASE, lease.address, self.label, probation);
                self.committed(&[lease], &[])?;
                Err(Drop::Done)
            }
            Err(mismatch) => {
                match mismatch {
                    Mismatch::NoLease => {
                        log!(log, DHCP4_DECLINE_LEASE_NOT_FOUND, address, self.label);
                    }
                    Mismatch::OtherClient(holder) => {
                        log!(
                            log,
                            DHCP4_DECLINE_LEASE_MISMATCH,
                            address,
                            self.label,
                            self.query.client.hw_addr,
                            holder.hw_addr,
                            shown(&self.query.client.client_id),
                            shown(&holder.client_id)
                        );
                    }
                }
                Err(Drop::NotTheHolder { address })
            }
        }
    }

    fn inform(&mut self, place: Option<&Place<'s, V4>>, out: &mut Vec<u8>) -> Answer<V4> {
        if let Some(place) = place {
            self.require_classes(place, place.selected(), None);
        }
        let (ciaddr, interface) = (self.query.view.ciaddr(), self.arrival.interface);
        if !ciaddr.is_unspecified() {
            log!(self.corridor.log, DHCP4_INFORM_DIRECT_REPLY, self.label, ciaddr, interface);
        }
        let reply = self.reply(place.map(Place::selected));
        reply.grant(MessageType::Ack, None, None, out);
        self.classifier.note(|_| reply.step(None, out));
        self.answer(MessageType::Ack, Ipv4Addr::UNSPECIFIED, Ticket(0))
    }

    /// Says no, to whom that can be said: BOOTP has no message for it.
    fn refuse(&self, place: &Place<'s, V4>, out: &mut Vec<u8>) -> Result<Answer<V4>, Drop<V4>> {
        if self.query.is_bootp() {
            return Err(Drop::NothingToOffer);
        }
        Ok(self.nak(Some(place), out))
    }

    fn nak(&self, place: Option<&Place<'s, V4>>, out: &mut Vec<u8>) -> Answer<V4> {
        let reply = self.reply(place.map(Place::selected));
        reply.refuse(out);
        self.classifier.note(|_| reply.step(None, out));
        self.answer(MessageType::Nak, Ipv4Addr::UNSPECIFIED, Ticket(0))
    }

    fn reply<'r>(&'r self, subnet: Option<&'r Subnet<V4>>) -> Reply<'r, 'r> {
        Reply {
            corridor: self.corridor,
            query: self.query,
            arrival: self.arrival,
            classes: &self.classifier.classes,
            subnet,
            host: subnet.and_then(|subnet| self.reserved.in_subnet(subnet)),
        }
    }

    fn answer(&self, kind: MessageType, yiaddr: Ipv4Addr, after: Ticket) -> Answer<V4> {
        let recipient = Recipient { kind, yiaddr, inform: self.query.is_inform() };
        let relay = self.query.relay.as_ref();
        let transmit = destination(self.query.view, relay, self.arrival, recipient, self.ports);
        // What goes to a BOOTP client has no type.
        let message_type = if self.query.is_bootp() { 0 } else { kind.number() };
        let transaction = self.query.transaction();
        Answer { way: Way::Client, transmit, after, message_type, parked: None, transaction }
    }

    fn addresses(&self) -> (Ipv4Addr, Ipv4Addr) {
        let wanted = self.query.view.requested_address().unwrap_or(Ipv4Addr::UNSPECIFIED);
        (self.query.view.ciaddr(), wanted)
    }
}

/// A client identifier for the log.
fn shown(client_id: &Option<ClientId>) -> impl std::fmt::Display + '_ {
    std::fmt::from_fn(move |f| match client_id {
        Some(client_id) => client_id.fmt(f),
        None => f.write_str("(no info)"),
    })
}
