//! Enumerations of the protocol registries: each keeps the values it has no name for.

/// Declares an enumeration over a wire integer, with a variant for unassigned values, the
/// conversions both ways, and the names of the registry.
macro_rules! wire_enum {
    (
        $(#[$doc:meta])*
        $name:ident: $repr:ty {
            $($(#[$variant_doc:meta])* $variant:ident = $value:literal => $text:literal,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$variant_doc])* #[doc = concat!("`", $text, "`, ", stringify!($value), ".")] $variant,)*
            /// A value without an assigned name.
            Unknown($repr),
        }

        impl $name {
            /// Every assigned value, in numeric order.
            pub const ASSIGNED: &'static [$name] = &[$($name::$variant),*];

            /// The value on the wire.
            #[inline]
            pub const fn number(self) -> $repr {
                match self {
                    $($name::$variant => $value,)*
                    $name::Unknown(number) => number,
                }
            }

            /// The name in the registry; `None` when the value is unassigned.
            pub const fn name(self) -> Option<&'static str> {
                match self {
                    $($name::$variant => Some($text),)*
                    $name::Unknown(_) => None,
                }
            }
        }

        impl From<$repr> for $name {
            #[inline]
            fn from(number: $repr) -> Self {
                match number {
                    $($value => $name::$variant,)*
                    number => $name::Unknown(number),
                }
            }
        }

        impl From<$name> for $repr {
            #[inline]
            fn from(value: $name) -> $repr {
                value.number()
            }
        }

        /// The name in the registry, or `unknown(N)`.
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self.name() {
                    Some(name) => f.write_str(name),
                    None => write!(f, "unknown({})", self.number()),
                }
            }
        }
    };
}

/// Declares the constants of an option-code registry.
macro_rules! codes {
    ($repr:ty; $($name:ident = $value:literal, $doc:literal;)*) => {
        $(#[doc = $doc] pub const $name: $repr = $value;)*
    };
}

pub(crate) use {codes, wire_enum};
