//! The client FQDN options: DHCPv4 81 (RFC 4702 section 2) and DHCPv6 39 (RFC 4704 section 4).

use std::fmt;

use kea_wire::Family;

use crate::decode::Parsing;
use crate::fqdn::{Compression, DomainName, NameError};

/// What a client and a server tell each other about the client's name and who updates the DNS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientFqdn {
    /// S and N.
    pub updates: ServerUpdates,
    /// O: the server did otherwise than the client's S asked for.
    pub overridden: bool,
    /// E of DHCPv4; DHCPv6 has the wire form only.
    pub encoding: NameEncoding,
    /// The name.
    pub name: ClientName,
}

/// What the server tells the DNS (the flags S and N, which exclude each other: RFC 4702 section 2.1,
/// RFC 4704 section 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerUpdates {
    /// N: nothing.
    Nothing,
    /// Neither: the pointer record; the client updates its address record (A or AAAA).
    Reverse,
    /// S: both records.
    Both,
}

impl ServerUpdates {
    /// True when the server updates the address record.
    pub fn forward(self) -> bool {
        self == ServerUpdates::Both
    }

    /// True when the server updates the pointer record.
    pub fn reverse(self) -> bool {
        self != ServerUpdates::Nothing
    }
}

/// How the name stands in the option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameEncoding {
    /// As text, which RFC 4702 section 2.3.1 deprecates.
    Ascii,
    /// As labels.
    Wire,
}

/// The name that a client has or wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientName {
    /// There is none: the server is to find one.
    Empty,
    /// The first labels; the server appends its suffix. The root label is not part of it.
    Partial(DomainName),
    /// A fully qualified name.
    Full(DomainName),
}

/// Why octets are no client FQDN option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientFqdnError {
    /// They end before the name begins.
    Truncated,
    /// The name is not valid.
    Name(NameError),
    /// The client wants the server to update the DNS, and not to (flags S and N).
    ContradictoryFlags,
}

impl ClientFqdn {
    /// Reads the option's data. [`Parsing::Lenient`] takes a name that is not valid for none, and N
    /// for what counts where S is set too.
    ///
    /// # Errors
    /// When the data ends too early, the flags contradict each other, or the name is not valid.
    pub fn parse<F: Family>(octets: &[u8], parsing: Parsing) -> Result<Self, ClientFqdnError> {
        let flags = *octets.first().ok_or(ClientFqdnError::Truncated)?;
        let name = octets.get(name_offset::<F>()..).ok_or(ClientFqdnError::Truncated)?;
        let updates = match (flags & FLAG_S != 0, flags & flag_n::<F>() != 0) {
            (true, true) if parsing == Parsing::Strict => {
                return Err(ClientFqdnError::ContradictoryFlags);
            }
            (true, false) => ServerUpdates::Both,
            (false, false) => ServerUpdates::Reverse,
            (_, true) => ServerUpdates::Nothing,
        };
        let is_wire = F::VERSION == 6 || flags & FLAG_E != 0;
        let encoding = if is_wire { NameEncoding::Wire } else { NameEncoding::Ascii };
        let name = match encoding {
            NameEncoding::Wire => parse_wire(name),
            NameEncoding::Ascii => parse_ascii(name),
        };
        let name = match name {
            Err(_) if parsing == Parsing::Lenient => ClientName::Empty,
            name => name?,
        };
        Ok(ClientFqdn { updates, overridden: flags & FLAG_O != 0, encoding, name })
    }

    /// Appends the option's data. The two RCODE fields of DHCPv4 are 255, as RFC 4702 section 2.2
    /// has it for servers.
    pub fn write<F: Family>(&self, out: &mut Vec<u8>) {
        let is_ascii = F::VERSION == 4 && self.encoding == NameEncoding::Ascii;
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        out.push(
            flag(self.updates.forward(), FLAG_S)
                | flag(self.overridden, FLAG_O)
                | flag(!self.updates.reverse(), flag_n::<F>())
                | flag(F::VERSION == 4 && !is_ascii, FLAG_E),
        );
        if F::VERSION == 4 {
            out.extend_from_slice(&[0xff, 0xff]);
        }
        match &self.name {
            ClientName::Empty => {}
            name if is_ascii => out.extend_from_slice(name.to_string().as_bytes()),
            ClientName::Full(name) => out.extend_from_slice(name.wire()),
            ClientName::Partial(name) => {
                let (_, labels) = name.wire().split_last().unwrap_or((&0, &[]));
                out.extend_from_slice(labels);
            }
        }
    }

