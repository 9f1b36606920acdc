//! Changes of single subnets, shared networks, classes and reservations (manual chapter 21, `subnet_cmds`,
//! `class_cmds` and `host_cmds`).
//!
//! A change is made to a copy of the document, and the whole is checked as if it had been read from a
//! file. What comes out is another snapshot or the reasons against it; the one at hand stays as it is.

mod class;
mod delta;
mod reservation;
mod stored;

use std::fmt;
use std::sync::Arc;

use kea_lease::SubnetId;

use crate::diagnostics::Diagnostics;
use crate::document::{Document, FileId, Map, Node, Value};
use crate::load;
use crate::schema::Scope;
use crate::snapshot::{Dialect, IdentifierKind, Snapshot, Subnet};

pub use self::delta::DeltaError;
pub use self::stored::Stored;

/// A change of a configuration. Documents hold one map, as it stands in the configuration.
#[derive(Clone, Debug)]
pub enum Change {
    /// A new subnet outside of networks.
    AddSubnet(Document),
    /// Another definition of a subnet, which stays where it is; nothing of the old one is kept.
    ReplaceSubnet(Document),
    /// What is given is set or added, the rest is kept.
    AddToSubnet(Document),
    /// What is given is taken out, the rest is kept.
    TakeFromSubnet(Document),
    /// The subnet goes. Its leases are not the configuration's business.
    RemoveSubnet(SubnetId),
    /// A new shared network, perhaps with subnets.
    AddNetwork(Document),
    /// The shared network goes.
    RemoveNetwork(Box<str>, Members),
    /// A subnet outside of networks becomes part of one.
    Join(Box<str>, SubnetId),
    /// A subnet of that network leaves it.
    Leave(Box<str>, SubnetId),
    /// A new class behind all others.
    AddClass(Document),
    /// Another definition of a class, which keeps its place.
    ReplaceClass(Document),
    /// The class goes.
    RemoveClass(Box<str>),
    /// A new reservation of a subnet, or a global one.
    AddReservation(Option<SubnetId>, Document),
    /// Another reservation for a client that has one there.
    ReplaceReservation(Option<SubnetId>, Document),
    /// The reservation of a client there goes.
    RemoveReservation(Option<SubnetId>, IdentifierKind, Box<[u8]>),
}

/// What becomes of the subnets of a network that goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Members {
    /// They stay, without a network.
    Keep,
    /// They go as well.
    Remove,
}

/// A configuration after a change.
#[derive(Debug)]
pub struct Changed<F: Dialect> {
    /// To be put in force.
    pub snapshot: Snapshot<F>,
    /// The subnet that it was about, and its prefix as it was written.
    pub subnet: Option<(SubnetId, Box<str>)>,
    /// The shared network that it was about.
    pub network: Option<Box<str>>,
    /// The class that it was about.
    pub class: Option<Box<str>>,
}

/// Why nothing was changed.
#[derive(Debug)]
pub enum ChangeError {
    /// There is no subnet with that identifier.
    NoSubnet(SubnetId),
    /// There is no subnet with that prefix.
    NoPrefix(Box<str>),
    /// There is no shared network of that name.
    NoNetwork(Box<str>),
    /// The definition tells neither the identifier nor the prefix of the subnet.
    Unnamed,
    /// The subnet with that identifier has another prefix, the first; the second was given.
    OtherPrefix(SubnetId, Box<str>, Box<str>),
    /// The subnet is part of that network already.
    IsMember(SubnetId, Box<str>),
    /// The subnet is not part of that network.
    IsNoMember(SubnetId, Box<str>),
    /// Nothing of what should be taken out of the subnet is there.
    NothingToTake(SubnetId, Box<str>),
    /// What should be taken out cannot be there.
    Delta(DeltaError),
    /// There is no class of that name.
    NoClass(Box<str>),
    /// There is a class of that name already.
    ClassExists(Box<str>),
    /// The second class depends on the first.
    ClassInUse(Box<str>, Box<str>),
    /// The client has no reservation there.
    NoReservation,
    /// The document is not one map.
    NotAMap,
    /// All that is wrong with the configuration as it would become.
    Refused(Diagnostics),
}

