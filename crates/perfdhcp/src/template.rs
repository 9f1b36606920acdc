//! `-T`: messages given as hexadecimal digits, with places for what differs from one to the next.

use std::path::Path;

use crate::args::hex;
use crate::args::{Options, Protocol, SecondOffsets};

/// A message with places to fill in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    octets: Vec<u8>,
    /// Where the transaction identifier is.
    pub xid: usize,
    /// The last octet of what tells clients apart.
    pub random: usize,
    /// For the second message.
    pub second: SecondOffsets,
}

/// Why a template cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateError {
    /// The file cannot be read.
    Open {
        /// Which.
        file: String,
    },
    /// There is something else than hexadecimal digits and blanks, or an odd number of digits.
    Digits {
        /// Which file.
        file: String,
    },
    /// A place is behind the message's end.
    Offset {
        /// Which file.
        file: String,
        /// The option that says where.
        option: &'static str,
        /// The place.
        offset: usize,
    },
}

impl std::fmt::Display for TemplateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            TemplateError::Open { file } => write!(f, "unable to open template file {file}"),
            TemplateError::Digits { file } => write!(
                f,
                "the template file {file} must hold an even number of hexadecimal digits and spaces"
            ),
            TemplateError::Offset { file, option, offset } => {
                write!(f, "offset {option} {offset} is behind the end of template {file}")
            }
        }
    }
}

impl std::error::Error for TemplateError {}

impl Template {
    /// Reads the templates of a run: for the first message, and for the second.
    ///
    /// # Errors
    /// A file cannot be read, or does not fit the offsets.
    pub fn read_all(options: &Options) -> Result<Vec<Self>, TemplateError> {
        let each = options.templates.iter().enumerate();
        each.map(|(i, file)| Self::read(options, i, file)).collect()
    }

    fn read(options: &Options, which: usize, path: &Path) -> Result<Self, TemplateError> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|_| TemplateError::Open { file: file.clone() })?;
        let octets = parse(&text).ok_or_else(|| TemplateError::Digits { file: file.clone() })?;
        let template = Self::of(options, which, octets);
        let Template { octets, xid, random, second } = &template;
        let xid_len = if options.protocol == Protocol::V4 { 4 } else { 3 };
        let second_places =
            [("-E", second.elapsed), ("-S", second.server_id), ("-I", second.address)];
        let places = [("-X", xid.checked_add(xid_len - 1)), ("-O", Some(*random))];
        let places = places.into_iter().chain(second_places.into_iter().take(which * 3));
        for (option, offset) in places {
            if let Some(offset) = offset.filter(|o| *o >= octets.len()) {
                return Err(TemplateError::Offset { file, option, offset });
            }
        }
        Ok(template)
    }

    /// A message, with its places: those that are given, else those that are found in it.
    pub(crate) fn of(options: &Options, which: usize, octets: Vec<u8>) -> Self {
        let four = options.protocol == Protocol::V4;
        // Where the messages that this program makes have them: the end of a six-octet `chaddr`,
        // the end of a DUID-LLT in the first option.
        let (xid, random) = if four { (4, 33) } else { (1, 21) };
        let found = if four { find4(&octets) } else { find6(&octets) };
        let given = options.second_offsets;
        Template {
            octets,
            xid: options.xid_offsets[which].unwrap_or(xid),
            random: options.random_offsets[which].unwrap_or(random),
            second: SecondOffsets {
                elapsed: given.elapsed.or(found.elapsed),
                server_id: given.server_id.or(found.server_id),
                address: given.address.or(found.address),
            },
        }
    }

    /// The message as it stands in the file.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// Writes the message for a client: its number is added to the octets that end at the random
    /// offset, as many of them as the number of clients needs.
    pub(crate) fn emit(&self, out: &mut [u8], client: u32, clients: u32) {
        let width = match clients {
            0..=0xff => 1,
            0x100..=0xffff => 2,
            0x1_0000..=0xff_ffff => 3,
            _ => 4,
        };
        let end = (self.random + 1).min(out.len());
        crate::client::add(&mut out[end.saturating_sub(width)..end], client);
    }

    /// What `-x T` shows: the places that are filled in, 0 for those that are not, and lines of sixteen
    /// octets.
    pub(crate) fn dump(&self, is_second: bool) -> String {
        let mut text = format!("xid-offset={}\nrandom-offset={}\n", self.xid, self.random);
        if is_second {
            let SecondOffsets { elapsed, server_id, address } = self.second;
            let places = [("srvid", server_id), ("time", elapsed), ("ip", address)];
            for (name, at) in places {
                text.push_str(&format!("{name}-offset={}\n", at.unwrap_or(0)));
            }
        }
        text.push_str("contents: \n");
        for (i, line) in self.octets.chunks(16).enumerate() {
            // As perfdhcp does, in hexadecimal digits and not in octets.
            text.push_str(&format!("{:04x}   ", i * 32));
            line.iter().for_each(|o| text.push_str(&format!("{o:02x}")));
            text.push('\n');
        }
        text
    }
}

