//! What the configurations of both protocols have alike, drawn in the words of either. Cases are known by
//! their seeds, so the order of the draws is part of what each function promises.

use serde_json::{Map, Value, json};

use crate::chance::Chance;

/// The words of a protocol.
pub(crate) struct Vocabulary {
    /// 4 or 6.
    pub(crate) version: u8,
    /// Classes that scopes ask for.
    pub(crate) classes: &'static [&'static str],
    /// What classes ask of a packet.
    pub(crate) tests: &'static [&'static str],
    /// Name or code, value, and `space=…` or `hex`.
    pub(crate) options: &'static [(&'static str, &'static str, &'static str)],
    /// Lifetimes, without the `-lifetime`, and what they may be.
    pub(crate) lifetimes: &'static [(&'static str, &'static [u32])],
    /// Members of every scope that only this protocol has, and a list of what they may be.
    pub(crate) switches: &'static [(&'static str, &'static str)],
    /// Switches of the server as a whole, each with what it is not by itself.
    pub(crate) server_switches: &'static [(&'static str, bool)],
    /// The address with this number in the subnet that begins like that.
    pub(crate) address: fn(&str, usize) -> String,
    /// First addresses of small pools, and how many they may have.
    pub(crate) small_pools: [(usize, usize); 2],
    /// First and last address of the large pool.
    pub(crate) large_pool: (usize, usize),
    /// What the subnets begin with: on the client's link, behind a relay, behind a relay, on the link too.
    pub(crate) subnets: [&'static str; 4],
}

/// What subnets and networks have beside what all have.
pub(crate) trait Places {
    /// A subnet with this number, of addresses that begin like that.
    fn subnet(&self, chance: &mut Chance, id: u32, start: &str) -> Map<String, Value>;

    /// A shared network of these subnets.
    fn network(&self, chance: &mut Chance, name: &str, subnets: Vec<Value>) -> Map<String, Value>;
}

impl Vocabulary {
    /// Subnets on the client's link and behind relays, in networks or not, into the whole configuration.
    pub(crate) fn places(
        &self,
        chance: &mut Chance,
        config: &mut Map<String, Value>,
        places: &impl Places,
    ) {
        let mut alone = Vec::new();
        let mut networks = Vec::new();
        let subnet = |chance: &mut Chance, id: u32| {
            let start = self.subnets[id as usize - 1];
            Value::Object(places.subnet(chance, id, start))
        };
        let direct = subnet(chance, ON_LINK);
        if chance.percent(25) {
            let second = subnet(chance, ON_LINK_TOO);
            networks.push(places.network(chance, "direct", vec![direct, second]));
        } else {
            alone.push(direct);
        }
        let behind_relays = BEHIND_RELAYS.map(|id| subnet(chance, id));
        if chance.percent(40) {
            networks.push(places.network(chance, "cable", behind_relays.into()));
        } else {
            alone.extend(behind_relays);
        }
        config.insert(self.subnets_key(), Value::Array(alone));
        if !networks.is_empty() {
            config.insert("shared-networks".to_owned(), json!(networks));
        }
    }

    /// `subnet4` or `subnet6`.
    pub(crate) fn subnets_key(&self) -> String {
        format!("subnet{}", self.version)
    }

    /// What a network has before anything that is its protocol's.
    pub(crate) fn network(&self, chance: &mut Chance, name: &str) -> Map<String, Value> {
        let mut network = Map::new();
        network.insert("name".to_owned(), json!(name));
        self.lifetimes(chance, &mut network, 20);
        self.switches(chance, &mut network, 5);
        if chance.percent(30) {
            network.insert("option-data".to_owned(), self.option_data(chance, 3));
        }
        self.guard(chance, &mut network, 8);
        network
    }

    /// What a subnet has between what identifies it and its pools.
    pub(crate) fn subnet(&self, chance: &mut Chance, subnet: &mut Map<String, Value>) {
        self.lifetimes(chance, subnet, 20);
        self.switches(chance, subnet, 5);
        if chance.percent(40) {
            subnet.insert("option-data".to_owned(), self.option_data(chance, 4));
        }
        self.guard(chance, subnet, 10);
    }

