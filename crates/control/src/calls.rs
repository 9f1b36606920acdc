//! From listeners to the daemon: a bounded queue of commands, each with the way back of its answer.

use std::fmt;
use std::net::SocketAddr;

use tokio::sync::{mpsc, oneshot};

use crate::answer::Answer;
use crate::command::Command;

/// A command that waits for its answer.
#[derive(Debug)]
pub struct Call {
    /// What is asked.
    pub command: Command,
    /// By whom.
    pub origin: Origin,
    replier: Replier,
}

/// Where a command came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A UNIX socket; who may write to it is the file system's business.
    Unix,
    /// An HTTP connection.
    Http {
        /// The client's address.
        peer: SocketAddr,
        /// The user, when basic authentication succeeded.
        user: Option<String>,
        /// True when the connection is encrypted.
        tls: bool,
        /// The client's certificate, DER, when one was shown and found good.
        certificate: Option<Vec<u8>>,
    },
}

/// The way back of one answer. Dropped unused, the client is told that no answer could be made.
pub struct Replier {
    sender: oneshot::Sender<Reply>,
    hear: Option<Box<dyn FnOnce(Answer) -> Answer + Send>>,
}

impl fmt::Debug for Replier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replier").field("sender", &self.sender).finish_non_exhaustive()
    }
}

/// What goes back to a client.
#[derive(Debug)]
pub(crate) enum Reply {
    One(Answer),
    /// One text each for several servers, as each of them gave it.
    Several(Vec<String>),
}

/// The commands that arrive, in order of arrival.
#[derive(Debug)]
pub struct Calls(mpsc::Receiver<Call>);

/// The listeners' end of the queue.
#[derive(Clone, Debug)]
pub(crate) struct CallSender(mpsc::Sender<Call>);

/// Commands that wait for the daemon; beyond these, connections wait.
const QUEUED_CALLS: usize = 64;

impl Call {
    /// Sends the answer.
    pub fn answer(self, answer: Answer) {
        self.replier.answer(answer);
    }

    /// Has `hear` look at the answer, and change it, before it leaves.
    pub fn heard_by(&mut self, hear: impl FnOnce(Answer) -> Answer + Send + 'static) {
        self.replier.hear = Some(Box::new(hear));
    }

    /// Separates the question from the way back, for answers that take their time.
    pub fn split(self) -> (Command, Origin, Replier) {
        (self.command, self.origin, self.replier)
    }
}

impl Replier {
    /// Sends the answer.
    pub fn answer(self, answer: Answer) {
        let answer = match self.hear {
            Some(hear) => hear(answer),
            None => answer,
        };
        // The client may be gone; nobody else wants it.
        let _ = self.sender.send(Reply::One(answer));
    }

    /// Sends what several servers answered, each text one JSON value.
    pub fn answers(self, answers: Vec<String>) {
        // As above.
        let _ = self.sender.send(Reply::Several(answers));
    }
}

impl Reply {
    /// What a UNIX socket gives.
    pub(crate) fn into_text(self) -> String {
        match self {
            Reply::One(answer) => answer.to_string(),
            several @ Reply::Several(_) => several.into_list(),
        }
    }

    /// What HTTP gives: always a list (manual section 15.1), in every daemon as in the control agent.
    pub(crate) fn into_list(self) -> String {
        match self {
            Reply::One(answer) => format!("[ {answer} ]"),
            Reply::Several(answers) => format!("[ {} ]", answers.join(", ")),
        }
    }
}

impl Calls {
    /// Waits for the next command; `None` when all listeners are gone. Cancel safe.
    pub async fn next(&mut self) -> Option<Call> {
        self.0.recv().await
    }
}

impl CallSender {
    pub(crate) fn channel() -> (CallSender, Calls) {
        let (sender, receiver) = mpsc::channel(QUEUED_CALLS);
        (CallSender(sender), Calls(receiver))
    }

    /// Asks and waits; `None` when nobody will answer.
    pub(crate) async fn ask(&self, command: Command, origin: Origin) -> Option<Reply> {
        let (sender, receiver) = oneshot::channel();
        let call = Call { command, origin, replier: Replier { sender, hear: None } };
        self.0.send(call).await.ok()?;
        receiver.await.ok()
    }
}
