//! Playing a seed: trouble, then calm; and the story of a seed that failed.

use std::fmt;

use crate::oracle::Violation;
use crate::profile::{Profile, SECOND};
use crate::protocol::{Protocol, Reply, ReplyKind};
use crate::world::World;

/// How long a seed is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Queries that the server decides before calm.
    pub exchanges: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { exchanges: 20_000 }
    }
}

/// What happened, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Queries decided.
    pub queries: u64,
    /// Queries that got no answer.
    pub silences: u64,
    /// Answers that left.
    pub sent: u64,
    /// Answers that had to wait for too long.
    pub stale: u64,
    /// Offers decided.
    pub offers: u64,
    /// Leases given or renewed.
    pub grants: u64,
    /// Refusals decided.
    pub refusals: u64,
    /// Answers that neither give nor refuse anything.
    pub others: u64,
    /// Times that no address was left.
    pub exhausted: u64,
    /// Datagrams for which a worker had no room.
    pub overflowed: u64,
    /// Times the server was started again.
    pub restarts: u64,
    /// Of these, after a crash.
    pub crashes: u64,
    /// Trouble of any kind.
    pub mishaps: u64,
    /// Failed steps of the journal.
    pub disk_failures: u64,
    /// Looks at everything.
    pub audits: u64,
    /// All that happened.
    pub events: u64,
    /// A fingerprint of all decisions: the same seed gives the same.
    pub fingerprint: u64,
}

impl Tally {
    pub(crate) fn count<F: Protocol>(&mut self, reply: &Reply<F>) {
        use kea_wire::Address as _;
        match reply.kind {
            ReplyKind::Offer => self.offers += 1,
            ReplyKind::Grant => self.grants += 1,
            ReplyKind::Refusal => self.refusals += 1,
            ReplyKind::Done => self.others += 1,
        }
        let numbers = reply.bindings.iter().map(|binding| binding.prefix.address().number());
        // Of a DHCPv6 address, subnet and place in it.
        let address = numbers.fold(0, |sum, number| sum ^ (number >> 40) as u64 ^ number as u64);
        let fact = u64::from(reply.exchange) << 32 ^ address ^ (reply.kind as u64) << 62;
        self.fingerprint =
            (self.fingerprint.rotate_left(5) ^ fact).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    /// Adds the numbers of another seed.
    pub fn add(&mut self, other: &Tally) {
        let sums = [
            (&mut self.queries, other.queries),
            (&mut self.silences, other.silences),
            (&mut self.sent, other.sent),
            (&mut self.stale, other.stale),
            (&mut self.offers, other.offers),
            (&mut self.grants, other.grants),
            (&mut self.refusals, other.refusals),
            (&mut self.others, other.others),
            (&mut self.exhausted, other.exhausted),
            (&mut self.overflowed, other.overflowed),
            (&mut self.restarts, other.restarts),
            (&mut self.crashes, other.crashes),
            (&mut self.mishaps, other.mishaps),
            (&mut self.disk_failures, other.disk_failures),
            (&mut self.audits, other.audits),
            (&mut self.events, other.events),
        ];
        sums.into_iter().for_each(|(sum, more)| *sum += more);
        self.fingerprint ^= other.fingerprint.rotate_left(1);
    }
}

/// How a seed went.
#[derive(Clone, Debug)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// In numbers.
    pub tally: Tally,
    /// Virtual seconds that passed.
    pub seconds: u64,
    /// The rule that was broken.
    pub violation: Option<Violation>,
}

/// What happened to the addresses and clients of a violation.
#[derive(Clone, Debug)]
pub struct Story {
    /// 4 or 6.
    pub version: u8,
    /// The seed.
    pub seed: u64,
    /// How it was played.
    pub settings: Settings,
    /// What its world was like.
    pub profile: Profile,
    /// What was broken.
    pub violation: Violation,
    /// Lines in order of time.
    pub lines: Vec<String>,
}

