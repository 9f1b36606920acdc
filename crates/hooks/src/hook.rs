//! The hook trait: one method for each point.

use std::sync::Arc;

use kea_config::Snapshot;
use kea_config::snapshot::{DdnsParameters, Dialect, Subnet};
use kea_expr::{ClassNames, ClassSet, Facts};
use kea_lease::Lease;
use kea_wire::Family;
use serde_json::Value;

use crate::lease_query::LeaseQueryTerms;
use crate::parking::ParkingSpace;
use crate::point::Point;

/// What a hook wants done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Next {
    /// Go on.
    #[default]
    Continue,
    /// Do not do what is about to be done. What that means depends on the point.
    Skip,
    /// As if the query had never come.
    Drop,
}

/// What is known of a query at every point of its way.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a, F: Family> {
    /// Name of the interface that it came by.
    pub interface: &'a str,
    /// Who sent the datagram: the client, or its relay.
    pub source: F::Addr,
    /// To which address.
    pub destination: F::Addr,
    /// The message.
    pub message: &'a [u8],
}

/// What a hook knows a client by: its `flex-id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlexibleIdentifier {
    /// Octets; an empty one is none.
    pub octets: Vec<u8>,
    /// Leases are the identifier's: it stands in place of the client identifier or DUID that was sent.
    pub replaces_client_id: bool,
    /// The number of an association does not count while the client has one of its kind (DHCPv6).
    pub ignores_iaid: bool,
}

impl FlexibleIdentifier {
    /// One that reservations are found by, and no more.
    pub fn of_reservations(octets: Vec<u8>) -> Self {
        FlexibleIdentifier { octets, replaces_client_id: false, ignores_iaid: false }
    }
}

/// A lease that is about to be offered, granted or extended.
#[derive(Debug)]
pub struct LeaseOffer<'a, F: Dialect> {
    /// The client's message.
    pub query: Query<'a, F>,
    /// Where the lease is.
    pub subnet: &'a Subnet<F>,
    /// Nothing will be stored: the answer to DISCOVER or SOLICIT.
    pub is_offer: bool,
    /// The lease as it will be. Lifetime, name, directions of DNS updates and user context may be
    /// changed; changes of anything else do not count.
    pub lease: &'a mut Lease<F>,
}

/// An address that is about to be offered.
#[derive(Clone, Copy, Debug)]
pub struct OfferMade<'a, F: Dialect> {
    /// The client's message.
    pub query: Query<'a, F>,
    /// The lease as the client would have it.
    pub lease: &'a Lease<F>,
    /// For so many seconds it is stored already, for its client to accept it (`offer-lifetime`); 0 where
    /// nothing is stored.
    pub offer_lifetime: u32,
    /// What the client has there.
    pub before: Option<&'a Lease<F>>,
}

/// The lease changes of one query.
#[derive(Clone, Copy, Debug)]
pub struct Committed<'a, F: Dialect> {
    /// The client's message.
    pub query: Query<'a, F>,
    /// New and changed leases.
    pub leases: &'a [Lease<F>],
    /// Leases that are gone.
    pub deleted: &'a [Lease<F>],
}

/// A lease that is over.
#[derive(Clone, Copy, Debug)]
pub struct LeaseEnd<'a, F: Dialect> {
    /// The lease.
    pub lease: &'a Lease<F>,
    /// It will be forgotten, rather than remembered for its client's return.
    pub is_removed: bool,
}

/// The client's name for the DNS.
#[derive(Debug)]
pub struct NameUpdate<'a, F: Family> {
    /// The client's message.
    pub query: Query<'a, F>,
    /// What the place of the client says about names.
    pub parameters: &'a DdnsParameters,
    /// The name, with the final dot where it is complete; may be changed.
    pub hostname: &'a mut String,
    /// The server updates the address record; may be changed.
    pub forward: &'a mut bool,
    /// The server updates the pointer record; may be changed.
    pub reverse: &'a mut bool,
}

/// An answer on its way out.
#[derive(Debug)]
pub struct Addressed<'a, F: Family> {
    /// The client's message.
    pub query: &'a [u8],
    /// Where the answer goes.
    pub destination: F::Addr,
    /// To which port.
    pub port: u16,
    /// Its octets; may be changed.
    pub answer: &'a mut Vec<u8>,
}

/// What is asked at the callout points. Hooks run on the threads that serve clients: several at once,
/// and whoever takes long keeps clients waiting.
/// One that is not made for threads does not compile, so that no library has to say that it is (manual,
/// chapter on hook libraries):
///
/// ```compile_fail,E0277
/// struct ForOneThread(std::cell::Cell<u32>);
///
/// impl kea_hooks::Hook<kea_wire::V4> for ForOneThread {
///     fn name(&self) -> &str {
///         "for one thread"
///     }
///
///     fn points(&self) -> &[kea_hooks::Point] {
///         &[]
///     }
/// }
/// ```
pub trait Hook<F: Dialect>: Send + Sync {
    /// The name in messages.
    fn name(&self) -> &str;

    /// The points at which it wants to be asked.
    fn points(&self) -> &[Point];

    /// Has the server answer leasequeries, on these terms; of several hooks the first decides.
    fn lease_query(&self) -> Option<Arc<LeaseQueryTerms<F>>> {
        None
    }

    /// A configuration is in force: at the start, and after each change.
    fn configured(&self, _config: &Arc<Snapshot<F>>) {}

