//! Reservations in databases: all of them are held in memory, where queries find them beside those of the
//! configuration file, and threads look for changes, and make those that commands order.

mod order;
mod watcher;

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::mem;
use std::net::Ipv6Addr;
use std::sync::Arc;
use std::sync::mpsc;

use kea_config::UnreadReservation;
use kea_config::snapshot::{Database as Configured, Reservation, ReservationTable, Snapshot};
use kea_dhcp::Serving;
use kea_lease::{Leases, SubnetId};
use kea_log::{Handle, log};
use kea_sql::Access;
use kea_sql::hosts::{HostRow, Write};
use kea_wire::Prefix;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::outage::{GivenUp, Outage, Policy};
use super::service::Service;

pub(super) use self::order::{How, Order, Outcome};
use self::watcher::Watcher;

/// The databases of reservations, and what they hold.
pub(super) struct Hosts<F: Serving> {
    sources: Vec<Source<F>>,
    changes: Receiver<Change>,
    /// Keeps the receiver open, also where there are no databases.
    _changes: Sender<Change>,
}

/// What one database holds.
struct Source<F: Serving> {
    /// Which one it is, for the log.
    place: String,
    stretches: BTreeMap<i64, Stretch<F>>,
    outage: Arc<Outage>,
    is_readonly: bool,
    /// What its thread is to do. It ends with this.
    orders: mpsc::SyncSender<Order>,
    /// Addresses and prefixes of several clients that were told of.
    repeated: HashSet<(SubnetId, Box<str>)>,
}

/// Hosts whose numbers are near each other.
struct Stretch<F: Serving> {
    /// As they are in the database, to be understood anew under another configuration.
    rows: Vec<HostRow>,
    hosts: Vec<Reservation<F>>,
}

/// Stretches of a database that are not what they were. Those that are gone have no rows.
pub(super) struct Change {
    source: usize,
    stretches: Vec<(i64, Vec<HostRow>)>,
    /// What came of an order, if there was one.
    pub(super) outcome: Option<Outcome>,
}

impl Change {
    /// True when all is as it was.
    pub(super) fn is_empty(&self) -> bool {
        self.stretches.is_empty()
    }
}

