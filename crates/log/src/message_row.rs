//! Rows of the catalogue and the components (child loggers) they belong to.

use std::fmt;

use crate::argument::{Argument, Encoded};
use crate::digits::push_number;
use crate::levels::{Severity, Threshold};
use crate::text_buffer::TextBuffer;

/// One row of the message catalogue.
#[derive(Debug, PartialEq, Eq)]
pub struct Message {
    /// Identifier that operators search for, e.g. `DHCP4_LEASE_ALLOC`.
    pub id: &'static str,
    /// Severity of every occurrence.
    pub severity: Severity,
    /// 0–99; meaningful for DEBUG only.
    pub debug_level: u8,
    /// Child logger the message is written to.
    pub component: Component,
    /// Text with placeholders `%1`…`%n`.
    pub text: &'static str,
    /// What it means and what to do; may be empty where the text says it all.
    pub explanation: &'static str,
    arguments: usize,
    rank: u8,
    pieces: [Piece; MAX_PIECES],
    piece_count: usize,
    /// Whether each argument has one place, in their order.
    in_order: bool,
}

/// Some of the text, and the placeholder behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    /// What is short, so that it need not be looked for.
    beginning: [u8; SHORT],
    start: u16,
    end: u16,
    /// Number of the placeholder; 0 is none.
    argument: u8,
}

impl Message {
    /// A row; the number of arguments is the highest placeholder in `text`.
    pub const fn new(
        id: &'static str,
        severity: Severity,
        debug_level: u8,
        component: Component,
        text: &'static str,
        explanation: &'static str,
    ) -> Self {
        assert!(highest_placeholder(text.as_bytes()) <= MAX_ARGUMENTS, "too many placeholders");
        let (pieces, piece_count) = pieces(text.as_bytes());
        Self {
            in_order: are_in_order(&pieces, piece_count),
            pieces,
            piece_count,
            id,
            severity,
            debug_level,
            component,
            text,
            explanation,
            arguments: highest_placeholder(text.as_bytes()),
            rank: Threshold::of(severity, debug_level).rank(),
        }
    }

    /// How many arguments an occurrence carries.
    pub const fn arguments(&self) -> usize {
        self.arguments
    }

    /// Lowest [`Threshold`] that lets the message through, as a byte.
    pub const fn rank(&self) -> u8 {
        self.rank
    }

    /// Fails the build (in const context) when `given` is not the number of placeholders.
    #[doc(hidden)]
    pub const fn expects(&self, given: usize) {
        assert!(
            self.arguments == given,
            "number of arguments differs from the message's placeholders"
        );
    }

