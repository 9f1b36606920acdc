//! Text from outside, made harmless for terminals and for those who read lines.

/// Appends `text` with every character spelt out that could end a line, steer a terminal or change the direction
/// of writing: `\n`, `\r`, `\t`, `\x1b`, `\u{85}`. Clients choose much of what is logged; a line of theirs must not
/// look like two, nor like another. Backslashes stay as they are.
pub(crate) fn push_visible(text: &str, out: &mut String) {
    let is_plain = |byte: u8| (b' '..=b'~').contains(&byte);
    if text.bytes().all(is_plain) {
        out.push_str(text);
        return;
    }
    for letter in text.chars() {
        if is_dangerous(letter) { spell_out(letter, out) } else { out.push(letter) }
    }
}

/// Spells out within a JSON text, whose control characters below a space are escaped already, what else
/// [`push_visible`] would.
pub(crate) fn push_visible_json(json: &str, out: &mut String) {
    for letter in json.chars() {
        if is_dangerous(letter) {
            // Such letters stand in strings only, and all are in the basic plane.
            out.push_str(&format!("\\u{:04x}", u32::from(letter)));
        } else {
            out.push(letter);
        }
    }
}

/// Control characters, separators of lines and paragraphs, marks of direction.
fn is_dangerous(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn spell_out(letter: char, out: &mut String) {
    match letter {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\0'..='\x7f' => out.push_str(&format!("\\x{:02x}", u32::from(letter))),
        _ => out.extend(letter.escape_unicode()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visible(text: &str) -> String {
        let mut out = String::new();
        push_visible(text, &mut out);
        out
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
            let mut out = String::new();
            push_visible_json(&value.to_string(), &mut out);
            assert!(!out.chars().any(is_dangerous), "{out:?}");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&out).expect("JSON"), value);
        }
    }
}
