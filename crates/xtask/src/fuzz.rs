//! Every fuzz target for a while, guided by what its cases reach. No nightly compiler is needed: the
//! instrumentation is LLVM's, and the search is libFuzzer's, which is built from source.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use lexopt::prelude::*;

/// What `fuzz` was asked for.
struct Settings {
    /// Of each target.
    extent: Extent,
    /// These only; all where there are none.
    targets: Vec<String>,
    /// A case to try again.
    case: Option<PathBuf>,
}

/// How long a target is searched.
enum Extent {
    Seconds(u32),
    Cases(u32),
}

/// Runs each target for `--seconds` (default 30) or `--cases`, as many at once as there are processors; or
/// `TARGET --case FILE`, one case of a target again.
pub(crate) fn run(root: &Path, arguments: lexopt::Parser) -> Result<(), String> {
    let settings = parse(arguments)?;
    let programs = build(root)?;
    let mut targets = targets(root)?;
    if !settings.targets.is_empty() {
        if let Some(unknown) = settings.targets.iter().find(|name| !targets.contains(name)) {
            return Err(format!("no target {unknown}; there are {}", targets.join(", ")));
        }
        targets.clone_from(&settings.targets);
    }
    if let Some(case) = &settings.case {
        let [target] = &targets[..] else { return Err("--case is for one target".into()) };
        let status = Command::new(programs.join(target)).arg(case).status();
        return passed(status.map_err(|e| format!("{target}: {e}"))?.success(), target);
    }
    let at_once = std::thread::available_parallelism().map_or(1, usize::from);
    let mut failed = Vec::new();
    for targets in targets.chunks(at_once) {
        let searches =
            targets.iter().map(|target| Search::begin(root, &programs, target, &settings));
        let searches = searches.collect::<Result<Vec<_>, _>>()?;
        for search in searches {
            let target = search.target.clone();
            if !search.finish()? {
                failed.push(target);
            }
        }
    }
    passed(failed.is_empty(), &failed.join(", "))
}

fn parse(mut arguments: lexopt::Parser) -> Result<Settings, String> {
    let mut settings = Settings { extent: Extent::Seconds(30), targets: Vec::new(), case: None };
    let text = |error: lexopt::Error| error.to_string();
    while let Some(argument) = arguments.next().map_err(text)? {
        match argument {
            Long("seconds") => {
                let value = arguments.value().map_err(text)?;
                settings.extent = Extent::Seconds(value.parse().map_err(text)?);
            }
            Long("cases") => {
                let value = arguments.value().map_err(text)?;
                settings.extent = Extent::Cases(value.parse().map_err(text)?);
            }
            Long("case") => settings.case = Some(arguments.value().map_err(text)?.into()),
            Value(target) => settings.targets.push(target.to_string_lossy().into_owned()),
            other => return Err(other.unexpected().to_string()),
        }
    }
    Ok(settings)
}

fn passed(is_well: bool, what: &str) -> Result<(), String> {
    if is_well { Ok(()) } else { Err(format!("a case was found for {what}; see above")) }
}

/// A target at work.
struct Search {
    target: String,
    process: Child,
    log: PathBuf,
    artifacts: PathBuf,
}

impl Search {
    /// Begins with the cases that are checked in and those that searches before found to be of use.
    fn begin(
        root: &Path,
        programs: &Path,
        target: &str,
        settings: &Settings,
    ) -> Result<Self, String> {
        let folder = |parent: PathBuf| {
            let path = parent.join(target);
            fs::create_dir_all(&path).map_err(|e| format!("{}: {e}", path.display()))?;
            Ok::<_, String>(path)
        };
        let found = folder(build_folder(root).join("found"))?;
        let extent = match settings.extent {
            Extent::Seconds(seconds) => format!("-max_total_time={seconds}"),
            Extent::Cases(cases) => format!("-runs={cases}"),
        };
        let artifacts = folder(root.join("fuzz/artifacts"))?;
        let log = found.with_extension("log");
        let output = fs::File::create(&log).map_err(|e| format!("{}: {e}", log.display()))?;
        let process = Command::new(programs.join(target))
            .args([&found, &root.join("fuzz/corpus").join(target)])
            .arg(extent)
            .arg(format!("-artifact_prefix={}/", artifacts.display()))
            // One case for longer than any standstill of a machine is one without end.
            .args(["-timeout=60", "-rss_limit_mb=2048", "-max_len=4096", "-print_final_stats=1"])
            .stdout(Stdio::null())
            .stderr(output)
            .spawn()
            .map_err(|e| format!("{target}: {e}"))?;
        Ok(Search { target: target.to_owned(), process, log, artifacts })
    }

    /// Waits for the end and tells what it was; false when a case was found.
    fn finish(self) -> Result<bool, String> {
        let Search { target, mut process, log, artifacts } = self;
        let status = process.wait().map_err(|e| format!("{target}: {e}"))?;
        let said = fs::read(&log).map_err(|e| format!("{}: {e}", log.display()))?;
        let said = String::from_utf8_lossy(&said);
        let of = |name: &str| {
            let line = said.lines().find_map(|line| line.strip_prefix(name));
            line.map_or("?", |line| line.trim_start_matches(':').trim())
        };
        let edges = said.lines().rev().find_map(|line| {
            let (_, rest) = line.split_once("cov: ")?;
            rest.split_whitespace().next()
        });
        println!(
            "{target:>14}: {} cases tried, {} new ones kept, {} edges reached",
            of("stat::number_of_executed_units"),
            of("stat::new_units_added"),
            edges.unwrap_or("?"),
        );
        if !status.success() {
            let last: Vec<_> = said.lines().rev().take(60).collect();
            last.iter().rev().for_each(|line| println!("    {line}"));
            println!(
                "Again: cargo xtask fuzz {target} --case {}/FILE, as named above",
                artifacts.display()
            );
        }
        Ok(status.success())
    }
}

/// Builds all targets; gives the folder they are in.
fn build(root: &Path) -> Result<PathBuf, String> {
    let host = host()?;
    let status = Command::new(env!("CARGO"))
        .current_dir(root.join("fuzz"))
        // For a target of its own, so that what runs while building is not instrumented.
        .args(["build", "--quiet", "--release", "--bins", "--target", &host])
        .env("RUSTFLAGS", INSTRUMENTED)
        .env("CARGO_TARGET_DIR", build_folder(root))
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .status()
        .map_err(|e| format!("cargo: {e}"))?;
    if !status.success() {
        return Err("the targets cannot be built".into());
    }
    Ok(build_folder(root).join(host).join("release"))
}

/// Apart from all else that is built, since everything is instrumented.
fn build_folder(root: &Path) -> PathBuf {
    let all =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    all.join("fuzz")
}

/// Counters and comparisons, as libFuzzer reads them.
const INSTRUMENTED: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Cllvm-args=-simplifycfg-branch-fold-threshold=0 --cfg fuzzing";

fn host() -> Result<String, String> {
    let said = Command::new("rustc").arg("-vV").output().map_err(|e| format!("rustc: {e}"))?;
    let said = String::from_utf8_lossy(&said.stdout);
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "rustc does not tell its host".to_owned())
}

/// The names of the targets: one file for each.
fn targets(root: &Path) -> Result<Vec<String>, String> {
    let folder = root.join("fuzz/fuzz_targets");
    let entries = fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut names: Vec<String> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| Some(entry.path().file_stem()?.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    Ok(names)
}
