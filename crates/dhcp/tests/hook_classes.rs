//! Classes that hooks give: early ones count for the tests of other classes, late ones for everything
//! behind them (the manual's section on classification steps). Explanations tell of both.

mod server;

use std::sync::{Arc, Mutex};

use kea_config::Snapshot;
use kea_config::snapshot::{Dialect, Subnet};
use kea_dhcp::Serving;
use kea_dhcp::pipeline::explain::explain;
use kea_dhcp::pipeline::{Arrival, Question};
use kea_expr::{ClassNames, ClassSet};
use kea_hooks::{Hook, Next, Point, Query};
use kea_lease::SubnetId;
use kea_wire::{V4, V6};

use self::server::{NOW, Server};

/// The manual's example of load balancing by classes, and classes that depend on late ones. `TEST`
/// finds phones; pools and options differ between the protocols.
const CONFIG: &str = r#"
    "client-classes": [
        { "name": "phones", "test": "TEST" },
        { "name": "laptops", "test": "not member('phones')" },
        { "name": "phones_server1", "test": "member('phones') and member('HA_server1')" },
        { "name": "phones_server2", "test": "member('phones') and member('HA_server2')" },
        { "name": "laptops_server1", "test": "member('laptops') and member('HA_server1')" },
        { "name": "laptops_server2", "test": "member('laptops') and member('HA_server2')" },
        { "name": "too-early", "test": "member('EXTERNAL_late')" },
        { "name": "in-time", "test": "member('EXTERNAL_late') and not member('KNOWN')", "valid-lifetime": 777 },
        { "name": "required", "test": "member('EXTERNAL_late')", "only-in-additional-list": true,
          "option-data": [ { "name": "OPTION", "data": "NETd", "always-send": true } ] },
        { "name": "idle", "test": "member('phones')" } ],
    "shared-networks": [ { "name": "net", "interface": "eth0", "subnetV": [
        { "id": 1, "subnet": "NET0/PREFIX", "evaluate-additional-classes": [ "required" ], "pools": [
            { "pool": "NET10 - NET19", "client-class": "phones_server1" },
            { "pool": "NET20 - NET29", "client-class": "phones_server2" },
            { "pool": "NET30 - NET39", "client-class": "laptops_server1" },
            { "pool": "NET40 - NET49", "client-class": "laptops_server2" },
            { "pool": "NET50 - NET59", "client-class": "EXTERNAL_late" },
            { "pool": "NET60 - NET69", "client-class": "too-early" } ] } ] } ],
    "subnetV": [ { "id": 2, "subnet": "OTHER0/PREFIX", "pools": [ { "pool": "OTHER10 - OTHER19" } ] } ]"#;

/// Puts every client into classes, and some into another subnet.
#[derive(Default)]
struct Sorter {
    early: &'static [&'static str],
    late: &'static [&'static str],
    subnet: Option<SubnetId>,
    /// The classes of each query when it had been classified.
    seen: Mutex<Vec<Vec<String>>>,
    acts_outside: bool,
}

impl<F: Dialect> Hook<F> for Sorter {
    fn name(&self) -> &str {
        "sorter"
    }

    fn points(&self) -> &[Point] {
        &[Point::BufferReceive, Point::PacketReceive, Point::SubnetSelect]
    }

    fn may_explain(&self) -> bool {
        !self.acts_outside
    }

    fn buffer_receive(
        &self,
        _: &Query<'_, F>,
        _: &mut Vec<u8>,
        classes: &mut ClassSet,
        names: &ClassNames,
    ) -> Next {
        assert!(classes.is_empty(), "classes of another query");
        for class in self.early {
            classes.insert_name(names, class);
        }
        Next::Continue
    }

    fn packet_receive(
        &self,
        _: &Query<'_, F>,
        classes: &mut ClassSet,
        names: &ClassNames,
        _: &mut Option<Vec<u8>>,
    ) -> Next {
        self.seen.lock().unwrap().push(classes.names(names).map(str::to_owned).collect());
        for class in self.late {
            classes.insert_name(names, class);
        }
        Next::Continue
    }

    fn subnet_select<'s>(
        &self,
        _: &Query<'_, F>,
        config: &'s Snapshot<F>,
        selected: &mut Option<&'s Subnet<F>>,
    ) -> Next {
        if let Some(id) = self.subnet {
            *selected = config.subnet(id);
        }
        Next::Continue
    }
}

