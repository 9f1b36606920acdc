//! Writes a message into the caller's buffer, option by option.

use std::net::Ipv4Addr;

use super::code;
use super::header::{HEADER_LEN, MAGIC_COOKIE, MessageType, Op, field};
use super::options::{OptionArea, Overload};
use super::view::View;
use crate::HwAddr;

/// Appends one DHCPv4 message to a buffer.
///
/// The message type is the first option and relay agent information the last, whatever the order
/// of the calls; in between stands what [`Self::option`] was given, in that order. Nothing is
/// padded unless asked for, as Kea does it.
///
/// What stands in the buffer already is kept, so a link header can precede the message.
#[derive(Debug)]
pub struct Builder<'b> {
    buffer: &'b mut Vec<u8>,
    /// Where the message starts in `buffer`.
    start: usize,
    relay_agent_info: Option<&'b [u8]>,
    min_len: usize,
    max_len: usize,
}

/// What [`Builder::finish`] wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emitted {
    /// Octets of the message.
    pub len: usize,
    /// The header fields that options had to move to.
    pub overload: Overload,
    /// Options that did not fit into the largest size allowed.
    pub omitted: Vec<u8>,
}

impl<'b> Builder<'b> {
    /// The smallest limit that [`Self::max_len`] takes: the 576 octets of IP datagram that every
    /// client accepts (RFC 2131 section 2), less the IP and UDP headers.
    pub const MIN_LIMIT: usize = 548;

    /// Begins the answer to `query`: `htype`, `hlen`, `hops`, `xid`, `flags`, `giaddr` and
    /// `chaddr` are the query's (RFC 2131 section 4.3.1 table 3), everything else is zero.
    pub fn reply(buffer: &'b mut Vec<u8>, query: &View<'_>, message_type: MessageType) -> Self {
        let mut builder = Self::bootp_reply(buffer, query);
        builder.option(code::MESSAGE_TYPE, &[message_type.number()]);
        builder
    }

    /// As [`Self::reply`], without a message type, for BOOTP clients.
    pub fn bootp_reply(buffer: &'b mut Vec<u8>, query: &View<'_>) -> Self {
        let mut header = *query.header();
        header[field::OP] = Op::Reply.number();
        header[field::SECS..field::FLAGS].fill(0);
        header[field::CIADDR..field::GIADDR].fill(0);
        header[field::SNAME..field::COOKIE].fill(0);
        Self::from_header(buffer, &header)
    }

    /// Begins a client's message. Octets of `hw_addr` beyond 16 are left out.
    pub fn request(
        buffer: &'b mut Vec<u8>,
        hw_addr: &HwAddr,
        xid: u32,
        message_type: MessageType,
    ) -> Self {
        let mut header = [0; HEADER_LEN];
        let hlen = hw_addr.octets().len().min(16) as u8;
        // Hardware types above 255 have no DHCPv4 form.
        header[..4].copy_from_slice(&[Op::Request.number(), hw_addr.htype() as u8, hlen, 0]);
        header[4..8].copy_from_slice(&xid.to_be_bytes());
        header[28..44].iter_mut().zip(hw_addr.octets()).for_each(|(to, &from)| *to = from);
        header[field::COOKIE..].copy_from_slice(&MAGIC_COOKIE);
        let mut builder = Self::from_header(buffer, &header);
        builder.option(code::MESSAGE_TYPE, &[message_type.number()]);
        builder
    }

    pub(super) fn from_header(buffer: &'b mut Vec<u8>, header: &[u8; HEADER_LEN]) -> Self {
        let start = buffer.len();
        buffer.reserve(Self::MIN_LIMIT);
        buffer.extend_from_slice(header);
        Builder { buffer, start, relay_agent_info: None, min_len: 0, max_len: usize::MAX }
    }

    /// Sets `hops`.
    pub fn hops(&mut self, hops: u8) -> &mut Self {
        self.put(field::HOPS, [hops])
    }

    /// Sets `htype`, `hlen` and `chaddr`, for a client other than the one that asks.
    pub fn hw_addr(&mut self, hw_addr: &HwAddr) -> &mut Self {
        let mut chaddr = [0; 16];
        chaddr.iter_mut().zip(hw_addr.octets()).for_each(|(to, &from)| *to = from);
        let hlen = hw_addr.octets().len().min(16) as u8;
        // Hardware types above 255 have no DHCPv4 form.
        self.put(field::HTYPE, [hw_addr.htype() as u8, hlen]).put(field::CHADDR, chaddr)
    }