impl<F: Dialect> Snapshot<F> {
    /// The configuration after `change`. Subnets that the server has numbered keep their numbers, which
    /// from now on stand in the document.
    ///
    /// # Errors
    /// Why there is no such configuration.
    pub fn with(&self, change: &Change) -> Result<Changed<F>, ChangeError> {
        let mut editor = Editor { snapshot: self, root: self.document.root().clone() };
        let given = change.given();
        let mut sources = self.document.sources().as_ref().clone();
        let file = given.and_then(|given| sources.adopt(given.sources()));
        let node = given.map(|given| {
            let mut node = given.root().clone();
            node.relocate(FileId(0), file);
            node
        });
        editor.number_all();
        let subject = editor.apply(change, node)?;
        let document = Arc::new(Document::from_parts(editor.root, sources.into()));
        let (mut snapshot, _) = load::<F>(&document)
            .map_err(|problems| ChangeError::Refused(problems.into_errors()))?;
        // The text of a command is not kept, so neither are places in it: sources would grow for ever.
        let unnamed = Document::from_root(Node::unplaced(Value::Null));
        snapshot.document = Arc::new(unnamed);
        let mut root = Arc::unwrap_or_clone(document).into_root();
        if let Some(file) = file {
            root.relocate(file, None);
        }
        let sources = Arc::clone(self.document.sources());
        snapshot.document = Arc::new(Document::from_parts(root, sources));
        let mut changed = Changed { snapshot, subnet: None, network: None, class: None };
        match subject {
            Subject::Network(name) => changed.network = Some(name),
            Subject::Subnet(id, prefix) => changed.subnet = Some((id, prefix)),
            Subject::Class(name) => changed.class = Some(name),
            Subject::Reservation => {}
        }
        Ok(changed)
    }
}

impl Change {
    fn given(&self) -> Option<&Document> {
        match self {
            Change::AddSubnet(document)
            | Change::ReplaceSubnet(document)
            | Change::AddToSubnet(document)
            | Change::TakeFromSubnet(document)
            | Change::AddNetwork(document)
            | Change::AddClass(document)
            | Change::ReplaceClass(document)
            | Change::AddReservation(_, document)
            | Change::ReplaceReservation(_, document) => Some(document),
            Change::RemoveSubnet(_)
            | Change::RemoveNetwork(..)
            | Change::Join(..)
            | Change::Leave(..)
            | Change::RemoveClass(_)
            | Change::RemoveReservation(..) => None,
        }
    }
}

/// What a change was about.
enum Subject {
    Subnet(SubnetId, Box<str>),
    Network(Box<str>),
    Class(Box<str>),
    Reservation,
}

/// Where a subnet stands: its network's position, and its own in the list.
type Place = (Option<usize>, usize);

struct Editor<'s, F: Dialect> {
    snapshot: &'s Snapshot<F>,
    root: Node,
}

