//! What stands in the place of a message's `%1`…`%n`.

use std::fmt::{self, Display, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::client_label::ClientLabel;
use crate::digits::{push_number, push_v4};
use crate::text_buffer::TextBuffer;
use crate::visible::{push_visible, push_visible_octets};

/// An argument of a message. What has a form of its own is kept as a value, and becomes text only where it is
/// written: on the writer's thread, not on the one that serves packets.
#[derive(Clone, Copy)]
pub enum Argument<'a> {
    /// Text of any origin.
    Text(&'a str),
    /// A number.
    Number(u64),
    /// A number that may be below zero.
    Signed(i64),
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address.
    V6(Ipv6Addr),
    /// The client of a transaction.
    Client(ClientLabel<'a>),
    /// Anything else, which is formatted by whoever logs.
    Other(&'a dyn Display),
}

impl Argument<'_> {
    /// Whether it is yet to be made into text, which may take its time, and may log something itself.
    pub(crate) fn is_unformatted(&self) -> bool {
        matches!(self, Self::Other(_))
    }

    /// Appends it as it stands in a line: what outsiders may have chosen with its control characters spelt out.
    pub(crate) fn push_visible(&self, out: &mut TextBuffer) {
        match self {
            Self::Text(text) => push_visible(text, out),
            Self::Number(number) => push_number(*number, out),
            Self::V4(address) => push_v4(*address, out),
            Self::Client(label) => label.push(out),
            // Nobody chooses what these look like. The buffer takes everything.
            Self::Signed(number) => drop(write!(out, "{number}")),
            Self::V6(address) => drop(write!(out, "{address}")),
            Self::Other(other) => push_visible(&other.to_string(), out),
        }
    }
}

impl Display for Argument<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => number.fmt(f),
            Self::Signed(number) => number.fmt(f),
            Self::V4(address) => address.fmt(f),
            Self::V6(address) => address.fmt(f),
            Self::Client(label) => label.fmt(f),
            Self::Other(other) => other.fmt(f),
        }
    }
}

impl fmt::Debug for Argument<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

/// A value on its way into [`log!`](crate::log!), which asks it for its [`Argument`]: in a form of its own where
/// its type has one ([`AsValue`]), else as anything that can be shown ([`AsText`]). The compiler takes the first,
/// since the second is one reference further away.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Given<'a, T: ?Sized>(pub &'a T);

/// See [`Given`].
#[doc(hidden)]
pub trait AsValue<'a> {
    /// The argument.
    fn argument(self) -> Argument<'a>;
}

/// See [`Given`].
#[doc(hidden)]
pub trait AsText<'a> {
    /// The argument.
    fn argument(self) -> Argument<'a>;
}

impl<'a, T: Display> AsText<'a> for &Given<'a, T> {
    fn argument(self) -> Argument<'a> {
        Argument::Other(self.0)
    }
}

macro_rules! values {
    ($($type:ty: $value:ident => $argument:expr;)*) => {$(
        impl<'a> AsValue<'a> for Given<'a, $type> {
            #[inline(always)]
            fn argument(self) -> Argument<'a> {
                let $value = self.0;
                $argument
            }
        }
    )*};
}

values! {
    &'a str: text => Argument::Text(text);
    String: text => Argument::Text(text);
    u8: number => Argument::Number(u64::from(*number));
    u16: number => Argument::Number(u64::from(*number));
    u32: number => Argument::Number(u64::from(*number));
    u64: number => Argument::Number(*number);
    usize: number => Argument::Number(*number as u64);
    i32: number => Argument::Signed(i64::from(*number));
    i64: number => Argument::Signed(*number);
    Ipv4Addr: address => Argument::V4(*address);
    Ipv6Addr: address => Argument::V6(*address);
    IpAddr: address => match address {
        IpAddr::V4(address) => Argument::V4(*address),
        IpAddr::V6(address) => Argument::V6(*address),
    };
    ClientLabel<'a>: label => Argument::Client(*label);
}

