//! Class lists: order, passes, dependencies, built-in names, templates.

mod packet;

use kea_expr::{
    ClassDefinition, ClassError, ClassFault, ClassId, ClassList, ClassListBuilder, ClassNames,
    ClassSet, EvalError, Membership, Scratch,
};
use kea_wire::V4;
use packet::Packet;

fn packet(option_60: &[u8]) -> Packet {
    let mut octets = vec![0; 240];
    octets.extend_from_slice(&[60, option_60.len() as u8]);
    octets.extend_from_slice(option_60);
    Packet::v4(&octets, "192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap())
}

fn test<'a>(name: &'a str, test: &'a str) -> ClassDefinition<'a> {
    ClassDefinition { name, test: Some(test), ..ClassDefinition::default() }
}

fn template<'a>(name: &'a str, test: &'a str) -> ClassDefinition<'a> {
    ClassDefinition { name, template_test: Some(test), ..ClassDefinition::default() }
}

fn untested(name: &str) -> ClassDefinition<'_> {
    ClassDefinition { name, ..ClassDefinition::default() }
}

fn required<'a>(name: &'a str, test: &'a str) -> ClassDefinition<'a> {
    ClassDefinition { name, test: Some(test), only_if_required: true, ..ClassDefinition::default() }
}

fn build(definitions: &[ClassDefinition<'_>]) -> Result<ClassList, ClassError> {
    let mut builder = ClassListBuilder::<V4>::new(&());
    for definition in definitions {
        builder.add(*definition)?;
    }
    Ok(builder.finish())
}

fn names<'a>(list: &'a ClassList, set: &'a ClassSet) -> Vec<&'a str> {
    set.names(list.names()).collect()
}

fn id(list: &ClassList, name: &str) -> ClassId {
    list.names().id(name).unwrap()
}

#[test]
fn classes_are_joined_in_configuration_order() {
    let list = build(&[
        test("zeta", "substring(option[60].hex,0,6) == 'Aastra'"),
        test("alpha", "member('zeta')"),
        test("beta", "not member('alpha')"),
        test("gamma", "member('HA_server1') and member('zeta')"),
    ])
    .unwrap();
    let mut set = ClassSet::new();
    set.insert_name(list.names(), "HA_server1");
    set.insert(ClassId::ALL);
    list.classify(&packet(b"Aastra 57i"), &mut set, &mut Scratch::new(), &mut ());
    assert_eq!(names(&list, &set), ["HA_server1", "ALL", "zeta", "alpha", "gamma"]);
}

#[test]
fn dependence_on_known_is_transitive() {
    let list = build(&[
        test("direct", "known"),
        test("indirect", "member('direct')"),
        test("other", "unknown and option[60].exists"),
        test("late", "member('UNKNOWN')"),
        test("plain", "option[60].exists"),
        required("asked", "member('direct')"),
    ])
    .unwrap();
    let deferred: Vec<bool> = list.classes().iter().map(|class| class.depends_on_known).collect();
    assert_eq!(deferred, [true, true, true, true, false, true]);
    let (packet, mut set, mut scratch) = (packet(b"x"), ClassSet::new(), Scratch::new());
    list.classify(&packet, &mut set, &mut scratch, &mut ());
    assert_eq!(names(&list, &set), ["plain"]);
    set.insert(ClassId::KNOWN);
    list.classify_known(&packet, &mut set, &mut scratch, &mut ());
    assert_eq!(names(&list, &set), ["plain", "KNOWN", "direct", "indirect"]);
    list.classify_required([id(&list, "asked")], &packet, &mut set, &mut scratch, &mut ());
    assert_eq!(names(&list, &set), ["plain", "KNOWN", "direct", "indirect", "asked"]);
}

#[test]
fn required_classes_follow_the_order_in_which_they_are_required() {
    let mut builder = ClassListBuilder::<V4>::new(&());
    let definitions = [
        required("foo", "member('ALL')"),
        required("bar", "member('foo')"),
        untested("reserved"),
        required("broken", "addrtotext('abc') == ''"),
        required("no", "option[1].exists"),
    ];
    for definition in definitions {
        builder.add(definition).unwrap();
    }
    let absent = builder.names_mut().intern("absent");
    let list = builder.finish();
    let wanted = ["bar", "foo", "bar", "foo", "reserved", "broken", "no"].map(|it| id(&list, it));
    let (mut set, mut seen) = (ClassSet::new(), Vec::new());
    set.insert(ClassId::ALL);
    let mut observer = |class, membership| seen.push((class, membership));
    let wanted = wanted.into_iter().chain([absent]);
    list.classify_required(wanted, &packet(b""), &mut set, &mut Scratch::new(), &mut observer);
    let seen: Vec<_> = seen.iter().map(|(class, it)| (list.names().name(*class), *it)).collect();
    let length = EvalError::Length { conversion: kea_expr::Conversion::AddrToText, length: 3 };
    assert_eq!(
        seen,
        [
            ("bar", Membership::NotMatched),
            ("foo", Membership::Joined),
            ("bar", Membership::Joined),
            ("foo", Membership::Already),
            ("reserved", Membership::Untestable),
            ("broken", Membership::Failed(length)),
            ("no", Membership::NotMatched),
            ("absent", Membership::Undefined),
        ]
    );
    assert_eq!(names(&list, &set), ["ALL", "foo", "bar"]);
}

#[test]
fn faulty_lists_are_refused_with_the_place() {
    let message = |definitions: &[ClassDefinition<'_>]| build(definitions).unwrap_err().to_string();
    assert_eq!(
        message(&[test("a", "member('b')"), untested("b")]),
        "class 'a': position 1: class 'b' is not defined before this one"
    );
    assert_eq!(
        message(&[untested("phones"), test("b", "not member('phone')")]),
        "class 'b': position 5: class 'phone' is not defined before this one; did you mean 'phones'?"
    );
    assert_eq!(
        message(&[test("a", "member('a')")]),
        "class 'a': position 1: a class cannot depend on itself"
    );
    assert_eq!(message(&[untested("a"), untested("a")]), "class 'a': the name is defined twice");
    assert_eq!(message(&[untested("")]), "class '': the name is empty");
    assert_eq!(message(&[test("a", "")]), "class 'a': position 1: the expression is empty");
    for name in ["ALL", "KNOWN", "UNKNOWN", "BOOTP"] {
        let fault = build(&[test(name, "option[1].exists")]).unwrap_err().fault;
        assert_eq!(fault, ClassFault::ServerDecides);
        let fault = build(&[ClassDefinition { only_if_required: true, ..untested(name) }]);
        assert_eq!(fault.unwrap_err().fault, ClassFault::ServerDecides);
        assert!(build(&[untested(name)]).is_ok());
    }
    let fault = build(&[required("DROP", "option[1].exists")]).unwrap_err().fault;
    assert_eq!(fault, ClassFault::DropOnRequest);
    let both = ClassDefinition { template_test: Some("'x'"), ..test("a", "known") };
    assert_eq!(build(&[both]).unwrap_err().fault, ClassFault::TwoTests);
    assert!(build(&[test("a", "member('DROP')")]).is_err());
    for name in ["DROP", "REJECT", "SKIP_DDNS", "VENDOR_CLASS_x", "HA_x"] {
        assert!(build(&[test(name, "member('ALL')"), test("b", "option[1].exists")]).is_ok());
    }
}

#[test]
fn templates_spawn_classes_named_after_their_value() {
    let list = build(&[
        template("per-vendor", "substring(option[60].hex, 0, 3)"),
        test("refined", "member('SPAWN_per-vendor_abc')"),
        template("empty", "option[61].hex"),
    ])
    .unwrap();
    let mut scratch = Scratch::new();
    let mut joined = |option_60: &[u8]| {
        let mut set = ClassSet::new();
        list.classify(&packet(option_60), &mut set, &mut scratch, &mut ());
        names(&list, &set).join(" ")
    };
    assert_eq!(joined(b"abcdef"), "SPAWN_per-vendor_abc per-vendor refined");
    assert_eq!(joined(b"a\xffb"), "SPAWN_per-vendor_a%FFb per-vendor");
    assert_eq!(joined(b""), "");
}

#[test]
fn what_a_template_spawned_is_taken_back_with_it() {
    let list = build(&[
        untested("reserved"),
        template("t", "ifelse(member('reserved'), 'b', 'a')"),
        template("t_", "option[60].hex"),
        test("of_a", "member('SPAWN_t_a')"),
    ])
    .unwrap();
    let (packet, mut set, mut scratch) = (packet(b"x"), ClassSet::new(), Scratch::new());
    list.classify(&packet, &mut set, &mut scratch, &mut ());
    assert_eq!(names(&list, &set), ["SPAWN_t_a", "t", "SPAWN_t__x", "t_", "of_a"]);
    list.forget_tested(&mut set, |_| false);
    assert_eq!(names(&list, &set), Vec::<&str>::new());
    set.insert(id(&list, "reserved"));
    list.classify(&packet, &mut set, &mut scratch, &mut ());
    assert_eq!(names(&list, &set), ["reserved", "SPAWN_t_b", "t", "SPAWN_t__x", "t_"]);
}

/// `unknown` is the absence of KNOWN, whether UNKNOWN has been decided or not.
#[test]
fn known_and_unknown_are_words() {
    let list = build(&[
        test("k", "known"),
        test("u", "unknown"),
        test("not_k", "not known"),
        test("member_u", "member('UNKNOWN')"),
    ])
    .unwrap();
    let packet = packet(b"");
    for (given, expected) in [
        (None, &["u", "not_k"][..]),
        (Some(ClassId::KNOWN), &["KNOWN", "k"]),
        (Some(ClassId::UNKNOWN), &["UNKNOWN", "u", "not_k", "member_u"]),
    ] {
        let mut set = ClassSet::new();
        given.map(|class| set.insert(class));
        list.classify(&packet, &mut set, &mut Scratch::new(), &mut ());
        list.classify_known(&packet, &mut set, &mut Scratch::new(), &mut ());
        assert_eq!(names(&list, &set), expected);
    }
}

#[test]
fn only_classes_with_an_effect_are_evaluated() {
    let mut list = build(&[
        test("base", "option[60].exists"),
        test("guard", "member('base')"),
        test("idle", "member('base')"),
        untested("reserved"),
        test("DROP", "member('reserved')"),
    ])
    .unwrap();
    let guard = id(&list, "guard");
    let useful = list.useful(|class| class == guard || class == ClassId::DROP);
    let mut found: Vec<&str> = useful.names(list.names()).collect();
    found.sort_unstable();
    assert_eq!(found, ["DROP", "base", "guard", "reserved"]);
    list.retain_useful(|class| class == guard);
    let mut set = ClassSet::new();
    list.classify(&packet(b"x"), &mut set, &mut Scratch::new(), &mut ());
    assert_eq!(names(&list, &set), ["base", "guard"]);
    // Who wants to know of all memberships is told of all.
    let (mut set, mut evaluated) = (ClassSet::new(), 0);
    let mut observer = |_, _| evaluated += 1;
    list.classify(&packet(b"x"), &mut set, &mut Scratch::new(), &mut observer);
    assert_eq!((names(&list, &set), evaluated), (vec!["base", "guard", "idle"], 4));
}

#[test]
fn results_of_the_first_pass_can_be_taken_back() {
    let list = build(&[
        untested("reserved_class"),
        test("unreserved_class", "not member('reserved_class')"),
    ])
    .unwrap();
    let (packet, mut set, mut scratch) = (packet(b""), ClassSet::new(), Scratch::new());
    set.insert(ClassId::ALL);
    list.classify(&packet, &mut set, &mut scratch, &mut ());
    assert_eq!(names(&list, &set), ["ALL", "unreserved_class"]);
    set.insert(id(&list, "reserved_class"));
    list.forget_tested(&mut set, |_| false);
    list.classify(&packet, &mut set, &mut scratch, &mut ());
    assert_eq!(names(&list, &set), ["ALL", "reserved_class"]);
}

#[test]
fn names_survive_between_lists_and_sets() {
    let names = ClassNames::new();
    let mut set = ClassSet::new();
    assert!(set.insert_name(&names, "EXTERNAL_hook"));
    assert!(set.contains_name(&names, "EXTERNAL_hook"));
    assert_eq!(set.names(&names).collect::<Vec<_>>(), ["EXTERNAL_hook"]);
    assert_eq!(set.ids().count(), 0);
}
