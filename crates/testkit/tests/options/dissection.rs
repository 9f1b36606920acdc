//! What tshark says about the options in the answers.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use kea_testkit::CapturedFrames;
use kea_wire::Family;

/// The options of all answers, at whatever depth.
#[derive(Debug, Default)]
pub(crate) struct Dissected {
    /// The codes that it names.
    pub(crate) named: BTreeSet<u16>,
    /// Errors and sub-options without a name, by the option they are in.
    pub(crate) errors: BTreeMap<u16, Vec<String>>,
}

impl Dissected {
    pub(crate) fn read<F: Family>(frames: &CapturedFrames) -> io::Result<Self> {
        let is_answer = if F::VERSION == 4 { "dhcp.type == 2" } else { "dhcpv6.msgtype == 7" };
        let text = frames.details(is_answer)?;
        let mut dissected = Dissected::default();
        let mut code = 0;
        for line in text.lines().map(str::trim) {
            if let Some((number, name)) = heading::<F>(line) {
                if F::VERSION == 4 && matches!(number, PAD | END) {
                    continue;
                }
                code = number;
                if !UNNAMED.iter().any(|word| name.starts_with(word)) {
                    dissected.named.insert(code);
                }
            } else if FAULTS.iter().any(|fault| line.starts_with(fault)) {
                dissected.errors.entry(code).or_default().push(line.to_owned());
            }
        }
        Ok(dissected)
    }
}

/// `Option: (3) Router`, or `Option: Preference (7)` of DHCPv6.
fn heading<F: Family>(line: &str) -> Option<(u16, &str)> {
    let rest = line.strip_prefix("Option: ")?;
    let (number, name) = match F::VERSION {
        4 => rest.strip_prefix('(')?.split_once(") ")?,
        _ => rest.strip_suffix(')').and_then(|rest| rest.rsplit_once(" (")).map(|(a, b)| (b, a))?,
    };
    Some((number.parse().ok()?, name))
}

const PAD: u16 = 0;
const END: u16 = 255;
const UNNAMED: [&str; 3] = ["Unknown", "Unassigned", "Private"];
const FAULTS: [&str; 4] =
    ["[Expert Info (Error/", "[Malformed", "Suboption: Unknown", "Requested Option code: Unknown"];
