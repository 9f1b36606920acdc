//! What is logged about associations.

use std::fmt;
use std::net::Ipv6Addr;

use kea_config::snapshot::Subnet;
use kea_lease::{Lease, LeaseKind, Ticket};
use kea_log::log;
use kea_wire::v6::IaKind;
use kea_wire::{Prefix, V6};

use super::association::{Association, Wish};
use super::exchange::Exchange;
use super::holdings::Mismatch;
use super::lease::{Leasing, Step};
use crate::pipeline::{association_text, lease_text};

impl Exchange<'_, '_, '_> {
    pub(super) fn log_processing(&self, wish: &Wish, extending: bool) {
        let (log, label, iaid) = (self.corridor.log, self.label, wish.iaid.0);
        let hint = fmt::from_fn(|f| match wish.named().next() {
            Some(hint) => write!(f, "{}", hint.address()),
            None => f.write_str("(no hint)"),
        });
        match (wish.kind, extending) {
            (IaKind::Pd, true) => log!(log, DHCP6_PROCESS_IA_PD_EXTEND, label, iaid),
            (_, true) => log!(log, DHCP6_PROCESS_IA_NA_EXTEND, label, iaid),
            (IaKind::Pd, false) => log!(log, DHCP6_PROCESS_IA_PD_REQUEST, label, iaid, hint),
            (_, false) => log!(log, DHCP6_PROCESS_IA_NA_REQUEST, label, iaid, hint),
        }
    }

    /// A lease of another subnet of the network than the one that was selected.
    fn log_other_subnet(&self, subnet: &Subnet<V6>) {
        let Some(place) = self.place.filter(|place| place.selected().id != subnet.id) else {
            return;
        };
        let (before, network) = (place.selected().id, place.network());
        let network = network.map_or("", |network| &*network.name);
        let log = self.corridor.log;
        log!(log, DHCP6_SUBNET_DYNAMICALLY_CHANGED, self.label, before, subnet.id, network);
    }

    pub(super) fn log_assigned(&self, step: Step, association: &Association<'_>) {
        let (log, label, iaid) = (self.corridor.log, self.label, association.iaid.0);
        let is_prefix = association.kind == IaKind::Pd;
        let Some(binding) = &association.bound else {
            match (step, is_prefix) {
                (Step::Offer, false) => log!(log, DHCP6_LEASE_ADVERT_FAIL, label, iaid),
                (Step::Offer, true) => log!(log, DHCP6_PD_LEASE_ADVERT_FAIL, label, iaid),
                (Step::Grant, false) => log!(log, DHCP6_LEASE_ALLOC_FAIL, label, iaid),
                (Step::Grant, true) => log!(log, DHCP6_PD_LEASE_ALLOC_FAIL, label, iaid),
            }
            return;
        };
        self.log_other_subnet(binding.subnet);
        let (address, len) = (binding.prefix.address(), binding.prefix.len());
        let valid = binding.lifetimes.valid;
        let details = fmt::from_fn(|f| {
            let (preferred, subnet) = (binding.lifetimes.preferred, binding.subnet.id);
            let prefix = binding.prefix;
            write!(f, "{prefix}, subnet {subnet}, preferred {preferred}, valid {valid}")
        });
        log!(log, DHCP6_LEASE_DATA, label, iaid, details);
        match (step, is_prefix) {
            (Step::Offer, false) => log!(log, DHCP6_LEASE_ADVERT, label, address, iaid),
            (Step::Offer, true) => log!(log, DHCP6_PD_LEASE_ADVERT, label, address, len, iaid),
            (Step::Grant, false) if binding.is_reused => {
                log!(log, DHCP6_LEASE_REUSE, label, address, iaid, valid);
            }
            (Step::Grant, true) if binding.is_reused => {
                log!(log, DHCP6_PD_LEASE_REUSE, label, address, len, iaid, valid);
            }
            (Step::Grant, false) => log!(log, DHCP6_LEASE_ALLOC, label, address, iaid, valid),
            (Step::Grant, true) => {
                log!(log, DHCP6_PD_LEASE_ALLOC, label, address, len, iaid, valid);
            }
        }
    }

    pub(super) fn log_extended(&self, association: &Association<'_>) {
        let Some(binding) = &association.bound else {
            return self.log_assigned(Step::Grant, association);
        };
        if binding.is_reused {
            return self.log_assigned(Step::Grant, association);
        }
        let (log, label, iaid) = (self.corridor.log, self.label, association.iaid.0);
        let (address, len) = (binding.prefix.address(), binding.prefix.len());
        match association.kind {
            IaKind::Pd => log!(log, DHCP6_PD_LEASE_RENEW, label, address, len, iaid),
            IaKind::Na | IaKind::Ta => log!(log, DHCP6_LEASE_RENEW, label, address, iaid),
        }
    }

    pub(super) fn log_released(
        &self,
        wish: &Wish,
        named: Prefix<Ipv6Addr>,
        remember: bool,
        result: &Result<Ticket, Mismatch>,
    ) {
        let (log, label, iaid) = (self.corridor.log, self.label, wish.iaid.0);
        let (address, len) = (named.address(), named.len());
        match (wish.lease_kind(), result) {
            (_, Err(Mismatch::NoLease | Mismatch::Kept | Mismatch::Dropped)) => {}
            (LeaseKind::Prefix, Ok(_)) => {
                log!(log, DHCP6_RELEASE_PD, label, address, len, iaid);
                if remember {
                    log!(log, DHCP6_RELEASE_PD_EXPIRED, label, address, len, iaid);
                } else {
                    log!(log, DHCP6_RELEASE_PD_DELETED, label, address, len, iaid);
                }
            }
            (_, Ok(_)) => {
                log!(log, DHCP6_RELEASE_NA, label, address, iaid);
                if remember {
                    log!(log, DHCP6_RELEASE_NA_EXPIRED, label, address, iaid);
                } else {
                    log!(log, DHCP6_RELEASE_NA_DELETED, label, address, iaid);
                }
            }
            (LeaseKind::Prefix, Err(Mismatch::OtherClient(duid))) => {
                log!(log, DHCP6_RELEASE_PD_FAIL_WRONG_DUID, label, address, len, duid);
            }
            (_, Err(Mismatch::OtherClient(duid))) => {
                log!(log, DHCP6_RELEASE_NA_FAIL_WRONG_DUID, label, address, duid);
            }
            (LeaseKind::Prefix, Err(Mismatch::OtherAssociation(held))) => {
                log!(log, DHCP6_RELEASE_PD_FAIL_WRONG_IAID, label, address, len, held.0, iaid);
            }
            (_, Err(Mismatch::OtherAssociation(held))) => {
                log!(log, DHCP6_RELEASE_NA_FAIL_WRONG_IAID, label, address, held.0, iaid);
            }
        }
    }

    pub(super) fn log_declined(
        &self,
        wish: &Wish,
        named: Prefix<Ipv6Addr>,
        probation: u32,
        result: &Result<Ticket, Mismatch>,
    ) {
        let (log, label, iaid) = (self.corridor.log, self.label, wish.iaid.0);
        let address = named.address();
        match result {
            Ok(_) => log!(log, DHCP6_DECLINE_LEASE, label, address, probation),
            Err(Mismatch::Kept | Mismatch::Dropped) => {}
            Err(Mismatch::NoLease) => log!(log, DHCP6_DECLINE_FAIL_NO_LEASE, label, address),
            Err(Mismatch::OtherClient(duid)) => {
                log!(log, DHCP6_DECLINE_FAIL_DUID_MISMATCH, label, address, duid);
            }
            Err(Mismatch::OtherAssociation(held)) => {
                log!(log, DHCP6_DECLINE_FAIL_IAID_MISMATCH, label, address, iaid, held.0);
            }
        }
    }
}

