//! Layout of a line (manual chapter 16.1.5.6).

use std::fmt;
use std::ops::Range;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::digits::push_thousand;
use crate::levels::Severity;
use crate::message_row::Component;
use crate::output::Destination;
use crate::record::{Head, Record};
use crate::text_buffer::TextBuffer;

/// A compiled pattern such as `%D{%Y-%m-%d %H:%M:%S.%q} %-5p [%c/%i.%t] %m\n`.
///
/// `%D{…}` is local time and `%d{…}` UTC, both with strftime letters and `%q` (milliseconds) and `%Q` (milliseconds
/// with three decimals); `%p` severity, `%c` logger, `%i` process, `%t` thread, `%m` identifier and text,
/// `%n` line end, `%%` a percent sign. Between `%` and the letter: minimal width, left-aligned after `-`, and after a
/// dot the maximal width, which cuts from the left.
#[derive(Clone, Debug)]
pub struct Pattern {
    parts: Vec<Part>,
    zone: TimeZone,
    scratch: TextBuffer,
}

/// Why a pattern cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatternError {
    /// A `%` with this letter means nothing.
    UnknownConversion(char),
    /// The pattern ends within a conversion.
    Unfinished,
    /// A date format without its closing brace.
    UnclosedDate,
    /// A date format with letters that mean nothing.
    BadDate(String),
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownConversion(letter) => write!(f, "'%{letter}' means nothing"),
            Self::Unfinished => f.write_str("ends within a conversion"),
            Self::UnclosedDate => f.write_str("date format without closing brace"),
            Self::BadDate(format) => write!(f, "date format '{format}' cannot be used"),
        }
    }
}

impl std::error::Error for PatternError {}

impl Pattern {
    /// Layout of consoles and files unless configured.
    pub const DEFAULT: &'static str = "%D{%Y-%m-%d %H:%M:%S.%q} %-5p [%c/%i.%t] %m\n";

    /// Layout of syslog unless configured.
    pub const DEFAULT_SYSLOG: &'static str = "%-5p [%c.%t] %m\n";

    /// Compiles a pattern; local times are shown in `zone`.
    pub fn parse(pattern: &str, zone: TimeZone) -> Result<Self, PatternError> {
        let mut parts = Parts::default();
        let mut rest = pattern;
        while let Some(at) = rest.find('%') {
            parts.literal(&rest[..at]);
            let (piece, tail) = conversion(&rest[at + 1..])?;
            match piece {
                Conversion::Literal(text) => parts.literal(text),
                Conversion::Origin(field, width) => parts.origin(field, width),
                Conversion::Each(field, width) => parts.each(field, width),
            }
            rest = tail;
        }
        parts.literal(rest);
        Ok(Self { parts: parts.0, zone, scratch: TextBuffer::default() })
    }

    /// The text of the default pattern for a kind of output.
    pub(crate) fn default_for(destination: &Destination) -> &'static str {
        match destination {
            Destination::Syslog(_) | Destination::Journald => Self::DEFAULT_SYSLOG,
            Destination::Stdout | Destination::Stderr | Destination::File(_) => Self::DEFAULT,
        }
    }

    /// Appends the line of an occurrence. What many lines have in common is kept, hence `&mut`.
    pub(crate) fn write(&mut self, record: &Record<'_>, out: &mut TextBuffer) {
        for part in &mut self.parts {
            match part {
                Part::Origin(origin) => out.put(origin.text(record)),
                Part::Each(field, width) if width.is_plain() => {
                    field.write(record, &self.zone, out);
                }
                Part::Each(field, width) => {
                    self.scratch.clear();
                    field.write(record, &self.zone, &mut self.scratch);
                    width.write(&String::from_utf8_lossy(self.scratch.as_slice()), out);
                }
            }
        }
    }
}

#[derive(Clone, Debug)]
enum Part {
    Origin(Origin),
    Each(Field, Width),
}

/// What differs from one message to the next.
#[derive(Clone, Debug)]
enum Field {
    Date(Date),
    Message,
}

impl Field {
    fn write(&mut self, record: &Record<'_>, zone: &TimeZone, out: &mut TextBuffer) {
        match self {
            Self::Date(date) => date.write(record.head.at, zone, out),
            Self::Message => record.push_text(out),
        }
    }
}

