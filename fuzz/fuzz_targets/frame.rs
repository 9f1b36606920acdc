//! Any Ethernet frame.
#![no_main]

use kea_wire::frame::{Checksum, Udp4, Udp4Header};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let verified = Udp4::parse(bytes, Checksum::Verify);
    let Ok(datagram) = Udp4::parse(bytes, Checksum::Offloaded) else {
        assert!(verified.is_err());
        return;
    };
    let header = Udp4Header {
        link_destination: datagram.link_destination,
        link_source: datagram.link_source,
        vlan: datagram.vlan,
        source: datagram.source,
        destination: datagram.destination,
        tos: Udp4Header::DEFAULT_TOS,
        ttl: Udp4Header::DEFAULT_TTL,
    };
    let mut frame = Vec::new();
    header.emit(&mut frame, datagram.payload).expect("no more than came in");
    assert_eq!(Udp4::parse(&frame, Checksum::Verify), Ok(datagram));
});
