//! Every row of the standard tables, from text to octets and back.

use std::collections::BTreeSet;

use bytes::Bytes;
use kea_options::{
    DataType, DefineError, Definition, DefinitionText, OptionDataError, OptionText,
    OptionTextError, Parsing, Registry, octets_from_hex,
};
use kea_wire::{Family, V4, V6};

/// The definitions with a text and its octets, from `SPACE CODE NAME | TEXT | OCTETS` in each line.
fn rows<F: Family>(registry: &Registry<F>) -> Vec<(&Definition<F>, &'static str, Bytes)> {
    let table = if F::VERSION == 4 {
        include_str!("data/rows4.txt")
    } else {
        include_str!("data/rows6.txt")
    };
    let lines = table.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let row = |line: &'static str| {
        let (head, rest) = line.split_once(" |").unwrap();
        let (text, octets) = rest.rsplit_once('|').unwrap();
        let mut words = head.split(' ');
        let (space, code) = (words.next().unwrap(), words.next().unwrap());
        let definition = registry.by_code(space, code.parse().unwrap()).expect(line);
        assert_eq!(Some(definition.name()), words.next());
        (definition, text.trim(), octets_from_hex(octets).unwrap())
    };
    lines.map(row).collect()
}

fn every_row<F: Family>() -> usize {
    let registry = Registry::<F>::standard();
    let rows = rows(&registry);
    for (definition, text, octets) in &rows {
        let name = definition.name();
        assert_eq!(definition.encode_csv(text).unwrap(), octets, "{name} {text}");
        for parsing in [Parsing::Strict, Parsing::Lenient] {
            let value = definition.decode(octets, parsing).unwrap();
            assert_eq!(value.to_string(), *text, "{name}");
        }
        let hex: String = octets.iter().map(|octet| format!("{octet:02X}")).collect();
        assert_eq!(definition.encode_hex(&hex).unwrap(), octets, "{name} {hex}");
    }
    let of_tables: BTreeSet<_> = registry
        .spaces()
        .flat_map(|space| registry.definitions(space))
        .map(|definition| (definition.space(), definition.code()))
        .collect();
    let of_file: BTreeSet<_> = rows.iter().map(|(d, ..)| (d.space(), d.code())).collect();
    assert_eq!(of_file, of_tables);
    rows.len()
}

#[test]
fn every_row_goes_to_octets_and_back() {
    assert_eq!(every_row::<V4>(), 156);
    assert_eq!(every_row::<V6>(), 98);
}

#[test]
fn rows_end_where_their_data_ends() {
    fn cut<F: Family>() {
        let registry = Registry::<F>::standard();
        for (definition, _, octets) in rows(&registry) {
            for end in 0..octets.len() {
                // Nothing to assert of the value; that it comes, or an error does, is the point.
                let _ = definition.decode(&octets[..end], Parsing::Lenient);
                let _ = definition.decode(&octets[..end], Parsing::Strict);
            }
            let fixed = definition.data_type().fixed_len().filter(|_| !definition.is_array());
            if let Some(len) = fixed.filter(|len| *len > 0 && definition.encapsulates().is_none()) {
                let short = definition.decode(&octets[..len - 1], Parsing::Strict);
                assert!(short.is_err(), "{}", definition.name());
            }
        }
    }
    cut::<V4>();
    cut::<V6>();
}

#[test]
fn codes_of_the_manual_have_their_names() {
    let v4 = Registry::<V4>::standard();
    for (code, name) in [(3, "routers"), (108, "v6-only-preferred"), (85, "nds-servers")] {
        assert_eq!(v4.by_code("dhcp4", code).map(Definition::name), Some(name));
        assert_eq!(v4.by_name("dhcp4", name).map(Definition::code), Some(code));
    }
    assert_eq!(v4.by_name("dhcp4", "nds-server").map(Definition::code), Some(85));
    assert!(v4.by_name("dhcp4", "default-url").is_none());
    assert!(v4.by_code("dhcp4", 209).is_none());
    let unasked: Vec<_> =
        v4.definitions("dhcp4").filter(|d| d.is_returned_unasked()).map(Definition::code).collect();
    assert_eq!(unasked, [3, 6, 15, 54]);
    let by_protocol: Vec<_> =
        v4.definitions("dhcp4").filter(|d| d.is_set_by_protocol()).map(Definition::code).collect();
    let own = [1, 12, 50, 51, 53, 55, 58, 59, 61, 81, 82, 90, 91, 92, 118];
    assert_eq!(by_protocol, own.into_iter().chain(151..=157).collect::<Vec<_>>());
    let v6 = Registry::<V6>::standard();
    assert_eq!(v6.by_name("dhcp6", "client-id").map(Definition::code), Some(1));
    assert_eq!(v6.by_name("s46-cont-lw", "s46-v4v6bind").map(Definition::code), Some(92));
}

