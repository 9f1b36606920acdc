//! Octets as a configuration writes them.

use std::net::Ipv6Addr;

use kea_wire::Prefix;
use smallvec::SmallVec;

/// Reads `'text'`, `0xabcd`, `abcd`, `a:bc:d` or `ab cd`.
pub(crate) fn octets(text: &str) -> Option<SmallVec<[u8; 16]>> {
    let text = text.trim();
    if let Some(quoted) = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return Some(quoted.as_bytes().into());
    }
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let pair = |digits: &str| {
        let hex = (1..=2).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit());
        hex.then(|| u8::from_str_radix(digits, 16).ok()).flatten()
    };
    if digits.contains([':', ' ']) {
        return digits.split([':', ' ']).map(pair).collect();
    }
    if !digits.is_ascii() {
        return None;
    }
    // An odd number of digits leaves the first octet with one.
    let (head, rest) = digits.split_at(digits.len() % 2);
    let head = (!head.is_empty()).then_some(head);
    let pairs = (0..rest.len()).step_by(2).map(|at| rest.get(at..at + 2).unwrap_or(""));
    head.into_iter().chain(pairs).map(pair).collect()
}

/// Whether `excluded` can be left out of the delegated `prefix` (RFC 6603 section 4.2).
pub(crate) fn excludes(prefix: Prefix<Ipv6Addr>, excluded: Prefix<Ipv6Addr>) -> bool {
    excluded.len() > prefix.len() && prefix.contains(excluded.address())
}

#[cfg(test)]
mod tests {
    use super::octets;

    #[test]
    fn all_notations_of_octets_are_read() {
        let read = |text| octets(text).map(|octets| octets.to_vec());
        assert_eq!(read("01:2:ff"), Some(vec![1, 2, 255]));
        assert_eq!(read("0x0aFF"), Some(vec![10, 255]));
        assert_eq!(read("abc"), Some(vec![0x0a, 0xbc]));
        assert_eq!(read("'s0mE'"), Some(b"s0mE".to_vec()));
        assert_eq!(read(""), Some(vec![]));
        for bad in ["01:", "xyz", "1:234", "é"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
