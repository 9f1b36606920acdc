//! Messages of `kea-dhcp6` alone.

use super::catalogue;

catalogue! {
    [Info] Dhcp6 {
        DHCP6_USING_SERVERID: "the server's identifier is DUID %1";
    }
    [Debug 40] Packets {
        DHCP6_DHCP4O6_RECEIVING: "reading a message from the DHCPv4 server";
        DHCP6_DHCP4O6_PACKET_RECEIVED: "DHCPv4-over-DHCPv6 message (type %1) for %2 port %3 on %4";
    }
    [Error] Packets {
        DHCP6_DHCP4O6_RECEIVE_FAIL: "DHCPv4-over-DHCPv6 message not received: %1";
        DHCP6_DHCP4O6_SEND_FAIL: "DHCPv4-over-DHCPv6 message not sent: %1";
        DHCP6_PACKET_RECEIVE_FAIL: "nothing could be received: %1";
        DHCP6_PACKET_SEND_FAIL: "response not sent: %1";
        DHCP6_PACK_FAIL: "response cannot be put on the wire";
    }
    [Debug 15] BadPackets {
        DHCP6_PACKET_DROP_SERVERID_MISMATCH: "%1: meant for server %2, this one is %3";
        DHCP6_PACKET_DROP_UNICAST: "%1: unicast %2 dropped, it must come by multicast";
    }
    [Debug 40] BadPackets {
        DHCP6_PACKET_PROCESS_FAIL: "%1 message from %2 cannot be processed: %3";
        DHCP6_REQUIRED_OPTIONS_CHECK_FAIL:
            "%1 message from %2 is not acceptable: %3",
            "A mandatory option is missing, or a forbidden one present (RFC 8415 section 16).";
        DHCP6_UNKNOWN_MSG_RECEIVED: "message of unknown type %1 on %2";
    }
    [Info] Dhcp6 {
        DHCP6_DB_BACKEND_STARTED: "lease store in use, type %1, name %2";
        DHCP6_SOCKET_UNICAST: "opening a socket on address %1 of %2";
    }
    [Error] Dhcp6 {
        DHCP6_NO_INTERFACES: "no network interface was found";
    }
    [Debug 40] Dhcp6 {
        DHCP6_STANDALONE: "running without message queue";
    }
    [Debug 50] Ddns {
        DHCP6_DDNS_CREATE_ADD_NAME_CHANGE_REQUEST: "name change request built: %1";
        DHCP6_DDNS_GENERATE_FQDN: "%1: no name from the client, one will be generated";
        DHCP6_DDNS_RECEIVE_FQDN: "%1: Client FQDN option: %2";
        DHCP6_DDNS_REMOVE_OLD_LEASE_FQDN:
            "%1: name of lease %2 changed, now %3, reverse %4, forward %5";
        DHCP6_DDNS_SEND_FQDN: "Client FQDN option for the client: %1";
        DHCP6_DDNS_RESPONSE_FQDN_DATA: "%1: Client FQDN option in the response: %2";
    }
    [Debug 55] Ddns {
        DHCP6_DDNS_FQDN_GENERATED: "%1: name generated for the client: %2";
    }
    [Error] Ddns {
        DHCP6_DDNS_GENERATED_FQDN_UPDATE_FAIL:
            "%1: generated name could not be stored in lease %2: %3";
    }
    [Info] Leases {
        DHCP6_DECLINE_FAIL_DUID_MISMATCH: "%1 declined %2, which belongs to DUID %3";
        DHCP6_DECLINE_FAIL_IAID_MISMATCH: "%1 declined %2 with IAID %3 instead of %4";
        DHCP6_DECLINE_FAIL_LEASE_WITHOUT_DUID: "%1 declined %2, whose lease has no DUID";
        DHCP6_DECLINE_FAIL_NO_LEASE: "%1 declined %2, which is not leased";
        DHCP6_DECLINE_LEASE:
            "%1 declined %2, unavailable for %3 seconds",
            "The client found the address in use. Look for a host with a static address.";
        DHCP6_LEASE_ADVERT: "%1: lease %2, iaid=%3 is offered";
        DHCP6_LEASE_ALLOC: "%1: lease %2, iaid=%3 granted for %4 seconds";
        DHCP6_LEASE_RENEW: "%1: lease %2, iaid=%3 renewed";
        DHCP6_LEASE_REUSE:
            "%1: lease %2, iaid=%3 granted again unchanged, %4 seconds left",
            "Lease caching spared a write to the lease store.";
        DHCP6_PD_LEASE_ADVERT: "%1: prefix %2/%3, iaid=%4 is offered";
        DHCP6_PD_LEASE_ALLOC: "%1: prefix %2/%3, iaid=%4 granted for %5 seconds";
        DHCP6_PD_LEASE_RENEW: "%1: prefix %2/%3, iaid=%4 renewed";
        DHCP6_PD_LEASE_REUSE: "%1: prefix %2/%3, iaid=%4 granted again unchanged, %5 seconds left";
        DHCP6_RELEASE_NA: "%1: address %2, iaid=%3 released";
        DHCP6_RELEASE_NA_DELETED: "%1: address %2, iaid=%3 released, lease deleted";
        DHCP6_RELEASE_NA_EXPIRED: "%1: address %2, iaid=%3 released, lease kept as expired";
        DHCP6_RELEASE_NA_FAIL_WRONG_DUID: "%1: release of address %2, which DUID %3 holds";
        DHCP6_RELEASE_PD: "%1: prefix %2/%3, iaid=%4 released";
        DHCP6_RELEASE_PD_DELETED: "%1: prefix %2/%3, iaid=%4 released, lease deleted";
        DHCP6_RELEASE_PD_EXPIRED: "%1: prefix %2/%3, iaid=%4 released, lease kept as expired";
        DHCP6_RELEASE_PD_FAIL_WRONG_DUID: "%1: release of prefix %2/%3, which DUID %4 holds";
    }
    [Error] Leases {
        DHCP6_LEASE_NA_WITHOUT_DUID:
            "%1: the lease of address %2 has no DUID",
            "The lease store is damaged.";
        DHCP6_LEASE_PD_WITHOUT_DUID:
            "%1: the lease of prefix %2/%3 has no DUID",
            "The lease store is damaged.";
        DHCP6_RELEASE_NA_FAIL: "%1: lease of address %2, iaid=%3 could not be removed";
        DHCP6_RELEASE_PD_FAIL: "%1: lease of prefix %2/%3, iaid=%4 could not be removed";
    }
    [Debug 55] Leases {
        DHCP6_LEASE_DATA: "%1: lease of iaid=%2: %3";
    }
    [Debug 15] Hooks {
        DHCP6_HOOK_DECLINE_DROP: "decline by %1 on %2 of %3 dropped on behalf of a hook";
    }
    [Debug 50] Hooks {
        DHCP6_HOOK_DECLINE_SKIP: "decline by %1 on %2 of %3 skipped on behalf of a hook";
        DHCP6_HOOK_LEASE6_RELEASE_NA_SKIP: "%1: address not released, on behalf of a hook";
        DHCP6_HOOK_LEASE6_RELEASE_PD_SKIP: "%1: prefix not released, on behalf of a hook";
    }
    [Debug 50] Options {
        DHCP6_ADD_GLOBAL_STATUS_CODE: "%1: status code in the response: %2";
        DHCP6_ADD_STATUS_CODE_FOR_IA: "%1: status code in IA %2: %3";
        DHCP6_RAPID_COMMIT: "%1: Rapid Commit asked for, answering SOLICIT with a REPLY";
    }
    [Warn] LeaseQueryHooks {
        DHCP6_LEASE_QUERY_ERROR_GETTING_RELAY_INFO:
            "what relays said of the lease of %1 cannot be read: %2",
            "The answer to a leasequery tells nothing of relays. See 'extended-info-checks'.";
    }
    [Warn] Leases {
        DHCP6_RELEASE_NA_FAIL_WRONG_IAID:
            "%1: release of address %2 with the wrong IAID, %3 expected, %4 received";
        DHCP6_RELEASE_PD_FAIL_WRONG_IAID:
            "%1: release of prefix %2/%3 with the wrong IAID, %4 expected, %5 received";
    }
    [Debug 50] Leases {
        DHCP6_DECLINE_PROCESS_IA: "declining IA %1 of %2";
        DHCP6_LEASE_ADVERT_FAIL: "%1: no address to offer, iaid=%2";
        DHCP6_LEASE_ALLOC_FAIL: "%1: no address to grant, iaid=%2";
        DHCP6_PD_LEASE_ADVERT_FAIL: "%1: no prefix to offer, iaid=%2";
        DHCP6_PD_LEASE_ALLOC_FAIL: "%1: no prefix to grant, iaid=%2";
        DHCP6_PROCESS_IA_NA_EXTEND: "%1: extending addresses of iaid=%2";
        DHCP6_PROCESS_IA_NA_RELEASE: "%1: releasing addresses of iaid=%2";
        DHCP6_PROCESS_IA_NA_REQUEST: "%1: serving IA_NA with iaid=%2, hint %3";
        DHCP6_PROCESS_IA_PD_EXTEND: "%1: extending prefixes of iaid=%2";
        DHCP6_PROCESS_IA_PD_REQUEST: "%1: serving IA_PD with iaid=%2, hint %3";
    }
}
