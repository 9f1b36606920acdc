//! Datagrams for the system log (RFC 3164).

use std::io;
use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::socket::DaemonSocket;
use crate::levels::Severity;

/// A syslog facility (RFC 3164 section 4.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facility(u8);

impl Facility {
    /// `local0`.
    pub const DEFAULT: Self = Self(16);

    /// The facility of this name, as in `syslog.conf`.
    pub fn named(name: &str) -> Option<Self> {
        FACILITIES
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|&(_, code)| Self(code))
    }
}

impl Facility {
    /// Whether an `output` names a facility that does not exist; none at all is the default one.
    pub(crate) fn is_unknown_in(output: &str) -> bool {
        output
            .strip_prefix("syslog:")
            .is_some_and(|name| !name.is_empty() && Self::named(name).is_none())
    }
}

/// The system log.
#[derive(Debug)]
pub(crate) struct Syslog {
    facility: Facility,
    tag: String,
    socket: DaemonSocket,
    zone: TimeZone,
}

impl Syslog {
    pub(crate) fn new(facility: Facility, ident: &str, process: u32, path: &Path) -> Self {
        Self {
            facility,
            tag: format!("{ident}[{process}]"),
            socket: DaemonSocket::new(path),
            zone: TimeZone::system(),
        }
    }

    pub(crate) fn send(&mut self, severity: Severity, at: i64, line: &[u8]) -> io::Result<()> {
        let priority = self.facility.0 * 8 + severity.syslog_priority();
        let time = Timestamp::from_second(at.div_euclid(1_000_000_000))
            .unwrap_or_default()
            .to_zoned(self.zone.clone());
        let mut datagram =
            format!("<{priority}>{} {}: ", time.strftime("%b %e %H:%M:%S"), self.tag).into_bytes();
        datagram.extend_from_slice(line.trim_ascii_end());
        self.socket.send(&datagram)
    }
}

const FACILITIES: &[(&str, u8)] = &[
    ("kern", 0),
    ("user", 1),
    ("mail", 2),
    ("daemon", 3),
    ("auth", 4),
    ("syslog", 5),
    ("lpr", 6),
    ("news", 7),
    ("uucp", 8),
    ("cron", 9),
    ("authpriv", 10),
    ("ftp", 11),
    ("local0", 16),
    ("local1", 17),
    ("local2", 18),
    ("local3", 19),
    ("local4", 20),
    ("local5", 21),
    ("local6", 22),
    ("local7", 23),
];
