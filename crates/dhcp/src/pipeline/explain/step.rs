//! The steps of an explanation.

use super::origin::Origin;

/// What happened to a query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    /// In the order in which it happened.
    pub steps: Vec<Step>,
}

/// Something that was decided about a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The client joined a class without any test.
    Joined {
        /// The class.
        class: String,
        /// Why.
        cause: Cause,
    },
    /// The test of a class was evaluated.
    Tested {
        /// The class.
        class: String,
        /// Its `test` or `template-test`.
        expression: String,
        /// What came of it, in words.
        result: String,
        /// True when the client is a member now.
        is_member: bool,
        /// Each operand that mattered, and what it gave.
        because: Vec<Evaluated>,
    },
    /// A class of a list of additional classes cannot be evaluated.
    NotTestable {
        /// The class.
        class: String,
        /// Why.
        reason: &'static str,
    },
    /// Classes are evaluated again, since a reservation brought others.
    StartedOver,
    /// A subnet would fit, but its guard or that of its network lets none of the client's classes in.
    NotLetIn {
        /// The subnet.
        subnet: SubnetStep,
        /// The classes that are let in.
        guard: Vec<String>,
    },
    /// Hooks were asked.
    Hooked {
        /// Their names.
        hooks: Vec<String>,
        /// The documented name of the callout point.
        point: &'static str,
        /// What they did there.
        effect: HookEffect,
    },
    /// The subnet that the client is placed in; `None` when there is none for it.
    Placed(Option<SubnetStep>),
    /// Reservations of the client, nearest first.
    Reserved(Vec<ReservationStep>),
    /// The pools there, and whether the client may have an address from them.
    Pools(Vec<PoolStep>),
    /// Something to be offered or granted.
    Lease(LeaseStep),
    /// The answer that was written.
    Answered {
        /// Its message type.
        message_type: String,
        /// Its fixed fields that say something.
        fields: Vec<AnswerField>,
        /// Its options.
        options: Vec<AnswerOption>,
    },
    /// Where it goes.
    Sent {
        /// Destination address.
        address: String,
        /// Destination port.
        port: u16,
    },
    /// There is no answer.
    Silence {
        /// Why.
        reason: String,
    },
    /// A message that the server would log.
    Message {
        /// Its identifier.
        id: &'static str,
        /// Its text.
        text: String,
    },
}

/// Why a client is in a class that has no test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Everyone is.
    Everyone,
    /// The client speaks BOOTP.
    Bootp,
    /// The vendor class that it sent.
    VendorClass,
    /// It has a reservation.
    Known,
    /// It has none.
    Unknown,
    /// Its reservation says so.
    Reservation,
    /// A template made the class from the value of its expression.
    Template,
}

/// What hooks did with a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookEffect {
    /// Nothing: an explanation must not ask them, since they may act on the world outside.
    NotAsked,
    /// They left all as it is.
    None,
    /// They changed the classes of the client.
    Classes {
        /// It is in these now.
        joined: Vec<String>,
        /// It is in these no longer.
        left: Vec<String>,
    },
    /// They know the client by this flexible identifier, in hexadecimal.
    Identifier(String),
    /// They placed the client elsewhere.
    Subnet(Option<SubnetStep>),
}

/// A step of the evaluation of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluated {
    /// The identifier of the debug message.
    pub id: &'static str,
    /// Its text.
    pub text: String,
}

/// A subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubnetStep {
    /// Its identifier.
    pub id: u32,
    /// Its prefix.
    pub prefix: String,
    /// Its shared network, if it is in one.
    pub network: Option<String>,
}

/// A reservation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReservationStep {
    /// The subnet that it is of; `None` for a global one.
    pub subnet: Option<u32>,
    /// The kind of identifier by which the client was found.
    pub identifier_type: &'static str,
    /// The identifier.
    pub identifier: String,
    /// Reserved addresses and prefixes.
    pub addresses: Vec<String>,
    /// Reserved name, or nothing.
    pub hostname: String,
    /// Classes that it gives.
    pub classes: Vec<String>,
}

/// A pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolStep {
    /// Its subnet.
    pub subnet: u32,
    /// Its range.
    pub range: String,
    /// The classes that are let in; everyone if there are none.
    pub guard: Vec<String>,
    /// True when the client is.
    pub is_open: bool,
    /// True when the client is kept out of the whole subnet, whatever the pool says.
    pub is_subnet_closed: bool,
}

/// An address or prefix for the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseStep {
    /// The address, or the prefix with its length.
    pub address: String,
    /// Its subnet.
    pub subnet: u32,
    /// The range of its pool; `None` when it is reserved outside of pools.
    pub pool: Option<String>,
    /// Seconds.
    pub valid_lifetime: u32,
    /// Seconds (DHCPv6).
    pub preferred_lifetime: Option<u32>,
}

/// A fixed field of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerField {
    /// As RFC 2131 calls it.
    pub name: &'static str,
    /// Its value.
    pub value: String,
}

/// An option of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerOption {
    /// Its code.
    pub code: u16,
    /// Its name, if it has a definition.
    pub name: Option<String>,
    /// Its data, as its definition shows it; in hexadecimal without one.
    pub value: String,
    /// Where the value is from.
    pub origin: Origin,
}
