//! What happens to a query, told step by step: the same corridor, and somebody who writes down what
//! is decided in it. Nothing is changed by asking.

mod notes;
mod origin;
mod render;
mod step;

use std::sync::{Arc, Mutex, PoisonError};

use kea_config::Snapshot;
use kea_hooks::Hooks;
use kea_lease::{Journal, Leases};
use kea_log::{Argument, Component, Event, Log, Message, Silent};
use kea_stats::{ServerKind, Stats, UnixMicros};

use super::arrival::Arrival;
use super::callouts::Callouts;
use super::corridor::{Answer, Corridor};
use super::drop::Drop;
use super::statistics::Statistics;
use crate::{Serving, Worker};

pub use origin::Origin;
pub(crate) use origin::Sources;
pub(crate) use render::{hex, range};
pub use step::{
    AnswerField, AnswerOption, Cause, Evaluated, Explanation, HookEffect, LeaseStep, PoolStep,
    ReservationStep, Step, SubnetStep,
};

/// Takes a datagram down the corridor and tells what happens to it on the way. Leases, files and
/// statistics stay as they are: whoever asks again gets the same explanation. Of `hooks` only those
/// are asked that [leave no trace](kea_hooks::Hook::may_explain).
///
/// `now` are unix seconds; `seed` is what unpredictable choices follow from.
pub fn explain<F: Serving>(
    config: &Snapshot<F>,
    leases: &Leases<F>,
    hooks: &Hooks<F>,
    arrival: &Arrival<'_, F>,
    payload: &[u8],
    (now, seed): (i64, u64),
) -> Explanation {
    let recorder = Arc::new(Recorder::default());
    let asked = hooks.explaining(Silent);
    Step::not_asked(hooks, &asked).for_each(|step| recorder.note(step));
    let stats = Stats::new(ServerKind::of_version(F::VERSION), 1, jiff::tz::TimeZone::UTC);
    let statistics = Statistics::new(&stats, 0, config, UnixMicros(0));
    let corridor = Corridor {
        config,
        leases: &leases.preview(),
        journal: &Journal::none(),
        statistics: &statistics,
        log: &*recorder,
        name_changes: &(),
        callouts: (!asked.is_empty()).then_some(Callouts { hooks: &asked, lot: None }),
        now,
    };
    let mut worker = Worker::<F>::new(seed, None);
    worker.record(Arc::clone(&recorder));
    let mut octets = Vec::new();
    let decided = worker.decide(&corridor, arrival, payload, &mut octets);
    recorder.note_outcome(decided);
    Explanation { steps: recorder.take() }
}

/// Writes down what is decided about a query.
#[derive(Debug, Default)]
pub struct Recorder {
    steps: Mutex<Vec<Step>>,
}

impl Recorder {
    pub(crate) fn note(&self, step: Step) {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner).push(step);
    }

    fn take(&self) -> Vec<Step> {
        std::mem::take(&mut *self.steps.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note_outcome<F: Serving>(&self, decided: Result<Answer<F>, Drop<F>>) {
        self.note(match decided {
            Ok(answer) => {
                let (address, port) = (answer.transmit.destination, answer.transmit.port);
                Step::Sent { address: address.to_string(), port }
            }
            Err(reason) => Step::Silence { reason: reason.to_string() },
        });
    }
}

/// Messages are steps, too. What evaluation says is written down in another form.
impl Log for Recorder {
    fn enabled(&self, message: &'static Message) -> bool {
        message.component != Component::Eval
    }

    fn emit(&self, message: &'static Message, arguments: &[Argument<'_>]) {
        let arguments = arguments.iter().map(ToString::to_string).collect();
        let text = Event { message, arguments }.text();
        // The text begins with the identifier.
        let text = text.split_once(' ').map_or("", |(_, text)| text).to_owned();
        self.note(Step::Message { id: message.id, text });
    }
}
