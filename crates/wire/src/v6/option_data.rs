//! The shapes of single options that the protocol itself reads.

use super::code;
use super::header::StatusCode;
use super::options::{Malformed, Options, split};
use crate::HwAddr;

/// A status (13, RFC 9915 section 21.13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status<'a> {
    /// The code.
    pub code: StatusCode,
    /// Text for the user, UTF-8 if the sender keeps the rules.
    pub message: &'a [u8],
}

impl<'a> Status<'a> {
    /// Reads the option's data.
    ///
    /// # Errors
    /// When there is no code.
    pub fn parse(data: &'a [u8]) -> Result<Self, Malformed> {
        let (&number, message) = split(code::STATUS_CODE, data)?;
        Ok(Status { code: u16::from_be_bytes(number).into(), message })
    }
}

/// A list of option codes: `ORO` (6) and `ERO` (43). An odd last octet is left out.
#[derive(Clone, Debug)]
pub struct Codes<'a> {
    rest: &'a [u8],
}

impl<'a> Codes<'a> {
    /// Reads the option's data.
    pub fn new(data: &'a [u8]) -> Self {
        Codes { rest: data }
    }
}

impl Iterator for Codes<'_> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        let (&code, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(u16::from_be_bytes(code))
    }
}

/// Opaque data with a 16-bit length before each (RFC 9915 sections 21.15 and 21.16).
#[derive(Clone, Debug)]
pub struct Tuples<'a> {
    rest: &'a [u8],
    lenient: bool,
}

impl<'a> Tuples<'a> {
    /// Reads tuples up to the first that is cut.
    pub fn new(data: &'a [u8]) -> Self {
        Tuples { rest: data, lenient: false }
    }

    /// Reads tuples; one whose length runs past the end takes what is left, as Kea's
    /// `lenient-option-parsing` wants it.
    pub fn lenient(data: &'a [u8]) -> Self {
        Tuples { rest: data, lenient: true }
    }

    /// The octets that are not read yet. After the iteration: what did not make a tuple, empty
    /// when the data was well formed.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Tuples<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (&len, tail) = self.rest.split_first_chunk()?;
        let mut len = usize::from(u16::from_be_bytes(len));
        if self.lenient {
            len = len.min(tail.len());
        }
        let (data, rest) = tail.split_at_checked(len)?;
        self.rest = rest;
        Some(data)
    }
}

/// Vendor class (16, RFC 9915 section 21.16).
#[derive(Clone, Debug)]
pub struct VendorClass<'a> {
    /// Enterprise number.
    pub enterprise: u32,
    /// Tuples of class data, not split yet.
    pub data: &'a [u8],
}

impl<'a> VendorClass<'a> {
    /// Reads the option's data.
    ///
    /// # Errors
    /// When there is no enterprise number.
    pub fn parse(data: &'a [u8]) -> Result<Self, Malformed> {
        let (&enterprise, data) = split(code::VENDOR_CLASS, data)?;
        Ok(VendorClass { enterprise: u32::from_be_bytes(enterprise), data })
    }

    /// The class data.
    pub fn tuples(&self) -> Tuples<'a> {
        Tuples::new(self.data)
    }
}

/// Vendor-specific information (17, RFC 9915 section 21.17).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VendorOpts<'a> {
    /// Enterprise number.
    pub enterprise: u32,
    /// The vendor's options.
    pub options: Options<'a>,
}

impl<'a> VendorOpts<'a> {
    /// Reads the option's data.
    ///
    /// # Errors
    /// When there is no enterprise number.
    pub fn parse(data: &'a [u8]) -> Result<Self, Malformed> {
        let (&enterprise, rest) = split(code::VENDOR_OPTS, data)?;
        Ok(VendorOpts { enterprise: u32::from_be_bytes(enterprise), options: Options::new(rest) })
    }
}

/// Remote identifier of a relay (37, RFC 4649).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemoteId<'a> {
    /// Enterprise number of the relay's maker.
    pub enterprise: u32,
    /// The identifier.
    pub identifier: &'a [u8],
}

impl<'a> RemoteId<'a> {
    /// Reads the option's data.
    ///
    /// # Errors
    /// When there is no enterprise number.
    pub fn parse(data: &'a [u8]) -> Result<Self, Malformed> {
        let (&enterprise, identifier) = split(code::REMOTE_ID, data)?;
        Ok(RemoteId { enterprise: u32::from_be_bytes(enterprise), identifier })
    }
}

/// Authentication (11, RFC 9915 section 21.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Auth<'a> {
    /// Protocol; 3 is the reconfigure key protocol.
    pub protocol: u8,
    /// Algorithm; 1 is HMAC-MD5.
    pub algorithm: u8,
    /// Replay detection method; 0 is a growing counter.
    pub replay_method: u8,
    /// Replay detection value.
    pub replay_value: u64,
    /// What the protocol puts here.
    pub information: &'a [u8],
}

impl<'a> Auth<'a> {
    /// Reads the option's data.
    ///
    /// # Errors
    /// When shorter than 11 octets.
    pub fn parse(data: &'a [u8]) -> Result<Self, Malformed> {
        let (&[protocol, algorithm, replay_method], rest) = split::<3>(code::AUTH, data)?;
        let malformed = Malformed { code: code::AUTH, len: data.len() };
        let (&replay, information) = rest.split_first_chunk().ok_or(malformed)?;
        let replay_value = u64::from_be_bytes(replay);
        Ok(Auth { protocol, algorithm, replay_method, replay_value, information })
    }
}

/// Client FQDN (39, RFC 4704).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientFqdn<'a> {
    /// Flags: bit 0 S, bit 1 O, bit 2 N.
    pub flags: u8,
    /// The name in DNS wire form; without the root label when partial.
    pub name: &'a [u8],
}

impl<'a> ClientFqdn<'a> {
    /// Reads the option's data.
    ///
    /// # Errors
    /// When empty.
    pub fn parse(data: &'a [u8]) -> Result<Self, Malformed> {
        let (&[flags], name) = split::<1>(code::CLIENT_FQDN, data)?;
        Ok(ClientFqdn { flags, name })
    }
}

/// Reads a client link-layer address (79, RFC 6939).
///
/// # Errors
/// When there is no hardware type, or more address than [`HwAddr::MAX_LEN`].
pub fn client_link_layer_address(data: &[u8]) -> Result<HwAddr, Malformed> {
    let (&htype, address) = split(code::CLIENT_LINKLAYER_ADDR, data)?;
    HwAddr::new(u16::from_be_bytes(htype), address)
        .ok_or(Malformed { code: code::CLIENT_LINKLAYER_ADDR, len: data.len() })
}