/// Appends the arguments to `out` so that [`Encoded`] finds them again.
pub(crate) fn encode(arguments: &[Argument<'_>], out: &mut TextBuffer) {
    for argument in arguments {
        match argument {
            Argument::Text(text) => {
                out.push(Tag::TEXT);
                out.put_array(&length(Some(text.as_bytes())).to_le_bytes());
                out.put(text.as_bytes());
            }
            Argument::Number(number) => {
                out.push(Tag::NUMBER);
                out.put_array(&number.to_le_bytes());
            }
            Argument::Signed(number) => {
                out.push(Tag::SIGNED);
                out.put_array(&number.to_le_bytes());
            }
            Argument::V4(address) => {
                out.push(Tag::V4);
                out.put_array(&address.octets());
            }
            Argument::V6(address) => {
                out.push(Tag::V6);
                out.put_array(&address.octets());
            }
            Argument::Client(ClientLabel::V4 { hardware, client_id, xid }) => {
                put_client(Tag::CLIENT4, (*hardware, *client_id, *xid), out);
            }
            Argument::Client(ClientLabel::V6 { duid, hardware, xid }) => {
                put_client(Tag::CLIENT6, (*hardware, *duid, *xid), out);
            }
            Argument::Other(other) => {
                out.push(Tag::TEXT);
                let start = out.as_slice().len();
                out.put_array(&[0; 4]);
                // A Display that fails leaves what it wrote so far, which is the best there is.
                let _ = write!(out, "{other}");
                let written = &mut out.as_mut_slice()[start..];
                let length = length(written.get(4..)).to_le_bytes();
                written[..4].copy_from_slice(&length);
            }
        }
    }
}

/// What [`encode`] wrote, as an iterator over the arguments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Encoded<'a>(pub(crate) &'a [u8]);

impl Encoded<'_> {
    /// Appends the next argument as [`Argument::push_visible`] does; false when there is none.
    #[inline]
    pub(crate) fn push_next(&mut self, out: &mut TextBuffer) -> bool {
        self.try_push_next(out).is_some()
    }

    /// What nearly all lines consist of is not made into a value on the way, which takes longer than the text.
    #[inline]
    fn try_push_next(&mut self, out: &mut TextBuffer) -> Option<()> {
        let (tag, mut rest) = self.0.split_first()?;
        match *tag {
            Tag::TEXT => push_visible_octets(take_slice(&mut rest)?, out),
            Tag::NUMBER => push_number(u64::from_le_bytes(take(&mut rest)?), out),
            Tag::V4 => push_v4(take(&mut rest)?.into(), out),
            _ => {
                self.next()?.push_visible(out);
                return Some(());
            }
        }
        self.0 = rest;
        Some(())
    }
}

impl<'a> Iterator for Encoded<'a> {
    type Item = Argument<'a>;

    #[inline]
    fn next(&mut self) -> Option<Argument<'a>> {
        take_argument(&mut self.0)
    }
}

struct Tag;

impl Tag {
    const TEXT: u8 = 0;
    const NUMBER: u8 = 1;
    const V4: u8 = 2;
    const V6: u8 = 3;
    const CLIENT4: u8 = 4;
    const CLIENT6: u8 = 5;
    const SIGNED: u8 = 6;
}

#[inline]
fn take_argument<'a>(bytes: &mut &'a [u8]) -> Option<Argument<'a>> {
    Some(match take::<1>(bytes)?[0] {
        Tag::NUMBER => Argument::Number(u64::from_le_bytes(take(bytes)?)),
        Tag::SIGNED => Argument::Signed(i64::from_le_bytes(take(bytes)?)),
        Tag::V4 => Argument::V4(take(bytes)?.into()),
        Tag::V6 => Argument::V6(take(bytes)?.into()),
        Tag::CLIENT4 => {
            let (hardware, client_id, xid) = take_client(bytes)?;
            Argument::Client(ClientLabel::V4 { hardware, client_id, xid })
        }
        Tag::CLIENT6 => {
            let (hardware, duid, xid) = take_client(bytes)?;
            Argument::Client(ClientLabel::V6 { duid, hardware, xid })
        }
        _ => Argument::Text(str::from_utf8(take_slice(bytes)?).unwrap_or_default()),
    })
}

/// Hardware type and address, identity, transaction.
type Client<'a> = (Option<(u16, &'a [u8])>, Option<&'a [u8]>, u32);

/// What is absent has no length but [`ABSENT`].
fn put_client(tag: u8, (hardware, identity, xid): Client<'_>, out: &mut TextBuffer) {
    let (hardware_type, address) = hardware.unwrap_or_default();
    out.push(tag);
    out.put_array(&xid.to_le_bytes());
    out.put_array(&length(hardware.map(|(_, address)| address)).to_le_bytes());
    out.put_array(&hardware_type.to_le_bytes());
    out.put_array(&length(identity).to_le_bytes());
    out.put(address);
    out.put(identity.unwrap_or_default());
}

fn take_client<'a>(bytes: &mut &'a [u8]) -> Option<Client<'a>> {
    let xid = take_number(bytes)?;
    let address_length = take_number(bytes)?;
    let hardware_type = u16::from_le_bytes(take(bytes)?);
    let identity_length = take_number(bytes)?;
    let address = take_optional(address_length, bytes)?;
    let identity = take_optional(identity_length, bytes)?;
    Some((address.map(|address| (hardware_type, address)), identity, xid))
}

