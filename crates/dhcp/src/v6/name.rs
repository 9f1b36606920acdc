//! The client's name: option 39 (RFC 4704), reservations, and names made of addresses.

use std::net::Ipv6Addr;

use kea_config::snapshot::Reservation;
use kea_log::{ClientLabel, Log, log};
use kea_options::{
    ClientFqdn, ClientFqdnError, ClientName, DomainName, NameEncoding, Parsing, ServerUpdates,
};
use kea_wire::V6;
use kea_wire::v6::{View, code};

use crate::pipeline::{LeaseName, NamePolicy};

/// Reads option 39.
///
/// # Errors
/// When it is malformed, or contradicts itself (RFC 4704 section 4.1).
pub(super) fn asked_name(
    view: &View<'_>,
    parsing: Parsing,
) -> Result<Option<ClientFqdn>, ClientFqdnError> {
    let Some(data) = view.option(code::CLIENT_FQDN) else { return Ok(None) };
    ClientFqdn::parse::<V6>(data, parsing).map(Some)
}

/// The name of one client in one message: the first address that it gets decides.
#[derive(Clone, Debug, Default)]
pub(super) struct Naming {
    asked: Option<ClientFqdn>,
    given: Option<LeaseName>,
    /// It was made of the address.
    is_generated: bool,
    /// The data of option 39 of the answer.
    pub(super) option: Option<Vec<u8>>,
}

impl Naming {
    /// What the client says of its name.
    pub(super) fn of(asked: Option<ClientFqdn>, log: &dyn Log, label: ClientLabel<'_>) -> Self {
        if let Some(fqdn) = &asked {
            log!(log, DHCP6_DDNS_RECEIVE_FQDN, label, fqdn.shown::<V6>());
        }
        Naming { asked, ..Naming::default() }
    }

    /// Tells of the option that goes into the answer.
    pub(super) fn log(&self, log: &dyn Log, label: ClientLabel<'_>) {
        let Some(data) = &self.option else { return };
        let Some(given) = ClientFqdn::parse::<V6>(data, Parsing::Lenient).ok() else { return };
        if self.asked.is_none() {
            log!(log, DHCP6_DDNS_GENERATE_FQDN, label);
        }
        if self.is_generated
            && let ClientName::Full(name) | ClientName::Partial(name) = &given.name
        {
            log!(log, DHCP6_DDNS_FQDN_GENERATED, label, name);
        }
        log!(log, DHCP6_DDNS_RESPONSE_FQDN_DATA, label, given.shown::<V6>());
        log!(log, DHCP6_DDNS_SEND_FQDN, given.shown::<V6>());
    }

    /// What the lease of `address` keeps of the name. Only the lease of the first address has its
    /// records in the DNS, and no lease of a prefix has.
    pub(super) fn of_lease(
        &mut self,
        policy: &NamePolicy<'_>,
        host: Option<&Reservation<V6>>,
        address: Ipv6Addr,
        is_prefix: bool,
        ask_hooks: impl FnOnce(&mut LeaseName),
    ) -> LeaseName {
        let hostname_only = |name: &LeaseName| LeaseName {
            hostname: name.hostname.clone(),
            ..LeaseName::default()
        };
        let is_reserved = host.is_some_and(|host| !host.hostname.is_empty());
        let asks_for_one = |asked: &ClientFqdn| asked.name == ClientName::Empty;
        let is_wanted =
            self.asked.as_ref().is_some_and(asks_for_one) || policy.replaces(self.asked.is_some());
        let is_generated = is_wanted && !is_reserved;
        match &self.given {
            // A name that is made of an address is that address's; of a prefix none is made.
            Some(_) if is_generated => return LeaseName::default(),
            Some(given) => return hostname_only(given),
            None if is_prefix && is_generated => return LeaseName::default(),
            None if is_prefix => {
                let (name, _) = self.find(policy, host, address);
                return hostname_only(&name);
            }
            None => {}
        }
        let (mut name, option) = self.find(policy, host, address);
        self.is_generated = is_generated;
        let before = name.hostname.clone();
        ask_hooks(&mut name);
        self.option = match option {
            Some(data) if name.hostname != before => Some(renamed(&data, &name.hostname)),
            option => option,
        };
        self.given = Some(name.clone());
        name
    }

    fn find(
        &self,
        policy: &NamePolicy<'_>,
        host: Option<&Reservation<V6>>,
        address: Ipv6Addr,
    ) -> (LeaseName, Option<Vec<u8>>) {
        let wants_one = policy.updates && policy.replaces(false);
        let asked = self.asked.clone().or_else(|| wants_one.then(no_name));
        let answer = asked.map(|asked| policy.answer(&asked, host, address.into()));
        let Some((answer, name)) = answer else {
            let reserved = host.map_or("", |host| &*host.hostname).to_ascii_lowercase();
            return (LeaseName { hostname: reserved, ..LeaseName::default() }, None);
        };
        let mut option = Vec::with_capacity(64);
        answer.write::<V6>(&mut option);
        (name, Some(option))
    }
}

/// The data of option 39 with another name.
fn renamed(data: &[u8], hostname: &str) -> Vec<u8> {
    // Flags come before the name (RFC 4704 section 4).
    let mut renamed: Vec<u8> = data.iter().copied().take(1).collect();
    if let Ok(name) = hostname.parse::<DomainName>() {
        renamed.extend_from_slice(name.wire());
    }
    renamed
}

/// What a client that says nothing is taken to have asked for, where names are made for such.
fn no_name() -> ClientFqdn {
    ClientFqdn {
        updates: ServerUpdates::Both,
        overridden: false,
        encoding: NameEncoding::Wire,
        name: ClientName::Empty,
    }
}
