//! The checked expression tree, and its text form.

use std::fmt::{self, Display};
use std::net::IpAddr;

use crate::error::{Span, Type};

/// An expression whose operands have the types its operators need.
///
/// [`Display`] writes a text that parses to an equal expression. Equality ignores positions.
#[derive(Clone, Debug)]
pub struct Expr {
    /// Where it stands in the text.
    pub span: Span,
    /// What it is.
    pub kind: ExprKind,
}

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Expr {
    /// What evaluating it yields.
    pub fn result_type(&self) -> Type {
        match self.kind {
            ExprKind::Or(_)
            | ExprKind::And(_)
            | ExprKind::Not(_)
            | ExprKind::Equal(..)
            | ExprKind::Match { .. }
            | ExprKind::Exists(_)
            | ExprKind::Member(_)
            | ExprKind::Known
            | ExprKind::Unknown => Type::Test,
            _ => Type::String,
        }
    }

    /// Calls `visit` for each class that the result depends on, with the place of the dependency.
    /// `known` and `unknown` depend on the class `KNOWN`.
    pub fn for_each_class(&self, visit: &mut dyn FnMut(&str, Span)) {
        match &self.kind {
            ExprKind::Member(name) => visit(name, self.span),
            ExprKind::Known | ExprKind::Unknown => visit("KNOWN", self.span),
            _ => self.for_each_operand(&mut |operand| operand.for_each_class(visit)),
        }
    }

    fn for_each_operand(&self, visit: &mut dyn FnMut(&Expr)) {
        match &self.kind {
            ExprKind::Or(operands) | ExprKind::And(operands) | ExprKind::Concat(operands) => {
                operands.iter().for_each(visit);
            }
            ExprKind::Equal(a, b) => [a, b].into_iter().for_each(|operand| visit(operand)),
            ExprKind::HexString { value, separator } => {
                visit(value);
                visit(separator);
            }
            ExprKind::Split { value, delimiters, .. } => {
                visit(value);
                visit(delimiters);
            }
            ExprKind::IfElse { condition, then, otherwise } => {
                visit(condition);
                visit(then);
                visit(otherwise);
            }
            ExprKind::Not(operand)
            | ExprKind::Match { value: operand, .. }
            | ExprKind::Substring { value: operand, .. }
            | ExprKind::Convert(_, operand) => visit(operand),
            ExprKind::Exists(_)
            | ExprKind::Member(_)
            | ExprKind::Known
            | ExprKind::Unknown
            | ExprKind::Literal(_)
            | ExprKind::Content(..)
            | ExprKind::Field(_)
            | ExprKind::RelayAddress { .. }
            | ExprKind::EnterpriseId(_)
            | ExprKind::VendorClassData { .. } => {}
        }
    }
}

/// The operators and operands of the language (chapter "Client Classification").
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// `a or b or …`: two or more tests.
    Or(Vec<Expr>),
    /// `a and b and …`: two or more tests.
    And(Vec<Expr>),
    /// `not a`.
    Not(Box<Expr>),
    /// `a == b`: octet by octet, length included.
    Equal(Box<Expr>, Box<Expr>),
    /// `match('pattern', value)`: the whole value matches the regular expression.
    Match {
        /// The regular expression.
        pattern: Box<str>,
        /// The string that is searched.
        value: Box<Expr>,
    },
    /// `….exists`.
    Exists(Source),
    /// `member('class')`.
    Member(Box<str>),
    /// `known`, short for `member('KNOWN')`.
    Known,
    /// `unknown`, short for `not member('KNOWN')`.
    Unknown,
    /// A constant.
    Literal(Literal),
    /// `….hex` or `….text`.
    Content(Source, Representation),
    /// `pkt.…`, `pkt4.…`, `pkt6.…`.
    Field(Field),
    /// `relay6[nest].peeraddr` or `.linkaddr`: 16 octets.
    RelayAddress {
        /// Which relay; see [`Origin::Relay6`].
        nest: i8,
        /// Which address.
        address: RelayAddress,
    },
    /// `vendor.enterprise` or `vendor-class.enterprise`: 4 octets.
    EnterpriseId(VendorOption),
    /// `vendor-class[enterprise].data[index]`.
    VendorClassData {
        /// The enterprise that must have sent it; `None` for `*`.
        enterprise: Option<u32>,
        /// Which data chunk, from 0.
        index: u8,
    },
    /// `substring(value, start, length)`; no length means `all`.
    Substring {
        /// The whole.
        value: Box<Expr>,
        /// First octet; negative counts from the end.
        start: i32,
        /// Octets; negative takes those before `start`.
        length: Option<i32>,
    },
    /// `a + b + …` or `concat(a, b)`: two or more strings.
    Concat(Vec<Expr>),
    /// `ifelse(condition, then, otherwise)`.
    IfElse {
        /// A test.
        condition: Box<Expr>,
        /// The result when the test is true.
        then: Box<Expr>,
        /// The result when the test is false.
        otherwise: Box<Expr>,
    },
    /// `hexstring(value, separator)`.
    HexString {
        /// The octets.
        value: Box<Expr>,
        /// What stands between two pairs of digits.
        separator: Box<Expr>,
    },
    /// `split(value, delimiters, field)`.
    Split {
        /// The text to cut.
        value: Box<Expr>,
        /// The octets that separate fields.
        delimiters: Box<Expr>,
        /// Which field, from 1.
        field: i32,
    },
    /// `addrtotext(value)`, `lcase(value)`, ….
    Convert(Conversion, Box<Expr>),
}

