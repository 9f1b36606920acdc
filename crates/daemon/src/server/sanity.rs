//! `lease-checks` and `extended-info-checks`: leases of the file that the configuration contradicts, or
//! that do not keep what relays said as they should (the manual's section "Sanity Checks").

use kea_config::Snapshot;
use kea_config::snapshot::LeaseChecks;
use kea_dhcp::Serving;
use kea_dhcp::pipeline::{Mended, check_extended_info};
use kea_lease::{Candidate, LeaseKind};
use kea_log::{Handle, log};

/// Whether a lease is taken in; it is corrected where that is wanted and possible. What is done is
/// logged. The file keeps its row.
pub(super) fn admit<F: Serving>(
    config: &Snapshot<F>,
    logger: &Handle,
    lease: &mut Candidate<'_, F>,
) -> bool {
    if !lease.user_context().is_empty() {
        mend_context(config, logger, lease);
    }
    is_admitted(config, logger, lease)
}

fn mend_context<F: Serving>(config: &Snapshot<F>, logger: &Handle, lease: &mut Candidate<'_, F>) {
    let checks = config.sanity_checks.extended_info_checks;
    let context = String::from_utf8_lossy(lease.user_context());
    let Some(mended) = check_extended_info(F::VERSION, &context, checks) else { return };
    let address = lease.address();
    match &mended {
        Mended::Upgraded(_) if F::VERSION == 4 => {
            log!(logger, DHCPSRV_LEASE4_EXTENDED_INFO_UPGRADED, address);
        }
        Mended::Upgraded(_) => log!(logger, DHCPSRV_LEASE6_EXTENDED_INFO_UPGRADED, address),
        Mended::Removed { why, .. } if F::VERSION == 4 => {
            log!(logger, DHCPSRV_LEASE4_EXTENDED_INFO_SANITY_FAIL, address, why);
        }
        Mended::Removed { why, .. } => {
            log!(logger, DHCPSRV_LEASE6_EXTENDED_INFO_SANITY_FAIL, address, why);
        }
    }
    lease.set_user_context(mended.context());
}

/// Prefixes may lie outside their subnet, and are never looked at.
fn is_admitted<F: Serving>(
    config: &Snapshot<F>,
    logger: &Handle,
    lease: &mut Candidate<'_, F>,
) -> bool {
    let checks = config.sanity_checks.lease_checks;
    if checks == LeaseChecks::None || lease.kind() == LeaseKind::Prefix {
        return true;
    }
    let (address, subnet) = (lease.address(), lease.subnet());
    let named = config.subnet(subnet);
    let reason = match named {
        Some(named) if named.prefix.contains(address) => return true,
        Some(_) => "the subnet does not contain the address",
        None => "there is no such subnet",
    };
    let fitting = || config.subnets_containing(address).next().map(|fitting| fitting.id);
    match (checks, fitting()) {
        (LeaseChecks::Fix | LeaseChecks::FixDel, Some(fitting)) => {
            log!(logger, DHCPSRV_LEASE_SANITY_FIXED, address, subnet, fitting);
            lease.set_subnet(fitting);
            true
        }
        (LeaseChecks::FixDel, None) | (LeaseChecks::Del, _) => {
            log!(logger, DHCPSRV_LEASE_SANITY_FAIL_DISCARD, address, subnet, reason);
            false
        }
        _ => {
            log!(logger, DHCPSRV_LEASE_SANITY_FAIL, address, subnet, reason);
            true
        }
    }
}
