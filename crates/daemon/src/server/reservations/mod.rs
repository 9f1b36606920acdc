//! Commands over reservations (manual chapter 21, `host_cmds`): those of the configuration in force, and those
//! of databases, whose threads make the changes.

mod look;
mod wanted;

use std::net::IpAddr;

use kea_config::document::Node;
use kea_config::snapshot::{Reservation, Snapshot};
use kea_config::{Change as Altered, ChangeError, Diagnostics, Document, UnreadReservation};
use kea_control::{Answer, Arguments, Call, Handlers, ResultCode};
use kea_dhcp::Serving;
use kea_lease::SubnetId;
use kea_sql::hosts::{HostRow, Which, Write, Written};
use kea_wire::Address as _;

use super::Server;
use super::definitions::parsed;
use super::hosts::{Hosts, How, Order, Outcome};

use self::look::{LOOKS, Look};
use self::wanted::{Target, subnet_of, which};

/// Has the commands answered.
pub(super) fn register<F: Serving>(handlers: &mut Handlers<Server<F>>) {
    for (name, look) in LOOKS {
        handlers.on(name, |server, arguments| server.look_at_reservations(*look, arguments));
    }
    let changes = [
        ("reservation-add", How::Add),
        ("reservation-del", How::Delete),
        ("reservation-update", How::Update),
    ];
    for (name, how) in changes {
        handlers.on_later(name, move |server, call| server.change_reservation(how, call));
    }
}

/// What a changing command comes to.
struct Plan {
    write: Option<Write>,
    memory: Vec<Altered>,
    /// The databases that may have it, or are to have it.
    databases: Vec<usize>,
}

impl<F: Serving> Server<F> {
    fn look_at_reservations(&self, look: Look, arguments: Arguments<'_>) -> Answer {
        let config = self.shared.config.load();
        look::answer(&config, &self.hosts, look, arguments).unwrap_or_else(Answer::error)
    }

    fn change_reservation(&mut self, how: How, call: Call) {
        let config = self.shared.config.load_full();
        let arguments = Arguments(call.command.arguments.as_ref());
        let Plan { write, memory, databases } = match plan(&config, &self.hosts, how, arguments) {
            Ok(plan) => plan,
            Err(why) => return call.answer(Answer::error(why)),
        };
        let unique = config.server.ip_reservations_unique;
        match (write, databases.split_first()) {
            (Some(write), Some((first, rest))) => {
                let order = Order { how, write, unique, rest: rest.to_vec(), memory, call };
                self.hosts.order(*first, order);
            }
            _ => call.answer(self.settle(how, &memory, false)),
        }
    }

    /// Goes on with a change that a database is done with, or answers it.
    pub(super) fn hear_outcome(&mut self, outcome: Outcome) {
        let Outcome { mut order, result } = outcome;
        let answer = match result {
            Ok(Written::NotFound) if !order.rest.is_empty() => {
                let next = order.rest.remove(0);
                return self.hosts.order(next, order);
            }
            Ok(Written::Done(_)) => self.settle(order.how, &order.memory, true),
            Ok(Written::NotFound) => {
                let answer = self.settle(order.how, &order.memory, false);
                match self.hosts.readonly_holder(&order.write) {
                    Some(place) if answer.result != ResultCode::SUCCESS => {
                        Answer::error(format!("{place} has the reservation, and is 'readonly'."))
                    }
                    _ => answer,
                }
            }
            Ok(Written::Taken(taken)) => Answer::error(taken.to_string()),
            Err(why) => Answer::error(why),
        };
        order.call.answer(answer);
    }

    /// Changes the configuration in force, too, when the databases are done.
    fn settle(&mut self, how: How, memory: &[Altered], mut done: bool) -> Answer {
        let in_database = if done { "the database has it, but the server has not: " } else { "" };
        for change in memory {
            let changed = match self.shared.config.load_full().with(change) {
                Ok(changed) => changed,
                Err(ChangeError::NoReservation) => continue,
                Err(error) => return Answer::error(format!("{in_database}{error}")),
            };
            if let Err(error) = self.apply_part(changed.snapshot) {
                return Answer::error(format!("{in_database}{error}"));
            }
            done = true;
        }
        how.answer(done)
    }
}

