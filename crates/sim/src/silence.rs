//! What a query that gets no answer leaves behind: the message that says why, and what is counted. Written
//! from the manual's lists of messages and statistics, not from what the engine does.

use kea_dhcp::pipeline::Drop;
use kea_stats::ServerMetric;
use kea_wire::Family;

/// What has to be there for a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Silence {
    /// What counts the reason, beside that of all drops.
    pub(crate) counted: Option<ServerMetric>,
    /// Messages of which one at least is logged, without the `DHCP4_` or `DHCP6_` in front where
    /// both servers have it.
    pub(crate) messages: &'static [&'static str],
}

impl Silence {
    /// The statistics of reasons.
    pub(crate) const COUNTED: [ServerMetric; 7] = [
        ServerMetric::ParseFailed,
        ServerMetric::RfcViolation,
        ServerMetric::NotForUs,
        ServerMetric::AdminFiltered,
        ServerMetric::Duplicate,
        ServerMetric::QueueFull,
        ServerMetric::ProcessingFailed,
    ];

    /// That of a reason.
    pub(crate) fn of<F: Family>(reason: &Drop<F>) -> Self {
        use ServerMetric::{
            AdminFiltered, Duplicate, NotForUs, ParseFailed, ProcessingFailed, QueueFull,
            RfcViolation,
        };
        let (counted, messages): (_, &[&str]) = match reason {
            Drop::Unreadable(_) => (Some(ParseFailed), &["PACKET_DROP_0001", PARSE_FAIL]),
            Drop::NoMessageType => (Some(RfcViolation), &["PACKET_DROP_0009"]),
            Drop::ServerMessage(_) => (Some(RfcViolation), &["PACKET_DROP_0006", PROCESS_FAIL]),
            Drop::UnservedType(_) => (
                Some(RfcViolation),
                &["PACKET_DROP_0005", "PACKET_DROP_0006", "UNKNOWN_MSG_RECEIVED", PROCESS_FAIL],
            ),
            Drop::NoIdentity | Drop::HopsWithoutRelay { .. } | Drop::NotRegistrable { .. } => {
                (Some(RfcViolation), &[FAILED, PROCESS_FAIL])
            }
            Drop::UnacceptableOptions(_) => (
                Some(RfcViolation),
                &[FAILED, "REQUIRED_OPTIONS_CHECK_FAIL", "DHCP4O6_SEND_FAIL", PROCESS_FAIL],
            ),
            Drop::Unicast => (Some(RfcViolation), &["PACKET_DROP_UNICAST"]),
            Drop::OtherServer => {
                (Some(NotForUs), &["PACKET_DROP_0003", "PACKET_DROP_SERVERID_MISMATCH"])
            }
            Drop::NoSubnet => {
                (Some(NotForUs), &["SUBNET_SELECTION_FAILED", "DHCP4O6_SUBNET_SELECTION_FAILED"])
            }
            Drop::NoReturnAddress => (Some(RfcViolation), &["PACKET_DROP_0002"]),
            Drop::NoSubnetForInterface => (Some(NotForUs), &["PACKET_DROP_0002"]),
            Drop::NoDhcpv4Server => (Some(NotForUs), &["DHCP4O6_SEND_FAIL"]),
            Drop::ClassDrop => (
                Some(AdminFiltered),
                &[
                    "PACKET_DROP_0010",
                    "PACKET_DROP_0013",
                    "PACKET_DROP_0014",
                    "PACKET_DROP_DROP_CLASS",
                    "PACKET_DROP_DROP_CLASS2",
                    "PACKET_DROP_DROP_CLASS_EARLY",
                ],
            ),
            Drop::ClassReject => (Some(AdminFiltered), &[FAILED]),
            // No hooks are loaded, that for leasequeries among them.
            Drop::Hook(_) | Drop::UnknownRequester { .. } => (Some(AdminFiltered), &[]),
            Drop::ParkingLotFull => (Some(QueueFull), &[]),
            Drop::Duplicate => (Some(Duplicate), &["PACKET_DROP_0011", "PACKET_DROP_DUPLICATE"]),
            Drop::NoServerId | Drop::StorageUnavailable => {
                (Some(ProcessingFailed), &[FAILED, PROCESS_FAIL])
            }
            Drop::AnswerTooLong => (Some(ProcessingFailed), &[PROCESS_FAIL, "DHCP4O6_SEND_FAIL"]),
            Drop::BrokenOff => (Some(ProcessingFailed), &["PACKET_PROCESS_STD_EXCEPTION"]),
            // Silence that the protocol asks for counts as nothing but what it is.
            Drop::NothingToOffer => (None, &["PACKET_NAK_0003"]),
            Drop::NothingAsked => (None, &[PROCESS_FAIL]),
            Drop::UnknownAddress { .. } => {
                (None, &["NO_LEASE_INIT_REBOOT", "UNKNOWN_ADDRESS_REQUESTED"])
            }
            Drop::NotTheHolder { .. } => (
                None,
                &[
                    "RELEASE_FAIL_NO_LEASE",
                    "RELEASE_FAIL_WRONG_CLIENT",
                    "DECLINE_LEASE_NOT_FOUND",
                    "DECLINE_LEASE_MISMATCH",
                ],
            ),
            Drop::Done => (None, &["RELEASE", "DECLINE_LEASE"]),
        };
        Silence { counted, messages }
    }

    /// True when one of these messages says why.
    pub(crate) fn is_told(&self, logged: &[&str]) -> bool {
        logged.iter().any(|id| {
            let short = id.strip_prefix("DHCP4_").or_else(|| id.strip_prefix("DHCP6_"));
            self.messages.contains(&short.unwrap_or(id))
        })
    }
}

/// What tells of a DHCPv4 query that was refused for a reason without a message of its own.
const FAILED: &str = "PACKET_DROP_0007";
/// The same of a DHCPv6 query.
const PROCESS_FAIL: &str = "PACKET_PROCESS_FAIL";
const PARSE_FAIL: &str = "PACKET_DROP_PARSE_FAIL";