#[test]
fn an_unknown_name_gets_a_suggestion() {
    let registry = Registry::<V4>::standard();
    let entry = OptionText { name: Some("domain-name-server"), ..OptionText::default() };
    assert_eq!(
        registry.encode(&entry).unwrap_err().to_string(),
        "space 'dhcp4' has no option 'domain-name-server'; did you mean 'domain-name-servers'?"
    );
    assert_eq!(registry.nearest_name("dhcp4", "zzzzzz"), None);
}

#[test]
fn an_entry_must_name_one_option() {
    let registry = Registry::<V4>::standard();
    let encode = |entry: OptionText<'_>| registry.encode(&entry).unwrap_err();
    let none = OptionText::default();
    assert_eq!(encode(none), OptionDataError::Unidentified);
    let both = OptionText { code: Some(6), name: Some("routers"), ..none };
    let (name, code_of_name) = ("routers".to_owned(), 3);
    assert_eq!(encode(both), OptionDataError::Disagreement { code: 6, name, code_of_name });
    let end = OptionText { code: Some(255), data: "01", ..none };
    assert_eq!(encode(end), OptionDataError::CodeOutOfRange { code: 255, min: 1, max: 254 });
    let fields = OptionText { code: Some(209), csv_format: Some(true), data: "x", ..none };
    let space = "dhcp4".to_owned();
    assert_eq!(encode(fields), OptionDataError::NoDefinition { space, code: 209 });
    let raw = OptionText { code: Some(209), data: "01:2", ..none };
    assert_eq!(registry.encode(&raw).unwrap().data, &[1, 2][..]);
}

#[test]
fn spaces_have_second_names() {
    let registry = Registry::<V4>::standard();
    for space in ["vendor-4491", "docsis3-v4"] {
        let entry = OptionText {
            name: Some("tftp-servers"),
            space: Some(space),
            data: "192.0.2.1",
            ..OptionText::default()
        };
        let encoded = registry.encode(&entry).unwrap();
        assert_eq!((&*encoded.space, encoded.code), ("vendor-4491", 2), "{space}");
        assert_eq!(encoded.data, &[192, 0, 2, 1][..]);
    }
}

#[test]
fn definitions_replace_only_what_gives_way() {
    let define = |code, name, space| {
        let mut registry = Registry::<V4>::standard();
        let text = DefinitionText { code, name, space, data_type: "binary", ..Default::default() };
        let made = registry.define(Definition::custom(&text).unwrap());
        made.map(|()| registry.by_code(space.unwrap_or("dhcp4"), code as u16).cloned().unwrap())
    };
    let standard = |code, name: &str| Err(DefineError::Standard { code, name: name.to_owned() });
    assert_eq!(define(3, "mine", None), standard(3, "routers"));
    assert_eq!(define(125, "mine", None), standard(125, "vivso-suboptions"));
    for (code, space) in [(43, None), (121, None), (209, None), (2, Some("vendor-4491"))] {
        let made = define(code, "mine", space).unwrap();
        assert_eq!((made.name(), made.data_type()), ("mine", DataType::Binary), "{code}");
    }
    let taken = Err(DefineError::DuplicateName { name: "routers".to_owned(), code: 3 });
    assert_eq!(define(209, "routers", None), taken);
}

