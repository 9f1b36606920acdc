//! What a server listens on, and what becomes of its sockets.

use kea_config::snapshot::{Listen as ListenOn, Snapshot, SocketType};
use kea_dhcp::Serving;
use kea_log::message::twin;
use kea_log::{Handle, Log, log};
use kea_net::{Channel, Listen, Mode, Selection, ServiceEvent};

/// What the configuration wants listened on.
pub(super) fn listen<F: Serving>(config: &Snapshot<F>, port: u16) -> Listen {
    let mode = match (F::VERSION, config.interfaces.socket_type) {
        (4, SocketType::Raw) => Mode::Raw4,
        (4, SocketType::Udp) => Mode::Udp4,
        _ => Mode::Udp6,
    };
    let entries = config.interfaces.interfaces.iter().map(|entry| match entry {
        ListenOn::All => "*".to_owned(),
        ListenOn::Interface { name, address: None } => name.to_string(),
        ListenOn::Interface { name, address: Some(address) } => format!("{name}/{address}"),
    });
    // The configuration has been checked for what this refuses.
    let selection = Selection::parse::<F>(entries).unwrap_or_default();
    Listen { selection, port, mode, channel: channel::<F>(config.server.dhcp4o6_port) }
}

/// The way to the server of the other protocol, which carries DHCPv4 over DHCPv6: the DHCPv6 server has
/// the configured port, the DHCPv4 server the next one.
fn channel<F: Serving>(port: u16) -> Option<Channel> {
    // The configuration has been checked for a port without a next one.
    let next = port.checked_add(1).filter(|_| port != 0)?;
    Some(match F::VERSION {
        4 => Channel { port: next, peer: port },
        _ => Channel { port, peer: next },
    })
}

/// Tells the operator of a socket.
pub(super) fn log_event<F: Serving>(logger: &Handle, event: &ServiceEvent) {
    tell::<F>(logger, event);
    if matches!(event, ServiceEvent::WorkerLost(_)) {
        // Some clients would get no answers any more. Leases are safe where they are; whoever
        // supervises this process starts it anew.
        logger.flush();
        std::process::exit(1);
    }
}

fn tell<F: Serving>(log: &dyn Log, event: &ServiceEvent) {
    match event {
        ServiceEvent::Opened(socket) => {
            log!(log, (twin::ACTIVATE_INTERFACE.of(F::VERSION)), socket.interface);
        }
        ServiceEvent::Failed(error) => log!(log, DHCPSRV_OPEN_SOCKET_FAIL, error),
        ServiceEvent::Closed(socket) => {
            log!(log, (twin::DEACTIVATE_INTERFACE.of(F::VERSION)), socket.interface);
        }
        ServiceEvent::Blind(error) => {
            log!(log, (twin::OPEN_SOCKET_FAIL.of(F::VERSION)), error);
        }
        ServiceEvent::WorkerLost(_) => {
            log!(log, (twin::SERVER_FAILED.of(F::VERSION)), "a worker thread panicked");
        }
        ServiceEvent::Interface(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use kea_log::Captured;
    use kea_net::WorkerId;
    use kea_wire::{V4, V6};

    use super::*;

    /// The socket that interfaces are watched by has failed, and a worker: nothing outside can bring
    /// that about.
    #[test]
    fn what_a_server_cannot_go_on_with_is_told() {
        let log = Captured::default();
        let blind = ServiceEvent::Blind(io::Error::other("no such socket"));
        for event in [blind, ServiceEvent::WorkerLost(WorkerId(0))] {
            tell::<V4>(&log, &event);
            tell::<V6>(&log, &event);
        }
        let told: Vec<String> = log.take().iter().map(kea_log::Event::text).collect();
        assert_eq!(
            told,
            [
                "DHCP4_OPEN_SOCKET_FAIL socket not opened: no such socket",
                "DHCP6_OPEN_SOCKET_FAIL socket not opened: no such socket",
                "DHCP4_SERVER_FAILED the server gives up: a worker thread panicked",
                "DHCP6_SERVER_FAILED the server gives up: a worker thread panicked",
            ]
        );
    }
}
