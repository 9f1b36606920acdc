//! Leasequery (RFC 5007).

use kea_wire::v6::QueryType;

use super::*;

const PLACES: &str = r#""store-extended-info": true,
    "subnet6": [
        { "id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0",
          "pools": [{ "pool": "2001:db8:1::100-2001:db8:1::10f" }],
          "pd-pools": [{ "prefix": "2001:db8:8000::", "prefix-len": 48, "delegated-len": 56 }] },
        { "id": 2, "subnet": "2001:db8:2::/64", "pools": [{ "pool": "2001:db8:2::/80" }] }]"#;
const REQUESTER: &[u8] = &[0, 3, 0, 1, 2, 0, 0, 0, 0, 0x99];

/// A server that answers those at 2001:db8:99::/48, and a client with an address and a prefix.
fn lab(parameters: &str) -> Lab {
    let members = format!(
        r#""hooks-libraries": [{{ "library": "libdhcp_lease_query.so", "parameters": {{
            "requesters": ["2001:db8:99::/48"] {parameters} }} }}], {PLACES}"#
    );
    let mut lab = Lab::new(&members);
    let hooks = kea_hooks::load(&lab.config, kea_hook_libs::libraries()).unwrap();
    lab.hooks = Some(Hooks::new(&hooks, lab.log.clone()));
    lab.ask(MessageType::Request, |query| {
        na(query, 1, &["2001:db8:1::105"]);
        pd(query, 1, &[]);
    });
    lab.now += 100;
    lab.source = at("2001:db8:99::1");
    lab.destination = at("2001:db8:1::1");
    lab
}