#[test]
fn an_error_says_where_and_what() {
    let registry = Registry::<V4>::standard();
    let error = |name: &str, text: &str| {
        let error = registry.by_name("dhcp4", name).unwrap().encode_csv(text).unwrap_err();
        let offset = match error {
            OptionTextError::Field { offset, .. } | OptionTextError::Hex { offset, .. } => offset,
            OptionTextError::Unexpected { offset } => offset,
            _ => usize::MAX,
        };
        (offset, error.to_string())
    };
    for (name, text, offset, message) in [
        (
            "routers",
            "192.0.2.1,  192.0.2.999",
            12,
            "field 2 is not a valid ipv4-address: expected an address",
        ),
        ("boot-size", "65536", 0, "field 1 is not a valid uint16: expected a number in 0..65535"),
        (
            "ip-forwarding",
            "maybe",
            0,
            "field 1 is not a valid boolean: expected true, false, 1 or 0",
        ),
        ("client-ndi", "1, 2", usize::MAX, "field 3 is missing: expected uint8"),
        ("root-path", "", usize::MAX, "field 1 is missing: expected string"),
        ("v4-lost", "a..b", 0, "field 1 is not a valid fqdn: a label of the domain name is empty"),
        (
            "v4-portparams",
            "1, 16/4",
            3,
            "field 2 is not a valid psid: the length is at most 16, and the PSID has at most that \
             many bits",
        ),
        (
            "classless-static-route",
            "10.0.0.0/8 - 192.0.2.1, 10.0.0.0 - 192.0.2.1",
            24,
            "field 2 is not a valid internal: a prefix is written ADDRESS/LENGTH",
        ),
        (
            "v4-dnr",
            "1, a.b., 2001:db8::1",
            0,
            "field 1 is not a valid internal: '2001:db8::1' is not an address of the family",
        ),
        ("vendor-encapsulated-options", " 01", 1, "the option has no data of its own"),
    ] {
        assert_eq!(error(name, text), (offset, message.to_owned()), "{name} {text}");
    }
    let routers = registry.by_name("dhcp4", "routers").unwrap();
    assert_eq!(
        routers.encode_hex("C0 00 02 0g").unwrap_err().to_string(),
        "invalid hexadecimal data at character 11: 'g' is not a hexadecimal digit"
    );
    assert_eq!(
        routers.encode_hex("C0 00 02").unwrap_err().to_string(),
        "the data ends inside field 1 (ipv4-address) at octet 0"
    );
}

#[test]
fn lenient_parsing_forgives_a_tuple_and_a_tail() {
    let registry = Registry::<V6>::standard();
    let param = registry.by_name("dhcp6", "bootfile-param").unwrap();
    let octets = b"\x00\x02ab\x00\x09cd";
    assert_eq!(param.decode(octets, Parsing::Lenient).unwrap().to_string(), "ab, cd");
    assert_eq!(
        param.decode(octets, Parsing::Strict).unwrap_err().to_string(),
        "the data ends inside field 2 (tuple) at octet 6"
    );
    let preference = registry.by_name("dhcp6", "preference").unwrap();
    assert_eq!(preference.decode(&[7, 8], Parsing::Lenient).unwrap().to_string(), "7");
    assert_eq!(
        preference.decode(&[7, 8], Parsing::Strict).unwrap_err().to_string(),
        "more data than the definition has, from octet 1"
    );
}

#[test]
fn open_tuples_are_found() {
    fn check<F: Family>(registry: &Registry<F>, code: u16, octets: &[u8]) -> bool {
        registry.by_code(F::OPTION_SPACE, code).unwrap().check_tuples(octets).is_ok()
    }
    let mut v4 = Registry::<V4>::standard();
    assert_eq!(v4.codes_with_tuples(), [124, 143]);
    let text = DefinitionText { name: "x", code: 209, data_type: "tuple", ..Default::default() };
    v4.define(Definition::custom(&text).unwrap()).unwrap();
    assert_eq!(v4.codes_with_tuples(), [124, 143, 209]);
    assert!(check(&v4, 209, b"\x02ab") && check(&v4, 209, b"\x02abc"));
    assert!(!check(&v4, 209, b"\x05ab") && !check(&v4, 209, b""));
    assert!(check(&v4, 124, b"\0\0\x11\x8b\0") && !check(&v4, 124, b"\0\0\x11\x8b\x05ab"));
    let v6 = Registry::<V6>::standard();
    assert_eq!(v6.codes_with_tuples(), [16, 60, 136]);
    assert!(check(&v6, 16, b"\0\0\x11\x8b\0\x02ab\0\0"));
    assert!(!check(&v6, 16, b"\0\0\x11\x8b\0\x02ab\0\x05c"));
    assert!(!check(&v6, 60, b"\0\x02ab\0\x05c"));
}

