//! What a server says to a scenario that expects nothing, for comparison with what another says.

use crate::scenario::backend::Backend;
use crate::scenario::dialect::Dialect;
use crate::scenario::parse::{Scenario, StepKind};
use crate::scenario::play::{Mismatch, Player};

/// A query of a scenario and all that was answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    /// The line of its step.
    pub line: usize,
    /// What was sent.
    pub kind: String,
    /// Who sent it.
    pub client: String,
    /// The details of the step with the variables filled in.
    pub details: Vec<String>,
    /// The answers, in order.
    pub answers: Vec<Answered>,
    /// What the server logged meanwhile.
    pub log: Vec<String>,
}

/// An answer in the words of an `expect` step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    /// `offer`, `reply`, …
    pub kind: String,
    /// Details that are true of it, as what is compared and its value; those of one message are in the
    /// order of option codes.
    pub facts: Vec<(String, String)>,
}

/// All that a server said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transcript {
    /// Nothing: it refused the configuration, with this text.
    Refused(String),
    /// These exchanges.
    Exchanges(Vec<Exchange>),
}

/// Plays the acting steps of a scenario and writes down what comes.
///
/// `$CLIENT`, with what [`Dialect::given`] puts behind it, is what the client was given last; before that it
/// is what `unknown` says.
///
/// # Errors
/// At the first step that cannot be carried out. What the server answers is no error.
pub fn transcript<D: Dialect>(
    scenario: &Scenario,
    backend: &mut dyn Backend,
    unknown: &[(String, String)],
) -> Result<Transcript, Mismatch> {
    let mut player = Player::<D>::new(backend);
    player.variables.extend(unknown.iter().cloned());
    let mut exchanges = Vec::new();
    for step in &scenario.steps {
        let failed = |fault: crate::scenario::play::Fault| fault.at_step(step);
        player.step(step).map_err(failed)?;
        if let Some(said) = player.refusal.take() {
            return Ok(Transcript::Refused(said));
        }
        let StepKind::Send { kind, client } = &step.kind else { continue };
        let details = player.details(step).into_iter().map(|detail| detail.text).collect();
        let answers = player.answers(client).map_err(failed)?;
        if !answers.is_empty() {
            // What is told last of an answer; the log may come later than the answer.
            let last = format!("DHCP{}_RESPONSE_DATA", D::VERSION);
            player.backend.logged(player.log_mark, &last);
        }
        let log = player.backend.log_since(player.log_mark);
        exchanges.push(Exchange {
            line: step.line,
            kind: kind.clone(),
            client: client.clone(),
            details,
            answers,
            log,
        });
    }
    Ok(Transcript::Exchanges(exchanges))
}

impl<D: Dialect> Player<'_, D> {
    fn answers(&mut self, client: &str) -> Result<Vec<Answered>, crate::scenario::play::Fault> {
        let mut answers = Vec::new();
        while let Some(frame) = self.backend.receive()? {
            let Ok(reply) = D::decode(&frame.payload) else {
                let facts = vec![("payload".to_owned(), format!("{:02x?}", frame.payload))];
                answers.push(Answered { kind: "unreadable".to_owned(), facts });
                continue;
            };
            // One that came too late belongs to nothing here.
            if self.query.as_ref().is_some_and(|query| query.xid() != reply.xid()) {
                continue;
            }
            for (of, what) in reply.given() {
                self.variables.insert(format!("{client}{of}"), what);
            }
            let kind = reply.kind().map_or("bootp".to_owned(), |kind| kind.to_string());
            let mut facts = vec![
                ("to".to_owned(), frame.to.to_string()),
                ("to-mac".to_owned(), super::dialect::hex(&frame.to_mac)),
            ];
            facts.extend(reply.facts());
            answers.push(Answered { kind: kind.to_lowercase(), facts });
            self.heard = Some(reply);
            break;
        }
        Ok(answers)
    }
}