    /// The text with its placeholders replaced by `arguments`; a placeholder without argument stays. Control
    /// characters of the arguments are spelt out (`\n`, `\x1b`): a message is one line, whatever a client sent.
    pub fn render(&self, arguments: &[Argument<'_>]) -> String {
        let mut text = TextBuffer::default();
        self.fill(&mut text, |index, text| push_nth(arguments, index, text));
        String::from_utf8_lossy(text.as_slice()).into_owned()
    }

    /// Appends what [`render`](Self::render) returns, in UTF-8.
    pub(crate) fn push(&self, mut arguments: Encoded<'_>, out: &mut TextBuffer) {
        if self.in_order {
            self.fill(out, |_, out| arguments.push_next(out));
        } else {
            let mut known = [Argument::Text(""); MAX_ARGUMENTS];
            let count = known.iter_mut().zip(arguments).map(|(place, next)| *place = next).count();
            self.fill(out, |index, out| push_nth(&known[..count], index, out));
        }
    }

    /// Appends the text, with what `push_argument` appends for the number of each placeholder, from 0 on; if it
    /// appends nothing, which is false, the placeholder stays.
    #[inline]
    fn fill(
        &self,
        out: &mut TextBuffer,
        mut push_argument: impl FnMut(usize, &mut TextBuffer) -> bool,
    ) {
        for piece in &self.pieces[..self.piece_count] {
            let length = usize::from(piece.end - piece.start);
            out.put_first(&piece.beginning, length);
            if length > SHORT {
                let rest = usize::from(piece.start) + SHORT..usize::from(piece.end);
                out.put(&self.text.as_bytes()[rest]);
            }
            if let Some(index) = piece.argument.checked_sub(1)
                && !push_argument(index.into(), out)
            {
                out.push(b'%');
                push_number(piece.argument.into(), out);
            }
        }
    }
}

fn push_nth(arguments: &[Argument<'_>], index: usize, out: &mut TextBuffer) -> bool {
    arguments.get(index).is_some_and(|argument| {
        argument.push_visible(out);
        true
    })
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

/// A message that DHCPv4 and DHCPv6 share, for code that is generic over the family.
#[derive(Debug)]
pub struct Twin {
    /// The `DHCP4_…` (or `…_V4_…`) row.
    pub v4: &'static Message,
    /// The `DHCP6_…` (or `…_V6_…`) row.
    pub v6: &'static Message,
}

impl Twin {
    /// The row for an IP version: 4, anything else is 6 (`F::VERSION` of a family).
    pub const fn of(&self, version: u8) -> &'static Message {
        if version == 4 { self.v4 } else { self.v6 }
    }
}

/// No message has more arguments.
pub(crate) const MAX_ARGUMENTS: usize = 12;

/// As many placeholders, some of them twice, and the end of the text.
const MAX_PIECES: usize = MAX_ARGUMENTS + 4;

/// As many octets as are copied in one move.
const SHORT: usize = 16;

/// Takes a text apart at its placeholders; a percent sign without a number behind it is text.
const fn pieces(text: &[u8]) -> ([Piece; MAX_PIECES], usize) {
    assert!(text.len() <= u16::MAX as usize, "text too long");
    let mut pieces = [piece(text, 0, 0, 0); MAX_PIECES];
    let (mut count, mut start, mut at) = (0, 0, 0);
    while at < text.len() {
        let (number, end) = placeholder(text, at);
        if number > 0 {
            pieces[count] = piece(text, start, at, number);
            count += 1;
            start = end;
        }
        at = end;
    }
    pieces[count] = piece(text, start, at, 0);
    (pieces, count + 1)
}

const fn piece(text: &[u8], start: usize, end: usize, argument: u8) -> Piece {
    let mut beginning = [0; SHORT];
    let mut at = start;
    while at < end && at - start < SHORT {
        beginning[at - start] = text[at];
        at += 1;
    }
    Piece { beginning, start: start as u16, end: end as u16, argument }
}

const fn are_in_order(pieces: &[Piece; MAX_PIECES], count: usize) -> bool {
    let mut number = 0;
    while number < count {
        let argument = pieces[number].argument as usize;
        if argument != 0 && argument != number + 1 {
            return false;
        }
        number += 1;
    }
    true
}

/// The number of the placeholder at `at`, or 0, and where the text goes on.
const fn placeholder(text: &[u8], at: usize) -> (u8, usize) {
    let mut end = at + 1;
    let mut number = 0;
    if text[at] == b'%' {
        while end < text.len() && text[end].is_ascii_digit() {
            number = number * 10 + (text[end] - b'0');
            end += 1;
        }
    }
    (number, end)
}

const fn highest_placeholder(text: &[u8]) -> usize {
    let mut highest = 0;
    let mut at = 0;
    while at < text.len() {
        let (number, end) = placeholder(text, at);
        if number as usize > highest {
            highest = number as usize;
        }
        at = end;
    }
    highest
}

macro_rules! components {
    ($($(#[$doc:meta])* $variant:ident = $name:literal;)*) => {
        /// A child logger, or the root itself. Its full name is `<root>.<name>`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Component { $($(#[$doc])* $variant,)* }

        impl Component {
            /// Every component, in the order of [`index`](Self::index).
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Number of components.
            pub const COUNT: usize = Self::ALL.len();

            /// Name below the root; empty for the root.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Position in tables, below [`COUNT`](Self::COUNT).
            pub const fn index(self) -> usize {
                self as usize
            }
        }
    };
}

components! {
    /// The root logger itself.
    Root = "";
    /// Lease allocation engine.
    AllocEngine = "alloc-engine";
    /// DNS messages of the update client.
    Asiodns = "asiodns";
    /// Access control of the management API.
    Auth = "auth";
    /// Dropped packets and packets answered with a refusal.
    BadPackets = "bad-packets";
    /// BOOTP hook.
    BootpHooks = "bootp-hooks";
    /// Registration and execution of callouts.
    Callouts = "callouts";
    /// Control channel.
    Commands = "commands";
    /// Control agent's own events.
    CtrlAgent = "ctrl-agent";
    /// Conversations with DNS servers.
    D2ToDns = "d2-to-dns";
    /// SQL operations common to all backends.
    Database = "database";
    /// Process basics of the programs that are not DHCP servers.
    Dctl = "dctl";
    /// Client FQDN and Host Name processing, name change requests.
    Ddns = "ddns";
    /// DHCPv4 daemon basics.
    Dhcp4 = "dhcp4";
    /// DHCPv6 daemon basics.
    Dhcp6 = "dhcp6";
    /// Operation of the DDNS daemon.
    Dhcpddns = "dhcpddns";
    /// Lease stores, configuration, timers.
    Dhcpsrv = "dhcpsrv";
    /// Name change requests received by the DDNS daemon.
    DhcpToD2 = "dhcp-to-d2";
    /// Classification expressions.
    Eval = "eval";
    /// Flexible identifier hook.
    FlexIdHooks = "flex-id-hooks";
    /// Flexible option hook.
    FlexOptionHooks = "flex-option-hooks";
    /// GSS-TSIG hook.
    GssTsigHooks = "gss-tsig-hooks";
    /// High availability hook.
    HaHooks = "ha-hooks";
    /// Loading and unloading of hook libraries.
    Hooks = "hooks";
    /// Host cache hook.
    HostCacheHooks = "host-cache-hooks";
    /// Host commands hook.
    HostCmdsHooks = "host-cmds-hooks";
    /// Host reservations.
    Hosts = "hosts";
    /// HTTP of the management API.
    Http = "http";
    /// Lease commands hook.
    LeaseCmdsHooks = "lease-cmds-hooks";
    /// Leasequery hook.
    LeaseQueryHooks = "lease-query-hooks";
    /// Leases given, renewed, released.
    Leases = "leases";
    /// Forensic log hook.
    LegalLogHooks = "legal-log-hooks";
    /// Name change requests on the servers' side.
    LibdhcpDdns = "libdhcp-ddns";
    /// MySQL configuration backend.
    MysqlCbHooks = "mysql-cb-hooks";
    /// Options, and classification by them.
    Options = "options";
    /// Reception and transmission, choice of the subnet.
    Packets = "packets";
    /// PostgreSQL configuration backend.
    PgsqlCbHooks = "pgsql-cb-hooks";
    /// RADIUS hook.
    RadiusHooks = "radius-hooks";
    /// Script hook.
    RunScriptHooks = "run-script-hooks";
    /// Statistics commands hook.
    StatCmdsHooks = "stat-cmds-hooks";
    /// Subnet commands hook.
    SubnetCmdsHooks = "subnet-cmds-hooks";
    /// TCP connections of leasequery and others.
    Tcp = "tcp";
    /// User check hook.
    UserChk = "user_chk";
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static THREE: Message = Message::new(
        "TEST_THREE",
        Severity::Debug,
        45,
        Component::Leases,
        "%2 of 100% then %1, %3%",
        "",
    );

    fn rendered(arguments: &[&str]) -> String {
        let arguments: Vec<_> = arguments.iter().map(|text| Argument::Text(text)).collect();
        THREE.render(&arguments)
    }

    #[test]
    fn placeholders_come_in_any_order_and_percent_signs_stay() {
        assert_eq!(rendered(&["a", "%1", "c"]), "%1 of 100% then a, c%");
        assert_eq!(rendered(&["a"]), "%2 of 100% then a, %3%");
    }

    #[test]
    fn an_argument_cannot_end_the_line() {
        assert_eq!(
            rendered(&["a\nINFO forged", "\x1b[2J", "c"]),
            r"\x1b[2J of 100% then a\nINFO forged, c%"
        );
    }

    #[test]
    fn arguments_are_counted_by_the_highest_placeholder() {
        assert_eq!(THREE.arguments(), 3);
        assert_eq!(highest_placeholder(b"%1 %12 %2"), 12);
        assert_eq!(THREE.rank(), Threshold::of(Severity::Debug, 45).rank());
    }
}
