//! Changes of reservations on their way through databases.

use kea_config::Change;
use kea_control::{Answer, Call};
use kea_sql::hosts::{Write, Written};

/// What a command does to a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server) enum How {
    Add,
    Update,
    Delete,
}

/// What a command wants changed, for a thread that has a database.
#[derive(Debug)]
pub(in crate::server) struct Order {
    pub(in crate::server) how: How,
    pub(in crate::server) write: Write,
    /// Nobody else may have an address in its subnet.
    pub(in crate::server) unique: bool,
    /// Where to look next when it is not there.
    pub(in crate::server) rest: Vec<usize>,
    /// What changes in the configuration in force when the databases are done.
    pub(in crate::server) memory: Vec<Change>,
    pub(in crate::server) call: Call,
}

/// What came of an order.
#[derive(Debug)]
pub(in crate::server) struct Outcome {
    pub(in crate::server) order: Order,
    /// What the database did, or a text for whoever gave the command.
    pub(in crate::server) result: Result<Written, String>,
}

impl How {
    /// The answer: whether any source had it, or has it now.
    pub(in crate::server) fn answer(self, done: bool) -> Answer {
        match (self, done) {
            (How::Add, true) => Answer::success("Host added."),
            (How::Update, true) => Answer::success("Host updated."),
            (How::Delete, true) => Answer::success("Host deleted."),
            (How::Add, false) => Answer::error("Host not added."),
            (How::Update, false) => Answer::error("Host not updated (not found)."),
            (How::Delete, false) => Answer::error("Host not deleted (not found)."),
        }
    }
}

impl Outcome {
    /// Answers the command, where nothing else comes of it.
    pub(super) fn answer(self) {
        let Outcome { order, result } = self;
        order.call.answer(match result {
            Ok(Written::Done(_)) => order.how.answer(true),
            Ok(Written::NotFound) => order.how.answer(false),
            Ok(Written::Taken(taken)) => Answer::error(taken.to_string()),
            Err(why) => Answer::error(why),
        });
    }
}
