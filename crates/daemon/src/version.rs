//! What `-v`, `-V` and `-W` print, and `version-get` and `build-report` answer.

/// The release of this suite, as `-v` prints it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The release of Kea whose configuration, files and interfaces this suite speaks.
pub const COMPATIBLE_WITH: &str = "2.3.2";

/// `development` when the minor number is odd, as Kea numbers its releases, else `stable`.
pub fn release_type() -> &'static str {
    match env!("CARGO_PKG_VERSION_MINOR").as_bytes() {
        [.., last] if last % 2 == 1 => "development",
        _ => "stable",
    }
}

/// What `-V` prints: the version, where it comes from, and what it is made of.
pub fn extended() -> String {
    format!(
        "{VERSION}\nkea-rs, compatible with Kea {COMPATIBLE_WITH}\nbuilt with {} for {} ({})\n\
         database:\nMemfile backend 2.1",
        env!("KEA_BUILD_COMPILER"),
        env!("KEA_BUILD_TARGET"),
        env!("KEA_BUILD_PROFILE"),
    )
}

/// What `-W` prints. The binary holds every line with a `;;;; ` marker, so that
/// `strings BINARY | sed -n 's/;;;; //p'` finds it without running it.
pub fn build_report() -> String {
    BUILD_REPORT.lines().map(|line| format!("{}\n", line.trim_start_matches(";;;; "))).collect()
}

const BUILD_REPORT: &str = concat!(
    ";;;; kea-rs build report\n",
    ";;;; version:  ",
    env!("CARGO_PKG_VERSION"),
    "\n;;;; compiler: ",
    env!("KEA_BUILD_COMPILER"),
    "\n;;;; target:   ",
    env!("KEA_BUILD_TARGET"),
    "\n;;;; profile:  ",
    env!("KEA_BUILD_PROFILE"),
    "\n"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn report_has_no_markers_when_printed() {
        assert!(BUILD_REPORT.lines().all(|line| line.starts_with(";;;; ")));
        assert!(build_report().starts_with("kea-rs build report\nversion:  "));
    }

    #[test]
    fn extended_version_begins_with_the_version() {
        assert_eq!(extended().lines().next(), Some(VERSION));
    }
}
