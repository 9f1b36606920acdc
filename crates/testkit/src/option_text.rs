//! Options as scenario files write them: names and values for the codes that tests speak of.

use std::net::IpAddr;

/// Why an option's text is not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptionTextError {
    /// Neither a code nor a known name.
    Name(String),
    /// The value does not fit the option's format.
    Value {
        /// The option.
        name: String,
        /// The text.
        text: String,
    },
}

impl std::fmt::Display for OptionTextError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            OptionTextError::Name(name) => write!(f, "unknown option '{name}'"),
            OptionTextError::Value { name, text } => {
                write!(f, "'{text}' is no value of option {name}; try hex:… or text:…")
            }
        }
    }
}

impl std::error::Error for OptionTextError {}

/// The options of a protocol by name.
#[derive(Clone, Copy)]
pub struct OptionNames(&'static [OptionName]);

impl OptionNames {
    /// Those of DHCPv4.
    pub const V4: OptionNames = OptionNames(V4);
    /// Those of DHCPv6.
    pub const V6: OptionNames = OptionNames(V6);

    /// The code of an option named by its code or its name in the manual's tables.
    pub fn code(self, name: &str) -> Result<u16, OptionTextError> {
        let number = name.parse().ok();
        number
            .or_else(|| self.0.iter().find(|o| o.name == name).map(|o| o.code))
            .ok_or_else(|| OptionTextError::Name(name.to_owned()))
    }

    /// The bytes of a value: `hex:0a:0b`, `text:abc`, or the option's own format.
    pub fn value(self, name: &str, text: &str) -> Result<Vec<u8>, OptionTextError> {
        let code = self.code(name)?;
        let wrong = || OptionTextError::Value { name: name.to_owned(), text: text.to_owned() };
        if let Some(hex) = text.strip_prefix("hex:") {
            let octets = kea_wire::parse_colon_hex(hex).map_err(|_| wrong())?;
            return Ok(octets.to_vec());
        }
        if let Some(raw) = text.strip_prefix("text:") {
            return Ok(raw.as_bytes().to_vec());
        }
        let format = self.0.iter().find(|o| o.code == code).map(|o| o.format);
        format.and_then(|format| format.parse(text)).ok_or_else(wrong)
    }
}

#[derive(Clone, Copy)]
enum Format {
    Addresses,
    U8s,
    U16s,
    U32,
    Text,
    Names,
    Hex,
}

impl Format {
    fn parse(self, text: &str) -> Option<Vec<u8>> {
        let parts = text.split(',').map(str::trim);
        match self {
            Format::Addresses => {
                let octets = parts.map(|p| match p.parse().ok()? {
                    IpAddr::V4(address) => Some(address.octets().to_vec()),
                    IpAddr::V6(address) => Some(address.octets().to_vec()),
                });
                octets.collect::<Option<Vec<_>>>().map(|list| list.concat())
            }
            Format::U8s => parts.map(|p| p.parse().ok()).collect(),
            Format::U16s => {
                let numbers = parts.map(|p| p.parse::<u16>().ok().map(u16::to_be_bytes));
                numbers.collect::<Option<Vec<_>>>().map(|list| list.concat())
            }
            Format::U32 => text.parse::<u32>().ok().map(|n| n.to_be_bytes().to_vec()),
            Format::Text => Some(text.as_bytes().to_vec()),
            Format::Names => parts.map(wire_name).collect::<Option<Vec<_>>>().map(|n| n.concat()),
            Format::Hex => kea_wire::parse_colon_hex(text).ok().map(|octets| octets.to_vec()),
        }
    }
}

/// A domain name in wire form (RFC 1035 section 3.1).
fn wire_name(name: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for label in name.trim_end_matches('.').split('.') {
        out.push(u8::try_from(label.len()).ok().filter(|len| (1..64).contains(len))?);
        out.extend(label.as_bytes());
    }
    out.push(0);
    Some(out)
}

struct OptionName {
    code: u16,
    name: &'static str,
    format: Format,
}

macro_rules! options {
    ($($code:literal $name:literal $format:ident,)*) => {
        &[$(OptionName { code: $code, name: $name, format: Format::$format },)*]
    };
}

const V4: &[OptionName] = options! {
    1 "subnet-mask" Addresses,
    2 "time-offset" U32,
    3 "routers" Addresses,
    4 "time-servers" Addresses,
    6 "domain-name-servers" Addresses,
    7 "log-servers" Addresses,
    12 "host-name" Text,
    13 "boot-size" U16s,
    15 "domain-name" Text,
    17 "root-path" Text,
    19 "ip-forwarding" U8s,
    23 "default-ip-ttl" U8s,
    26 "interface-mtu" U16s,
    28 "broadcast-address" Addresses,
    33 "static-routes" Addresses,
    42 "ntp-servers" Addresses,
    43 "vendor-encapsulated-options" Hex,
    44 "netbios-name-servers" Addresses,
    46 "netbios-node-type" U8s,
    50 "requested-address" Addresses,
    51 "lease-time" U32,
    53 "message-type" U8s,
    54 "server-identifier" Addresses,
    55 "parameter-request-list" U8s,
    56 "message" Text,
    57 "max-message-size" U16s,
    58 "renewal-time" U32,
    59 "rebinding-time" U32,
    60 "vendor-class-identifier" Text,
    61 "client-identifier" Hex,
    66 "tftp-server-name" Text,
    67 "boot-file-name" Text,
    77 "user-class" Hex,
    80 "rapid-commit" Hex,
    81 "fqdn" Hex,
    82 "relay-agent-information" Hex,
    93 "client-system" U16s,
    100 "pcode" Text,
    108 "v6-only-preferred" U32,
    114 "v4-captive-portal" Text,
    118 "subnet-selection" Addresses,
    119 "domain-search" Names,
    124 "vivco-suboptions" Hex,
    125 "vivso-suboptions" Hex,
    138 "capwap-ac-v4" Addresses,
};

const V6: &[OptionName] = options! {
    1 "client-id" Hex,
    2 "server-id" Hex,
    3 "ia-na" Hex,
    4 "ia-ta" Hex,
    5 "iaaddr" Hex,
    6 "oro" U16s,
    7 "preference" U8s,
    8 "elapsed-time" U16s,
    9 "relay-msg" Hex,
    11 "auth" Hex,
    12 "unicast" Addresses,
    13 "status-code" Hex,
    14 "rapid-commit" Hex,
    15 "user-class" Hex,
    16 "vendor-class" Hex,
    17 "vendor-opts" Hex,
    18 "interface-id" Text,
    19 "reconf-msg" U8s,
    20 "reconf-accept" Hex,
    21 "sip-server-dns" Names,
    22 "sip-server-addr" Addresses,
    23 "dns-servers" Addresses,
    24 "domain-search" Names,
    25 "ia-pd" Hex,
    26 "iaprefix" Hex,
    27 "nis-servers" Addresses,
    31 "sntp-servers" Addresses,
    32 "information-refresh-time" U32,
    37 "remote-id" Hex,
    38 "subscriber-id" Text,
    39 "client-fqdn" Hex,
    41 "new-posix-timezone" Text,
    43 "ero" U16s,
    52 "capwap-ac-v6" Addresses,
    53 "relay-id" Hex,
    59 "bootfile-url" Text,
    61 "client-arch-type" U16s,
    62 "nii" U8s,
    64 "aftr-name" Names,
    65 "erp-local-domain-name" Names,
    66 "rsoo" Hex,
    67 "pd-exclude" Hex,
    79 "client-linklayer-addr" Hex,
    82 "sol-max-rt" U32,
    83 "inf-max-rt" U32,
    88 "dhcp4o6-server-addr" Addresses,
    103 "v6-captive-portal" Text,
    135 "relay-source-port" U16s,
    148 "addr-reg-enable" Hex,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_bytes() {
        let value = |name, text| OptionNames::V4.value(name, text);
        assert_eq!(value("routers", "10.0.0.1, 10.0.0.2").unwrap().len(), 8);
        assert_eq!(value("lease-time", "256"), Ok(vec![0, 0, 1, 0]));
        assert_eq!(value("55", "1,3,6"), Ok(vec![1, 3, 6]));
        assert_eq!(value("77", "hex:01:ff"), Ok(vec![1, 255]));
        assert_eq!(value("domain-search", "a.bc"), Ok(vec![1, b'a', 2, b'b', b'c', 0]));
        assert_eq!(value("200", "text:x"), Ok(vec![b'x']));
        let value = |name, text| OptionNames::V6.value(name, text);
        assert_eq!(value("oro", "23, 24"), Ok(vec![0, 23, 0, 24]));
        assert_eq!(value("dns-servers", "2001:db8::1").unwrap()[..4], [0x20, 1, 0x0d, 0xb8]);
    }

    #[test]
    fn what_is_not_understood_is_named() {
        let names = OptionNames::V4;
        assert_eq!(names.code("nonsense"), Err(OptionTextError::Name("nonsense".to_owned())));
        let wrong = names.value("lease-time", "soon");
        assert!(matches!(wrong, Err(OptionTextError::Value { name, .. }) if name == "lease-time"));
    }
}
