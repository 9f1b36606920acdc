//! The Internet checksum (RFC 1071).

use std::net::Ipv4Addr;

/// Whether a received checksum counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// Refuse what does not add up.
    Verify,
    /// Take the data as they are: frames from this machine reach a packet socket before the
    /// network card would have filled in the checksum.
    Offloaded,
}

/// A one's complement sum in progress.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum(u64);

impl Sum {
    /// What a UDP checksum covers besides the datagram (RFC 768), less the length.
    pub(super) fn pseudo_header4(source: Ipv4Addr, destination: Ipv4Addr) -> Self {
        Sum(u64::from(source.to_bits()) + u64::from(destination.to_bits()) + 17)
    }

    /// Adds octets; an odd last one is padded with zero, so only the last call may have one.
    pub(super) fn add(self, octets: &[u8]) -> Self {
        let (quads, rest) = octets.as_chunks::<4>();
        // A packet has at most 2¹⁴ words of 32 bits, so the sum is far from 2⁶⁴.
        let sum: u64 = quads.iter().map(|&quad| u64::from(u32::from_be_bytes(quad))).sum();
        let mut last = [0; 4];
        last.iter_mut().zip(rest).for_each(|(to, &from)| *to = from);
        Sum(self.0 + sum + u64::from(u32::from_be_bytes(last)))
    }

    /// Adds a 16-bit number.
    pub(super) fn add_u16(self, number: u16) -> Self {
        Sum(self.0 + u64::from(number))
    }

    /// The checksum; 0 over data that include a correct one.
    pub(super) fn finish(self) -> u16 {
        let mut sum = self.0;
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        !(sum as u16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_up_as_the_rfc_does() {
        // The example of RFC 1071 section 3: the sum is ddf2.
        let octets = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(Sum::default().add(&octets).finish(), !0xddf2);
        assert_eq!(Sum::default().add(&octets[..7]).finish(), !0xdcfb);
        assert_eq!(Sum::default().add(&octets).add_u16(!0xddf2).finish(), 0);
    }
}
