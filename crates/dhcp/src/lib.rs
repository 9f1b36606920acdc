//! The corridor from query to answer, for both protocols.
#![forbid(unsafe_code)]
