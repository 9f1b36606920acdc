//! Requests as octets: the number of octets that follow, in two octets, and JSON.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use kea_options::DomainName;
use serde_json::{Map, Value};

use crate::dhcid::{Dhcid, DhcidError};
use crate::name_change::{ConflictResolution, NameChange, NameChangeRequest};

/// Why a datagram is no request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatagramError {
    /// Fewer octets than its first two promise.
    Truncated,
    /// Not a JSON map.
    NotAMap,
    /// A member that every request has is missing.
    Missing(&'static str),
    /// A member is of another kind, or out of range.
    Unsuitable(&'static str),
    /// The DHCID.
    Dhcid(DhcidError),
    /// Neither direction is asked for.
    NothingAsked,
}

impl NameChangeRequest {
    /// Appends the datagram. Members come in the order, and without blanks, that daemons of the
    /// same generation have always seen; the mode of conflict resolution is spelled out only where
    /// the flag that those know does not say it.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let number = match self.change {
            NameChange::Add => 0,
            NameChange::Remove => 1,
        };
        let mode = match self.conflict_resolution {
            ConflictResolution::CheckWithDhcid | ConflictResolution::NoCheckWithDhcid => {
                String::new()
            }
            other => {
                let word = ConflictResolution::WORDS.iter().find(|(mode, _)| *mode == other);
                format!(",\"conflict-resolution-mode\":\"{}\"", word.map_or("", |(_, word)| word))
            }
        };
        let json = format!(
            "{{\"change-type\":{number},\"forward-change\":{},\"reverse-change\":{},\
             \"fqdn\":{},\"ip-address\":\"{}\",\"dhcid\":\"{}\",\"lease-expires-on\":\"{}\",\
             \"lease-length\":{},\"use-conflict-resolution\":{}{mode}}}",
            self.forward,
            self.reverse,
            Value::String(self.fqdn.to_string()),
            self.address,
            self.dhcid,
            moment(self.expires),
            self.ttl,
            self.conflict_resolution.is_checked(),
        );
        // A name has 1020 characters at most, everything else far fewer.
        let length = u16::try_from(json.len()).unwrap_or(u16::MAX);
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(json.as_bytes());
    }

    /// Reads a datagram. Members may come in any order; unknown ones do not matter.
    ///
    /// # Errors
    /// When it is no request.
    pub fn decode(datagram: &[u8]) -> Result<Self, DatagramError> {
        let (length, rest) = datagram.split_first_chunk::<2>().ok_or(DatagramError::Truncated)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let json = rest.get(..length).ok_or(DatagramError::Truncated)?;
        let members: Map<String, Value> =
            serde_json::from_slice(json).map_err(|_| DatagramError::NotAMap)?;
        let members = Members(&members);
        let (forward, reverse) = (members.flag("forward-change")?, members.flag("reverse-change")?);
        if !forward && !reverse {
            return Err(DatagramError::NothingAsked);
        }
        Ok(NameChangeRequest {
            change: match members.number("change-type")? {
                0 => NameChange::Add,
                1 => NameChange::Remove,
                _ => return Err(DatagramError::Unsuitable("change-type")),
            },
            forward,
            reverse,
            fqdn: members.name("fqdn")?,
            address: members
                .text("ip-address")?
                .parse()
                .map_err(|_| DatagramError::Unsuitable("ip-address"))?,
            dhcid: Dhcid::parse(members.text("dhcid")?).map_err(DatagramError::Dhcid)?,
            expires: unix_seconds(members.text("lease-expires-on")?)
                .ok_or(DatagramError::Unsuitable("lease-expires-on"))?,
            ttl: members.number("lease-length")?,
            conflict_resolution: members.conflict_resolution()?,
        })
    }
}

struct Members<'a>(&'a Map<String, Value>);

impl<'a> Members<'a> {
    fn value(&self, key: &'static str) -> Result<&'a Value, DatagramError> {
        self.0.get(key).ok_or(DatagramError::Missing(key))
    }

    fn flag(&self, key: &'static str) -> Result<bool, DatagramError> {
        self.value(key)?.as_bool().ok_or(DatagramError::Unsuitable(key))
    }

    fn number(&self, key: &'static str) -> Result<u32, DatagramError> {
        let number = self.value(key)?.as_u64().and_then(|number| u32::try_from(number).ok());
        number.ok_or(DatagramError::Unsuitable(key))
    }

    fn text(&self, key: &'static str) -> Result<&'a str, DatagramError> {
        self.value(key)?.as_str().ok_or(DatagramError::Unsuitable(key))
    }

    fn name(&self, key: &'static str) -> Result<DomainName, DatagramError> {
        let text = self.text(key)?;
        let name = text.parse().ok().filter(|_| !text.trim().is_empty());
        name.ok_or(DatagramError::Unsuitable(key))
    }

    /// The mode, or the flag of older servers, or the mode of those that knew no other.
    fn conflict_resolution(&self) -> Result<ConflictResolution, DatagramError> {
        const MODE: &str = "conflict-resolution-mode";
        const FLAG: &str = "use-conflict-resolution";
        if self.0.contains_key(MODE) {
            let word = self.text(MODE)?;
            let known = ConflictResolution::WORDS.iter().find(|(_, known)| *known == word);
            return known.map(|(mode, _)| *mode).ok_or(DatagramError::Unsuitable(MODE));
        }
        if !self.0.contains_key(FLAG) || self.flag(FLAG)? {
            Ok(ConflictResolution::CheckWithDhcid)
        } else {
            Ok(ConflictResolution::NoCheckWithDhcid)
        }
    }
}

/// `YYYYMMDDHHMMSS` in UTC.
fn moment(unix_seconds: i64) -> String {
    // Times of leases are far from the ends of the calendar.
    let moment = Timestamp::from_second(unix_seconds).unwrap_or(Timestamp::MAX);
    moment.strftime(MOMENT).to_string()
}

fn unix_seconds(text: &str) -> Option<i64> {
    if text.len() != 14 {
        return None;
    }
    let moment = DateTime::strptime(MOMENT, text).ok()?;
    Some(moment.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
}

const MOMENT: &str = "%Y%m%d%H%M%S";

impl fmt::Display for DatagramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DatagramError::Truncated => f.write_str("it is shorter than it says"),
            DatagramError::NotAMap => f.write_str("it is no JSON map"),
            DatagramError::Missing(key) => write!(f, "'{key}' is missing"),
            DatagramError::Unsuitable(key) => write!(f, "'{key}' has no suitable value"),
            DatagramError::Dhcid(error) => write!(f, "'dhcid': {error}"),
            DatagramError::NothingAsked => f.write_str("neither direction is to be changed"),
        }
    }
}

