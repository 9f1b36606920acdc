//! The client's name: options 12 and 81 (RFC 2132 section 3.14, RFC 4702), reservations, and names
//! made of addresses.

use std::fmt;
use std::net::Ipv4Addr;

use kea_config::snapshot::Reservation;
use kea_log::{ClientLabel, Log, log};
use kea_options::{ClientFqdn, DomainName, Parsing};
use kea_wire::V4;
use kea_wire::v4::{View, code};

use crate::pipeline::{Corridor, Drop, FinalDot, LeaseName, NamePolicy, parsing};

/// What a client says of its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SentName {
    /// Nothing.
    Nothing,
    /// Option 81, and the two octets that the answer repeats.
    Fqdn(ClientFqdn, [u8; 2]),
    /// Option 12, without surrounding blanks and NULs.
    HostName(Box<[u8]>),
}

/// A name for the client: what its lease keeps, and the option that tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct GivenName {
    pub(super) lease: LeaseName,
    pub(super) option: Option<(u8, Vec<u8>)>,
}

impl GivenName {
    /// Tells of the option that goes into the answer.
    pub(super) fn log(&self, log: &dyn Log, label: ClientLabel<'_>) {
        match &self.option {
            Some((code::FQDN, data)) => {
                let fqdn = ClientFqdn::parse::<V4>(data, Parsing::Lenient);
                let shown = fmt::from_fn(|f| match &fqdn {
                    Ok(fqdn) => write!(f, "{}", fqdn.shown::<V4>()),
                    Err(_) => Ok(()),
                });
                log!(log, DHCP4_RESPONSE_FQDN_DATA, label, shown);
            }
            Some((_, name)) => {
                log!(log, DHCP4_RESPONSE_HOSTNAME_DATA, label, String::from_utf8_lossy(name));
            }
            None => {}
        }
    }
}

impl SentName {
    /// Reads the options. A host name that is empty or malformed counts for nothing.
    ///
    /// # Errors
    /// When option 81 is malformed, or contradicts itself.
    pub(super) fn of(
        view: &View<'_>,
        corridor: &Corridor<'_, V4>,
        label: ClientLabel<'_>,
    ) -> Result<Self, Drop<V4>> {
        let log = corridor.log;
        if let Some(data) = view.fqdn() {
            log!(log, DHCP4_CLIENT_FQDN_PROCESS, label);
            let fqdn = ClientFqdn::parse::<V4>(&data, parsing(corridor.config));
            let Ok(fqdn) = fqdn else {
                let reason = "its FQDN option is malformed";
                log!(log, DHCP4_CLIENT_NAME_PROC_FAIL, label, reason);
                return Err(Drop::UnacceptableOptions(reason));
            };
            log!(log, DHCP4_CLIENT_FQDN_DATA, label, fqdn.shown::<V4>());
            let rcodes = [data.get(1), data.get(2)].map(|octet| octet.copied().unwrap_or(0));
            return Ok(SentName::Fqdn(fqdn, rcodes));
        }
        let Some(data) = view.host_name() else { return Ok(SentName::Nothing) };
        log!(log, DHCP4_CLIENT_HOSTNAME_PROCESS, label);
        let is_blank = |octet: &u8| *octet == 0 || octet.is_ascii_whitespace();
        let (first, last) =
            (data.iter().position(|o| !is_blank(o)), data.iter().rposition(|o| !is_blank(o)));
        let Some(octets) = first.zip(last).and_then(|(first, last)| data.get(first..=last)) else {
            log!(log, DHCP4_EMPTY_HOSTNAME, label);
            return Ok(SentName::Nothing);
        };
        let text = String::from_utf8_lossy(octets);
        match text.parse::<DomainName>() {
            Ok(_) => {
                log!(log, DHCP4_CLIENT_HOSTNAME_DATA, label, text);
                Ok(SentName::HostName(octets.into()))
            }
            Err(error) => {
                log!(log, DHCP4_CLIENT_HOSTNAME_MALFORMED, label, error);
                Ok(SentName::Nothing)
            }
        }
    }