#[test]
fn options_that_are_one_number_have_its_length() {
    let mut v4 = Registry::<V4>::standard();
    let lengths = [53, 57, 51, 50, 55, 125, 82, 0].map(|code| v4.number_len(code));
    assert_eq!(lengths, [Some(1), Some(2), Some(4), None, None, None, None, None]);
    let mut define = |code, data_type, encapsulate, array| {
        let name = format!("x{code}");
        let text = DefinitionText {
            name: &name,
            code,
            data_type,
            array,
            encapsulate,
            ..Default::default()
        };
        v4.define(Definition::custom(&text).unwrap()).unwrap();
    };
    define(209, "int16", "", false);
    define(210, "uint8", "", true);
    define(211, "uint8", "inner", false);
    define(223, "uint32", "", false);
    define(224, "uint32", "", false); // may be another option in a class
    let lengths = [209, 210, 211, 223, 224].map(|code| v4.number_len(code));
    assert_eq!(lengths, [Some(2), None, None, Some(4), None]);
    let mut v6 = Registry::<V6>::standard();
    let lengths = [7, 8, 32, 3, 4, 6, 17, 65000].map(|code| v6.number_len(code));
    assert_eq!(lengths, [Some(1), Some(2), Some(4), None, None, None, None, None]);
    let text = DefinitionText { name: "x", code: 65000, data_type: "uint8", ..Default::default() };
    v6.define(Definition::custom(&text).unwrap()).unwrap();
    assert_eq!((v6.number_len(65000), v6.number_len(64999)), (Some(1), None));
}

#[test]
fn surplus_fields_are_ignored_and_can_be_found() {
    let registry = Registry::<V4>::standard();
    let path = registry.by_name("dhcp4", "root-path").unwrap();
    assert_eq!(path.encode_csv("/a, b").unwrap(), &b"/a"[..]);
    assert_eq!(path.surplus_offset("/a, b"), Some(4));
    assert_eq!(path.surplus_offset(r"/a\, b"), None);
}

/// RFC 9463, RFC 9460: what an operator gets wrong.
#[test]
fn a_resolver_is_checked() {
    let registry = Registry::<V6>::standard();
    let dnr = registry.by_name("dhcp6", "v6-dnr").unwrap();
    let message = |text: &str| dnr.encode_csv(text).unwrap_err().to_string();
    for (text, reason) in [
        ("", "the priority is not a number up to 65535"),
        ("65536, a.b.", "the priority is not a number up to 65535"),
        ("1", "the authentication domain name is missing"),
        ("1, a..b", "a label of the domain name is empty"),
        ("1, a., 192.0.2.1", "'192.0.2.1' is not an address of the family"),
        ("1, a., ::1, alpn", "'alpn' is not KEY=VALUE"),
        ("1, a., ::1, alpn=dot=doq", "'alpn=dot=doq' is not KEY=VALUE"),
        ("1, a., ::1, port=x", "the value of 'port=x' is not valid"),
        ("1, a., ::1, colour=red", "unknown service parameter 'colour'"),
        ("1, a., ::1, ipv6hint=::1", "service parameter 'ipv6hint' is not allowed here"),
        ("1, a., ::1, port=1 port=2", "service parameter 'port' stands there twice"),
        ("1, a., ::1, port=1, x", "a resolver has at most four fields"),
    ] {
        assert_eq!(message(text), format!("field 1 is not a valid internal: {reason}"), "{text}");
    }
    let second = "field 2 is not a valid internal: the option describes one resolver";
    assert_eq!(message("1, a. | 2, b."), second);
    let only_name = dnr.encode_csv("1, a.").unwrap();
    assert_eq!(only_name, &b"\x00\x01\x00\x03\x01a\x00"[..]);
    let unsorted = dnr.encode_csv("1, a., ::1, port=853 alpn=dot key600=x").unwrap();
    let params = b"\x00\x01\x00\x04\x03dot\x00\x03\x00\x02\x03\x55\x02\x58\x00\x01x";
    assert!(unsorted.ends_with(params), "{unsorted:x?}");
}
