//! What classification expressions can ask about a DHCPv4 query.

use std::net::{IpAddr, Ipv4Addr};

use kea_config::Snapshot;
use kea_expr::{ClassSet, Facts, Field, FieldValue, Layout, Origin};
use kea_log::{Log, log, message};
use kea_options::{InScope, Parsing, may_be_class_scoped};
use kea_wire::v4::{MessageType, Padding, RelayAgentInfo, code};
use kea_wire::{Family, V4};
use smallvec::SmallVec;

use super::accept::Query;
use crate::pipeline::{Arrival, significant, write_option_text};

/// A query as [`kea_expr`] sees it.
pub(super) struct QueryFacts<'q, 'p> {
    query: &'q Query<'p>,
    arrival: &'q Arrival<'q, V4>,
    definitions: InScope<'q, V4>,
    /// Options that came in several instances, joined (RFC 3396).
    joined: SmallVec<[(u8, Vec<u8>); 0]>,
}

impl<'q, 'p> QueryFacts<'q, 'p> {
    pub(super) fn new(
        query: &'q Query<'p>,
        arrival: &'q Arrival<'q, V4>,
        config: &'q Snapshot<V4>,
    ) -> Self {
        let mut joined: SmallVec<[(u8, Vec<u8>); 0]> = SmallVec::new();
        for code in query.view.repeated_options() {
            if let Some(data) = query.view.option(code) {
                joined.push((code, data.into_owned()));
            }
        }
        let definitions = InScope::new(&config.definitions, []);
        QueryFacts { query, arrival, definitions, joined }
    }

    /// The same for one whose classes are known: option 43 and the private options are read as those
    /// classes define them.
    pub(super) fn of_classes(
        query: &'q Query<'p>,
        arrival: &'q Arrival<'q, V4>,
        config: &'q Snapshot<V4>,
        classes: &ClassSet,
    ) -> Self {
        let joined = classes.ids().filter_map(|id| config.classes.get(id));
        let of_classes = joined.flat_map(|class| &class.definitions);
        let definitions = InScope::new(&config.definitions, of_classes);
        QueryFacts { definitions, ..QueryFacts::new(query, arrival, config) }
    }

    /// Tells of option 43 and of private options that are not what the definitions now in force say.
    /// They stay what they are.
    pub(super) fn tell_malformed(&self, log: &dyn Log) {
        let message = &message::DHCP4_DEFERRED_OPTION_UNPACK_FAIL;
        if !log.enabled(message) {
            return;
        }
        for code in (0..=u16::from(u8::MAX)).filter(|code| may_be_class_scoped(*code)) {
            let definition = self.definitions.by_code(V4::OPTION_SPACE, code);
            let Some((definition, data)) = definition.zip(self.option(code)) else { continue };
            if let Err(error) = definition.decode(data, Parsing::Lenient) {
                log!(log, (message), code, error);
            }
        }
    }
}

/// As what the query of a BOOTP client is taken, which has no type: a DHCPREQUEST (the manual's chapter on
/// hook libraries).
const BOOTP_TYPE: u8 = 3;

impl Facts for QueryFacts<'_, '_> {
    fn option(&self, code: u16) -> Option<&[u8]> {
        let code = u8::try_from(code).ok()?;
        if code == code::RELAY_AGENT_INFO && self.query.is_relay_recalled {
            return self.query.relay.as_ref().map(RelayAgentInfo::data);
        }
        if code == code::MESSAGE_TYPE && self.query.is_bootp() {
            return Some(&[BOOTP_TYPE]);
        }
        let joined = self.joined.iter().find(|(found, _)| *found == code);
        let payload = match joined {
            Some((_, data)) => data,
            None => self.query.view.first_instance(code)?,
        };
        significant(&self.definitions, code.into(), payload)
    }

    fn sub_options_at(&self, path: &[u16]) -> Option<usize> {
        let standard = self.layout().sub_options_at(path);
        standard.or_else(|| self.definitions.sub_options_at(path))
    }

    fn padding(&self, path: &[u16]) -> Padding {
        self.definitions.padding(path)
    }

    fn field(&self, field: Field) -> FieldValue<'_> {
        let view = &self.query.view;
        let address = |address: Ipv4Addr| FieldValue::Address(IpAddr::V4(address));
        match field {
            Field::Iface => FieldValue::Octets(self.arrival.interface.as_bytes()),
            Field::Src => FieldValue::Address(self.arrival.sender()),
            Field::Dst => address(self.arrival.destination),
            Field::Len => FieldValue::Number(view.bytes().len() as u32),
            Field::Mac => FieldValue::Octets(view.chaddr()),
            Field::Hlen => FieldValue::Number(view.hlen().into()),
            Field::Htype => FieldValue::Number(view.htype().into()),
            Field::Ciaddr => address(view.ciaddr()),
            Field::Giaddr => address(view.giaddr()),
            Field::Yiaddr => address(view.yiaddr()),
            Field::Siaddr => address(view.siaddr()),
            Field::Msgtype4 => {
                let of_bootp = self.query.is_bootp().then_some(BOOTP_TYPE);
                let kind = view.message_type().map(MessageType::number).or(of_bootp);
                FieldValue::Number(kind.unwrap_or_default().into())
            }
            Field::Transid4 => FieldValue::Number(view.xid()),
            // The parser refuses these in DHCPv4 expressions.
            Field::Msgtype6 | Field::Transid6 => FieldValue::Number(0),
        }
    }

    fn layout(&self) -> Layout {
        Layout::V4
    }

    fn option_text(&self, origin: Origin, path: &[u16], payload: &[u8], out: &mut Vec<u8>) {
        write_option_text(&self.definitions, origin, path, payload, out);
    }
}
