//! Layout of a line (manual chapter 16.1.5.6).

use std::fmt;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::output::Destination;
use crate::record::Record;

/// A compiled pattern such as `%D{%Y-%m-%d %H:%M:%S.%q} %-5p [%c/%i.%t] %m\n`.
///
/// `%D{…}` is local time and `%d{…}` UTC, both with strftime letters and `%q` (milliseconds) and `%Q` (milliseconds
/// with three decimals); `%p` severity, `%c` logger, `%i` process, `%t` thread, `%m` identifier and text,
/// `%n` line end, `%%` a percent sign. Between `%` and the letter: minimal width, left-aligned after `-`, and after a
/// dot the maximal width, which cuts from the left.
#[derive(Clone, Debug)]
pub struct Pattern {
    pieces: Vec<Piece>,
    zone: TimeZone,
    scratch: String,
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
        let mut pieces = Vec::new();
        let mut rest = pattern;
        while let Some(at) = rest.find('%') {
            if at > 0 {
                pieces.push(Piece::Literal(rest[..at].to_owned()));
            }
            let (piece, tail) = conversion(&rest[at + 1..])?;
            pieces.push(piece);
            rest = tail;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Literal(rest.to_owned()));
        }
        Ok(Self { pieces, zone, scratch: String::new() })
    }

    /// The text of the default pattern for a kind of output.
    pub(crate) fn default_for(destination: &Destination) -> &'static str {
        match destination {
            Destination::Syslog(_) | Destination::Journald => Self::DEFAULT_SYSLOG,
            Destination::Stdout | Destination::Stderr | Destination::File(_) => Self::DEFAULT,
        }
    }

    /// Appends the line of an occurrence. Dates are worked out once per second, hence `&mut`.
    pub(crate) fn write(&mut self, record: &Record<'_>, out: &mut String) {
        for piece in &mut self.pieces {
            match piece {
                Piece::Literal(text) => out.push_str(text),
                Piece::Field { field, width } if width.is_plain() => {
                    field.write(record, &self.zone, out);
                }
                Piece::Field { field: Field::Severity, width } => {
                    width.write(record.head.message.severity.name(), out);
                }
                Piece::Field { field, width } => {
                    self.scratch.clear();
                    field.write(record, &self.zone, &mut self.scratch);
                    width.write(&self.scratch, out);
                }
            }
        }
    }
}

#[derive(Clone, Debug)]
enum Piece {
    Literal(String),
    Field { field: Field, width: Width },
}

#[derive(Clone, Debug)]
enum Field {
    Date(Date),
    Severity,
    Logger,
    Process,
    Thread,
    Message,
}

