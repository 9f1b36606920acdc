//! Properties that hold for any text and any packet.

mod packet;

use kea_expr::{
    ClassId, ClassNames, ClassSet, Conversion, Expr, ExprKind, Field, Literal, OptionKey,
    OptionRef, Origin, RelayAddress, Representation, Scratch, Source, Span, StringExpr, Test,
    Trace, VendorOption, parse_string, parse_test,
};
use kea_wire::{V4, V6};
use packet::Packet;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

fn expr(kind: ExprKind) -> Expr {
    Expr { span: Span::default(), kind }
}

fn option_ref() -> impl Strategy<Value = OptionRef> {
    (0..256u16).prop_map(|code| OptionRef { span: Span::default(), key: OptionKey::Code(code) })
}

fn source() -> impl Strategy<Value = Source> {
    let origin = prop_oneof![
        Just(Origin::Packet),
        (-32..32i8).prop_map(Origin::Relay6),
        option::of(1..u32::MAX).prop_map(Origin::Vendor),
    ];
    (origin, vec(option_ref(), 1..4)).prop_map(|(origin, path)| Source { origin, path })
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        "[^']{0,12}".prop_map(|text| Literal::Text(text.into())),
        vec(any::<u8>(), 1..8).prop_map(|octets| Literal::Hex(octets.into())),
        any::<u32>().prop_map(Literal::Integer),
        any::<std::net::Ipv4Addr>().prop_map(|address| Literal::Address(address.into())),
        any::<std::net::Ipv6Addr>().prop_map(|address| Literal::Address(address.into())),
    ]
}

fn string_leaf() -> impl Strategy<Value = Expr> {
    let fields = [Field::Iface, Field::Src, Field::Len, Field::Msgtype6, Field::Transid6];
    prop_oneof![
        3 => literal().prop_map(ExprKind::Literal),
        2 => source().prop_map(|source| ExprKind::Content(source, Representation::Hex)),
        1 => source().prop_map(|source| ExprKind::Content(source, Representation::Text)),
        1 => select(fields.to_vec()).prop_map(ExprKind::Field),
        1 => (-32..32i8).prop_map(|nest| ExprKind::RelayAddress { nest, address: RelayAddress::Link }),
        1 => Just(ExprKind::EnterpriseId(VendorOption::Class)),
        1 => (option::of(1..u32::MAX), any::<u8>())
            .prop_map(|(enterprise, index)| ExprKind::VendorClassData { enterprise, index }),
    ]
    .prop_map(expr)
}

fn test_of(string: impl Strategy<Value = Expr> + Clone + 'static) -> BoxedStrategy<Expr> {
    let leaf = prop_oneof![
        (string.clone(), string.clone())
            .prop_map(|(a, b)| ExprKind::Equal(Box::new(a), Box::new(b))),
        (select(vec!["a.*", "[0-9]+", ""]), string).prop_map(|(pattern, value)| ExprKind::Match {
            pattern: pattern.into(),
            value: Box::new(value)
        }),
        source().prop_map(ExprKind::Exists),
        "[A-Za-z_0-9]{1,8}".prop_map(|name| ExprKind::Member(name.into())),
        Just(ExprKind::Known),
        Just(ExprKind::Unknown),
    ];
    leaf.prop_map(expr)
        .prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                vec(inner.clone(), 2..4).prop_map(ExprKind::Or),
                vec(inner.clone(), 2..4).prop_map(ExprKind::And),
                inner.prop_map(|operand| ExprKind::Not(Box::new(operand))),
            ]
            .prop_map(expr)
        })
        .boxed()
}

