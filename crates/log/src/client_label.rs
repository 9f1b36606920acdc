//! How a client is named in messages.

use std::fmt;

use crate::digits::push_number;
use crate::text_buffer::TextBuffer;

/// Names the client of a transaction, the same in all its messages.
///
/// DHCPv4: `[hwtype=1 00:0c:01:02:03:04], cid=[01:00:0c:01:02:03:04], tid=0x1234`;
/// DHCPv6: `duid=[00:03:00:01:00:0c:01:02:03:04], [hwtype=1 00:0c:01:02:03:04], tid=0x1234`, the hardware address
/// being left out when unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientLabel<'a> {
    /// A DHCPv4 client.
    V4 {
        /// Hardware type and address (RFC 2131 `htype`, `chaddr`).
        hardware: Option<(u16, &'a [u8])>,
        /// Client identifier (option 61).
        client_id: Option<&'a [u8]>,
        /// Transaction identifier.
        xid: u32,
    },
    /// A DHCPv6 client.
    V6 {
        /// DUID (option 1).
        duid: Option<&'a [u8]>,
        /// Hardware type and address, when known.
        hardware: Option<(u16, &'a [u8])>,
        /// Transaction identifier, 24 bits.
        xid: u32,
    },
}

impl ClientLabel<'_> {
    /// Appends the label. This runs for every message of the packet path.
    pub(crate) fn push(&self, out: &mut TextBuffer) {
        let xid = match *self {
            Self::V4 { hardware, client_id, xid } => {
                match hardware {
                    Some(hardware) => push_hardware(hardware, out),
                    None => out.put_array(b"[no hwaddr info]"),
                }
                out.put_array(b", cid=[");
                push_identity(client_id, out);
                out.put_array(b"], tid=0x");
                xid
            }
            Self::V6 { duid, hardware, xid } => {
                out.put_array(b"duid=[");
                push_identity(duid, out);
                out.put_array(b"], ");
                if let Some(hardware) = hardware {
                    push_hardware(hardware, out);
                    out.put_array(b", ");
                }
                out.put_array(b"tid=0x");
                xid
            }
        };
        push_hex(xid, out);
    }
}

impl fmt::Display for ClientLabel<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = TextBuffer::default();
        self.push(&mut text);
        f.write_str(&String::from_utf8_lossy(text.as_slice()))
    }
}

fn push_hardware((hardware_type, address): (u16, &[u8]), out: &mut TextBuffer) {
    out.put_array(b"[hwtype=");
    push_number(hardware_type.into(), out);
    out.push(b' ');
    push_colon_hex(address, out);
    out.push(b']');
}

fn push_identity(bytes: Option<&[u8]>, out: &mut TextBuffer) {
    match bytes {
        Some(bytes) => push_colon_hex(bytes, out),
        None => out.put_array(b"no info"),
    }
}

fn push_colon_hex(bytes: &[u8], out: &mut TextBuffer) {
    // Addresses and most identities in one go.
    const BYTES: usize = 8;
    for (number, chunk) in bytes.chunks(BYTES).enumerate() {
        if number > 0 {
            out.push(b':');
        }
        out.put_made(|text: &mut [u8; BYTES * 3]| {
            for (byte, text) in chunk.iter().zip(text.as_chunks_mut::<3>().0) {
                let [high, low] = HEX[usize::from(*byte)];
                *text = [high, low, b':'];
            }
            // Without the last colon.
            chunk.len() * 3 - 1
        });
    }
}

fn push_hex(number: u32, out: &mut TextBuffer) {
    let leading = (number.leading_zeros() / 4).min(7);
    let octets = (number << (leading * 4)).to_be_bytes();
    out.put_made(|text: &mut [u8; 8]| {
        for (octet, text) in octets.iter().zip(text.as_chunks_mut::<2>().0) {
            *text = HEX[usize::from(*octet)];
        }
        8 - leading as usize
    });
}

/// The two digits of every octet.
static HEX: [[u8; 2]; 256] = {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut table = [[0; 2]; 256];
    let mut octet = 0;
    while octet < table.len() {
        table[octet] = [DIGITS[octet >> 4], DIGITS[octet & 0xf]];
        octet += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: &[u8] = &[0x00, 0x0c, 0x01, 0x02, 0x03, 0xf4];

    #[test]
    fn dhcpv4_clients() {
        let label =
            ClientLabel::V4 { hardware: Some((1, MAC)), client_id: Some(&[1, 0xab]), xid: 0x1234 };
        assert_eq!(label.to_string(), "[hwtype=1 00:0c:01:02:03:f4], cid=[01:ab], tid=0x1234");
        let label = ClientLabel::V4 { hardware: None, client_id: None, xid: 0 };
        assert_eq!(label.to_string(), "[no hwaddr info], cid=[no info], tid=0x0");
    }

    #[test]
    fn dhcpv6_clients() {
        let label = ClientLabel::V6 { duid: Some(&[0, 3]), hardware: None, xid: 0xabcdef };
        assert_eq!(label.to_string(), "duid=[00:03], tid=0xabcdef");
        let label = ClientLabel::V6 { duid: None, hardware: Some((32, MAC)), xid: 0xffff_ffff };
        assert_eq!(
            label.to_string(),
            "duid=[no info], [hwtype=32 00:0c:01:02:03:f4], tid=0xffffffff"
        );
    }

    #[test]
    fn long_identities_keep_every_byte() {
        let bytes: Vec<u8> = (0..35).collect();
        let label = ClientLabel::V6 { duid: Some(&bytes), hardware: None, xid: 1 };
        let expected: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(label.to_string(), format!("duid=[{}], tid=0x1", expected.join(":")));
    }
}
