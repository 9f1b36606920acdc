//! Any UDP payload, down the whole DHCPv6 corridor.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| kea_sim::corpus::v6_corridor(octets));
