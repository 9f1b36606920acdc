//! The first line of a logged message, in the pattern that files and consoles have unless told otherwise.

/// `2026-11-22 05:36:01.123 INFO  [kea-dhcp4.leases/17.17] DHCP4_LEASE_ALLOC …`, taken to pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLine<'a> {
    /// `INFO`.
    pub severity: &'a str,
    /// `kea-dhcp4.leases`, or the root alone.
    pub logger: &'a str,
    /// `DHCP4_LEASE_ALLOC`.
    pub identifier: &'a str,
    /// What stands behind the identifier; a message may go on in the next lines.
    pub text: &'a str,
}

impl<'a> LogLine<'a> {
    /// `None` for what is no such line.
    pub fn parse(line: &'a str) -> Option<Self> {
        let (date, rest) = line.split_once(' ')?;
        let (time, rest) = rest.split_once(' ')?;
        let (severity, rest) = rest.split_once(' ')?;
        let (logger, rest) = rest.trim_start().strip_prefix('[')?.split_once('/')?;
        let (numbers, rest) = rest.split_once("] ")?;
        let (identifier, text) = rest.split_once(' ').unwrap_or((rest, ""));
        let is_numbers = |text: &str| {
            text.split('.')
                .all(|part| !part.is_empty() && part.bytes().all(|octet| octet.is_ascii_digit()))
        };
        let is_line = date.len() == "2026-11-22".len()
            && time.len() == "05:36:01.123".len()
            && is_numbers(numbers)
            && identifier.contains('_');
        is_line.then_some(LogLine { severity, logger, identifier, text })
    }

    /// The logger below the root; empty for the root itself.
    pub fn component(&self) -> &'a str {
        self.logger.split_once('.').map_or("", |(_, component)| component)
    }
}

#[cfg(test)]
mod tests {
    use super::LogLine;

    #[test]
    fn lines_are_taken_to_pieces() {
        let line = "2026-11-22 05:36:01.123 INFO  [kea-dhcp4.leases/17.17] DHCP4_LEASE_ALLOC a b";
        let parsed = LogLine::parse(line).unwrap();
        assert_eq!(
            parsed,
            LogLine {
                severity: "INFO",
                logger: "kea-dhcp4.leases",
                identifier: "DHCP4_LEASE_ALLOC",
                text: "a b"
            }
        );
        assert_eq!(parsed.component(), "leases");
        let root =
            LogLine::parse("2026-11-22 05:36:01.123 WARN  [DhcpLFC/17.17] LFC_FAIL").unwrap();
        assert_eq!((root.component(), root.text), ("", ""));
    }

    #[test]
    fn other_lines_are_none() {
        for line in [
            "",
            "Syntax check failed with: INFO",
            "2026-11-22 05:36:01.123 INFO  [kea-dhcp4.leases/17.x] DHCP4_LEASE_ALLOC",
            "2026-11-22 05:36:01.123 INFO  [kea-dhcp4.leases] DHCP4_LEASE_ALLOC",
            "  type=053, len=001: 1 (uint8)",
        ] {
            assert_eq!(LogLine::parse(line), None, "{line}");
        }
    }
}
