//! Where a value of a delivery stands: in the payload, in a header, or where an expression finds it.

use super::DeliveryMeta;
use super::expression::{Expression, Subject};
use super::pointer::{Found, Pointer};
use serde_json::Value as Json;
use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeSet;

/// A place, or several.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Place {
    /// In the payload.
    Pointer(Pointer),
    /// A header of the delivery, by its name in lower case.
    Header(String),
    /// What an expression gives over the event.
    Expression(Expression),
}

impl Place {
    /// Where it is in the payload, if it is there.
    pub(super) fn pointer(&self) -> Option<&Pointer> {
        if let Self::Pointer(pointer) = self { Some(pointer) } else { None }
    }
}

/// A value and the place it is told by: a JSON Pointer from the top of the body, `header:…` or `jmespath:…`.
#[derive(Clone, Debug)]
pub(super) struct Given<'j> {
    pub(super) value: Cow<'j, Json>,
    pub(super) path: String,
}

/// What places are looked up in: one event and the delivery around it.
pub(super) struct Sight<'a> {
    pub(super) delivery: &'a DeliveryMeta,
    /// The payload as sent, and where it stands in the body.
    pub(super) root: (&'a Json, &'a str),
    /// The event within it.
    pub(super) event: Found<'a>,
    /// Words this product writes for "nothing".
    pub(super) not_set: &'a BTreeSet<String>,
    subject: OnceCell<Subject>,
}

impl<'a> Sight<'a> {
    pub(super) fn new(
        delivery: &'a DeliveryMeta,
        root: (&'a Json, &'a str),
        event: Found<'a>,
        not_set: &'a BTreeSet<String>,
    ) -> Self {
        Self { delivery, root, event, not_set, subject: OnceCell::new() }
    }

    /// Everything at a place, in document order.
    pub(super) fn find(&self, place: &Place) -> Vec<Given<'a>> {
        match place {
            Place::Pointer(pointer) => {
                let (json, base) = if pointer.from_root { self.root } else { (self.event.value, self.event.path.as_str()) };
                let found = pointer.find(json, base).into_iter();
                found.map(|found| Given { value: Cow::Borrowed(found.value), path: found.path }).collect()
            }
            Place::Header(name) => {
                let value = self.delivery.headers.get(name).map(|value| header_value(name, value));
                let given = value.map(|value| Given { value: Cow::Owned(Json::String(value)), path: format!("header:{name}") });
                given.into_iter().collect()
            }
            Place::Expression(expression) => {
                let subject = self.subject.get_or_init(|| Subject::of(self.event.value));
                let found = expression.find(subject).into_iter();
                found.map(|value| Given { value: Cow::Owned(value), path: format!("jmespath:{}", expression.text()) }).collect()
            }
        }
    }

    /// The first scalar at a place that is set, and where it stood.
    pub(super) fn scalar(&self, place: &Place) -> Option<(String, String)> {
        self.find(place).into_iter().find_map(|given| Some((self.set_scalar(&given.value)?, given.path)))
    }

    /// A scalar in words, unless it is one of the product's words for nothing.
    pub(super) fn set_scalar(&self, json: &Json) -> Option<String> {
        let word = match json {
            Json::String(text) => text.trim().to_owned(),
            Json::Number(number) => number.to_string(),
            Json::Bool(yes) => yes.to_string(),
            Json::Null | Json::Array(_) | Json::Object(_) => return None,
        };
        (!word.is_empty() && !self.not_set.contains(&word)).then_some(word)
    }
}

/// CloudEvents writes what is not plain ASCII with percent signs (HTTP binding 1.0, 3.1.3.2).
fn header_value(name: &str, value: &str) -> String {
    if !name.starts_with("ce-") || !value.contains('%') {
        return value.to_owned();
    }
    let bytes = value.as_bytes();
    let digit = |at: usize| bytes.get(at).and_then(|b| char::from(*b).to_digit(16)).and_then(|digit| u8::try_from(digit).ok());
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push(high * 16 + low);
                at += 3;
            }
            _ => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(decoded).unwrap_or_else(|_| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::header_value;

    #[test]
    fn a_header_of_cloudevents_is_decoded_and_another_is_not() {
        assert_eq!(header_value("ce-subject", "Euro%20%E2%82%AC%20%F0%9F%98%80"), "Euro € 😀");
        assert_eq!(header_value("ce-subject", "100%, %zz %4"), "100%, %zz %4");
        assert_eq!(header_value("ce-subject", "%FF"), "%FF");
        assert_eq!(header_value("x-id", "a%20b"), "a%20b");
    }
}
