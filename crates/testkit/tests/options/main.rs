//! Every standard option of both protocols, seen from outside: configured as text, sent by the server
//! under test and by Debian's Kea for the same configuration and the same queries, and read by two
//! foreign decoders. The rows are those of `crates/options/tests/data`, which has every option of the
//! tables (its own tests see to that). `differences.txt` says where they do not agree, and why.

mod dissection;
mod exchange;
mod rows;
mod second_decoder;

use std::collections::{BTreeMap, BTreeSet};

use kea_testkit::{Message, Subject};
use kea_wire::{V4, V6};

use dissection::Dissected;
use exchange::{Answers, answers, is_main, options_of};
use rows::{Difference, Differences, OptionId, Row, read_differences, read_rows};
use second_decoder::Redecode;

#[test]
fn every_dhcp4_option_goes_out_as_from_kea() {
    let table = include_str!("../../../options/tests/data/rows4.txt");
    every_option_goes_out_as_from_kea::<V4>(table);
}

#[test]
fn every_dhcp6_option_goes_out_as_from_kea() {
    let table = include_str!("../../../options/tests/data/rows6.txt");
    every_option_goes_out_as_from_kea::<V6>(table);
}

fn every_option_goes_out_as_from_kea<F: Redecode>(table: &str) {
    // A comparison with itself would say nothing.
    if Subject::from_environment() == Subject::Debian {
        return;
    }
    let rows = read_rows(table);
    let mut report = Report {
        differences: read_differences(include_str!("differences.txt"), F::VERSION),
        used: BTreeSet::new(),
        wrong: Vec::new(),
    };
    let ours = answers::<F>(Subject::Ours, &rows, &report.differences).unwrap();
    let theirs = answers::<F>(Subject::Debian, &rows, &report.differences).unwrap();
    for row in &rows {
        compare(&mut report, row, &ours, &theirs);
    }
    read_by_dhcproto::<F>(&mut report, &ours);
    read_by_tshark::<F>(&mut report, &rows, &ours);
    report.end();
}

fn compare(report: &mut Report, row: &Row, ours: &Answers, theirs: &Answers) {
    let id = &row.id;
    let (our, their) = (ours.options.get(id), theirs.options.get(id));
    if report.has(Difference::Unconfigurable, id) {
        if our.is_some() || their.is_some() {
            report.fault(id, &format!("is sent: {our:02x?} {their:02x?}"));
        }
        return;
    }
    let computed = report.has(Difference::Computed, id);
    let differs = report.has(Difference::Octets, id);
    let lacks = report.has(Difference::DefinedLaterInternal, id);
    report.has(Difference::DefinedLater, id);
    if computed == (our == Some(&row.octets)) {
        report.fault(id, &format!("sent {our:02x?}, configured {:02x?}", row.octets));
    }
    if !lacks && differs == (our == their) {
        report.fault(id, &format!("ours {our:02x?}, Kea's {their:02x?}"));
    }
}

/// The second decoder writes what it read as it was.
fn read_by_dhcproto<F: Redecode>(report: &mut Report, ours: &Answers) {
    let mut known: BTreeMap<u16, bool> = BTreeMap::new();
    for message in &ours.messages {
        let sent = options_of(&F::Message::decode(message).unwrap());
        for (code, again) in F::redecoded(message) {
            let Some(again) = again else { continue };
            let same = sent.iter().any(|(other, data)| *other == code && *data == again);
            *known.entry(code).or_insert(true) &= same;
        }
    }
    for (code, same) in &known {
        let id = OptionId::new(F::OPTION_SPACE, *code);
        if *same == report.has(Difference::SecondDecoder, &id) {
            report.fault(&id, &format!("dhcproto reads the same: {same}"));
        }
    }
    // The others it keeps as octets.
    assert_eq!(known.len(), if F::VERSION == 4 { 99 } else { 18 }, "{:?}", known.keys());
}

/// tshark has a name for each option, and finds no fault.
fn read_by_tshark<F: Redecode>(report: &mut Report, rows: &[Row], ours: &Answers) {
    let dissected = Dissected::read::<F>(&ours.frames).unwrap();
    for row in rows {
        let id = &row.id;
        let is_seen = ours.options.contains_key(id);
        let is_named = dissected.named.contains(&id.code);
        if is_main::<F>(row) && is_seen && is_named == report.has(Difference::TsharkUnnamed, id) {
            report.fault(id, &format!("tshark has a name: {is_named}"));
        }
    }
    for (code, errors) in &dissected.errors {
        let id = OptionId::new(F::OPTION_SPACE, *code);
        if !report.has(Difference::TsharkError, &id) {
            report.fault(&id, &format!("tshark: {errors:?}"));
        }
    }
}

struct Report {
    differences: Differences,
    used: BTreeSet<(Difference, OptionId)>,
    wrong: Vec<String>,
}

impl Report {
    fn has(&mut self, kind: Difference, id: &OptionId) -> bool {
        let key = (kind, id.clone());
        let known = self.differences.contains_key(&key);
        if known {
            self.used.insert(key);
        }
        known
    }

    fn fault(&mut self, id: &OptionId, what: &str) {
        self.wrong.push(format!("{id}: {what}"));
    }

    fn end(mut self) {
        for (kind, id) in self.differences.keys() {
            if !self.used.contains(&(*kind, id.clone())) {
                self.wrong.push(format!("{id}: no {kind:?} any more"));
            }
        }
        assert!(self.wrong.is_empty(), "{}:\n{}", self.wrong.len(), self.wrong.join("\n"));
    }
}
