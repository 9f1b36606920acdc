//! Options as the text that expressions see.

use kea_expr::Origin;
use kea_options::{DataType, InScope, Parsing};
use kea_wire::Family;

/// Appends the text form of the option at `path`, as its definition prescribes: texts as they are, other
/// types as a configuration would give them. What has no definition, or does not fit it, is appended as
/// it is.
pub(crate) fn write_option_text<F: Family>(
    definitions: &InScope<'_, F>,
    origin: Origin,
    path: &[u16],
    payload: &[u8],
    out: &mut Vec<u8>,
) {
    let text = space(definitions, origin, path).and_then(|(space, code)| {
        let definition = definitions.by_code(&space, code)?;
        let is_plain = matches!(definition.data_type(), DataType::String | DataType::Binary);
        let value = (!is_plain).then(|| definition.decode(payload, Parsing::Lenient).ok())??;
        Some(value.to_string())
    });
    match text {
        Some(text) => out.extend_from_slice(text.as_bytes()),
        None => out.extend_from_slice(payload),
    }
}

/// The space of the innermost option of `path`, and its code.
fn space<F: Family>(
    definitions: &InScope<'_, F>,
    origin: Origin,
    path: &[u16],
) -> Option<(String, u16)> {
    /// Relay agent information (RFC 3046).
    const RELAY_AGENT_INFO: u16 = 82;
    let (code, parents) = path.split_last()?;
    let inside = |space: &str, code| {
        definitions.by_code(space, code).and_then(|it| it.encapsulates()).map(str::to_owned)
    };
    let mut space = match origin {
        Origin::Packet | Origin::Relay6(_) => F::OPTION_SPACE.to_owned(),
        Origin::Relay4 => inside(F::OPTION_SPACE, RELAY_AGENT_INFO)?,
        Origin::Vendor(Some(enterprise)) | Origin::VendorClass(Some(enterprise)) => {
            format!("vendor-{enterprise}")
        }
        Origin::Vendor(None) | Origin::VendorClass(None) => return None,
    };
    for parent in parents {
        space = inside(&space, *parent)?;
    }
    Some((space, *code))
}
