//! How a lease is kept in memory: one fixed record, with all octets of variable length in one
//! inline buffer that typical leases without a name do not outgrow.

use kea_wire::{HwAddr, Iaid};
use smallvec::SmallVec;

use crate::lease::{Lease, LeaseFamily, LeaseKind, LeaseState, SubnetId, expires};

/// A place in a [`Slab`].
pub(crate) type Slot = u32;
/// No slot.
pub(crate) const NIL: Slot = Slot::MAX;

#[derive(Debug)]
pub(crate) struct Record<F: LeaseFamily> {
    pub(crate) cltt: i64,
    pub(crate) address: F::Addr,
    pub(crate) subnet: SubnetId,
    pub(crate) pool_id: u32,
    pub(crate) valid_lifetime: u32,
    /// Neighbours in the queue of leases that end in the same second.
    pub(crate) prev: Slot,
    pub(crate) next: Slot,
    pub(crate) term: F::Term,
    pub(crate) state: LeaseState,
    flags: u8,
    text: Text,
}

const FQDN_FWD: u8 = 1;
const FQDN_REV: u8 = 2;

/// `htype (2), hw length, hw, id length, id, hostname length (2), hostname, user context`.
type Text = SmallVec<[u8; 30]>;

impl<F: LeaseFamily> Record<F> {
    pub(crate) fn new(lease: &Lease<F>) -> Self {
        Record {
            cltt: lease.cltt,
            address: lease.address,
            subnet: lease.subnet,
            pool_id: lease.pool_id,
            valid_lifetime: lease.valid_lifetime,
            prev: NIL,
            next: NIL,
            term: F::term(&lease.owner),
            state: lease.state,
            flags: u8::from(lease.fqdn_fwd) * FQDN_FWD + u8::from(lease.fqdn_rev) * FQDN_REV,
            text: pack(lease),
        }
    }

    /// The lease, unpacked.
    pub(crate) fn lease(&self) -> Lease<F> {
        let parts = self.parts();
        Lease {
            address: self.address,
            subnet: self.subnet,
            pool_id: self.pool_id,
            valid_lifetime: self.valid_lifetime,
            cltt: self.cltt,
            state: self.state,
            fqdn_fwd: self.flags & FQDN_FWD != 0,
            fqdn_rev: self.flags & FQDN_REV != 0,
            hostname: String::from_utf8_lossy(parts.hostname).into(),
            user_context: String::from_utf8_lossy(parts.user_context).into(),
            owner: F::owner(self.hw_addr(), parts.identifier, self.term),
        }
    }

    pub(crate) fn hw_addr(&self) -> HwAddr {
        let parts = self.parts();
        HwAddr::new(parts.htype, parts.hw).unwrap_or_else(no_hw_addr)
    }

    pub(crate) fn expires(&self) -> Option<i64> {
        #[cfg(feature = "deliberate-faults")]
        if crate::Fault::IgnoredExpiry.is_injected() {
            return None;
        }
        expires(self.cltt, self.valid_lifetime)
    }

    pub(crate) fn kind(&self) -> LeaseKind {
        F::kind(&self.term)
    }

    pub(crate) fn association(&self) -> Option<Iaid> {
        F::association(&self.term)
    }

    pub(crate) fn parts(&self) -> Parts<'_> {
        let (htype, rest) = split(&self.text, 2);
        let (hw, rest) = counted(rest, 1);
        let (identifier, rest) = counted(rest, 1);
        let (hostname, user_context) = counted(rest, 2);
        let htype = number(htype) as u16;
        Parts { htype, hw, identifier, hostname, user_context }
    }
}

/// The octets of a record that vary in length. Each may be empty.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'a> {
    htype: u16,
    pub(crate) hw: &'a [u8],
    pub(crate) identifier: &'a [u8],
    pub(crate) hostname: &'a [u8],
    pub(crate) user_context: &'a [u8],
}

