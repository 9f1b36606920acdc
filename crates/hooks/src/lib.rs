//! Callout points, the hook trait, and answers that wait for hooks (the manual's chapter on hook
//! libraries).
//!
//! A hook is asked at named points of a query's way. What it may change there, and what its answer
//! means, is said at the method of [`Hook`] for the point. A server without hooks pays one look at an
//! empty option.
#![forbid(unsafe_code)]

mod hook;
mod hooks;
mod lease_query;
mod library;
mod parking;
mod point;

pub use hook::{
    Addressed, Committed, FlexibleIdentifier, Hook, LeaseEnd, LeaseOffer, NameUpdate, Next,
    OfferMade, Query,
};
pub use hooks::{Hooks, ParkOutcome};
pub use lease_query::LeaseQueryTerms;
pub use library::{Library, LoadError, Loaded, load};
pub use parking::{Hold, ParkId, ParkedLimit, ParkingLot, ParkingSpace, Unparked};
pub use point::Point;
