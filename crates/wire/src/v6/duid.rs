//! What a DUID is made of (RFC 9915 section 11, RFC 6355).

use crate::{Duid, HwAddr};

/// The parts of a DUID. A server compares DUIDs as octets; this is for display, for hardware
/// addresses of hosts and for the server's own DUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DuidKind<'a> {
    /// Link-layer address plus time (1).
    Llt {
        /// Hardware type.
        htype: u16,
        /// Seconds since the start of the year 2000, UTC, modulo 2³².
        time: u32,
        /// Link-layer address.
        address: &'a [u8],
    },
    /// Vendor's own, by enterprise number (2).
    En {
        /// Enterprise number.
        enterprise: u32,
        /// Identifier, unique at the vendor.
        identifier: &'a [u8],
    },
    /// Link-layer address (3).
    Ll {
        /// Hardware type.
        htype: u16,
        /// Link-layer address.
        address: &'a [u8],
    },
    /// Universally unique identifier (4, RFC 6355).
    Uuid([u8; 16]),
    /// Another type, or one of the above with its fixed fields incomplete.
    Other(&'a [u8]),
}

impl<'a> DuidKind<'a> {
    /// Takes a DUID apart.
    pub fn parse(octets: &'a [u8]) -> Self {
        match octets {
            [0, 1, h1, h0, t3, t2, t1, t0, address @ ..] => DuidKind::Llt {
                htype: u16::from_be_bytes([*h1, *h0]),
                time: u32::from_be_bytes([*t3, *t2, *t1, *t0]),
                address,
            },
            [0, 2, e3, e2, e1, e0, identifier @ ..] => {
                DuidKind::En { enterprise: u32::from_be_bytes([*e3, *e2, *e1, *e0]), identifier }
            }
            [0, 3, h1, h0, address @ ..] => {
                DuidKind::Ll { htype: u16::from_be_bytes([*h1, *h0]), address }
            }
            [0, 4, uuid @ ..] => {
                <[u8; 16]>::try_from(uuid).map_or(DuidKind::Other(octets), DuidKind::Uuid)
            }
            _ => DuidKind::Other(octets),
        }
    }

    /// The hardware address in an LLT or LL, when there is one of a known size.
    pub fn hw_addr(self) -> Option<HwAddr> {
        match self {
            DuidKind::Llt { htype, address, .. } | DuidKind::Ll { htype, address }
                if !address.is_empty() =>
            {
                HwAddr::new(htype, address)
            }
            _ => None,
        }
    }

    /// The octets of the DUID.
    pub fn to_octets(self) -> Vec<u8> {
        match self {
            DuidKind::Llt { htype, time, address } => {
                [&[0, 1], &htype.to_be_bytes()[..], &time.to_be_bytes(), address].concat()
            }
            DuidKind::En { enterprise, identifier } => {
                [&[0, 2], &enterprise.to_be_bytes()[..], identifier].concat()
            }
            DuidKind::Ll { htype, address } => {
                [&[0, 3], &htype.to_be_bytes()[..], address].concat()
            }
            DuidKind::Uuid(uuid) => [&[0, 4][..], &uuid].concat(),
            DuidKind::Other(octets) => octets.to_vec(),
        }
    }
}

impl Duid {
    /// Seconds from the Unix epoch to the one that DUID-LLT counts from, 2000-01-01 UTC.
    pub const TIME_EPOCH: i64 = 946_684_800;

    /// What the DUID is made of.
    pub fn kind(&self) -> DuidKind<'_> {
        DuidKind::parse(self.octets())
    }

    /// `None` when the parts are too long for a DUID.
    pub fn from_kind(kind: DuidKind<'_>) -> Option<Self> {
        Duid::new(&kind.to_octets())
    }
}
