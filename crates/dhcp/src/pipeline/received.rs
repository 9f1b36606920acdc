//! Options of queries, as their definitions want them read.

use std::borrow::Cow;

use kea_config::snapshot::{Dialect, Snapshot};
use kea_options::{DataType, DecodeError, InScope, Parsing, may_be_class_scoped};
use kea_wire::Family;

use super::drop::Unreadable;

/// How much is forgiven.
pub(crate) fn parsing<F: Dialect>(config: &Snapshot<F>) -> Parsing {
    if config.compatibility.lenient_option_parsing { Parsing::Lenient } else { Parsing::Strict }
}

/// Looks for octets behind the number that an option is, in the `lengths` of the options by code, and for
/// tuples that run over the end of their option. A query with one is not served, unless
/// `lenient-option-parsing` is set; whatever else is wrong with an option does no harm to the query.
pub(crate) fn check_options<'v, F: Dialect, I: IntoIterator<Item = Cow<'v, [u8]>>>(
    config: &Snapshot<F>,
    lengths: impl IntoIterator<Item = (u16, usize)>,
    instances: impl Fn(u16) -> I,
) -> Result<(), Unreadable> {
    if parsing(config) == Parsing::Lenient {
        return Ok(());
    }
    for (code, len) in lengths {
        if let Some(offset) = config.definitions.number_len(code).filter(|number| len > *number) {
            let error = DecodeError::Trailing { offset };
            return Err(Unreadable::Option { code, error });
        }
    }
    for &code in config.definitions.codes_with_tuples() {
        for data in instances(code) {
            let definition = config.definitions.by_code(F::OPTION_SPACE, code);
            let checked = definition.map_or(Ok(()), |definition| definition.check_tuples(&data));
            checked.map_err(|error| Unreadable::Option { code, error })?;
        }
    }
    Ok(())
}

/// What counts of the payload of an option: a number alone, and a text without the NUL octets that
/// some clients put after it. A text of which nothing is left was not sent, as far as a query goes.
pub(crate) fn significant<'p, F: Family>(
    definitions: &InScope<'_, F>,
    code: u16,
    payload: &'p [u8],
) -> Option<&'p [u8]> {
    if let Some(len) = definitions.number_len(code) {
        return Some(payload.get(..len).unwrap_or(payload));
    }
    if payload.last().is_some_and(|last| *last != 0) {
        return Some(payload);
    }
    let definition = definitions.by_code(F::OPTION_SPACE, code);
    let Some(definition) = definition.filter(|it| it.ends_with_text()) else {
        return Some(payload);
    };
    let end = payload.iter().rposition(|octet| *octet != 0).map_or(0, |last| last + 1);
    let is_deferred = F::VERSION == 4 && may_be_class_scoped(code);
    let is_void = end == 0 && definition.data_type() == DataType::String && !is_deferred;
    payload.get(..end).filter(|_| !is_void)
}
