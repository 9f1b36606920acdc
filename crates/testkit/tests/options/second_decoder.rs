//! What the `dhcproto` crate reads in an answer.

use std::collections::BTreeMap;

use dhcproto::{Decodable, Decoder, Encodable, v4, v6};
use kea_testkit::Message;
use kea_testkit::v6::Packet6;
use kea_wire::{V4, V6};

use crate::exchange::{Exchange, options_of};

/// A family's part of the second decoder.
pub(crate) trait Redecode: Exchange {
    /// The options of a message as the decoder writes them again, by code; `None` for an option that
    /// it knows no form of.
    fn redecoded(message: &[u8]) -> BTreeMap<u16, Option<Vec<u8>>>;
}

impl Redecode for V4 {
    fn redecoded(message: &[u8]) -> BTreeMap<u16, Option<Vec<u8>>> {
        let message = v4::Message::decode(&mut Decoder::new(message)).expect("a whole message");
        let options = message.opts().iter().map(|(code, option)| {
            let known = !matches!(option, v4::DhcpOption::Unknown(_));
            (
                u16::from(u8::from(*code)),
                known.then(|| data_of::<V4>(&option.to_vec().expect("fits"))),
            )
        });
        options.collect()
    }
}

/// Option by option: the decoder would leave out all that follow one that it cannot read.
impl Redecode for V6 {
    fn redecoded(message: &[u8]) -> BTreeMap<u16, Option<Vec<u8>>> {
        let own = Packet6::decode(message).expect("a whole message");
        let options = options_of(&own).into_iter().map(|(code, data)| {
            let (code_octets, len) = (code.to_be_bytes(), (data.len() as u16).to_be_bytes());
            let octets = [&code_octets[..], &len, &data].concat();
            let read = v6::DhcpOption::decode(&mut Decoder::new(&octets));
            let known = !matches!(read, Ok(v6::DhcpOption::Unknown(_)));
            let again = read.map(|option| option.to_vec().expect("fits"));
            (code, known.then(|| again.map(|again| data_of::<V6>(&again)).unwrap_or_default()))
        });
        options.collect()
    }
}

/// The data of an encoded option, whatever number of pieces it is in.
fn data_of<F: Exchange>(mut octets: &[u8]) -> Vec<u8> {
    let mut joined = Vec::new();
    let width = F::OPTION_CODE_LEN;
    while octets.len() >= 2 * width {
        let (head, rest) = octets.split_at(2 * width);
        let len = head[width..].iter().fold(0, |n, octet| n << 8 | usize::from(*octet));
        joined.extend(rest.get(..len).unwrap_or(rest));
        octets = rest.get(len..).unwrap_or_default();
    }
    joined
}
