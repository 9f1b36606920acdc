//! Where a command ends: there is no length and no line ending, so brackets are counted.

use std::fmt;

/// Collects the bytes of one command (manual section 15.1). Comments (`#`, `//`, `/* */`) may stand anywhere.
#[derive(Clone, Debug)]
pub struct Frame {
    bytes: Vec<u8>,
    scanned: usize,
    open: usize,
    place: Place,
    limit: usize,
}

/// What the bytes so far amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Not yet a whole command.
    Partial,
    /// A whole command; what comes after it is ignored.
    Complete,
}

/// Why the bytes can never become a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// A command begins with `{` or `[`, this came instead.
    FirstCharacter(u8),
    /// Longer than this many bytes.
    TooLong(usize),
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FrameError::FirstCharacter(byte) => {
                write!(f, "invalid first character {}", char::from(*byte))
            }
            FrameError::TooLong(limit) => write!(f, "the command is longer than {limit} bytes"),
        }
    }
}

impl std::error::Error for FrameError {}

impl Frame {
    /// Nothing yet; at most `limit` bytes will be kept.
    pub fn new(limit: usize) -> Self {
        Frame { bytes: Vec::new(), scanned: 0, open: 0, place: Place::Outside, limit }
    }

    /// Bytes held.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// True before the first byte.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Takes what was read.
    ///
    /// # Errors
    /// When no further bytes can make a command of it.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Framing, FrameError> {
        if self.bytes.len() + bytes.len() > self.limit {
            return Err(FrameError::TooLong(self.limit));
        }
        self.bytes.extend_from_slice(bytes);
        while let Some(&byte) = self.bytes.get(self.scanned) {
            self.scanned += 1;
            let was = self.place;
            self.place = was.after(byte);
            if was != Place::Outside || self.place != Place::Outside {
                // Before the first bracket there is room for comments only.
                if self.open == 0 && self.place == Place::String {
                    return Err(FrameError::FirstCharacter(byte));
                }
                continue;
            }
            match byte {
                b'{' | b'[' => self.open += 1,
                b'}' | b']' if self.open > 0 => {
                    self.open -= 1;
                    if self.open == 0 {
                        self.bytes.truncate(self.scanned);
                        return Ok(Framing::Complete);
                    }
                }
                _ if self.open > 0 || byte.is_ascii_whitespace() => {}
                other => return Err(FrameError::FirstCharacter(other)),
            }
        }
        Ok(Framing::Partial)
    }

    /// The command as strict JSON: comments blanked out, so that positions stay, and raw control
    /// characters in strings escaped. Bytes that are not UTF-8 are taken as Latin-1.
    pub fn into_json_text(self) -> String {
        let mut out = Vec::with_capacity(self.bytes.len());
        let mut place = Place::Outside;
        for byte in self.bytes {
            let was = place;
            place = was.after(byte);
            match (was, place) {
                (Place::String | Place::Escape, Place::String) if byte < b' ' => {
                    out.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
                }
                (Place::BlockComment | Place::BlockCommentStar | Place::LineComment, _) => {
                    out.push(if byte == b'\n' { b'\n' } else { b' ' });
                }
                (Place::Slash, Place::LineComment | Place::BlockComment) => {
                    // The first slash is out already.
                    out.pop();
                    out.extend_from_slice(b"  ");
                }
                (_, Place::LineComment) => out.push(b' '),
                _ => out.push(byte),
            }
        }
        String::from_utf8(out)
            .unwrap_or_else(|error| error.into_bytes().into_iter().map(char::from).collect())
    }
}

/// What a byte belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Outside,
    String,
    Escape,
    /// A slash that may begin a comment.
    Slash,
    LineComment,
    BlockComment,
    BlockCommentStar,
}

impl Place {
    fn after(self, byte: u8) -> Place {
        match (self, byte) {
            (Place::Outside, b'"') => Place::String,
            (Place::Outside, b'#') => Place::LineComment,
            (Place::Outside, b'/') => Place::Slash,
            (Place::Outside, _) => Place::Outside,
            (Place::String, b'"') => Place::Outside,
            (Place::String, b'\\') => Place::Escape,
            (Place::String | Place::Escape, _) => Place::String,
            (Place::Slash, b'/') => Place::LineComment,
            (Place::Slash, b'*') => Place::BlockComment,
            // Not a comment after all: what the byte is, it is without the slash too.
            (Place::Slash, other) => Place::Outside.after(other),
            (Place::LineComment, b'\n') => Place::Outside,
            (Place::LineComment, _) => Place::LineComment,
            (Place::BlockComment | Place::BlockCommentStar, b'*') => Place::BlockCommentStar,
            (Place::BlockCommentStar, b'/') => Place::Outside,
            (Place::BlockComment | Place::BlockCommentStar, _) => Place::BlockComment,
        }
    }
}