    /// Small pools, a large one, or both.
    pub(crate) fn pools(&self, chance: &mut Chance, start: &str) -> Value {
        let address = |number| (self.address)(start, number);
        let mut pools = Vec::new();
        for (low, most) in self.small_pools.into_iter().take(*chance.pick(&[0, 1, 1, 1, 2])) {
            let high = low + chance.below(most);
            let mut pool = Map::new();
            pool.insert("pool".to_owned(), json!(format!("{} - {}", address(low), address(high))));
            self.pool(chance, &mut pool);
            pools.push(Value::Object(pool));
        }
        if pools.is_empty() || chance.percent(20) {
            let (low, high) = self.large_pool;
            let mut pool = Map::new();
            pool.insert("pool".to_owned(), json!(format!("{} - {}", address(low), address(high))));
            self.guard(chance, &mut pool, 10);
            pools.push(Value::Object(pool));
        }
        Value::Array(pools)
    }

    /// What a pool has beside its place.
    pub(crate) fn pool(&self, chance: &mut Chance, pool: &mut Map<String, Value>) {
        if chance.percent(20) {
            pool.insert("option-data".to_owned(), self.option_data(chance, 2));
        }
        self.guard(chance, pool, 15);
    }

    /// Classes that a scope asks for, and such that it wants evaluated.
    pub(crate) fn guard(&self, chance: &mut Chance, scope: &mut Map<String, Value>, share: usize) {
        if chance.percent(share) {
            scope.insert("client-class".to_owned(), json!(chance.pick(self.classes)));
        }
        if chance.percent(share) {
            let names = chance.some(self.classes, 3);
            scope.insert("require-client-classes".to_owned(), json!(names));
        }
    }

    /// How long leases are, and when clients renew them.
    pub(crate) fn lifetimes(
        &self,
        chance: &mut Chance,
        scope: &mut Map<String, Value>,
        share: usize,
    ) {
        for (name, values) in self.lifetimes {
            if chance.percent(share) {
                let value = *chance.pick(values);
                scope.insert(format!("{name}-lifetime"), json!(value));
                if chance.percent(40) {
                    scope.insert(format!("min-{name}-lifetime"), json!(value / 2));
                    scope.insert(format!("max-{name}-lifetime"), json!(value * 2));
                }
            }
        }
        if chance.percent(share / 3) {
            scope.insert("renew-timer".to_owned(), json!(chance.pick(&[100, 900, 3600])));
        }
        if chance.percent(share / 3) {
            scope.insert("rebind-timer".to_owned(), json!(chance.pick(&[3600, 5000])));
        }
        if chance.percent(share / 3) {
            scope.insert("calculate-tee-times".to_owned(), json!(chance.percent(70)));
            if chance.percent(50) {
                scope.insert("t1-percent".to_owned(), json!(0.4));
                scope.insert("t2-percent".to_owned(), json!(0.75));
            }
        }
    }

    /// What is on or off, or one of a few words, for the server as a whole.
    pub(crate) fn server_switches(&self, chance: &mut Chance, config: &mut Map<String, Value>) {
        self.inherited_switches(chance, config, 15);
        if chance.percent(30) {
            config.insert("dhcp-ddns".to_owned(), json!({ "enable-updates": true }));
        }
        for (name, is) in self.server_switches {
            if chance.percent(10) {
                config.insert((*name).to_owned(), json!(is));
            }
        }
        if chance.percent(10) {
            config.insert("decline-probation-period".to_owned(), json!(2000));
        }
    }

    /// The same for a network or subnet.
    fn switches(&self, chance: &mut Chance, scope: &mut Map<String, Value>, share: usize) {
        self.inherited_switches(chance, scope, share);
        if chance.percent(share) {
            scope.insert("reservations-global".to_owned(), json!(true));
        }
    }

    fn inherited_switches(
        &self,
        chance: &mut Chance,
        scope: &mut Map<String, Value>,
        share: usize,
    ) {
        for (name, values) in self.switches.iter().chain(SWITCHES) {
            if chance.percent(share) {
                let values: Vec<Value> = serde_json::from_str(values).expect("a list");
                scope.insert((*name).to_owned(), chance.pick(&values).clone());
            }
        }
    }

