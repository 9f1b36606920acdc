//! The option definitions that exist without any configuration, as tables: one file per space or
//! family of spaces, one row per option.

use crate::data_type::DataType;
use crate::definition::Supplier;

mod cablelabs;
mod dhcp4;
mod dhcp6;
mod docsis;
mod isc;
mod ntp;
mod relay_agent;
mod softwire;

/// One option of a table.
pub(crate) struct Row {
    pub(crate) code: u16,
    pub(crate) name: &'static str,
    pub(crate) data_type: DataType,
    pub(crate) array: bool,
    pub(crate) record: &'static [DataType],
    pub(crate) encapsulates: Option<&'static str>,
    pub(crate) source: &'static str,
    pub(crate) supplier: Supplier,
    pub(crate) unasked: bool,
    pub(crate) replaceable: bool,
}

/// A space and its table.
pub(crate) struct Space {
    pub(crate) name: &'static str,
    pub(crate) rows: &'static [&'static [Row]],
}

/// The spaces of DHCPv4 (`version` 4) or DHCPv6.
pub(crate) const fn spaces(version: u8) -> &'static [Space] {
    if version == 4 { SPACES4 } else { SPACES6 }
}

/// Second names of standard options: what older or newer configurations call them.
pub(crate) const fn option_aliases(version: u8) -> &'static [(&'static str, &'static str)] {
    if version == 4 { dhcp4::ALIASES } else { dhcp6::ALIASES }
}

/// Second names of spaces.
pub(crate) const fn space_aliases(version: u8) -> &'static [(&'static str, &'static str)] {
    if version == 4 { docsis::SPACE_ALIASES4 } else { softwire::SPACE_ALIASES }
}

const SPACES4: &[Space] = &[
    Space { name: "dhcp4", rows: &[dhcp4::ROWS] },
    Space { name: "dhcp-agent-options-space", rows: &[relay_agent::ROWS] },
    Space { name: "vendor-encapsulated-options-space", rows: &[] },
    Space { name: "cablelabs-client-conf", rows: &[cablelabs::ROWS] },
    Space { name: "vendor-4491", rows: &[docsis::ROWS4] },
];

const SPACES6: &[Space] = &[
    Space { name: "dhcp6", rows: &[dhcp6::ROWS, softwire::CONTAINERS] },
    Space { name: "rsoo-opts", rows: &[] },
    Space { name: "vendor-opts-space", rows: &[] },
    Space { name: "v6-ntp-server-suboptions", rows: &[ntp::ROWS] },
    Space { name: "s46-cont-mape-options", rows: &[softwire::MAPE] },
    Space { name: "s46-cont-mapt-options", rows: &[softwire::MAPT] },
    Space { name: "s46-cont-lw-options", rows: &[softwire::LW] },
    Space { name: "s46-rule-options", rows: &[softwire::PORTS] },
    Space { name: "s46-v4v6bind-options", rows: &[softwire::PORTS] },
    Space { name: "vendor-4491", rows: &[docsis::ROWS6] },
    Space { name: "vendor-2495", rows: &[isc::ROWS] },
];

/// An option that the operator sets.
const fn row(code: u16, name: &'static str, data_type: DataType, source: &'static str) -> Row {
    Row {
        code,
        name,
        data_type,
        array: false,
        record: &[],
        encapsulates: None,
        source,
        supplier: Supplier::Operator,
        unasked: false,
        replaceable: false,
    }
}

/// A record that the operator sets.
const fn record(
    code: u16,
    name: &'static str,
    fields: &'static [DataType],
    source: &'static str,
) -> Row {
    Row { record: fields, ..row(code, name, DataType::Record, source) }
}

impl Row {
    const fn array(self) -> Row {
        Row { array: true, ..self }
    }

    const fn by_protocol(self) -> Row {
        Row { supplier: Supplier::Protocol, ..self }
    }

    const fn unasked(self) -> Row {
        Row { unasked: true, ..self }
    }

    /// For the last-resort definition, and for options that Kea 2.2 leaves to the operator.
    const fn replaceable(self) -> Row {
        Row { replaceable: true, ..self }
    }

    const fn holds(self, space: &'static str) -> Row {
        Row { encapsulates: Some(space), ..self }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn tables_do_not_contradict_themselves() {
        for version in [4, 6] {
            let names: HashSet<_> = spaces(version).iter().map(|s| s.name).collect();
            for space in spaces(version) {
                let rows = || space.rows.iter().copied().flatten();
                let codes: HashSet<_> = rows().map(|r| r.code).collect();
                let option_names: HashSet<_> = rows().map(|r| r.name).collect();
                assert_eq!(codes.len(), rows().count(), "{}", space.name);
                assert_eq!(option_names.len(), rows().count(), "{}", space.name);
                for row in rows() {
                    let is_record = row.data_type == DataType::Record;
                    assert_eq!(is_record, row.record.len() >= 2, "{}", row.name);
                    assert!(row.encapsulates.is_none_or(|s| names.contains(s)), "{}", row.name);
                    assert!(row.source.contains(' '), "{}", row.name);
                    let last = row.record.len().saturating_sub(1);
                    let open = row.record[..last].iter().any(|t| t.takes_rest());
                    assert!(!open, "{}", row.name);
                }
            }
        }
    }
}
