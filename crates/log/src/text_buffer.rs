//! Text of a line that grows piece by piece: several dozen pieces a line, most of them a few octets long.

use std::fmt;

/// Octets with room behind them, so that a short piece is stored by a move or two instead of a call: an array is
/// copied whole, whatever part of it counts, and the next piece overwrites the rest.
#[derive(Clone, Debug, Default)]
pub(crate) struct TextBuffer {
    /// The text, and room with anything in it.
    octets: Vec<u8>,
    /// Where the room begins.
    end: usize,
}

impl TextBuffer {
    pub(crate) const fn new() -> Self {
        Self { octets: Vec::new(), end: 0 }
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.octets[..self.end]
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.octets[..self.end]
    }

    pub(crate) fn clear(&mut self) {
        self.end = 0;
    }

    /// Adds an octet.
    #[inline]
    pub(crate) fn push(&mut self, octet: u8) {
        self.put_array(&[octet]);
    }

    /// Adds text of any length.
    #[inline]
    pub(crate) fn put(&mut self, text: &[u8]) {
        match self.octets.get_mut(self.end..self.end + text.len()) {
            Some(room) => {
                room.copy_from_slice(text);
                self.end += text.len();
            }
            None => self.put_into_more_room(text),
        }
    }

    /// Adds text whose length is known when this is compiled.
    #[inline]
    pub(crate) fn put_array<const N: usize>(&mut self, text: &[u8; N]) {
        self.put_first(text, N);
    }

    /// Adds the first `length` octets of `text`, at most all.
    #[inline]
    pub(crate) fn put_first<const N: usize>(&mut self, text: &[u8; N], length: usize) {
        match self.octets.get_mut(self.end..).and_then(<[u8]>::first_chunk_mut) {
            Some(room) => {
                *room = *text;
                self.end += length.min(N);
            }
            None => self.put_into_more_room(&text[..length.min(N)]),
        }
    }

    /// Adds what `write` stores at the beginning of the room that it is given; it returns how many octets. Text
    /// that is made octet by octet is made here in its place: a processor waits when it loads as a whole what it
    /// has just stored in parts.
    #[inline]
    pub(crate) fn put_made<const N: usize>(&mut self, write: impl FnOnce(&mut [u8; N]) -> usize) {
        if self.octets.len() - self.end < N {
            self.make_room(N);
        }
        if let Some(room) = self.octets.get_mut(self.end..).and_then(<[u8]>::first_chunk_mut) {
            self.end += write(room).min(N);
        }
    }

    #[cold]
    fn put_into_more_room(&mut self, text: &[u8]) {
        self.make_room(text.len());
        self.put(text);
    }

    #[cold]
    fn make_room(&mut self, needed: usize) {
        self.octets.resize((self.end + needed).max(MIN_ROOM / 2) * 2, 0);
    }
}

impl fmt::Write for TextBuffer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.put(text.as_bytes());
        Ok(())
    }
}

const MIN_ROOM: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_all_kinds_follow_each_other_across_every_end_of_the_room() {
        let mut buffer = TextBuffer::default();
        let mut expected = Vec::new();
        for round in 0..1_000 {
            buffer.push(b'[');
            buffer.put_first(b"0123456789abcdef", round % 17);
            buffer.put_first(b"xy", 9);
            buffer.put_array(b"-");
            buffer.put_made(|room: &mut [u8; 5]| {
                room.fill(b'm');
                round % 6
            });
            buffer.put(&vec![b'z'; round % 50]);
            expected.push(b'[');
            expected.extend_from_slice(&b"0123456789abcdef"[..round % 17]);
            expected.extend_from_slice(b"xy-");
            expected.extend_from_slice(&b"mmmmm"[..round % 6]);
            expected.extend_from_slice(&vec![b'z'; round % 50]);
        }
        assert_eq!(buffer.as_slice(), expected);
        buffer.clear();
        buffer.put(b"again");
        assert_eq!(buffer.as_slice(), b"again");
    }
}
