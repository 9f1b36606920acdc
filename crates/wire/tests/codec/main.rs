//! The codec against packets of real clients and servers, RFC corner cases, arbitrary bytes, and a
//! second decoder.

mod arbitrary;
mod captures;
mod frame;
mod second_decoder;
mod v4;
mod v4_corners;
mod v6;
mod v6_corners;
mod v6_leasequery;
