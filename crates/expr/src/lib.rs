//! The client classification language: parse, check, compile, evaluate.
#![forbid(unsafe_code)]
