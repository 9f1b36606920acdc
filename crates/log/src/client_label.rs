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
        let xid = match *self {
            Self::V4 { hardware, client_id, xid } => {
                match hardware {
                    Some(hardware) => write_hardware(f, hardware)?,
                    None => f.write_str("[no hwaddr info]")?,
                }
                f.write_str(", cid=[")?;
                write_identity(f, client_id)?;
                f.write_str("], tid=0x")?;
                xid
            }
            Self::V6 { duid, hardware, xid } => {
                f.write_str("duid=[")?;
                write_identity(f, duid)?;
                f.write_str("], ")?;
                if let Some(hardware) = hardware {
                    write_hardware(f, hardware)?;
                    f.write_str(", ")?;
                }
                f.write_str("tid=0x")?;
                xid
            }
        };
        write_hex(f, xid)
    }
}

fn write_hardware(
    f: &mut fmt::Formatter<'_>,
    (hardware_type, address): (u16, &[u8]),
) -> fmt::Result {
    if hardware_type == 1 {
        f.write_str("[hwtype=1 ")?;
    } else {
        write!(f, "[hwtype={hardware_type} ")?;
    }
    write_colon_hex(f, address)?;
    f.write_str("]")
}

fn write_identity(f: &mut fmt::Formatter<'_>, bytes: Option<&[u8]>) -> fmt::Result {
    match bytes {
        Some(bytes) => write_colon_hex(f, bytes),
        None => f.write_str("no info"),
    }
}

/// Writes 16 bytes at a time from a stack buffer: this runs for every message of the packet path.
fn write_colon_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    let mut text = [b':'; 48];
    for (number, chunk) in bytes.chunks(16).enumerate() {
        if number > 0 {
            f.write_str(":")?;
        }
        for (byte, out) in chunk.iter().zip(text.chunks_exact_mut(3)) {
            out[0] = HEX[usize::from(byte >> 4)];
            out[1] = HEX[usize::from(byte & 0xf)];
        }
        write_ascii(f, &text[..chunk.len() * 3 - 1])?;
    }
    Ok(())
}

fn write_hex(f: &mut fmt::Formatter<'_>, number: u32) -> fmt::Result {
    let mut text = [0; 8];
    for (digit, out) in text.iter_mut().enumerate() {
        *out = HEX[(number >> (28 - 4 * digit) & 0xf) as usize];
    }
    let leading = (number.leading_zeros() as usize / 4).min(7);
    write_ascii(f, &text[leading..])
}

fn write_ascii(f: &mut fmt::Formatter<'_>, text: &[u8]) -> fmt::Result {
    f.write_str(std::str::from_utf8(text).map_err(|_| fmt::Error)?)
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