impl Leasing<'_, '_> {
    /// What there is to begin with.
    pub(super) fn log_beginning(&self, held: &[Lease<V6>]) {
        let (log, label) = (self.corridor.log, self.label);
        if self.reserved.hosts().next().is_none() {
            match (self.is_extending, held.is_empty()) {
                (true, _) => log!(log, ALLOC_ENGINE_V6_RENEW_REMOVE_RESERVED, label),
                (false, false) => log!(log, ALLOC_ENGINE_V6_ALLOC_LEASES_NO_HR, label),
                (false, true) => {}
            }
            return;
        }
        match (self.is_extending, held.is_empty()) {
            (true, _) => log!(log, ALLOC_ENGINE_V6_RENEW_HR, label),
            (false, false) => log!(log, ALLOC_ENGINE_V6_ALLOC_LEASES_HR, label),
            (false, true) => log!(log, ALLOC_ENGINE_V6_ALLOC_NO_LEASES_HR, label),
        }
    }

    /// Nothing is reserved, and nothing held that could stay.
    pub(super) fn log_unreserved(&self) {
        let (log, label) = (self.corridor.log, self.label);
        match self.is_extending {
            true => log!(log, ALLOC_ENGINE_V6_EXTEND_ALLOC_UNRESERVED, label),
            false => log!(log, ALLOC_ENGINE_V6_ALLOC_UNRESERVED, label),
        }
    }

