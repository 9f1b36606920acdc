//! Messages of the control channel and the control agent.

use super::catalogue;

catalogue! {
    [Info] Commands {
        COMMAND_ACCEPTOR_START: "accepting commands on UNIX socket %1";
        COMMAND_RECEIVED: "command '%1' received";
        COMMAND_SOCKET_CLOSED_BY_FOREIGN_HOST: "peer closed command socket %1: %2";
        COMMAND_SOCKET_CONNECTION_TIMEOUT: "no progress on command connection %1, closing it";
    }
    [Debug 10] Commands {
        COMMAND_DEREGISTERED: "command %1 withdrawn";
        COMMAND_EXTENDED_REGISTERED: "command %1 offered";
        COMMAND_REGISTERED: "command %1 offered";
        COMMAND_HTTP_LISTENER_COMMAND_REJECTED:
            "command '%1' from '%2' refused by the HTTP listener";
        COMMAND_HTTP_LISTENER_STARTED: "HTTP listener with %1 threads on %2:%3, TLS: %4";
        COMMAND_HTTP_LISTENER_STOPPED: "HTTP listener on %1:%2 stopped";
        COMMAND_HTTP_LISTENER_STOPPING: "stopping HTTP listener on %1:%2";
        COMMAND_SOCKET_CONNECTION_CLOSED: "command connection %1 closed";
        COMMAND_SOCKET_CONNECTION_OPENED: "command connection %1 opened";
        COMMAND_SOCKET_READ: "%1 bytes read from command connection %2";
        COMMAND_SOCKET_WRITE: "%1 bytes of answer written, %2 left, command connection %3";
    }
    [Warn] Commands {
        COMMAND_PROCESS_ERROR1: "malformed command: %1";
        COMMAND_PROCESS_ERROR2: "command failed: %1";
    }
    [Error] Commands {
        COMMAND_RESPONSE_ERROR: "no answer could be made for command %1";
        COMMAND_SOCKET_ACCEPT_FAIL: "connection on command socket %1 could not be accepted: %2";
        COMMAND_SOCKET_CONNECTION_CANCEL_FAIL: "reading from %1 could not be cancelled: %2";
        COMMAND_SOCKET_CONNECTION_CLOSE_FAIL: "command connection could not be closed: %1";
        COMMAND_SOCKET_CONNECTION_SHUTDOWN_FAIL: "command connection could not be shut down: %1";
        COMMAND_SOCKET_READ_FAIL: "error %1 reading from command connection %2";
        COMMAND_SOCKET_WRITE_FAIL: "error writing to command connection %1: %2";
        COMMAND_WATCH_SOCKET_CLEAR_ERROR: "watch socket could not be cleared: %1";
        COMMAND_WATCH_SOCKET_CLOSE_ERROR: "watch socket could not be closed: %1";
    }
    [Info] CtrlAgent {
        CTRL_AGENT_COMMAND_FORWARDED: "command %1 passed to service %2 for %3";
        CTRL_AGENT_COMMAND_RECEIVED: "command %1 received from %2";
        CTRL_AGENT_HTTPS_SERVICE_STARTED: "HTTPS served on %1:%2";
        CTRL_AGENT_HTTP_SERVICE_STARTED: "HTTP served on %1:%2";
    }
    [Debug 10] CtrlAgent {
        CTRL_AGENT_COMMAND_FORWARD_BEGIN: "passing command %1 to service %2";
        CTRL_AGENT_COMMAND_FORWARD_FAILED:
            "command %1 could not be passed on: %2",
            "The client is told in the answer.";
    }
    [Debug 0] CtrlAgent {
        CTRL_AGENT_RUN_EXIT: "leaving the event loop";
    }
    [Error] CtrlAgent {
        CTRL_AGENT_CONFIG_CHECK_FAIL: "configuration is not acceptable: %1";
        CTRL_AGENT_CONFIG_FAIL: "configuration failed: %1";
    }
    [Warn] CtrlAgent {
        CTRL_AGENT_CONFIG_SYNTAX_WARNING:
            "the configuration is accepted in spite of its syntax: %1";
    }
    [Fatal] CtrlAgent {
        CTRL_AGENT_FAILED: "the control agent gives up: %1";
    }
}
