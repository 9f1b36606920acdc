//! The subnets of relayed clients: a /20 each, from 11.0.0.0 on, with the relay agent at its first address.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

/// The relay agent of the nth subnet.
pub(crate) fn relay(n: u32) -> Ipv4Addr {
    Ipv4Addr::from((11 << 24) + (n << 12) + 1)
}

/// The nth subnet, in a configuration.
pub(crate) fn subnet(n: u32) -> Value {
    let [a, b, c, _] = relay(n).octets();
    let network = format!("{a}.{b}.{c}.0/20");
    entry(n, &network, &format!("{a}.{b}.{c}.10 - {a}.{b}.{}.255", c + 15))
}

/// One subnet instead of them, with room for the clients of all.
pub(crate) fn in_one() -> Value {
    entry(0, "11.0.0.0/8", "11.0.0.10 - 11.255.255.255")
}

fn entry(n: u32, network: &str, pool: &str) -> Value {
    json!({ "id": n + 1, "subnet": network, "pools": [{ "pool": pool }],
        "option-data": [{ "name": "routers", "data": relay(n).to_string() }] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relays_are_those_of_the_subnets() {
        assert_eq!([0, 1].map(|n| relay(n).to_string()), ["11.0.0.1", "11.0.16.1"]);
        assert_eq!(subnet(1)["subnet"], "11.0.16.0/20");
        assert_eq!(subnet(1)["pools"][0]["pool"], "11.0.16.10 - 11.0.31.255");
        assert_eq!(subnet(9_999)["subnet"], "13.112.240.0/20");
    }
}
