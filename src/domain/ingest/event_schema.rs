//! The JSON Schema of the native event, from the table its reader works by and the facts it may state.

use super::native::{FIELDS, Field, NOTE_MAX_CHARS, RESERVED};
use crate::domain::facts::{FactEntry, FactType, Vocabulary};
use serde_json::{Map, Value as Json, json};

/// RFC 3339 with an explicit offset.
const TIME: &str = r"^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$";
const PLACE: &str = "^[A-Z]{2}(-[A-Z0-9]{1,3})?$";
/// No control characters but new lines and tabs.
const PRINTABLE: &str = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$";
/// As the types of facts have them.
const TEXT_MAX_CHARS: u64 = 20_000;
const COUNT_MAX: u64 = 10_000_000_000;

/// The schema, draft 7, as JSON text ending with a new line: one event, or a list of them.
///
/// Whatever it accepts the reader accepts, but for what a schema cannot say: that a day is in the calendar, a zone
/// on the map, or that `1.0` is not written as a whole number.
pub fn event_schema(vocabulary: &Vocabulary) -> String {
    let properties: Map<String, Json> =
        FIELDS.iter().map(|(name, field, says)| ((*name).to_owned(), property(*field, says, vocabulary))).collect();
    let schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Watchbell: event",
        "oneOf": [
            { "$ref": "#/definitions/event" },
            { "type": "array", "items": { "$ref": "#/definitions/event" } },
        ],
        "definitions": {
            "event": {
                "type": "object",
                "required": ["title"],
                "additionalProperties": false,
                "properties": properties,
            },
            "time": { "type": "string", "pattern": TIME, "description": "RFC 3339 with an explicit offset" },
            "text": { "type": "string", "maxLength": TEXT_MAX_CHARS, "pattern": PRINTABLE },
            "number": { "type": "integer", "minimum": 0, "maximum": COUNT_MAX },
            "count": { "oneOf": [
                { "$ref": "#/definitions/number" },
                {
                    "type": "object",
                    "minProperties": 1,
                    "maxProperties": 1,
                    "propertyNames": { "enum": ["exact", "about", "at-least"] },
                    "additionalProperties": { "$ref": "#/definitions/number" },
                },
            ] },
            "places": { "type": "array", "items": { "type": "string", "pattern": PLACE } },
            "count-by-place": {
                "type": "object",
                "propertyNames": { "pattern": PLACE },
                "additionalProperties": { "$ref": "#/definitions/count" },
            },
        },
    });
    format!("{schema:#}\n")
}

fn property(field: Field, says: &str, vocabulary: &Vocabulary) -> Json {
    let mut schema = match field {
        Field::Title => json!({ "type": "string", "pattern": r"\S" }),
        Field::Text => nullable(json!({ "type": "string" })),
        Field::Note => nullable(json!({ "type": "string", "maxLength": NOTE_MAX_CHARS })),
        Field::Time => nullable(defined("time")),
        Field::OneOf(words) => nullable(json!({ "enum": words })),
        Field::Ids => nullable(json!({ "type": "array", "items": { "type": "string", "pattern": r"\S" } })),
        Field::Labels => nullable(json!({ "type": "object" })),
        Field::Facts => nullable(facts(vocabulary)),
    };
    schema["description"] = says.into();
    schema
}

/// Null is the same as leaving it out.
fn nullable(schema: Json) -> Json {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

fn facts(vocabulary: &Vocabulary) -> Json {
    let mut properties = Map::new();
    let mut of_groups = Map::new();
    let is_stated = |entry: &&FactEntry| !entry.of_each_subject && RESERVED.iter().all(|(key, _)| *key != entry.key.as_str());
    for entry in vocabulary.iter().filter(is_stated) {
        let key = entry.key.as_str();
        let mut schema = nullable(value(&entry.kind));
        schema["description"] = entry.question.clone().into();
        properties.insert(key.to_owned(), schema);
        // A fact may be said of one group of people.
        if !entry.of_organisation {
            of_groups.insert(format!("^{}@[a-z0-9-]{{1,40}}$", key.replace('.', r"\.")), nullable(value(&entry.kind)));
        }
    }
    json!({ "type": "object", "additionalProperties": false, "properties": properties, "patternProperties": of_groups })
}

fn value(kind: &FactType) -> Json {
    match kind {
        FactType::YesNo => json!({ "type": "boolean" }),
        FactType::Count => defined("count"),
        FactType::Instant => defined("time"),
        FactType::Date => json!({ "type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$" }),
        FactType::Text => defined("text"),
        FactType::Zone => json!({ "type": "string", "minLength": 1 }),
        FactType::OneOf(words) => json!({ "enum": words }),
        FactType::AnyOf(words) => json!({ "type": "array", "items": { "enum": words } }),
        FactType::Names => json!({ "type": "array", "items": defined("text") }),
        FactType::Parties => json!({ "type": "array", "items": { "anyOf": [
            defined("text"),
            {
                "type": "object",
                "properties": { "name": defined("text"), "reach": defined("text") },
                "required": ["name"],
                "additionalProperties": false,
            },
        ] } }),
        FactType::Places => defined("places"),
        FactType::CountByPlace => defined("count-by-place"),
    }
}

fn defined(name: &str) -> Json {
    json!({ "$ref": format!("#/definitions/{name}") })
}
