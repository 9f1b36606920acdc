//! Where code that decides things sends its messages.

use std::sync::{Arc, Mutex, PoisonError};

use crate::argument::Argument;
use crate::levels::Threshold;
use crate::message_row::Message;

/// A receiver of messages, handed down to code that must not know about files, clocks or threads.
pub trait Log: Send + Sync {
    /// Whether an occurrence of `message` would be kept; cheap, asked before anything is formatted.
    fn enabled(&self, message: &'static Message) -> bool;

    /// Takes an occurrence, `%1` being the first of `arguments`.
    fn emit(&self, message: &'static Message, arguments: &[Argument<'_>]);
}

/// Writes an occurrence of a message if it is enabled: `log!(log, DHCP4_LEASE_ALLOC, label, address, 3600)`.
///
/// Arguments are anything with a `Display`; numbers, addresses, texts and [`ClientLabel`](crate::ClientLabel)s are
/// carried as they are and become text on the writer's thread.
///
/// The message is a name from [`message`](crate::message), whose number of arguments is checked when compiling, or
/// any expression of type `&'static Message` in parentheses: `log!(log, (twin::SHUTDOWN.of(F::VERSION)))`.
#[macro_export]
macro_rules! log {
    ($log:expr, ($message:expr) $(, $argument:expr)* $(,)?) => {{
        #[allow(unused_imports)]
        use $crate::{AsText as _, AsValue as _, Log as _};
        let message: &'static $crate::Message = $message;
        if $log.enabled(message) {
            $log.emit(message, &[$($crate::Given(&$argument).argument()),*]);
        }
    }};
    ($log:expr, $message:ident $(, $argument:expr)* $(,)?) => {{
        const { $crate::message::$message.expects(<[&str]>::len(&[$(stringify!($argument)),*])) };
        $crate::log!($log, (&$crate::message::$message) $(, $argument)*);
    }};
}

/// Discards everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Log for Silent {
    fn enabled(&self, _: &'static Message) -> bool {
        false
    }

    fn emit(&self, _: &'static Message, _: &[Argument<'_>]) {}
}

/// One captured occurrence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its row of the catalogue.
    pub message: &'static Message,
    /// The arguments as text, `%1` first.
    pub arguments: Vec<String>,
}

impl Event {
    /// Identifier and text as in a log line.
    pub fn text(&self) -> String {
        let arguments: Vec<_> = self.arguments.iter().map(|text| Argument::Text(text)).collect();
        format!("{} {}", self.message.id, self.message.render(&arguments))
    }
}

/// Keeps every occurrence as a value, for tests and simulations. Clones share one list.
#[derive(Clone, Debug)]
pub struct Captured {
    threshold: Threshold,
    events: Arc<Mutex<Vec<Event>>>,
}

impl Captured {
    /// Captures what passes `threshold`, of all loggers.
    pub fn new(threshold: Threshold) -> Self {
        Self { threshold, events: Arc::default() }
    }

    /// What was captured so far.
    pub fn events(&self) -> Vec<Event> {
        self.lock().clone()
    }

    /// What was captured since the last call.
    pub fn take(&self) -> Vec<Event> {
        std::mem::take(&mut *self.lock())
    }

    /// Identifiers captured so far, in order.
    pub fn ids(&self) -> Vec<&'static str> {
        self.lock().iter().map(|event| event.message.id).collect()
    }

    /// The occurrences of one message.
    pub fn of(&self, message: &'static Message) -> Vec<Event> {
        let events = self.lock();
        events.iter().filter(|event| event.message.id == message.id).cloned().collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Event>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Captured {
    /// Captures everything.
    fn default() -> Self {
        Self::new(Threshold::ALL)
    }
}

impl Log for Captured {
    fn enabled(&self, message: &'static Message) -> bool {
        message.rank() <= self.threshold.rank()
    }

    fn emit(&self, message: &'static Message, arguments: &[Argument<'_>]) {
        let arguments = arguments.iter().map(ToString::to_string).collect();
        self.lock().push(Event { message, arguments });
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Display;

    use super::*;
    use crate::levels::Severity;
    use crate::message;

    struct Explosive;

    impl Display for Explosive {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("formatted although disabled")
        }
    }

    #[test]
    fn events_are_captured_as_identifier_and_arguments() {
        let log = Captured::default();
        log!(log, DHCP4_LEASE_ALLOC, "[client]", "192.0.2.7", 3600);
        let [event] = &log.take()[..] else { panic!("one event expected") };
        assert_eq!(event.message.id, "DHCP4_LEASE_ALLOC");
        assert_eq!(event.arguments, ["[client]", "192.0.2.7", "3600"]);
        assert!(log.events().is_empty());
    }

    #[test]
    fn nothing_is_formatted_when_not_enabled() {
        let log = Captured::new(Threshold::of(Severity::Debug, 44));
        log!(log, DHCP4_SUBNET_SELECTED, Explosive, Explosive);
        log!(Silent, DHCP4_SHUTDOWN);
        assert_eq!(log.ids(), Vec::<&str>::new());
    }

    #[test]
    fn twins_choose_by_version() {
        let log: Arc<dyn Log> = Arc::new(Captured::default());
        log!(log, (message::twin::SHUTDOWN.of(6)));
        assert_eq!(message::twin::SHUTDOWN.of(6).id, "DHCP6_SHUTDOWN");
        assert_eq!(message::twin::SHUTDOWN.of(4).id, "DHCP4_SHUTDOWN");
    }
}
