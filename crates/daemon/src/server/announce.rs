//! What a configuration means, told to who reads the log when it is put in force.

use std::fmt::{self, Display};
use std::net::IpAddr;

use kea_config::document::Document;
use kea_config::snapshot::{Listen, Reservation, Snapshot, SocketType, Subnet};
use kea_dhcp::Serving;
use kea_hooks::Library;
use kea_lease::SubnetId;
use kea_log::message::{self, twin};
use kea_log::{Handle, Log as _, log, redact_json};
use kea_wire::Address as _;

/// Shows a configuration that is about to be applied, without its secrets.
pub(super) fn received<F: Serving>(logger: &Handle, document: &Document) {
    if !logger.enabled(twin::CONFIG_RECEIVED.of(F::VERSION)) {
        return;
    }
    let Some(shown) = shown(document) else { return };
    log!(logger, (twin::CONFIG_RECEIVED.of(F::VERSION)), shown);
    log!(logger, (twin::CONFIG_START.of(F::VERSION)), shown);
}

/// Tells that the configuration file was read again, which is the command of setting it.
pub(super) fn command<F: Serving>(logger: &Handle, document: &Document) {
    let message = twin::COMMAND_RECEIVED.of(F::VERSION);
    if let Some(shown) = logger.enabled(message).then(|| shown(document)).flatten() {
        log!(logger, (message), "config-set", shown);
    }
}

/// A configuration without its secrets.
fn shown(document: &Document) -> Option<serde_json::Value> {
    let text = document.root().value.to_string();
    let config = serde_json::from_str(&text).ok()?;
    Some(redact_json(&config))
}

/// Tells which hook libraries are in use: parts of the server, under the names of files. One that is no part
/// of it has no effect, which is an error to the operator who asked for it.
pub(super) fn libraries<F: Serving>(
    logger: &Handle,
    config: &Snapshot<F>,
    libraries: &[Library<F>],
) {
    for entry in &config.hooks_libraries {
        if is_part(&entry.library, libraries) {
            log!(logger, HOOKS_LIBRARY_LOADED, entry.library);
        } else {
            log!(logger, HOOKS_OPEN_ERROR, entry.library, "it is no part of this server");
        }
    }
}

/// Tells which hook libraries are not in use any more.
pub(super) fn libraries_closed<F: Serving>(
    logger: &Handle,
    config: &Snapshot<F>,
    libraries: &[Library<F>],
) {
    for entry in config.hooks_libraries.iter().filter(|entry| is_part(&entry.library, libraries)) {
        log!(logger, HOOKS_LIBRARY_CLOSED, entry.library);
    }
}

/// What these do is always there, or is looked for in the configuration by whoever does it.
const ALWAYS_THERE: &[&str] = &[
    "libdhcp_bootp.so",
    "libdhcp_class_cmds.so",
    "libdhcp_host_cmds.so",
    "libdhcp_mysql_cb.so",
    "libdhcp_pgsql_cb.so",
    "libdhcp_subnet_cmds.so",
];

fn is_part<F: Serving>(path: &str, libraries: &[Library<F>]) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    ALWAYS_THERE.contains(&file) || libraries.iter().any(|library| library.file == file)
}

