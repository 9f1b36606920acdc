//! Classes: names, membership of a packet, definitions and their evaluation.

mod list;
mod name;
mod set;

pub use list::{
    Class, ClassDefinition, ClassError, ClassFault, ClassList, ClassListBuilder, Interest,
    Membership, Observer, TestKind,
};
pub use name::{ClassId, ClassNames, is_builtin, is_spawned};
pub use set::ClassSet;
