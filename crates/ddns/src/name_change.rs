//! One name, one address: what becomes of their records.

use std::fmt;
use std::net::IpAddr;

use kea_options::DomainName;

use crate::dhcid::Dhcid;

/// A request to the DNS update daemon: one name, one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameChangeRequest {
    /// What to do.
    pub change: NameChange,
    /// The address record.
    pub forward: bool,
    /// The pointer record.
    pub reverse: bool,
    /// The name.
    pub fqdn: DomainName,
    /// The address.
    pub address: IpAddr,
    /// Whose name it is.
    pub dhcid: Dhcid,
    /// Unix second at which the records have served their time.
    pub expires: i64,
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

/// How it is checked whose name it is (`ddns-conflict-resolution-mode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConflictResolution {
    /// Only who owns the name may change it (RFC 4703).
    CheckWithDhcid,
    /// Anyone may; the owner is recorded.
    NoCheckWithDhcid,
    /// Any client whose name it is by some DHCID record may.
    CheckExistsWithDhcid,
    /// Anyone may; no owner is recorded.
    NoCheckWithoutDhcid,
}

impl ConflictResolution {
    /// Every mode with its word in configurations and requests.
    pub(crate) const WORDS: [(ConflictResolution, &str); 4] = [
        (ConflictResolution::CheckWithDhcid, "check-with-dhcid"),
        (ConflictResolution::NoCheckWithDhcid, "no-check-with-dhcid"),
        (ConflictResolution::CheckExistsWithDhcid, "check-exists-with-dhcid"),
        (ConflictResolution::NoCheckWithoutDhcid, "no-check-without-dhcid"),
    ];

    /// What older daemons know of it: whether there is a check at all.
    pub fn is_checked(self) -> bool {
        matches!(
            self,
            ConflictResolution::CheckWithDhcid | ConflictResolution::CheckExistsWithDhcid
        )
    }
}

/// `add alice.example.org. and 192.0.2.10 (forward and reverse)`.
impl fmt::Display for NameChangeRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let change = match self.change {
            NameChange::Add => "add",
            NameChange::Remove => "remove",
        };
        let directions = match (self.forward, self.reverse) {
            (true, true) => "forward and reverse",
            (true, false) => "forward",
            (false, true) => "reverse",
            (false, false) => "nothing",
        };
        write!(f, "{change} {} and {} ({directions})", self.fqdn, self.address)
    }
}