impl Lab {
    fn query(&mut self, kind: u8, link: &str, options: impl FnOnce(&mut Builder<'_>)) -> String {
        self.ask_as(REQUESTER, MessageType::LeaseQuery, |query| {
            query.lq_query(QueryType::from(kind), at(link), options);
        })
    }

    fn by_address(&mut self, link: &str, address: &str) -> String {
        self.query(1, link, |query| {
            query.ia_address(at(address), 0, 0, |_| ());
        })
    }

    fn by_client(&mut self, link: &str, client: &[u8]) -> String {
        self.query(2, link, |query| {
            query.option(code::CLIENT_ID, client);
        })
    }

    /// The status text of the last answer.
    fn told(&self) -> String {
        let told = self.log.of(&kea_log::message::DHCP6_LEASE_QUERY_RESPONSE_SENT);
        told.last().unwrap().arguments[1].to_string()
    }
}

/// The client (1), and its address (5) for 3500/7100 seconds more; its prefix (26); 100 seconds ago (46).
const ADDRESS_DATA: &str = "0001000a00030001020000000001\
    0005001820010db800010000000000000000010500000dac00001bbc";
const PREFIX_DATA: &str = "001a001900000dac00001bbc3820010db8800000000000000000000000";
const TIME_DATA: &str = "002e000400000064";

#[test]
fn an_address_or_a_client_is_asked_for() {
    let mut lab = lab("");
    let none = "::";
    let (name, found) = ("LEASEQUERY-REPLY status", "Success");
    let here = "2001:db8:1::105";
    let data = |parts: &[&str]| format!("{name} {found} 45={}", parts.concat());

    assert_eq!(lab.by_address(none, here), data(&[ADDRESS_DATA, TIME_DATA]));
    assert_eq!(lab.told(), "active lease found");
    let transmit = lab.answer.clone().unwrap().transmit;
    assert_eq!((transmit.destination, transmit.port), (at("2001:db8:99::1"), 1546));
    assert_eq!(lab.by_client(none, CLIENT), data(&[ADDRESS_DATA, PREFIX_DATA, TIME_DATA]));
    assert_eq!(lab.told(), "active lease(s) found");
    // The prefix is of the subnet, wherever it lies.
    let on_link = lab.by_client("2001:db8:1::", CLIENT);
    assert_eq!(on_link, data(&[ADDRESS_DATA, PREFIX_DATA, TIME_DATA]));

    let statistic = |lab: &Lab, name| lab.statistic(name);
    assert_eq!(statistic(&lab, "pkt6-lease-query-received").as_deref(), Some("Integer(3)"));
    assert_eq!(statistic(&lab, "pkt6-unknown-received").as_deref(), Some("Integer(0)"));
    for (kind, link, key, status, text) in [
        (1, none, "2001:db8:1::106", "Success", "no active lease"),
        (1, none, "2001:db8:7::1", "NotConfigured", "address not in a configured pool"),
        (1, "2001:db8:2::", "2001:db8:1::105", "NotConfigured", "address not in a configured pool"),
        (1, "2001:db8:7::", "2001:db8:1::105", "NotConfigured", "not a configured link"),
        // Prefixes are not found by addresses in them unless their lengths are given.
        (1, none, "2001:db8:8000::1", "NotConfigured", "address not in a configured pool"),
        (1, none, "", "MalformedQuery", "missing D6O_IAADDR"),
        (2, none, "", "MalformedQuery", "missing D6O_CLIENTID"),
        (2, "2001:db8:7::", "client", "NotConfigured", "not a configured link"),
        (2, "2001:db8:2::", "client", "Success", "no active leases"),
        (2, none, "other", "Success", "no active leases"),
        (3, none, "client", "UnknownQueryType", "unknown query-type"),
        (9, none, "client", "UnknownQueryType", "unknown query-type"),
    ] {
        let said = lab.query(kind, link, |query| match key {
            "" => {}
            "client" => {
                query.option(code::CLIENT_ID, CLIENT);
            }
            "other" => {
                query.option(code::CLIENT_ID, OTHER);
            }
            address => {
                query.ia_address(at(address), 0, 0, |_| ());
            }
        });
        assert_eq!(said, format!("{name} {status}"), "{kind} {link} {key}");
        assert_eq!(lab.told(), text, "{kind} {link} {key}");
    }
    lab.now += 7200;
    assert_eq!(lab.by_address(none, here), format!("{name} Success"));
    assert_eq!(lab.told(), "inactive lease exists");
    assert_eq!(lab.by_client(none, CLIENT), format!("{name} Success"));
    assert_eq!(lab.told(), "no active leases");
}

#[test]
fn a_delegated_prefix_is_found_by_an_address_in_it_where_its_length_is_given() {
    let mut lab = lab(r#", "prefix-lengths": [48, 56]"#);
    let data = ["0001000a00030001020000000001", PREFIX_DATA, TIME_DATA].concat();
    let said = lab.by_address("::", "2001:db8:8000:0:1::77");
    assert_eq!(said, format!("LEASEQUERY-REPLY status Success 45={data}"));
    assert_eq!(lab.by_address("::", "2001:db8:8000:ff00::"), "LEASEQUERY-REPLY status Success");
    assert_eq!(lab.told(), "no active lease");
}

#[test]
fn leases_on_several_links_are_told_as_links() {
    let mut lab = lab("");
    let (source, destination) = (lab.source, lab.destination);
    (lab.source, lab.destination) = (at("fe80::1"), at("ff02::1:2"));
    let mut datagram = Vec::new();
    let mut query = Builder::relayed(&mut datagram);
    let forward = MessageType::RelayForward;
    query.relay(forward, 1, Ipv6Addr::UNSPECIFIED, at("fe80::7"), |relay| {
        relay.option(code::RELAY_ID, &[0, 3, 0, 1, 7]);
    });
    query.relay(forward, 0, at("2001:db8:2::1"), at("fe80::8"), |relay| {
        relay.option(code::INTERFACE_ID, b"port");
    });
    query.message(MessageType::Request, 5);
    identify(&mut query, MessageType::Request, CLIENT);
    na(&mut query, 2, &["2001:db8:2::9"]);
    query.finish().unwrap();
    lab.decide(&datagram).unwrap();
    (lab.source, lab.destination) = (source, destination);

    // 48: one address for each subnet.
    let links = "20010db800010000000000000000000020010db8000200000000000000000000";
    assert_eq!(lab.by_client("::", CLIENT), format!("LEASEQUERY-REPLY status Success 48={links}"));
    // 47: from whom the relay next to the server had it, and what the relays said.
    let inner = "0c0020010db8000200000000000000000001fe800000000000000000000000000008\
                 00120004706f7274";
    let outer = "0c0100000000000000000000000000000000fe800000000000000000000000000007\
                 003500050003000107";
    let message = format!("{outer}0009002a{inner}");
    let said = lab.by_client("2001:db8:2::", CLIENT);
    let relay_data =
        format!("002f{:04x}fe800000000000000000000000000007{message}", 16 + message.len() / 2);
    let address = "0005001820010db8000200000000000000000009";
    assert!(said.contains(address), "{said}");
    assert!(said.ends_with(&format!("002e000400000000{relay_data}")), "{said}");
}

#[test]
fn who_may_not_ask_or_asks_nothing_gets_no_answer() {
    let mut lab = lab("");
    let key = |query: &mut Builder<'_>| {
        query.lq_query(QueryType::ClientId, at("::"), |query| {
            query.option(code::CLIENT_ID, CLIENT);
        });
    };
    let ask = |lab: &mut Lab, options: &dyn Fn(&mut Builder<'_>)| {
        let mut datagram = Vec::new();
        let mut query = Builder::new(&mut datagram, MessageType::LeaseQuery, 9);
        options(&mut query);
        query.finish().unwrap();
        lab.decide(&datagram)
    };
    let refused = |what| Err(Drop::UnacceptableOptions(what));
    let nobody = ask(&mut lab, &key);
    assert_eq!(nobody, refused("the client identifier is missing"));
    let nothing = ask(&mut lab, &|query| {
        query.option(code::CLIENT_ID, REQUESTER);
    });
    assert_eq!(nothing, refused("it says not what it asks"));
    let other = ask(&mut lab, &|query| {
        query.option(code::CLIENT_ID, REQUESTER).option(code::SERVER_ID, &[0, 2, 9]);
        key(query);
    });
    assert_eq!(other, Err(Drop::OtherServer));
    lab.source = at("2001:db8:98::1");
    assert_eq!(lab.by_client("::", CLIENT), "UnknownRequester { requester: 2001:db8:98::1 }");
    let told = lab.log.of(&kea_log::message::DHCP6_LEASE_QUERY_PROCESS_FAILED);
    assert_eq!(told.len(), 4);
    assert_eq!(lab.statistic("pkt6-lease-query-received").as_deref(), Some("Integer(4)"));
    assert_eq!(lab.statistic("pkt6-admin-filtered").as_deref(), Some("Integer(1)"));
    assert_eq!(lab.statistic("pkt6-rfc-violation").as_deref(), Some("Integer(2)"));
    assert_eq!(lab.statistic("pkt6-not-for-us").as_deref(), Some("Integer(1)"));

    lab.hooks = None;
    assert_eq!(lab.by_client("::", CLIENT), "UnservedType(14)");
}
