//! What was measured, as a table and as a plot.

use std::fmt::Write as _;

use super::generator::Seen;
use crate::table::markdown;

/// One situation.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) about: String,
    /// One for each server; this project's is the first.
    pub(super) figures: Vec<Figure>,
}

/// The runs of one server in one situation.
pub(super) struct Figure {
    pub(super) who: String,
    runs: Vec<Seen>,
}

impl Figure {
    pub(super) fn of(who: impl Into<String>) -> Self {
        Figure { who: who.into(), runs: Vec::new() }
    }

    pub(super) fn add(&mut self, seen: Seen) {
        self.runs.push(seen);
    }

    fn sorted(&self, of: impl Fn(&Seen) -> f64) -> Vec<f64> {
        let mut values: Vec<f64> = self.runs.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values
    }

    fn median(&self, of: impl Fn(&Seen) -> f64) -> f64 {
        let values = self.sorted(of);
        values.get(values.len() / 2).copied().unwrap_or_default()
    }

    pub(super) fn median_rate(&self) -> f64 {
        self.median(|seen| seen.rate)
    }

    /// Ratio to another's rate, run by run, the median.
    fn times(&self, other: &Figure) -> Option<f64> {
        let pairs = self.runs.iter().zip(&other.runs);
        let mut ratios: Vec<f64> = pairs
            .filter(|(_, theirs)| theirs.rate > 0.0)
            .map(|(ours, theirs)| ours.rate / theirs.rate)
            .collect();
        ratios.sort_by(f64::total_cmp);
        ratios.get(ratios.len() / 2).copied()
    }

    fn cells(&self, first: Option<&Figure>) -> Vec<String> {
        let rates = self.sorted(|seen| seen.rate);
        let range = match (rates.first(), rates.last()) {
            (Some(least), Some(most)) => format!("{least:.0}–{most:.0}"),
            _ => String::new(),
        };
        let microseconds = self.median(Seen::cost);
        let times = first.and_then(|first| first.times(self));
        vec![
            self.who.clone(),
            format!("{:.0}", self.median_rate()),
            range,
            times.map_or_else(String::new, |times| format!("{times:.2}")),
            format!("{:.2} %", self.median(|seen| seen.loss)),
            format!("{:.2} ms", self.median(|seen| seen.p99)),
            if microseconds > 0.0 { format!("{microseconds:.1} µs") } else { String::new() },
        ]
    }
}

/// All of a run.
pub(super) struct Results {
    pub(super) rows: Vec<Row>,
    pub(super) versions: Vec<(&'static str, String)>,
    pub(super) seconds: u32,
    pub(super) rounds: usize,
}

impl Results {
    pub(super) fn markdown(&self) -> String {
        let mut text = String::from("# Servers side by side\n\n");
        let versions: Vec<String> =
            self.versions.iter().map(|(who, version)| format!("{who} {version}")).collect();
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let _ = write!(
            text,
            "Written by `cargo xtask bench servers`: {}. {processors} processors ({}), one for the \
             server, one for the generator; one veth pair; {} runs of {} s each, the servers in turns, a fresh server for \
             each run. *Ratio* is this server's rate by the other's, pair by pair, the median. *Per \
             exchange* is the server's processor time. Memory lease file, not synced, WARN logging, two \
             threads configured (kea-rs starts one on one processor), unless a row says \
             otherwise.\n\n![exchanges a second](RESULTS.svg)\n",
            versions.join(", "),
            model(),
            self.rounds,
            self.seconds,
        );
        for row in &self.rows {
            let _ = write!(text, "\n## {}\n\n{}\n\n", row.name, row.about);
            let first = row.figures.first();
            let cells: Vec<_> = row
                .figures
                .iter()
                .enumerate()
                .map(|(at, figure)| figure.cells(first.filter(|_| at > 0)))
                .collect();
            text += &markdown(&HEAD, &cells);
        }
        text
    }

    /// A bar for each server of each situation.
    pub(super) fn plot(&self) -> String {
        const BAR: usize = 18;
        const WIDTH: f64 = 560.0;
        let most = self.rows.iter().flat_map(|row| &row.figures).map(Figure::median_rate);
        let most = most.fold(1.0, f64::max);
        let (mut body, mut y) = (String::new(), 10);
        for row in &self.rows {
            let _ = writeln!(
                body,
                r#"<text x="8" y="{}" font-weight="bold">{}</text>"#,
                y + 13,
                row.name
            );
            y += BAR;
            for (at, figure) in row.figures.iter().enumerate() {
                let rate = figure.median_rate();
                let (width, colour) = (WIDTH * rate / most, COLOURS[at.min(COLOURS.len() - 1)]);
                let _ = writeln!(
                    body,
                    r#"<text x="20" y="{}">{}</text><rect x="130" y="{y}" width="{width:.1}" height="{}" fill="{colour}"/><text x="{:.1}" y="{}">{rate:.0}</text>"#,
                    y + 13,
                    figure.who,
                    BAR - 4,
                    136.0 + width,
                    y + 13,
                );
                y += BAR;
            }
            y += 8;
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"780\" height=\"{y}\" \
             font-family=\"sans-serif\" font-size=\"12\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n{body}</svg>\n"
        )
    }
}

const HEAD: [&str; 7] =
    ["server", "exchanges/s", "min–max", "ratio", "lost", "p99", "per exchange"];
const COLOURS: [&str; 4] = ["#2a7f62", "#8a8f98", "#b5b9c0", "#d3d6da"];

/// The processor, as Linux names it.
fn model() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("model name"));
    line.and_then(|line| line.split_once(": ")).map_or("?", |(_, name)| name).to_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn figure(who: &'static str, rates: &[f64]) -> Figure {
        let processor = Duration::from_millis(10);
        let run =
            |rate: &f64| Seen { rate: *rate, completed: 1000.0, processor, ..Seen::default() };
        Figure { who: who.to_owned(), runs: rates.iter().map(run).collect() }
    }

    #[test]
    fn ratios_are_taken_pair_by_pair() {
        let (ours, kea) = (figure("kea-rs", &[10.0, 40.0, 30.0]), figure("Kea", &[1.0, 2.0, 3.0]));
        assert_eq!(ours.times(&kea), Some(10.0));
        let row = Row { name: "r".into(), about: "about".into(), figures: vec![ours, kea] };
        let results = Results { rows: vec![row], versions: vec![], seconds: 5, rounds: 3 };
        let text = results.markdown();
        let kea = text.lines().find(|line| line.starts_with("| Kea")).unwrap();
        let cells: Vec<&str> = kea.split('|').map(str::trim).collect();
        assert_eq!(cells[1..8], ["Kea", "2", "1–3", "10.00", "0.00 %", "0.00 ms", "10.0 µs"]);
        assert!(results.plot().contains(">30</text>"));
    }
}
