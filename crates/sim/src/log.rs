//! The log as the simulator keeps it: identifiers while all is well, texts when a story is told.

use kea_log::{Argument, Event, Log, Message};
use parking_lot::Mutex;

/// Receives what the engine logs about one query at a time.
#[derive(Default)]
pub(crate) struct SimLog(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    telling: bool,
    count: usize,
    texts: Vec<String>,
}

impl SimLog {
    /// Keeps texts too.
    pub(crate) fn telling() -> Self {
        SimLog(Mutex::new(Kept { telling: true, ..Kept::default() }))
    }

    /// Forgets the last query.
    pub(crate) fn clear(&self) {
        let mut kept = self.0.lock();
        kept.count = 0;
    }

    /// True when something was said besides that a query arrived and where it belongs.
    pub(crate) fn explains(&self) -> bool {
        self.0.lock().count > 0
    }

    /// The texts since the last call.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().texts)
    }
}

/// What is logged of every query, whatever becomes of it.
const ROUTINE: [&str; 4] = [
    "DHCP4_PACKET_RECEIVED",
    "DHCP4_SUBNET_SELECTED",
    "DHCP6_PACKET_RECEIVED",
    "DHCP6_SUBNET_SELECTED",
];

impl Log for SimLog {
    fn enabled(&self, _: &'static Message) -> bool {
        true
    }

    fn emit(&self, message: &'static Message, arguments: &[Argument<'_>]) {
        let mut kept = self.0.lock();
        if !ROUTINE.contains(&message.id) {
            kept.count += 1;
        }
        if kept.telling {
            let arguments = arguments.iter().map(ToString::to_string).collect();
            kept.texts.push(Event { message, arguments }.text());
        }
    }
}