/// Tells where the server will listen and which subnets it serves.
pub(super) fn contents<F: Serving>(logger: &Handle, config: &Snapshot<F>) {
    log!(logger, HOSTS_BACKENDS_REGISTERED, "mysql postgresql");
    if config.interfaces.interfaces.is_empty() {
        log!(logger, DHCPSRV_NO_SOCKETS_OPEN);
    }
    outdated(logger, config);
    if names_server_id(config) {
        log!(logger, DHCPSRV_CFGMGR_CONFIGURE_SERVERID);
    }
    let socket_type = (F::VERSION == 4).then_some(match config.interfaces.socket_type {
        SocketType::Raw => "raw",
        SocketType::Udp => "udp",
    });
    let is_chosen = config.interfaces.names_socket_type;
    if let Some(socket_type) = socket_type.filter(|_| is_chosen) {
        log!(logger, DHCPSRV_CFGMGR_SOCKET_TYPE_SELECT, socket_type);
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
    if let Some(socket_type) = socket_type.filter(|_| !is_chosen) {
        log!(logger, DHCPSRV_CFGMGR_SOCKET_TYPE_DEFAULT, socket_type);
    }
    config.subnets().iter().for_each(|subnet| new_subnet(logger, subnet));
    if logger.enabled(&message::HOSTS_CFG_ADD_HOST) {
        let hosts = config.reservations.file().iter();
        hosts.for_each(|host| log!(logger, HOSTS_CFG_ADD_HOST, Host(host)));
    }
    let updates = if config.dhcp_ddns.enable_updates { "enabled" } else { "disabled" };
    log!(logger, DHCPSRV_CFGMGR_CFG_DHCP_DDNS, format_args!("updates are {updates}"));
}

/// Tells which subnets a configuration has that the one before it had not, and the reverse.
pub(super) fn subnet_changes<F: Serving>(
    logger: &Handle,
    before: &Snapshot<F>,
    next: &Snapshot<F>,
) {
    let is_new = |subnet: &&Subnet<F>| before.subnet(subnet.id).is_none();
    next.subnets().iter().filter(is_new).for_each(|subnet| new_subnet(logger, subnet));
    for gone in before.subnets().iter().filter(|subnet| next.subnet(subnet.id).is_none()) {
        log!(logger, (twin::DEL_SUBNET.of(F::VERSION)), gone.prefix_text);
    }
}

/// Tells that a command changed a subnet that stays.
pub(super) fn updated_subnet<F: Serving>(logger: &Handle, id: SubnetId) {
    log!(logger, (twin::UPDATE_SUBNET.of(F::VERSION)), id, "true");
}

fn new_subnet<F: Serving>(logger: &Handle, subnet: &Subnet<F>) {
    log!(logger, (twin::NEW_SUBNET.of(F::VERSION)), Particulars(subnet));
    log!(logger, (twin::ADD_SUBNET.of(F::VERSION)), subnet.prefix_text);
}

/// Tells of parameters that have found other places since.
fn outdated<F: Serving>(logger: &Handle, config: &Snapshot<F>) {
    let Some(root) = config.document().root().as_map() else { return };
    for server in root.iter().filter_map(|entry| entry.node.as_map()) {
        let Some(moved) = server.get("dhcp-ddns").and_then(|entry| entry.as_map()) else {
            continue;
        };
        for (old, new) in MOVED.iter().filter(|(old, _)| moved.get(old).is_some()) {
            if server.get(new).is_some() {
                log!(logger, DHCPSRV_CFGMGR_DDNS_PARAMETER_IGNORED, old, new);
            } else {
                log!(logger, DHCPSRV_CFGMGR_DDNS_PARAMETER_MOVED, old, new);
            }
        }
    }
    if logger.enabled(&message::DHCPSRV_CFGMGR_RELAY_IP_ADDRESS_DEPRECATED)
        && let Some(shown) = shown(config.document())
    {
        outdated_relays(logger, &shown);
    }
}

fn outdated_relays(logger: &Handle, value: &serde_json::Value) {
    let outdated = value.get("relay").filter(|relay| relay.get("ip-address").is_some());
    if let Some(relay) = outdated {
        log!(logger, DHCPSRV_CFGMGR_RELAY_IP_ADDRESS_DEPRECATED, relay);
    }
    let members = value.as_object().into_iter().flat_map(|object| object.values());
    let items = value.as_array().into_iter().flatten();
    members.chain(items).for_each(|value| outdated_relays(logger, value));
}

/// Parameters of `dhcp-ddns` that are global ones now.
const MOVED: &[(&str, &str)] = &[
    ("override-no-update", "ddns-override-no-update"),
    ("override-client-update", "ddns-override-client-update"),
    ("replace-client-name", "ddns-replace-client-name"),
    ("generated-prefix", "ddns-generated-prefix"),
    ("qualifying-suffix", "ddns-qualifying-suffix"),
    ("hostname-char-set", "hostname-char-set"),
    ("hostname-char-replacement", "hostname-char-replacement"),
];

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

/// A reservation: who it is for, where, and what is reserved.
struct Host<'s, F: Serving>(&'s Reservation<F>);

impl<F: Serving> Display for Host<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.0;
        write!(f, "{}=", host.kind.name())?;
        host.identifier.iter().try_for_each(|octet| write!(f, "{octet:02x}"))?;
        match host.subnet {
            Some(id) => write!(f, ", subnet {id}")?,
            None => f.write_str(", global")?,
        }
        host.addresses.iter().try_for_each(|address| write!(f, ", address {address}"))?;
        write!(f, ", name '{}'", host.hostname)
    }
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
