//! A pointer of a report, followed back into the bytes it came from.

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value as Json;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A body as its pointers count in it: one value, or its lines as a list.
pub fn document(content_type: Option<&str>, body: &[u8]) -> Option<Json> {
    let text = std::str::from_utf8(body).ok()?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if content_type.is_some_and(|content_type| content_type.contains("ndjson")) {
        let lines = text.split('\n').filter(|line| !line.trim().is_empty());
        return lines.map(|line| serde_json::from_str(line).ok()).collect::<Option<Vec<Json>>>().map(Json::Array);
    }
    serde_json::from_str(text).ok()
}

/// Whether something stands at a place. What only a header or an expression gave has no place.
pub fn resolves(document: &Json, pointer: &str) -> bool {
    if pointer.starts_with("header:") || pointer.starts_with("jmespath:") {
        return true;
    }
    let Some(path) = pointer.strip_prefix('/') else { return pointer.is_empty() };
    let mut at = document.clone();
    for token in path.split('/') {
        let token = token.replace("~1", "/").replace("~0", "~");
        // An envelope in text, or in base64.
        if let Json::String(text) = &at {
            let Some(inner) = opened(text) else { return false };
            at = inner;
        }
        let next = match &at {
            Json::Object(members) => members.get(&token).cloned(),
            Json::Array(elements) => token.parse::<usize>().ok().and_then(|nth| elements.get(nth).cloned()),
            _ => None,
        };
        let Some(next) = next else { return false };
        at = next;
    }
    true
}

fn opened(text: &str) -> Option<Json> {
    serde_json::from_str(text).ok().or_else(|| serde_json::from_slice(&BASE64.decode(text.trim()).ok()?).ok())
}
