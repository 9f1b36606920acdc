//! One occurrence on its way to the outputs.

use crate::argument::Encoded;
use crate::message_row::Message;
use crate::text_buffer::TextBuffer;

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
    pub(crate) arguments: Encoded<'a>,
}

impl Record<'_> {
    /// Appends identifier, a space, the text with arguments in place.
    pub(crate) fn push_text(&self, out: &mut TextBuffer) {
        out.put(self.head.message.id.as_bytes());
        out.push(b' ');
        self.head.message.push(self.arguments, out);
    }
}