impl<F: Serving> Hosts<F> {
    /// Opens the databases of a configuration that is about to be put in force for the first time, and
    /// adds what they hold to it and to what leases know of it.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(super) fn start(
        config: &mut Snapshot<F>,
        leases: &Leases<F>,
        service: &Arc<Service>,
        given_up: &Arc<GivenUp>,
        logger: &Handle,
    ) -> Result<Self, String> {
        let mut hosts = Self::open(&config.hosts_databases, service, given_up, logger)?;
        if !hosts.sources.is_empty() {
            hosts.adopt(config, logger);
            leases.configure(&config.lease_specs());
        }
        Ok(hosts)
    }

    /// Opens the databases, reads everything, and begins to look for changes.
    ///
    /// # Errors
    /// A text for the operator: which database, and what is wrong.
    pub(super) fn open(
        configured: &[Configured],
        service: &Arc<Service>,
        given_up: &Arc<GivenUp>,
        logger: &Handle,
    ) -> Result<Self, String> {
        let (sender, changes) = channel(1);
        let mut sources = Vec::new();
        for (number, database) in configured.iter().enumerate() {
            let access = Access::from(database);
            let place = access.place();
            let outage = Outage::new(
                format!("hosts-database {number}"),
                Policy::of_database(database),
                Arc::clone(service),
                Arc::clone(given_up),
            );
            let outage = Arc::new(outage);
            let mut watcher = Watcher {
                source: number,
                version: F::VERSION,
                access,
                outage: Arc::clone(&outage),
                logger: logger.clone(),
            };
            let opened = watcher.open();
            let (database, prints, rows) =
                opened.map_err(|error| format!("reservations in {place}: {error}"))?;
            let (orders, ordered) = mpsc::sync_channel(ORDERS);
            let mut source = Source {
                place,
                stretches: BTreeMap::new(),
                outage,
                is_readonly: watcher.access.configured().readonly,
                orders,
                repeated: HashSet::new(),
            };
            source.take(rows);
            watcher
                .start(database, prints, sender.clone(), ordered)
                .map_err(|error| error.to_string())?;
            sources.push(source);
        }
        Ok(Hosts { sources, changes, _changes: sender })
    }

    /// Waits for a change in a database.
    pub(super) async fn change(&mut self) -> Change {
        match self.changes.recv().await {
            Some(change) => change,
            // Never: a sender is kept.
            None => std::future::pending().await,
        }
    }

    /// Adds everything to a new configuration.
    pub(super) fn adopt(&mut self, config: &mut Snapshot<F>, logger: &Handle) {
        for source in &mut self.sources {
            let numbers: Vec<i64> = source.stretches.keys().copied().collect();
            source.understand(&numbers, config, logger);
        }
        self.publish(config, None, logger);
    }

    /// How many databases there are.
    pub(super) fn len(&self) -> usize {
        self.sources.len()
    }

    /// Those that may be written to, in their order.
    pub(super) fn writable(&self) -> impl Iterator<Item = usize> {
        let sources = self.sources.iter().enumerate();
        sources.filter(|(_, source)| !source.is_readonly).map(|(number, _)| number)
    }

    /// What a database is called in messages.
    pub(super) fn place(&self, source: usize) -> &str {
        self.sources.get(source).map_or("", |source| &source.place)
    }

    /// What a database holds, by ascending numbers of hosts.
    pub(super) fn rows(&self, source: usize) -> impl Iterator<Item = &HostRow> {
        let stretches = self.sources.get(source).into_iter().flat_map(|it| it.stretches.values());
        stretches.flat_map(|stretch| &stretch.rows)
    }

    /// A database that has what should be changed, and may not be written to.
    pub(super) fn readonly_holder(&self, write: &Write) -> Option<&str> {
        let holders = self.sources.iter().enumerate().filter(|(_, source)| source.is_readonly);
        let mut holders =
            holders.filter(|(number, _)| self.rows(*number).any(|row| write.means(row)));
        holders.next().map(|(_, source)| &*source.place)
    }

    /// Has a database changed. What comes of it is a [change](Self::change) like others.
    pub(super) fn order(&self, source: usize, order: Order) {
        let refused = match self.sources.get(source) {
            Some(source) => source.orders.try_send(order),
            None => Err(mpsc::TrySendError::Disconnected(order)),
        };
        let (order, why) = match refused {
            Ok(()) => return,
            Err(mpsc::TrySendError::Full(order)) => (order, "too many changes of it are waiting"),
            Err(mpsc::TrySendError::Disconnected(order)) => (order, "it is in use no more"),
        };
        let result = Err(format!("nothing is changed: {}: {why}", self.place(source)));
        Outcome { order, result }.answer();
    }

    /// Adds a change to a clone of the configuration in force.
    pub(super) fn follow(&mut self, change: Change, config: &mut Snapshot<F>, logger: &Handle) {
        let Some(source) = self.sources.get_mut(change.source) else { return };
        let numbers: Vec<i64> = change.stretches.iter().map(|(number, _)| *number).collect();
        source.take(change.stretches);
        source.understand(&numbers, config, logger);
        self.publish(config, Some(change.source), logger);
    }

    /// Makes new tables, of one source or of all.
    fn publish(&mut self, config: &mut Snapshot<F>, of: Option<usize>, logger: &Handle) {
        let held = config.reservations.databases().to_vec();
        let unique = config.server.ip_reservations_unique;
        let tables = self.sources.iter_mut().enumerate().map(|(number, source)| {
            let unchanged = held.get(number).filter(|_| of.is_some_and(|of| of != number));
            unchanged.cloned().unwrap_or_else(|| Arc::new(source.table(unique, logger)))
        });
        config.reservations.set_databases(tables);
    }
}

impl<F: Serving> Source<F> {
    fn take(&mut self, stretches: Vec<(i64, Vec<HostRow>)>) {
        for (number, rows) in stretches {
            if rows.is_empty() {
                self.stretches.remove(&number);
            } else {
                self.stretches.insert(number, Stretch { rows, hosts: Vec::new() });
            }
        }
    }