    /// In words, for logs: the flags of the family, and the name.
    pub fn shown<F: Family>(&self) -> impl fmt::Display + '_ {
        fmt::from_fn(|f| {
            let encoded = (F::VERSION == 4).then_some((self.encoding == NameEncoding::Wire, 'E'));
            let flags = [(!self.updates.reverse(), 'N')].into_iter().chain(encoded);
            let flags = flags.chain([(self.overridden, 'O'), (self.updates.forward(), 'S')]);
            f.write_str("flags ")?;
            for (flag, letter) in flags {
                write!(f, "{letter}={} ", u8::from(flag))?;
            }
            match &self.name {
                ClientName::Empty => f.write_str("without name"),
                ClientName::Partial(name) => write!(f, "partial name {name}"),
                ClientName::Full(name) => write!(f, "full name {name}"),
            }
        })
    }
}

/// Labels; the name is partial when the root label is missing at the end. What follows a name is passed over.
fn parse_wire(octets: &[u8]) -> Result<ClientName, ClientFqdnError> {
    if octets.is_empty() {
        return Ok(ClientName::Empty);
    }
    match DomainName::from_wire(octets, 0, Compression::Refused) {
        Ok((name, _)) if name.is_root() => Ok(ClientName::Empty),
        Ok((name, _)) if octets.last() != Some(&0) => Ok(ClientName::Partial(name)),
        Ok((name, _)) => Ok(ClientName::Full(name)),
        Err(NameError::Truncated) => {
            let ended = [octets, &[0]].concat();
            let read = DomainName::from_wire(&ended, 0, Compression::Refused);
            read.map(|(name, _)| ClientName::Partial(name)).map_err(ClientFqdnError::Name)
        }
        Err(error) => Err(ClientFqdnError::Name(error)),
    }
}

/// Text; the name is partial when the final dot is missing.
fn parse_ascii(octets: &[u8]) -> Result<ClientName, ClientFqdnError> {
    let text = octets.strip_suffix(&[0]).unwrap_or(octets);
    if text.is_empty() || text == b"." {
        return Ok(ClientName::Empty);
    }
    let name = std::str::from_utf8(text).map_err(|_| ClientFqdnError::Name(NameError::Escape))?;
    let name: DomainName = name.parse().map_err(ClientFqdnError::Name)?;
    Ok(if text.ends_with(b".") { ClientName::Full(name) } else { ClientName::Partial(name) })
}

const FLAG_S: u8 = 0x01;
const FLAG_O: u8 = 0x02;
const FLAG_E: u8 = 0x04;

/// N is bit 3 of DHCPv4, and bit 2 of DHCPv6, which has no E.
const fn flag_n<F: Family>() -> u8 {
    if F::VERSION == 4 { 0x08 } else { 0x04 }
}

/// In DHCPv4 two RCODE octets follow the flags.
const fn name_offset<F: Family>() -> usize {
    if F::VERSION == 4 { 3 } else { 1 }
}

/// Dotted text; a full name has the final dot.
impl fmt::Display for ClientName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClientName::Empty => Ok(()),
            ClientName::Full(name) => name.fmt(f),
            ClientName::Partial(name) => {
                let text = name.to_string();
                f.write_str(text.strip_suffix('.').unwrap_or(&text))
            }
        }
    }
}

impl fmt::Display for ClientFqdnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClientFqdnError::Truncated => f.write_str("the option ends before the name"),
            ClientFqdnError::Name(error) => error.fmt(f),
            ClientFqdnError::ContradictoryFlags => f.write_str("flags S and N exclude each other"),
        }
    }
}

impl std::error::Error for ClientFqdnError {}

#[cfg(test)]
mod tests {
    use kea_wire::{V4, V6};

    use super::*;

    fn both_ways<F: Family>(octets: &[u8]) -> (ClientFqdn, Vec<u8>) {
        let read = ClientFqdn::parse::<F>(octets, Parsing::Strict).unwrap();
        let mut out = Vec::new();
        read.write::<F>(&mut out);
        (read, out)
    }