    /// What is reserved is the client's already.
    pub(super) fn log_reserved_held(&self, lease: &Lease<V6>) {
        let (log, label) = (self.corridor.log, self.label);
        let kind = association_text(lease.owner.kind);
        log!(log, ALLOC_ENGINE_V6_ALLOC_HR_LEASE_EXISTS, label, kind, lease.address);
    }

    /// What is reserved becomes the client's.
    pub(super) fn log_reserved(&self, kind: LeaseKind, prefix: Prefix<Ipv6Addr>) {
        let (log, label, address) = (self.corridor.log, self.label, prefix.first());
        match kind {
            LeaseKind::Prefix => {
                log!(log, ALLOC_ENGINE_V6_HR_PREFIX_GRANTED, address, prefix.len(), label);
            }
            _ => log!(log, ALLOC_ENGINE_V6_HR_ADDR_GRANTED, address, label),
        }
    }

    /// `lease` takes the place of `before`, which is `mine` if it is this association's.
    pub(super) fn log_storing(
        &self,
        wish: &Wish,
        lease: &Lease<V6>,
        before: Option<&Lease<V6>>,
        mine: Option<&Lease<V6>>,
    ) {
        let (log, label, address) = (self.corridor.log, self.label, lease.address);
        if let Some(mine) = mine.filter(|_| self.is_extending) {
            let kind = association_text(wish.lease_kind());
            log!(log, ALLOC_ENGINE_V6_EXTEND_LEASE, label, kind, address);
            log!(log, ALLOC_ENGINE_V6_EXTEND_LEASE_DATA, label, lease_text(mine));
            log!(log, ALLOC_ENGINE_V6_EXTEND_NEW_LEASE_DATA, label, lease_text(lease));
        }
        match before {
            None => log!(log, DHCPSRV_MEMFILE_ADD_ADDR6, address),
            Some(before) => {
                if mine.is_none() {
                    let before = lease_text(before);
                    log!(log, ALLOC_ENGINE_V6_REUSE_EXPIRED_LEASE_DATA, label, before);
                }
                log!(log, DHCPSRV_MEMFILE_UPDATE_ADDR6, address);
            }
        }
    }

    pub(super) fn log_revoked(&self, lease: &Lease<V6>) {
        let (log, address, owner) = (self.corridor.log, lease.address, &lease.owner);
        if owner.kind == LeaseKind::Prefix {
            let len = owner.prefix_len;
            log!(log, ALLOC_ENGINE_V6_REVOKED_PREFIX_LEASE, address, len, owner.duid, "another");
        } else {
            log!(log, ALLOC_ENGINE_V6_REVOKED_ADDR_LEASE, address, owner.duid, "another");
        }
    }
}
