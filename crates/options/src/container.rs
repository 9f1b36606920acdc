//! Options that hold the configured options of another space.

use std::fmt;

use bytes::Bytes;
use kea_wire::Family;

use crate::registry::{EncodedOption, Registry};
use crate::sub_option::write_sub_option;
use crate::vendor::{Enterprise, write_vendor_block};

/// How many containers can be inside each other.
pub const MAX_DEPTH: usize = 8;

/// Containers hold each other deeper than [`MAX_DEPTH`], or in a circle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TooDeep {
    /// The space whose options would be the next to go in.
    pub space: String,
}

impl<F: Family> Registry<F> {
    /// True for the options of which one scope may give several: vendor options, for several
    /// enterprises, and sub-options that name a server each. Of others one value counts.
    pub fn may_repeat(&self, space: &str, code: u16) -> bool {
        let is_vendor = matches!((F::VERSION, code), (4, 124 | 125) | (6, 16 | 17));
        (space == F::OPTION_SPACE && is_vendor) || REPEATING_SPACES.contains(&space)
    }

    /// The data of `option` with the sub-options after it: those options of `siblings` that are of
    /// the space it encapsulates, by code, each with its own sub-options. Of several with one code
    /// the first is taken, except where several servers are listed that way.
    ///
    /// Into options 125 of DHCPv4 and 17 of DHCPv6 go the options of the space of the enterprise
    /// that the option's data names. A caller leaves out of `siblings` what the client is not to
    /// get. An option whose own data has no end (`binary`, `string`) can have nothing after it.
    pub fn assemble(
        &self,
        option: &EncodedOption,
        siblings: &[EncodedOption],
    ) -> Result<Bytes, TooDeep> {
        self.assemble_below(option, siblings, MAX_DEPTH)
    }

    fn assemble_below(
        &self,
        option: &EncodedOption,
        siblings: &[EncodedOption],
        depth: usize,
    ) -> Result<Bytes, TooDeep> {
        if let Some(enterprise) = vendor_container::<F>(option) {
            let inside = self.encode_inside(&enterprise.space(), siblings, depth)?;
            let mut out = Vec::with_capacity(5 + inside.len());
            write_vendor_block::<F>(&mut out, enterprise, &inside);
            return Ok(out.into());
        }
        let definition = self.by_code(&option.space, option.code);
        let is_open =
            definition.and_then(|d| d.field_types().last()).is_some_and(|t| t.takes_rest());
        let Some(space) = definition.and_then(|d| d.encapsulates()).filter(|_| !is_open) else {
            return Ok(option.data.clone());
        };
        if space == option.space {
            return Ok(option.data.clone());
        }
        let inside = self.encode_inside(space, siblings, depth)?;
        Ok([option.data.as_ref(), &inside].concat().into())
    }

    fn encode_inside(
        &self,
        space: &str,
        siblings: &[EncodedOption],
        depth: usize,
    ) -> Result<Vec<u8>, TooDeep> {
        let mut inside: Vec<_> = siblings.iter().filter(|o| o.space == space).collect();
        let mut out = Vec::new();
        if inside.is_empty() {
            return Ok(out);
        }
        let left = depth.checked_sub(1).ok_or_else(|| TooDeep { space: space.to_owned() })?;
        inside.sort_by_key(|o| o.code);
        if !REPEATING_SPACES.contains(&space) {
            inside.dedup_by_key(|o| o.code);
        }
        for sub_option in inside {
            let data = self.assemble_below(sub_option, siblings, left)?;
            write_sub_option::<F>(&mut out, sub_option.code, &data);
        }
        Ok(out)
    }
}

/// Spaces where several options may have one code: each names another server (RFC 5908 section 4).
const REPEATING_SPACES: [&str; 1] = ["v6-ntp-server-suboptions"];

/// The enterprise whose options go into `option`. An option that was given with more than its
/// number, in hexadecimal, is complete.
fn vendor_container<F: Family>(option: &EncodedOption) -> Option<Enterprise> {
    let is_container =
        option.space == F::OPTION_SPACE && matches!((F::VERSION, option.code), (4, 125) | (6, 17));
    let number = match (F::VERSION, option.data.as_ref()) {
        (4, [number @ .., 0]) => number,
        (_, number) => number,
    };
    let number = <[u8; 4]>::try_from(number).ok().filter(|_| is_container)?;
    Some(Enterprise(u32::from_be_bytes(number)))
}

