//! What a configuration means, told to who reads the log when it is put in force.

use std::fmt::{self, Display};
use std::net::IpAddr;

use kea_config::document::Document;
use kea_config::snapshot::{Listen, Snapshot, SocketType, Subnet};
use kea_dhcp::Serving;
use kea_log::message::twin;
use kea_log::{Handle, Log as _, log, redact_json};
use kea_wire::Address as _;

/// Shows a configuration that is about to be applied, without its secrets.
pub(super) fn received<F: Serving>(logger: &Handle, document: &Document) {
    if !logger.enabled(twin::CONFIG_RECEIVED.of(F::VERSION)) {
        return;
    }
    let text = document.root().value.to_string();
    let Ok(config) = serde_json::from_str(&text) else { return };
    let shown = redact_json(&config);
    log!(logger, (twin::CONFIG_RECEIVED.of(F::VERSION)), shown);
    log!(logger, (twin::CONFIG_START.of(F::VERSION)), shown);
}

/// Tells where the server will listen and which subnets it serves.
pub(super) fn contents<F: Serving>(logger: &Handle, config: &Snapshot<F>) {
    // Databases of hosts would stand here.
    log!(logger, HOSTS_BACKENDS_REGISTERED, "none but the configuration");
    if config.interfaces.interfaces.is_empty() {
        log!(logger, DHCPSRV_NO_SOCKETS_OPEN);
    }
    if names_server_id(config) {
        log!(logger, DHCPSRV_CFGMGR_CONFIGURE_SERVERID);
    }
    for listen in &config.interfaces.interfaces {
        match listen {
            Listen::All => log!(logger, DHCPSRV_CFGMGR_ALL_IFACES_ACTIVE),
            Listen::Interface { name, address: None } => {
                log!(logger, DHCPSRV_CFGMGR_ADD_IFACE, name);
            }
            Listen::Interface { name, address: Some(address) } if F::VERSION == 4 => {
                log!(logger, DHCPSRV_CFGMGR_USE_ADDRESS, address, name);
            }
            Listen::Interface { name, address: Some(address) } => {
                if matches!(address.ip(), IpAddr::V6(address) if address.is_unicast_link_local()) {
                    log!(logger, DHCPSRV_CFGMGR_UNICAST_LINK_LOCAL, address, name);
                }
                log!(logger, DHCPSRV_CFGMGR_USE_UNICAST, address, name);
            }
        }
    }
    if F::VERSION == 4 {
        let name = match config.interfaces.socket_type {
            SocketType::Raw => "raw",
            SocketType::Udp => "udp",
        };
        if config.interfaces.names_socket_type {
            log!(logger, DHCPSRV_CFGMGR_SOCKET_TYPE_SELECT, name);
        } else {
            log!(logger, DHCPSRV_CFGMGR_SOCKET_TYPE_DEFAULT, name);
        }
    }
    config.subnets().iter().for_each(|subnet| new_subnet(logger, subnet));
}

/// Tells which subnets a configuration has that the one before it had not.
pub(super) fn new_subnets<F: Serving>(logger: &Handle, before: &Snapshot<F>, next: &Snapshot<F>) {
    let is_new = |subnet: &&Subnet<F>| before.subnet(subnet.id).is_none();
    next.subnets().iter().filter(is_new).for_each(|subnet| new_subnet(logger, subnet));
}

fn new_subnet<F: Serving>(logger: &Handle, subnet: &Subnet<F>) {
    log!(logger, (twin::NEW_SUBNET.of(F::VERSION)), Particulars(subnet));
}

/// True when the configuration says who the server is.
fn names_server_id<F: Serving>(config: &Snapshot<F>) -> bool {
    let Some(root) = config.document().root().as_map() else { return false };
    let mut servers = root.iter().filter_map(|entry| entry.node.as_map());
    servers.any(|server| server.get("server-id").is_some())
}

/// Tells who the server is.
pub(super) fn identity<F: Serving>(logger: &Handle, config: &Snapshot<F>) {
    if let Some(server_id) = F::server_id(config) {
        log!(logger, DHCP6_USING_SERVERID, server_id);
    }
}

/// Tells how many threads serve.
pub(super) fn threads<F: Serving>(logger: &Handle, config: &Snapshot<F>, workers: usize) {
    let enabled = if workers > 1 { "yes" } else { "no" };
    let queue = config.multi_threading.packet_queue_size;
    log!(logger, (twin::MULTI_THREADING_INFO.of(F::VERSION)), enabled, workers, queue);
}

/// A subnet with the times that its leases get.
struct Particulars<'s, F: Serving>(&'s Subnet<F>);

impl<F: Serving> Display for Particulars<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subnet = self.0;
        write!(f, "{} with params: ", subnet.prefix_text)?;
        let timers = [("t1", subnet.timers.renew), ("t2", subnet.timers.rebind)];
        for (name, seconds) in timers {
            if let Some(seconds) = seconds {
                write!(f, "{name}={seconds}, ")?;
            }
        }
        write!(f, "valid-lifetime={}", subnet.valid.default)
    }
}
