//! The log as the simulator keeps it: identifiers while all is well, texts when a story is told.

use kea_log::{Argument, Event, Log, Message};
use parking_lot::Mutex;

/// Receives what the engine logs about one query at a time.
#[derive(Default)]
pub(crate) struct SimLog(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    telling: bool,
    ids: Vec<&'static str>,
    texts: Vec<String>,
}

impl SimLog {
    /// Keeps texts too.
    pub(crate) fn telling() -> Self {
        SimLog(Mutex::new(Kept { telling: true, ..Kept::default() }))
    }

    /// Forgets the last query.
    pub(crate) fn clear(&self) {
        self.0.lock().ids.clear();
    }

    /// What was logged since: `look` sees the identifiers.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&[&'static str]) -> T) -> T {
        look(&self.0.lock().ids)
    }

    /// The texts since the last call.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().texts)
    }
}

impl Log for SimLog {
    fn enabled(&self, _: &'static Message) -> bool {
        true
    }

    fn emit(&self, message: &'static Message, arguments: &[Argument<'_>]) {
        let mut kept = self.0.lock();
        kept.ids.push(message.id);
        if kept.telling {
            let arguments = arguments.iter().map(ToString::to_string).collect();
            kept.texts.push(Event { message, arguments }.text());
        }
    }
}