const ABSENT: u32 = u32::MAX;

/// Nothing that is logged is four gigabytes long; [`ABSENT`] is told apart in any case.
fn length(slice: Option<&[u8]>) -> u32 {
    slice.map_or(ABSENT, |slice| u32::try_from(slice.len()).unwrap_or(u32::MAX).min(ABSENT - 1))
}

fn take_slice<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    take_optional(take_number(bytes)?, bytes)?
}

fn take_optional<'a>(length: u32, bytes: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    if length == ABSENT {
        return Some(None);
    }
    let (slice, rest) = bytes.split_at_checked(length as usize)?;
    *bytes = rest;
    Some(Some(slice))
}

fn take_number(bytes: &mut &[u8]) -> Option<u32> {
    take(bytes).map(u32::from_le_bytes)
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (chunk, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*chunk)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HARDWARE: Option<(u16, &[u8])> = Some((1, &[0, 0x0c, 1, 2, 3, 0xf4]));

    fn shown(arguments: &[Argument<'_>]) -> Vec<String> {
        arguments.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn arguments_survive_the_queue() {
        let id: Vec<u8> = (0..=255).cycle().take(300).collect();
        let labels = [
            ClientLabel::V4 { hardware: HARDWARE, client_id: Some(&[]), xid: 0 },
            ClientLabel::V4 { hardware: None, client_id: Some(&id), xid: u32::MAX },
            ClientLabel::V6 { duid: None, hardware: HARDWARE, xid: 0xab_cdef },
            ClientLabel::V6 { duid: Some(&id), hardware: None, xid: 1 },
        ];
        let mut arguments = vec![
            Argument::Text("a b"),
            Argument::Number(u64::MAX),
            Argument::Signed(i64::MIN),
            Argument::Text(""),
            Argument::V4(Ipv4Addr::new(192, 0, 2, 255)),
            Argument::V6(Ipv6Addr::LOCALHOST),
            Argument::Other(&"ü\n"),
        ];
        arguments.extend(labels.map(Argument::Client));
        let mut buffer = TextBuffer::default();
        encode(&arguments, &mut buffer);
        let bytes = buffer.as_slice();
        assert_eq!(&bytes[..9], &[0, 3, 0, 0, 0, b'a', b' ', b'b', 1]);
        let decoded: Vec<_> = Encoded(bytes).collect();
        assert_eq!(shown(&decoded), shown(&arguments));
        // Cut short anywhere, what is whole is kept.
        for length in 0..bytes.len() {
            let decoded: Vec<_> = Encoded(&bytes[..length]).collect();
            assert!(decoded.len() < arguments.len());
            assert_eq!(shown(&decoded), shown(&arguments[..decoded.len()]));
            let mut encoded = Encoded(&bytes[..length]);
            let mut line = TextBuffer::default();
            assert_eq!((0..).take_while(|_| encoded.push_next(&mut line)).count(), decoded.len());
            assert_eq!(line.as_slice(), visible(&decoded));
        }
    }

    fn visible(arguments: &[Argument<'_>]) -> Vec<u8> {
        let mut line = TextBuffer::default();
        arguments.iter().for_each(|argument| argument.push_visible(&mut line));
        line.as_slice().to_owned()
    }

    #[test]
    fn lines_show_what_display_shows() {
        let label = ClientLabel::V4 { hardware: HARDWARE, client_id: None, xid: 7 };
        for argument in [
            Argument::Number(0),
            Argument::Signed(-7),
            Argument::Number(u64::MAX),
            Argument::V4(Ipv4Addr::new(10, 0, 200, 9)),
            Argument::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
            Argument::Client(label),
            Argument::Other(&"text"),
        ] {
            assert_eq!(visible(&[argument]), argument.to_string().as_bytes());
        }
        assert_eq!(visible(&[Argument::Other(&"a\nb")]), br"a\nb");
    }

    #[test]
    fn what_has_a_form_of_its_own_keeps_it() {
        let (text, number) = (String::from("text"), 3600_u32);
        let address = Ipv4Addr::LOCALHOST;
        assert!(matches!(Given(&text).argument(), Argument::Text("text")));
        assert!(matches!(Given(&"text").argument(), Argument::Text("text")));
        assert!(matches!(Given(&number).argument(), Argument::Number(3600)));
        assert!(matches!(Given(&address).argument(), Argument::V4(_)));
        assert!(matches!(Given(&IpAddr::V4(address)).argument(), Argument::V4(_)));
        assert!(matches!(Given(&IpAddr::V6(address.to_ipv6_mapped())).argument(), Argument::V6(_)));
        assert!(matches!(Given(&'x').argument(), Argument::Other(_)));
    }
}
