//! Messages of the lease file clean-up.

use super::catalogue;

catalogue! {
    [Fatal] Root {
        LFC_FAIL_PID_CREATE: "PID file not written: %1";
        LFC_FAIL_PID_DEL: "PID file not removed: %1";
        LFC_FAIL_PROCESS: "leases could not be processed: %1";
        LFC_FAIL_ROTATE: "lease files could not be rotated: %1";
        LFC_RUNNING: "another clean-up is at work";
    }
    [Info] Root {
        LFC_PROCESSING: "reading previous file %1 and copy %2";
        LFC_READ_STATS: "read %1 leases in %2 attempts with %3 errors";
        LFC_WRITE_STATS: "wrote %1 leases in %2 attempts with %3 errors";
        LFC_ROTATING: "rotating lease files";
        LFC_START: "lease file clean-up starts";
        LFC_TERMINATE: "lease file clean-up done";
    }
}
