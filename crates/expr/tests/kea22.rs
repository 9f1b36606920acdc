//! The same expressions over the same packets as Debian's Kea 2.2.
//!
//! `data/kea22-classes.json` holds what Kea answered; `data/kea22-classes.py` beside it asked. Where
//! this crate differs by intention, `data/kea22-differences.txt` names the expression and the reason.

mod packet;

use std::net::IpAddr;

use kea_expr::{
    ClassDefinition, ClassId, ClassListBuilder, ClassNames, ClassSet, Membership, OptionNames,
    OptionPlace, Scratch, Step, Test, Trace,
};
use kea_wire::{Family, V4, V6};
use packet::Packet;
use serde_json::Value;

/// What Kea 2.2 says for some packet, of which expression, and why this crate says something else.
const DIFFERENCES: &str = include_str!("data/kea22-differences.txt");

struct StandardNames;

impl OptionNames for StandardNames {
    fn code(&self, _: OptionPlace<'_>, name: &str) -> Option<u16> {
        let names = [
            ("dhcp-client-identifier", 61),
            ("host-name", 12),
            ("vendor-class-identifier", 60),
            ("clientid", 1),
        ];
        names.iter().find(|known| known.0 == name).map(|known| known.1)
    }
    fn for_each_name(&self, _: OptionPlace<'_>, _: &mut dyn FnMut(&str)) {}
}

fn answers() -> Value {
    serde_json::from_str(include_str!("data/kea22-classes.json")).unwrap()
}

fn octets(hex: &str) -> Vec<u8> {
    hex.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn packets(answers: &Value, version: &str) -> Vec<Packet> {
    let address = |text: &str| text.parse::<IpAddr>().unwrap();
    let packets = answers[version]["packets"].as_array().unwrap().iter();
    packets
        .map(|packet| {
            let octets = octets(packet["octets"].as_str().unwrap());
            match version {
                "4" => Packet::v4(&octets, address("10.77.0.2"), address("10.77.0.1")),
                _ => Packet::v6(&octets, address("fe80::77"), address("ff02::1:2")),
            }
        })
        .collect()
}

/// The set of a packet when the tests of the configuration start.
fn members(names: &mut ClassNames, packet: &Packet) -> ClassSet {
    use kea_expr::{Facts, Layout};
    let mut set = ClassSet::new();
    set.insert(ClassId::ALL);
    let vendor_class = match packet.layout {
        Layout::V4 => packet.option(60),
        Layout::V6 => packet.option(16).map(|payload| {
            let len = usize::from(payload[5]);
            &payload[6..6 + len]
        }),
    };
    if let Some(vendor_class) = vendor_class {
        set.insert_vendor_class(names, vendor_class);
    }
    set.insert(names.intern("c-true"));
    set
}

fn compare<F: Family>(version: &str) {
    let answers = answers();
    let expressions = answers[version]["expressions"].as_array().unwrap();
    let packets = packets(&answers, version);
    let mut names = ClassNames::new();
    let tests: Vec<Test> = expressions
        .iter()
        .map(|text| Test::parse::<F>(text.as_str().unwrap(), &StandardNames, &mut names).unwrap())
        .collect();
    let (mut differing, mut compared) = (Vec::new(), 0);
    let mut scratch = Scratch::new();
    for (packet, answer) in packets.iter().zip(answers[version]["packets"].as_array().unwrap()) {
        let set = members(&mut names, packet);
        let results = answer["results"].as_str().unwrap();
        assert_eq!(results.len(), tests.len());
        for ((test, text), kea) in tests.iter().zip(expressions).zip(results.chars()) {
            let text = text.as_str().unwrap();
            let ours = match test.evaluate(packet, &set, &mut scratch) {
                Ok(true) => '1',
                Ok(false) => '0',
                Err(_) => 'E',
            };
            compared += 1;
            let known = format!("{kea}\t{text}\t");
            let justified = DIFFERENCES.lines().any(|line| line.starts_with(&known));
            if ours != kea && !justified {
                differing.push(format!("{}: {text}: Kea {kea}, here {ours}", answer["name"]));
            }
        }
    }
    assert!(compared > 900, "{compared}");
    assert!(differing.is_empty(), "{} differ:\n{}", differing.len(), differing.join("\n"));
}

#[test]
fn dhcp4_tests_agree_with_kea() {
    compare::<V4>("4");
}

#[test]
fn dhcp6_tests_agree_with_kea() {
    compare::<V6>("6");
}

/// Tests of a list share what they compare; each comes to the result that it comes to alone.
fn compare_shared<F: Family>(version: &str) {
    const COPIES: usize = 3;
    let answers = answers();
    let mut builder = ClassListBuilder::<F>::new(&StandardNames);
    builder.add(ClassDefinition { name: "c-true", ..ClassDefinition::default() }).unwrap();
    let mut tests = Vec::new();
    for text in answers[version]["expressions"].as_array().unwrap() {
        let text = text.as_str().unwrap();
        for _ in 0..COPIES {
            let name = format!("e{}", tests.len());
            let test = Some(text);
            let definition = ClassDefinition { name: &name, test, ..ClassDefinition::default() };
            // A class that is not defined is allowed in a test alone, but not in a list.
            if builder.add(definition).is_ok() {
                tests.push((
                    text,
                    Test::parse::<F>(text, &StandardNames, builder.names_mut()).unwrap(),
                ));
            }
        }
    }
    let list = builder.finish();
    assert!(tests.len() > COPIES * 100, "{}", tests.len());
    let mut scratch = Scratch::new();
    for packet in packets(&answers, version) {
        let set = members(&mut list.names().clone(), &packet);
        let mut results = Vec::new();
        let mut observer = |_: ClassId, membership| results.push(membership);
        list.classify(&packet, &mut set.clone(), &mut scratch, &mut observer);
        let mut alone = Vec::new();
        for (text, test) in &tests {
            if !test.classes().any(|class| class == ClassId::KNOWN) {
                alone.push((
                    text,
                    match test.evaluate(&packet, &set, &mut Scratch::new()) {
                        Ok(true) => Membership::Joined,
                        Ok(false) => Membership::NotMatched,
                        Err(error) => Membership::Failed(error),
                    },
                ));
            }
        }
        assert_eq!(results.len(), alone.len());
        for (together, (text, alone)) in results.iter().zip(&alone) {
            assert_eq!(together, alone, "{text}");
        }
    }
}

#[test]
fn dhcp4_tests_that_share_agree_with_those_that_do_not() {
    compare_shared::<V4>("4");
}

#[test]
fn dhcp6_tests_that_share_agree_with_those_that_do_not() {
    compare_shared::<V6>("6");
}

/// A step as Kea 2.2 logs it: the texts are in `data/kea22-messages.txt`.
fn in_words_of_kea(step: &Step) -> String {
    let texts = include_str!("data/kea22-messages.txt").lines();
    let mut known = texts.filter(|text| text.split(' ').next() == Some(step.id));
    let text = known.next().unwrap_or_else(|| panic!("Kea has no {}", step.id)).to_owned();
    let numbered = step.arguments.iter().enumerate();
    numbered.fold(text, |text, (at, argument)| text.replace(&format!("%{}", at + 1), argument))
}

/// Kea 2.2 logs the four octets of a number as text, control characters included. Here they are
/// shown as digits.
fn is_number(ours: &str, kea: &str) -> bool {
    let odd = |c: char| c.is_control() || c == '\u{fffd}';
    ours.starts_with("EVAL_DEBUG_HEXSTRING")
        && kea.starts_with("EVAL_DEBUG_STRING")
        && kea.contains(odd)
}

/// Steps agree for expressions without `and`, `or` and `ifelse`, of which Kea 2.2 evaluates all
/// operands and this crate only those that matter.
fn compare_steps<F: Family>(version: &str) {
    let answers = answers();
    let expressions = answers[version]["expressions"].as_array().unwrap();
    let packet = &packets(&answers, version)[0];
    let (mut differing, mut compared) = (Vec::new(), 0);
    for (text, steps) in expressions.iter().zip(answers[version]["steps"].as_array().unwrap()) {
        let text = text.as_str().unwrap();
        if [" and ", " or ", "ifelse", "pkt.src", "pkt.len"].iter().any(|word| text.contains(word))
        {
            continue;
        }
        let mut names = ClassNames::new();
        let test = Test::parse::<F>(text, &StandardNames, &mut names).unwrap();
        let set = members(&mut names, packet);
        let mut trace = Trace::new(&names);
        if test.explain(packet, &set, &mut Scratch::new(), &mut trace).is_err() {
            continue;
        }
        let ours: Vec<String> = trace.steps().iter().map(in_words_of_kea).collect();
        let kea: Vec<&str> =
            steps.as_array().unwrap().iter().map(|step| step.as_str().unwrap()).collect();
        compared += 1;
        let same = ours.len() == kea.len()
            && ours.iter().zip(&kea).all(|(ours, kea)| ours == kea || is_number(ours, kea));
        if !same {
            differing.push(format!("{text}\n  Kea  {kea:?}\n  here {ours:?}"));
        }
    }
    assert!(compared > 100, "{compared}");
    assert!(differing.is_empty(), "{} differ:\n{}", differing.len(), differing.join("\n"));
}

#[test]
fn dhcp4_steps_agree_with_kea() {
    compare_steps::<V4>("4");
}

#[test]
fn dhcp6_steps_agree_with_kea() {
    compare_steps::<V6>("6");
}

#[test]
fn a_list_finds_the_same_classes_one_after_the_other() {
    let answers = answers();
    let mut builder = ClassListBuilder::<V4>::new(&StandardNames);
    let texts = ["'a' == 'a'", "member('VENDOR_CLASS_docsis3.0')", "pkt4.giaddr == 0.0.0.0"];
    for (place, test) in texts.iter().enumerate() {
        let name = format!("c{place}");
        let definition =
            ClassDefinition { name: &name, test: Some(test), ..ClassDefinition::default() };
        builder.add(definition).unwrap();
    }
    let list = builder.finish();
    let joined: Vec<String> = packets(&answers, "4")
        .iter()
        .map(|packet| {
            let mut set = members(&mut list.names().clone(), packet);
            list.classify(packet, &mut set, &mut Scratch::new(), &mut ());
            let names: Vec<&str> =
                set.names(list.names()).filter(|name| name.starts_with('c')).collect();
            names.join(" ")
        })
        .collect();
    assert_eq!(joined, ["c0 c1 c2", "c0 c2", "c0", "c0 c2", "c0 c2", "c0"]);
}
