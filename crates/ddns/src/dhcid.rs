//! Whose name it is (RFC 4701).

use std::fmt;

use kea_options::DomainName;
use sha2::{Digest as _, Sha256};

/// The data of a DHCID record (RFC 4701 section 3.1): kind of identifier, kind of digest, digest.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Dhcid(Vec<u8>);

/// What is not the data of a DHCID record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DhcidError {
    /// Nothing.
    Empty,
    /// Not pairs of hexadecimal digits.
    NotHexadecimal,
}

/// What a client is known by (RFC 4701 section 3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity<'a> {
    /// Hardware type and address of a DHCPv4 client.
    HwAddr(u8, &'a [u8]),
    /// Data of the client identifier option of DHCPv4. One that holds a DUID (RFC 4361) counts as
    /// that DUID, so that a host has one identity in both protocols.
    ClientId(&'a [u8]),
    /// A DUID.
    Duid(&'a [u8]),
}

impl Dhcid {
    /// The record for a name of this client. Case does not matter in names.
    pub fn new(identity: Identity<'_>, name: &DomainName) -> Self {
        let mut digest = Sha256::new();
        let kind = match identity {
            Identity::HwAddr(htype, octets) => {
                digest.update([htype]);
                digest.update(octets);
                0
            }
            Identity::ClientId([DUID_FOLLOWS, _, _, _, _, duid @ ..]) if !duid.is_empty() => {
                digest.update(duid);
                2
            }
            Identity::ClientId(octets) => {
                digest.update(octets);
                1
            }
            Identity::Duid(octets) => {
                digest.update(octets);
                2
            }
        };
        digest.update(name.wire().to_ascii_lowercase());
        let mut data = vec![0, kind, SHA_256];
        data.extend_from_slice(&digest.finalize());
        Dhcid(data)
    }

    /// The record that a request names in hexadecimal digits.
    ///
    /// # Errors
    /// Where there is none.
    pub fn parse(text: &str) -> Result<Self, DhcidError> {
        let digit = |octet: &u8| char::from(*octet).to_digit(16);
        let digits: Option<Vec<u32>> = text.as_bytes().iter().map(digit).collect();
        let digits = digits.ok_or(DhcidError::NotHexadecimal)?;
        let (pairs, rest) = digits.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(DhcidError::NotHexadecimal);
        }
        // Two hexadecimal digits are an octet.
        let data: Vec<u8> = pairs.iter().map(|[high, low]| (high << 4 | low) as u8).collect();
        if data.is_empty() { Err(DhcidError::Empty) } else { Ok(Dhcid(data)) }
    }

    /// The octets of the record.
    pub fn octets(&self) -> &[u8] {
        &self.0
    }
}

/// Hexadecimal digits, in capitals.
impl fmt::Display for Dhcid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02X}"))
    }
}

impl fmt::Debug for Dhcid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for DhcidError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DhcidError::Empty => "it is empty",
            DhcidError::NotHexadecimal => "it is not pairs of hexadecimal digits",
        })
    }
}

impl std::error::Error for DhcidError {}

/// The first octet of a client identifier that holds a DUID after an IAID (RFC 4361 section 6.1).
const DUID_FOLLOWS: u8 = 255;
/// The digest type code of RFC 4701 section 3.4.
const SHA_256: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 4701 section 3.6.
    #[test]
    fn records_say_whose_a_name_is() {
        let duid = [0, 1, 0, 6, 0x41, 0x2d, 0xf1, 0x66, 1, 2, 3, 4, 5, 6];
        let with_iaid = [&[255, 0, 0, 0, 1][..], &duid].concat();
        let by_duid = "000201636FC0B8271C82825BB1AC5C41CF5351AA69B4FEBD94E8F17CDB95000DA48C40";
        for (identity, name, expected) in [
            (Identity::Duid(&duid), "chi6.example.com", by_duid),
            (Identity::ClientId(&with_iaid), "chi6.example.com", by_duid),
            (
                Identity::ClientId(&[1, 7, 8, 9, 10, 11, 12]),
                "Chi.example.com",
                "0001013920FE5D1DCEB3FD0BA3379756A70D73B17009F41D58BDDBFCD6A2503956D8DA",
            ),
            (
                Identity::HwAddr(1, &[1, 2, 3, 4, 5, 6]),
                "client.example.com",
                "000001C4B9A5B249651343158DDE7BCC77169841F7A4243A572B5C283FFFEDEB3F75E6",
            ),
        ] {
            let record = Dhcid::new(identity, &name.parse().unwrap());
            assert_eq!(record.to_string(), expected, "{name}");
            assert_eq!(Dhcid::parse(expected), Ok(record.clone()));
            assert_eq!(record.octets().len(), 35);
        }
    }

    #[test]
    fn other_text_is_no_record() {
        for (text, why) in [
            ("", DhcidError::Empty),
            ("0", DhcidError::NotHexadecimal),
            ("0g", DhcidError::NotHexadecimal),
            ("00 1", DhcidError::NotHexadecimal),
            ("é1", DhcidError::NotHexadecimal),
        ] {
            assert_eq!(Dhcid::parse(text), Err(why), "{text}");
        }
        assert_eq!(Dhcid::parse("00aF"), Ok(Dhcid(vec![0, 0xaf])));
    }
}
