//! Messages that both DHCP servers write, as pairs of identifiers.

use super::twins;

twins! {
    [Debug 40] Dhcp4 Dhcp6 {
        ACTIVATE_INTERFACE = DHCP4_ACTIVATE_INTERFACE, DHCP6_ACTIVATE_INTERFACE:
            "interface %1 is taken into use",
            "A socket is about to be opened on this interface.";
        DEACTIVATE_INTERFACE = DHCP4_DEACTIVATE_INTERFACE, DHCP6_DEACTIVATE_INTERFACE:
            "interface %1 is no longer used";
        CLASS_ASSIGNED = DHCP4_CLASS_ASSIGNED, DHCP6_CLASS_ASSIGNED:
            "%1: classes of this packet: %2",
            "Written after classification; the list holds built-in classes too.";
        CLASS_UNCONFIGURED = DHCP4_CLASS_UNCONFIGURED, DHCP6_CLASS_UNCONFIGURED:
            "%1: the packet is in class %2, which the configuration does not define",
            "Harmless unless the class was meant to carry options.";
        CONFIG_PACKET_QUEUE = DHCP4_CONFIG_PACKET_QUEUE, DHCP6_CONFIG_PACKET_QUEUE:
            "packet queue as configured: %1";
        FLEX_ID = DHCP4_FLEX_ID, DHCP6_FLEX_ID: "flexible identifier computed for the packet: %1";
        OPEN_SOCKET = DHCP4_OPEN_SOCKET, DHCP6_OPEN_SOCKET: "opening sockets on port %1";
        PACKET_QUEUE_FULL = DHCP4_PACKET_QUEUE_FULL, DHCP6_PACKET_QUEUE_FULL:
            "the packet queue is full, its oldest packet was dropped",
            "Packets come in faster than they are served.";
        SHUTDOWN_REQUEST = DHCP4_SHUTDOWN_REQUEST, DHCP6_SHUTDOWN_REQUEST: "asked to shut down";
        START_INFO = DHCP4_START_INFO, DHCP6_START_INFO:
            "process %1, server port %2, client port %3, verbose: %4";
    }
    [Debug 40] LeaseQueryHooks LeaseQueryHooks {
        LEASE_QUERY_RECEIVED = DHCP4_LEASE_QUERY_RECEIVED, DHCP6_LEASE_QUERY_RECEIVED:
            "leasequery of requester %1 on %2";
        LEASE_QUERY_PROCESS_FAILED = DHCP4_LEASE_QUERY_PROCESS_FAILED, DHCP6_LEASE_QUERY_PROCESS_FAILED:
            "leasequery of requester %1 is not answered: %2",
            "Those who may ask are listed in 'requesters' of the leasequery library.";
        LEASE_QUERY_RESPONSE_SENT = DHCP4_LEASE_QUERY_RESPONSE_SENT, DHCP6_LEASE_QUERY_RESPONSE_SENT:
            "leasequery of requester %1 is answered: %2";
    }
    [Debug 0] Dhcp4 Dhcp6 {
        NOT_RUNNING = DHCP4_NOT_RUNNING, DHCP6_NOT_RUNNING: "the server is not running";
    }
    [Info] Dhcp4 Dhcp6 {
        CONFIG_COMPLETE = DHCP4_CONFIG_COMPLETE, DHCP6_CONFIG_COMPLETE:
            "configuration applied: %1",
            "The summary tells which parts hold how many subnets and whether DNS updates are on.";
        DB_RECONNECT_DISABLED = DHCP4_DB_RECONNECT_DISABLED, DHCP6_DB_RECONNECT_DISABLED:
            "lost database connections are not re-established: max-reconnect-tries %1, reconnect-wait-time %2";
        DB_RECONNECT_LOST_CONNECTION = DHCP4_DB_RECONNECT_LOST_CONNECTION, DHCP6_DB_RECONNECT_LOST_CONNECTION:
            "connection to the database lost";
        DB_RECONNECT_SUCCEEDED = DHCP4_DB_RECONNECT_SUCCEEDED, DHCP6_DB_RECONNECT_SUCCEEDED:
            "connection to the database is back";
        DYNAMIC_RECONFIGURATION = DHCP4_DYNAMIC_RECONFIGURATION, DHCP6_DYNAMIC_RECONFIGURATION:
            "configuring again from file %1, as asked by SIGHUP or config-reload";
        DYNAMIC_RECONFIGURATION_SUCCESS = DHCP4_DYNAMIC_RECONFIGURATION_SUCCESS, DHCP6_DYNAMIC_RECONFIGURATION_SUCCESS:
            "configured again from file %1";
        SHUTDOWN = DHCP4_SHUTDOWN, DHCP6_SHUTDOWN: "shut down";
        STARTED = DHCP4_STARTED, DHCP6_STARTED:
            "server version %1 started",
            "The last message before clients are served.";
        STARTING = DHCP4_STARTING, DHCP6_STARTING: "server version %1 (%2) starting";
        OPEN_SOCKETS_NO_RECONNECT_CTL = DHCP4_OPEN_SOCKETS_NO_RECONNECT_CTL, DHCP6_OPEN_SOCKETS_NO_RECONNECT_CTL:
            "no control structure for opening sockets again";
        DB_RECONNECT_NO_DB_CTL = DHCP4_DB_RECONNECT_NO_DB_CTL, DHCP6_DB_RECONNECT_NO_DB_CTL:
            "no control structure for connecting to the database again";
        OPEN_SOCKETS_FAILED = DHCP4_OPEN_SOCKETS_FAILED, DHCP6_OPEN_SOCKETS_FAILED:
            "sockets could not be opened, nor in %1 further attempts; no more are made";
    }
    [Debug 40] Dhcpsrv Dhcpsrv {
        ADD_SUBNET = DHCPSRV_CFGMGR_ADD_SUBNET4, DHCPSRV_CFGMGR_ADD_SUBNET6: "adding subnet %1";
        DEL_SUBNET = DHCPSRV_CFGMGR_DEL_SUBNET4, DHCPSRV_CFGMGR_DEL_SUBNET6: "subnet %1 removed";
        UPDATE_SUBNET = DHCPSRV_CFGMGR_UPDATE_SUBNET4, DHCPSRV_CFGMGR_UPDATE_SUBNET6:
            "subnet %1 updated, result %2";
    }
    [Debug 50] Dhcpsrv Dhcpsrv {
        DELETE_EXPIRED_RECLAIMED = DHCPSRV_MEMFILE_DELETE_EXPIRED_RECLAIMED4, DHCPSRV_MEMFILE_DELETE_EXPIRED_RECLAIMED6:
            "memfile: deleting reclaimed leases that expired more than %1 seconds ago";
    }
    [Info] Dhcpsrv Dhcpsrv {
        NEW_SUBNET = DHCPSRV_CFGMGR_NEW_SUBNET4, DHCPSRV_CFGMGR_NEW_SUBNET6:
            "subnet configured: %1";
    }
    [Info] Packets Packets {
        CONFIG_UPDATE = DHCP4_CONFIG_UPDATE, DHCP6_CONFIG_UPDATE:
            "configuration update received: %1";
    }
    [Warn] Dhcp4 Dhcp6 {
        CONFIG_SYNTAX_WARNING = DHCP4_CONFIG_SYNTAX_WARNING, DHCP6_CONFIG_SYNTAX_WARNING:
            "the configuration is accepted in spite of its syntax: %1",
            "Typically a comma after the last element.";
        DEVELOPMENT_VERSION = DHCP4_DEVELOPMENT_VERSION, DHCP6_DEVELOPMENT_VERSION:
            "this is a development version, not meant for production";
        MULTI_THREADING_INFO = DHCP4_MULTI_THREADING_INFO, DHCP6_MULTI_THREADING_INFO:
            "multi-threading: %1, threads: %2, queue size: %3";
        NO_SOCKETS_OPEN = DHCP4_NO_SOCKETS_OPEN, DHCP6_NO_SOCKETS_OPEN:
            "no interface to receive packets on is configured";
        OPEN_SOCKET_FAIL = DHCP4_OPEN_SOCKET_FAIL, DHCP6_OPEN_SOCKET_FAIL:
            "socket not opened: %1",
            "The server keeps trying and serves the other interfaces meanwhile.";
        RESERVATIONS_LOOKUP_FIRST_ENABLED = DHCP4_RESERVATIONS_LOOKUP_FIRST_ENABLED, DHCP6_RESERVATIONS_LOOKUP_FIRST_ENABLED:
            "multi-threading is on: reservations are looked up before leases";
    }
    [Error] Dhcp4 Dhcp6 {
        CB_ON_DEMAND_FETCH_UPDATES_FAIL = DHCP4_CB_ON_DEMAND_FETCH_UPDATES_FAIL, DHCP6_CB_ON_DEMAND_FETCH_UPDATES_FAIL:
            "updates could not be fetched from the configuration backends on demand: %1";
        CB_PERIODIC_FETCH_UPDATES_FAIL = DHCP4_CB_PERIODIC_FETCH_UPDATES_FAIL, DHCP6_CB_PERIODIC_FETCH_UPDATES_FAIL:
            "updates could not be fetched from the configuration backends at the regular time: %1";
        CB_PERIODIC_FETCH_UPDATES_RETRIES_EXHAUSTED = DHCP4_CB_PERIODIC_FETCH_UPDATES_RETRIES_EXHAUSTED, DHCP6_CB_PERIODIC_FETCH_UPDATES_RETRIES_EXHAUSTED:
            "10 fetches from the configuration backends failed in a row, no more are tried";
        CONFIG_LOAD_FAIL = DHCP4_CONFIG_LOAD_FAIL, DHCP6_CONFIG_LOAD_FAIL:
            "file %1 cannot be used as configuration: %2";
        CONFIG_UNSUPPORTED_OBJECT = DHCP4_CONFIG_UNSUPPORTED_OBJECT, DHCP6_CONFIG_UNSUPPORTED_OBJECT:
            "the configuration holds object '%1', which this server does not use";
        DB_RECONNECT_FAILED = DHCP4_DB_RECONNECT_FAILED, DHCP6_DB_RECONNECT_FAILED:
            "the database, or the disk of the leases, stayed away for all %1 attempts to reach it again";
        HANDLE_SIGNAL_EXCEPTION = DHCP4_HANDLE_SIGNAL_EXCEPTION, DHCP6_HANDLE_SIGNAL_EXCEPTION:
            "failure while handling a signal: %1";
        HOOKS_LIBS_RELOAD_FAIL = DHCP4_HOOKS_LIBS_RELOAD_FAIL, DHCP6_HOOKS_LIBS_RELOAD_FAIL:
            "the hook libraries could not be reloaded";
        INIT_FAIL = DHCP4_INIT_FAIL, DHCP6_INIT_FAIL: "the server cannot be initialised: %1";
        PARSER_COMMIT_EXCEPTION = DHCP4_PARSER_COMMIT_EXCEPTION, DHCP6_PARSER_COMMIT_EXCEPTION:
            "changes of the configuration could not be put in force";
        PARSER_COMMIT_FAIL = DHCP4_PARSER_COMMIT_FAIL, DHCP6_PARSER_COMMIT_FAIL:
            "changes of the configuration could not be put in force: %1";
        PARSER_EXCEPTION = DHCP4_PARSER_EXCEPTION, DHCP6_PARSER_EXCEPTION:
            "configuration element %1 cannot be processed";
        PARSER_FAIL = DHCP4_PARSER_FAIL, DHCP6_PARSER_FAIL:
            "configuration element %1 cannot be processed: %2";
        RECLAIM_EXPIRED_LEASES_FAIL = DHCP4_RECLAIM_EXPIRED_LEASES_FAIL, DHCP6_RECLAIM_EXPIRED_LEASES_FAIL:
            "expired leases could not be reclaimed: %1";
        SRV_CONSTRUCT_ERROR = DHCP4_SRV_CONSTRUCT_ERROR, DHCP6_SRV_CONSTRUCT_ERROR:
            "the server cannot be set up: %1";
        SRV_D2STOP_ERROR = DHCP4_SRV_D2STOP_ERROR, DHCP6_SRV_D2STOP_ERROR:
            "name change requests could not be stopped at shutdown: %1";
        SRV_UNLOAD_LIBRARIES_ERROR = DHCP4_SRV_UNLOAD_LIBRARIES_ERROR, DHCP6_SRV_UNLOAD_LIBRARIES_ERROR:
            "hook libraries could not be unloaded at shutdown: %1";
    }
    [Fatal] Dhcp4 Dhcp6 {
        ALREADY_RUNNING = DHCP4_ALREADY_RUNNING, DHCP6_ALREADY_RUNNING:
            "%1 seems to run already: %2",
            "Two instances with one PID file are refused. Remove a stale file only when no such process exists.";
        CONFIG_UNRECOVERABLE_ERROR = DHCP4_CONFIG_UNRECOVERABLE_ERROR, DHCP6_CONFIG_UNRECOVERABLE_ERROR:
            "the new configuration failed beyond repair, restart the server with a valid one";
        DYNAMIC_RECONFIGURATION_FAIL = DHCP4_DYNAMIC_RECONFIGURATION_FAIL, DHCP6_DYNAMIC_RECONFIGURATION_FAIL:
            "file %1 could not be applied";
        SERVER_FAILED = DHCP4_SERVER_FAILED, DHCP6_SERVER_FAILED: "the server gives up: %1";
    }
    [Debug 50] Packets Packets {
        SUBNET_SELECTION_FAILED = DHCP4_SUBNET_SELECTION_FAILED, DHCP6_SUBNET_SELECTION_FAILED:
            "%1: no configured subnet fits the packet",
            "Compare the interface or relay address of the packet with the subnets.";
    }
    [Debug 45] Packets Packets {
        PACKET_RECEIVED = DHCP4_PACKET_RECEIVED, DHCP6_PACKET_RECEIVED:
            "%1: %2 (type %3) from %4 to %5 on %6";
        SUBNET_SELECTED = DHCP4_SUBNET_SELECTED, DHCP6_SUBNET_SELECTED:
            "%1: subnet id %2 was chosen";
        SUBNET_DYNAMICALLY_CHANGED = DHCP4_SUBNET_DYNAMICALLY_CHANGED, DHCP6_SUBNET_DYNAMICALLY_CHANGED:
            "%1: moved from subnet %2 to subnet %3 of shared network %4",
            "No lease was to be had in the first one.";
    }
    [Debug 55] Packets Packets {
        QUERY_DATA = DHCP4_QUERY_DATA, DHCP6_QUERY_DATA: "%1: received packet: %2";
        RESPONSE_DATA = DHCP4_RESPONSE_DATA, DHCP6_RESPONSE_DATA: "%1: response %2 (type %3): %4";
        SUBNET_DATA = DHCP4_SUBNET_DATA, DHCP6_SUBNET_DATA: "%1: the chosen subnet: %2";
    }
    [Debug 40] Packets Packets {
        PACKET_SEND = DHCP4_PACKET_SEND, DHCP6_PACKET_SEND:
            "%1: sending %2 (type %3) from %4 to %5 port %6 on %7";
        BUFFER_RECEIVED = DHCP4_BUFFER_RECEIVED, DHCP6_BUFFER_RECEIVED:
            "datagram from %1 port %2 to %3 on %4";
    }
    [Debug 50] Options Options {
        PACKET_PACK = DHCP4_PACKET_PACK, DHCP6_PACKET_PACK:
            "%1: putting the response on the wire";
        PACKET_OPTIONS_SKIPPED = DHCP4_PACKET_OPTIONS_SKIPPED, DHCP6_PACKET_OPTIONS_SKIPPED:
            "options after a malformed one were skipped: %1";
    }
    [Error] Packets Packets {
        PACKET_PROCESS_EXCEPTION = DHCP4_PACKET_PROCESS_EXCEPTION, DHCP6_PACKET_PROCESS_EXCEPTION:
            "failure while processing a packet";
        PACKET_PROCESS_STD_EXCEPTION = DHCP4_PACKET_PROCESS_STD_EXCEPTION, DHCP6_PACKET_PROCESS_STD_EXCEPTION:
            "failure while processing a packet: %1";
    }
    [Info] Hooks Hooks {
        HOOK_DDNS_UPDATE = DHCP4_HOOK_DDNS_UPDATE, DHCP6_HOOK_DDNS_UPDATE:
            "a hook changed DNS update parameters: name %1 to %2, forward %3 to %4, reverse %5 to %6";
    }
    [Debug 15] Hooks Hooks {
        HOOK_BUFFER_RCVD_DROP = DHCP4_HOOK_BUFFER_RCVD_DROP, DHCP6_HOOK_BUFFER_RCVD_DROP:
            "datagram from %1 to %2 on %3 dropped on behalf of a hook";
        HOOK_LEASES_COMMITTED_DROP = DHCP4_HOOK_LEASES4_COMMITTED_DROP, DHCP6_HOOK_LEASES6_COMMITTED_DROP:
            "%1: packet dropped on behalf of a hook after its leases were committed";
        HOOK_PACKET_SEND_DROP = DHCP4_HOOK_PACKET_SEND_DROP, DHCP6_HOOK_PACKET_SEND_DROP:
            "%1: response not sent, on behalf of a hook";
        HOOK_SUBNET_SELECT_DROP = DHCP4_HOOK_SUBNET4_SELECT_DROP, DHCP6_HOOK_SUBNET6_SELECT_DROP:
            "%1: packet dropped on behalf of a hook when the subnet was chosen";
    }
    [Debug 50] Hooks Hooks {
        HOOK_BUFFER_RCVD_SKIP = DHCP4_HOOK_BUFFER_RCVD_SKIP, DHCP6_HOOK_BUFFER_RCVD_SKIP:
            "datagram from %1 to %2 on %3 not parsed, a hook has done so";
        HOOK_BUFFER_SEND_SKIP = DHCP4_HOOK_BUFFER_SEND_SKIP, DHCP6_HOOK_BUFFER_SEND_SKIP:
            "%1: packed response dropped on behalf of a hook";
        HOOK_LEASES_COMMITTED_PARK = DHCP4_HOOK_LEASES4_COMMITTED_PARK, DHCP6_HOOK_LEASES6_COMMITTED_PARK:
            "%1: response waits for a hook";
        HOOK_PACKET_RCVD_SKIP = DHCP4_HOOK_PACKET_RCVD_SKIP, DHCP6_HOOK_PACKET_RCVD_SKIP:
            "%1: packet dropped on behalf of a hook";
        HOOK_SUBNET_SELECT_SKIP = DHCP4_HOOK_SUBNET4_SELECT_SKIP, DHCP6_HOOK_SUBNET6_SELECT_SKIP:
            "%1: a hook asked to go on without subnet";
    }
    [Debug 15] Packets Packets {
        HOOK_LEASES_PARKING_LOT_FULL = DHCP4_HOOK_LEASES4_PARKING_LOT_FULL, DHCP6_HOOK_LEASES6_PARKING_LOT_FULL:
            "parked-packet-limit of %1 reached, query dropped: %2";
        PACKET_DROP_DROP_CLASS = DHCP4_PACKET_DROP_0010, DHCP6_PACKET_DROP_DROP_CLASS:
            "packet in class DROP dropped: %1";
        PACKET_DROP_DROP_CLASS2 = DHCP4_PACKET_DROP_0013, DHCP6_PACKET_DROP_DROP_CLASS2:
            "packet in class DROP after the reservation lookup dropped: %1";
        PACKET_DROP_DROP_CLASS_EARLY = DHCP4_PACKET_DROP_0014, DHCP6_PACKET_DROP_DROP_CLASS_EARLY:
            "packet in class DROP after the early lookup of global reservations dropped: %1";
    }
    [Debug 15] BadPackets BadPackets {
        PACKET_DROP_PARSE_FAIL = DHCP4_PACKET_DROP_0001, DHCP6_PACKET_DROP_PARSE_FAIL:
            "unreadable packet from %1 to %2 on %3: %4";
        PACKET_DROP_DHCP_DISABLED = DHCP4_PACKET_DROP_0008, DHCP6_PACKET_DROP_DHCP_DISABLED:
            "%1: service is disabled",
            "By dhcp-disable, a hook or a lost database connection.";
        PACKET_DROP_DUPLICATE = DHCP4_PACKET_DROP_0011, DHCP6_PACKET_DROP_DUPLICATE:
            "a packet of the same client is being served: %1 dropped by thread %2, same client as %3 in thread %4";
    }
    [Error] Leases Leases {
        DECLINE_FAIL = DHCP4_DECLINE_FAIL, DHCP6_DECLINE_FAIL:
            "%1: address %2 could not be declined: %3";
    }
    [Error] Ddns Ddns {
        DDNS_REQUEST_SEND_FAILED = DHCP4_DDNS_REQUEST_SEND_FAILED, DHCP6_DDNS_REQUEST_SEND_FAILED:
            "name change request not sent to kea-dhcp-ddns: %1, request: %2";
    }
    [Debug 10] Dhcp4 Dhcp6 {
        CONFIG_RECEIVED = DHCP4_CONFIG_RECEIVED, DHCP6_CONFIG_RECEIVED:
            "configuration received: %1";
    }
    [Debug 10] Dhcp4 Dhcp6 {
        CONFIG_START = DHCP4_CONFIG_START, DHCP6_CONFIG_START:
            "configuration to be applied: %1",
            "Passwords and secrets are shown as asterisks.";
    }
    [Debug 10] Dhcp4 Dhcp6 {
        COMMAND_RECEIVED = DHCP4_COMMAND_RECEIVED, DHCP6_COMMAND_RECEIVED:
            "command %1 with arguments %2";
    }
    [Debug 50] Options Options {
        BUFFER_UNPACK = DHCP4_BUFFER_UNPACK, DHCP6_BUFFER_UNPACK:
            "parsing datagram from %1 to %2 on %3";
    }
    [Debug 50] Packets Packets {
        BUFFER_WAIT_SIGNAL = DHCP4_BUFFER_WAIT_SIGNAL, DHCP6_BUFFER_WAIT_SIGNAL:
            "a signal interrupted the wait for packets";
    }
    [Debug 55] Dhcp4 Dhcp6 {
        CLASS_UNDEFINED = DHCP4_CLASS_UNDEFINED, DHCP6_CLASS_UNDEFINED:
            "class %1 is required but not defined",
            "A require-client-classes list names a class without definition.";
        CLASS_UNTESTABLE = DHCP4_CLASS_UNTESTABLE, DHCP6_CLASS_UNTESTABLE:
            "class %1 is required but has no test to evaluate";
    }
    [Debug 40] Hooks Hooks {
        HOOK_PACKET_SEND_SKIP = DHCP4_HOOK_PACKET_SEND_SKIP, DHCP6_HOOK_PACKET_SEND_SKIP:
            "%1: response not built, on behalf of a hook";
    }
    [Debug 40] Hosts Hosts {
        ALTERNATE_BY_IDENTIFIER = HOSTS_MGR_ALTERNATE_GET4_SUBNET_ID_IDENTIFIER, HOSTS_MGR_ALTERNATE_GET6_SUBNET_ID_IDENTIFIER:
            "asking other sources for a reservation of subnet %1 for identifier %2";
    }
    [Debug 45] Hosts Hosts {
        ALTERNATE_BY_IDENTIFIER_HOST = HOSTS_MGR_ALTERNATE_GET4_SUBNET_ID_IDENTIFIER_HOST, HOSTS_MGR_ALTERNATE_GET6_SUBNET_ID_IDENTIFIER_HOST:
            "reservation of subnet %1 for identifier %2 found in %3: %4";
        ALTERNATE_BY_IDENTIFIER_NULL = HOSTS_MGR_ALTERNATE_GET4_SUBNET_ID_IDENTIFIER_NULL, HOSTS_MGR_ALTERNATE_GET6_SUBNET_ID_IDENTIFIER_NULL:
            "other sources have no reservation of subnet %1 for identifier %2";
    }
    [Info] MysqlCbHooks MysqlCbHooks {
        MYSQL_CB_RECONNECT_ATTEMPT_SCHEDULE = MYSQL_CB_RECONNECT_ATTEMPT_SCHEDULE4, MYSQL_CB_RECONNECT_ATTEMPT_SCHEDULE6:
            "MySQL configuration database: attempt %1 of %2 in %3 milliseconds";
    }
    [Error] MysqlCbHooks MysqlCbHooks {
        MYSQL_CB_RECONNECT_ATTEMPT_FAILED = MYSQL_CB_RECONNECT_ATTEMPT_FAILED4, MYSQL_CB_RECONNECT_ATTEMPT_FAILED6:
            "MySQL configuration database: connecting failed: %1";
        MYSQL_CB_RECONNECT_FAILED = MYSQL_CB_RECONNECT_FAILED4, MYSQL_CB_RECONNECT_FAILED6:
            "MySQL configuration database: away for all %1 attempts to connect";
    }
    [Info] PgsqlCbHooks PgsqlCbHooks {
        PGSQL_CB_RECONNECT_ATTEMPT_SCHEDULE = PGSQL_CB_RECONNECT_ATTEMPT_SCHEDULE4, PGSQL_CB_RECONNECT_ATTEMPT_SCHEDULE6:
            "PostgreSQL configuration database: attempt %1 of %2 in %3 milliseconds";
    }
    [Error] PgsqlCbHooks PgsqlCbHooks {
        PGSQL_CB_RECONNECT_ATTEMPT_FAILED = PGSQL_CB_RECONNECT_ATTEMPT_FAILED4, PGSQL_CB_RECONNECT_ATTEMPT_FAILED6:
            "PostgreSQL configuration database: connecting failed: %1";
        PGSQL_CB_RECONNECT_FAILED = PGSQL_CB_RECONNECT_FAILED4, PGSQL_CB_RECONNECT_FAILED6:
            "PostgreSQL configuration database: away for all %1 attempts to connect";
    }
}
