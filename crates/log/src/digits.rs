//! Numbers as text, without allocation: this runs for each line of the log.

use std::net::Ipv4Addr;

use crate::text_buffer::TextBuffer;

/// Appends a number in decimal.
#[inline]
pub(crate) fn push_number(number: u64, out: &mut TextBuffer) {
    match number {
        0..10 => out.push(digit(number)),
        10..100 => out.put_array(&[digit(number / 10), digit(number % 10)]),
        100..1_000 => out.put_array(&three_digits(number)),
        _ => push_large(number, out),
    }
}

fn push_large(number: u64, out: &mut TextBuffer) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = number;
    while rest > 0 {
        at -= 1;
        digits[at] = digit(rest % 10);
        rest /= 10;
    }
    out.put(&digits[at..]);
}

/// Appends a number below 1000 with three digits.
pub(crate) fn push_thousand(number: i64, out: &mut TextBuffer) {
    out.put_array(&three_digits(u64::try_from(number).unwrap_or(0)));
}

/// Appends an IPv4 address.
pub(crate) fn push_v4(address: Ipv4Addr, out: &mut TextBuffer) {
    // Each octet with a dot and, where it is short, more behind it, which the next one overwrites.
    out.put_made(|text: &mut [u8; 16]| {
        let mut end = 0;
        for octet in address.octets() {
            let (digits, length) = OCTETS[usize::from(octet)];
            text[end..end + 4].copy_from_slice(&digits);
            end += usize::from(length);
        }
        // Without the last dot.
        end - 1
    });
}

/// Every octet in decimal with a dot behind it, and how long that is.
static OCTETS: [([u8; 4], u8); 256] = {
    let mut table = [([b'.'; 4], 0); 256];
    let mut octet = 0;
    while octet < table.len() {
        let [hundreds, tens, ones] =
            [b'0' + (octet / 100) as u8, b'0' + (octet / 10 % 10) as u8, b'0' + (octet % 10) as u8];
        table[octet] = match octet {
            0..10 => ([ones, b'.', b'.', b'.'], 2),
            10..100 => ([tens, ones, b'.', b'.'], 3),
            _ => ([hundreds, tens, ones, b'.'], 4),
        };
        octet += 1;
    }
    table
};

fn three_digits(number: u64) -> [u8; 3] {
    [number / 100, number / 10, number].map(|place| digit(place % 10))
}

fn digit(value: u64) -> u8 {
    b'0' + value.to_le_bytes()[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_decimal() {
        let mut out = TextBuffer::default();
        for number in [0, 9, 10, 99, 100, 255, 999, 1000, u64::MAX] {
            push_number(number, &mut out);
            out.push(b' ');
        }
        push_thousand(7, &mut out);
        push_thousand(987, &mut out);
        assert_eq!(out.as_slice(), b"0 9 10 99 100 255 999 1000 18446744073709551615 007987");
    }

    #[test]
    fn addresses_are_those_of_the_standard_library() {
        for octet in 0..=255 {
            let address = Ipv4Addr::new(octet, 255 - octet, octet / 10, octet);
            let mut out = TextBuffer::default();
            push_v4(address, &mut out);
            assert_eq!(String::from_utf8_lossy(out.as_slice()), address.to_string());
        }
    }
}
