//! What a lease's user context keeps of the relays: the identifiers that leases are looked for by.

/// The identifiers of that name (`relay-id`, `remote-id`) in a user context, as octets. Kea writes them
/// as hexadecimal digits below `ISC`: one for DHCPv4, one for each relay for DHCPv6.
pub(crate) fn identifiers<'a>(context: &'a [u8], name: &str) -> impl Iterator<Item = Vec<u8>> + 'a {
    let quoted = format!("\"{name}\"").into_bytes();
    let begin = memchr::memmem::find(context, b"\"ISC\"").unwrap_or(context.len());
    let rest = context.get(begin..).unwrap_or(&[]);
    let places: Vec<usize> = memchr::memmem::find_iter(rest, &quoted).collect();
    places.into_iter().filter_map(move |at| octets(rest.get(at + quoted.len()..)?))
}

/// The octets of `: "0A0B"`.
fn octets(text: &[u8]) -> Option<Vec<u8>> {
    let text = text.trim_ascii_start().strip_prefix(b":")?;
    let text = text.trim_ascii_start().strip_prefix(b"\"")?;
    let digits = text.get(..memchr::memchr(b'"', text)?)?;
    let digits = digits.strip_prefix(b"0x").unwrap_or(digits);
    let digits: Vec<u8> = digits.iter().copied().filter(|byte| *byte != b':').collect();
    let value = |byte: u8| char::from(byte).to_digit(16);
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some((value(*high)? << 4 | value(*low)?) as u8),
        _ => None,
    };
    let octets: Vec<u8> = digits.chunks(2).map(pair).collect::<Option<_>>()?;
    (!octets.is_empty()).then_some(octets)
}

#[cfg(test)]
mod tests {
    use super::identifiers;

    #[test]
    fn identifiers_of_both_families_are_found() {
        let found = |context: &str, name| identifiers(context.as_bytes(), name).collect::<Vec<_>>();
        let v4 = r#"{"ISC":{"relay-agent-info":{"sub-options":"0x0104","remote-id":"78797A"}}}"#;
        assert_eq!(found(v4, "remote-id"), [b"xyz"]);
        assert!(found(v4, "relay-id").is_empty());
        let v6 = r#"{ "ISC": { "relay-info": [ { "hop": 1, "relay-id": "0A" },
            { "hop": 0, "relay-id": "0x0b:0c", "remote-id": "" } ] } }"#;
        assert_eq!(found(v6, "relay-id"), [vec![10], vec![11, 12]]);
        assert!(found(v6, "remote-id").is_empty());
        assert!(found(r#"{ "relay-id": "0A" }"#, "relay-id").is_empty(), "not the server's");
    }
}