    #[test]
    fn flags_are_those_of_the_family() {
        let (v4, out) = both_ways::<V4>(b"\x0c\x00\x00\x04host\x07example\x00");
        assert_eq!((v4.updates, v4.overridden), (ServerUpdates::Nothing, false));
        assert_eq!(v4.encoding, NameEncoding::Wire);
        assert_eq!(v4.name, ClientName::Full("host.example.".parse().unwrap()));
        assert_eq!(v4.shown::<V4>().to_string(), "flags N=1 E=1 O=0 S=0 full name host.example.");
        assert_eq!(out, b"\x0c\xff\xff\x04host\x07example\x00");
        let (v6, out) = both_ways::<V6>(b"\x06\x04host");
        assert_eq!((v6.updates, v6.overridden), (ServerUpdates::Nothing, true));
        assert_eq!(v6.name, ClientName::Partial("host".parse().unwrap()));
        assert_eq!(v6.name.to_string(), "host");
        assert_eq!(v6.shown::<V6>().to_string(), "flags N=1 O=1 S=0 partial name host.");
        assert_eq!(out, b"\x06\x04host");
        for (flags, updates) in [(0, ServerUpdates::Reverse), (1, ServerUpdates::Both)] {
            assert_eq!(both_ways::<V4>(&[flags, 0, 0]).0.updates, updates);
            assert_eq!(both_ways::<V6>(&[flags]).0.updates, updates);
        }
    }

    #[test]
    fn flags_that_contradict_each_other_are_refused() {
        let v4 = |octets: &[u8], parsing| ClientFqdn::parse::<V4>(octets, parsing);
        let v6 = |octets: &[u8], parsing| ClientFqdn::parse::<V6>(octets, parsing);
        let contradiction = Err(ClientFqdnError::ContradictoryFlags);
        assert_eq!(v4(b"\x0d\x00\x00\x04host\x00", Parsing::Strict), contradiction);
        assert_eq!(v4(b"\x09\x00\x00host", Parsing::Strict), contradiction);
        assert_eq!(v6(b"\x05\x04host\x00", Parsing::Strict), contradiction);
        // What is N in one family is another flag in the other.
        assert!(v4(b"\x05\x00\x00", Parsing::Strict).is_ok());
        assert!(v6(b"\x09", Parsing::Strict).is_ok());
        for read in
            [v4(b"\x09\x00\x00host", Parsing::Lenient), v6(b"\x05\x04host", Parsing::Lenient)]
        {
            let read = read.unwrap();
            assert_eq!(read.updates, ServerUpdates::Nothing);
            assert_eq!(read.name, ClientName::Partial("host".parse().unwrap()));
        }
    }

    #[test]
    fn text_is_understood_in_dhcp4() {
        let (partial, out) = both_ways::<V4>(b"\x01\x00\x00host.lab");
        assert_eq!(partial.encoding, NameEncoding::Ascii);
        assert_eq!(partial.name, ClientName::Partial("host.lab".parse().unwrap()));
        assert_eq!(out, b"\x01\xff\xffhost.lab");
        let (full, out) = both_ways::<V4>(b"\x00\x00\x00host.");
        assert_eq!(full.name, ClientName::Full("host".parse().unwrap()));
        assert_eq!(out, b"\x00\xff\xffhost.");
    }

    #[test]
    fn there_may_be_no_name() {
        for octets in [&b"\x04\x00\x00"[..], b"\x04\x00\x00\x00", b"\x00\x00\x00."] {
            let read = ClientFqdn::parse::<V4>(octets, Parsing::Strict).unwrap();
            assert_eq!(read.name, ClientName::Empty);
        }
    }

    #[test]
    fn what_follows_a_name_is_passed_over() {
        let name = |octets: &[u8]| both_ways::<V6>(octets).0.name;
        assert_eq!(name(b"\x00\x01a\x00b"), ClientName::Partial("a".parse().unwrap()));
        assert_eq!(name(b"\x00\x01a\x00b\x00"), ClientName::Full("a".parse().unwrap()));
        assert_eq!(name(b"\x00\x00b"), ClientName::Empty);
    }

    #[test]
    fn what_is_wrong_is_said_or_forgiven() {
        let strict = |octets: &[u8]| ClientFqdn::parse::<V4>(octets, Parsing::Strict).unwrap_err();
        assert_eq!(strict(b""), ClientFqdnError::Truncated);
        assert_eq!(strict(b"\x04\x00"), ClientFqdnError::Truncated);
        assert_eq!(strict(b"\x04\x00\x00\x09host"), ClientFqdnError::Name(NameError::Truncated));
        assert_eq!(strict(b"\x00\x00\x00a..b"), ClientFqdnError::Name(NameError::EmptyLabel));
        let lenient = ClientFqdn::parse::<V4>(b"\x01\x00\x00a..b", Parsing::Lenient).unwrap();
        assert_eq!(lenient.updates, ServerUpdates::Both);
        assert_eq!(lenient.name, ClientName::Empty);
    }
}
