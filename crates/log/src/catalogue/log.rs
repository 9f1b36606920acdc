//! Messages of the logging system itself.

use super::catalogue;

catalogue! {
    [Error] Root {
        LOG_BAD_DESTINATION: "'%1' is not a destination of log messages";
        LOG_BAD_SEVERITY: "'%1' is not a severity, INFO is used";
        LOG_BAD_STREAM: "'%1' is not a console stream";
        LOG_INPUT_OPEN_FAIL: "message file %1 cannot be read: %2";
        LOG_OPEN_OUTPUT_FAIL: "file %1 cannot be written: %2";
        LOG_READ_ERROR: "error reading message file %1: %2";
        LOG_WRITE_ERROR:
            "log output %1 failed: %2",
            "Messages for this output are lost until it works again.";
        LOG_NO_MESSAGE_ID: "line %1: a definition without identifier";
        LOG_NO_MESSAGE_TEXT: "line %1: identifier '%2' without text";
        LOG_INVALID_MESSAGE_ID: "line %1: '%2' cannot be an identifier";
        LOG_NAMESPACE_EXTRA_ARGS: "line %1: $NAMESPACE takes one argument";
        LOG_NAMESPACE_INVALID_ARG: "line %1: '%2' cannot be a namespace";
        LOG_NAMESPACE_NO_ARGS: "line %1: $NAMESPACE without argument";
        LOG_PREFIX_EXTRA_ARGS: "line %1: $PREFIX takes one argument";
        LOG_PREFIX_INVALID_ARG: "line %1: '%2' cannot be a prefix";
        LOG_UNRECOGNIZED_DIRECTIVE: "line %1: directive '%2' does not exist";
    }
    [Warn] Root {
        LOG_DUPLICATE_MESSAGE_ID: "identifier %1 is defined twice";
        LOG_DUPLICATE_NAMESPACE: "line %1: namespace set twice";
        LOG_NO_SUCH_MESSAGE: "identifier %1 of the local message file does not exist";
        LOG_MESSAGES_DROPPED:
            "%1 log messages were dropped because the outputs did not keep up",
            "Lower the severity, or let logging wait for its outputs.";
    }
    [Info] Root {
        LOG_READING_LOCAL_FILE: "reading local message file %1";
    }
    [Debug 40] Root {
        LOGIMPL_ABOVE_MAX_DEBUG: "debug level %1 is above the maximum, %2 is used";
        LOGIMPL_BAD_DEBUG_STRING: "debug setting '%1' cannot be read";
    }
}