impl fmt::Display for TooDeep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the options of space '{}' are encapsulated too deep", self.space)
    }
}

impl std::error::Error for TooDeep {}

#[cfg(test)]
mod tests {
    use kea_wire::{V4, V6};

    use super::*;
    use crate::custom::DefinitionText;
    use crate::definition::Definition;

    fn option(space: &str, code: u16, data: &'static [u8]) -> EncodedOption {
        EncodedOption { space: space.to_owned(), code, data: Bytes::from_static(data) }
    }

    /// RFC 7598: container, rule, port parameters.
    #[test]
    fn containers_hold_containers() {
        let registry = Registry::<V6>::standard();
        let siblings = [
            option("s46-rule-options", 93, b"\x02\x04\x30\x00"),
            option("s46-cont-mape-options", 90, b"0123456789abcdef"),
            option("s46-cont-mape-options", 89, b"rule"),
        ];
        let data = registry.assemble(&option("dhcp6", 94, b""), &siblings).unwrap();
        let rule = b"\x00\x59\x00\x0crule\x00\x5d\x00\x04\x02\x04\x30\x00";
        let br = b"\x00\x5a\x00\x100123456789abcdef";
        assert_eq!(data, [&rule[..], br].concat());
    }

    #[test]
    fn vendor_options_go_into_their_enterprise() {
        let registry = Registry::<V4>::standard();
        let siblings = [option("vendor-4491", 2, b"abcd"), option("vendor-9", 1, b"x")];
        let data = registry.assemble(&option("dhcp4", 125, b"\0\0\x11\x8b\0"), &siblings).unwrap();
        assert_eq!(data, &b"\0\0\x11\x8b\x06\x02\x04abcd"[..]);
        let bare = registry.assemble(&option("dhcp4", 125, b"\0\0\0\x01"), &siblings).unwrap();
        assert_eq!(bare, &b"\0\0\0\x01\0"[..]);
        let whole = option("dhcp4", 125, b"\0\0\0\x09\x03\x05\x01z");
        assert_eq!(registry.assemble(&whole, &siblings).unwrap(), whole.data);
    }

    #[test]
    fn only_time_servers_repeat() {
        let registry = Registry::<V6>::standard();
        let space = "v6-ntp-server-suboptions";
        let servers = [option(space, 3, b"\x01a\0"), option(space, 3, b"\x01b\0")];
        let data = registry.assemble(&option("dhcp6", 56, b""), &servers).unwrap();
        assert_eq!(data, &b"\0\x03\0\x03\x01a\0\0\x03\0\x03\x01b\0"[..]);
        let others = [option("rsoo-opts", 65, b"a"), option("rsoo-opts", 65, b"b")];
        let data = registry.assemble(&option("dhcp6", 66, b""), &others).unwrap();
        assert_eq!(data, &b"\0\x41\0\x01a"[..]);
    }

    #[test]
    fn a_circle_of_spaces_ends() {
        let mut registry = Registry::<V4>::standard();
        for (space, encapsulate) in [("one", "two"), ("two", "one")] {
            let text = DefinitionText {
                name: "inner",
                code: 1,
                space: Some(space),
                data_type: "empty",
                encapsulate,
                ..DefinitionText::default()
            };
            registry.define(Definition::custom(&text).unwrap()).unwrap();
        }
        let siblings = [option("one", 1, b""), option("two", 1, b"")];
        let result = registry.assemble(&siblings[0], &siblings);
        assert_eq!(result, Err(TooDeep { space: "two".to_owned() }));
    }

    #[test]
    fn open_data_has_nothing_after_it() {
        let mut registry = Registry::<V4>::standard();
        let text = DefinitionText {
            name: "outer",
            code: 230,
            data_type: "string",
            encapsulate: "one",
            ..DefinitionText::default()
        };
        registry.define(Definition::custom(&text).unwrap()).unwrap();
        let outer = option("dhcp4", 230, b"text");
        let data = registry.assemble(&outer, &[option("one", 1, b"x")]).unwrap();
        assert_eq!(data, &b"text"[..]);
    }
}