/// A constant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// `'text'`.
    Text(Box<str>),
    /// `0x…`.
    Hex(Box<[u8]>),
    /// A number: four octets in network order.
    Integer(u32),
    /// 4 or 16 octets.
    Address(IpAddr),
}

/// Where an option is looked for, and the way to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The outermost container.
    pub origin: Origin,
    /// Options from the outside inwards. May be empty for [`Origin::Vendor`], always is for
    /// [`Origin::VendorClass`], never for the others.
    pub path: Vec<OptionRef>,
}

/// The outermost container of an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The client's message.
    Packet,
    /// `relay4`: the Relay Agent Information option (82).
    Relay4,
    /// `relay6[nest]`: 0 is the relay closest to the server, -1 the one closest to the client.
    Relay6(i8),
    /// `vendor[enterprise]`; `None` for `*`.
    Vendor(Option<u32>),
    /// `vendor-class[enterprise]`; `None` for `*`.
    VendorClass(Option<u32>),
}

/// An option in brackets.
#[derive(Clone, Debug)]
pub struct OptionRef {
    /// Where it stands in the text.
    pub span: Span,
    /// Its code or name.
    pub key: OptionKey,
}

impl PartialEq for OptionRef {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}
impl Eq for OptionRef {}

/// How an option is designated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptionKey {
    /// By number.
    Code(u16),
    /// By the name of its definition.
    Name(Box<str>),
}

/// How the content of an option is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Representation {
    /// `.hex`: the payload.
    Hex,
    /// `.text`: what the option's definition makes of the payload.
    Text,
}

/// One of the two vendor options.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VendorOption {
    /// Vendor-specific information: code 125 (DHCPv4) or 17 (DHCPv6).
    Information,
    /// Vendor class: code 124 (DHCPv4) or 16 (DHCPv6).
    Class,
}

/// An address in a Relay-forward message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RelayAddress {
    /// From whom the relay got the message.
    Peer,
    /// The link of the client.
    Link,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$item:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$item])* $variant,)+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];
            /// As written in expressions.
            pub const fn word(self) -> &'static str {
                match self { $($name::$variant => $word,)+ }
            }
        }
    };
}

words! {
    /// Facts about a packet that are no options.
    Field {
        /// Name of the receiving interface.
        Iface = "pkt.iface",
        /// Source address.
        Src = "pkt.src",
        /// Destination address.
        Dst = "pkt.dst",
        /// Length in octets.
        Len = "pkt.len",
        /// Hardware address (`chaddr`).
        Mac = "pkt4.mac",
        /// Length of the hardware address.
        Hlen = "pkt4.hlen",
        /// Hardware type.
        Htype = "pkt4.htype",
        /// Client address.
        Ciaddr = "pkt4.ciaddr",
        /// Relay address.
        Giaddr = "pkt4.giaddr",
        /// Address given to the client.
        Yiaddr = "pkt4.yiaddr",
        /// Next server address.
        Siaddr = "pkt4.siaddr",
        /// DHCPv4 message type; 0 for BOOTP.
        Msgtype4 = "pkt4.msgtype",
        /// DHCPv4 transaction id.
        Transid4 = "pkt4.transid",
        /// DHCPv6 message type of the client's message.
        Msgtype6 = "pkt6.msgtype",
        /// DHCPv6 transaction id of the client's message.
        Transid6 = "pkt6.transid",
    }
}