/// Plays a seed.
///
/// # Panics
/// When the world cannot be set up: no scratch folder can be made.
pub fn run<F: Protocol>(seed: u64, settings: Settings) -> Report {
    let mut world = world::<F>(seed, false);
    let violation = play(&mut world, settings).err();
    Report { seed, tally: world.tally, seconds: world.now / SECOND, violation }
}

/// Plays a seed again and tells what led to its failure; `None` when it does not fail.
pub fn story<F: Protocol>(seed: u64, settings: Settings) -> Option<Story> {
    let mut world = world::<F>(seed, true);
    let violation = play(&mut world, settings).err()?;
    let lines = world.story.take().unwrap_or_default();
    let mut told = Vec::new();
    let mut goes_on = false;
    for line in lines {
        // What the log says belongs to the query above it.
        let is_detail = line.split_once("] ").is_some_and(|(_, text)| text.starts_with("    "));
        let is_theirs = line.contains("] == ") || violation.about.iter().any(|it| names(&line, it));
        if if is_detail { goes_on } else { is_theirs } {
            told.push(line);
        }
        goes_on = if is_detail { goes_on } else { is_theirs };
    }
    let (version, profile) = (F::VERSION, world.profile.clone());
    Some(Story { version, seed, settings, profile, violation, lines: told })
}

#[allow(clippy::panic)] // documented at the callers: nothing can be simulated
fn world<F: Protocol>(seed: u64, telling: bool) -> World<F> {
    World::new(seed, telling).unwrap_or_else(|error| panic!("seed {seed}: {error}"))
}

fn play<F: Protocol>(world: &mut World<F>, settings: Settings) -> Result<(), Violation> {
    const BETWEEN_AUDITS: u64 = 400;
    let mut next_audit = BETWEEN_AUDITS;
    // A world in which nothing gets through any more comes to its end, too.
    let longest = settings.exchanges.saturating_mul(600 * SECOND);
    while world.tally.queries < settings.exchanges && world.now < longest {
        world.step()?;
        if world.tally.queries >= next_audit {
            next_audit += BETWEEN_AUDITS;
            world.audit()?;
        } else if world.story.is_some() {
            // Found where it begins, not where it was noticed.
            world.audit_pointing()?;
        }
    }
    world.audit()?;
    calm(world)
}

/// All trouble ends. In the time of a few lifetimes, everybody should have an address.
fn calm<F: Protocol>(world: &mut World<F>) -> Result<(), Violation> {
    world.calm = true;
    world.weather.loss = 0;
    world.weather.duplicates = 0;
    world.weather.delay = world.weather.delay.min(20_000);
    world.links.iter_mut().for_each(|link| link.partitioned_until = 0);
    world.repair_disk();
    world.tell(|| "== all trouble is over".to_owned());
    world.play_until(world.now + 2_500 * SECOND)?;
    world.audit_recovery()
}

/// Whether a line names an address or client, and not one whose name only begins alike.
fn names(line: &str, what: &str) -> bool {
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_hexdigit() || c == ':');
    let mut rest = line;
    while let Some(at) = rest.find(what) {
        rest = &rest[at + what.len()..];
        if ends(rest) {
            return true;
        }
    }
    false
}

/// The most lines of a story that are shown: the last ones.
const SHOWN: usize = 400;

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "DHCPv{}, seed {} broke a rule:\n  {}\n",
            self.version, self.seed, self.violation
        )?;
        writeln!(f, "The world: {:?}\n", self.profile)?;
        writeln!(f, "What happened to {}:", self.violation.about.join(" and "))?;
        let skipped = self.lines.len().saturating_sub(SHOWN);
        if skipped > 0 {
            writeln!(f, "  … {skipped} lines before")?;
        }
        for line in self.lines.iter().skip(skipped) {
            writeln!(f, "{line}")?;
        }
        let Settings { exchanges } = self.settings;
        let (version, seed) = (self.version, self.seed);
        writeln!(f, "\nAgain: cargo xtask sim -{version} --seed {seed} --exchanges {exchanges}")
    }
}