    /// Sets `secs`.
    pub fn secs(&mut self, secs: u16) -> &mut Self {
        self.put(field::SECS, secs.to_be_bytes())
    }

    /// Sets `flags`.
    pub fn flags(&mut self, flags: u16) -> &mut Self {
        self.put(field::FLAGS, flags.to_be_bytes())
    }

    /// Sets `ciaddr`.
    pub fn ciaddr(&mut self, address: Ipv4Addr) -> &mut Self {
        self.put(field::CIADDR, address.octets())
    }

    /// Sets `yiaddr`.
    pub fn yiaddr(&mut self, address: Ipv4Addr) -> &mut Self {
        self.put(field::YIADDR, address.octets())
    }

    /// Sets `siaddr`.
    pub fn siaddr(&mut self, address: Ipv4Addr) -> &mut Self {
        self.put(field::SIADDR, address.octets())
    }

    /// Sets `giaddr`.
    pub fn giaddr(&mut self, address: Ipv4Addr) -> &mut Self {
        self.put(field::GIADDR, address.octets())
    }

    /// Sets `sname`. Octets beyond 64 are left out. (One of 64 octets fills the field, and no NUL ends it, as in Kea.)
    pub fn sname(&mut self, name: &[u8]) -> &mut Self {
        self.put_text::<64>(field::SNAME, name)
    }

    /// Sets `file`. Octets beyond 128 are left out.
    pub fn file(&mut self, name: &[u8]) -> &mut Self {
        self.put_text::<128>(field::FILE, name)
    }

    /// Appends an option, in instances of at most 255 octets (RFC 3396 section 5).
    #[inline]
    pub fn option(&mut self, code: u8, data: &[u8]) -> &mut Self {
        push_option(self.buffer, code, data);
        self
    }

    /// Sets relay agent information (82), which is written last (RFC 3046 section 2.1).
    pub fn relay_agent_info(&mut self, data: &'b [u8]) -> &mut Self {
        self.relay_agent_info = Some(data);
        self
    }

    /// Pads the message with zero octets to `len`, as BOOTP clients want it
    /// ([`super::MIN_BOOTP_LEN`]).
    pub fn min_len(&mut self, len: usize) -> &mut Self {
        self.min_len = len;
        self
    }

    /// Limits the message to `len` octets (a client's option 57 less 28 for the IP and UDP
    /// headers), but never below [`Self::MIN_LIMIT`].
    pub fn max_len(&mut self, len: usize) -> &mut Self {
        self.max_len = len.max(Self::MIN_LIMIT);
        self
    }

    /// True when an option of that code was written.
    pub fn has_option(&self, code: u8) -> bool {
        let options = self.buffer.get(self.start + HEADER_LEN..).unwrap_or(&[]);
        OptionArea::new(options).any(|(found, _)| found == code)
            || (code == code::RELAY_AGENT_INFO && self.relay_agent_info.is_some())
    }

    /// Writes the last option and END. When the message exceeds its limit, options move to `file`
    /// and `sname` where those are unused; what still does not fit is left out and reported.
    pub fn finish(&mut self) -> Emitted {
        let last = self.relay_agent_info.map_or(0, encoded_len);
        let len = self.buffer.len() - self.start + last + 1;
        let mut emitted = Emitted { len, overload: Overload::None, omitted: Vec::new() };
        if len > self.max_len {
            (emitted.overload, emitted.omitted) = self.overload(last);
        }
        if let Some(data) = self.relay_agent_info {
            push_option(self.buffer, code::RELAY_AGENT_INFO, data);
        }
        self.buffer.push(code::END);
        emitted.len = self.buffer.len() - self.start;
        if emitted.len < self.min_len {
            self.buffer.resize(self.start + self.min_len, 0);
            emitted.len = self.min_len;
        }
        emitted
    }

