//! What carriers and products wrap around an event.

use super::json::read_value;
use super::pointer::Pointer;
use base64::Engine as _;
use serde_json::Value as Json;
use std::borrow::Cow;

/// The most envelopes taken off one payload.
const ENVELOPES_MAX: usize = 5;

/// Padding or none: senders disagree.
const BASE64: base64::engine::GeneralPurpose = base64::engine::GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    base64::engine::GeneralPurposeConfig::new().with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent),
);

/// A wrapping around the payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Envelope {
    /// An object within the object.
    Object(Pointer),
    /// JSON in a string.
    JsonText(Pointer),
    /// JSON in base64 in a string.
    Base64Json(Pointer),
    /// A carrier's, known by its own marks.
    Carrier(Carrier),
}

/// Those who carry any product's events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carrier {
    /// Amazon EventBridge: `detail-type` and the event under `detail`.
    EventBridge,
    /// Amazon SNS: a `Notification` whose `Message` is JSON in a string.
    Sns,
    /// Google Pub/Sub push: JSON in base64 under `message.data`.
    PubSub,
    /// CloudEvents in structured mode: `specversion`, and the event under `data` or `data_base64`.
    CloudEvents,
}

impl Carrier {
    /// The names a mapping may give.
    pub(super) const NAMES: [&'static str; 4] = ["eventbridge", "sns", "pub-sub", "cloudevents"];

    /// The carrier of one of [`Carrier::NAMES`].
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "eventbridge" => Self::EventBridge,
            "sns" => Self::Sns,
            "pub-sub" => Self::PubSub,
            "cloudevents" => Self::CloudEvents,
            _ => return None,
        })
    }

    fn open(self, json: &Json) -> Option<(Json, &'static str)> {
        let has = |key: &str| json.get(key).is_some_and(Json::is_string);
        Some(match self {
            Self::EventBridge if has("detail-type") => (json.get("detail")?.clone(), "/detail"),
            Self::Sns if has("TopicArn") || has("Type") => (json_text(json.get("Message")?)?, "/Message"),
            Self::PubSub => (base64_json(json.pointer("/message/data")?)?, "/message/data"),
            Self::CloudEvents if has("specversion") => match (json.get("data"), json.get("data_base64")) {
                (Some(data @ Json::Object(_)), _) => (data.clone(), "/data"),
                (Some(data @ Json::String(_)), _) => (json_text(data)?, "/data"),
                (_, Some(data)) => (base64_json(data)?, "/data_base64"),
                _ => return None,
            },
            Self::EventBridge | Self::Sns | Self::CloudEvents => return None,
        })
    }
}

/// Takes envelopes off until none fits. What does not hold a JSON object is no envelope.
pub(super) fn unwrap<'j>(envelopes: &[Envelope], root: &'j Json, root_path: &str) -> (Cow<'j, Json>, String) {
    let mut current = (Cow::Borrowed(root), root_path.to_owned());
    for _ in 0..ENVELOPES_MAX {
        let Some((value, path)) = envelopes.iter().find_map(|envelope| envelope.open(&current.0, &current.1)) else { break };
        current = (Cow::Owned(value), path);
    }
    current
}

impl Envelope {
    fn open(&self, json: &Json, path: &str) -> Option<(Json, String)> {
        let (inner, inner_path) = match self {
            Self::Carrier(carrier) => carrier.open(json).map(|(inner, place)| (inner, format!("{path}{place}")))?,
            Self::Object(place) | Self::JsonText(place) | Self::Base64Json(place) => {
                let found = place.find(json, path).into_iter().next()?;
                let inner = match self {
                    Self::JsonText(_) => json_text(found.value)?,
                    Self::Base64Json(_) => base64_json(found.value)?,
                    Self::Object(_) | Self::Carrier(_) => found.value.clone(),
                };
                (inner, found.path)
            }
        };
        inner.is_object().then_some((inner, inner_path))
    }
}

fn json_text(json: &Json) -> Option<Json> {
    read_value(json.as_str()?).ok()
}

fn base64_json(json: &Json) -> Option<Json> {
    let bytes = BASE64.decode(json.as_str()?.trim()).ok()?;
    read_value(std::str::from_utf8(&bytes).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn opened(json: &Json) -> (Json, String) {
        let all: Vec<Envelope> = Carrier::NAMES.iter().filter_map(|name| Carrier::named(name)).map(Envelope::Carrier).collect();
        let (inner, path) = unwrap(&all, json, "");
        (inner.into_owned(), path)
    }

    #[test]
    fn carriers_are_known_by_their_marks_and_opened_in_any_order() {
        let event = json!({"id": "7"});
        let bridge = json!({"detail-type": "t", "detail": event});
        let sns = json!({"Type": "Notification", "TopicArn": "arn:…", "Message": bridge.to_string()});
        assert_eq!(opened(&sns), (event.clone(), "/Message/detail".into()));
        let base64 = BASE64.encode(event.to_string());
        let push = json!({"message": {"data": base64, "messageId": "1"}, "subscription": "s"});
        assert_eq!(opened(&push), (event.clone(), "/message/data".into()));
        let cloud = json!({"specversion": "1.0", "id": "a", "source": "b", "type": "c", "data": push});
        assert_eq!(opened(&cloud), (event.clone(), "/data/message/data".into()));
        let cloud = json!({"specversion": "1.0", "data_base64": base64});
        assert_eq!(opened(&cloud), (event.clone(), "/data_base64".into()));
        let cloud = json!({"specversion": "1.0", "data": event.to_string()});
        assert_eq!(opened(&cloud), (event, "/data".into()));
    }

    #[test]
    fn what_only_looks_like_an_envelope_is_left_alone() {
        for odd in [
            json!({"detail": {"a": 1}}),
            json!({"Message": "{\"a\": 1}"}),
            json!({"data": {"a": 1}}),
            json!({"specversion": "1.0", "data": ["a"]}),
            json!({"specversion": "1.0", "data": "words"}),
            json!({"message": {"data": "*** not base64 ***"}}),
            json!({"Type": "Notification", "Message": "words"}),
        ] {
            assert_eq!(opened(&odd), (odd.clone(), String::new()));
        }
    }

    #[test]
    fn no_more_than_five_are_taken_off() {
        let nested = (0..9).fold(json!({"id": "7"}), |inner, _| json!({"detail-type": "t", "detail": inner}));
        assert_eq!(opened(&nested).1, "/detail".repeat(5));
    }
}