/// What differs between the protocols in these tests.
trait Sorted: Serving {
    /// Replacements in [`CONFIG`].
    const WORDS: [(&'static str, &'static str); 6];
    const PHONE: &'static [u8];
    fn question(content: &'static [u8]) -> Question<Self>;
}

impl Sorted for V4 {
    const WORDS: [(&'static str, &'static str); 6] = [
        ("TEST", "substring(option[60].hex,0,6) == 'Aastra'"),
        ("OPTION", "domain-name-servers"),
        ("NETd", "192.0.2.254"),
        ("NET", "192.0.2."),
        ("OTHER", "198.51.100."),
        ("PREFIX", "24"),
    ];
    const PHONE: &'static [u8] = b"Aastra 57i";

    fn question(content: &'static [u8]) -> Question<V4> {
        Question {
            hw_addr: Some("02:00:00:00:00:01".parse().unwrap()),
            options: vec![(60, content.to_vec())],
            ..Question::default()
        }
    }
}

impl Sorted for V6 {
    const WORDS: [(&'static str, &'static str); 6] = [
        ("TEST", "substring(option[15].hex,2,6) == 'Aastra'"),
        ("OPTION", "dns-servers"),
        ("NETd", "2001:db8:1::d"),
        ("NET", "2001:db8:1::"),
        ("OTHER", "2001:db8:2::"),
        ("PREFIX", "64"),
    ];
    const PHONE: &'static [u8] = b"\x00\x0aAastra 57i";

    fn question(content: &'static [u8]) -> Question<V6> {
        Question {
            client_id: Some(vec![0, 3, 0, 1, 2, 0, 0, 0, 0, 1]),
            options: vec![(15, content.to_vec()), (3, [&[0, 0, 0, 1][..], &[0; 8]].concat())],
            ..Question::default()
        }
    }
}

struct Lab<F: Sorted> {
    server: Server<F>,
    sorter: Arc<Sorter>,
    payload: Vec<u8>,
}

impl<F: Sorted> Lab<F> {
    fn new(sorter: Sorter, content: &'static [u8]) -> Self {
        let mut members = CONFIG.replace("subnetV", &format!("subnet{}", F::VERSION));
        for (word, meaning) in F::WORDS {
            members = members.replace(word, meaning);
        }
        let sorter = Arc::new(sorter);
        let server = Server::new(&members, &[Arc::<Sorter>::clone(&sorter)]);
        let payload = F::ask(&F::question(content)).unwrap();
        Lab { server, sorter, payload }
    }

    fn arrival() -> Arrival<'static, F> {
        Arrival {
            interface: "eth0",
            interface_index: 2,
            interface_address: None,
            source: F::DIRECT,
            source_port: F::SERVER_PORT,
            destination: F::EVERY_SERVER,
            link_source: None,
            carrier: None,
        }
    }

    /// The lines of the explanation.
    fn told(&self) -> Vec<String> {
        let Server { config, leases, hooks, .. } = &self.server;
        let told = explain(config, leases, hooks, &Self::arrival(), &self.payload, (NOW, 0));
        told.to_string().lines().map(str::to_owned).collect()
    }

    fn explains(&self, expected: &[&str]) {
        let told = self.told();
        for line in expected {
            // `-` says what must not be there.
            let (line, is_expected) = line.strip_prefix('-').map_or((*line, true), |l| (l, false));
            let line =
                F::WORDS.iter().fold(line.to_owned(), |l, (word, text)| l.replace(word, text));
            let is_there = told.iter().any(|known| known.starts_with(&line));
            assert_eq!(is_there, is_expected, "{line}\n\n{}", told.join("\n"));
        }
    }

    /// Serves the query in earnest. Gives the answer's octets.
    fn serve(&mut self) -> Vec<u8> {
        let Lab { server, payload, .. } = self;
        let mut serve = || {
            let arrival = Self::arrival();
            let decided = server
                .serve(|worker, corridor, out| worker.decide(corridor, &arrival, payload, out));
            decided.unwrap().1
        };
        // The second query must find nothing of the first.
        serve();
        serve()
    }
}