/// The empty hardware address.
pub fn no_hw_addr() -> HwAddr {
    // No octets are within a hardware address's bounds.
    #[allow(clippy::expect_used)]
    HwAddr::new(HwAddr::ETHERNET, &[]).expect("no octets are a hardware address")
}

fn pack<F: LeaseFamily>(lease: &Lease<F>) -> Text {
    let hw = F::hw_addr(&lease.owner);
    // Identifiers have at most 255 octets by construction, names are cut where DNS ends them.
    let identifier = F::identifier(&lease.owner);
    let hostname = lease.hostname.as_bytes();
    let hostname = hostname.get(..usize::from(u16::MAX)).unwrap_or(hostname);
    let len = 6 + hw.octets().len() + identifier.len() + hostname.len() + lease.user_context.len();
    let mut text = Text::new();
    text.reserve_exact(len);
    text.extend_from_slice(&hw.htype().to_be_bytes());
    text.push(hw.octets().len() as u8);
    text.extend_from_slice(hw.octets());
    text.push(identifier.len() as u8);
    text.extend_from_slice(identifier);
    text.extend_from_slice(&(hostname.len() as u16).to_be_bytes());
    text.extend_from_slice(hostname);
    text.extend_from_slice(lease.user_context.as_bytes());
    text
}

fn split(octets: &[u8], at: usize) -> (&[u8], &[u8]) {
    octets.split_at_checked(at).unwrap_or((&[], &[]))
}

fn number(octets: &[u8]) -> usize {
    octets.iter().fold(0, |n, octet| n << 8 | usize::from(*octet))
}

fn counted(octets: &[u8], width: usize) -> (&[u8], &[u8]) {
    let (len, rest) = split(octets, width);
    split(rest, number(len))
}

/// Records in chunks, so that growing never moves what is there.
#[derive(Debug)]
pub(crate) struct Slab<F: LeaseFamily> {
    chunks: Vec<Vec<Option<Record<F>>>>,
    free: Vec<Slot>,
}

const CHUNK_BITS: u32 = 8;
const CHUNK: usize = 1 << CHUNK_BITS;

impl<F: LeaseFamily> Default for Slab<F> {
    fn default() -> Self {
        Slab { chunks: Vec::new(), free: Vec::new() }
    }
}

impl<F: LeaseFamily> Slab<F> {
    pub(crate) fn add(&mut self, record: Record<F>) -> Slot {
        if let Some(slot) = self.free.pop()
            && let Some(place) = self.place(slot)
        {
            *place = Some(record);
            return slot;
        }
        match self.chunks.last_mut() {
            Some(chunk) if chunk.len() < CHUNK => chunk.push(Some(record)),
            // There may be very many small tables: only a second chunk is made whole at once.
            Some(_) => {
                let mut chunk = Vec::with_capacity(CHUNK);
                chunk.push(Some(record));
                self.chunks.push(chunk);
            }
            None => self.chunks.push(vec![Some(record)]),
        }
        let last = self.chunks.len() - 1;
        // Four billion records are more than 256 GiB.
        assert!(last < (NIL >> CHUNK_BITS) as usize, "one table holds more than 2^32 leases");
        (last << CHUNK_BITS | (self.chunks.get(last).map_or(0, Vec::len) - 1)) as Slot
    }

    pub(crate) fn take(&mut self, slot: Slot) -> Option<Record<F>> {
        let record = self.place(slot)?.take()?;
        self.free.push(slot);
        Some(record)
    }

    pub(crate) fn get(&self, slot: Slot) -> Option<&Record<F>> {
        self.chunks.get((slot >> CHUNK_BITS) as usize)?.get(slot as usize % CHUNK)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, slot: Slot) -> Option<&mut Record<F>> {
        self.place(slot)?.as_mut()
    }

    fn place(&mut self, slot: Slot) -> Option<&mut Option<Record<F>>> {
        self.chunks.get_mut((slot >> CHUNK_BITS) as usize)?.get_mut(slot as usize % CHUNK)
    }
}
