//! Time per packet for lists of classes, and per expression.

use divan::Bencher;
use kea_expr::{
    ClassDefinition, ClassId, ClassListBuilder, ClassNames, ClassSet, Facts, Field, FieldValue,
    Layout, Scratch, Test,
};
use kea_wire::V4;

#[global_allocator]
static ALLOCATOR: divan::AllocProfiler = divan::AllocProfiler::system();

fn main() {
    divan::main();
}

/// A packet with an index of its options, as a server has it.
struct Indexed {
    options: [Option<&'static [u8]>; 256],
}

impl Indexed {
    fn new() -> Self {
        let mut options = [None; 256];
        options[53] = Some(&b"\x01"[..]);
        options[60] = Some(&b"docsis3.0:vendor-500"[..]);
        options[61] = Some(&b"\x01\x08\x00\x27\x12\x34\x56"[..]);
        options[82] = Some(&b"\x01\x0aeth0/1/foo\x02\x06\x01\x02\x03\x04\x05\x06"[..]);
        Indexed { options }
    }
}

impl Facts for Indexed {
    fn option(&self, code: u16) -> Option<&[u8]> {
        self.options.get(usize::from(code)).copied().flatten()
    }
    fn field(&self, _: Field) -> FieldValue<'_> {
        FieldValue::Octets(&[8, 0, 0x27, 0x12, 0x34, 0x56])
    }
    fn layout(&self) -> Layout {
        Layout::V4
    }
}

/// Tests of the kinds found in configurations, none of them true but a few.
fn mixed(place: usize) -> String {
    match place % 5 {
        0 => format!("substring(option[60].hex, 10, 10) == 'vendor-{place}'"),
        1 => format!("option[82].option[1].hex == 'eth0/{place}/foo'"),
        2 => format!("member('c{}') and not member('c{}')", place - 1, place - 2),
        3 => format!("substring(pkt4.mac, 0, 3) == 0x0800{:02x}", place % 256),
        _ => format!("option[61].hex == 0x01{place:06x} or option[93].hex == 0x0007"),
    }
}

#[divan::bench(args = [50, 1000])]
fn mixed_classes(bencher: Bencher<'_, '_>, count: usize) {
    classes(bencher, count, mixed);
}

#[divan::bench(args = [50, 1000])]
fn vendor_classes(bencher: Bencher<'_, '_>, count: usize) {
    classes(bencher, count, |place| {
        format!("substring(option[60].hex, 0, 20) == 'docsis3.0:vendor-{place}'")
    });
}

fn classes(bencher: Bencher<'_, '_>, count: usize, test: impl Fn(usize) -> String) {
    let mut builder = ClassListBuilder::<V4>::new(&());
    for place in 0..count {
        let (name, test) = (format!("c{place}"), test(place));
        let definition = ClassDefinition { name: &name, test: Some(&test), ..Default::default() };
        if let Err(error) = builder.add(definition) {
            panic!("{error}");
        }
    }
    let list = builder.finish();
    let packet = Indexed::new();
    let (mut set, mut scratch) = (ClassSet::new(), Scratch::new());
    bencher.bench_local(|| {
        set.clear();
        set.insert(ClassId::ALL);
        list.classify(divan::black_box(&packet), &mut set, &mut scratch, &mut ());
        set.len()
    });
}

#[divan::bench(args = [
    "option[60].hex == 'x'",
    "substring(option[61].hex, 0, 3) == 'foo'",
    "relay4[2].hex == 0x010203040506",
    "hexstring(pkt4.mac, ':') == '08:00:27:12:34:56'",
    "split(option[60].hex, ':', 2) == 'vendor-500'",
    "match('docsis[0-9.]+:vendor-.*', option[60].hex)",
])]
fn expression(bencher: Bencher<'_, '_>, text: &str) {
    let Ok(test) = Test::parse::<V4>(text, &(), &mut ClassNames::new()) else { return };
    let (packet, set, mut scratch) = (Indexed::new(), ClassSet::new(), Scratch::new());
    bencher.bench_local(|| test.evaluate(divan::black_box(&packet), &set, &mut scratch));
}

#[divan::bench]
fn parse_and_compile(bencher: Bencher<'_, '_>) {
    let text = "substring(option[61].hex,0,3) == 'foo' and not member('bar')";
    bencher.bench(|| Test::parse::<V4>(divan::black_box(text), &(), &mut ClassNames::new()));
}
