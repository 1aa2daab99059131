//! The smallest payload a mapping reads: an id and a title, where the product would have them. For trying out
//! the way from a sender to the daemon, not for trying out the mapping.

use super::mapping::{Form, From, Mapping, Take};
use super::pointer::Pointer;
use serde_json::{Map, Value, json};

const ID: &str = "watchbell-drill";
const TITLE: &str = "A drill: nothing has happened";

/// A payload for a mapping. Envelopes are left off, since products send some payloads without.
pub fn sample(mapping: &Mapping) -> Value {
    let Form::Mapped(fields) = &mapping.form else { return json!({ "id": ID, "title": TITLE }) };
    let mut event = Value::Object(Map::new());
    for pointer in places(&fields.external_id) {
        pointer.put(&mut event, ID);
    }
    for pointer in places(&fields.title) {
        pointer.put(&mut event, TITLE);
    }
    event
}

/// The places of the first source that has any within the event.
fn places(takes: &[Take]) -> Vec<&Pointer> {
    let has_any = |take: &&Take| match &take.from {
        From::Pointer(pointer) => !pointer.from_root,
        From::Join(_) => true,
        From::Constant(_) | From::Header(_) => false,
    };
    match takes.iter().find(has_any).map(|take| &take.from) {
        Some(From::Pointer(pointer)) => vec![pointer],
        Some(From::Join(pointers)) => pointers.iter().filter(|pointer| !pointer.from_root).collect(),
        _ => Vec::new(),
    }
}
