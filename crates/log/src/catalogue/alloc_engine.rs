//! Messages of the allocation engine that one family has.

use super::catalogue;

catalogue! {
    [Debug 40] AllocEngine {
        ALLOC_ENGINE_LEASE_RECLAIMED: "lease %1 reclaimed";
        ALLOC_ENGINE_V4_LEASE_RECLAIM: "%1: reclaiming expired lease %2";
        ALLOC_ENGINE_V6_LEASE_RECLAIM: "%1: reclaiming expired lease %2/%3";
        ALLOC_ENGINE_V4_DISCOVER_HR: "%1 discovers and has address %2 reserved";
        ALLOC_ENGINE_V4_OFFER_EXISTING_LEASE: "the lease held is offered to %1";
        ALLOC_ENGINE_V4_OFFER_NEW_LEASE: "looking for a new lease for %1";
        ALLOC_ENGINE_V4_OFFER_REQUESTED_LEASE: "the lease asked for, %1, is tried for %2";
        ALLOC_ENGINE_V4_REQUEST_ADDRESS_RESERVED: "%1: address %2 asked for is reserved";
        ALLOC_ENGINE_V4_REQUEST_ALLOC_REQUESTED: "%1: trying address %2 asked for";
        ALLOC_ENGINE_V4_REQUEST_EXTEND_LEASE: "%1: extending lease %2";
        ALLOC_ENGINE_V4_REQUEST_INVALID: "%1 has %2 reserved but asks for %3";
        ALLOC_ENGINE_V4_REQUEST_IN_USE: "%1: address %2 asked for is in use";
        ALLOC_ENGINE_V4_REQUEST_OUT_OF_POOL: "%1 asks for %2, which is in no pool and not reserved";
        ALLOC_ENGINE_V4_REQUEST_PICK_ADDRESS: "%1 names no address, one is picked";
        ALLOC_ENGINE_V4_REQUEST_REMOVE_LEASE: "%1: removing the lease %2 held before";
        ALLOC_ENGINE_V4_REQUEST_USE_HR: "%1 names no address, reserved %2 is used";
        ALLOC_ENGINE_V6_ALLOC_LEASES_NO_HR: "%1 has leases but no reservations";
        ALLOC_ENGINE_V6_ALLOC_NO_LEASES_HR: "%1 has reservations but no leases";
        ALLOC_ENGINE_V6_ALLOC_UNRESERVED: "looking for new leases from pools for %1";
        ALLOC_ENGINE_V6_EXTEND_ALLOC_UNRESERVED: "new leases from pools for renewing %1";
        ALLOC_ENGINE_V6_HINT_RESERVED: "%1: the hint %2 is reserved for another client";
        ALLOC_ENGINE_V6_RENEW_HR: "allocating what is reserved for renewing %1";
        ALLOC_ENGINE_V6_RENEW_REMOVE_RESERVED:
            "%1: looking whether leases held are reserved for others";
        ALLOC_ENGINE_V6_ALLOC_HR_LEASE_EXISTS: "%1: lease of type %2 for reserved %3 exists";
        ALLOC_ENGINE_V6_ALLOC_LEASES_HR: "%1 has leases and reservations";
        ALLOC_ENGINE_V6_ALLOC_NO_V6_HR: "%1: no IPv6 reservations to allocate";
        ALLOC_ENGINE_V6_EXPIRED_HINT_RESERVED:
            "%1: expired lease %2 of the hint is reserved for another client";
        ALLOC_ENGINE_V6_RENEW_REMOVE_UNRESERVED: "allocating from pools for renewing %1";
    }
    [Error] AllocEngine {
        ALLOC_ENGINE_REMOVAL_NCR_FAILED:
            "removal of the DNS entries of lease %1 could not be requested: %2";
        ALLOC_ENGINE_V6_EXTEND_ERROR: "%1: leases could not be extended: %2";
    }
    [Warn] AllocEngine {
        ALLOC_ENGINE_V4_DISCOVER_ADDRESS_CONFLICT:
            "%1: reserved address %2 is held by another lease: %3",
            "The client gets another address until the lease ends.";
    }
    [Debug 50] AllocEngine {
        ALLOC_ENGINE_V6_EXTEND_LEASE: "%1: extending lease of type %2, %3";
    }
    [Debug 55] AllocEngine {
        ALLOC_ENGINE_V6_EXTEND_LEASE_DATA: "%1: lease before it is extended: %2";
        ALLOC_ENGINE_V6_EXTEND_NEW_LEASE_DATA: "%1: lease after it is extended: %2";
    }
    [Info] AllocEngine {
        ALLOC_ENGINE_V6_HR_ADDR_GRANTED: "reserved address %1 given to %2";
        ALLOC_ENGINE_V6_HR_PREFIX_GRANTED: "reserved prefix %1/%2 given to %3";
        ALLOC_ENGINE_V6_REVOKED_ADDR_LEASE: "address %1 taken from %2, it is reserved for %3";
        ALLOC_ENGINE_V6_REVOKED_PREFIX_LEASE: "prefix %1/%2 taken from %3, it is reserved for %4";
        ALLOC_ENGINE_V6_REVOKED_SHARED_ADDR_LEASE:
            "address %1 taken from %2, it is reserved for %3 others";
    }
}
