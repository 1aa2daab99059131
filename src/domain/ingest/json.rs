//! JSON read strictly: what two readers could read two ways is refused.

use super::unreadable::{Position, Refusal, Unreadable};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value as Json};
use std::cell::Cell;
use std::fmt;

/// The deepest nesting that is read.
pub const DEPTH_MAX: usize = 64;

/// The most events in one delivery.
pub const ELEMENTS_MAX: usize = 10_000;

/// The events of a body.
#[derive(Debug)]
pub(super) enum Body {
    /// One JSON object.
    Single(Json),
    /// A JSON array, or one object per line.
    Batch(Vec<Json>),
}

/// Reads a body: one object, an array, or lines where the content type says so.
pub(super) fn read_body(content_type: Option<&str>, body: &[u8]) -> Result<Body, Unreadable> {
    let text = std::str::from_utf8(body).map_err(|error| {
        Unreadable::new(Refusal::NotUtf8, "the body is not UTF-8").at(Position::of_byte(body, error.valid_up_to()))
    })?;
    if let Some(marked) = text.strip_prefix('\u{feff}') {
        return read_text(content_type, marked).map_err(|unreadable| unreadable.shifted(text.len() - marked.len()));
    }
    read_text(content_type, text)
}

fn read_text(content_type: Option<&str>, text: &str) -> Result<Body, Unreadable> {
    if text.trim().is_empty() {
        return Err(Unreadable::new(Refusal::Empty, "the body is empty"));
    }
    if content_type.is_some_and(is_lines) {
        return read_lines(text);
    }
    match read_value(text)? {
        Json::Array(elements) => batch(elements),
        single @ Json::Object(_) => Ok(Body::Single(single)),
        _ => Err(Unreadable::new(Refusal::NotAnObject, "the body is neither an object nor a list")),
    }
}

/// Reads a body that is one strict JSON value, as people and their tools send it.
pub fn read_strict(body: &[u8]) -> Result<Json, Unreadable> {
    let text = std::str::from_utf8(body).map_err(|error| {
        Unreadable::new(Refusal::NotUtf8, "the body is not UTF-8").at(Position::of_byte(body, error.valid_up_to()))
    })?;
    if text.trim().is_empty() {
        return Err(Unreadable::new(Refusal::Empty, "the body is empty"));
    }
    read_value(text)
}

/// Reads one strict JSON value.
pub(super) fn read_value(text: &str) -> Result<Json, Unreadable> {
    let refusal = Cell::new(None);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let seed = Strict { depth: 0, refusal: &refusal };
    let value = seed.deserialize(&mut deserializer).map_err(|error| unreadable(text, &error, refusal.get()))?;
    deserializer.end().map_err(|error| unreadable(text, &error, Some(Refusal::Trailing)))?;
    Ok(value)
}

fn is_lines(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    matches!(essence.as_str(), "application/x-ndjson" | "application/ndjson" | "application/jsonl" | "application/x-jsonlines")
}

fn read_lines(text: &str) -> Result<Body, Unreadable> {
    let mut elements = Vec::new();
    let mut byte = 0;
    for (nth, line) in text.split('\n').enumerate() {
        if !line.trim().is_empty() {
            let element = read_value(line).map_err(|mut unreadable| {
                if let Some(at) = &mut unreadable.at {
                    at.line += nth;
                    at.byte += byte;
                }
                unreadable
            })?;
            elements.push(element);
        }
        byte += line.len() + 1;
    }
    batch(elements)
}

fn batch(elements: Vec<Json>) -> Result<Body, Unreadable> {
    if elements.len() > ELEMENTS_MAX {
        let message = format!("{} events in one delivery; at most {ELEMENTS_MAX} are read", elements.len());
        return Err(Unreadable::new(Refusal::BatchTooLong, message));
    }
    Ok(Body::Batch(elements))
}

fn unreadable(text: &str, error: &serde_json::Error, refusal: Option<Refusal>) -> Unreadable {
    let refusal = refusal.unwrap_or(if error.is_eof() { Refusal::Truncated } else { Refusal::Malformed });
    let message = match refusal {
        Refusal::DuplicateKey => "a key stands twice in one object",
        Refusal::TooDeep => "nested deeper than 64 levels",
        Refusal::Nul => "a NUL character in a string",
        Refusal::Trailing => "something follows the JSON value",
        Refusal::Truncated => "the JSON stops in the middle",
        _ => "not valid JSON",
    };
    let line_start = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
    let byte = (line_start + error.column().saturating_sub(1)).min(text.len());
    // A line break inside a string is told as column 0 of the next line.
    Unreadable::new(refusal, message).at(Position { byte, line: error.line(), column: error.column().max(1) })
}

