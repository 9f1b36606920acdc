//! What every process shares: arguments, signals, the PID file, the life cycle.
#![forbid(unsafe_code)]
