//! Datagrams that the system did not take or give, told in numbers: one message for each would be a flood.

use kea_dhcp::Serving;
use kea_log::{Log, log};
use kea_net::Counters;

/// What was told so far.
#[derive(Debug, Default)]
pub(super) struct Losses(Counters);

impl Losses {
    /// Tells what was lost since the last call.
    pub(super) fn tell<F: Serving>(&mut self, counters: Counters, log: &dyn Log) {
        let before = std::mem::replace(&mut self.0, counters);
        for (count, why) in [
            (counters.send_full - before.send_full, "the send buffer was full"),
            (counters.send_unreachable - before.send_unreachable, "no such interface or route"),
            (counters.send_failed - before.send_failed, "refused by the system"),
        ] {
            match (F::VERSION, count) {
                (_, 0) => {}
                (4, _) => {
                    log!(log, DHCP4_PACKET_SEND_FAIL, format_args!("{count} responses"), why);
                }
                _ => log!(log, DHCP6_PACKET_SEND_FAIL, format_args!("{count} of them, {why}")),
            }
        }
        match (F::VERSION, counters.unheard - before.unheard) {
            (_, 0) => {}
            (4, count) => {
                let what = format_args!("{count} responses");
                log!(log, DHCP4_DHCP4O6_PACKET_SEND_FAIL, what, NOBODY);
            }
            (_, count) => {
                log!(log, DHCP6_DHCP4O6_SEND_FAIL, format_args!("{count} queries, {NOBODY}"));
            }
        }
        match (F::VERSION, counters.receive_failed - before.receive_failed) {
            (_, 0) => {}
            (4, count) => log!(log, DHCP4_BUFFER_RECEIVE_FAIL, format_args!("{count} times")),
            (_, count) => log!(log, DHCP6_PACKET_RECEIVE_FAIL, format_args!("{count} times")),
        }
    }
}

/// What the system says of a port that nothing is bound to.
const NOBODY: &str = "the other server does not listen on its port";

#[cfg(test)]
mod tests {
    use kea_log::Captured;
    use kea_wire::{V4, V6};

    use super::*;

    #[test]
    fn losses_are_told_once_by_number_and_cause() {
        let log = Captured::default();
        let mut losses = Losses::default();
        let mut counters = Counters::default();
        losses.tell::<V4>(counters, &log);
        assert_eq!(log.ids(), Vec::<&str>::new());
        (counters.send_full, counters.receive_failed) = (3, 1);
        losses.tell::<V4>(counters, &log);
        losses.tell::<V4>(counters, &log);
        (counters.send_unreachable, counters.receive_failed) = (2, 4);
        losses.tell::<V6>(counters, &log);
        counters.unheard = 1;
        losses.tell::<V6>(counters, &log);
        counters.unheard = 3;
        losses.tell::<V4>(counters, &log);
        let told: Vec<String> = log.take().iter().map(kea_log::Event::text).collect();
        assert_eq!(
            told,
            [
                "DHCP4_PACKET_SEND_FAIL 3 responses: response not sent: the send buffer was full",
                "DHCP4_BUFFER_RECEIVE_FAIL nothing could be received: 1 times",
                "DHCP6_PACKET_SEND_FAIL response not sent: 2 of them, no such interface or route",
                "DHCP6_PACKET_RECEIVE_FAIL nothing could be received: 3 times",
                "DHCP6_DHCP4O6_SEND_FAIL DHCPv4-over-DHCPv6 message not sent: 1 queries, \
                 the other server does not listen on its port",
                "DHCP4_DHCP4O6_PACKET_SEND_FAIL 2 responses: DHCPv4-over-DHCPv6 response not sent: \
                 the other server does not listen on its port",
            ]
        );
    }
}
