//! Any octets sent to a control socket.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| kea_sim::corpus::request(octets));
