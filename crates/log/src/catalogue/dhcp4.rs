//! Messages of `kea-dhcp4` alone.

use super::catalogue;

catalogue! {
    [Error] Packets {
        DHCP4_BUFFER_RECEIVE_FAIL: "nothing could be received: %1";
        DHCP4_PACKET_PACK_FAIL: "%1: response cannot be put on the wire: %2";
        DHCP4_PACKET_SEND_FAIL: "%1: response not sent: %2";
        DHCP4_DHCP4O6_PACKET_SEND_FAIL: "%1: DHCPv4-over-DHCPv6 response not sent: %2";
    }
    [Error] Dhcp4 {
        DHCP4_DHCP4O6_RECEIVE_FAIL: "DHCPv4-over-DHCPv6 message not received: %1";
        DHCP4_SRV_DHCP4O6_ERROR:
            "the DHCPv4-over-DHCPv6 channel could not be closed at shutdown: %1";
    }
    [Debug 55] Ddns {
        DHCP4_CLIENT_FQDN_DATA: "%1: Client FQDN option: %2";
        DHCP4_CLIENT_HOSTNAME_DATA: "%1: Host Name option: %2";
        DHCP4_RESPONSE_FQDN_DATA: "%1: Client FQDN option in the response: %2";
        DHCP4_RESPONSE_HOSTNAME_DATA: "%1: Host Name option in the response: %2";
        DHCP4_GENERATE_FQDN: "%1: no name from the client, one will be generated";
        DHCP4_RESERVED_HOSTNAME_ASSIGNED: "%1: reserved name %2 is given";
    }
    [Debug 50] Ddns {
        DHCP4_CLIENT_FQDN_PROCESS: "%1: reading the Client FQDN option";
        DHCP4_CLIENT_HOSTNAME_MALFORMED: "%1: malformed Host Name option: %2";
        DHCP4_CLIENT_HOSTNAME_PROCESS: "%1: reading the Host Name option";
        DHCP4_CLIENT_NAME_PROC_FAIL: "%1: the client's name cannot be used: %2";
        DHCP4_RESPONSE_HOSTNAME_GENERATE: "%1: name %2 was generated for the client";
        DHCP4_EMPTY_HOSTNAME: "%1: empty Host Name option ignored";
    }
    [Error] Ddns {
        DHCP4_NCR_CREATION_FAILED: "%1: name change requests could not be built: %2";
        DHCP4_POST_ALLOCATION_NAME_UPDATE_FAIL: "%1: name %2 could not be stored in the lease: %3";
    }
    [Info] Dhcp4 {
        DHCP4_CONFIG_FETCH: "fetching configuration from the configuration backends";
        DHCP4_CONFIG_NEW_SUBNET: "subnet added: %1";
        DHCP4_OPEN_CONFIG_DB: "opening configuration database %1";
    }
    [Warn] Dhcp4 {
        DHCP4_CONFIG_OPTION_DUPLICATE: "option %1 was set more than once in subnet %2";
        DHCP4_TESTING_MODE_SEND_TO_SOURCE_ENABLED:
            "test mode: answers go to where queries came from",
            "Set by KEA_TEST_SEND_RESPONSES_TO_SOURCE, never use it in production.";
        DHCP4_DECLINE_LEASE_MISMATCH:
            "address %1 declined by %2, who does not hold it: hardware address %3, in the lease %4, client id %5, in the lease %6";
        DHCP4_DECLINE_LEASE_NOT_FOUND: "address %1 declined by %2, but it has no lease";
    }
    [Info] Leases {
        DHCP4_DECLINE_LEASE:
            "address %1 declined by %2, unavailable for %3 seconds",
            "The client found the address in use. Look for a host with a static address.";
        DHCP4_LEASE_ADVERT: "%1: lease %2 is offered";
        DHCP4_SERVER_INITIATED_DECLINE:
            "address %1 was not offered to %2: it is in use, and unavailable for %3 seconds",
            "The server found it in use before. Look for a host with a static address.";
        DHCP4_LEASE_ALLOC: "%1: lease %2 granted for %3 seconds";
        DHCP4_LEASE_REUSE:
            "%1: lease %2 granted again unchanged, %3 seconds left",
            "Lease caching spared a write to the lease store.";
        DHCP4_RELEASE: "%1: address %2 released";
        DHCP4_RELEASE_DELETED: "%1: address %2 released, lease deleted";
        DHCP4_RELEASE_EXPIRED: "%1: address %2 released, lease kept as expired";
        DHCP4_INIT_REBOOT: "%1: client in INIT-REBOOT asks for %2";
    }
    [Error] Leases {
        DHCP4_RELEASE_EXCEPTION: "%1: release of %2 failed: %3";
        DHCP4_RELEASE_FAIL: "%1: lease %2 could not be removed";
    }
    [Debug 50] Leases {
        DHCP4_RELEASE_FAIL_NO_LEASE: "%1: release of %2, which is not leased";
        DHCP4_RELEASE_FAIL_WRONG_CLIENT: "%1: release of %2, which another client holds";
    }
    [Debug 50] Options {
        DHCP4_DEFERRED_OPTION_MISSING:
            "option %1, whose reading was postponed, is gone from the query";
        DHCP4_PACKET_OPTION_UNPACK_FAIL: "option %1 is malformed: %2";
    }
    [Debug 15] BadPackets {
        DHCP4_DHCP4O6_BAD_PACKET: "malformed DHCPv4-over-DHCPv6 message: %1";
        DHCP4_PACKET_DROP_0002:
            "%1: no subnet for this directly connected client on %2, or no address to answer to";
        DHCP4_PACKET_DROP_0003: "%1: received on %2, meant for another server";
        DHCP4_PACKET_DROP_0004: "%1: received on %2, without message type";
        DHCP4_PACKET_DROP_0005: "%1: message type %2 does not exist";
        DHCP4_PACKET_DROP_0006: "%1: message type %2 is not served";
        DHCP4_PACKET_DROP_0007: "%1: packet cannot be processed: %2";
        DHCP4_PACKET_DROP_0009:
            "%1: no option 53; a BOOTP client?",
            "The bootp hook library serves such clients.";
        DHCP4_PACKET_DROP_0012:
            "a packet of the same hardware address is being served: %1 dropped by thread %2, same address as %3 in thread %4";
    }
    [Error] BadPackets {
        DHCP4_PACKET_NAK_0001: "%1: no subnet for the packet from %2, type %3";
    }
    [Debug 50] BadPackets {
        DHCP4_PACKET_NAK_0002: "%1: address %2 asked for in INIT-REBOOT is not valid here";
        DHCP4_PACKET_NAK_0003: "%1: nothing to offer, ciaddr %2, requested address %3";
        DHCP4_PACKET_NAK_0004: "%1: nothing to grant, ciaddr %2, requested address %3";
        DHCP4_NO_LEASE_INIT_REBOOT:
            "%1: client in INIT-REBOOT asks for %2, of which nothing is known here",
            "The server stays silent, another one may be responsible.";
        DHCP4_UNKNOWN_ADDRESS_REQUESTED:
            "%1: address unknown here asked for, ciaddr %2, requested address %3";
        DHCP4_DEFERRED_OPTION_UNPACK_FAIL:
            "option %1, whose reading was postponed, is malformed: %2";
    }
    [Debug 15] Hooks {
        DHCP4_DHCP4O6_HOOK_SUBNET4_SELECT_DROP:
            "%1: packet dropped on behalf of a hook when the subnet was chosen";
        DHCP4_HOOK_DECLINE_SKIP: "decline ignored on behalf of a hook";
        DHCP4_HOOK_LEASE4_OFFER_DROP: "%1: address not offered, on behalf of a hook";
    }
    [Debug 15] Packets {
        DHCP4_HOOK_LEASE4_OFFER_PARKING_LOT_FULL:
            "parked-packet-limit of %1 reached, query dropped: %2";
    }
    [Debug 50] Hooks {
        DHCP4_DHCP4O6_HOOK_SUBNET4_SELECT_SKIP: "%1: a hook asked to go on without subnet";
        DHCP4_HOOK_LEASE4_OFFER_PARK: "%1: offer waits for a hook";
        DHCP4_HOOK_LEASE4_RELEASE_SKIP: "%1: lease not released, on behalf of a hook";
    }
    [Debug 40] Packets {
        DHCP4_DHCP4O6_PACKET_RECEIVED: "DHCPv4-over-DHCPv6 message (type %1) for %2 on %3";
        DHCP4_DHCP4O6_PACKET_SEND:
            "%1: sending %2 (type %3) to %4 port %5 on %6, carrying %7: %8 (type %9)";
        DHCP4_DHCP4O6_RECEIVING: "reading a message from the DHCPv6 server";
    }
    [Debug 55] Packets {
        DHCP4_DHCP4O6_RESPONSE_DATA: "%1: response %2 (type %3): %4";
        DHCP4_DHCP4O6_SUBNET_DATA: "%1: the chosen subnet: %2";
    }
    [Debug 45] Packets {
        DHCP4_DHCP4O6_SUBNET_SELECTED: "%1: subnet id %2 was chosen";
    }
    [Debug 50] Packets {
        DHCP4_DHCP4O6_SUBNET_SELECTION_FAILED: "%1: no configured subnet fits the packet";
        DHCP4_INFORM_DIRECT_REPLY: "%1: answer to DHCPINFORM goes straight to %2 on %3";
    }
    [Debug 50] Dhcp4 {
        DHCP4_CLIENTID_IGNORED_FOR_LEASES:
            "%1: subnet %2 matches clients by hardware address only",
            "match-client-id is false for the subnet.";
    }
}