impl Field {
    fn write(&mut self, record: &Record<'_>, zone: &TimeZone, out: &mut String) {
        match self {
            Self::Date(date) => date.write(record.head.at, zone, out),
            Self::Severity => out.push_str(record.head.message.severity.name()),
            Self::Logger => out.push_str(record.logger),
            Self::Process => push_number(record.process, out),
            Self::Thread => push_number(record.head.thread.unsigned_abs(), out),
            Self::Message => record.push_text(out),
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

    fn write(self, text: &str, out: &mut String) {
        let length = text.chars().count();
        let cut = self.maximum.map_or(0, |maximum| length.saturating_sub(maximum));
        let padding = self.minimum.saturating_sub(length - cut);
        if !self.left {
            out.extend(std::iter::repeat_n(' ', padding));
        }
        let start = text.char_indices().nth(cut).map_or(text.len(), |(at, _)| at);
        out.push_str(&text[start..]);
        if self.left {
            out.extend(std::iter::repeat_n(' ', padding));
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
        Ok(Self { utc, parts, second: None })
    }

    fn write(&mut self, at: i64, zone: &TimeZone, out: &mut String) {
        let second = at.div_euclid(1_000_000_000);
        let microsecond = at.rem_euclid(1_000_000_000) / 1_000;
        if self.second != Some(second) {
            self.second = Some(second);
            let zone = if self.utc { TimeZone::UTC } else { zone.clone() };
            let time = Timestamp::from_second(second).unwrap_or_default().to_zoned(zone);
            self.parts.iter_mut().for_each(|part| part.refresh(&time));
        }
        for part in &self.parts {
            match part {
                DatePart::Seconds { text, .. } => out.push_str(text),
                DatePart::Milliseconds => push_thousand(microsecond / 1_000, out),
                DatePart::Microseconds => {
                    push_thousand(microsecond / 1_000, out);
                    out.push('.');
                    push_thousand(microsecond % 1_000, out);
                }
            }
        }
    }
}

impl DatePart {
    /// Checks the format on a date, since a bad one is only found when formatting.
    fn seconds(format: String) -> Result<Self, PatternError> {
        let epoch = Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
        match jiff::fmt::strtime::format(&format, &epoch) {
            Ok(_) => Ok(Self::Seconds { format, text: String::new() }),
            Err(_) => Err(PatternError::BadDate(format)),
        }
    }

    fn refresh(&mut self, time: &Zoned) {
        if let Self::Seconds { format, text } = self {
            *text = jiff::fmt::strtime::format(&*format, time).unwrap_or_default();
        }
    }
}

/// Reads a conversion behind its percent sign; returns what follows it.
fn conversion(text: &str) -> Result<(Piece, &str), PatternError> {
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
    let field = match letter {
        '%' => return Ok((Piece::Literal("%".into()), rest)),
        'n' => return Ok((Piece::Literal("\n".into()), rest)),
        'p' => Field::Severity,
        'c' => Field::Logger,
        'i' => Field::Process,
        't' => Field::Thread,
        'm' => Field::Message,
        'd' | 'D' => {
            let (format, tail) = match rest.strip_prefix('{') {
                Some(inner) => inner.split_once('}').ok_or(PatternError::UnclosedDate)?,
                None => ("%Y-%m-%d %H:%M:%S", rest),
            };
            rest = tail;
            Field::Date(Date::parse(format, letter == 'd')?)
        }
        other => return Err(PatternError::UnknownConversion(other)),
    };
    Ok((Piece::Field { field, width }, rest))
}

/// A decimal number, 0 when there is none, and what follows it.
fn number(text: &str) -> (usize, &str) {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    // Wider than any line makes sense is capped, lest a typing error fills the disk.
    let number = text[..digits].parse().unwrap_or(0).min(1_000);
    (number, &text[digits..])
}

/// Appends a number in decimal; `to_string` would allocate, for each line of the log.
fn push_number(number: u32, out: &mut String) {
    let mut digits = [0; 10];
    let mut at = digits.len();
    let mut rest = number;
    loop {
        at -= 1;
        digits[at] = digit(rest % 10);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend(digits[at..].iter().map(|digit| char::from(*digit)));
}

/// Appends a number below 1000 with three digits.
fn push_thousand(number: i64, out: &mut String) {
    let number = u32::try_from(number).unwrap_or(0);
    out.extend([100, 10, 1].map(|place| char::from(digit(number / place % 10))));
}

fn digit(value: u32) -> u8 {
    b'0' + value.to_le_bytes()[0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message;
    use crate::record::Head;

    /// 2019-08-05 14:27:45.871 UTC and 52 microseconds.
    const AT: i64 = 1_565_015_265_871_052_000;

    fn line(pattern: &str) -> String {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let mut pattern = Pattern::parse(pattern, zone).expect("a good pattern");
        let mut out = String::new();
        let record = Record {
            head: Head { message: &message::DHCP4_SHUTDOWN, at: AT, thread: 12345 },
            logger: "kea-dhcp4.dhcp4",
            process: 8475,
            arguments: &[],
        };
        pattern.write(&record, &mut out);
        out
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
