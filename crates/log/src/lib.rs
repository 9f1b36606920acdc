//! The message catalogue, loggers and their outputs.
#![forbid(unsafe_code)]
