//! The rows of the standard tables with a text and octets for each, and the written differences.

use std::collections::BTreeMap;
use std::fmt;

/// An option by its space and code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct OptionId {
    pub(crate) space: String,
    pub(crate) code: u16,
}

/// One option of a table.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) id: OptionId,
    pub(crate) name: String,
    /// The data as an operator writes it.
    pub(crate) text: String,
    /// The data on the wire, without sub-options.
    pub(crate) octets: Vec<u8>,
}

/// What is known about an option that is not simply the same everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Difference {
    /// The server works the value out; what is configured is not what is sent.
    Computed,
    /// It is not put into the configuration: what answers have of it is not configured.
    Unconfigurable,
    /// Kea 2.2 has no definition: it is given ours, as `option-def`.
    DefinedLater,
    /// Kea 2.2 has no definition, and none can be given to it.
    DefinedLaterInternal,
    /// The two servers send different octets.
    Octets,
    /// Wireshark has no name for the option.
    TsharkUnnamed,
    /// Wireshark calls these octets an error.
    TsharkError,
    /// `dhcproto` does not give these octets back.
    SecondDecoder,
}

/// The options that one kind of [`Difference`] is written down for.
pub(crate) type Differences = BTreeMap<(Difference, OptionId), String>;

/// Reads a table: `SPACE CODE NAME | TEXT | OCTETS` in each line.
pub(crate) fn read_rows(text: &str) -> Vec<Row> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| read_row(line).unwrap_or_else(|| panic!("{line}"))).collect()
}

/// Reads the differences: `KIND SPACE CODE REASON` in each line.
pub(crate) fn read_differences(text: &str, version: u8) -> Differences {
    let main = format!("dhcp{version}");
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let read = lines.map(|line| read_difference(line).unwrap_or_else(|| panic!("{line}")));
    read.filter(|(family, ..)| *family == main).map(|(_, key, reason)| (key, reason)).collect()
}

fn read_row(line: &str) -> Option<Row> {
    let (head, rest) = line.split_once(" |")?;
    let (text, octets) = rest.rsplit_once('|')?;
    let mut words = head.split(' ');
    let id = OptionId { space: words.next()?.to_owned(), code: words.next()?.parse().ok()? };
    let octets = octets.trim().as_bytes().chunks(2);
    let octets = octets.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    Some(Row {
        id,
        name: words.next()?.to_owned(),
        text: text.trim().to_owned(),
        octets: octets.collect::<Option<_>>()?,
    })
}

type Entry<'a> = (&'a str, (Difference, OptionId), String);

fn read_difference(line: &str) -> Option<Entry<'_>> {
    let mut words = line.splitn(5, ' ');
    let family = words.next()?;
    let kind = match words.next()? {
        "computed" => Difference::Computed,
        "unconfigurable" => Difference::Unconfigurable,
        "defined-later" => Difference::DefinedLater,
        "defined-later-internal" => Difference::DefinedLaterInternal,
        "octets" => Difference::Octets,
        "tshark-unnamed" => Difference::TsharkUnnamed,
        "tshark-error" => Difference::TsharkError,
        "second-decoder" => Difference::SecondDecoder,
        _ => return None,
    };
    let id = OptionId { space: words.next()?.to_owned(), code: words.next()?.parse().ok()? };
    let reason = words.next().filter(|reason| reason.len() > 10)?;
    Some((family, (kind, id), reason.to_owned()))
}

impl OptionId {
    pub(crate) fn new(space: &str, code: u16) -> Self {
        OptionId { space: space.to_owned(), code }
    }
}

impl fmt::Display for OptionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.space, self.code)
    }
}
