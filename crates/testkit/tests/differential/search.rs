//! Cases of many seeds, and what is left of those that show a difference.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::{env, fs, thread};

use kea_testkit::scenario::{Dialect, Transcript};

use crate::case::Case;
use crate::chance::Chance;
use crate::compare::{Difference, difference};
use crate::{Protocol, both, lasting};

/// Plays the cases of `FIRST-LAST`, and tells what was found.
pub(crate) fn search<D: Dialect>(seeds: &str, protocol: Protocol) {
    let (first, last) = seeds.split_once('-').expect("FIRST-LAST");
    let seeds = first.parse().expect("a seed")..=last.parse().expect("a seed");
    let folder = PathBuf::from(env::var("KEA_SEARCH_FOLDER").expect("KEA_SEARCH_FOLDER is set"));
    let search = Search {
        protocol,
        next: AtomicU64::new(*seeds.start()),
        seeds,
        folder,
        queries: AtomicUsize::new(0),
        refused: AtomicUsize::new(0),
        seen: Mutex::new(BTreeMap::new()),
    };
    let threads = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| search.run::<D>());
        }
    });
    let seen = search.seen.lock().unwrap_or_else(PoisonError::into_inner);
    let Search { seeds, queries, refused, .. } = &search;
    let mut summary =
        format!("{seeds:?}: {queries:?} queries, {refused:?} configurations refused\n");
    for (what, times) in seen.iter() {
        let _a_string_takes_all = writeln!(summary, "{times} times: {what}");
    }
    search.write("summary.txt", &summary);
}

struct Search {
    protocol: Protocol,
    seeds: RangeInclusive<u64>,
    next: AtomicU64,
    folder: PathBuf,
    queries: AtomicUsize,
    refused: AtomicUsize,
    /// How often each difference was found.
    seen: Mutex<BTreeMap<String, usize>>,
}

impl Search {
    fn run<D: Dialect>(&self) {
        loop {
            let seed = self.next.fetch_add(1, Ordering::Relaxed);
            if seed > *self.seeds.end() {
                return;
            }
            let case = (self.protocol.case)(&mut Chance::of(seed));
            match self.differs::<D>(&case) {
                Ok(None) => {}
                Ok(Some(found)) => self.note::<D>(seed, case, &found),
                Err(why) => self.write(&format!("{seed}.failed"), &failure(&why, &case)),
            }
        }
    }

    fn differs<D: Dialect>(&self, case: &Case) -> std::io::Result<Option<Difference>> {
        let (found, [_, debian]) = lasting::<D>(case, self.protocol)?;
        match &debian.transcript {
            Transcript::Refused(_) => self.refused.fetch_add(1, Ordering::Relaxed),
            Transcript::Exchanges(all) => self.queries.fetch_add(all.len(), Ordering::Relaxed),
        };
        Ok(found)
    }

    fn note<D: Dialect>(&self, seed: u64, case: Case, found: &Difference) {
        let wanted = signature(found);
        let times = {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            let times = seen.entry(wanted.clone()).or_insert(0);
            *times += 1;
            *times
        };
        if times > REDUCED {
            return;
        }
        let again = |case: &Case| {
            let [ours, debian] = both::<D>(case).ok()?;
            let now = difference(&ours, &debian, self.protocol.is_known)?;
            (signature(&now) == wanted).then_some((now, ours, debian))
        };
        let is_reduced = env::var_os("KEA_SEARCH_WHOLE").is_none();
        let small = if is_reduced { case.reduced(|case| again(case).is_some()) } else { case };
        let Some((now, ours, debian)) = again(&small) else { return };
        let log = |transcript: &Transcript| match transcript {
            Transcript::Exchanges(all) => {
                all.get(now.at).map(|exchange| exchange.log.join("\n# ")).unwrap_or_default()
            }
            Transcript::Refused(why) => why.replace('\n', "\n# "),
        };
        let text = format!(
            "# seed {seed}: {} of query {}\n# ours {}\n# debian {}\n{}\n# ours: {}\n\n# debian: {}\n",
            now.what,
            now.at,
            now.sides[0],
            now.sides[1],
            small.text(),
            log(&ours.transcript),
            log(&debian.transcript)
        );
        self.write(&format!("{}-{seed}.scn", now.what.replace([' ', '/'], "-")), &text);
    }

    fn write(&self, name: &str, text: &str) {
        let path: &Path = &self.folder.join(name);
        fs::write(path, text).expect("the folder of the search takes files");
    }
}

fn failure(why: &std::io::Error, case: &Case) -> String {
    format!("{why}\n{}", case.text())
}

/// What is taken for the same difference.
fn signature(difference: &Difference) -> String {
    let Difference { what, sides: [ours, debian], .. } = difference;
    match &**what {
        "kind" => format!("kind {ours} {debian}"),
        "reading" | "verdict" => {
            // The same mistake has the same words, at other places of another file.
            let words = |side: &str| {
                let last = side.lines().next().and_then(|line| line.rsplit(": ").next());
                let words = last.unwrap_or_default().split(' ');
                words.filter(|word| word.chars().all(char::is_alphabetic)).collect::<String>()
            };
            format!("{what} {} {}", words(ours), words(debian))
        }
        _ => format!("{what} {} {}", ours == "absent", debian == "absent"),
    }
}

/// So many examples of one difference are reduced.
const REDUCED: usize = 1;
