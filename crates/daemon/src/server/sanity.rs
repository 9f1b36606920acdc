//! `lease-checks`: leases of the file that the configuration contradicts
//! (the manual's section "Sanity Checks").

use kea_config::Snapshot;
use kea_config::snapshot::LeaseChecks;
use kea_dhcp::Serving;
use kea_lease::{LeaseKind, SubnetId};
use kea_log::{Handle, log};

/// Whether a lease is taken in; `subnet` is corrected where that is wanted and possible. What is done
/// is logged. Prefixes may lie outside their subnet, and are never looked at. The file keeps its row.
pub(super) fn admit<F: Serving>(
    config: &Snapshot<F>,
    logger: &Handle,
    (kind, address): (LeaseKind, F::Addr),
    subnet: &mut SubnetId,
) -> bool {
    let checks = config.sanity_checks.lease_checks;
    if checks == LeaseChecks::None || kind == LeaseKind::Prefix {
        return true;
    }
    let named = config.subnet(*subnet);
    let reason = match named {
        Some(named) if named.prefix.contains(address) => return true,
        Some(_) => "the subnet does not contain the address",
        None => "there is no such subnet",
    };
    let fitting = || config.subnets_containing(address).next().map(|fitting| fitting.id);
    match (checks, fitting()) {
        (LeaseChecks::Fix | LeaseChecks::FixDel, Some(fitting)) => {
            log!(logger, DHCPSRV_LEASE_SANITY_FIXED, address, *subnet, fitting);
            *subnet = fitting;
            true
        }
        (LeaseChecks::FixDel, None) | (LeaseChecks::Del, _) => {
            log!(logger, DHCPSRV_LEASE_SANITY_FAIL_DISCARD, address, *subnet, reason);
            false
        }
        _ => {
            log!(logger, DHCPSRV_LEASE_SANITY_FAIL, address, *subnet, reason);
            true
        }
    }
}