/// Text between the above, which is the same for all messages of one logger, severity and thread.
#[derive(Clone, Debug)]
struct Origin {
    pieces: Vec<OriginPiece>,
    /// The last text of each logger.
    known: Vec<Option<(Severity, i32, TextBuffer)>>,
}

#[derive(Clone, Debug)]
enum OriginPiece {
    Literal(String),
    Field(OriginField, Width),
}

#[derive(Clone, Copy, Debug)]
enum OriginField {
    Severity,
    Logger,
    Process,
    Thread,
}

impl Origin {
    fn text(&mut self, record: &Record<'_>) -> &[u8] {
        let Head { message, thread, .. } = record.head;
        let known = &mut self.known[message.component.index()];
        if !matches!(known, Some((severity, of, _)) if (*severity, *of) == (message.severity, thread))
        {
            *known = None;
        }
        let pieces = &self.pieces;
        let (_, _, text) =
            known.get_or_insert_with(|| (message.severity, thread, written(pieces, record)));
        text.as_slice()
    }
}

fn written(pieces: &[OriginPiece], record: &Record<'_>) -> TextBuffer {
    let mut out = TextBuffer::default();
    for piece in pieces {
        match piece {
            OriginPiece::Literal(text) => out.put(text.as_bytes()),
            OriginPiece::Field(field, width) => {
                let text = match field {
                    OriginField::Severity => record.head.message.severity.name().to_owned(),
                    OriginField::Logger => record.logger.to_owned(),
                    OriginField::Process => record.process.to_string(),
                    OriginField::Thread => record.head.thread.to_string(),
                };
                width.write(&text, &mut out);
            }
        }
    }
    out
}

/// Gathers what belongs to one [`Origin`].
#[derive(Default)]
struct Parts(Vec<Part>);

impl Parts {
    fn literal(&mut self, text: &str) {
        if !text.is_empty() {
            self.add(OriginPiece::Literal(text.to_owned()));
        }
    }

    fn origin(&mut self, field: OriginField, width: Width) {
        self.add(OriginPiece::Field(field, width));
    }

    fn each(&mut self, field: Field, width: Width) {
        self.0.push(Part::Each(field, width));
    }

