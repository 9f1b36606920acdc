//! Where the options of an answer are from.

use std::fmt;

use kea_config::snapshot::{ConfiguredOption, Dialect, OptionSet, Pool, Reservation, Subnet};
use kea_expr::ClassSet;
use kea_options::Parsing;

use super::step::AnswerOption;
use crate::pipeline::{Corridor, Scopes};

/// Where the value of an option is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The exchange itself: not from the configuration.
    Server,
    /// The client's reservation.
    Reservation,
    /// A pool, by its range.
    Pool(String),
    /// A subnet.
    Subnet(u32),
    /// A shared network.
    Network(String),
    /// A class.
    Class(String),
    /// The global options.
    Global,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Server => f.write_str("server"),
            Origin::Reservation => f.write_str("reservation"),
            Origin::Pool(range) => write!(f, "pool {range}"),
            Origin::Subnet(id) => write!(f, "subnet {id}"),
            Origin::Network(name) => write!(f, "shared network {name}"),
            Origin::Class(name) => write!(f, "class {name}"),
            Origin::Global => f.write_str("global"),
        }
    }
}

/// The scopes of an answer, to tell which of them an option is from.
pub(crate) struct Sources<'r, 's, F: Dialect> {
    pub(crate) corridor: &'r Corridor<'s, F>,
    pub(crate) host: Option<&'s Reservation<F>>,
    pub(crate) subnet: Option<&'s Subnet<F>>,
    pub(crate) pools: Vec<&'s Pool<F>>,
    pub(crate) classes: &'r ClassSet,
}

impl<F: Dialect> Sources<'_, '_, F> {
    /// The options of an answer, each with its name, its value and where that is from.
    pub(crate) fn options<'d>(
        &self,
        written: impl Iterator<Item = (u16, &'d [u8])>,
    ) -> Vec<AnswerOption> {
        let pools = self.pools.iter().copied();
        let config = self.corridor.config;
        let scopes = Scopes::new(config, self.host, self.subnet, pools, self.classes);
        let option = |(code, data): (u16, &[u8])| {
            let definition = config.definitions.by_code(F::OPTION_SPACE, code);
            let value = definition
                .and_then(|definition| definition.decode(data, Parsing::Lenient).ok())
                .map(|value| value.to_string())
                .filter(|text| !text.is_empty() || data.is_empty());
            let mut chosen = scopes.chosen(F::OPTION_SPACE, code);
            let configured = chosen.find(|option| option.data == data);
            AnswerOption {
                code,
                name: definition.map(|definition| definition.name().to_owned()),
                value: value.unwrap_or_else(|| super::render::hex(data)),
                origin: configured.map_or(Origin::Server, |option| self.origin(option)),
            }
        };
        written.map(option).collect()
    }

    fn origin(&self, option: &ConfiguredOption) -> Origin {
        let holds = |set: &OptionSet| set.iter().any(|known| std::ptr::eq(known, option));
        if self.host.and_then(|host| host.options.as_deref()).is_some_and(holds) {
            return Origin::Reservation;
        }
        let mut pools = self.pools.iter().filter(|pool| holds(&pool.options));
        if let Some(pool) = pools.next()
            && !option.is_inherited()
        {
            return Origin::Pool(super::render::range(&pool.range));
        }
        let config = self.corridor.config;
        let mut classes = self.classes.ids().filter_map(|id| config.classes.get(id));
        if let Some(class) = classes.find(|class| holds(&class.options)) {
            return Origin::Class(class.name.to_string());
        }
        if holds(&config.options) {
            return Origin::Global;
        }
        let Some(subnet) = self.subnet else { return Origin::Server };
        // What a pool has from around it is a copy of this.
        let same = |known: &&ConfiguredOption| {
            (&known.space, known.code, &known.data) == (&option.space, option.code, &option.data)
        };
        let of_subnet = subnet.options.iter().find(same);
        match config
            .network_of(subnet)
            .filter(|_| of_subnet.is_some_and(ConfiguredOption::is_inherited))
        {
            Some(network) => Origin::Network(network.name.to_string()),
            None => Origin::Subnet(subnet.id.0),
        }
    }
}
