//! How much work classification is, counted in what is looked up in the packet: the same on any machine.

use std::cell::Cell;

use kea_expr::{
    ClassDefinition, ClassId, ClassList, ClassListBuilder, ClassNames, ClassSet, Conversion,
    EvalError, Facts, Field, FieldValue, Layout, Membership, Scratch, Test,
};
use kea_wire::V4;

/// A packet with option 60 alone, and how often anything was asked of it.
struct Counted {
    vendor_class: &'static str,
    lookups: Cell<usize>,
}

impl Default for Counted {
    fn default() -> Self {
        Counted { vendor_class: "docsis3.0", lookups: Cell::default() }
    }
}

impl Facts for Counted {
    fn option(&self, code: u16) -> Option<&[u8]> {
        self.lookups.set(self.lookups.get() + 1);
        (code == 60).then_some(self.vendor_class.as_bytes())
    }

    fn field(&self, _: Field) -> FieldValue<'_> {
        self.lookups.set(self.lookups.get() + 1);
        FieldValue::Octets(b"\x02\x00\x00\x00\x00\x01")
    }

    fn layout(&self) -> Layout {
        Layout::V4
    }
}

const CLASSES: usize = 1000;

/// A thousand classes. Each tenth depends on the one before it; the rest look into the packet once.
fn thousand() -> ClassList {
    let mut builder = ClassListBuilder::<V4>::new(&());
    for place in 0..CLASSES {
        let name = format!("c{place}");
        let test = match place % 10 {
            9 => format!("member('c{}') and option[60].exists", place - 1),
            _ => format!("option[60].hex == 'docsis{place}'"),
        };
        let definition = ClassDefinition { name: &name, test: Some(&test), ..Default::default() };
        builder.add(definition).unwrap();
    }
    builder.finish()
}

/// Lookups of one classification, and how many classes its observer was told of.
fn lookups(list: &ClassList, with_observer: bool) -> (usize, usize) {
    let (packet, mut told) = (Counted::default(), 0);
    let (mut set, mut scratch) = (ClassSet::new(), Scratch::new());
    set.insert(ClassId::ALL);
    if with_observer {
        let mut observer = |_: ClassId, _: Membership| told += 1;
        list.classify(&packet, &mut set, &mut scratch, &mut observer);
    } else {
        list.classify(&packet, &mut set, &mut scratch, &mut ());
    }
    (packet.lookups.get(), told)
}

#[test]
fn what_many_classes_compare_is_looked_up_once() {
    // The right side of an `and` whose left side is false looks nothing up.
    assert_eq!(lookups(&thousand(), false), (1, 0));
}

#[test]
fn another_packet_is_looked_at_anew() {
    let list = thousand();
    let mut scratch = Scratch::new();
    for (vendor_class, expected) in
        [("docsis12", Some("c12")), ("docsis3.0", None), ("docsis7", Some("c7"))]
    {
        let (packet, mut set) = (Counted { vendor_class, ..Counted::default() }, ClassSet::new());
        list.classify(&packet, &mut set, &mut scratch, &mut ());
        assert_eq!(set.names(list.names()).next(), expected, "{vendor_class}");
    }
}

#[test]
fn a_string_that_cannot_be_made_fails_in_each_test_that_compares_it() {
    let mut builder = ClassListBuilder::<V4>::new(&());
    for place in 0..5 {
        let (name, test) =
            (format!("c{place}"), format!("addrtotext(option[60].hex) == '{place}'"));
        let definition = ClassDefinition { name: &name, test: Some(&test), ..Default::default() };
        builder.add(definition).unwrap();
    }
    let (list, packet, mut memberships) = (builder.finish(), Counted::default(), Vec::new());
    let mut observer = |_: ClassId, membership| memberships.push(membership);
    list.classify(&packet, &mut ClassSet::new(), &mut Scratch::new(), &mut observer);
    let error = EvalError::Length { conversion: Conversion::AddrToText, length: 9 };
    assert_eq!(memberships, [Membership::Failed(error); 5]);
}

#[test]
fn dead_classes_are_no_work() {
    let mut list = thousand();
    let used: Vec<ClassId> =
        ["c9", "c42", "c500"].into_iter().map(|name| list.names().id(name).unwrap()).collect();
    list.retain_useful(|class| used.contains(&class));
    // c9 needs c8, which nobody uses by itself.
    assert_eq!(lookups(&list, false), (1, 0));
    // Who wants to be told of memberships is told of all.
    assert_eq!(lookups(&list, true), (1, CLASSES));
}

#[test]
fn nothing_is_looked_up_for_operands_that_are_not_needed() {
    for (text, expected, result) in [
        ("option[60].exists or option[61].exists", 1, true),
        ("option[61].exists or option[60].exists", 2, true),
        ("option[61].exists and option[60].exists", 1, false),
        ("not option[61].exists and option[60].exists", 2, true),
        ("ifelse(option[60].exists, pkt4.mac, option[61].hex) == ''", 2, false),
        ("ifelse(option[61].exists, pkt4.mac, option[60].hex) == 'docsis3.0'", 2, true),
        ("'a' == 'a' or (option[60].exists and option[61].exists)", 0, true),
    ] {
        let test = Test::parse::<V4>(text, &(), &mut ClassNames::new()).unwrap();
        let packet = Counted::default();
        let outcome = test.evaluate(&packet, &ClassSet::new(), &mut Scratch::new());
        assert_eq!((outcome, packet.lookups.get()), (Ok(result), expected), "{text}");
    }
}
