//! Any UDP payload, as a DHCPv4 message.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| kea_sim::corpus::v4_message(octets));
