//! Any datagram to the DNS update daemon.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| kea_sim::corpus::name_change(octets));