impl std::error::Error for DatagramError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> NameChangeRequest {
        NameChangeRequest {
            change: NameChange::Add,
            forward: true,
            reverse: true,
            fqdn: "alice.example.org.".parse().unwrap(),
            address: "192.0.2.10".parse().unwrap(),
            dhcid: Dhcid::parse("000001116CB0").unwrap(),
            expires: 1_795_328_048,
            ttl: 2000,
            conflict_resolution: ConflictResolution::CheckWithDhcid,
        }
    }

    fn datagram(json: &str) -> Vec<u8> {
        [&u16::try_from(json.len()).unwrap().to_be_bytes(), json.as_bytes()].concat()
    }

    /// As Kea 2.2 sends it.
    const SENT: &str = "{\"change-type\":0,\"forward-change\":true,\"reverse-change\":true,\
        \"fqdn\":\"alice.example.org.\",\"ip-address\":\"192.0.2.10\",\"dhcid\":\"000001116CB0\",\
        \"lease-expires-on\":\"20261122061408\",\"lease-length\":2000,\
        \"use-conflict-resolution\":true}";

    #[test]
    fn a_request_is_written_as_daemons_know_it() {
        let mut out = Vec::new();
        request().encode(&mut out);
        assert_eq!(out, datagram(SENT), "{}", String::from_utf8_lossy(&out));
        assert_eq!(NameChangeRequest::decode(&out), Ok(request()));
    }

    #[test]
    fn every_mode_survives_the_way() {
        for (mode, flag) in [
            (ConflictResolution::CheckWithDhcid, true),
            (ConflictResolution::NoCheckWithDhcid, false),
            (ConflictResolution::CheckExistsWithDhcid, true),
            (ConflictResolution::NoCheckWithoutDhcid, false),
        ] {
            let request = NameChangeRequest {
                change: NameChange::Remove,
                forward: false,
                address: "2001:db8::1".parse().unwrap(),
                conflict_resolution: mode,
                ..request()
            };
            let mut out = Vec::new();
            request.encode(&mut out);
            let text = String::from_utf8_lossy(&out[2..]).into_owned();
            assert!(text.contains(&format!("\"use-conflict-resolution\":{flag}")), "{text}");
            assert_eq!(NameChangeRequest::decode(&out), Ok(request));
        }
    }

    #[test]
    fn older_servers_and_other_orders_are_understood() {
        let json = SENT.replace(",\"use-conflict-resolution\":true", "");
        assert_eq!(NameChangeRequest::decode(&datagram(&json)), Ok(request()));
        let json = SENT.replace("{\"change-type\":0,", "{").replace('}', ", \"change-type\": 0}");
        assert_eq!(NameChangeRequest::decode(&datagram(&json)), Ok(request()));
    }

    #[test]
    fn what_is_no_request_is_refused_with_its_reason() {
        let unsuitable = DatagramError::Unsuitable;
        for (from, to, why) in [
            ("\"change-type\":0,", "", DatagramError::Missing("change-type")),
            ("\"change-type\":0", "\"change-type\":2", unsuitable("change-type")),
            ("\"forward-change\":true", "\"forward-change\":1", unsuitable("forward-change")),
            ("alice.example.org.", " ", unsuitable("fqdn")),
            ("alice", "ali..ce", unsuitable("fqdn")),
            ("192.0.2.10", "192.0.2.256", unsuitable("ip-address")),
            ("000001116CB0", "", DatagramError::Dhcid(DhcidError::Empty)),
            ("000001116CB0", "xx", DatagramError::Dhcid(DhcidError::NotHexadecimal)),
            ("20261122061408", "20261322061408", unsuitable("lease-expires-on")),
            ("20261122061408", "2026112206140", unsuitable("lease-expires-on")),
            ("2000", "-1", unsuitable("lease-length")),
            ("2000", "4294967296", unsuitable("lease-length")),
            ("{", "[{", DatagramError::NotAMap),
        ] {
            let json = SENT.replacen(from, to, 1);
            assert_eq!(NameChangeRequest::decode(&datagram(&json)), Err(why), "{json}");
        }
        let neither = SENT.replace("change\":true", "change\":false");
        assert_eq!(
            NameChangeRequest::decode(&datagram(&neither)),
            Err(DatagramError::NothingAsked)
        );
        for datagram in [&b""[..], b"\x00", b"\x00\x05{}"] {
            assert_eq!(NameChangeRequest::decode(datagram), Err(DatagramError::Truncated));
        }
    }
}