    fn add(&mut self, piece: OriginPiece) {
        if let Some(Part::Origin(origin)) = self.0.last_mut() {
            origin.pieces.push(piece);
        } else {
            self.0.push(Part::Origin(Origin {
                pieces: vec![piece],
                known: vec![None; Component::COUNT],
            }));
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Width {
    left: bool,
    minimum: usize,
    maximum: Option<usize>,
}

impl Width {
    fn is_plain(self) -> bool {
        self.minimum == 0 && self.maximum.is_none()
    }

    fn write(self, text: &str, out: &mut TextBuffer) {
        if self.is_plain() {
            return out.put(text.as_bytes());
        }
        let length = text.chars().count();
        let cut = self.maximum.map_or(0, |maximum| length.saturating_sub(maximum));
        let padding = self.minimum.saturating_sub(length - cut);
        if !self.left {
            (0..padding).for_each(|_| out.push(b' '));
        }
        let start = text.char_indices().nth(cut).map_or(text.len(), |(at, _)| at);
        out.put(&text.as_bytes()[start..]);
        if self.left {
            (0..padding).for_each(|_| out.push(b' '));
        }
    }
}

/// A date format, cut at the parts below a second, which strftime does not know.
#[derive(Clone, Debug)]
struct Date {
    utc: bool,
    parts: Vec<DatePart>,
    /// Second for which the texts of `parts` hold.
    second: Option<i64>,
    /// Nanoseconds for which one text holds.
    unit: i64,
    /// Times for which `text` holds: many lines are said in one millisecond.
    known: Range<i64>,
    text: TextBuffer,
}

#[derive(Clone, Debug)]
enum DatePart {
    Seconds { format: String, text: String },
    Milliseconds,
    Microseconds,
}

impl Date {
    fn parse(format: &str, utc: bool) -> Result<Self, PatternError> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut letters = format.chars();
        while let Some(letter) = letters.next() {
            let conversion = if letter == '%' { letters.next() } else { None };
            let fraction = match conversion {
                Some('q') => Some(DatePart::Milliseconds),
                Some('Q') => Some(DatePart::Microseconds),
                _ => None,
            };
            match fraction {
                Some(fraction) => {
                    parts.push(DatePart::seconds(std::mem::take(&mut plain))?);
                    parts.push(fraction);
                }
                None => {
                    plain.push(letter);
                    plain.extend(conversion);
                }
            }
        }
        parts.push(DatePart::seconds(plain)?);
        parts.retain(|part| !matches!(part, DatePart::Seconds { format, .. } if format.is_empty()));
        let unit = parts.iter().map(DatePart::unit).min().unwrap_or(SECOND);
        Ok(Self { utc, parts, second: None, unit, known: 0..0, text: TextBuffer::default() })
    }

    fn write(&mut self, at: i64, zone: &TimeZone, out: &mut TextBuffer) {
        if !self.known.contains(&at) {
            let begin = at.div_euclid(self.unit) * self.unit;
            self.known = begin..begin.saturating_add(self.unit);
            self.refresh(at, zone);
        }
        out.put(self.text.as_slice());
    }

    fn refresh(&mut self, at: i64, zone: &TimeZone) {
        let second = at.div_euclid(SECOND);
        let microsecond = at.rem_euclid(SECOND) / 1_000;
        if self.second != Some(second) {
            self.second = Some(second);
            let zone = if self.utc { TimeZone::UTC } else { zone.clone() };
            let time = Timestamp::from_second(second).unwrap_or_default().to_zoned(zone);
            self.parts.iter_mut().for_each(|part| part.refresh(&time));
        }
        self.text.clear();
        for part in &self.parts {
            match part {
                DatePart::Seconds { text, .. } => self.text.put(text.as_bytes()),
                DatePart::Milliseconds => push_thousand(microsecond / 1_000, &mut self.text),
                DatePart::Microseconds => {
                    push_thousand(microsecond / 1_000, &mut self.text);
                    self.text.push(b'.');
                    push_thousand(microsecond % 1_000, &mut self.text);
                }
            }
        }
    }
}

/// In nanoseconds.
const SECOND: i64 = 1_000_000_000;

impl DatePart {
    /// Checks the format on a date, since a bad one is only found when formatting.
    fn seconds(format: String) -> Result<Self, PatternError> {
        let epoch = Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
        match jiff::fmt::strtime::format(&format, &epoch) {
            Ok(_) => Ok(Self::Seconds { format, text: String::new() }),
            Err(_) => Err(PatternError::BadDate(format)),
        }
    }

    /// Nanoseconds for which its text holds.
    fn unit(&self) -> i64 {
        match self {
            Self::Seconds { .. } => SECOND,
            Self::Milliseconds => SECOND / 1_000,
            Self::Microseconds => SECOND / 1_000_000,
        }
    }

    fn refresh(&mut self, time: &Zoned) {
        if let Self::Seconds { format, text } = self {
            *text = jiff::fmt::strtime::format(&*format, time).unwrap_or_default();
        }
    }
}

/// What a percent sign stands for.
enum Conversion {
    Literal(&'static str),
    Origin(OriginField, Width),
    Each(Field, Width),
}

/// Reads a conversion behind its percent sign; returns what follows it.
fn conversion(text: &str) -> Result<(Conversion, &str), PatternError> {
    let mut width = Width::default();
    let mut rest = text;
    if let Some(tail) = rest.strip_prefix('-') {
        width.left = true;
        rest = tail;
    }
    (width.minimum, rest) = number(rest);
    if let Some(tail) = rest.strip_prefix('.') {
        let (maximum, tail) = number(tail);
        width.maximum = Some(maximum);
        rest = tail;
    }
    let letter = rest.chars().next().ok_or(PatternError::Unfinished)?;
    rest = &rest[letter.len_utf8()..];
    let piece = match letter {
        '%' => Conversion::Literal("%"),
        'n' => Conversion::Literal("\n"),
        'p' => Conversion::Origin(OriginField::Severity, width),
        'c' => Conversion::Origin(OriginField::Logger, width),
        'i' => Conversion::Origin(OriginField::Process, width),
        't' => Conversion::Origin(OriginField::Thread, width),
        'm' => Conversion::Each(Field::Message, width),
        'd' | 'D' => {
            let (format, tail) = match rest.strip_prefix('{') {
                Some(inner) => inner.split_once('}').ok_or(PatternError::UnclosedDate)?,
                None => ("%Y-%m-%d %H:%M:%S", rest),
            };
            rest = tail;
            Conversion::Each(Field::Date(Date::parse(format, letter == 'd')?), width)
        }
        other => return Err(PatternError::UnknownConversion(other)),
    };
    Ok((piece, rest))
}

/// A decimal number, 0 when there is none, and what follows it.
fn number(text: &str) -> (usize, &str) {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    // Wider than any line makes sense is capped, lest a typing error fills the disk.
    let number = text[..digits].parse().unwrap_or(0).min(1_000);
    (number, &text[digits..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::argument::Encoded;
    use crate::message;

    /// 2019-08-05 14:27:45.871 UTC and 52 microseconds.
    const AT: i64 = 1_565_015_265_871_052_000;

    fn line(pattern: &str) -> String {
        lines(pattern, &[AT])
    }

    /// Lines of one pattern, said at these times.
    fn lines(pattern: &str, times: &[i64]) -> String {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let mut pattern = Pattern::parse(pattern, zone).expect("a good pattern");
        let mut out = TextBuffer::default();
        for at in times {
            let record = Record {
                head: Head { message: &message::DHCP4_SHUTDOWN, at: *at, thread: 12345 },
                logger: "kea-dhcp4.dhcp4",
                process: 8475,
                arguments: Encoded(&[]),
            };
            pattern.write(&record, &mut out);
        }
        String::from_utf8(out.as_slice().to_owned()).expect("UTF-8")
    }

    #[test]
    fn default_layouts() {
        assert_eq!(
            line(Pattern::DEFAULT),
            "2019-08-05 16:27:45.871 INFO  [kea-dhcp4.dhcp4/8475.12345] DHCP4_SHUTDOWN shut down\n"
        );
        assert_eq!(
            line(Pattern::DEFAULT_SYSLOG),
            "INFO  [kea-dhcp4.dhcp4.12345] DHCP4_SHUTDOWN shut down\n"
        );
    }

    #[test]
    fn utc_and_fractions() {
        assert_eq!(line("%d{%H:%M:%S.%q|%Q|%%q}"), "14:27:45.871|871.052|%q");
        assert_eq!(line("%D{%a %j %y}%n"), "Mon 217 19\n");
        assert_eq!(line("%D"), "2019-08-05 16:27:45");
    }

    #[test]
    fn each_line_has_its_own_time() {
        let times = [AT, AT + 1_000, AT + 947_000, AT + 948_000, AT + 129_000_000, AT, -1_000];
        assert_eq!(
            lines("%d{%S.%q %Q|}", &times),
            "45.871 871.052|45.871 871.053|45.871 871.999|45.872 872.000|46.000 000.052|\
             45.871 871.052|59.999 999.999|"
        );
        assert_eq!(
            lines("%d{%S.%q|}", &times),
            "45.871|45.871|45.871|45.872|46.000|45.871|59.999|"
        );
        assert_eq!(lines("%d{%S|}", &times), "45|45|45|45|46|45|59|");
    }

    #[test]
    fn every_date_letter_of_the_manual_is_known() {
        for letter in "aAbBcdHIjmMpSUwWxXyYZ%".chars() {
            let format = format!("%D{{%{letter}}}");
            assert!(Pattern::parse(&format, TimeZone::UTC).is_ok(), "{format}");
        }
    }

    #[test]
    fn padding_and_truncation() {
        assert_eq!(line("[%7p][%-7p][%.5c][%6.2p]%%"), "[   INFO][INFO   ][dhcp4][    FO]%");
    }

    #[test]
    fn no_line_end_unless_asked_for() {
        assert_eq!(line("x"), "x");
    }

    #[test]
    fn bad_patterns_are_named() {
        let error = |pattern| Pattern::parse(pattern, TimeZone::UTC).err();
        assert_eq!(error("%y"), Some(PatternError::UnknownConversion('y')));
        assert_eq!(error("abc %-5"), Some(PatternError::Unfinished));
        assert_eq!(error("%D{%Y"), Some(PatternError::UnclosedDate));
        assert_eq!(error("%D{%!}"), Some(PatternError::BadDate("%!".into())));
    }
}
