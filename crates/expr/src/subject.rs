//! What the tests of many classes compare with constants. It is looked up in a packet once, and then found
//! among the constants at once, however many there are.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::compile::{Op, Program};

/// The strings that tests of a list compare with constants.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subjects {
    subjects: Vec<Subject>,
    by_program: HashMap<String, u32, FixedState>,
}

#[derive(Clone, Debug)]
struct Subject {
    program: Program,
    constants: HashMap<Box<[u8]>, u32, FixedState>,
    comparisons: u32,
}

/// A comparison of a subject with a constant, both by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    subject: u32,
    constant: u32,
}

/// With fewer comparisons than this it is quicker to compare.
const SHARED_FROM: u32 = 3;

impl Subjects {
    /// The number of a comparison, unless the string depends on more than the packet.
    pub(crate) fn ask(&mut self, program: Program, constant: &[u8]) -> Option<Asked> {
        let is_of_packet = |op: &Op| !matches!(op, Op::Member(_) | Op::Unknown(_) | Op::Match(_));
        if !program.ops.iter().all(is_of_packet) {
            return None;
        }
        // Tests are limited in size and number by what a configuration can hold.
        let next = self.subjects.len() as u32;
        let subject = *self.by_program.entry(program.key()).or_insert(next);
        if subject == next {
            let constants = HashMap::default();
            self.subjects.push(Subject { program, constants, comparisons: 0 });
        }
        let Subject { constants, comparisons, .. } = self.subjects.get_mut(subject as usize)?;
        *comparisons += 1;
        let next = constants.len() as u32;
        let constant = *constants.entry(constant.into()).or_insert(next);
        Some(Asked { subject, constant })
    }
}

/// What was found out about subjects in one packet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answers {
    /// The number of the packet. What was noted for others counts for nothing.
    round: u64,
    noted: Vec<(u64, Answer)>,
    /// Memory of the evaluations.
    pub(crate) produced: Vec<u8>,
    pub(crate) draft: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Constant(u32),
    /// None of the constants.
    Other,
    /// Each test is to look by itself: few do, or there is an error to be told.
    Unshared,
}

impl Answers {
    /// Forgets all: another packet, or the same one read in another way.
    pub(crate) fn forget(&mut self) {
        self.round += 1;
    }

    /// Whether the subject is that constant, if it has been looked up.
    #[inline]
    pub(crate) fn known(&self, Asked { subject, constant }: Asked) -> Option<bool> {
        match self.noted.get(subject as usize) {
            Some((round, Answer::Constant(is))) if *round == self.round => Some(*is == constant),
            Some((round, Answer::Other)) if *round == self.round => Some(false),
            _ => None,
        }
    }

    /// The same, after looking it up if need be; nothing if the test must look by itself. `evaluate` gives
    /// the string of a program, if it has one.
    pub(crate) fn of<'s>(
        &mut self,
        subjects: &'s Subjects,
        asked: Asked,
        evaluate: impl FnOnce(&mut Self, &'s Program, &mut dyn FnMut(&[u8])),
    ) -> Option<bool> {
        let place = asked.subject as usize;
        if self.noted.get(place).is_none_or(|(round, _)| *round != self.round) {
            let subject = subjects.subjects.get(place)?;
            let mut answer = Answer::Unshared;
            if subject.comparisons >= SHARED_FROM {
                evaluate(self, &subject.program, &mut |value| {
                    let constant = subject.constants.get(value);
                    answer = constant.map_or(Answer::Other, |id| Answer::Constant(*id));
                });
            }
            if self.noted.len() <= place {
                self.noted.resize(subjects.subjects.len(), (0, Answer::Unshared));
            }
            self.noted[place] = (self.round, answer);
        }
        self.known(asked)
    }
}
