//! Any UDP payload, as a DHCPv4 message.
#![no_main]

use kea_wire::v4::{Builder, Message, MessageType, View};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(view) = View::parse(bytes) else { return };
    let total: usize = view.options().map(|(_, data)| data.len()).sum();
    let joined: usize = (0..=255).filter_map(|code| view.option(code)).map(|data| data.len()).sum();
    assert_eq!(total, joined);
    if let Some(info) = view.relay_agent_info() {
        let read: usize = info.sub_options().map(|(_, data)| data.len() + 2).sum();
        assert!(read <= info.data().len());
        assert_eq!(info.is_damaged(), read < info.data().len());
    }

    let mut buffer = Vec::new();
    let mut answer = Builder::reply(&mut buffer, &view, MessageType::Ack);
    for (code, data) in view.options() {
        answer.option(code, data);
    }
    let emitted = answer.max_len(0).finish();
    assert!(emitted.len <= Builder::MIN_LIMIT);

    if let Ok(message) = Message::parse(bytes) {
        let written = message.to_bytes();
        assert_eq!(written.len(), message.buffer_len());
        let mut read_back = Message::parse(&written).expect("what is emitted is well formed");
        // A full `sname` or `file` is emitted with a NUL in its last octet.
        read_back.sname.clone_from(&message.sname);
        read_back.file.clone_from(&message.file);
        assert_eq!(read_back, message);
    }
});
