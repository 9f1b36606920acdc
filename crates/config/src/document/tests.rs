use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

struct Texts(HashMap<&'static str, &'static str>);

impl SourceLoader for Texts {
    fn load(&self, path: &str) -> Result<Vec<u8>, LoadError> {
        let text = self.0.get(path).ok_or_else(|| LoadError("no such file".into()))?;
        Ok(text.as_bytes().to_vec())
    }
}

fn parse(text: &str) -> Result<(Document, Diagnostics), Diagnostics> {
    Document::parse("kea.conf", text.as_bytes(), &NoIncludes)
}

fn refused(text: &str) -> String {
    parse(text).unwrap_err().first_error().unwrap()
}

#[test]
fn comments_of_all_kinds_vanish_outside_strings() {
    let text = "# shell\n{ // c++\n \"a\": /* multi\nline */ 1, \"b\": \"# // /* kept */\" }";
    let (document, diagnostics) = parse(text).unwrap();
    assert_eq!(document.root().to_string(), r##"{ "a": 1, "b": "# // /* kept */" }"##);
    assert!(diagnostics.is_empty());
}

#[test]
fn values_know_where_they_were_written() {
    let (document, _) = parse("{\n  \"é\": 1, \"b\": [ true ]\n}").unwrap();
    let map = document.root().as_map().unwrap();
    let b = map.get("b").unwrap();
    assert_eq!(document.sources().location(b.span).unwrap().to_string(), "kea.conf:2:16");
    let name = document.sources().location(map.entry("b").unwrap().name_span).unwrap();
    assert_eq!(name.to_string(), "kea.conf:2:11");
}

#[test]
fn trailing_commas_warn_with_their_place() {
    let (document, diagnostics) = parse("{ \"a\": [ 1, 2, ],\n \"b\": {}, , }").unwrap();
    assert_eq!(document.root().to_string(), r#"{ "a": [ 1, 2 ], "b": { } }"#);
    let lines: Vec<_> = diagnostics.iter().map(|d| diagnostics.one_line(d)).collect();
    assert_eq!(
        lines,
        [
            "extra comma (kea.conf:1:14)",
            "extra comma (kea.conf:2:11)",
            "extra comma (kea.conf:2:9)"
        ]
    );
}

#[test]
fn a_duplicate_name_shows_the_first_one() {
    let report = parse("{\n  \"id\": 1,\n  \"id\": 2\n}").unwrap_err().render();
    let expected = "\
error: duplicate name \"id\" in a map
 --> kea.conf:3:3
  |
3 |   \"id\": 2
  |   ^^^^ given again here
  |
 ::: kea.conf:2:3
  |
2 |   \"id\": 1,
  |   ---- first given here

";
    assert_eq!(report, expected);
}

#[test]
fn duplicates_are_found_in_large_maps_too() {
    let mut text = String::from("{");
    (0..100).for_each(|i| text += &format!("\"k{i}\": 0,"));
    assert_eq!(refused(&(text + "\"k3\": 1}")), "duplicate name \"k3\" in a map (kea.conf:1:892)");
}

#[test]
fn several_mistakes_are_reported_together() {
    let problems = parse("{ \"a\": True,\n \"b\" 1 }").unwrap_err();
    let lines: Vec<_> = problems.iter().map(|d| problems.one_line(d)).collect();
    assert_eq!(
        lines,
        [
            "unexpected 'True' (kea.conf:1:8); booleans are written in lower case",
            "expected ':' after \"b\", found an integer (kea.conf:2:6)",
        ]
    );
}

#[test]
fn malformed_text_is_refused_in_words() {
    let cases = [
        ("", "expected a value, found the end of the text (kea.conf:1:1)"),
        ("{ \"a\": 1 \"b\": 2 }", "missing ',' between elements (kea.conf:1:10)"),
        ("{ \"a\": 1", "expected ',' or '}', found the end of the text (kea.conf:1:9)"),
        ("{} {}", "expected the end of the text, found '{' (kea.conf:1:4)"),
        ("{ /* x", "comment is not closed (kea.conf:1:3); end it with '*/'"),
        (
            "[ \"\\q\" ]",
            "unknown escape in string (kea.conf:1:4); a backslash itself is written '\\\\'",
        ),
        (
            "[ 99999999999999999999 ]",
            "unexpected '99999999999999999999' (kea.conf:1:3); the number is too large",
        ),
        (
            "{ a: 1 }",
            "unexpected 'a' (kea.conf:1:3); strings and names are written in double quotes",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(refused(text), expected, "{text}");
    }
    assert!(refused("[ \"abc\n\" ]").starts_with("string is not closed (kea.conf:1:3)"));
}

#[test]
fn integers_floats_and_escapes_keep_their_kind() {
    let (document, _) = parse(r#"[ 0, -7, 0.5, 1.0, 1e3, "\u0041\ud83d\ude00\/\t" ]"#).unwrap();
    let values: Vec<_> = document.root().as_list().unwrap().iter().map(|n| &n.value).collect();
    assert_eq!(values[..2], [&Value::Integer(0), &Value::Integer(-7)]);
    assert_eq!(values[2..5], [&Value::Float(0.5), &Value::Float(1.0), &Value::Float(1000.0)]);
    assert_eq!(values[5], &Value::string("A\u{1f600}/\t"));
    assert_eq!(document.root().to_string(), "[ 0, -7, 0.5, 1.0, 1000.0, \"A\u{1f600}/\\t\" ]");
    let (document, warnings) = parse("[ .25, 007 ]").unwrap();
    assert_eq!(document.root().to_string(), "[ 0.25, 7 ]");
    assert_eq!(warnings.iter().count(), 2);
}

#[test]
fn includes_are_textual_and_may_be_fragments() {
    let texts = Texts(HashMap::from([
        ("main", "{ \"a\": 1, <?include \"rest.json\"?> \"z\": 2 }"),
        ("rest.json", "\"s\": [ <?include \"one\"?> ],"),
        ("one", "{ \"id\": 7 }"),
    ]));
    let (document, _) = Document::load("main", &texts).unwrap();
    assert_eq!(document.root().to_string(), r#"{ "a": 1, "s": [ { "id": 7 } ], "z": 2 }"#);
    let seven = document.root().as_map().unwrap().get("s").unwrap().as_list().unwrap()[0]
        .as_map()
        .unwrap()
        .get("id")
        .unwrap()
        .span;
    assert_eq!(document.sources().location(seven).unwrap().to_string(), "one:1:9");
}

#[test]
fn include_loops_and_absences_end_in_words() {
    let texts = Texts(HashMap::from([
        ("loop", "[ <?include \"loop\"?> ]"),
        ("absent", "[ <?include \"nowhere\"?> ]"),
        ("bomb", "<?include \"b1\"?><?include \"b1\"?>"),
        ("b1", "<?include \"b2\"?><?include \"b2\"?><?include \"b2\"?>"),
        ("b2", "<?include \"b1\"?><?include \"b1\"?><?include \"b1\"?>"),
    ]));
    let first = |path| Document::load(path, &texts).unwrap_err().first_error().unwrap();
    assert_eq!(
        first("loop"),
        "cannot include 'loop': includes are nested deeper than 10 levels (loop:1:3)"
    );
    assert_eq!(first("absent"), "cannot include 'nowhere': no such file (absent:1:3)");
    assert!(first("bomb").contains("includes"), "{}", first("bomb"));
}

#[test]
fn depth_is_bounded() {
    assert_eq!(refused(&"[".repeat(100_000)), "nested deeper than 100 levels (kea.conf:1:101)");
}

fn arbitrary_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Boolean),
        any::<i64>().prop_map(Value::Integer),
        (-1e9..1e9f64).prop_map(Value::Float),
        ".*".prop_map(|text: String| Value::string(&text)),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone().prop_map(Node::unplaced), 0..8)
                .prop_map(Value::List),
            prop::collection::btree_map(".*", inner, 0..20).prop_map(|entries| {
                let mut map = Map::default();
                for (name, value) in entries {
                    map.set(&name, Node::unplaced(value));
                }
                Value::Map(map)
            }),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_end_in_an_answer(text in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Err(problems) = Document::parse("x", &text, &NoIncludes) {
            prop_assert!(problems.has_errors());
            prop_assert!(!problems.render().is_empty());
        }
    }

    #[test]
    fn any_arrangement_of_tokens_ends_in_an_answer(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "{", "}", "[", "]", ":", ",", "\"a\"", "\"", "1", ".5", "true", "#", "/*", "*/", "\n",
                "<?include \"x\"?>", "<?", "é", "\\",
            ]),
            0..40,
        )
    ) {
        if let Err(problems) = Document::parse("x", words.concat().as_bytes(), &NoIncludes) {
            prop_assert!(!problems.render().is_empty());
        }
    }

    #[test]
    fn what_is_rendered_reads_back(value in arbitrary_value()) {
        for text in [value.to_string(), value.to_pretty()] {
            let (document, _) = Document::parse("x", text.as_bytes(), &NoIncludes)
                .map_err(|problems| TestCaseError::fail(problems.render()))?;
            prop_assert_eq!(document.root().to_string(), value.to_string());
        }
    }
}
