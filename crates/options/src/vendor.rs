//! Enterprise numbers and the options that carry data under them: DHCPv4 124 and 125 (RFC 3925),
//! DHCPv6 16 and 17 (RFC 9915 sections 21.16 and 21.17).

use std::fmt;
use std::marker::PhantomData;

use kea_wire::Family;

use crate::value::{max_counted, write_counted};

/// A number that IANA gave to an enterprise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Enterprise(pub u32);

impl Enterprise {
    /// Cable Television Laboratories (DOCSIS).
    pub const CABLELABS: Enterprise = Enterprise(4491);
    /// Internet Systems Consortium.
    pub const ISC: Enterprise = Enterprise(2495);

    /// The enterprise of the space `vendor-NUMBER`; `None` for any other name.
    pub fn from_space(space: &str) -> Option<Self> {
        let digits = space.strip_prefix("vendor-")?;
        let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| digits.parse().ok()).flatten().map(Enterprise)
    }

    /// The name of the enterprise's option space, `vendor-NUMBER`.
    pub fn space(self) -> String {
        format!("vendor-{}", self.0)
    }
}

impl fmt::Display for Enterprise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A block of vendor data runs over the end of its option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TruncatedVendorData {
    /// Where the block begins.
    pub offset: usize,
}

/// Iterates over what the enterprises put into one vendor option.
///
/// In DHCPv4 (124, 125) an option may hold blocks of several enterprises, each counted; in DHCPv6
/// (16, 17) the whole option belongs to one, and several enterprises have an option each.
/// The data of option 125 or 17 is read with [`crate::SubOptions`], that of option 16 with
/// [`VendorClassData`]; that of 124 is opaque.
#[derive(Clone, Debug)]
pub struct VendorBlocks<'a, F> {
    octets: &'a [u8],
    offset: usize,
    family: PhantomData<F>,
}

impl<'a, F: Family> VendorBlocks<'a, F> {
    /// The blocks of the option whose data is `octets`.
    pub fn new(octets: &'a [u8]) -> Self {
        VendorBlocks { octets, offset: 0, family: PhantomData }
    }

    fn read(&self) -> Option<(Enterprise, &'a [u8], usize)> {
        let (number, rest) = self.octets.get(self.offset..)?.split_first_chunk::<4>()?;
        let enterprise = Enterprise(u32::from_be_bytes(*number));
        if F::VERSION == 6 {
            return Some((enterprise, rest, self.octets.len()));
        }
        let (&len, rest) = rest.split_first()?;
        let data = rest.get(..usize::from(len))?;
        Some((enterprise, data, self.offset + 5 + data.len()))
    }
}

impl<'a, F: Family> Iterator for VendorBlocks<'a, F> {
    type Item = Result<(Enterprise, &'a [u8]), TruncatedVendorData>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.offset >= self.octets.len() {
            return None;
        }
        let Some((enterprise, data, end)) = self.read() else {
            let offset = self.offset;
            self.offset = self.octets.len();
            return Some(Err(TruncatedVendorData { offset }));
        };
        self.offset = end;
        Some(Ok((enterprise, data)))
    }
}

/// Iterates over the opaque texts of a DHCPv6 vendor class (16) or user class (15).
#[derive(Clone, Debug)]
pub struct VendorClassData<'a> {
    octets: &'a [u8],
    offset: usize,
}

impl<'a> VendorClassData<'a> {
    /// The texts in `octets`, which begin after the enterprise number.
    pub fn new(octets: &'a [u8]) -> Self {
        VendorClassData { octets, offset: 0 }
    }
}

impl<'a> Iterator for VendorClassData<'a> {
    type Item = Result<&'a [u8], TruncatedVendorData>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.octets.get(self.offset..).filter(|rest| !rest.is_empty())?;
        let read = rest
            .split_first_chunk::<2>()
            .and_then(|(len, rest)| rest.get(..usize::from(u16::from_be_bytes(*len))));
        let Some(data) = read else {
            let offset = self.offset;
            self.offset = self.octets.len();
            return Some(Err(TruncatedVendorData { offset }));
        };
        self.offset += 2 + data.len();
        Some(Ok(data))
    }
}

/// Appends a vendor option's block: the enterprise and its encoded sub-options (or class data).
///
/// In DHCPv4 a block counts at most 255 octets; longer data becomes several blocks of the same
/// enterprise, divided anywhere, which a receiver concatenates (RFC 3925 section 4).
pub fn write_vendor_block<F: Family>(out: &mut Vec<u8>, enterprise: Enterprise, data: &[u8]) {
    if F::VERSION == 6 {
        out.extend_from_slice(&enterprise.0.to_be_bytes());
        out.extend_from_slice(data);
        return;
    }
    let mut rest = data;
    loop {
        let (part, more) = rest.split_at(rest.len().min(max_counted::<F>()));
        out.extend_from_slice(&enterprise.0.to_be_bytes());
        write_counted::<F>(out, part);
        rest = more;
        if rest.is_empty() {
            return;
        }
    }
}

impl fmt::Display for TruncatedVendorData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the vendor data at octet {} is truncated", self.offset)
    }
}

impl std::error::Error for TruncatedVendorData {}

#[cfg(test)]
mod tests {
    use kea_wire::{V4, V6};

    use super::*;

    #[test]
    fn a_space_names_its_enterprise() {
        assert_eq!(Enterprise::from_space("vendor-4491"), Some(Enterprise::CABLELABS));
        assert_eq!(Enterprise::CABLELABS.space(), "vendor-4491");
        for other in ["vendor-", "vendor-x", "vendor-+1", "vendor-4294967296", "dhcp4"] {
            assert_eq!(Enterprise::from_space(other), None, "{other}");
        }
    }

    #[test]
    fn an_option_125_holds_several_enterprises() {
        let mut out = Vec::new();
        write_vendor_block::<V4>(&mut out, Enterprise(4491), b"\x02\x01a");
        write_vendor_block::<V4>(&mut out, Enterprise(9), b"");
        assert_eq!(out, b"\x00\x00\x11\x8b\x03\x02\x01a\x00\x00\x00\x09\x00");
        let read: Vec<_> = VendorBlocks::<V4>::new(&out).collect();
        assert_eq!(read, [Ok((Enterprise(4491), &b"\x02\x01a"[..])), Ok((Enterprise(9), b""))]);
        let cut: Vec<_> = VendorBlocks::<V4>::new(&out[..7]).collect();
        assert_eq!(cut, [Err(TruncatedVendorData { offset: 0 })]);
    }

    #[test]
    fn long_vendor_data_becomes_several_blocks() {
        let mut out = Vec::new();
        write_vendor_block::<V4>(&mut out, Enterprise(1), &[5; 256]);
        let lens: Vec<_> = VendorBlocks::<V4>::new(&out).map(|b| b.unwrap().1.len()).collect();
        assert_eq!(lens, [255, 1]);
    }

    #[test]
    fn an_option_16_holds_the_texts_of_one_enterprise() {
        let octets = b"\x00\x00\x11\x8b\x00\x03eRo\x00\x01x";
        let block = VendorBlocks::<V6>::new(octets).next().unwrap();
        let (enterprise, data) = block.unwrap();
        assert_eq!(enterprise, Enterprise(4491));
        let texts: Vec<_> = VendorClassData::new(data).collect();
        assert_eq!(texts, [Ok(&b"eRo"[..]), Ok(b"x")]);
        let cut: Vec<_> = VendorClassData::new(&data[..6]).collect();
        assert_eq!(cut, [Ok(&b"eRo"[..]), Err(TruncatedVendorData { offset: 5 })]);
    }
}
