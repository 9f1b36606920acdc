//! Messages of `kea-dhcp-ddns` and of the servers' side of name change requests.

use super::catalogue;

catalogue! {
    [Error] D2ToDns {
        DHCP_DDNS_FORWARD_ADD_BAD_DNSCLIENT_STATUS:
            "request %1: unknown status %2 adding the forward mapping of %3 on server %4";
        DHCP_DDNS_FORWARD_ADD_IO_ERROR:
            "request %1: input/output error adding the forward mapping of %2 on server %3";
        DHCP_DDNS_FORWARD_ADD_REJECTED:
            "request %1: server %2 refuses adding the forward mapping of %3, RCODE %4";
        DHCP_DDNS_FORWARD_ADD_RESP_CORRUPT:
            "request %1: malformed response of server %2 adding the forward mapping of %3";
        DHCP_DDNS_FORWARD_ADD_BUILD_FAILURE:
            "request %1: no update message could be built adding the forward mapping of %2: %3";
        DHCP_DDNS_FORWARD_REPLACE_BAD_DNSCLIENT_STATUS:
            "request %1: unknown status %2 replacing the forward mapping of %3 on server %4";
        DHCP_DDNS_FORWARD_REPLACE_IO_ERROR:
            "request %1: input/output error replacing the forward mapping of %2 on server %3";
        DHCP_DDNS_FORWARD_REPLACE_REJECTED:
            "request %1: server %2 refuses replacing the forward mapping of %3, RCODE %4";
        DHCP_DDNS_FORWARD_REPLACE_RESP_CORRUPT:
            "request %1: malformed response of server %2 replacing the forward mapping of %3";
        DHCP_DDNS_FORWARD_REPLACE_BUILD_FAILURE:
            "request %1: no update message could be built replacing the forward mapping of %2: %3";
        DHCP_DDNS_FORWARD_REMOVE_ADDRS_BAD_DNSCLIENT_STATUS:
            "request %1: unknown status %2 removing forward addresses of %3 on server %4";
        DHCP_DDNS_FORWARD_REMOVE_ADDRS_IO_ERROR:
            "request %1: input/output error removing forward addresses of %2 on server %3";
        DHCP_DDNS_FORWARD_REMOVE_ADDRS_REJECTED:
            "request %1: server %2 refuses removing forward addresses of %3, RCODE %4";
        DHCP_DDNS_FORWARD_REMOVE_ADDRS_RESP_CORRUPT:
            "request %1: malformed response of server %2 removing forward addresses of %3";
        DHCP_DDNS_FORWARD_REMOVE_ADDRS_BUILD_FAILURE:
            "request %1: no update message could be built removing forward addresses of %2: %3";
        DHCP_DDNS_FORWARD_REMOVE_RRS_BAD_DNSCLIENT_STATUS:
            "request %1: unknown status %2 removing forward records of %3 on server %4";
        DHCP_DDNS_FORWARD_REMOVE_RRS_IO_ERROR:
            "request %1: input/output error removing forward records of %2 on server %3";
        DHCP_DDNS_FORWARD_REMOVE_RRS_REJECTED:
            "request %1: server %2 refuses removing forward records of %3, RCODE %4";
        DHCP_DDNS_FORWARD_REMOVE_RRS_RESP_CORRUPT:
            "request %1: malformed response of server %2 removing forward records of %3";
        DHCP_DDNS_FORWARD_REMOVE_RRS_BUILD_FAILURE:
            "request %1: no update message could be built removing forward records of %2: %3";
        DHCP_DDNS_REVERSE_REPLACE_BAD_DNSCLIENT_STATUS:
            "request %1: unknown status %2 replacing the reverse mapping of %3 on server %4";
        DHCP_DDNS_REVERSE_REPLACE_IO_ERROR:
            "request %1: input/output error replacing the reverse mapping of %2 on server %3";
        DHCP_DDNS_REVERSE_REPLACE_REJECTED:
            "request %1: server %2 refuses replacing the reverse mapping of %3, RCODE %4";
        DHCP_DDNS_REVERSE_REPLACE_RESP_CORRUPT:
            "request %1: malformed response of server %2 replacing the reverse mapping of %3";
        DHCP_DDNS_REVERSE_REPLACE_BUILD_FAILURE:
            "request %1: no update message could be built replacing the reverse mapping of %2: %3";
        DHCP_DDNS_REVERSE_REMOVE_BAD_DNSCLIENT_STATUS:
            "request %1: unknown status %2 removing the reverse mapping of %3 on server %4";
        DHCP_DDNS_REVERSE_REMOVE_IO_ERROR:
            "request %1: input/output error removing the reverse mapping of %2 on server %3";
        DHCP_DDNS_REVERSE_REMOVE_REJECTED:
            "request %1: server %2 refuses removing the reverse mapping of %3, RCODE %4";
        DHCP_DDNS_REVERSE_REMOVE_RESP_CORRUPT:
            "request %1: malformed response of server %2 removing the reverse mapping of %3";
        DHCP_DDNS_REVERSE_REMOVE_BUILD_FAILURE:
            "request %1: no update message could be built removing the reverse mapping of %2: %3";
        DHCP_DDNS_ADD_FAILED: "request %1: failed: %2";
        DHCP_DDNS_REMOVE_FAILED: "request %1: failed: %2";
        DHCP_DDNS_STATE_MODEL_UNEXPECTED_ERROR: "request %1: unexpected error: %2";
        DHCP_DDNS_TRANS_SEND_ERROR: "request %1: update could not be sent: %2";
    }
    [Info] D2ToDns {
        DHCP_DDNS_ADD_SUCCEEDED: "request %1: entries added: %2";
        DHCP_DDNS_REMOVE_SUCCEEDED: "request %1: entries removed: %2";
    }
    [Debug 50] D2ToDns {
        DHCP_DDNS_INVALID_RESPONSE: "malformed response to an update: %1";
        DHCP_DDNS_STARTING_TRANSACTION: "request %1: transaction begins";
        DHCP_DDNS_UPDATE_REQUEST_SENT: "request %1: %2 sent to server %3";
    }
    [Error] DhcpToD2 {
        DHCP_DDNS_INVALID_NCR: "name change request cannot be read: %1";
        DHCP_DDNS_NO_FWD_MATCH_ERROR: "request %1: no forward domain fits %2, request discarded";
        DHCP_DDNS_NO_REV_MATCH_ERROR: "request %1: no reverse domain fits %2, request discarded";
        DHCP_DDNS_NCR_LISTEN_CLOSE_ERROR: "listener for requests could not be closed: %1";
        DHCP_DDNS_NCR_RECV_NEXT_ERROR: "listening for requests could not go on";
        DHCP_DDNS_NCR_UDP_RECV_ERROR: "error receiving requests: %1";
        DHCP_DDNS_QUEUE_MGR_QUEUE_FULL: "queue of requests is full, at %1";
        DHCP_DDNS_QUEUE_MGR_RECV_ERROR: "listener for requests failed";
        DHCP_DDNS_QUEUE_MGR_RESUME_ERROR: "listening for requests could not be taken up again: %1";
        DHCP_DDNS_QUEUE_MGR_START_ERROR: "listening for requests could not be started: %1";
        DHCP_DDNS_QUEUE_MGR_STOP_ERROR: "listening for requests could not be stopped: %1";
        DHCP_DDNS_QUEUE_MGR_UNEXPECTED_HANDLER_ERROR: "handling a request failed: %1";
        DHCP_DDNS_QUEUE_MGR_UNEXPECTED_STOP: "listening for requests ended unasked";
        DHCP_DDNS_UNCAUGHT_NCR_RECV_HANDLER_ERROR: "handling a received request failed: %1";
    }
    [Warn] DhcpToD2 {
        DHCP_DDNS_NO_MATCH: "no DNS server is configured for %1";
    }
    [Info] DhcpToD2 {
        DHCP_DDNS_QUEUE_MGR_QUEUE_RECEIVE: "request %1: queued";
        DHCP_DDNS_QUEUE_MGR_RECONFIGURING: "configuring the queue of requests again";
        DHCP_DDNS_QUEUE_MGR_RECOVERING: "recovering from an error of the listener";
        DHCP_DDNS_QUEUE_MGR_RESUMING: "listening again, %1 of %2 places of the queue are taken";
        DHCP_DDNS_QUEUE_MGR_STOPPING: "listening for requests stops: %1";
    }
    [Debug 40] DhcpToD2 {
        DHCP_DDNS_AT_MAX_TRANSACTIONS: "%1 requests wait, all %2 transactions are busy";
        DHCP_DDNS_FWD_REQUEST_IGNORED:
            "request %1: forward updates are off, that part is ignored: %2";
        DHCP_DDNS_REV_REQUEST_IGNORED:
            "request %1: reverse updates are off, that part is ignored: %2";
        DHCP_DDNS_REQUEST_DROPPED: "request %1: nothing in it is to be updated, dropped: %2";
        DHCP_DDNS_NO_ELIGIBLE_JOBS: "%1 requests wait for %2 transactions of the same clients";
        DHCP_DDNS_NCR_UDP_RECV_CANCELED: "listening for requests cancelled";
        DHCP_DDNS_QUEUE_MGR_STARTED: "listening for requests";
        DHCP_DDNS_QUEUE_MGR_STOPPED: "no longer listening for requests";
    }
    [Error] LibdhcpDdns {
        DHCP_DDNS_NCR_FLUSH_IO_ERROR: "last request before stopping was not sent: %1";
        DHCP_DDNS_NCR_SEND_CLOSE_ERROR: "sender of requests could not be closed: %1";
        DHCP_DDNS_NCR_SEND_NEXT_ERROR: "next request could not be sent: %1";
        DHCP_DDNS_NCR_UDP_CLEAR_READY_ERROR: "watch socket could not be cleared: %1";
        DHCP_DDNS_NCR_UDP_SEND_ERROR: "error sending a request: %1";
        DHCP_DDNS_UDP_SENDER_WATCH_SOCKET_CLOSE_ERROR: "watch socket could not be closed: %1";
    }
    [Info] LibdhcpDdns {
        DHCP_DDNS_NCR_UDP_SEND_CANCELED: "sending a request was cancelled: %1";
    }
    [Fatal] Dhcpddns {
        DHCP_DDNS_ALREADY_RUNNING: "%1 seems to run already: %2";
        DHCP_DDNS_FAILED: "the server gives up: %1";
    }
    [Error] Dhcpddns {
        DHCP_DDNS_CONFIGURED_CALLOUT_DROP: "configuration refused by a hook: %1";
        DHCP_DDNS_CONFIG_CHECK_FAIL: "configuration is not acceptable: %1";
        DHCP_DDNS_CONFIG_FAIL: "configuration failed: %1";
    }
    [Warn] Dhcpddns {
        DHCP_DDNS_CONFIG_SYNTAX_WARNING: "the configuration is accepted in spite of its syntax: %1";
        DHCP_DDNS_NOT_ON_LOOPBACK:
            "listening on %1, which is not a loopback address",
            "Name change requests are not authenticated; anyone who reaches the address can change DNS.";
    }
    [Info] Dhcpddns {
        DHCP_DDNS_STARTED: "server version %1 started";
    }
    [Debug 0] Dhcpddns {
        DHCP_DDNS_CLEARED_FOR_SHUTDOWN: "ready to shut down, kind %1";
        DHCP_DDNS_PROCESS_INIT: "initialising";
        DHCP_DDNS_RUN_EXIT: "leaving the event loop";
        DHCP_DDNS_SHUTDOWN_COMMAND: "shutdown command with arguments %1";
    }
    [Debug 10] Dhcpddns {
        DHCP_DDNS_COMMAND: "command %1 with arguments %2";
        DHCP_DDNS_CONFIGURE: "configuration (%1) received: %2";
    }
}