/// Writes `data` at an offset, as far as there is room.
pub(crate) fn put(out: &mut [u8], at: Option<usize>, data: &[u8]) {
    if let Some(place) = at.and_then(|at| out.get_mut(at..)) {
        place.iter_mut().zip(data).for_each(|(to, from)| *to = *from);
    }
}

fn parse(text: &str) -> Option<Vec<u8>> {
    let digits: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    hex(&digits).filter(|octets| !octets.is_empty())
}

/// The places in a DHCPREQUEST; the address is behind its option's header.
fn find4(octets: &[u8]) -> SecondOffsets {
    let mut found = SecondOffsets { elapsed: Some(8), ..SecondOffsets::default() };
    let mut at = 240;
    while let Some([code, len]) = octets.get(at..at + 2) {
        match code {
            0 => {
                at += 1;
                continue;
            }
            50 => found.address = Some(at + 2),
            54 => found.server_id = Some(at),
            255 => break,
            _ => {}
        }
        at += 2 + usize::from(*len);
    }
    found
}

/// The places in a Request; each is that of the whole option.
fn find6(octets: &[u8]) -> SecondOffsets {
    let mut found = SecondOffsets::default();
    let mut at = 4;
    while let Some([c1, c0, l1, l0]) = octets.get(at..at + 4) {
        match u16::from_be_bytes([*c1, *c0]) {
            2 => found.server_id = Some(at),
            3 => found.address = Some(at),
            8 => found.elapsed = Some(at),
            _ => {}
        }
        at += 4 + usize::from(u16::from_be_bytes([*l1, *l0]));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_and_blanks_only() {
        assert_eq!(parse("12B4 1 2 B\n4"), Some(vec![0x12, 0xb4, 0x12, 0xb4]));
        assert_eq!(parse("123"), None);
        assert_eq!(parse("12x4"), None);
        assert_eq!(parse(" "), None);
    }

    #[test]
    fn as_many_octets_differ_as_clients_need() {
        let template =
            Template { octets: vec![0; 8], xid: 1, random: 5, second: SecondOffsets::default() };
        let write = |client, clients| {
            let mut out = template.octets().to_vec();
            template.emit(&mut out, client, clients);
            out
        };
        assert_eq!(write(0x1ff, 255), [0, 0, 0, 0, 0, 0xff, 0, 0]);
        assert_eq!(write(0x1ff, 256), [0, 0, 0, 0, 1, 0xff, 0, 0]);
        assert_eq!(write(0x01_02_03, 70_000), [0, 0, 0, 1, 2, 3, 0, 0]);
    }

    #[test]
    fn places_are_found_by_their_options() {
        let mut four = vec![0; 240];
        four.extend([53, 1, 3, 0, 54, 4, 1, 2, 3, 4, 50, 4, 5, 6, 7, 8, 255]);
        let places = find4(&four);
        assert_eq!((places.server_id, places.address), (Some(244), Some(252)));
        let six = [3, 0, 0, 0, 0, 2, 0, 1, 9, 0, 8, 0, 2, 0, 0];
        let places = find6(&six);
        assert_eq!((places.server_id, places.elapsed, places.address), (Some(4), Some(9), None));
    }

    #[test]
    fn dump_has_sixteen_octets_a_line() {
        let second = SecondOffsets { elapsed: Some(8), server_id: None, address: Some(2) };
        let template = Template { octets: vec![0xab; 17], xid: 4, random: 33, second };
        let contents = format!("contents: \n0000   {}\n0020   ab\n", "ab".repeat(16));
        let first = format!("xid-offset=4\nrandom-offset=33\n{contents}");
        assert_eq!(template.dump(false), first);
        let places = "srvid-offset=0\ntime-offset=8\nip-offset=2\ncontents: ";
        assert_eq!(template.dump(true), first.replace("contents: ", places));
    }
}
