//! What a seed's world is like. Every seed has some kinds of trouble and is spared others, since trouble
//! of every kind at once hides what each alone would show.

use kea_lease::Durability;

use crate::random::Random;

/// One virtual second.
pub(crate) const SECOND: u64 = 1_000_000;

/// The character of a simulated world. Shares are per thousand, periods are mean virtual seconds (0 is never).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Links with clients. The first is the server's own, the others are behind relays.
    pub links: usize,
    /// Clients.
    pub clients: usize,
    /// Worker threads of the server.
    pub workers: usize,
    /// Addresses in pools for ten clients.
    pub addresses_for_ten: u64,
    /// Subnets tell clients apart by client identifier.
    pub match_client_id: bool,
    /// The server refuses what it does not know.
    pub authoritative: bool,
    /// Datagrams lost.
    pub loss: u32,
    /// Datagrams that arrive twice.
    pub duplicates: u32,
    /// The longest that a datagram takes, in microseconds; they overtake each other.
    pub delay: u64,
    /// Datagrams from nobody: garbage, altered and repeated ones, theft.
    pub noise: u32,
    /// Time between partitions of a link.
    pub partitions: u64,
    /// Time between crashes of the server's process.
    pub crashes: u64,
    /// Crashes that take the machine with them.
    pub power_losses: u32,
    /// Time between restarts in good order.
    pub restarts: u64,
    /// Time between changes of configuration.
    pub reconfigurations: u64,
    /// Time between jumps of the server's clock.
    pub clock_jumps: u64,
    /// Time between periods in which the disk fails, is full or slow.
    pub disk_faults: u64,
    /// What leases survive.
    pub durability: Durability,
    /// Octets of rows not durable at which the server stops promising.
    pub max_pending: usize,
    /// The usual time of writing or syncing, in microseconds.
    pub disk_time: u64,
    /// Time between clean-ups of the lease file.
    pub clean_ups: u64,
}

impl Profile {
    /// The profile of a seed.
    pub fn of(seed: u64) -> Self {
        let mut random = Random::new(seed ^ 0x70_72_6f_66);
        let sometimes = |random: &mut Random, often: u32, first: u64, last: u64| {
            if random.permille(often) { random.between(first, last) } else { 0 }
        };
        Profile {
            links: random.between(1, 4) as usize,
            clients: random.between(6, 120) as usize,
            workers: random.between(1, 4) as usize,
            addresses_for_ten: random.between(5, 20),
            match_client_id: random.permille(800),
            authoritative: random.permille(500),
            loss: sometimes(&mut random, 600, 10, 250) as u32,
            duplicates: sometimes(&mut random, 500, 10, 200) as u32,
            delay: sometimes(&mut random, 700, 2_000, 4_000_000),
            noise: sometimes(&mut random, 600, 10, 300) as u32,
            partitions: sometimes(&mut random, 300, 200, 2_000),
            crashes: sometimes(&mut random, 700, 60, 1_200),
            power_losses: if random.permille(600) { 700 } else { 0 },
            restarts: sometimes(&mut random, 500, 100, 1_500),
            reconfigurations: sometimes(&mut random, 500, 100, 1_000),
            clock_jumps: sometimes(&mut random, 300, 300, 3_000),
            disk_faults: sometimes(&mut random, 550, 50, 800),
            durability: match random.below(8) {
                0 => Durability::ProcessCrash,
                1 => Durability::None,
                _ => Durability::PowerLoss,
            },
            max_pending: random.between(2_000, 100_000) as usize,
            disk_time: random.between(100, 50_000),
            clean_ups: random.between(60, 1_200),
        }
    }
}