    /// True when a client that sent this gets no name unless one is reserved for it.
    pub(super) fn leads_to_nothing(
        &self,
        policy: &NamePolicy<'_>,
        host: Option<&Reservation<V4>>,
    ) -> bool {
        let is_reserved = host.is_some_and(|host| !host.hostname.is_empty());
        *self == SentName::Nothing && !is_reserved && !policy.replaces(false)
    }

    /// The name that the client gets with `address`.
    pub(super) fn given(
        &self,
        policy: &NamePolicy<'_>,
        host: Option<&Reservation<V4>>,
        address: Ipv4Addr,
    ) -> GivenName {
        if let SentName::Fqdn(asked, rcodes) = self {
            let (answer, lease) = policy.answer(asked, host, address.into());
            let mut data = Vec::with_capacity(64);
            answer.write::<V4>(&mut data);
            if let Some(field) = data.get_mut(1..3) {
                field.copy_from_slice(rcodes);
            }
            return GivenName { lease, option: Some((code::FQDN, data)) };
        }
        let Some(name) = self.host_name(policy, host, address) else {
            return GivenName::default();
        };
        let option = Some((code::HOST_NAME, name.clone().into_bytes()));
        let updates = policy.updates;
        let hostname = name.to_ascii_lowercase();
        GivenName { lease: LeaseName { hostname, forward: updates, reverse: updates }, option }
    }

    /// The option that tells the client a name that is not the one that `option` tells.
    pub(super) fn option_of(
        &self,
        name: &LeaseName,
        option: Option<(u8, Vec<u8>)>,
    ) -> Option<(u8, Vec<u8>)> {
        match option {
            Some((code::FQDN, mut data)) => {
                let full = name.hostname.parse::<DomainName>().ok();
                data.truncate(FQDN_FIXED);
                let (wire, flags) = (full.as_ref().map(DomainName::wire), data.first_mut()?);
                // The name is in wire form from here on.
                *flags |= ENCODED;
                data.extend_from_slice(wire.unwrap_or_default());
                Some((code::FQDN, data))
            }
            _ => Some((code::HOST_NAME, name.hostname.clone().into_bytes())),
        }
    }

    /// Tells where a host name that the client gets comes from, if not from the client.
    pub(super) fn log_origin(
        &self,
        policy: &NamePolicy<'_>,
        host: Option<&Reservation<V4>>,
        name: &str,
        (log, label): (&dyn Log, ClientLabel<'_>),
    ) {
        let is_reserved = host.is_some_and(|host| !host.hostname.is_empty());
        match self {
            SentName::Fqdn(..) => {}
            _ if is_reserved => log!(log, DHCP4_RESERVED_HOSTNAME_ASSIGNED, label, name),
            SentName::Nothing => {
                log!(log, DHCP4_GENERATE_FQDN, label);
                log!(log, DHCP4_RESPONSE_HOSTNAME_GENERATE, label, name);
            }
            SentName::HostName(sent) if policy.replaces(true) || **sent == *b"." => {
                log!(log, DHCP4_RESPONSE_HOSTNAME_GENERATE, label, name);
            }
            SentName::HostName(_) => {}
        }
    }

    fn host_name(
        &self,
        policy: &NamePolicy<'_>,
        host: Option<&Reservation<V4>>,
        address: Ipv4Addr,
    ) -> Option<String> {
        if let Some(reserved) = host.map(|host| &*host.hostname).filter(|name| !name.is_empty()) {
            return Some(policy.qualified(reserved, FinalDot::Omitted).to_ascii_lowercase());
        }
        let generated = || policy.generated(address.into(), FinalDot::Omitted);
        let SentName::HostName(sent) = self else {
            return policy.replaces(false).then(generated);
        };
        if policy.replaces(true) || **sent == *b"." {
            return Some(generated());
        }
        let name = policy.scrubbed(sent).to_ascii_lowercase();
        // A name of several labels is taken for complete.
        let is_partial = !name.trim_end_matches('.').contains('.');
        match name.trim_matches('.') {
            "" => None,
            label if is_partial => Some(policy.qualified(label, FinalDot::Omitted)),
            _ => Some(name),
        }
    }
}

/// Octets of option 81 before the name: flags, and two response codes (RFC 4702 section 2).
const FQDN_FIXED: usize = 3;
/// The flag E: the name is in wire form.
const ENCODED: u8 = 0x04;
