//! What happened to datagrams, in numbers.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[$doc:meta])* $variant:ident $field:ident)*) => {
        #[derive(Clone, Copy, Debug)]
        pub(crate) enum Counter { $($variant),* }

        /// Sums over all workers and sockets since the service started.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Counters {
            $($(#[$doc])* pub $field: u64,)*
            /// Datagrams that the kernel dropped because a receive buffer was full; not known for
            /// DHCPv6 multicast.
            pub receive_overrun: u64,
        }

        impl Counters {
            pub(crate) fn add(&mut self, worker: &WorkerCounters) {
                $(self.$field += worker.0[Counter::$variant as usize].load(Ordering::Relaxed);)*
            }
        }

        const COUNT: usize = [$(Counter::$variant),*].len();
    };
}

counters! {
    /// Datagrams given to handlers.
    Received received
    /// Packets that are no whole IPv4 UDP datagram.
    Malformed malformed
    /// Packets with a wrong checksum.
    BadChecksum bad_checksum
    /// Errors of sockets while receiving, such as an interface that went down.
    ReceiveFailed receive_failed
    /// Datagrams sent.
    Sent sent
    /// Datagrams dropped because the send buffer or queue was full.
    SendFull send_full
    /// Datagrams dropped because there is no such interface, socket or route (any more).
    SendUnreachable send_unreachable
    /// Datagrams that the kernel refused for another reason.
    SendFailed send_failed
    /// Datagrams into a channel at the other end of which nobody listens.
    Unheard unheard
}

/// Written by one worker, read by anyone.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(crate) struct WorkerCounters([AtomicU64; COUNT]);

impl WorkerCounters {
    pub(crate) fn add(&self, counter: Counter, count: u64) {
        // One writer: a plain load and store need no locked instruction.
        let cell = &self.0[counter as usize];
        cell.store(cell.load(Ordering::Relaxed) + count, Ordering::Relaxed);
    }
}
