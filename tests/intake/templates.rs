//! The bodies that `rules/sources/README.md` offers to copy, each read by its mapping once the product has filled it.

use serde_json::{Map, Value as Json};
use std::path::Path;
use watchbell::domain::facts::Vocabulary;
use watchbell::domain::ids::SourceId;
use watchbell::domain::ingest::{DeliveryMeta, Mapping, Severity, read};
use watchbell::domain::instant::parse_rfc3339;

fn file(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The fenced blocks of a language, each with the word after it.
fn blocks(language: &str) -> Vec<(String, String)> {
    let text = file("rules/sources/README.md");
    let mut blocks = Vec::new();
    for fenced in text.split("```").skip(1).step_by(2) {
        let (info, body) = fenced.split_once('\n').expect("a block has lines");
        if let Some((found, word)) = info.split_once(' ')
            && found == language
        {
            blocks.push((word.to_owned(), body.to_owned()));
        }
    }
    blocks
}

/// What the product puts into a place, by the name of the field.
fn filled(name: &str, json: &Json, mapping: &str) -> Json {
    match json {
        Json::Object(members) => {
            Json::Object(members.iter().map(|(name, value)| (name.clone(), filled(name, value, mapping))).collect::<Map<_, _>>())
        }
        Json::Array(elements) => elements.iter().map(|each| filled(name, each, mapping)).collect(),
        Json::String(text) if ["{{", "${", "@{"].iter().any(|mark| text.contains(mark)) => Json::String(value_of(name, mapping)),
        other => other.clone(),
    }
}

fn value_of(name: &str, mapping: &str) -> String {
    let lower = name.to_lowercase();
    let of_time = ["_at", "time", "timeutc", "stamp", "startsat", "_on", "occurred", "created", "modified"];
    match (mapping, lower.as_str()) {
        ("servicenow", "priority") => "2".into(),
        ("xsoar", "severity") => "3".into(),
        (_, "endsat") => "0001-01-01T00:00:00Z".into(),
        (_, "severity" | "severity_name") => "high".into(),
        ("servicenow", name) if name.ends_with("_at") || name.ends_with("_on") => "2026-11-21 09:00:00".into(),
        ("dfir-iris", name) if name.ends_with("_time") => "2026-11-21T09:00:00.25".into(),
        ("wazuh", "timestamp") => "2026-11-21T10:00:00.000+0100".into(),
        ("splunk", "_time") => "1795251600.250".into(),
        (_, name) if of_time.iter().any(|end| name.ends_with(end)) => "2026-11-21T09:00:00Z".into(),
        _ => format!("the {name}"),
    }
}

#[test]
fn every_body_to_copy_is_read_without_a_remark() {
    let templates = blocks("json");
    assert!(templates.len() >= 12, "{}", templates.len());
    let received_at = parse_rfc3339("2026-11-21T12:00:00Z").expect("a time");
    for (name, body) in templates {
        let mapping = Mapping::parse(&file(&format!("rules/sources/{name}.toml"))).expect("a sound mapping");
        let template: Json = serde_json::from_str(&body).unwrap_or_else(|error| panic!("{name}: {error}\n{body}"));
        let filled = filled("", &template, &name).to_string();
        let delivery = DeliveryMeta::json(SourceId::from("s"), received_at);
        let report = match read(&mapping, &Vocabulary::default(), &delivery, filled.as_bytes()) {
            Ok(mut reports) => reports.remove(0),
            Err(unreadable) => panic!("{name}: {unreadable}\n{filled}"),
        };
        let odd: Vec<&str> =
            report.remarks.iter().map(|remark| remark.text.as_str()).filter(|text| !text.contains("read ")).collect();
        assert!(odd.is_empty(), "{name}: {odd:?}\n{filled}");
        assert!(report.external_id.is_some() && !report.title.ends_with("without a title"), "{name}: {report:#?}");
        assert!(report.times.detected.or(report.times.occurred).is_some(), "{name} names no time: {report:#?}");
        let tells_severity = body.contains("\"severity\": \"{{context") || name != "native";
        assert!(!tells_severity || report.severity > Severity::Low, "{name}: {:?}", report.severity);
    }
}

#[test]
fn the_mapping_of_the_lesson_is_sound() {
    let lessons = blocks("toml");
    assert_eq!(lessons.len(), 1);
    let mapping = Mapping::parse(&lessons[0].1).unwrap_or_else(|faults| panic!("{faults:#?}"));
    assert!(mapping.takes_batches() && mapping.hinted_facts().count() == 1);
}
