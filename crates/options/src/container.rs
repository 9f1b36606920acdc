//! Options that hold the configured options of another space.

use std::fmt;

use bytes::Bytes;
use kea_wire::Family;

use crate::registry::{EncodedOption, Registry};
use crate::sub_option::write_sub_option;

/// How many containers can be inside each other.
pub const MAX_DEPTH: usize = 8;

/// Containers hold each other deeper than [`MAX_DEPTH`], or in a circle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TooDeep {
    /// The space whose options would be the next to go in.
    pub space: String,
}

impl<F: Family> Registry<F> {
    /// The data of `option` with the sub-options after it: those options of `siblings` that are of
    /// the space it encapsulates, by code, each with its own sub-options.
    ///
    /// Vendor spaces are not followed: what goes into options 125 and 17 depends on the query
    /// ([`crate::write_vendor_block`]).
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
        let definition = self.by_code(&option.space, option.code);
        let Some(space) = definition.and_then(|d| d.encapsulates()) else {
            return Ok(option.data.clone());
        };
        let mut inside: Vec<_> = siblings.iter().filter(|o| o.space == space).collect();
        if space == option.space || inside.is_empty() {
            return Ok(option.data.clone());
        }
        let left = depth.checked_sub(1).ok_or_else(|| TooDeep { space: space.to_owned() })?;
        inside.sort_by_key(|o| o.code);
        let mut out = option.data.to_vec();
        for sub_option in inside {
            let data = self.assemble_below(sub_option, siblings, left)?;
            write_sub_option::<F>(&mut out, sub_option.code, &data);
        }
        Ok(out.into())
    }
}

impl fmt::Display for TooDeep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the options of space '{}' are encapsulated too deep", self.space)
    }
}

impl std::error::Error for TooDeep {}
