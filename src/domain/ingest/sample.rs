//! The smallest payload a mapping reads: an id and a title, where the product would have them. For trying out
//! the way from a sender to the daemon, not for trying out the mapping.

use super::mapping::{Form, From, Mapping, Take};
use super::place::Place;
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

/// The places in the payload of the first source that has any within the event.
fn places(takes: &[Take]) -> Vec<&Pointer> {
    takes.iter().map(places_of).find(|places| !places.is_empty()).unwrap_or_default()
}

fn places_of(take: &Take) -> Vec<&Pointer> {
    let places = match &take.from {
        From::Place(place) => std::slice::from_ref(place),
        From::Join(places) => places,
        From::Constant(_) => &[],
    };
    places.iter().filter_map(Place::pointer).filter(|pointer| !pointer.from_root).collect()
}
