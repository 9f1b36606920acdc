//! Any UDP payload, as a DHCPv6 datagram.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| kea_sim::corpus::v6_message(octets));
