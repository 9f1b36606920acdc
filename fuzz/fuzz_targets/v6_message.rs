//! Any UDP payload, as a DHCPv6 datagram.
#![no_main]

use kea_wire::v6::{Builder, Message, MessageType, View};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(view) = View::parse(bytes) else { return };
    for ia in view.associations().flatten() {
        ia.addresses().chain([]).for_each(drop);
        ia.prefixes().for_each(drop);
        ia.status();
    }
    for relay in view.relays() {
        (relay.remote_id(), relay.relay_id(), relay.client_link_layer_address());
        relay.echo_request().for_each(drop);
        relay.supplied_options().iter().for_each(drop);
    }
    view.vendor_classes().for_each(|class| class.tuples().for_each(drop));
    view.vendor_opts().for_each(|vendor| vendor.options.iter().for_each(drop));
    (view.client_id(), view.auth(), view.fqdn(), view.status(), view.damage());

    let mut buffer = Vec::new();
    Builder::reply(&mut buffer, &view, MessageType::Reply).finish().expect("no more than came in");
    let answer = View::parse(&buffer).expect("what is emitted is well formed");
    assert_eq!(answer.relays().len(), view.relays().len());
    assert_eq!(answer.xid(), view.xid());

    if let Ok(message) = Message::parse(bytes) {
        let written = message.to_bytes().expect("no more than came in");
        assert_eq!(Message::parse(&written), Ok(message));
    }
});