impl<F: Dialect> Editor<'_, F> {
    fn apply(&mut self, change: &Change, given: Option<Node>) -> Result<Subject, ChangeError> {
        match change {
            Change::AddClass(_) => self.add_class(given),
            Change::ReplaceClass(_) => self.replace_class(given),
            Change::RemoveClass(name) => self.remove_class(name),
            Change::AddReservation(subnet, _) => self.add_reservation(*subnet, given),
            Change::ReplaceReservation(subnet, _) => self.replace_reservation(*subnet, given),
            Change::RemoveReservation(subnet, kind, identifier) => {
                self.remove_reservation(*subnet, *kind, identifier)
            }
            Change::AddSubnet(_) => self.add_subnet(given),
            Change::ReplaceSubnet(_) => self.edit(given, |held, given, _| {
                *held = given;
                Ok(true)
            }),
            Change::AddToSubnet(_) => self.edit(given, |held, given, snapshot| {
                delta::add::<F>(held, &given, Scope::Subnet, &snapshot.definitions);
                Ok(true)
            }),
            Change::TakeFromSubnet(_) => self.edit(given, |held, given, snapshot| {
                delta::take::<F>(held, &given, Scope::Subnet, &snapshot.definitions)
            }),
            Change::RemoveSubnet(id) => {
                let (subject, place) = self.find(*id)?;
                self.take_out(place);
                Ok(subject)
            }
            Change::AddNetwork(_) => {
                let mut node = given.ok_or(ChangeError::NotAMap)?;
                let network = map_mut(&mut node).ok_or(ChangeError::NotAMap)?;
                let name = network.get("name").and_then(Node::as_str).unwrap_or("").into();
                let mut next = self.next_id();
                for subnet in list_mut(network, F::PROTOCOL.subnets()) {
                    number(subnet, &mut next);
                }
                list_mut(self.server(), NETWORKS).push(node);
                Ok(Subject::Network(name))
            }
            Change::RemoveNetwork(name, members) => {
                let position = self.network(name)?;
                let mut network = list_mut(self.server(), NETWORKS).remove(position);
                if let (Members::Keep, Some(network)) = (members, map_mut(&mut network)) {
                    let orphans = std::mem::take(list_mut(network, F::PROTOCOL.subnets()));
                    self.subnets(None).extend(orphans);
                }
                Ok(Subject::Network(name.clone()))
            }
            Change::Join(name, id) => {
                let position = self.network(name)?;
                let (subject, place) = self.find(*id)?;
                if let Some(current) = place.0.and_then(|at| self.snapshot.networks.get(at)) {
                    return Err(ChangeError::IsMember(*id, current.name.clone()));
                }
                let subnet = self.take_out(place);
                self.subnets(Some(position)).extend(subnet);
                Ok(subject)
            }
            Change::Leave(name, id) => {
                let position = self.network(name)?;
                let (subject, place) = self.find(*id)?;
                if place.0 != Some(position) {
                    return Err(ChangeError::IsNoMember(*id, name.clone()));
                }
                let subnet = self.take_out(place);
                self.subnets(None).extend(subnet);
                Ok(subject)
            }
        }
    }

    fn add_subnet(&mut self, given: Option<Node>) -> Result<Subject, ChangeError> {
        let mut node = given.ok_or(ChangeError::NotAMap)?;
        number(&mut node, &mut self.next_id());
        let map = node.as_map().ok_or(ChangeError::NotAMap)?;
        // What is no number or no text is refused in a moment.
        let subject = Subject::Subnet(
            id_of(map).unwrap_or(SubnetId(0)),
            map.get("subnet").and_then(Node::as_str).unwrap_or("").into(),
        );
        self.subnets(None).push(node);
        Ok(subject)
    }

    /// Changes the definition of the subnet that `given` names.
    fn edit(
        &mut self,
        given: Option<Node>,
        change: impl FnOnce(&mut Map, Map, &Snapshot<F>) -> Result<bool, DeltaError>,
    ) -> Result<Subject, ChangeError> {
        let Some(Node { value: Value::Map(mut given), .. }) = given else {
            return Err(ChangeError::NotAMap);
        };
        let subnet = self.named(&given)?;
        let id = subnet.id;
        // What it is known by stays as it is written.
        given.set("id", Node::unplaced(Value::Integer(i64::from(id.0))));
        given.set("subnet", Node::unplaced(Value::string(&subnet.prefix_text)));
        let (subject, (network, position)) = self.find(id)?;
        let snapshot = self.snapshot;
        let node = self.subnets(network).get_mut(position);
        let held = node.and_then(map_mut).ok_or(ChangeError::NoSubnet(id))?;
        match (change(held, given, snapshot).map_err(ChangeError::Delta)?, subject) {
            (false, Subject::Subnet(id, prefix)) => Err(ChangeError::NothingToTake(id, prefix)),
            (_, subject) => Ok(subject),
        }
    }

    /// The subnet that a definition is meant for: by its identifier, by its prefix, or by both.
    fn named(&self, given: &Map) -> Result<&Subnet<F>, ChangeError> {
        let text = given.get("subnet").and_then(Node::as_str);
        let Some(id) = id_of(given) else {
            let text = text.ok_or(ChangeError::Unnamed)?;
            return self
                .snapshot
                .subnet_of_prefix(text)
                .ok_or_else(|| ChangeError::NoPrefix(text.into()));
        };
        let subnet = self.snapshot.subnet(id).ok_or(ChangeError::NoSubnet(id))?;
        match text {
            Some(text) if !subnet.is_of(text) => {
                Err(ChangeError::OtherPrefix(id, subnet.prefix_text.clone(), text.into()))
            }
            _ => Ok(subnet),
        }
    }

    fn find(&self, id: SubnetId) -> Result<(Subject, Place), ChangeError> {
        let subnet = self.snapshot.subnet(id).ok_or(ChangeError::NoSubnet(id))?;
        let network = subnet.network.map(|network| network as usize);
        let server = self.root.as_map().and_then(|top| top.get(F::PROTOCOL.object())?.as_map());
        let holder = server.and_then(|server| match network {
            None => Some(server),
            Some(network) => server.get(NETWORKS)?.as_list()?.get(network)?.as_map(),
        });
        let list = holder.and_then(|holder| holder.get(F::PROTOCOL.subnets())?.as_list());
        let is_it = |node: &Node| {
            let text = node.as_map().and_then(|map| map.get("subnet")?.as_str());
            text == Some(&*subnet.prefix_text)
        };
        let position = list.and_then(|list| list.iter().position(is_it));
        let position = position.ok_or(ChangeError::NoSubnet(id))?;
        Ok((Subject::Subnet(id, subnet.prefix_text.clone()), (network, position)))
    }

    fn network(&self, name: &str) -> Result<usize, ChangeError> {
        let position = self.snapshot.networks.iter().position(|network| &*network.name == name);
        position.ok_or_else(|| ChangeError::NoNetwork(name.into()))
    }

    fn take_out(&mut self, (network, position): Place) -> Option<Node> {
        let list = self.subnets(network);
        (position < list.len()).then(|| list.remove(position))
    }

    fn server(&mut self) -> &mut Map {
        let top = make_map(&mut self.root);
        make_map(top.entry_or(F::PROTOCOL.object(), || Value::Map(Map::new())))
    }

    fn subnets(&mut self, network: Option<usize>) -> &mut Vec<Node> {
        let server = self.server();
        let at_network = network.filter(|at| *at < list_mut(server, NETWORKS).len());
        let holder = match at_network {
            Some(at) => make_map(&mut list_mut(server, NETWORKS)[at]),
            None => server,
        };
        list_mut(holder, F::PROTOCOL.subnets())
    }

    /// Writes down the identifiers that the server has chosen: another choice would be made without one
    /// of the subnets.
    fn number_all(&mut self) {
        let ids: hashbrown::HashMap<&str, SubnetId> =
            self.snapshot.subnets.iter().map(|subnet| (&*subnet.prefix_text, subnet.id)).collect();
        let networks = self.snapshot.networks.len();
        for network in (0..networks).map(Some).chain([None]) {
            for map in self.subnets(network).iter_mut().filter_map(map_mut) {
                let id = map.get("subnet").and_then(Node::as_str).and_then(|text| ids.get(text));
                if let (None, Some(id)) = (id_of(map), id) {
                    map.set("id", Node::unplaced(Value::Integer(i64::from(id.0))));
                }
            }
        }
    }

    /// One past the greatest identifier, so that a new subnet does not take that of an older one whose
    /// leases may still be there.
    fn next_id(&self) -> u32 {
        self.snapshot.subnets.last().map_or(1, |subnet| subnet.id.0.saturating_add(1))
    }
}

