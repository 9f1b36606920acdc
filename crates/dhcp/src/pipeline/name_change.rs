//! What the DNS is to be told about leases (the manual's section on DNS updates).

use std::fmt;

use kea_config::snapshot::{self as config, DdnsParameters, Dialect, Subnet};
use kea_ddns::{ConflictResolution, Dhcid, Identity, NameChange, NameChangeRequest};
use kea_lease::{Lease, LeaseState};
use kea_log::log;
use kea_options::DomainName;
use kea_stats::ServerMetric;
use kea_wire::Address as _;

use super::corridor::Corridor;
use super::lease_text::{lease_text, owner_text};

/// Who passes requests on. Must not block.
pub trait NameChanges: Send + Sync {
    /// Takes a request.
    ///
    /// # Errors
    /// When as many wait already as may; this one is lost.
    fn request(&self, request: NameChangeRequest) -> Result<(), QueueFull>;
}

/// As many requests wait to be sent as may (`max-queue-size`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueFull {
    /// How many those are.
    pub capacity: usize,
}

impl fmt::Display for QueueFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} requests wait to be sent already", self.capacity)
    }
}

/// Nobody.
impl NameChanges for () {
    fn request(&self, _: NameChangeRequest) -> Result<(), QueueFull> {
        Ok(())
    }
}

impl<F: Dialect> Corridor<'_, F> {
    /// A lease was granted; `before` is what the client had at that address, be it over since. The DNS
    /// is told what changed, and at renewals where the configuration wants it.
    pub(crate) fn names_begin(
        &self,
        lease: &Lease<F>,
        before: Option<&Lease<F>>,
        parameters: &DdnsParameters,
    ) {
        let has_names = |before: &&Lease<F>| {
            before.state == LeaseState::Assigned && (before.fqdn_fwd || before.fqdn_rev)
        };
        if let Some(before) = before.filter(has_names) {
            let is_same = before.hostname == lease.hostname
                && (before.fqdn_fwd, before.fqdn_rev) == (lease.fqdn_fwd, lease.fqdn_rev);
            let is_over = before.is_expired(self.now);
            if is_same && !is_over && !parameters.update_on_renew {
                return;
            }
            if !is_same {
                if F::VERSION == 6 && !is_over {
                    let (owner, old) = (owner_text::<F>(&before.owner), lease_text(before));
                    let Lease { hostname, fqdn_rev, fqdn_fwd, .. } = lease;
                    let log = self.log;
                    log!(
                        log,
                        DHCP6_DDNS_REMOVE_OLD_LEASE_FQDN,
                        owner,
                        old,
                        hostname,
                        fqdn_rev,
                        fqdn_fwd
                    );
                }
                self.request(NameChange::Remove, before, parameters);
            }
        }
        self.request(NameChange::Add, lease, parameters);
    }

    /// A lease is over: its records go.
    pub(crate) fn names_end(&self, lease: &Lease<F>) {
        let subnet = self.config.subnet(lease.subnet);
        let parameters = subnet.map_or(&*self.config.ddns, |subnet| ddns_of(subnet, lease.address));
        self.request(NameChange::Remove, lease, parameters);
    }

    fn request(&self, change: NameChange, lease: &Lease<F>, parameters: &DdnsParameters) {
        let (forward, reverse) = (lease.fqdn_fwd, lease.fqdn_rev);
        let owner = owner_text::<F>(&lease.owner);
        if !(forward || reverse) {
            log!(self.log, DHCPSRV_QUEUE_NCR_SKIP, owner, lease.address);
            return;
        }
        if !self.config.dhcp_ddns.enable_updates {
            return;
        }
        let Ok(fqdn) = lease.hostname.parse::<DomainName>() else {
            log!(self.log, DHCPSRV_QUEUE_NCR_SKIP, owner, lease.address);
            return;
        };
        let ttl = ttl(lease.valid_lifetime, parameters);
        let request = NameChangeRequest {
            change,
            forward,
            reverse,
            dhcid: dhcid::<F>(&lease.owner, &fqdn),
            fqdn,
            address: lease.address.ip(),
            expires: lease.cltt.saturating_add(ttl.into()),
            ttl,
            conflict_resolution: mode(parameters.conflict_resolution),
        };
        let word = match change {
            NameChange::Add => "add",
            NameChange::Remove => "remove",
        };
        log!(self.log, DHCPSRV_QUEUE_NCR, owner, word, request);
        if F::VERSION == 6 && change == NameChange::Add {
            log!(self.log, DHCP6_DDNS_CREATE_ADD_NAME_CHANGE_REQUEST, request);
        }
        let text = format_args!("{word} {}", lease.address);
        if let Err(full) = self.name_changes.request(request) {
            self.statistics.count(ServerMetric::NameChangeDropped);
            log!(self.log, DHCPSRV_DHCP_DDNS_NCR_REJECTED, full, text);
        }
    }
}

fn ddns_of<F: Dialect>(subnet: &Subnet<F>, address: F::Addr) -> &DdnsParameters {
    let pool = subnet.pools.iter().find(|pool| pool.range.contains(address));
    pool.and_then(|pool| pool.ddns.as_deref()).unwrap_or(&subnet.ddns)
}

/// A third of the lifetime, but ten minutes at least (RFC 4702 section 5), where the configuration
/// does not say otherwise.
fn ttl(lifetime: u32, parameters: &DdnsParameters) -> u32 {
    const LEAST: u32 = 600;
    let computed = match (parameters.ttl, parameters.ttl_percent) {
        (Some(ttl), _) => return ttl,
        // Fractions of 32-bit numbers are 32-bit numbers; a larger one is cut off.
        (None, Some(percent)) => (f64::from(lifetime) * percent).round() as u32,
        (None, None) => (lifetime / 3).max(LEAST),
    };
    let least = computed.max(parameters.ttl_min.unwrap_or(0));
    least.min(parameters.ttl_max.unwrap_or(u32::MAX))
}

fn mode(configured: config::ConflictResolution) -> ConflictResolution {
    match configured {
        config::ConflictResolution::CheckWithDhcid => ConflictResolution::CheckWithDhcid,
        config::ConflictResolution::NoCheckWithDhcid => ConflictResolution::NoCheckWithDhcid,
        config::ConflictResolution::CheckExistsWithDhcid => {
            ConflictResolution::CheckExistsWithDhcid
        }
        config::ConflictResolution::NoCheckWithoutDhcid => ConflictResolution::NoCheckWithoutDhcid,
    }
}

/// Whose a name is: of the client's identifier, of its hardware address where it has none.
fn dhcid<F: Dialect>(owner: &F::Owner, name: &DomainName) -> Dhcid {
    let hw_addr = F::hw_addr(owner);
    let identity = match F::identifier(owner) {
        // Hardware types of DHCPv4 are one octet.
        [] => Identity::HwAddr(hw_addr.htype() as u8, hw_addr.octets()),
        octets if F::VERSION == 4 => Identity::ClientId(octets),
        octets => Identity::Duid(octets),
    };
    Dhcid::new(identity, name)
}
