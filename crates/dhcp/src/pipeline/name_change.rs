//! What the DNS is to be told about leases (the manual's section on DNS updates).

use std::net::IpAddr;

use kea_config::snapshot::{ConflictResolution, DdnsParameters, Dialect, Subnet};
use kea_lease::{Lease, LeaseState};
use kea_options::DomainName;
use kea_wire::Address as _;
use sha2::{Digest as _, Sha256};

use super::corridor::Corridor;

/// A request to the DNS update daemon: one name, one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameChangeRequest {
    /// What to do.
    pub change: NameChange,
    /// The address record.
    pub forward: bool,
    /// The pointer record.
    pub reverse: bool,
    /// The name, in lower case, with the final dot.
    pub fqdn: String,
    /// The address.
    pub address: IpAddr,
    /// Whose name it is: the data of the DHCID record (RFC 4701 section 3).
    pub dhcid: [u8; 35],
    /// Unix second of the lease's end; `None` for never.
    pub expires: Option<i64>,
    /// Lifetime of the lease in seconds.
    pub lifetime: u32,
    /// TTL of the records in seconds.
    pub ttl: u32,
    /// How it is checked whose name it is.
    pub conflict_resolution: ConflictResolution,
}

/// What becomes of the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameChange {
    /// They shall be there.
    Add,
    /// They shall be gone.
    Remove,
}

/// Who passes requests on. Must not block.
pub trait NameChanges: Send + Sync {
    /// Takes a request.
    fn request(&self, request: NameChangeRequest);
}

/// Nobody.
impl NameChanges for () {
    fn request(&self, _: NameChangeRequest) {}
}

impl<F: Dialect> Corridor<'_, F> {
    /// A lease was granted; `before` is what the client had at that address. The DNS is told what
    /// changed, and at renewals where the configuration wants it.
    pub(crate) fn names_begin(
        &self,
        lease: &Lease<F>,
        before: Option<&Lease<F>>,
        parameters: &DdnsParameters,
    ) {
        let is_current = |before: &&Lease<F>| {
            before.state == LeaseState::Assigned && !before.is_expired(self.now)
        };
        let before = before.filter(is_current).filter(|before| before.fqdn_fwd || before.fqdn_rev);
        if let Some(before) = before {
            let is_same = before.hostname == lease.hostname
                && (before.fqdn_fwd, before.fqdn_rev) == (lease.fqdn_fwd, lease.fqdn_rev);
            if is_same && !parameters.update_on_renew {
                return;
            }
            if !is_same {
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
        if !(forward || reverse) || !self.config.dhcp_ddns.enable_updates {
            return;
        }
        let Ok(name) = lease.hostname.parse::<DomainName>() else { return };
        self.name_changes.request(NameChangeRequest {
            change,
            forward,
            reverse,
            fqdn: name.to_string().to_ascii_lowercase(),
            address: lease.address.ip(),
            dhcid: dhcid::<F>(&lease.owner, &name),
            expires: lease.expires(),
            lifetime: lease.valid_lifetime,
            ttl: ttl(lease.valid_lifetime, parameters),
            conflict_resolution: parameters.conflict_resolution,
        });
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

/// The data of a DHCID record (RFC 4701 section 3): kind of identifier, kind of digest, SHA-256 of
/// identifier and name.
fn dhcid<F: Dialect>(owner: &F::Owner, name: &DomainName) -> [u8; 35] {
    /// The first octet of a client identifier that holds a DUID after an IAID (RFC 4361).
    const DUID_FOLLOWS: u8 = 255;
    let identifier = F::identifier(owner);
    let hw_addr = F::hw_addr(owner);
    let mut digest = Sha256::new();
    let kind = match identifier {
        [] => {
            // Hardware types of DHCPv4 are one octet.
            digest.update([hw_addr.htype() as u8]);
            digest.update(hw_addr.octets());
            0
        }
        [DUID_FOLLOWS, _, _, _, _, duid @ ..] if F::VERSION == 4 && !duid.is_empty() => {
            digest.update(duid);
            2
        }
        octets => {
            digest.update(octets);
            if F::VERSION == 4 { 1 } else { 2 }
        }
    };
    digest.update(name.wire().to_ascii_lowercase());
    let mut data = [0; 35];
    data[1] = kind;
    data[2] = SHA_256;
    data[3..].copy_from_slice(&digest.finalize());
    data
}

/// The digest type code of RFC 4701 section 3.4.
const SHA_256: u8 = 1;

#[cfg(test)]
mod tests {
    use kea_lease::V4Owner;
    use kea_wire::{ClientId, HwAddr, V4, parse_colon_hex};

    use super::*;

    fn octets(text: &str) -> Vec<u8> {
        parse_colon_hex(text).unwrap().to_vec()
    }

    /// The examples of RFC 4701 section 3.6.
    #[test]
    fn records_say_whose_a_name_is() {
        let hw_addr = HwAddr::new(1, &octets("01:02:03:04:05:06")).unwrap();
        let by_hw_addr = V4Owner { hw_addr, client_id: None };
        let client_id = ClientId::new(&octets("01:07:08:09:0a:0b:0c"));
        let by_client_id = V4Owner { hw_addr, client_id };
        let duid = octets("00:01:00:06:41:2d:f1:66:01:02:03:04:05:06");
        let with_iaid = [&[255, 0, 0, 0, 1][..], &duid].concat();
        let by_duid = V4Owner { hw_addr, client_id: ClientId::new(&with_iaid) };
        for (owner, name, expected) in [
            (
                &by_duid,
                "chi6.example.com",
                "00:02:01:63:6f:c0:b8:27:1c:82:82:5b:b1:ac:5c:41:cf:53:\
                 51:aa:69:b4:fe:bd:94:e8:f1:7c:db:95:00:0d:a4:8c:40",
            ),
            (
                &by_client_id,
                "Chi.example.com",
                "00:01:01:39:20:fe:5d:1d:ce:b3:fd:0b:a3:37:97:56:a7:0d:\
                 73:b1:70:09:f4:1d:58:bd:db:fc:d6:a2:50:39:56:d8:da",
            ),
            (
                &by_hw_addr,
                "client.example.com",
                "00:00:01:c4:b9:a5:b2:49:65:13:43:15:8d:de:7b:cc:77:16:\
                 98:41:f7:a4:24:3a:57:2b:5c:28:3f:ff:ed:eb:3f:75:e6",
            ),
        ] {
            assert_eq!(dhcid::<V4>(owner, &name.parse().unwrap())[..], octets(expected), "{name}");
        }
    }
}