    /// Reads the rows of stretches as reservations.
    fn understand(&mut self, numbers: &[i64], config: &mut Snapshot<F>, logger: &Handle) {
        let mut reader = config.reservation_reader();
        let mut elsewhere = Elsewhere::default();
        for number in numbers {
            let Some(Stretch { rows, hosts }) = self.stretches.get_mut(number) else { continue };
            hosts.clear();
            hosts.reserve_exact(rows.len());
            for row in rows {
                let map = match row.map() {
                    Ok(map) => map,
                    Err(fault) => {
                        log!(
                            logger,
                            HOSTS_ROW_PASSED_OVER,
                            self.place,
                            fault.table,
                            row.id,
                            fault.why
                        );
                        continue;
                    }
                };
                match reader.read(row.subnet(), &map) {
                    Ok(host) => hosts.push(host),
                    Err(UnreadReservation::UnknownSubnet(subnet)) => elsewhere.add(subnet, row.id),
                    Err(UnreadReservation::Faulty(problems)) => {
                        let why = problems.first_error().unwrap_or_default();
                        log!(logger, HOSTS_ROW_PASSED_OVER, self.place, "hosts", row.id, why);
                    }
                }
            }
        }
        if let Some((subnet, host)) = elsewhere.first {
            log!(logger, HOSTS_OF_OTHER_SUBNETS, self.place, elsewhere.rows, subnet, host);
        }
    }

    /// All, found by what queries know. Where addresses are `unique` in their subnets, those that are not are
    /// told of, each once.
    fn table(&mut self, unique: bool, logger: &Handle) -> ReservationTable<F> {
        let mut table = ReservationTable::default();
        table.reserve(self.stretches.values().map(|stretch| stretch.hosts.len()).sum());
        let mut repeated = Vec::new();
        for host in self.stretches.values().flat_map(|stretch| &stretch.hosts) {
            if unique && let Some(subnet) = host.subnet {
                let taken = reserved(host).filter(|it| it.holders(&table, subnet).next().is_some());
                repeated.extend(taken.map(|it| (subnet, it)));
            }
            if !table.insert(host.clone()) {
                let subnet = host.subnet.map_or(0, |subnet| subnet.0);
                let identifier = kea_wire::Hex(&host.identifier);
                log!(logger, HOSTS_ROW_REPEATED, self.place, host.kind, identifier, subnet);
            }
        }
        let mut found = HashSet::new();
        for (subnet, reserved) in repeated {
            let mut holders: Vec<_> = reserved.holders(&table, subnet).collect();
            holders.sort_by_key(|host| (host.kind, &host.identifier));
            // A row of a client that has another one does not count.
            if holders.len() < 2 {
                continue;
            }
            let key = (subnet, Box::from(reserved.to_string()));
            let is_new = found.insert(key.clone()) && !self.repeated.contains(&key);
            if is_new {
                let clients = holders
                    .iter()
                    .map(|host| format!("{} {}", host.kind, kea_wire::Hex(&host.identifier)));
                let clients = clients.collect::<Vec<_>>().join(", ");
                log!(logger, HOSTS_ADDRESS_REPEATED, self.place, reserved, subnet, clients);
            }
        }
        self.repeated = found;
        table
    }
}

/// What a reservation sets aside.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Reserved<F: Serving> {
    Address(F::Addr),
    Prefix(Prefix<Ipv6Addr>),
}

fn reserved<F: Serving>(host: &Reservation<F>) -> impl Iterator<Item = Reserved<F>> {
    let prefixes = F::reserved_prefixes(&host.specific).iter().copied();
    host.addresses.iter().copied().map(Reserved::Address).chain(prefixes.map(Reserved::Prefix))
}

impl<F: Serving> Reserved<F> {
    /// For whom, in no particular order.
    fn holders<'t>(
        self,
        table: &'t ReservationTable<F>,
        subnet: SubnetId,
    ) -> Box<dyn Iterator<Item = &'t Reservation<F>> + 't> {
        match self {
            Reserved::Address(address) => Box::new(table.of_address(Some(subnet), address)),
            Reserved::Prefix(prefix) => Box::new(table.of_prefix(Some(subnet), prefix)),
        }
    }
}

impl<F: Serving> fmt::Display for Reserved<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reserved::Address(address) => write!(f, "address {address}"),
            Reserved::Prefix(prefix) => write!(f, "prefix {prefix}"),
        }
    }
}

impl<F: Serving> Drop for Source<F> {
    fn drop(&mut self) {
        // Its thread does the same, but may be waiting for a connection meanwhile.
        self.outage.ended();
    }
}

/// Hosts of subnets that are not configured here.
#[derive(Default)]
struct Elsewhere {
    rows: usize,
    first: Option<(SubnetId, i64)>,
}

impl Elsewhere {
    fn add(&mut self, subnet: SubnetId, host: i64) {
        self.rows += 1;
        self.first = mem::take(&mut self.first).or(Some((subnet, host)));
    }
}

/// Changes that may wait for a database.
const ORDERS: usize = 64;
