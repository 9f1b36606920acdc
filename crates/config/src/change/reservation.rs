//! Changes of single reservations (manual chapter 21, `host_cmds`).

use kea_lease::SubnetId;

use super::{ChangeError, Editor, Subject, list_mut, make_map};
use crate::document::{Map, Node};
use crate::snapshot::{Dialect, IdentifierKind};

impl<F: Dialect> Editor<'_, F> {
    /// Puts a reservation behind all others of its place.
    pub(super) fn add_reservation(
        &mut self,
        subnet: Option<SubnetId>,
        given: Option<Node>,
    ) -> Result<Subject, ChangeError> {
        let node = given.filter(|node| node.as_map().is_some()).ok_or(ChangeError::NotAMap)?;
        self.reservations(subnet)?.push(node);
        Ok(Subject::Reservation)
    }

    /// Replaces the reservation of a client, which keeps its place.
    pub(super) fn replace_reservation(
        &mut self,
        subnet: Option<SubnetId>,
        given: Option<Node>,
    ) -> Result<Subject, ChangeError> {
        let node = given.ok_or(ChangeError::NotAMap)?;
        let map = node.as_map().ok_or(ChangeError::NotAMap)?;
        let client = IdentifierKind::ALL.into_iter().find_map(|kind| {
            let identifier = kind.octets(map.get(kind.name())?.as_str()?).ok()?;
            Some((kind, identifier))
        });
        let list = self.reservations(subnet)?;
        let held = list.iter_mut().find(|held| {
            client.as_ref().is_some_and(|(kind, identifier)| is_of(held, *kind, identifier))
        });
        *held.ok_or(ChangeError::NoReservation)? = node;
        Ok(Subject::Reservation)
    }

    /// Takes out the reservation of a client.
    pub(super) fn remove_reservation(
        &mut self,
        subnet: Option<SubnetId>,
        kind: IdentifierKind,
        identifier: &[u8],
    ) -> Result<Subject, ChangeError> {
        let list = self.reservations(subnet)?;
        let place = list.iter().position(|held| is_of(held, kind, identifier));
        list.remove(place.ok_or(ChangeError::NoReservation)?);
        if list.is_empty() {
            self.holder(subnet)?.remove(RESERVATIONS);
        }
        Ok(Subject::Reservation)
    }

    fn reservations(&mut self, subnet: Option<SubnetId>) -> Result<&mut Vec<Node>, ChangeError> {
        Ok(list_mut(self.holder(subnet)?, RESERVATIONS))
    }

    /// The map that reservations of a subnet, or global ones, stand in.
    fn holder(&mut self, subnet: Option<SubnetId>) -> Result<&mut Map, ChangeError> {
        let Some(id) = subnet else { return Ok(self.server()) };
        let (_, (network, position)) = self.find(id)?;
        let node = self.subnets(network).get_mut(position).ok_or(ChangeError::NoSubnet(id))?;
        Ok(make_map(node))
    }
}

fn is_of(node: &Node, kind: IdentifierKind, identifier: &[u8]) -> bool {
    let text = node.as_map().and_then(|map| map.get(kind.name())?.as_str());
    text.and_then(|text| kind.octets(text).ok()).is_some_and(|octets| octets[..] == *identifier)
}

const RESERVATIONS: &str = "reservations";