fn contains(octets: &[u8], address: std::net::IpAddr) -> bool {
    let address = match address {
        std::net::IpAddr::V4(address) => address.octets().to_vec(),
        std::net::IpAddr::V6(address) => address.octets().to_vec(),
    };
    octets.windows(address.len()).any(|window| window == address)
}

/// Early classes decide tests, tests decide pools.
fn balanced<F: Sorted>(early: &'static [&'static str], content: &'static [u8], pool: &str) {
    let mut lab = Lab::<F>::new(Sorter { early, ..Sorter::default() }, content);
    let net = F::WORDS[3].1;
    let address = format!("{net}{pool}").parse().unwrap();
    assert!(contains(&lab.serve(), address), "{early:?} {address}");
    lab.explains(&[&format!("lease NET{pool} of subnet 1")]);
    // A hook is shown the classes without effect as well.
    let is_phone = content == F::PHONE;
    for classes in lab.sorter.seen.lock().unwrap().iter() {
        assert_eq!(classes[0], early[0], "{classes:?}");
        assert_eq!(classes.iter().any(|class| class == "idle"), is_phone, "{classes:?}");
    }
    lab.explains(&[&format!(
        "hook sorter at buffer{}_receive: joined {}",
        F::VERSION,
        early.join(", ")
    )]);
}

#[test]
fn classes_of_load_balancing_choose_pools() {
    balanced::<V4>(&["HA_server1"], V4::PHONE, "10");
    balanced::<V4>(&["HA_server2"], V4::PHONE, "20");
    balanced::<V4>(&["HA_server1"], b"MSFT", "30");
    balanced::<V4>(&["HA_server2"], b"MSFT", "40");
    balanced::<V6>(&["HA_server1"], V6::PHONE, "10");
    balanced::<V6>(&["HA_server2"], V6::PHONE, "20");
    balanced::<V6>(&["HA_server1"], b"\x00\x04MSFT", "30");
    balanced::<V6>(&["HA_server2"], b"\x00\x04MSFT", "40");
}

fn late<F: Sorted>(server_option: &str) {
    let sorter = Sorter { late: &["EXTERNAL_late"], ..Sorter::default() };
    let mut lab = Lab::<F>::new(sorter, b"\x00\x01x");
    let (net, option) = (F::WORDS[3].1, F::WORDS[2].1);
    let octets = lab.serve();
    assert!(contains(&octets, format!("{net}50").parse().unwrap()), "the pool of late members");
    assert!(contains(&octets, option.parse().unwrap()), "the option of a required class");
    lab.explains(&[
        &format!("hook sorter at pkt{}_receive: joined EXTERNAL_late", F::VERSION),
        "class too-early: not joined, its test is false",
        "class in-time: joined, its test is true",
        "class required: joined, its test is true",
        &format!("hook sorter at subnet{}_select: nothing changed", F::VERSION),
        "lease NET50 of subnet 1, pool NET50-NET59, valid for 777 s",
        server_option,
    ]);
}

#[test]
fn late_classes_count_for_all_that_follows() {
    late::<V4>("    option 6 domain-name-servers = NETd    from class required");
    late::<V6>("    option 23 dns-servers = NETd    from class required");
}

fn moved<F: Sorted>() {
    let sorter = Sorter { subnet: Some(SubnetId(2)), ..Sorter::default() };
    let lab = Lab::<F>::new(sorter, b"\x00\x01x");
    lab.explains(&[
        "subnet 1 (NET",
        &format!("hook sorter at subnet{}_select: subnet 2 (OTHER", F::VERSION),
        "lease OTHER10 of subnet 2",
    ]);
    // Who may act on the world outside is not asked, but named.
    let sorter = Sorter {
        subnet: Some(SubnetId(2)),
        early: &["HA_server1"],
        acts_outside: true,
        ..Sorter::default()
    };
    let lab = Lab::<F>::new(sorter, b"\x00\x01x");
    let version = F::VERSION;
    lab.explains(&[
        &format!("hook sorter at buffer{version}_receive: not asked"),
        &format!("hook sorter at pkt{version}_receive: not asked"),
        &format!("hook sorter at subnet{version}_select: not asked"),
        "-class HA_server1",
        "-lease",
    ]);
    assert!(lab.sorter.seen.lock().unwrap().is_empty());
}

#[test]
fn hooks_that_move_clients_are_explained() {
    moved::<V4>();
    moved::<V6>();
}