    /// Up to so many options.
    pub(crate) fn option_data(&self, chance: &mut Chance, most: usize) -> Value {
        let mut list = Vec::new();
        for (name, data, extra) in chance.some(self.options, most) {
            let mut option = json!({ "name": name, "data": data });
            if let Some((key, value)) = extra.split_once('=') {
                option[key] = json!(value);
            }
            if *extra == "hex" {
                option["csv-format"] = json!(false);
            }
            if let Ok(code) = name.parse::<u32>() {
                option["code"] = json!(code);
                if let Some(members) = option.as_object_mut() {
                    members.shift_remove("name");
                }
            }
            if chance.percent(25) {
                option["always-send"] = json!(true);
            }
            list.push(option);
        }
        Value::Array(list)
    }

    /// The classes that [`Self::classes`] are of; `extra` adds to each what only its protocol has.
    pub(crate) fn client_classes(
        &self,
        chance: &mut Chance,
        extra: impl Fn(&mut Chance, &mut Map<String, Value>, &str),
    ) -> Vec<Value> {
        let mut classes = Vec::new();
        for name in ["c0", "c1", "c2", "c3", "r1"] {
            let mut class = Map::new();
            class.insert("name".to_owned(), json!(name));
            if chance.percent(85) {
                class.insert("test".to_owned(), json!(chance.pick(self.tests)));
            }
            if chance.percent(20) {
                class.insert("only-if-required".to_owned(), json!(true));
            }
            if chance.percent(50) {
                class.insert("option-data".to_owned(), self.option_data(chance, 3));
            }
            extra(chance, &mut class, name);
            classes.push(Value::Object(class));
        }
        classes
    }

    /// Adds a class with a meaning of its own, sometimes.
    pub(crate) fn built_in_class(&self, chance: &mut Chance, name: &str, into: &mut Vec<Value>) {
        if chance.percent(8) {
            into.push(json!({ "name": name, "test": chance.pick(self.tests) }));
        }
    }

    /// What a reservation has beside identifier and addresses.
    pub(crate) fn traits_of_host(&self, chance: &mut Chance, host: &mut Map<String, Value>) {
        if chance.percent(30) {
            let names = ["Reserved", "res.example.net", "res.dot."];
            host.insert("hostname".to_owned(), json!(chance.pick(&names)));
        }
        if chance.percent(30) {
            host.insert("option-data".to_owned(), self.option_data(chance, 3));
        }
        if chance.percent(30) {
            let names = chance.some(&["c0", "c3", "extra", "DROP"], 2);
            host.insert("client-classes".to_owned(), json!(names));
        }
        host.retain(|_, value| value.as_array().is_none_or(|list| !list.is_empty()));
    }
}

/// Numbers of subnets.
const ON_LINK: u32 = 1;
const BEHIND_RELAYS: [u32; 2] = [2, 3];
const ON_LINK_TOO: u32 = 4;

/// Members of every scope of both protocols, and what they may be.
const SWITCHES: &[(&str, &str)] = &[
    ("reservations-in-subnet", "[true, false]"),
    ("reservations-out-of-pool", "[true, false]"),
    ("ddns-send-updates", "[true, false]"),
    ("ddns-override-no-update", "[true, false]"),
    ("ddns-override-client-update", "[true, false]"),
    ("ddns-replace-client-name", r#"["always", "never", "when-present", "when-not-present"]"#),
    ("ddns-generated-prefix", r#"["gen"]"#),
    ("ddns-qualifying-suffix", r#"["suffix.example", "suffix.example."]"#),
    ("ddns-update-on-renew", "[true]"),
    ("hostname-char-set", r#"["[^A-Za-z0-9.-]"]"#),
    ("hostname-char-replacement", r#"["x", ""]"#),
    ("store-extended-info", "[true]"),
    ("cache-threshold", "[0.25]"),
    ("cache-max-age", "[600]"),
];
