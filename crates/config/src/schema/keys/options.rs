//! Keys of client classes, option data and option definitions.

use super::super::key::{Default::*, Key, Kind, Scope};
use super::{ANY_TEXT, C, G, key};

const OPTION: &[Scope] = &[Scope::OptionData];
const DEFINITION: &[Scope] = &[Scope::OptionDef];
const WITH_OPTIONS: &[Scope] = &[
    Scope::Global,
    Scope::SharedNetwork,
    Scope::Subnet,
    Scope::Pool,
    Scope::PdPool,
    Scope::Class,
    Scope::Reservation,
];

pub(super) static CLASSES: &[Key] = &[
    key(
        "client-classes",
        G,
        Kind::Maps(Scope::Class),
        "Definitions of client classes, in evaluation order",
    ),
    key("name", C, Kind::Text(128), "Name of the class, unique").mandatory(),
    key("test", C, ANY_TEXT, "Expression that makes a client a member"),
    key(
        "template-test",
        C,
        ANY_TEXT,
        "Expression whose text names a class of its own for each value",
    ),
    key(
        "only-if-required",
        C,
        Kind::Boolean,
        "Evaluate only where 'require-client-classes' asks for it",
    )
    .default(Boolean(false)),
    key(
        "only-in-additional-list",
        C,
        Kind::Boolean,
        "Evaluate only where 'evaluate-additional-classes' asks for it",
    )
    .default(Boolean(false))
    .since("3.0"),
    key(
        "option-def",
        C,
        Kind::Maps(Scope::OptionDef),
        "Definitions of option 43 and of private options for members",
    )
    .v4()
    .shows(EmptyList),
];

pub(super) static OPTIONS: &[Key] = &[
    key("option-data", WITH_OPTIONS, Kind::Maps(Scope::OptionData), "Options to send")
        .shows(EmptyList),
    key("name", OPTION, ANY_TEXT, "Name of the option in its space"),
    key("code", OPTION, Kind::Integer(0, 65535), "Code of the option"),
    key("space", OPTION, ANY_TEXT, "Space of the option").v4().shows(Text("dhcp4")),
    key("space", OPTION, ANY_TEXT, "Space of the option").v6().shows(Text("dhcp6")),
    key("data", OPTION, ANY_TEXT, "The value: comma-separated fields, or hexadecimal")
        .shows(Text("")),
    key(
        "csv-format",
        OPTION,
        Kind::Boolean,
        "'data' is comma-separated fields; false means hexadecimal",
    )
    .shows(Boolean(true)),
    key("always-send", OPTION, Kind::Boolean, "Send it although the client did not ask")
        .shows(Boolean(false)),
    key("never-send", OPTION, Kind::Boolean, "Never send it, whatever any scope says")
        .default(Boolean(false))
        .since("2.4"),
    key("client-classes", OPTION, Kind::Texts, "Send it to members of one of these classes only")
        .since("3.0"),
    key(
        "option-def",
        G,
        Kind::Maps(Scope::OptionDef),
        "Definitions of options that are not standard",
    )
    .shows(EmptyList),
    key("name", DEFINITION, ANY_TEXT, "Name of the option, unique in its space").mandatory(),
    key("code", DEFINITION, Kind::Integer(0, 65535), "Code of the option").mandatory(),
    key("type", DEFINITION, ANY_TEXT, "Type of the option, or 'record'").mandatory(),
    key("space", DEFINITION, ANY_TEXT, "Space of the option").v4().shows(Text("dhcp4")),
    key("space", DEFINITION, ANY_TEXT, "Space of the option").v6().shows(Text("dhcp6")),
    key("array", DEFINITION, Kind::Boolean, "The (last) field repeats").shows(Boolean(false)),
    key("record-types", DEFINITION, ANY_TEXT, "Types of the fields of a record, comma-separated")
        .shows(Text("")),
    key("encapsulate", DEFINITION, ANY_TEXT, "Space of the sub-options").shows(Text("")),
];
