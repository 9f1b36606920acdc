//! Messages of the programs that are not DHCP servers.

use super::catalogue;

catalogue! {
    [Fatal] Dctl {
        DCTL_ALREADY_RUNNING: "%1 seems to run already: %2";
        DCTL_CONFIG_FILE_LOAD_FAIL: "%1: configuration cannot be used: %2";
        DCTL_PROCESS_FAILED: "%1 gives up: %2";
    }
    [Debug 10] Dctl {
        DCTL_CCSESSION_ENDING: "%1: control channel closes";
        DCTL_COMMAND_RECEIVED: "%1: command %2 with arguments %3";
        DCTL_CONFIG_START: "configuration to be applied: %1";
        DCTL_CONFIG_STUB: "%1: nothing to configure here";
        DCTL_CONFIG_UPDATE: "%1: configuration update: %2";
    }
    [Debug 0] Dctl {
        DCTL_INIT_PROCESS: "%1 initialises";
        DCTL_RUN_PROCESS: "%1 enters its event loop";
        DCTL_SHUTDOWN_SIGNAL_RECVD: "signal %1 received, shutting down";
        DCTL_STANDALONE: "%1 runs without message queue";
    }
    [Info] Dctl {
        DCTL_CFG_FILE_RELOAD_SIGNAL_RECVD: "signal %1 received, configuring again from %2";
        DCTL_CONFIG_CHECK_COMPLETE: "configuration checked: %1, result: %2";
        DCTL_CONFIG_COMPLETE: "configuration applied: %1";
        DCTL_CONFIG_FETCH: "fetching configuration from the configuration backends";
        DCTL_OPEN_CONFIG_DB: "opening configuration database %1";
        DCTL_SHUTDOWN: "%1 shut down, process %2, version %3";
        DCTL_STARTING: "%1 starts, process %2, version %3 (%4)";
    }
    [Error] Dctl {
        DCTL_CFG_FILE_RELOAD_ERROR: "configuring again failed: %1; the present configuration stays";
        DCTL_CONFIG_DEPRECATED: "the configuration holds '%1', which is no longer used";
        DCTL_CONFIG_LOAD_FAIL: "%1: configuration could not be applied: %2";
        DCTL_INIT_PROCESS_FAIL: "%1 could not be initialised: %2";
        DCTL_PARSER_FAIL: "configuration cannot be processed: %1";
        DCTL_PID_FILE_ERROR: "%1: PID file not written: %2";
        DCTL_SESSION_FAIL: "%1: no control session";
        DCTL_UNLOAD_LIBRARIES_ERROR: "hook libraries could not be unloaded at shutdown: %1";
    }
    [Warn] Dctl {
        DCTL_DEVELOPMENT_VERSION: "this is a development version, not meant for production";
        DCTL_NOT_RUNNING: "%1 is not running";
    }
}
