//! How a client is named in messages.

use std::fmt;

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

impl fmt::Display for ClientLabel<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Ascii { out: f, buffer: [0; 128], length: 0 };
        let xid = match *self {
            Self::V4 { hardware, client_id, xid } => {
                match hardware {
                    Some(hardware) => text.hardware(hardware)?,
                    None => text.literal(b"[no hwaddr info]")?,
                }
                text.literal(b", cid=[")?;
                text.identity(client_id)?;
                text.literal(b"], tid=0x")?;
                xid
            }
            Self::V6 { duid, hardware, xid } => {
                text.literal(b"duid=[")?;
                text.identity(duid)?;
                text.literal(b"], ")?;
                if let Some(hardware) = hardware {
                    text.hardware(hardware)?;
                    text.literal(b", ")?;
                }
                text.literal(b"tid=0x")?;
                xid
            }
        };
        text.hex(xid)?;
        text.flush()
    }
}

/// Gathers ASCII before it is written: most labels take one write. This runs for every message of the packet path.
struct Ascii<'a, 'f> {
    out: &'a mut fmt::Formatter<'f>,
    buffer: [u8; 128],
    length: usize,
}

impl Ascii<'_, '_> {
    /// Writes out unless so many more bytes fit.
    fn make_room(&mut self, bytes: usize) -> fmt::Result {
        if self.length + bytes > self.buffer.len() { self.flush() } else { Ok(()) }
    }

    /// `text` is not longer than the buffer.
    #[inline(always)]
    fn literal(&mut self, text: &[u8]) -> fmt::Result {
        self.make_room(text.len())?;
        self.buffer[self.length..self.length + text.len()].copy_from_slice(text);
        self.length += text.len();
        Ok(())
    }

    fn hardware(&mut self, (hardware_type, address): (u16, &[u8])) -> fmt::Result {
        self.literal(b"[hwtype=")?;
        if hardware_type < 10 {
            // Ethernet is 1; a single digit does without formatting.
            self.literal(&[b'0' + hardware_type.to_le_bytes()[0]])?;
        } else {
            self.literal(hardware_type.to_string().as_bytes())?;
        }
        self.literal(b" ")?;
        self.colon_hex(address)?;
        self.literal(b"]")
    }

    fn identity(&mut self, bytes: Option<&[u8]>) -> fmt::Result {
        match bytes {
            Some(bytes) => self.colon_hex(bytes),
            None => self.literal(b"no info"),
        }
    }

    fn colon_hex(&mut self, bytes: &[u8]) -> fmt::Result {
        const BYTES: usize = 16;
        for (number, chunk) in bytes.chunks(BYTES).enumerate() {
            self.make_room(BYTES * 3 + 1)?;
            if number > 0 {
                self.buffer[self.length] = b':';
                self.length += 1;
            }
            let text = &mut self.buffer[self.length..self.length + BYTES * 3];
            for (byte, out) in chunk.iter().zip(text.as_chunks_mut::<3>().0) {
                *out = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 0xf)], b':'];
            }
            // Without the last colon.
            self.length += chunk.len() * 3 - 1;
        }
        Ok(())
    }

    fn hex(&mut self, number: u32) -> fmt::Result {
        let mut text = [0; 8];
        for (digit, out) in text.iter_mut().enumerate() {
            *out = HEX[(number >> (28 - 4 * digit) & 0xf) as usize];
        }
        let leading = (number.leading_zeros() as usize / 4).min(7);
        self.literal(&text[leading..])
    }

    fn flush(&mut self) -> fmt::Result {
        let text = str::from_utf8(&self.buffer[..self.length]).map_err(|_| fmt::Error)?;
        self.length = 0;
        self.out.write_str(text)
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

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
