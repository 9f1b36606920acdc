//! Any UDP payload, down the whole DHCPv4 corridor.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| kea_sim::corpus::v4_corridor(octets));
