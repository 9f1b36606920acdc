//! Messages of lease stores, configuration and timers.

use super::catalogue;

catalogue! {
    [Debug 50] Dhcpsrv {
        DHCPSRV_MEMFILE_ADD_ADDR4: "memfile: adding lease %1";
        DHCPSRV_MEMFILE_ADD_ADDR6: "memfile: adding lease %1";
        DHCPSRV_MEMFILE_UPDATE_ADDR4: "memfile: updating lease %1";
        DHCPSRV_MEMFILE_UPDATE_ADDR6: "memfile: updating lease %1";
        DHCPSRV_MEMFILE_DELETE_ADDR: "memfile: deleting lease %1";
        DHCPSRV_MEMFILE_DELETE_EXPIRED_RECLAIMED_START:
            "memfile: %1 reclaimed leases are to be deleted";
        DHCPSRV_MEMFILE_GET4: "memfile: looking for all leases";
        DHCPSRV_MEMFILE_GET6: "memfile: looking for all leases";
        DHCPSRV_MEMFILE_GET6_DUID: "memfile: looking for leases of DUID %1";
        DHCPSRV_MEMFILE_GET_ADDR4: "memfile: looking for lease %1";
        DHCPSRV_MEMFILE_GET_ADDR6: "memfile: looking for lease %1 of type %2";
        DHCPSRV_MEMFILE_GET_CLIENTID: "memfile: looking for leases of client id %1";
        DHCPSRV_MEMFILE_GET_EXPIRED4: "memfile: looking for at most %1 expired leases";
        DHCPSRV_MEMFILE_GET_EXPIRED6: "memfile: looking for at most %1 expired leases";
        DHCPSRV_MEMFILE_GET_HOSTNAME4: "memfile: looking for leases of name %1";
        DHCPSRV_MEMFILE_GET_HOSTNAME6: "memfile: looking for leases of name %1";
        DHCPSRV_MEMFILE_GET_HWADDR: "memfile: looking for leases of hardware address %1";
        DHCPSRV_MEMFILE_GET_IAID_DUID: "memfile: looking for leases of IAID %1, DUID %2, type %3";
        DHCPSRV_MEMFILE_GET_IAID_SUBID_DUID:
            "memfile: looking for leases of IAID %1 in subnet %2, DUID %3, type %4";
        DHCPSRV_MEMFILE_GET_LINKADDR6:
            "memfile: looking for at most %1 leases from %2 on, link address %3";
        DHCPSRV_MEMFILE_GET_PAGE4: "memfile: looking for at most %1 leases from %2 on";
        DHCPSRV_MEMFILE_GET_PAGE6: "memfile: looking for at most %1 leases from %2 on";
        DHCPSRV_MEMFILE_GET_RELAYID4:
            "memfile: looking for at most %1 leases from %2 on, relay id %3, last transaction from %4 to %5";
        DHCPSRV_MEMFILE_GET_REMOTEID4:
            "memfile: looking for at most %1 leases from %2 on, remote id %3, last transaction from %4 to %5";
        DHCPSRV_MEMFILE_GET_RELAYID6:
            "memfile: looking for at most %1 leases from %2 on, relay id %3, link address %4";
        DHCPSRV_MEMFILE_GET_REMOTEID6:
            "memfile: looking for at most %1 leases from %2 on, remote id %3, link address %4";
        DHCPSRV_MEMFILE_GET_SUBID4: "memfile: looking for leases of subnet %1";
        DHCPSRV_MEMFILE_GET_SUBID6: "memfile: looking for leases of subnet %1";
        DHCPSRV_MEMFILE_GET_SUBID_CLIENTID:
            "memfile: looking for the lease of subnet %1 and client id %2";
        DHCPSRV_MEMFILE_GET_SUBID_HWADDR:
            "memfile: looking for the lease of subnet %1 and hardware address %2";
        DHCPSRV_MEMFILE_GET_VERSION: "memfile: asking for the schema version";
        DHCPSRV_MEMFILE_BEGIN_TRANSACTION: "memfile: transaction begins";
        DHCPSRV_MEMFILE_COMMIT: "memfile: committing";
        DHCPSRV_MEMFILE_ROLLBACK: "memfile: rolling back";
        DHCPSRV_CFGMGR_RELAY_IP_ADDRESS_DEPRECATED:
            "ip-address of relay is out of date, use ip-addresses: %1";
        DHCPSRV_QUEUE_NCR_SKIP: "%1: no name change request for lease %2";
        DHCPSRV_TIMERMGR_RUN_TIMER_OPERATION: "timer %1 runs";
    }
    [Info] Dhcpsrv {
        DHCPSRV_MEMFILE_DB: "memfile: opening lease database: %1";
        DHCPSRV_MEMFILE_LEASE_FILE_LOAD: "memfile: loading leases from %1";
        DHCPSRV_MEMFILE_RECOVERED: "memfile: all rows are in %1 again";
        DHCPSRV_MEMFILE_LFC_EXECUTE: "memfile: lease file clean-up runs as: %1";
        DHCPSRV_MEMFILE_LFC_SETUP: "memfile: lease file clean-up every %1 seconds";
        DHCPSRV_MEMFILE_LFC_START: "memfile: lease file clean-up starts";
        DHCPSRV_MEMFILE_WIPE_LEASES4: "memfile: removing all leases of subnet %1";
        DHCPSRV_MEMFILE_WIPE_LEASES4_FINISHED:
            "memfile: all leases of subnet %1 removed, %2 of them";
        DHCPSRV_MEMFILE_WIPE_LEASES6: "memfile: removing all leases of subnet %1";
        DHCPSRV_MEMFILE_WIPE_LEASES6_FINISHED:
            "memfile: all leases of subnet %1 removed, %2 of them";
        DHCPSRV_CFGMGR_ADD_IFACE: "listening on interface %1";
        DHCPSRV_CFGMGR_CONFIG4_MERGED: "data of the configuration backends merged";
        DHCPSRV_CFGMGR_CONFIG6_MERGED: "data of the configuration backends merged";
        DHCPSRV_CFGMGR_DDNS_PARAMETER_IGNORED:
            "%1 of dhcp-ddns is out of date, the global %2 is used";
        DHCPSRV_CFGMGR_DDNS_PARAMETER_MOVED:
            "%1 of dhcp-ddns is out of date, used as the global %2";
        DHCPSRV_CFGMGR_SOCKET_TYPE_DEFAULT: "dhcp-socket-type not given, using %1";
        DHCPSRV_CFGMGR_SOCKET_TYPE_SELECT: "using sockets of type %1";
        DHCPSRV_CFGMGR_USE_ADDRESS: "listening on address %1 of interface %2";
        DHCPSRV_CFGMGR_USE_UNICAST: "listening on unicast address %1 of interface %2";
        DHCPSRV_DHCP_DDNS_SENDER_STARTED: "sending name change requests: %1";
        DHCPSRV_DHCP_DDNS_SENDER_STOPPED: "no longer sending name change requests";
        DHCPSRV_LEASE_SANITY_FAIL_DISCARD:
            "lease %1 with subnet id %2 does not belong there: %3; it was dropped";
        DHCPSRV_LEASE_SANITY_FIXED:
            "lease %1 with subnet id %2 belongs to subnet id %3 and was corrected";
    }
    [Warn] Dhcpsrv {
        DHCPSRV_CFGMGR_CONFIGURE_SERVERID:
            "a server identifier is configured; its uniqueness is up to you";
        DHCPSRV_CFGMGR_IPV4_RESERVATIONS_NON_UNIQUE_IGNORED:
            "ip-reservations-unique ignored, a host backend cannot hold several reservations of one address";
        DHCPSRV_CFGMGR_IPV6_RESERVATIONS_NON_UNIQUE_IGNORED:
            "ip-reservations-unique ignored, a host backend cannot hold several reservations of one address";
        DHCPSRV_CFGMGR_IP_RESERVATIONS_UNIQUE_DUPLICATES_POSSIBLE:
            "ip-reservations-unique is true again, host backends may still hold several reservations of one address";
        DHCPSRV_CFGMGR_OPTION_DUPLICATE: "option %1 was set more than once in subnet %2";
        DHCPSRV_CFGMGR_SOCKET_RAW_UNSUPPORTED:
            "no raw sockets on this system, UDP sockets are used";
        DHCPSRV_CFGMGR_UNICAST_LINK_LOCAL:
            "link-local address %1 of interface %2 configured for unicast";
        DHCPSRV_DEPRECATED: "the configuration uses something out of date: %1";
        DHCPSRV_DHCP_DDNS_SUSPEND_UPDATES:
            "DNS updates are suspended",
            "Requests cannot be sent. They wait, up to max-queue-size, and are tried again every second.";
        DHCPSRV_LEASE_SANITY_FAIL: "lease %1 with subnet id %2 does not belong there: %3";
        DHCPSRV_MEMFILE_CONVERTING_LEASE_FILES:
            "memfile: clean-up runs to bring lease files to schema %1.%2";
        DHCPSRV_MEMFILE_NEEDS_DOWNGRADING: "memfile: lease file %1 has a newer schema than %2";
        DHCPSRV_MEMFILE_NEEDS_UPGRADING: "memfile: lease file %1 has an older schema than %2";
        DHCPSRV_MEMFILE_NO_STORAGE: "memfile: leases are not written to disk and lost at a restart";
        DHCPSRV_MEMFILE_READ_HWADDR_FAIL:
            "memfile: hardware address in the lease file cannot be read: %1";
        DHCPSRV_MULTIPLE_RAW_SOCKETS_PER_IFACE:
            "several broadcast sockets on one interface will get the same messages";
        DHCPSRV_NO_SOCKETS_OPEN: "no interface to receive packets on is configured";
        DHCPSRV_OPEN_SOCKET_FAIL: "socket not opened: %1";
    }
    [Error] Dhcpsrv {
        DHCPSRV_DHCP_DDNS_ERROR_EXCEPTION: "handling an error of the request sender failed: %1";
        DHCPSRV_DHCP_DDNS_HANDLER_NULL: "no handler for errors of the request sender";
        DHCPSRV_DHCP_DDNS_NCR_REJECTED:
            "name change request refused by the sender: %1, request: %2";
        DHCPSRV_INVALID_ACCESS: "database access string cannot be read: %1";
        DHCPSRV_MEMFILE_WRITE_FAIL:
            "memfile: rows could not be written to %1: %2; leases are not confirmed until they are",
            "The rows are kept and tried again. Clients that need a change get no answer meanwhile.";
        DHCPSRV_MEMFILE_SYNC_FAIL:
            "memfile: rows of %1 could not be made durable: %2; leases are not confirmed until they are",
            "They are written again, since the system may have dropped them.";
        DHCPSRV_MEMFILE_TRUNCATE_FAIL:
            "memfile: %1 could not be opened again, or its unfinished end not be cut off: %2";
        DHCPSRV_MEMFILE_LEASE_LOAD_ROW_ERROR: "memfile: row %1 discarded: %2";
        DHCPSRV_MEMFILE_LFC_LEASE_FILE_RENAME_FAIL:
            "memfile: lease file %1 could not be renamed to %2: %3";
        DHCPSRV_MEMFILE_LFC_LEASE_FILE_REOPEN_FAIL:
            "memfile: lease file %1 could not be opened again: %2; new leases are not kept";
        DHCPSRV_MEMFILE_LFC_SPAWN_FAIL: "memfile: kea-lfc could not be started";
        DHCPSRV_NOTYPE_DB: "no type of database in the access string: %1";
        DHCPSRV_UNEXPECTED_NAME: "database access parameters in '%1' instead of 'lease-database'";
        DHCPSRV_QUEUE_NCR_FAILED:
            "%1: request to %2 the DNS entries of lease %3 could not be queued: %4";
        DHCPSRV_TIMERMGR_CALLBACK_FAILED: "timer %1 failed: %2";
    }
    [Debug 40] Dhcpsrv {
        DHCPSRV_CFGMGR_ALL_IFACES_ACTIVE: "listening on all interfaces";
        DHCPSRV_CFGMGR_CFG_DHCP_DDNS: "DNS updates: %1";
        DHCPSRV_CFGMGR_CLEAR_ACTIVE_IFACES: "listening on no interface any more";
        DHCPSRV_CLOSE_DB: "closing lease database of type %1";
        DHCPSRV_LEASE4_EXTENDED_INFO_SANITY_FAIL:
            "extended information of lease %1 is not valid: %2";
        DHCPSRV_LEASE4_EXTENDED_INFO_UPGRADED: "extended information of lease %1 upgraded";
        DHCPSRV_LEASE6_EXTENDED_INFO_SANITY_FAIL:
            "extended information of lease %1 is not valid: %2";
        DHCPSRV_LEASE6_EXTENDED_INFO_UPGRADED: "extended information of lease %1 upgraded";
        DHCPSRV_DHCP4O6_RECEIVED_BAD_PACKET: "malformed DHCPv4-over-DHCPv6 message: %1";
        DHCPSRV_MEMFILE_LFC_UNREGISTER_TIMER_FAILED:
            "memfile: timer of the clean-up could not be removed: %1";
        DHCPSRV_TIMERMGR_REGISTER_TIMER: "timer %1 set up, every %2 ms";
        DHCPSRV_TIMERMGR_START_TIMER: "timer %1 started";
        DHCPSRV_TIMERMGR_STOP_TIMER: "timer %1 stopped";
        DHCPSRV_TIMERMGR_UNREGISTER_ALL_TIMERS: "all timers removed";
        DHCPSRV_TIMERMGR_UNREGISTER_TIMER: "timer %1 removed";
        DHCPSRV_HOOK_LEASE4_RECOVER_SKIP: "declined lease %1 not recovered, on behalf of a hook";
        DHCPSRV_HOOK_LEASE4_RENEW_SKIP: "lease not renewed, on behalf of a hook";
        DHCPSRV_HOOK_LEASE4_SELECT_SKIP: "lease not created, on behalf of a hook";
        DHCPSRV_HOOK_LEASE6_EXTEND_SKIP: "leases not extended for message %1, on behalf of a hook";
        DHCPSRV_HOOK_LEASE6_RECOVER_SKIP: "declined lease %1 not recovered, on behalf of a hook";
        DHCPSRV_HOOK_LEASE6_SELECT_SKIP: "lease not created, on behalf of a hook";
        DHCPSRV_CFGMGR_SUBNET4: "subnet %1 taken for address %2";
        DHCPSRV_CFGMGR_SUBNET4_ADDR: "subnet %1 taken, it holds address %2";
        DHCPSRV_CFGMGR_SUBNET4_IFACE: "subnet %1 taken for interface %2";
        DHCPSRV_CFGMGR_SUBNET4_RELAY: "subnet %1 taken for relay address %2";
        DHCPSRV_CFGMGR_SUBNET6: "subnet %1 taken for address %2";
        DHCPSRV_CFGMGR_SUBNET6_IFACE: "subnet %1 taken for interface %2";
        DHCPSRV_CFGMGR_SUBNET6_IFACE_ID: "subnet %1 taken for the interface identifier";
        DHCPSRV_CFGMGR_SUBNET6_RELAY: "subnet %1 taken for relay address %2";
        DHCPSRV_SUBNET4_SELECT_BY_ADDRESS_NO_MATCH: "no subnet for address %1";
        DHCPSRV_SUBNET4_SELECT_BY_INTERFACE_NO_MATCH: "no subnet for interface %1";
        DHCPSRV_SUBNET4_SELECT_BY_RELAY_ADDRESS_NO_MATCH: "no subnet for relay address %1";
        DHCPSRV_SUBNET4_SELECT_NO_RAI_OPTIONS: "no relay agent information tells the subnet";
        DHCPSRV_SUBNET4_SELECT_NO_RELAY_ADDRESS: "no relay address (giaddr) tells the subnet";
        DHCPSRV_SUBNET6_SELECT_BY_ADDRESS_NO_MATCH: "no subnet for address %1";
        DHCPSRV_SUBNET6_SELECT_BY_INTERFACE_ID_NO_MATCH: "no subnet for interface identifier %1";
        DHCPSRV_SUBNET6_SELECT_BY_INTERFACE_NO_MATCH: "no subnet for interface %1";
    }
    [Debug 45] Dhcpsrv {
        DHCPSRV_CFGMGR_NO_SUBNET4: "no subnet for address %1";
        DHCPSRV_CFGMGR_NO_SUBNET6: "no subnet for address %1";
        DHCPSRV_CFGMGR_ONLY_SUBNET4: "the only subnet %1 taken for address %2";
        DHCPSRV_CFGMGR_ONLY_SUBNET6: "the only subnet %1 taken for address %2";
        DHCPSRV_SUBNET4O6_SELECT_FAILED: "no subnet for the DHCPv4-over-DHCPv6 message";
        DHCPSRV_SUBNET4_SELECT_NO_USABLE_ADDRESS: "no address of the packet tells the subnet";
    }
    [Debug 50] Dhcpsrv {
        DHCPSRV_DHCP_DDNS_NCR_SENT: "name change request sent: %1";
    }
    [Debug 55] Dhcpsrv {
        DHCPSRV_QUEUE_NCR: "%1: request to %2 DNS entries queued: %3";
        DHCPSRV_MEMFILE_LEASE_LOAD: "memfile: loading lease %1";
    }
}
