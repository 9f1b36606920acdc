//! What is logged about associations.

use std::net::Ipv6Addr;

use kea_lease::{LeaseKind, Ticket};
use kea_log::log;
use kea_wire::Prefix;
use kea_wire::v6::IaKind;

use super::association::{Association, Wish};
use super::exchange::Exchange;
use super::holdings::Mismatch;
use super::lease::Step;

impl Exchange<'_, '_, '_> {
    pub(super) fn log_processing(&self, wish: &Wish, extending: bool) {
        let (log, label, iaid) = (self.corridor.log, self.label, wish.iaid.0);
        let hint = std::fmt::from_fn(|f| match wish.named().next() {
            Some(hint) => write!(f, "{hint}"),
            None => f.write_str("(none)"),
        });
        match (wish.kind, extending) {
            (IaKind::Pd, true) => log!(log, DHCP6_PROCESS_IA_PD_EXTEND, label, iaid),
            (_, true) => log!(log, DHCP6_PROCESS_IA_NA_EXTEND, label, iaid),
            (IaKind::Pd, false) => log!(log, DHCP6_PROCESS_IA_PD_REQUEST, label, iaid, hint),
            (_, false) => log!(log, DHCP6_PROCESS_IA_NA_REQUEST, label, iaid, hint),
        }
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
        let (address, len) = (binding.prefix.address(), binding.prefix.len());
        let valid = binding.lifetimes.valid;
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
