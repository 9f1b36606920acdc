//! Once buffers have grown, classifying a packet allocates nothing.

mod packet;

use kea_expr::{ClassDefinition, ClassId, ClassListBuilder, ClassSet, Scratch};
use kea_wire::V4;
use packet::Packet;

#[test]
fn the_second_packet_allocates_nothing() {
    let mut builder = ClassListBuilder::<V4>::new(&());
    for (place, test) in [
        "option[60].hex == 'docsis3.0'",
        "substring(option[60].hex, 0, 6) == 'docsis' and not member('c0')",
        "concat(hexstring(pkt4.mac, ':'), '/' + option[60].hex) == 'x' or pkt4.msgtype == 1",
        "split(lcase(option[60].hex), '.', 2) == '0'",
        "addrtotext(pkt.src) == '192.0.2.1'",
        "match('docsis[0-9.]+', option[60].hex)",
        "ifelse(option[82].exists, relay4[1].hex, vendor[*].option[1].hex) == ''",
        "vendor-class[4491].data == 'x' or vendor.enterprise == 4491",
        "known or member('VENDOR_CLASS_docsis3.0')",
    ]
    .iter()
    .enumerate()
    {
        let name = format!("c{place}");
        let definition = ClassDefinition { name: &name, test: Some(test), ..Default::default() };
        builder.add(definition).unwrap();
    }
    let template = ClassDefinition {
        name: "template",
        template_test: Some("option[60].hex"),
        ..Default::default()
    };
    builder.add(template).unwrap();
    let list = builder.finish();
    let mut octets = vec![0; 240];
    octets[2] = 6;
    octets.extend_from_slice(&[53, 1, 1, 60, 9]);
    octets.extend_from_slice(b"docsis3.0");
    let address = "192.0.2.1".parse().unwrap();
    let packet = Packet::v4(&octets, address, address);
    let (mut set, mut scratch) = (ClassSet::new(), Scratch::new());
    let mut classify = || {
        set.clear();
        set.insert(ClassId::ALL);
        set.insert_vendor_class(list.names(), b"docsis3.0");
        list.classify(&packet, &mut set, &mut scratch, &mut ());
        list.classify_known(&packet, &mut set, &mut scratch, &mut ());
        set.len()
    };
    let joined = classify();
    assert_eq!(joined, 11);
    let measured = allocation_counter::measure(|| assert_eq!(classify(), joined));
    assert_eq!(measured.count_total, 0, "{measured:?}");
}