words! {
    /// Functions of one string.
    Conversion {
        /// 4 or 16 octets to an address.
        AddrToText = "addrtotext",
        /// One octet to a signed number.
        Int8ToText = "int8totext",
        /// Two octets to a signed number.
        Int16ToText = "int16totext",
        /// Four octets to a signed number.
        Int32ToText = "int32totext",
        /// One octet to an unsigned number.
        Uint8ToText = "uint8totext",
        /// Two octets to an unsigned number.
        Uint16ToText = "uint16totext",
        /// Four octets to an unsigned number.
        Uint32ToText = "uint32totext",
        /// ASCII letters to lower case.
        Lcase = "lcase",
        /// ASCII letters to upper case.
        Ucase = "ucase",
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExprKind::Or(operands) => join(f, operands, " or ", 0),
            ExprKind::And(operands) => join(f, operands, " and ", 1),
            ExprKind::Not(operand) => {
                f.write_str("not ")?;
                operand.write_at(f, 2)
            }
            ExprKind::Equal(a, b) => {
                a.write_at(f, 3)?;
                f.write_str(" == ")?;
                b.write_at(f, 3)
            }
            ExprKind::Match { pattern, value } => write!(f, "match('{pattern}', {value})"),
            ExprKind::Exists(source) => write!(f, "{source}.exists"),
            ExprKind::Member(name) => write!(f, "member('{name}')"),
            ExprKind::Known => f.write_str("known"),
            ExprKind::Unknown => f.write_str("unknown"),
            ExprKind::Literal(literal) => literal.fmt(f),
            ExprKind::Content(source, Representation::Hex) => write!(f, "{source}.hex"),
            ExprKind::Content(source, Representation::Text) => write!(f, "{source}.text"),
            ExprKind::Field(field) => f.write_str(field.word()),
            ExprKind::RelayAddress { nest, address: RelayAddress::Peer } => {
                write!(f, "relay6[{nest}].peeraddr")
            }
            ExprKind::RelayAddress { nest, address: RelayAddress::Link } => {
                write!(f, "relay6[{nest}].linkaddr")
            }
            ExprKind::EnterpriseId(VendorOption::Information) => f.write_str("vendor.enterprise"),
            ExprKind::EnterpriseId(VendorOption::Class) => f.write_str("vendor-class.enterprise"),
            ExprKind::VendorClassData { enterprise, index } => {
                write!(f, "{}.data[{index}]", Origin::VendorClass(*enterprise))
            }
            ExprKind::Substring { value, start, length: Some(length) } => {
                write!(f, "substring({value}, {start}, {length})")
            }
            ExprKind::Substring { value, start, length: None } => {
                write!(f, "substring({value}, {start}, all)")
            }
            ExprKind::Concat(operands) => join(f, operands, " + ", 4),
            ExprKind::IfElse { condition, then, otherwise } => {
                write!(f, "ifelse({condition}, {then}, {otherwise})")
            }
            ExprKind::HexString { value, separator } => {
                write!(f, "hexstring({value}, {separator})")
            }
            ExprKind::Split { value, delimiters, field } => {
                write!(f, "split({value}, {delimiters}, {field})")
            }
            ExprKind::Convert(conversion, value) => write!(f, "{}({value})", conversion.word()),
        }
    }
}

fn join(f: &mut fmt::Formatter<'_>, operands: &[Expr], word: &str, level: u8) -> fmt::Result {
    for (place, operand) in operands.iter().enumerate() {
        if place > 0 {
            f.write_str(word)?;
        }
        operand.write_at(f, level + 1)?;
    }
    Ok(())
}

impl Expr {
    /// How tightly the outermost operator binds: 0 for `or`, 5 for what needs no parentheses ever.
    fn level(&self) -> u8 {
        match self.kind {
            ExprKind::Or(_) => 0,
            ExprKind::And(_) => 1,
            ExprKind::Not(_) => 2,
            ExprKind::Equal(..) => 3,
            ExprKind::Concat(_) => 4,
            _ => 5,
        }
    }

    fn write_at(&self, f: &mut fmt::Formatter<'_>, level: u8) -> fmt::Result {
        if self.level() < level { write!(f, "({self})") } else { self.fmt(f) }
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Literal::Text(text) => write!(f, "'{text}'"),
            Literal::Hex(octets) => {
                f.write_str("0x")?;
                octets.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
            }
            Literal::Integer(number) => number.fmt(f),
            Literal::Address(address) => address.fmt(f),
        }
    }
}

impl Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.origin.fmt(f)?;
        for (place, option) in self.path.iter().enumerate() {
            match (self.origin, place) {
                (Origin::Relay4, 0) => {}
                (Origin::Packet, 0) => f.write_str("option")?,
                _ => f.write_str(".option")?,
            }
            match &option.key {
                OptionKey::Code(code) => write!(f, "[{code}]")?,
                OptionKey::Name(name) => write!(f, "[{name}]")?,
            }
        }
        Ok(())
    }
}

impl Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, enterprise) = match *self {
            Origin::Packet => return Ok(()),
            Origin::Relay4 => return f.write_str("relay4"),
            Origin::Relay6(nest) => return write!(f, "relay6[{nest}]"),
            Origin::Vendor(enterprise) => ("vendor", enterprise),
            Origin::VendorClass(enterprise) => ("vendor-class", enterprise),
        };
        match enterprise {
            Some(number) => write!(f, "{word}[{number}]"),
            None => write!(f, "{word}[*]"),
        }
    }
}
