//! The effective configuration: what was given, and the defaults that hold.

use crate::document::{Map, Node, Value};

use crate::snapshot::{Dialect, Snapshot};

pub(crate) fn effective<F: Dialect>(snapshot: &Snapshot<F>) -> Value {
    let top = snapshot.document.root().as_map();
    let name = F::PROTOCOL.object();
    let mut out = Map::default();
    if let Some(object) = top.and_then(|top| top.get(name)) {
        out.set(name, Node::unplaced(object.value.clone()));
    }
    Value::Map(out)
}
