//! Large configurations load in time, and finding things in them does not depend on their size.

mod support;

use std::fmt::Write;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use kea_config::snapshot::IdentifierKind;
use kea_lease::SubnetId;
use kea_wire::V4;

fn large(subnets: u32, hosts_each: u32, classes: u32) -> String {
    let mut text = String::from("{ \"Dhcp4\": { \"client-classes\": [");
    for i in 0..classes {
        let _ =
            write!(text, "{{ \"name\": \"c{i}\", \"test\": \"option[60].hex == 'class {i}'\" }},");
    }
    text.push_str("], \"subnet4\": [");
    for i in 0..subnets {
        let net = Ipv4Addr::from_bits(0x0a00_0000 | i << 8).octets();
        let (a, b, c) = (net[0], net[1], net[2]);
        let _ = write!(
            text,
            "{{ \"id\": {}, \"subnet\": \"{a}.{b}.{c}.0/24\", \"pools\": [ {{ \"pool\": \"{a}.{b}.{c}.100 - {a}.{b}.{c}.200\" }} ],
               \"option-data\": [ {{ \"name\": \"routers\", \"data\": \"{a}.{b}.{c}.1\" }} ], \"reservations\": [",
            i + 1
        );
        for h in 0..hosts_each {
            let _ = write!(
                text,
                "{{ \"hw-address\": \"02:00:{b:02x}:{c:02x}:00:{h:02x}\", \"ip-address\": \"{a}.{b}.{c}.{}\" }},",
                h + 2
            );
        }
        text.push_str("] },");
    }
    text + "] } }"
}

#[test]
fn ten_thousand_subnets_and_a_hundred_thousand_reservations() {
    let text = large(10_000, 10, 1000);
    let begin = Instant::now();
    let config = support::snapshot::<V4>(&text);
    let took = begin.elapsed();
    assert_eq!((config.subnets().len(), config.reservations.len()), (10_000, 100_000));
    // The limit is half a second with optimisation; without it, an order of magnitude more.
    let limit = if cfg!(debug_assertions) { 20 } else { 1 };
    assert!(took < Duration::from_secs(limit), "{took:?}");
    if std::env::var_os("SHOW_TIMES").is_some() {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
        panic!("{took:?} for {} bytes, {peak}", text.len());
    }
    let address = Ipv4Addr::new(10, 39, 15, 7);
    assert!(config.lookup_steps(address) <= 15);
    assert_eq!(config.subnets_containing(address).next().unwrap().id, SubnetId(10_000));
    let mac = [2, 0, 39, 15, 0, 9];
    let host = config.reservations.find(Some(SubnetId(10_000)), IdentifierKind::HwAddress, &mac);
    assert_eq!(host.unwrap().addresses[0], Ipv4Addr::new(10, 39, 15, 11));
}
