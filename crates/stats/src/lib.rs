//! Counters with history.
#![forbid(unsafe_code)]