    /// Distributes the options over the areas, keeping `last` octets of the options field free.
    #[cold]
    fn overload(&mut self, last: usize) -> (Overload, Vec<u8>) {
        const OVERLOAD_OPTION_LEN: usize = 3;
        let fixed = HEADER_LEN + OVERLOAD_OPTION_LEN + last + 1;
        let written = self.buffer.split_off(self.start + HEADER_LEN);
        let mut areas = [
            Part::new(self.max_len.saturating_sub(fixed)),
            Part::new(if self.is_zero(field::FILE, 128) { 127 } else { 0 }),
            Part::new(if self.is_zero(field::SNAME, 64) { 63 } else { 0 }),
        ];
        let mut omitted = Vec::new();
        let mut options = OptionArea::new(&written).peekable();
        while let Some((code, data)) = options.next() {
            let marks = [areas[0].octets.len(), areas[1].octets.len(), areas[2].octets.len()];
            let mut area = 0;
            let mut fits = place(&mut areas, &mut area, code, data);
            // Later instances of a split option may not stand before earlier ones.
            while let Some((_, data)) = options.next_if(|&(next, _)| next == code) {
                fits = fits && place(&mut areas, &mut area, code, data);
            }
            if !fits {
                areas.iter_mut().zip(marks).for_each(|(area, mark)| area.octets.truncate(mark));
                omitted.push(code);
            }
        }
        let [options, file, sname] = &areas;
        let overload = match (file.octets.is_empty(), sname.octets.is_empty()) {
            (true, true) => Overload::None,
            (false, true) => Overload::File,
            (true, false) => Overload::Sname,
            (false, false) => Overload::Both,
        };
        self.buffer.extend_from_slice(&options.octets);
        if let Some(value) = overload.value() {
            push_option(self.buffer, code::OVERLOAD, &[value]);
        }
        self.put_area(field::FILE, file);
        self.put_area(field::SNAME, sname);
        (overload, omitted)
    }

    fn put_area(&mut self, offset: usize, part: &Part) {
        if let Some(field) = self.buffer.get_mut(self.start + offset..)
            && !part.octets.is_empty()
        {
            let octets = part.octets.iter().chain(&[code::END]);
            field.iter_mut().zip(octets).for_each(|(to, &from)| *to = from);
        }
    }

    fn is_zero(&self, offset: usize, len: usize) -> bool {
        let field = self.buffer.iter().skip(self.start + offset).take(len);
        field.copied().all(|octet| octet == 0)
    }

    #[inline]
    fn put<const N: usize>(&mut self, offset: usize, octets: [u8; N]) -> &mut Self {
        let field = self.buffer.get_mut(self.start + offset..);
        if let Some(field) = field.and_then(<[u8]>::first_chunk_mut::<N>) {
            *field = octets;
        }
        self
    }

    fn put_text<const N: usize>(&mut self, offset: usize, text: &[u8]) -> &mut Self {
        let mut octets = [0; N];
        octets.iter_mut().zip(text).for_each(|(to, &from)| *to = from);
        self.put(offset, octets)
    }
}

/// Octets that an option takes on the wire, split as RFC 3396 wants it.
pub(super) fn encoded_len(data: &[u8]) -> usize {
    data.len() + 2 * data.len().div_ceil(255).max(1)
}

#[inline]
fn push_option(buffer: &mut Vec<u8>, code: u8, data: &[u8]) {
    match u8::try_from(data.len()) {
        Ok(len) => {
            buffer.reserve(data.len() + 2);
            buffer.extend_from_slice(&[code, len]);
            buffer.extend_from_slice(data);
        }
        Err(_) => data.chunks(255).for_each(|chunk| {
            buffer.extend_from_slice(&[code, chunk.len() as u8]);
            buffer.extend_from_slice(chunk);
        }),
    }
}

/// An options area that is being filled.
struct Part {
    octets: Vec<u8>,
    capacity: usize,
}

impl Part {
    fn new(capacity: usize) -> Self {
        Part { octets: Vec::new(), capacity }
    }
}

/// Puts an instance into the first part, from `from` on, that has room.
fn place(areas: &mut [Part; 3], from: &mut usize, code: u8, data: &[u8]) -> bool {
    for (number, area) in areas.iter_mut().enumerate().skip(*from) {
        if area.octets.len() + data.len() + 2 <= area.capacity {
            push_option(&mut area.octets, code, data);
            *from = number;
            return true;
        }
    }
    false
}
