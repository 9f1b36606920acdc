//! One occurrence on its way to the outputs.

use std::fmt::{self, Display, Write as _};

use crate::message_row::Message;

/// What is known of an occurrence besides its arguments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    pub(crate) message: &'static Message,
    /// Nanoseconds since the epoch.
    pub(crate) at: i64,
    /// The system's thread id.
    pub(crate) thread: i32,
}

/// An occurrence as the writer sees it.
#[derive(Debug)]
pub(crate) struct Record<'a> {
    pub(crate) head: Head,
    /// Full name of the logger.
    pub(crate) logger: &'a str,
    pub(crate) process: u32,
    pub(crate) arguments: &'a [&'a str],
}

impl Record<'_> {
    /// Appends identifier, a space, the text with arguments in place.
    pub(crate) fn push_text(&self, out: &mut String) {
        out.push_str(self.head.message.id);
        out.push(' ');
        self.head.message.render(self.arguments, out);
    }
}

/// Appends the arguments as text, each behind its length in four bytes.
pub(crate) fn encode_arguments(arguments: &[&dyn Display], out: &mut Vec<u8>) {
    for argument in arguments {
        let start = out.len();
        out.extend_from_slice(&[0; 4]);
        // A Display that fails leaves what it wrote so far, which is the best there is.
        let _ = write!(Utf8(out), "{argument}");
        let length = u32::try_from(out.len() - start - 4).unwrap_or(u32::MAX);
        out[start..start + 4].copy_from_slice(&length.to_le_bytes());
    }
}

/// Reads back what [`encode_arguments`] wrote, at most as many arguments as `out` has room for; returns how many.
pub(crate) fn decode_arguments<'a>(mut bytes: &'a [u8], out: &mut [&'a str]) -> usize {
    let mut count = 0;
    for argument in out {
        let Some((length, rest)) = bytes.split_first_chunk() else { break };
        let length = (u32::from_le_bytes(*length) as usize).min(rest.len());
        let (text, rest) = rest.split_at(length);
        *argument = str::from_utf8(text).unwrap_or_default();
        bytes = rest;
        count += 1;
    }
    count
}

struct Utf8<'a>(&'a mut Vec<u8>);

impl fmt::Write for Utf8<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_survive_the_queue() {
        let mut bytes = Vec::new();
        encode_arguments(&[&"a b", &17, &"", &"ü"], &mut bytes);
        assert_eq!(&bytes[..8], &[3, 0, 0, 0, b'a', b' ', b'b', 2]);
        let mut arguments = [""; 6];
        assert_eq!(decode_arguments(&bytes, &mut arguments), 4);
        assert_eq!(arguments, ["a b", "17", "", "ü", "", ""]);
    }
}
