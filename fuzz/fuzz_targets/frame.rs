//! Any Ethernet frame.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| kea_sim::corpus::frame(octets));
