//! Text from outside, made harmless for terminals and for those who read lines.

use crate::text_buffer::TextBuffer;

/// Appends `text` with every character spelt out that could end a line, steer a terminal or change the direction
/// of writing: `\n`, `\r`, `\t`, `\x1b`, `\u{85}`. Clients choose much of what is logged; a line of theirs must not
/// look like two, nor like another. Backslashes stay as they are.
pub(crate) fn push_visible(text: &str, out: &mut TextBuffer) {
    if is_plain(text.as_bytes()) {
        out.put(text.as_bytes());
    } else {
        push_spelt_out(text, out);
    }
}

/// The same for UTF-8 that is known as octets; plain text, which nearly all is, need not be looked at again.
#[inline]
pub(crate) fn push_visible_octets(text: &[u8], out: &mut TextBuffer) {
    if is_plain(text) {
        out.put(text);
    } else {
        push_spelt_out(str::from_utf8(text).unwrap_or_default(), out);
    }
}

#[cold]
fn push_spelt_out(text: &str, out: &mut TextBuffer) {
    for letter in text.chars() {
        if is_dangerous(letter) { spell_out(letter, out) } else { push_char(letter, out) }
    }
}

/// Whether all octets are from space to tilde, eight of them looked at together.
fn is_plain(text: &[u8]) -> bool {
    const HIGHEST: u64 = u64::from_ne_bytes([0x80; 8]);
    const SPACE: u64 = u64::from_ne_bytes([b' '; 8]);
    // What a delete character lacks to the highest bit, and a tilde does not reach.
    const ONE: u64 = u64::from_ne_bytes([1; 8]);
    let (words, rest) = text.as_chunks();
    words.iter().all(|word| {
        let word = u64::from_le_bytes(*word);
        // A borrow or carry comes from an octet only that shows by itself.
        (word | word.wrapping_sub(SPACE) | word.wrapping_add(ONE)) & HIGHEST == 0
    }) && rest.iter().all(|octet| (b' '..=b'~').contains(octet))
}

/// Spells out within a JSON text, whose control characters below a space are escaped already, what else
/// [`push_visible`] would.
pub(crate) fn push_visible_json(json: &str, out: &mut TextBuffer) {
    for letter in json.chars() {
        if is_dangerous(letter) {
            // Such letters stand in strings only, and all are in the basic plane.
            out.put(format!("\\u{:04x}", u32::from(letter)).as_bytes());
        } else {
            push_char(letter, out);
        }
    }
}

/// Control characters, separators of lines and paragraphs, marks of direction.
fn is_dangerous(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn spell_out(letter: char, out: &mut TextBuffer) {
    match letter {
        '\n' => out.put_array(b"\\n"),
        '\r' => out.put_array(b"\\r"),
        '\t' => out.put_array(b"\\t"),
        '\0'..='\x7f' => out.put(format!("\\x{:02x}", u32::from(letter)).as_bytes()),
        _ => letter.escape_unicode().for_each(|letter| push_char(letter, out)),
    }
}

fn push_char(letter: char, out: &mut TextBuffer) {
    out.put(letter.encode_utf8(&mut [0; 4]).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visible(text: &str) -> String {
        let mut out = TextBuffer::default();
        push_visible(text, &mut out);
        String::from_utf8(out.as_slice().to_owned()).expect("UTF-8")
    }

    #[test]
    fn what_could_break_a_line_or_steer_a_terminal_is_spelt_out() {
        for (text, expected) in [
            ("plain \\ text ~", "plain \\ text ~"),
            ("a\r\nb\tc", r"a\r\nb\tc"),
            ("\x1b[2J\0\x7f", r"\x1b[2J\x00\x7f"),
            ("\u{85}\u{9b}31m", r"\u{85}\u{9b}31m"),
            ("\u{2028}\u{202e}\u{2066}\u{200f}", r"\u{2028}\u{202e}\u{2066}\u{200f}"),
            ("Grüße \u{1f600} \u{fffd}", "Grüße \u{1f600} \u{fffd}"),
        ] {
            assert_eq!(visible(text), expected);
        }
    }

    #[test]
    fn every_octet_shows_wherever_it_stands() {
        for octet in 0..=u8::MAX {
            for at in 0..19 {
                let mut text = [b'~'; 19];
                text[at] = octet;
                assert_eq!(is_plain(&text), (b' '..=b'~').contains(&octet), "{octet} at {at}");
            }
        }
    }

    #[test]
    fn json_stays_json_with_the_same_strings() {
        for letter in ('\0'..='\u{ff}').chain(['\u{2028}', '\u{202e}', '\u{1f600}']) {
            let value = serde_json::json!([letter.to_string()]);
            let mut out = TextBuffer::default();
            push_visible_json(&value.to_string(), &mut out);
            let out = String::from_utf8(out.as_slice().to_owned()).expect("UTF-8");
            assert!(!out.chars().any(is_dangerous), "{out:?}");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&out).expect("JSON"), value);
        }
    }
}
