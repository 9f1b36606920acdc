//! Messages of the allocation engine that both families have.

use super::twins;

twins! {
    [Error] AllocEngine AllocEngine {
        ALLOC_ERROR = ALLOC_ENGINE_V4_ALLOC_ERROR, ALLOC_ENGINE_V6_ALLOC_ERROR:
            "%1: allocation broke off: %2";
        LEASE_RECLAMATION_FAILED = ALLOC_ENGINE_V4_LEASE_RECLAMATION_FAILED, ALLOC_ENGINE_V6_LEASE_RECLAMATION_FAILED:
            "lease %1 could not be reclaimed: %2";
        RECLAIMED_LEASES_DELETE_FAILED = ALLOC_ENGINE_V4_RECLAIMED_LEASES_DELETE_FAILED, ALLOC_ENGINE_V6_RECLAIMED_LEASES_DELETE_FAILED:
            "reclaimed leases could not be deleted: %1";
    }
    [Warn] AllocEngine AllocEngine {
        ALLOC_FAIL = ALLOC_ENGINE_V4_ALLOC_FAIL, ALLOC_ENGINE_V6_ALLOC_FAIL:
            "%1: no lease found in %2 attempts",
            "One of the other ALLOC_FAIL messages goes before this one and tells more.";
        ALLOC_FAIL_CLASSES = ALLOC_ENGINE_V4_ALLOC_FAIL_CLASSES, ALLOC_ENGINE_V6_ALLOC_FAIL_CLASSES:
            "%1: no lease for a client in classes %2",
            "Check whether pools or subnets are guarded by other classes, and whether they are full.";
        ALLOC_FAIL_NO_POOLS = ALLOC_ENGINE_V4_ALLOC_FAIL_NO_POOLS, ALLOC_ENGINE_V6_ALLOC_FAIL_NO_POOLS:
            "%1: no pool can be used for this client",
            "There are no pools, or all are guarded by classes the client is not in.";
        ALLOC_FAIL_SHARED_NETWORK = ALLOC_ENGINE_V4_ALLOC_FAIL_SHARED_NETWORK, ALLOC_ENGINE_V6_ALLOC_FAIL_SHARED_NETWORK:
            "%1: no lease in shared network %2: %3 subnets are full, %4 have no pool for this client";
        ALLOC_FAIL_SUBNET = ALLOC_ENGINE_V4_ALLOC_FAIL_SUBNET, ALLOC_ENGINE_V6_ALLOC_FAIL_SUBNET:
            "%1: no lease in subnet %2, id %3, shared network %4";
        LEASES_RECLAMATION_SLOW = ALLOC_ENGINE_V4_LEASES_RECLAMATION_SLOW, ALLOC_ENGINE_V6_LEASES_RECLAMATION_SLOW:
            "more than %1 runs of reclamation in a row left expired leases over",
            "Raise max-reclaim-leases or max-reclaim-time, or shorten the interval.";
    }
    [Info] AllocEngine AllocEngine {
        DECLINED_RECOVERED = ALLOC_ENGINE_V4_DECLINED_RECOVERED, ALLOC_ENGINE_V6_DECLINED_RECOVERED:
            "address %1 may be used again after %2 seconds of probation";
    }
    [Debug 40] AllocEngine AllocEngine {
        LEASES_RECLAMATION_COMPLETE = ALLOC_ENGINE_V4_LEASES_RECLAMATION_COMPLETE, ALLOC_ENGINE_V6_LEASES_RECLAMATION_COMPLETE:
            "%1 leases reclaimed in %2";
        LEASES_RECLAMATION_START = ALLOC_ENGINE_V4_LEASES_RECLAMATION_START, ALLOC_ENGINE_V6_LEASES_RECLAMATION_START:
            "reclaiming expired leases, at most %1 leases or %2 milliseconds";
        LEASES_RECLAMATION_TIMEOUT = ALLOC_ENGINE_V4_LEASES_RECLAMATION_TIMEOUT, ALLOC_ENGINE_V6_LEASES_RECLAMATION_TIMEOUT:
            "reclamation stopped after %1 milliseconds";
        NO_MORE_EXPIRED_LEASES = ALLOC_ENGINE_V4_NO_MORE_EXPIRED_LEASES, ALLOC_ENGINE_V6_NO_MORE_EXPIRED_LEASES:
            "no expired leases are left";
        RECLAIMED_LEASES_DELETE = ALLOC_ENGINE_V4_RECLAIMED_LEASES_DELETE, ALLOC_ENGINE_V6_RECLAIMED_LEASES_DELETE:
            "deleting reclaimed leases that expired more than %1 seconds ago";
        RECLAIMED_LEASES_DELETE_COMPLETE = ALLOC_ENGINE_V4_RECLAIMED_LEASES_DELETE_COMPLETE, ALLOC_ENGINE_V6_RECLAIMED_LEASES_DELETE_COMPLETE:
            "%1 reclaimed leases deleted";
    }
    [Debug 55] AllocEngine AllocEngine {
        REUSE_EXPIRED_LEASE_DATA = ALLOC_ENGINE_V4_REUSE_EXPIRED_LEASE_DATA, ALLOC_ENGINE_V6_REUSE_EXPIRED_LEASE_DATA:
            "%1: expired lease taken over: %2";
    }
}
