//! What is wrong with a command line.

use std::fmt;

/// Why a command line is refused. The texts are those of perfdhcp where it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArgumentError {
    /// There is no such option, or its value is missing.
    Option {
        /// As given.
        option: String,
    },
    /// `-4` and `-6`.
    VersionTwice {
        /// The version that was set first.
        set: u8,
    },
    /// More than one argument.
    ExtraArguments,
    /// A number is not in its range.
    Number {
        /// What the number is.
        what: &'static str,
        /// How it is written on the command line.
        usage: &'static str,
        /// What it has to be.
        must: &'static str,
    },
    /// A value is none of those that are known.
    Choice {
        /// What the value is.
        what: &'static str,
        /// As given.
        value: String,
        /// Those that are known.
        known: &'static str,
    },
    /// The option stands too often.
    TooMany {
        /// With its dash.
        option: &'static str,
        /// How often it may stand.
        most: usize,
    },
    /// `-b` without a known type.
    Base,
    /// `-b mac=` with something else than an address.
    BaseMac,
    /// `-b duid=` with something else than 6 to 64 octets in hexadecimal.
    BaseDuid {
        /// What is wrong with it.
        why: &'static str,
    },
    /// `-o` with something else than `code,hexstring`.
    Extra {
        /// What is wrong with it.
        why: &'static str,
    },
    /// `-o` before `-4` or `-6`.
    ExtraBeforeVersion,
    /// Two options exclude each other.
    Incompatible {
        /// One, with its dash.
        option: &'static str,
        /// The other.
        with: &'static str,
    },
    /// An option is of no use without another.
    Requires {
        /// One, with its dash.
        option: &'static str,
        /// The other.
        needs: &'static str,
    },
    /// Renewals and releases exceed the exchanges.
    Rates,
    /// The avalanche scenario needs `-R`.
    Clients,
    /// Neither a server nor an interface is given.
    NoServer,
    /// The server is neither an address nor a name of a group.
    Server {
        /// As given.
        text: String,
    },
    /// The server's address is not of the protocol.
    ServerVersion {
        /// 4 or 6.
        version: u8,
        /// As given.
        text: String,
    },
}

impl fmt::Display for ArgumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use ArgumentError as E;
        match self {
            E::Option { option } => write!(f, "wrong command line option: {option}"),
            E::VersionTwice { set } => write!(f, "IP version already set to {set}"),
            E::ExtraArguments => f.write_str("extra arguments?"),
            E::Number { what, usage, must } => write!(f, "value of {what}: {usage} must {must}"),
            E::Choice { what, value, known } => {
                write!(f, "{what} value '{value}' is wrong - should be {known}")
            }
            E::TooMany { option, most } => write!(f, "{option} may be given {most} times at most"),
            E::Base => f.write_str(
                "base value not provided as -b<value>, expected -b mac=<mac> or -b duid=<duid>",
            ),
            E::BaseMac => f.write_str(
                "expected -b<base> format for mac address is -b mac=00::0C::01::02::03::04 or \
                 -b mac=00:0C:01:02:03:04",
            ),
            E::BaseDuid { why } => write!(f, "{why}"),
            E::Extra { why } => write!(f, "Error during encoding option -o: {why}"),
            E::ExtraBeforeVersion => {
                f.write_str("-4 or -6 must be explicitly specified before -o is used.")
            }
            E::Incompatible { option, with } => write!(f, "{option} is not compatible with {with}"),
            E::Requires { option, needs } => write!(f, "{needs} must be set to use {option}"),
            E::Rates => f.write_str(
                "The sum of Renew rate (-f<renew-rate>) and Release rate (-F<release-rate>) must \
                 not be greater than the exchange rate specified as -r<rate>",
            ),
            E::Clients => f.write_str(
                "in case of avalanche scenario number\nof clients must be specified using -R \
                 option explicitly",
            ),
            E::NoServer => f.write_str("without an interface, server is required"),
            E::Server { text } => write!(f, "'{text}' is not an address"),
            E::ServerVersion { version, text } => write!(
                f,
                "Values for IP version: {version} and server address: {text} are mismatched."
            ),
        }
    }
}

impl std::error::Error for ArgumentError {}