/// Gives a subnet without identifier the next one.
fn number(node: &mut Node, next: &mut u32) {
    let Some(map) = map_mut(node) else { return };
    let is_absent = map.get("id").is_none_or(|id| id.as_integer() == Some(0));
    if is_absent {
        map.set("id", Node::unplaced(Value::Integer(i64::from(*next))));
        *next = next.saturating_add(1);
    }
}

fn id_of(map: &Map) -> Option<SubnetId> {
    let id = u32::try_from(map.get("id")?.as_integer()?).ok()?;
    (id != 0).then_some(SubnetId(id))
}

fn map_mut(node: &mut Node) -> Option<&mut Map> {
    if let Value::Map(map) = &mut node.value { Some(map) } else { None }
}

fn make_map(node: &mut Node) -> &mut Map {
    if !matches!(node.value, Value::Map(_)) {
        node.value = Value::Map(Map::new());
    }
    match &mut node.value {
        Value::Map(map) => map,
        _ => unreachable!("it was made one just now"),
    }
}

fn list_mut<'m>(map: &'m mut Map, name: &str) -> &'m mut Vec<Node> {
    let node = map.entry_or(name, || Value::List(Vec::new()));
    if !matches!(node.value, Value::List(_)) {
        node.value = Value::List(Vec::new());
    }
    match &mut node.value {
        Value::List(list) => list,
        _ => unreachable!("it was made one just now"),
    }
}

impl From<DeltaError> for ChangeError {
    fn from(error: DeltaError) -> Self {
        ChangeError::Delta(error)
    }
}

impl fmt::Display for ChangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSubnet(id) => write!(f, "no subnet with id {id} found"),
            Self::NoPrefix(prefix) => write!(f, "no subnet {prefix} found"),
            Self::NoNetwork(name) => write!(f, "no shared network '{name}' found"),
            Self::Unnamed => f.write_str("the subnet must be named by its 'id' or 'subnet'"),
            Self::OtherPrefix(id, held, given) => write!(
                f,
                "the subnet with id {id} is {held}, not {given}: the prefix of a subnet cannot be \
                 changed"
            ),
            Self::IsMember(id, network) => {
                write!(f, "the subnet with id {id} is part of shared network '{network}' already")
            }
            Self::IsNoMember(id, network) => {
                write!(f, "the subnet with id {id} is not part of shared network '{network}'")
            }
            Self::NothingToTake(id, prefix) => {
                write!(f, "subnet {prefix} (id {id}) has nothing of this")
            }
            Self::Delta(error) => error.fmt(f),
            Self::NoClass(name) => write!(f, "Class '{name}' not found"),
            Self::ClassExists(name) => write!(f, "Class '{name}' already exists"),
            Self::ClassInUse(name, dependent) => {
                write!(f, "Class '{name}' cannot be deleted: class '{dependent}' depends on it")
            }
            Self::NoReservation => f.write_str("the client has no reservation there"),
            Self::NotAMap => f.write_str("the definition must be a map"),
            Self::Refused(problems) => f.write_str(problems.render().trim_end()),
        }
    }
}

impl std::error::Error for ChangeError {}

const NETWORKS: &str = "shared-networks";
