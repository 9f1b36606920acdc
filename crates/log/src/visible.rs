//! Text from outside, made harmless for terminals and for those who read lines.

/// Appends `text` with every character spelt out that could end a line, steer a terminal or change the direction
/// of writing: `\n`, `\r`, `\t`, `\x1b`, `\u{85}`. Clients choose much of what is logged; a line of theirs must not
/// look like two, nor like another. Backslashes stay as they are.
pub(crate) fn push_visible(text: &str, out: &mut Vec<u8>) {
    // Without a branch for each byte: nearly all text is plain.
    let is_plain = text.bytes().fold(true, |so_far, byte| so_far & (b' '..=b'~').contains(&byte));
    if is_plain {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    for letter in text.chars() {
        if is_dangerous(letter) { spell_out(letter, out) } else { push_char(letter, out) }
    }
}

/// Spells out within a JSON text, whose control characters below a space are escaped already, what else
/// [`push_visible`] would.
pub(crate) fn push_visible_json(json: &str, out: &mut Vec<u8>) {
    for letter in json.chars() {
        if is_dangerous(letter) {
            // Such letters stand in strings only, and all are in the basic plane.
            out.extend_from_slice(format!("\\u{:04x}", u32::from(letter)).as_bytes());
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

fn spell_out(letter: char, out: &mut Vec<u8>) {
    match letter {
        '\n' => out.extend_from_slice(b"\\n"),
        '\r' => out.extend_from_slice(b"\\r"),
        '\t' => out.extend_from_slice(b"\\t"),
        '\0'..='\x7f' => out.extend_from_slice(format!("\\x{:02x}", u32::from(letter)).as_bytes()),
        _ => letter.escape_unicode().for_each(|letter| push_char(letter, out)),
    }
}

fn push_char(letter: char, out: &mut Vec<u8>) {
    out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visible(text: &str) -> String {
        let mut out = Vec::new();
        push_visible(text, &mut out);
        String::from_utf8(out).expect("UTF-8")
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
    fn json_stays_json_with_the_same_strings() {
        for letter in ('\0'..='\u{ff}').chain(['\u{2028}', '\u{202e}', '\u{1f600}']) {
            let value = serde_json::json!([letter.to_string()]);
            let mut out = Vec::new();
            push_visible_json(&value.to_string(), &mut out);
            let out = String::from_utf8(out).expect("UTF-8");
            assert!(!out.chars().any(is_dangerous), "{out:?}");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&out).expect("JSON"), value);
        }
    }
}
