//! The JSON Schema of the native event says what its reader does.

use serde_json::{Value as Json, json};
use std::path::Path;
use watchbell::domain::facts::Vocabulary;
use watchbell::domain::ids::SourceId;
use watchbell::domain::ingest::{DeliveryMeta, Mapping, event_schema, read};
use watchbell::domain::instant::parse_rfc3339;
use watchbell::shell::rulebook;

fn vocabulary() -> Vocabulary {
    rulebook::check(&rulebook::texts(None).expect("the built-in rules")).expect("sound rules").vocabulary
}

#[test]
fn the_schema_of_the_native_event_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/.schema/event.json");
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == event_schema(&vocabulary()), "stale schema\nhint: watchbell rules schema event > rules/.schema/event.json");
}

fn with(field: &str, value: Json) -> Json {
    let mut event = json!({ "title": "t" });
    event[field] = value;
    event
}

#[test]
fn the_schema_accepts_what_the_reader_takes_and_refuses_what_it_refuses() {
    let vocabulary = vocabulary();
    let schema: Json = serde_json::from_str(&event_schema(&vocabulary)).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a sound schema");
    let delivery = DeliveryMeta::json(SourceId::from("s"), parse_rfc3339("2026-11-21T12:00:00Z").expect("a time"));
    let mut events = vec![
        json!({ "title": "t" }),
        json!([{ "title": "a" }, { "title": "b" }]),
        json!([]),
        json!({}),
        json!([{ "title": "a" }, 7]),
        json!({
            "id": "c-7", "update_id": "4", "tenant": "emea", "title": "Mailbox taken over", "severity": "high", "status": "open",
            "kind": "breach-report", "occurred_at": "2026-11-20T22:10:00+01:00", "detected_at": "2026-11-21T07:40:00Z",
            "updated_at": null, "organisations": ["acme-gmbh"], "note": "Found.", "link": "https://soc.example/7",
            "labels": { "ward": "north", "beds": 12 },
            "facts": { "people.total": { "at-least": 400 }, "data.encrypted": null, "people.by-place": { "US-OH": 3, "DE": { "about": 4 } } },
        }),
        with("titel", json!("x")),
    ];
    let odd = [
        json!(7),
        json!(true),
        json!(""),
        json!(" "),
        json!("words"),
        json!([]),
        json!([7]),
        json!([""]),
        json!({}),
        json!({ "a": 1 }),
        json!(null),
    ];
    for field in
        ["id", "update_id", "tenant", "title", "severity", "status", "kind", "organisations", "facts", "note", "link", "labels"]
    {
        events.extend(odd.iter().map(|value| with(field, value.clone())));
    }
    events.push(with("note", json!("x".repeat(20_001))));
    events.extend(["low", "unknown", "High", "fatal"].map(|word| with("severity", json!(word))));
    for time in [
        "2026-11-20T22:10:00+01:00",
        "2026-11-20T22:10:00",
        "2026-11-20",
        "yesterday",
        "2026-11-20T22:10:00.123456789z",
        "2026-11-20T22:10:00+0100",
    ] {
        events.push(with("occurred_at", json!(time)));
        events.push(with("facts", json!({ "event.ended-at": time })));
    }
    for (key, value) in [
        ("people.total", json!(3)),
        ("people.total", json!(-3)),
        ("people.total", json!(3.5)),
        ("people.total", json!("3")),
        ("people.total", json!({ "about": 3 })),
        ("people.total", json!({ "about": 3, "exact": 3 })),
        ("people.total", json!({ "perhaps": 3 })),
        ("people.total", json!(10_000_000_001_u64)),
        ("people.total@staff", json!(3)),
        ("people.total@Staff", json!(3)),
        ("people.totl", json!(3)),
        ("data.encrypted", json!("no")),
        ("data.encrypted", json!(null)),
        ("people.by-place", json!({ "ohio": 3 })),
        ("people.by-place", json!({ "US-OH": 3 })),
        ("data.kinds", json!(["no such kind"])),
        ("data.kinds", json!([])),
        ("event.received-at", json!("2026-11-20T22:10:00Z")),
        ("breach.nature", json!("words\nover lines")),
        ("breach.nature", json!("a bell\u{7}")),
    ] {
        events.push(with("facts", json!({ key: value })));
    }
    let (mut taken, mut wrong) = (0, Vec::new());
    for event in &events {
        let read = read(&Mapping::native(), &vocabulary, &delivery, event.to_string().as_bytes());
        taken += usize::from(read.is_ok());
        if read.is_ok() != validator.is_valid(event) {
            wrong.push(format!(
                "{event}\n  the reader: {:?}",
                read.map(|reports| reports.len()).map_err(|fault| fault.to_string())
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(taken > 30 && events.len() - taken > 60, "{taken} of {}", events.len());
}
