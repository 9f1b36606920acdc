//! Lease records, tables, pools, expiry and the journal.
#![forbid(unsafe_code)]
