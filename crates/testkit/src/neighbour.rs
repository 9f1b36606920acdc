//! Answers to the question which hardware address an IPv6 address has (RFC 4861 section 7.2), for
//! clients that exist only in the frames they send.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

use crate::frame::{ETHERTYPE_IPV6, checksum, pseudo_header};

/// The advertisement that answers `frame`, when that is a solicitation for one of `known`.
pub(crate) fn advertisement(frame: &[u8], known: &HashMap<Ipv6Addr, [u8; 6]>) -> Option<Vec<u8>> {
    let (header, packet) = frame.split_at_checked(14)?;
    let (ip, icmp) = packet.split_at_checked(40)?;
    let is_solicitation =
        header[12..] == ETHERTYPE_IPV6 && ip[6] == ICMPV6 && icmp.first() == Some(&SOLICITATION);
    let target = Ipv6Addr::from(<[u8; 16]>::try_from(icmp.get(8..24)?).ok()?);
    let mac = known.get(&target).filter(|_| is_solicitation)?;
    let asker = Ipv6Addr::from(<[u8; 16]>::try_from(&ip[8..24]).ok()?);

    // Solicited and overriding, with the target's hardware address (option 2, eight octets).
    let mut body = [&[ADVERTISEMENT, 0, 0, 0, 0x60, 0, 0, 0][..], &icmp[8..24]].concat();
    body.extend([2, 1]);
    body.extend(mac);
    let len = body.len() as u16;
    let pseudo = pseudo_header(IpAddr::V6(target), IpAddr::V6(asker), ICMPV6, u32::from(len));
    let sum = checksum(&[&pseudo, &body]);
    body[2..4].copy_from_slice(&sum.to_be_bytes());

    let mut out = [&header[6..12], mac, &ETHERTYPE_IPV6].concat();
    // Hop limit 255: anything less has come from afar and is not believed.
    out.extend([0x60, 0, 0, 0, 0, len as u8, ICMPV6, 255]);
    out.extend(target.octets());
    out.extend(asker.octets());
    out.extend(body);
    Some(out)
}

const ICMPV6: u8 = 58;
const SOLICITATION: u8 = 135;
const ADVERTISEMENT: u8 = 136;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_solicitation_for_a_known_address_is_answered() {
        let target: Ipv6Addr = "fe80::a".parse().unwrap();
        let asker: Ipv6Addr = "fe80::1".parse().unwrap();
        let mut frame = vec![0x33, 0x33, 0xff, 0, 0, 0x0a, 2, 0, 0, 0, 0xfe, 1, 0x86, 0xdd];
        frame.extend([0x60, 0, 0, 0, 0, 24, 58, 255]);
        frame.extend(asker.octets());
        frame.extend("ff02::1:ff00:a".parse::<Ipv6Addr>().unwrap().octets());
        frame.extend([135, 0, 0, 0, 0, 0, 0, 0]);
        frame.extend(target.octets());
        let known = HashMap::from([(target, [2, 0, 0, 0, 0, 0x0a])]);
        let answer = advertisement(&frame, &known).unwrap();
        assert_eq!(answer[..14], [2, 0, 0, 0, 0xfe, 1, 2, 0, 0, 0, 0, 0x0a, 0x86, 0xdd]);
        assert_eq!(answer[14..22], [0x60, 0, 0, 0, 0, 32, 58, 255]);
        assert_eq!((answer[54], answer[58]), (136, 0x60));
        assert_eq!(answer[78..], [2, 1, 2, 0, 0, 0, 0, 0x0a]);
        assert_eq!(advertisement(&frame, &HashMap::new()), None);
        frame[54] = 133;
        assert_eq!(advertisement(&frame, &known), None);
    }
}
