//! The simulated clients: which addresses and identifiers they have.

use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::args::{Options, Protocol};

/// The identities of all simulated clients.
#[derive(Clone, Debug)]
pub struct Clients {
    base_mac: [u8; 6],
    base_duid: Vec<u8>,
    macs: Vec<[u8; 6]>,
    relays: Vec<IpAddr>,
}

/// Why the lists of clients or relays cannot be used.
#[derive(Debug)]
pub enum ListError {
    /// The file cannot be read.
    Read {
        /// Which.
        file: String,
        /// Why.
        error: io::Error,
    },
    /// The file has no entries.
    Empty {
        /// Which.
        file: String,
    },
    /// A line is not what it should be.
    Line {
        /// Which file.
        file: String,
        /// Its number, from 1.
        line: usize,
        /// What it should be.
        expected: &'static str,
    },
}

impl std::fmt::Display for ListError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ListError::Read { file, error } => write!(f, "unable to open {file}: {error}"),
            ListError::Empty { file } => write!(f, "file {file} with addresses is empty!"),
            ListError::Line { file, line, expected } => {
                write!(f, "{file}:{line}: expected {expected}")
            }
        }
    }
}

impl std::error::Error for ListError {}

impl Clients {
    /// From `-b`, `-M` and `-J`.
    ///
    /// # Errors
    /// A list file is missing, empty or wrong.
    pub fn new(options: &Options) -> Result<Self, ListError> {
        let macs = match &options.mac_list {
            Some(file) => read_list(file, "a MAC address", parse_mac)?,
            None => Vec::new(),
        };
        let four = options.protocol == Protocol::V4;
        let relay = |text: &str| text.parse().ok().filter(|a: &IpAddr| a.is_ipv4() == four);
        let relays = match &options.relay_list {
            Some(file) => read_list(file, "an address of the protocol's family", relay)?,
            None => Vec::new(),
        };
        let base_duid = match &options.base_duid {
            Some(duid) => duid.clone(),
            None => default_duid(options.base_mac),
        };
        Ok(Clients { base_mac: options.base_mac, base_duid, macs, relays })
    }

    /// The hardware address of a client.
    pub fn mac(&self, client: u32) -> [u8; 6] {
        if let Some(listed) = self.listed(client) {
            return listed;
        }
        let mut mac = self.base_mac;
        add(&mut mac, client);
        mac
    }

    /// The DUID of a client: the base with the client's number added, or a DUID-LL of a listed
    /// address (RFC 9915 section 11.4).
    pub fn duid(&self, client: u32, out: &mut Vec<u8>) {
        out.clear();
        if let Some(mac) = self.listed(client) {
            out.extend_from_slice(&[0, 3, 0, 1]);
            out.extend_from_slice(&mac);
            return;
        }
        out.extend_from_slice(&self.base_duid);
        add(out, client);
    }

    /// The number of the client for the next exchange: in turn, or one of the list at random.
    pub(crate) fn pick(&self, in_turn: u32, random: &mut fastrand::Rng) -> u32 {
        if self.macs.is_empty() { in_turn } else { random.u32(0..self.macs.len() as u32) }
    }

    /// A relay for the next exchange, when there is a list.
    pub(crate) fn relay(&self, random: &mut fastrand::Rng) -> Option<IpAddr> {
        random.choice(&self.relays).copied()
    }

    /// True when `-J` was given.
    pub(crate) fn has_relays(&self) -> bool {
        !self.relays.is_empty()
    }

    /// The base MAC address.
    pub fn base_mac(&self) -> [u8; 6] {
        self.base_mac
    }

    /// The base DUID.
    pub fn base_duid(&self) -> &[u8] {
        &self.base_duid
    }

    fn listed(&self, client: u32) -> Option<[u8; 6]> {
        let count = self.macs.len() as u32;
        (count > 0).then(|| self.macs[(client % count) as usize])
    }
}

/// Six octets separated by `:` or `::`.
pub(crate) fn parse_mac(text: &str) -> Option<[u8; 6]> {
    let single = text.trim().replace("::", ":");
    let octets: Option<Vec<u8>> = single
        .split(':')
        .map(|o| (o.len() <= 2).then(|| u8::from_str_radix(o, 16).ok()).flatten())
        .collect();
    octets?.try_into().ok()
}

/// Adds to the number that the octets are, and lets the carry of the first one go.
pub(crate) fn add(octets: &mut [u8], number: u32) {
    let mut carry = u64::from(number);
    for octet in octets.iter_mut().rev() {
        let sum = u64::from(*octet) + (carry & 0xff);
        *octet = sum as u8;
        carry = (carry >> 8) + (sum >> 8);
        if carry == 0 {
            break;
        }
    }
}

/// DUID-LLT (RFC 9915 section 11.2) of the address and the time; seconds since 2000.
fn default_duid(mac: [u8; 6]) -> Vec<u8> {
    const YEAR_2000: u64 = 946_684_800;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let mut duid = vec![0, 1, 0, 1];
    duid.extend_from_slice(&(now.saturating_sub(YEAR_2000) as u32).to_be_bytes());
    duid.extend_from_slice(&mac);
    duid
}

fn read_list<T>(
    file: &Path,
    expected: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, ListError> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file)
        .map_err(|error| ListError::Read { file: name.clone(), error })?;
    let mut entries = Vec::new();
    for (i, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let bad = || ListError::Line { file: name.clone(), line: i + 1, expected };
        entries.push(parse(line.trim()).ok_or_else(bad)?);
    }
    if entries.is_empty() { Err(ListError::Empty { file: name }) } else { Ok(entries) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macs_are_read_with_single_and_double_colons() {
        let mac = Some([0, 0x0c, 1, 2, 3, 4]);
        assert_eq!(parse_mac("00:0C:01:02:03:04"), mac);
        assert_eq!(parse_mac("00::0c::01::02::03::04"), mac);
        for bad in ["", "1:2:3:4:5", "1:2:3:4:5:6:7", "1:2:3:4:5:100", "g:2:3:4:5:6"] {
            assert_eq!(parse_mac(bad), None, "{bad}");
        }
    }

    #[test]
    fn clients_count_up_from_the_base() {
        let options =
            Options { base_duid: Some(vec![0, 1, 2, 3, 0xff, 0xff]), ..Options::default() };
        let clients = Clients::new(&options).unwrap();
        assert_eq!(clients.mac(0), [0, 0x0c, 1, 2, 3, 4]);
        assert_eq!(clients.mac(0x1_00fc), [0, 0x0c, 1, 3, 4, 0]);
        let mut duid = Vec::new();
        clients.duid(1, &mut duid);
        assert_eq!(duid, [0, 1, 2, 4, 0, 0]);
    }
}
