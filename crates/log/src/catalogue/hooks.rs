//! Messages of hook libraries and callouts.

use super::catalogue;

catalogue! {
    [Debug 40] Callouts {
        HOOKS_CALLOUT_DEREGISTERED: "library %1 took a callout off hook %2";
    }
    [Error] Callouts {
        HOOKS_CALLOUT_ERROR: "callout on hook %1 of library %2 at %3 failed after %4";
        HOOKS_CALLOUT_EXCEPTION: "callout on hook %1 of library %2 at %3 broke off: %4, after %5";
    }
    [Error] Hooks {
        HOOKS_CLOSE_ERROR: "library %1 could not be closed: %2";
        HOOKS_INCORRECT_VERSION: "library %1 was built for version %2, this is %3";
        HOOKS_LIBRARY_MULTI_THREADING_NOT_COMPATIBLE:
            "library %1 cannot be used with multi-threading";
        HOOKS_LOAD_ERROR: "'load' of library %1 failed with %2";
        HOOKS_LOAD_EXCEPTION: "'load' of library %1 broke off";
        HOOKS_LOAD_FRAMEWORK_EXCEPTION: "'load' of library %1 broke off: %2";
        HOOKS_MULTI_THREADING_COMPATIBLE_EXCEPTION:
            "'multi_threading_compatible' of library %1 broke off";
        HOOKS_NO_VERSION: "library %1 has no 'version' function";
        HOOKS_OPEN_ERROR: "library %1 could not be opened: %2";
        HOOKS_UNLOAD_ERROR: "'unload' of library %1 failed with %2";
        HOOKS_UNLOAD_EXCEPTION: "'unload' of library %1 broke off";
        HOOKS_UNLOAD_FRAMEWORK_EXCEPTION: "'unload' of library %1 broke off: %2";
    }
    [Info] Hooks {
        HOOKS_LIBRARY_CLOSED: "library %1 closed";
        HOOKS_LIBRARY_LOADED: "library %1 loaded";
        HOOKS_LIBRARY_UNLOADED: "library %1 unloaded";
    }
    [Debug 40] Hooks {
        HOOKS_HOOK_LIST_RESET: "list of hooks emptied";
        HOOKS_LIBRARY_LOADING: "loading library %1";
        HOOKS_LIBRARY_MULTI_THREADING_COMPATIBLE: "library %1 on multi-threading: %2";
        HOOKS_LIBRARY_UNLOADING: "unloading library %1";
        HOOKS_LOAD_SUCCESS: "'load' of library %1 succeeded";
        HOOKS_NO_LOAD: "library %1 has no 'load' function";
        HOOKS_NO_UNLOAD: "library %1 has no 'unload' function";
        HOOKS_UNLOAD_SUCCESS: "'unload' of library %1 succeeded";
    }
    [Debug 55] Callouts {
        HOOKS_ALL_CALLOUTS_DEREGISTERED: "library %1 took all its callouts off hook %2";
        HOOKS_CALLOUT_CALLED: "library %1: callout on hook %2 at %3 done in %4";
    }
    [Debug 45] Hooks {
        HOOKS_CALLOUTS_REMOVED: "callouts of hook %1 removed for library %2";
        HOOKS_STD_CALLOUT_REGISTERED: "library %1: callout named after hook %2 registered, at %3";
        HOOKS_LIBRARY_VERSION: "library %1 was built for version %2";
    }
    [Debug 45] Callouts {
        HOOKS_CALLOUT_REGISTRATION: "library %1 registers a callout on hook '%2'";
        HOOKS_CALLOUTS_BEGIN: "calling callouts of hook %1";
        HOOKS_CALLOUTS_COMPLETE: "callouts of hook %1 done in %2";
    }
}
