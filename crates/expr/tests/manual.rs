//! The worked examples of the chapter "Client Classification", and texts of errors.

mod packet;

use kea_expr::{
    ClassNames, ClassSet, EvalError, Layout, OptionNames, OptionPlace, Scratch, StringExpr, Test,
    Trace, parse_string, parse_test,
};
use kea_wire::{V4, V6};
use packet::Packet;

/// A DHCPv4 message without options but those given, each a code and a payload.
fn message4(options: &[(u8, &[u8])]) -> Packet {
    let mut octets = vec![0; 240];
    octets[..3].copy_from_slice(&[1, 1, 6]);
    octets[28..34].copy_from_slice(&[2, 0, 0, 0, 0, 1]);
    for (code, payload) in options {
        octets.extend_from_slice(&[*code, payload.len() as u8]);
        octets.extend_from_slice(payload);
    }
    Packet::v4(&octets, "192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap())
}

fn test4(text: &str, packet: &Packet) -> Result<bool, EvalError> {
    let test = Test::parse::<V4>(text, &(), &mut ClassNames::new()).unwrap();
    test.evaluate(packet, &ClassSet::new(), &mut Scratch::new())
}

fn string4(text: &str, packet: &Packet) -> Vec<u8> {
    let expr = StringExpr::parse::<V4>(text, &(), &mut ClassNames::new()).unwrap();
    expr.evaluate(packet, &ClassSet::new(), &mut Scratch::new()).unwrap().to_vec()
}

#[test]
fn strings_have_the_documented_values() {
    let packet = message4(&[(61, b"foobar"), (230, b"priv"), (39, b"don't")]);
    for (text, expected) in [
        ("'example'", &b"example"[..]),
        ("0x5a7d", b"Z}"),
        ("0X5", b"\x05"),
        ("10.0.0.1", b"\x0a\0\0\x01"),
        ("123", b"\0\0\0\x7b"),
        ("substring('foobar', -1, -3)", b"oba"),
        ("concat('foo', 'bar')", b"foobar"),
        ("'abc' + 'def' + 'ghi' + 'jkl' + '...'", b"abcdefghijkl..."),
        ("ifelse(option[230].exists, option[230].hex, 'none')", b"priv"),
        ("ifelse(option[231].exists, option[231].hex, 'none')", b"none"),
        ("hexstring(pkt4.mac, ':')", b"02:00:00:00:00:01"),
        ("split (option[39].text, 0x27, 1)", b"don"),
        ("Int8ToText (0xff)", b"-1"),
        ("lcase('LoWeR')", b"lower"),
        ("ucase('uPpEr')", b"UPPER"),
        ("substring(hexstring('foo' + option[61].hex, '-'), 9, all)", b"66-6f-6f-62-61-72"),
        ("split(lcase('A,B' + ',C'), ',', 3) + split('x.y', '.', 1)", b"cx"),
        ("option[99].hex", b""),
        ("addrtotext(pkt.src) + '/' + addrtotext(pkt.dst)", b"192.0.2.1/192.0.2.2"),
    ] {
        assert_eq!(string4(text, &packet), expected, "{text}");
    }
}

#[test]
fn match_takes_the_whole_value() {
    let packet = message4(&[]);
    let mac = "match('02-00-00|5c-1b-f4', hexstring(substring(pkt4.mac, 0, 3), '-'))";
    for (text, expected) in [
        (mac, true),
        ("match('foo', 'foobar')", false),
        ("match('foo.*', 'foobar')", true),
        ("match('a|ab', 'ab')", true),
        ("match('[0-9]{2}', '07')", true),
        ("match('.', 0xff)", true),
        ("not match('', 'x')", true),
    ] {
        assert_eq!(test4(text, &packet), Ok(expected), "{text}");
    }
}

#[test]
fn options_nest_to_any_depth() {
    // IA_NA with an address that carries a status code.
    let mut options = vec![0, 3, 0, 46];
    options.extend([0; 12]);
    options.extend([0, 5, 0, 30]);
    options.extend([0; 24]);
    options.extend([0, 13, 0, 2, 0, 6]);
    let mut octets = vec![1, 0, 0, 1];
    octets.extend(&options);
    let address = "fe80::1".parse().unwrap();
    let packet = Packet::v6(&octets, address, address);
    assert_eq!(packet.layout, Layout::V6);
    let holds = |text: &str| {
        let test = Test::parse::<V6>(text, &(), &mut ClassNames::new()).unwrap();
        test.evaluate(&packet, &ClassSet::new(), &mut Scratch::new()).unwrap()
    };
    assert!(holds("option[3].option[5].option[13].hex == 0x0006"));
    assert!(!holds("option[3].option[5].option[14].exists"));
    assert!(!holds("option[3].option[13].exists"));
}

#[test]
fn an_operand_that_is_not_needed_cannot_fail() {
    let packet = message4(&[]);
    let wrong = Err(EvalError::Length { conversion: kea_expr::Conversion::AddrToText, length: 3 });
    for (text, expected) in [
        ("addrtotext('abc') == ''", wrong),
        ("'a' == 'b' and addrtotext('abc') == ''", Ok(false)),
        ("'a' == 'a' and addrtotext('abc') == ''", wrong),
        ("'a' == 'a' or addrtotext('abc') == ''", Ok(true)),
        ("'a' == 'b' or 'a' == 'a' or addrtotext('abc') == ''", Ok(true)),
        ("ifelse('a' == 'a', 'x', addrtotext('abc')) == 'x'", Ok(true)),
        ("ifelse('a' == 'b', addrtotext('abc'), 'x') == 'x'", Ok(true)),
    ] {
        assert_eq!(test4(text, &packet), expected, "{text}");
    }
}

#[test]
fn strings_cannot_grow_without_bound() {
    let packet = message4(&[(61, &[7; 200])]);
    let long = format!(
        "hexstring(hexstring(option[61].hex, '{}'), '{}') == ''",
        "-".repeat(99),
        "+".repeat(99)
    );
    assert_eq!(test4(&long, &packet), Err(EvalError::TooLong));
    let doubled =
        (0..20).fold("option[61].hex".to_owned(), |inner, _| format!("hexstring({inner}, '')"));
    assert_eq!(test4(&format!("{doubled} == ''"), &packet), Err(EvalError::TooLong));
}

struct Names;

impl OptionNames for Names {
    fn code(&self, place: OptionPlace<'_>, name: &str) -> Option<u16> {
        match (place.parents, name) {
            ([], "host-name") => Some(12),
            ([], "dhcp-agent-options") => Some(82),
            ([82], "circuit-id") => Some(1),
            _ => None,
        }
    }
    fn for_each_name(&self, place: OptionPlace<'_>, visit: &mut dyn FnMut(&str)) {
        match place.parents {
            [] => ["host-name", "dhcp-agent-options"].into_iter().for_each(visit),
            _ => visit("circuit-id"),
        }
    }
}

#[test]
fn names_stand_for_codes_at_each_level() {
    let packet = message4(&[(12, b"pc"), (82, b"\x01\x02ab")]);
    let text = "option[host-name].hex == 'pc' and option[dhcp-agent-options].option[circuit-id].hex == 'ab'";
    let test = Test::parse::<V4>(text, &Names, &mut ClassNames::new()).unwrap();
    assert_eq!(test.evaluate(&packet, &ClassSet::new(), &mut Scratch::new()), Ok(true));
}

#[test]
fn errors_say_where_and_why() {
    let message = |text: &str| {
        let error = Test::parse::<V4>(text, &Names, &mut ClassNames::new()).unwrap_err();
        error.to_string()
    };
    for (text, expected) in [
        ("", "position 1: the expression is empty"),
        ("  ", "position 3: the expression is empty"),
        ("'a' == 'b", "position 8: this text is not closed by a single quote"),
        (
            "'a' = 'b'",
            "position 5: the character '=' has no meaning here; equality is written '=='",
        ),
        (
            "'a' != 'b'",
            "position 5: the character '!' has no meaning here; inequality is written not (a == b)",
        ),
        (
            "\"a\" == 'a'",
            "position 1: the character '\"' has no meaning here; texts stand in single quotes",
        ),
        (
            "'a'",
            "position 1: the whole expression must be a test (true or false), but this is a string; compare it with '==' or ask '.exists'",
        ),
        (
            "option[1].exists == 'true'",
            "position 1: the left side of '==' must be a string, but this is a test (true or false)",
        ),
        (
            "option[1].exists and 'x'",
            "position 22: an operand of 'and' must be a test (true or false), but this is a string; compare it with '==' or ask '.exists'",
        ),
        (
            "not 'x'",
            "position 5: the operand of 'not' must be a test (true or false), but this is a string; compare it with '==' or ask '.exists'",
        ),
        (
            "'a' == 'b' == 'c'",
            "position 12: expected 'and', 'or' or the end, since '==' does not chain, found '=='",
        ),
        (
            "substrng('a',0,1) == 'a'",
            "position 1: unknown word 'substrng'; did you mean 'substring'?",
        ),
        ("substring('a',0) == 'a'", "position 16: expected ',' and the next argument, found ')'"),
        (
            "concat('a','b','c') == ''",
            "position 15: expected ')', since there are no more arguments, found ','",
        ),
        (
            "option[host-nam].exists",
            "position 8: no option is named 'host-nam'; did you mean 'host-name'?",
        ),
        ("option[256].exists", "position 8: an option code must be from 0 to 255"),
        (
            "option[60] == 'a'",
            "position 12: expected '.hex', '.text', '.exists' or '.option[…]', found '=='",
        ),
        ("option[60].hx == 'a'", "position 12: unknown word 'hx'; did you mean 'hex'?"),
        ("pkt4.giadr == 0.0.0.0", "position 6: unknown word 'giadr'; did you mean 'giaddr'?"),
        ("pkt6.msgtype == 1", "position 1: 'pkt6' exists in DHCPv6 expressions only"),
        ("relay6[0].peeraddr == ''", "position 1: 'relay6' exists in DHCPv6 expressions only"),
        ("pkt4.ciaddr == 256.0.0.1", "position 16: '256.0.0.1' is not an IPv4 or IPv6 address"),
        ("1 == 4294967296", "position 6: a number must be from 0 to 4294967295"),
        ("1 == -1", "position 6: a number must be from 0 to 4294967295"),
        ("0x == ''", "position 1: 0x must be followed by hexadecimal digits"),
        (
            "vendor[4294967296].exists",
            "position 8: an enterprise number must be from 0 to 4294967295",
        ),
        (
            "vendor-class[1].data[256] == ''",
            "position 22: the index of a data chunk must be from 0 to 255",
        ),
        ("match('(', 'a')", "position 1: the pattern is not a regular expression: unclosed group"),
        (
            "match('a)|(b', 'a')",
            "position 1: the pattern is not a regular expression: unopened group",
        ),
        ("member(known)", "position 8: expected a class name in single quotes, found 'known'"),
        ("(option[1].exists", "position 18: expected ')', found the end of the expression"),
        (
            "option[1].exists option[2].exists",
            "position 18: expected an operator or the end of the expression, found 'option'",
        ),
    ] {
        assert_eq!(message(text), expected, "{text}");
    }
    for (text, expected) in [
        ("relay6[32].peeraddr == ''", "position 8: the number of a relay must be from -32 to 31"),
        ("relay4[1].exists", "position 1: 'relay4' exists in DHCPv4 expressions only"),
        ("option[65536].exists", "position 8: an option code must be from 0 to 65535"),
    ] {
        assert_eq!(parse_test::<V6>(text).unwrap_err().to_string(), expected);
    }
    let deep = format!("{}'a'{}", "(".repeat(200), ")".repeat(200));
    let error = parse_string::<V4>(&deep).unwrap_err();
    assert_eq!(error.to_string(), "position 102: the expression is nested deeper than 100 levels");
}

#[test]
fn an_error_can_be_shown_in_its_text() {
    let text = "option[1].exists and substrin('a', 0, 1) == 'ä'";
    let error = parse_test::<V4>(text).unwrap_err();
    assert_eq!(
        error.render(text),
        "column 22: unknown word 'substrin'; did you mean 'substring'?\n  \
         option[1].exists and substrin('a', 0, 1) == 'ä'\n                       ^^^^^^^^"
    );
}

#[test]
fn the_trace_example_of_the_manual() {
    let packet = message4(&[(61, b"foobar")]);
    let names = ClassNames::new();
    let text = "substring(option[61].hex,0,3) == 'foo'";
    let test = Test::parse::<V4>(text, &(), &mut names.clone()).unwrap();
    let mut trace = Trace::new(&names);
    let mut scratch = Scratch::new();
    assert_eq!(test.explain(&packet, &ClassSet::new(), &mut scratch, &mut trace), Ok(true));
    assert_eq!(
        shown(&trace),
        [
            "EVAL_DEBUG_OPTION 61 | 0x666F6F626172",
            "EVAL_DEBUG_STRING '0'",
            "EVAL_DEBUG_STRING '3'",
            "EVAL_DEBUG_SUBSTRING 3 | 0 | 0x666F6F626172 | 0x666F6F",
            "EVAL_DEBUG_STRING 'foo'",
            "EVAL_DEBUG_EQUAL 0x666F6F | 0x666F6F | 'true'",
        ]
    );
}

#[test]
fn the_trace_shows_what_was_not_needed() {
    let packet = message4(&[]);
    let names = ClassNames::new();
    let text = "member('ALL') and option[1].exists or ifelse(known, 'a', 'b') == 'b'";
    let test = Test::parse::<V4>(text, &(), &mut names.clone()).unwrap();
    let mut trace = Trace::new(&names);
    assert_eq!(test.explain(&packet, &ClassSet::new(), &mut Scratch::new(), &mut trace), Ok(true));
    assert_eq!(
        shown(&trace),
        [
            "EVAL_DEBUG_MEMBER ALL | 'false'",
            "EVAL_DEBUG_AND 'false' | (not needed) | 'false'",
            "EVAL_DEBUG_MEMBER KNOWN | 'false'",
            "EVAL_DEBUG_STRING 'b'",
            "EVAL_DEBUG_IFELSE_FALSE 'false' | (not needed) | 0x62",
            "EVAL_DEBUG_STRING 'b'",
            "EVAL_DEBUG_EQUAL 0x62 | 0x62 | 'true'",
            "EVAL_DEBUG_OR 'true' | 'false' | 'true'",
        ]
    );
}

/// Identifier and arguments of each step.
fn shown(trace: &Trace<'_>) -> Vec<String> {
    let steps = trace.steps().iter();
    steps.map(|step| format!("{} {}", step.id, step.arguments.join(" | "))).collect()
}