fn string() -> impl Strategy<Value = Expr> + Clone {
    string_leaf()
        .prop_recursive(3, 16, 3, |inner| {
            let boxed = inner.clone().prop_map(Box::new);
            prop_oneof![
                vec(inner.clone(), 2..4).prop_map(ExprKind::Concat),
                (boxed.clone(), -9..9i32, option::of(-9..9i32)).prop_map(
                    |(value, start, length)| ExprKind::Substring { value, start, length }
                ),
                (boxed.clone(), boxed.clone())
                    .prop_map(|(value, separator)| ExprKind::HexString { value, separator }),
                (boxed.clone(), boxed.clone(), -2..5i32).prop_map(|(value, delimiters, field)| {
                    ExprKind::Split { value, delimiters, field }
                }),
                (select(Conversion::ALL.to_vec()), boxed.clone())
                    .prop_map(|(conversion, value)| ExprKind::Convert(conversion, value)),
                (test_of(inner).prop_map(Box::new), boxed.clone(), boxed).prop_map(
                    |(condition, then, otherwise)| ExprKind::IfElse { condition, then, otherwise }
                ),
            ]
            .prop_map(expr)
        })
        .boxed()
}

fn any_packet() -> impl Strategy<Value = Packet> {
    let options = vec((select(vec![1, 3, 5, 16, 17, 25]), vec(any::<u8>(), 0..40)), 0..6);
    (options, vec(any::<u8>(), 0..30), 0..3usize).prop_map(|(options, tail, relays)| {
        let mut message = vec![1, 0, 0, 1];
        for (code, payload) in options {
            message.extend([0, code, 0, payload.len() as u8]);
            message.extend(payload);
        }
        message.extend(tail);
        let address = "fe80::1".parse().unwrap();
        let mut packet = Packet::v6(&message, address, address);
        packet.relays = vec![vec![7; 60]; relays];
        packet
    })
}

proptest! {
    #[test]
    fn any_text_parses_or_is_refused(text in "\\PC{0,60}") {
        let _ = parse_test::<V4>(&text);
        let _ = parse_string::<V6>(&text).map_err(|error| error.render(&text));
    }

    #[test]
    fn any_words_parse_or_are_refused(
        words in vec(select(WORDS.to_vec()), 0..20)
    ) {
        let text = words.join(" ");
        if let Ok(tree) = parse_test::<V4>(&text) {
            prop_assert_eq!(parse_test::<V4>(&tree.to_string()), Ok(tree));
        }
    }

    #[test]
    fn a_tree_written_and_parsed_is_the_same(tree in test_of(string())) {
        let text = tree.to_string();
        prop_assert_eq!(parse_test::<V6>(&text).map_err(|error| error.render(&text)), Ok(tree));
    }

    #[test]
    fn evaluation_never_panics_and_explains_its_own_result(
        tree in test_of(string()),
        packet in any_packet(),
        known in any::<bool>(),
    ) {
        let mut names = ClassNames::new();
        let test = Test::compile(&tree, &(), &mut names).unwrap();
        let mut set = ClassSet::new();
        if known {
            set.insert(ClassId::KNOWN);
        }
        let mut scratch = Scratch::new();
        let result = test.evaluate(&packet, &set, &mut scratch);
        let mut trace = Trace::new(&names);
        prop_assert_eq!(test.explain(&packet, &set, &mut scratch, &mut trace), result);
    }

    #[test]
    fn concatenation_is_associative(a in string_leaf(), b in string_leaf(), c in string_leaf(), packet in any_packet()) {
        let value = |tree: Expr| {
            let compiled = StringExpr::compile(&tree, &(), &mut ClassNames::new()).unwrap();
            compiled.evaluate(&packet, &ClassSet::new(), &mut Scratch::new()).map(<[u8]>::to_vec)
        };
        let concat = |a: &Expr, b: &Expr| expr(ExprKind::Concat(vec![a.clone(), b.clone()]));
        let flat = value(expr(ExprKind::Concat(vec![a.clone(), b.clone(), c.clone()])));
        prop_assert_eq!(value(concat(&concat(&a, &b), &c)), flat.clone());
        prop_assert_eq!(value(concat(&a, &concat(&b, &c))), flat);
    }
}

const WORDS: &[&str] = &[
    "option",
    "[",
    "1",
    "]",
    ".",
    "hex",
    "exists",
    "==",
    "'a'",
    "0x1",
    "(",
    ")",
    ",",
    "and",
    "or",
    "not",
    "+",
    "substring",
    "all",
    "-1",
    "member",
    "known",
    "pkt4",
    "mac",
    "relay4",
    "vendor",
    "*",
    "option[1].exists",
    "'a' == 'b'",
    "ifelse(",
    "10.0.0.1",
];