    /// Changes of the configuration database are in force.
    fn backend_updated(&self, _config: &Arc<Snapshot<F>>) {}

    /// True when being asked on the way of a query to its subnet leaves no trace outside of it. Then
    /// explanations ask the hook, too, up to there; other hooks are only named in them.
    fn may_explain(&self) -> bool {
        false
    }

    /// Octets arrived; `message` may be changed. Classes may be joined: they count for all that
    /// follows, first of all for the tests of other classes. [`Next::Skip`] means that the hook has
    /// read the message itself; it is read again all the same.
    fn buffer_receive(
        &self,
        _query: &Query<'_, F>,
        _message: &mut Vec<u8>,
        _classes: &mut ClassSet,
        _names: &ClassNames,
    ) -> Next {
        Next::Continue
    }

    /// A message was read, classified and not dropped for that. Classes may be changed, too late for
    /// those that depend on the packet alone; a message in `replacement` takes the place of the
    /// received one. [`Next::Skip`] drops the query.
    fn packet_receive(
        &self,
        _query: &Query<'_, F>,
        _classes: &mut ClassSet,
        _names: &ClassNames,
        _replacement: &mut Option<Vec<u8>>,
    ) -> Next {
        Next::Continue
    }

    /// The client's `flex-id`. `facts` are those of the classified query, `classes` its classes.
    fn host_identifier(
        &self,
        _query: &Query<'_, F>,
        _facts: &dyn Facts,
        _classes: &ClassSet,
    ) -> Option<FlexibleIdentifier> {
        None
    }

    /// A subnet was selected, or none; `selected` may be changed to any that is configured.
    /// [`Next::Skip`] goes on without one.
    fn subnet_select<'s>(
        &self,
        _query: &Query<'_, F>,
        _config: &'s Snapshot<F>,
        _selected: &mut Option<&'s Subnet<F>>,
    ) -> Next {
        Next::Continue
    }

    /// A new lease is about to be offered or granted. [`Next::Skip`]: it is not, and the client gets
    /// nothing there (DHCPNAK, NoAddrsAvail).
    fn lease_select(&self, _offer: &mut LeaseOffer<'_, F>) -> Next {
        Next::Continue
    }

    /// An address was chosen for a DHCPDISCOVER, and is kept for its client. A hook that takes a hold of
    /// `parking` keeps the offer waiting until it lets go of that, and has the address taken out of use by
    /// [`crate::Hold::decline`]. [`Next::Drop`]: it is not offered.
    fn offer_made(&self, _offer: &OfferMade<'_, F>, _parking: &ParkingSpace) -> Next {
        Next::Continue
    }

    /// The server took an address out of use that a hook declined before it was offered. `lease` is what
    /// is stored now, of nobody; `query` is the DHCPDISCOVER.
    fn server_declined(&self, _query: &[u8], _lease: &Lease<F>) {}

    /// A lease is about to be extended: at DHCPREQUEST, at RENEW. [`Next::Skip`]: it stays as it is.
    fn lease_renew(&self, _offer: &mut LeaseOffer<'_, F>) -> Next {
        Next::Continue
    }

    /// The same at REBIND (DHCPv6).
    fn lease_rebind(&self, _offer: &mut LeaseOffer<'_, F>) -> Next {
        Next::Continue
    }

    /// A lease is about to be given back. [`Next::Skip`]: it stays.
    fn lease_release(&self, _query: &Query<'_, F>, _lease: &Lease<F>) -> Next {
        Next::Continue
    }

    /// An address is about to be declined. [`Next::Skip`] and [`Next::Drop`]: the lease stays
    /// assigned.
    fn lease_decline(&self, _query: &Query<'_, F>, _lease: &Lease<F>) -> Next {
        Next::Continue
    }

    /// The lease changes of a query are stored. A hook that takes a hold of `parking` keeps the
    /// answer waiting until it lets go of that. [`Next::Drop`]: there is no answer.
    fn leases_committed(&self, _committed: &Committed<'_, F>, _parking: &ParkingSpace) -> Next {
        Next::Continue
    }

    /// A lease is about to be reclaimed. [`Next::Skip`]: it stays, until the next cycle. Called while
    /// the leases of the subnet are locked: they cannot be looked at from here.
    fn lease_expire(&self, _end: &LeaseEnd<'_, F>) -> Next {
        Next::Continue
    }

    /// A declined address is about to come back into use. [`Next::Skip`]: not before the next cycle.
    /// Called while the leases of the subnet are locked.
    fn lease_recover(&self, _lease: &Lease<F>) -> Next {
        Next::Continue
    }

    /// The client's name is known, and is not yet in the answer or the lease.
    fn ddns_update(&self, _update: &mut NameUpdate<'_, F>) -> Next {
        Next::Continue
    }

    /// An answer is about to leave. [`Next::Skip`] and [`Next::Drop`]: it does not, for DHCPv4. For
    /// DHCPv6, [`Next::Skip`] means that the hook has written the octets itself.
    fn packet_send(&self, _sent: &mut Addressed<'_, F>) -> Next {
        Next::Continue
    }

    /// The octets of an answer are about to leave. [`Next::Skip`] and [`Next::Drop`]: they do not.
    fn buffer_send(&self, _sent: &mut Addressed<'_, F>) -> Next {
        Next::Continue
    }

    /// A control command was answered; `answer` may be changed.
    fn command_processed(&self, _command: &str, _arguments: Option<&Value>, _answer: &mut Value) {}
}
