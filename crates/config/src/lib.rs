//! The configuration language: document, schema, diagnostics and snapshot.
#![forbid(unsafe_code)]
