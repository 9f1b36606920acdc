//! Hook libraries that are part of the servers, one module each: configurations name them by the files
//! that they are elsewhere (the manual's chapter on hook libraries).
#![forbid(unsafe_code)]

mod flex_id;
mod parameters;

use kea_config::snapshot::Dialect;
use kea_hooks::Library;

/// The libraries of the DHCP servers.
pub const fn libraries<F: Dialect>() -> &'static [Library<F>] {
    const { &[Library { file: "libdhcp_flex_id.so", load: flex_id::load::<F> }] }
}