/// What is to be done, checked as far as it can be before a database is asked.
fn plan<F: Serving>(
    config: &Snapshot<F>,
    hosts: &Hosts<F>,
    how: How,
    arguments: Arguments<'_>,
) -> Result<Plan, String> {
    let target = Target::of_change(arguments);
    let mut databases: Vec<usize> = hosts.writable().collect();
    if !target.databases {
        databases.clear();
    } else if databases.is_empty() && !target.memory {
        return Err(nowhere(how, hosts.len() > 0));
    }
    if how == How::Add {
        databases.truncate(1);
    }
    let mut plan = Plan { write: None, memory: Vec::new(), databases };
    if how == How::Delete {
        let subnet = subnet_of(arguments)?;
        let which = which::<F>(arguments)?;
        if target.memory {
            let clients = clients_of(config, subnet, &which);
            plan.memory = clients
                .into_iter()
                .map(|host| {
                    Altered::RemoveReservation(subnet, host.kind, host.identifier[..].into())
                })
                .collect();
        }
        plan.write = Some(Write::Remove(subnet, which));
        return Ok(plan);
    }
    let given = arguments.map("reservation").unwrap_or(arguments);
    let subnet = subnet_of(given)?;
    let mut definition = given.json().cloned().unwrap_or_default();
    if let Some(members) = definition.as_object_mut() {
        members.remove("subnet-id");
    }
    let document = parsed(&definition)?;
    if let Some(id) = subnet.filter(|id| config.subnet(*id).is_none()) {
        return Err(ChangeError::NoSubnet(id).to_string());
    }
    if target.databases {
        let row = row(config, subnet, &document)?;
        plan.write = Some(if how == How::Add { Write::Add(row) } else { Write::Replace(row) });
    }
    if target.memory {
        let change = match how {
            How::Add => Altered::AddReservation(subnet, document),
            _ => Altered::ReplaceReservation(subnet, document),
        };
        match config.with(&change) {
            Ok(_) | Err(ChangeError::NoReservation) => plan.memory.push(change),
            Err(error) => return Err(error.to_string()),
        }
    }
    Ok(plan)
}

/// Why no database can be changed.
fn nowhere(how: How, are_there: bool) -> String {
    let what = match how {
        How::Add => "add new host",
        How::Update => "update existing host",
        How::Delete => "delete a host",
    };
    let why = match are_there {
        true => "every hosts-database is 'readonly'",
        false => "there is no hosts-database configured",
    };
    format!("Unable to {what} because {why}.")
}

/// The row of a reservation, read as the configuration file would be.
fn row<F: Serving>(
    config: &Snapshot<F>,
    subnet: Option<SubnetId>,
    document: &Document,
) -> Result<HostRow, String> {
    // The reader names the classes that it meets.
    let mut config = config.clone();
    let host = config.reservation_reader().read(subnet, document.root());
    let host = host.map_err(|error| match error {
        UnreadReservation::UnknownSubnet(id) => ChangeError::NoSubnet(id).to_string(),
        UnreadReservation::Faulty(problems) => {
            let mut told = Diagnostics::about(document.sources());
            told.append(problems);
            told.into_errors().render().trim_end().to_owned()
        }
    })?;
    let map = document.root().as_map().ok_or_else(|| ChangeError::NotAMap.to_string())?;
    HostRow::of(&host, map, &config.definitions).map_err(|fault| fault.to_string())
}

/// The reservations of the file that are meant.
fn clients_of<'c, F: Serving>(
    config: &'c Snapshot<F>,
    subnet: Option<SubnetId>,
    which: &Which,
) -> Vec<&'c Reservation<F>> {
    let file = config.reservations.file();
    match which {
        Which::Client(kind, identifier) => {
            file.find(subnet, *kind, identifier).into_iter().collect()
        }
        Which::Address(address) => {
            let hosts = file.iter().filter(|host| host.subnet == subnet);
            hosts.filter(|host| reserves(host, *address)).collect()
        }
    }
}

/// True when it sets this address aside, or a prefix that begins with it.
fn reserves<F: Serving>(host: &Reservation<F>, address: IpAddr) -> bool {
    let prefixes = F::reserved_prefixes(&host.specific).iter();
    host.addresses.iter().map(|address| address.ip()).any(|it| it == address)
        || prefixes.map(|prefix| IpAddr::V6(prefix.first())).any(|first| first == address)
}

/// For messages and answers: the map that a row stands for, and the map of the file, are of one language.
fn shown<F: Serving>(
    config: &Snapshot<F>,
    subnet: Option<SubnetId>,
    map: &Node,
) -> serde_json::Value {
    let rendered = map.as_map().map(|map| config.render_reservation(map));
    let mut shown = rendered.map_or(serde_json::Value::Null, |it| super::definitions::to_json(&it));
    shown["subnet-id"] = subnet.map_or(0, |subnet| subnet.0).into();
    shown
}