/// Builds the tree and refuses what serde_json would let pass.
#[derive(Clone, Copy)]
struct Strict<'c> {
    depth: usize,
    refusal: &'c Cell<Option<Refusal>>,
}

impl Strict<'_> {
    fn refuse<E: Error>(&self, refusal: Refusal) -> E {
        self.refusal.set(Some(refusal));
        E::custom(refusal.code())
    }

    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth >= DEPTH_MAX { Err(self.refuse(Refusal::TooDeep)) } else { Ok(Self { depth: self.depth + 1, ..self }) }
    }

    fn check<E: Error>(&self, text: &str) -> Result<(), E> {
        if text.as_bytes().contains(&0) { Err(self.refuse(Refusal::Nul)) } else { Ok(()) }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Json, E> {
        Ok(Number::from_f64(value).map_or(Json::Null, Json::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Json, E> {
        self.check(value)?;
        Ok(Json::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
        let inner = self.deeper()?;
        let mut elements = Vec::new();
        while let Some(element) = seq.next_element_seed(inner)? {
            elements.push(element);
        }
        Ok(Json::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let inner = self.deeper()?;
        let mut members = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            self.check(&key)?;
            let value = map.next_value_seed(inner)?;
            if members.insert(key, value).is_some() {
                return Err(self.refuse(Refusal::DuplicateKey));
            }
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> (&'static str, Option<(usize, usize, usize)>) {
        let unreadable = read_body(None, text.as_bytes()).expect_err("refused");
        (unreadable.refusal.code(), unreadable.at.map(|at| (at.byte, at.line, at.column)))
    }

    #[test]
    fn every_unsound_body_has_its_code_and_place() {
        assert_eq!(refusal(" \n\t"), ("body-empty", None));
        assert_eq!(refusal("7"), ("event-not-an-object", None));
        assert_eq!(refusal("{\"a\":1"), ("json-truncated", Some((5, 1, 6))));
        assert_eq!(refusal("{\n \"a\": nope}"), ("json-malformed", Some((9, 2, 8))));
        assert_eq!(refusal("{} {}"), ("json-trailing", Some((3, 1, 4))));
        assert_eq!(refusal("{\"a\":1,\"a\":2}").0, "json-duplicate-key");
        assert_eq!(refusal("{\"b\":{\"a\":1,\"\\u0061\":2}}").0, "json-duplicate-key");
        assert_eq!(refusal("{\"a\":\"x\\u0000\"}").0, "json-nul");
        assert_eq!(refusal("{\"\\u0000\":1}").0, "json-nul");
        assert_eq!(refusal("{\"a\":\"\\ud800\"}").0, "json-malformed");
        assert_eq!(refusal("{\"a\":1e999}").0, "json-malformed");
    }

    #[test]
    fn bytes_that_are_not_utf8_are_named_by_their_offset() {
        let unreadable = read_body(None, b"{\"a\":\n\"\xff\"}").expect_err("refused");
        assert_eq!(unreadable.refusal, Refusal::NotUtf8);
        assert_eq!(unreadable.at, Some(Position { byte: 7, line: 2, column: 2 }));
        let broken = read_strict(b"{\"a\":\"b\nc\"}").expect_err("a line break inside a string");
        assert_eq!(broken.at, Some(Position { byte: 8, line: 2, column: 1 }));
    }

    #[test]
    fn nesting_is_read_to_64_levels_and_not_one_more() {
        let nested = |levels: usize| format!("{}{}", "{\"a\":".repeat(levels - 1) + "{}", "}".repeat(levels - 1));
        assert!(read_body(None, nested(DEPTH_MAX).as_bytes()).is_ok());
        assert_eq!(refusal(&nested(DEPTH_MAX + 1)).0, "json-too-deep");
        assert_eq!(refusal(&"[".repeat(10_000)).0, "json-too-deep");
    }

    #[test]
    fn lines_are_a_batch_and_a_fault_names_its_line() {
        let lines = Some("application/x-ndjson; charset=utf-8");
        let Ok(Body::Batch(elements)) = read_body(lines, b"{\"a\":1}\n\n{\"a\":2}\n") else { panic!("a batch") };
        assert_eq!(elements.len(), 2);
        let unreadable = read_body(lines, b"{\"a\":1}\n{\"a\" 2}\n").expect_err("refused");
        assert_eq!(unreadable.at.map(|at| (at.line, at.byte)), Some((2, 13)));
    }

    #[test]
    fn a_byte_order_mark_is_passed_over() {
        assert!(matches!(read_body(None, "\u{feff}{}".as_bytes()), Ok(Body::Single(_))));
        assert_eq!(refusal("\u{feff}{} x"), ("json-trailing", Some((6, 1, 7))));
        assert_eq!(refusal("\u{feff}{}\n x"), ("json-trailing", Some((7, 2, 2))));
    }
}
