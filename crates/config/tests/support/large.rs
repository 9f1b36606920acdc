//! Configurations of a given size.

use std::fmt::Write;
use std::net::Ipv4Addr;

/// A DHCPv4 configuration of `subnets` subnets in 10.0.0.0/8, each with a pool, two options, a relay and
/// `hosts_each` reservations, and of `classes` classes.
pub(crate) fn large(subnets: u32, hosts_each: u32, classes: u32) -> String {
    let mut text = String::from("{ \"Dhcp4\": { \"client-classes\": [");
    for i in 0..classes {
        // Writing to a String cannot fail, here and below.
        let _ =
            write!(text, "{{ \"name\": \"c{i}\", \"test\": \"option[60].hex == 'class {i}'\" }},");
    }
    text.push_str("], \"subnet4\": [");
    for i in 0..subnets {
        let [a, b, c, _] = Ipv4Addr::from_bits(0x0a00_0000 | i << 8).octets();
        let _ = write!(
            text,
            r#"{{ "id": {}, "subnet": "{a}.{b}.{c}.0/24", "pools": [ {{ "pool": "{a}.{b}.{c}.100 - {a}.{b}.{c}.200" }} ],
               "relay": {{ "ip-addresses": [ "172.16.{b}.{c}" ] }},
               "option-data": [ {{ "name": "routers", "data": "{a}.{b}.{c}.1" }},
                                {{ "name": "domain-name", "data": "net{i}.example.org" }} ], "reservations": ["#,
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
