//! `interface-list`, `interface-redetect` and `interface-add` (manual chapter 15).

use kea_control::{Answer, Arguments};
use kea_dhcp::Serving;
use kea_net::{Interface, SocketKey, SocketKind};
use serde_json::{Value as Json, json};

use super::Server;
use super::commands::{Next, Outcome, load_arguments};
use super::sockets::listen;

impl<F: Serving> Server<F> {
    /// The interfaces of the host, each with the sockets that are open on it.
    pub(super) fn interface_list(&self) -> Answer {
        let (interfaces, sockets) = (self.service.interfaces(), self.service.open_sockets());
        let list: Vec<_> =
            interfaces.iter().map(|interface| described(interface, &sockets)).collect();
        let count = list.len();
        let text = format!("{count} interface{} found", if count == 1 { "" } else { "s" });
        Answer::success(text).and(json!({ "interfaces": list }))
    }

    /// Interfaces are followed as they come and go; what this does is to try at once the sockets that
    /// could not be opened.
    pub(super) fn interface_redetect(&self) -> Answer {
        let config = self.shared.config.load();
        let failures = self.service.listen(listen::<F>(&config, self.port));
        let open = self.service.open_sockets().len();
        let text = format!("Interfaces detected: {}", self.service.interfaces().len());
        let failed: Vec<_> = failures.iter().map(ToString::to_string).collect();
        Answer::success(text).and(json!({ "open-sockets": open, "errors": failed }))
    }

    /// Adds interfaces to those of the configuration, which becomes the one in force.
    pub(super) fn interface_add(&mut self, arguments: Arguments<'_>) -> Outcome {
        let asked = arguments.list("interfaces").unwrap_or_default();
        if asked.is_empty() || !asked.iter().all(Json::is_string) {
            return Err("'interfaces' must be a list of names, with at least one in it".into());
        }
        let mut config = self.effective()?;
        let path = format!("/{}/interfaces-config", F::PROTOCOL.object());
        let section = config.pointer_mut(&path).and_then(Json::as_object_mut);
        let listed = section
            .map(|section| section.entry("interfaces").or_insert_with(|| json!([])))
            .and_then(Json::as_array_mut)
            .ok_or("the configuration has no interfaces-config")?;
        let before = listed.len();
        for name in asked {
            if !listed.contains(name) {
                listed.push(name.clone());
            }
        }
        let added = listed.len() - before;
        let all = json!({ "interfaces": listed });
        if added == 0 {
            let text = "No interface added: all of them are in the configuration already";
            return Ok(Answer::empty(text).and(all));
        }
        let loaded = load_arguments::<F>(Arguments(Some(&config)))?;
        if let Err(error) = self.apply(loaded.snapshot) {
            return Ok(error.answer(""));
        }
        self.next = Next::Reschedule;
        let text = format!("{added} interface{} added", if added == 1 { "" } else { "s" });
        Ok(Answer::success(text).and(all))
    }
}

fn described(interface: &Interface, sockets: &[SocketKey]) -> Json {
    let of_this = sockets.iter().filter(|socket| socket.index == interface.index);
    let sockets: Vec<_> = of_this.map(socket).collect();
    let addresses: Vec<_> = interface
        .addresses
        .iter()
        .map(|at| format!("{}/{}{}", at.address, at.prefix_len, unusable(at.usable)))
        .collect();
    json!({
        "name": &*interface.name,
        "index": interface.index,
        "hw-address": interface.hw_addr.to_string(),
        "up": interface.up,
        "running": interface.running,
        "loopback": interface.loopback,
        "broadcast": interface.broadcast,
        "multicast": interface.multicast,
        "addresses": addresses,
        "sockets": sockets,
    })
}

fn unusable(usable: bool) -> &'static str {
    if usable { "" } else { " (not usable yet)" }
}

fn socket(key: &SocketKey) -> Json {
    let (kind, address) = match &key.kind {
        SocketKind::Packet => ("raw", None),
        SocketKind::PortHolder(address) => ("udp", Some(address.to_string())),
        SocketKind::Unicast(address) | SocketKind::Client(address) => {
            ("udp", Some(address.to_string()))
        }
        SocketKind::Multicast(group) => ("udp", Some(group.to_string())),
        SocketKind::Channel { .. } => ("dhcp4o6", None),
    };
    json!({ "type": kind, "address": address, "port": key.port })
}
