//! Exchanges through the whole of the decision, from octets to octets: in a pool that fills, and beside a
//! clean-up.

use std::io;
use std::time::Duration;

use super::median;
use crate::clock;
use crate::hot_path::Clients4;
use crate::table::markdown;

const POOL: u32 = 1 << 16;
/// Exchanges of one measurement.
const STEPS: u32 = 2048;

/// A /16 of addresses, for leases that last.
const CONFIG: &str = r#"{ "Dhcp4": {
  "valid-lifetime": 400000000,
  "option-data": [ { "name": "domain-name-servers", "data": "10.0.0.2, 10.0.0.3" },
                   { "name": "domain-name", "data": "example.org" } ],
  "subnet4": [ { "id": 1, "subnet": "10.0.0.0/8", "interface": "eth0",
    "option-data": [ { "name": "routers", "data": "10.0.0.1" } ],
    "pools": [ { "pool": "10.1.0.0/16" } ] } ] } }"#;

fn serve(clients: &mut Clients4, numbers: std::ops::Range<u32>) -> Result<(), String> {
    numbers.into_iter().try_for_each(|client| clients.exchange(client))
}

/// Each tenth of the way to a full pool, by what a new client costs there.
pub(super) fn fill_up(rounds: usize) -> Result<String, String> {
    const TENTHS: u32 = 10;
    let mut rates: Vec<Vec<f64>> = vec![Vec::new(); TENTHS as usize];
    for _ in 0..rounds {
        let mut clients = Clients4::new(CONFIG)?;
        for (at, rates) in (0..TENTHS).zip(&mut rates) {
            let numbers = POOL * at / TENTHS..POOL * (at + 1) / TENTHS;
            let count = numbers.len() as f64;
            let (cost, done) = clock::of_thread(|| serve(&mut clients, numbers));
            done?;
            rates.push(count / cost.processor.as_secs_f64());
        }
        if clients.exchange(POOL).is_ok() {
            return Err("one more client than addresses got one".into());
        }
    }
    let rates: Vec<f64> =
        rates.into_iter().map(|rates| median(rates).unwrap_or_default()).collect();
    let first = rates.first().copied().unwrap_or_default();
    let row = |(at, rate): (usize, &f64)| {
        let part = format!("{} to {} %", at * 10, at * 10 + 10);
        vec![part, format!("{rate:.0}"), format!("{:.0} %", rate / first * 100.0)]
    };
    let rows: Vec<_> = rates.iter().enumerate().map(row).collect();
    let head = ["of the pool given", "new clients per second of processor", "of the first"];
    Ok(markdown(&head, &rows))
}

/// What a client that comes again costs alone, and while `clean_up` runs on a thread of the lowest
/// priority: processor and clock, in nanoseconds, of each.
pub(super) fn beside(
    rounds: usize,
    clean_up: &(dyn Fn() -> io::Result<()> + Sync),
) -> io::Result<[[f64; 2]; 2]> {
    let mut clients = Clients4::new(CONFIG).map_err(io::Error::other)?;
    serve(&mut clients, 0..POOL).map_err(io::Error::other)?;
    let mut figures: [Vec<[f64; 2]>; 2] = Default::default();
    let mut measure = |step: u32| {
        let begin = step * STEPS % POOL;
        let (cost, done) = clock::of_thread(|| serve(&mut clients, begin..begin + STEPS));
        done.map(|()| cost).map_err(io::Error::other)
    };
    for _ in 0..rounds {
        let alone: Vec<_> = (0..128).map(&mut measure).collect::<io::Result<_>>()?;
        figures[0].push(each(&alone));
        let beside = std::thread::scope(|scope| {
            let other = scope.spawn(|| {
                let _ = rustix::process::nice(19);
                clean_up()
            });
            let mut costs = Vec::new();
            while !other.is_finished() {
                costs.push(measure(costs.len() as u32)?);
            }
            let done = other.join().unwrap_or_else(|_| Err(io::Error::other("a thread failed")));
            done.map(|()| costs)
        })?;
        figures[1].push(each(&beside));
    }
    let middle = |figures: &[[f64; 2]], at: usize| {
        median(figures.iter().map(|figures| figures[at]).collect()).unwrap_or_default()
    };
    Ok(figures.map(|figures| [middle(&figures, 0), middle(&figures, 1)]))
}

fn each(costs: &[clock::Cost]) -> [f64; 2] {
    let of = |of: fn(&clock::Cost) -> Duration| {
        let times = costs.iter().map(|cost| of(cost).as_nanos() as f64).collect();
        median(times).unwrap_or_default() / f64::from(STEPS)
    };
    [of(|cost| cost.processor), of(|cost| cost.wall)]
}
