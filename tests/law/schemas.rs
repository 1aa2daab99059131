//! The schemas for editors, kept beside the packs, are those of the program.

use serde_json::{Value as Json, json};
use std::path::Path;
use watchbell::domain::law::schema::PackFile;
use watchbell::shell::rulebook;

#[test]
fn the_schemas_beside_the_packs_are_current() {
    for file in PackFile::ALL {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("rules/.schema/{}.json", file.name()));
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        let name = file.name();
        assert!(kept == file.schema(), "stale schema\nhint: watchbell rules schema {name} > rules/.schema/{name}.json");
    }
}

#[test]
fn a_schema_knows_the_keys_of_its_file_and_no_others() {
    let schema: serde_json::Value = serde_json::from_str(&PackFile::Duty.schema()).expect("a schema is JSON");
    assert_eq!(schema["additionalProperties"], serde_json::json!(false));
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(|key| key.as_str()).collect();
    for key in ["id", "cite", "verification", "binds", "arises", "start", "due", "force"] {
        assert!(required.contains(&key), "`{key}` is required: {required:?}");
    }
    for key in ["exception", "hold", "content", "notice", "would-replace"] {
        assert!(schema["properties"][key].is_object() && !required.contains(&key), "`{key}` is known and may be left out");
    }
    let conditions = schema["definitions"]["Condition"].to_string();
    for word in ["all", "any", "not", "term", "said", "any-place", "on-or-after"] {
        assert!(conditions.contains(&format!("\"{word}\"")), "`{word}` is a condition");
    }
}

fn schema(file: PackFile) -> Json {
    serde_json::from_str(&file.schema()).expect("a schema is JSON")
}

/// What kind of file of a pack lies at a path below the rules folder; none for what has no schema.
fn kind(path: &str) -> Option<PackFile> {
    let (folder, name) = path.split_once('/')?;
    match name {
        _ if matches!(folder, "calendars" | "hints" | "sources") || !name.ends_with(".toml") => None,
        "authorities.toml" => None,
        "pack.toml" => Some(PackFile::Pack),
        "cases.toml" => Some(PackFile::Cases),
        name if name.starts_with("overlays/") => Some(PackFile::Overlay),
        _ => Some(PackFile::Duty),
    }
}

#[test]
fn every_file_of_every_pack_is_what_its_schema_says() {
    let texts = rulebook::built_in();
    for file in PackFile::ALL {
        let validator = jsonschema::validator_for(&schema(file)).expect("a schema that can be used");
        let of_kind: Vec<_> = texts.iter().filter(|text| kind(&text.path) == Some(file)).collect();
        assert!(of_kind.len() > 5, "few files of the kind {}", file.name());
        for text in of_kind {
            let read: Json = toml::from_str(&text.text).unwrap_or_else(|fault| panic!("{}: {fault}", text.path));
            let faults: Vec<String> =
                validator.iter_errors(&read).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
            assert!(faults.is_empty(), "{}: {faults:#?}", text.path);
        }
    }
}

#[test]
fn a_schema_refuses_what_the_program_refuses() {
    let texts = rulebook::built_in();
    let text = texts.iter().find(|text| text.path == "house/triage.toml").expect("the duty is there");
    let sound: Json = toml::from_str(&text.text).expect("the duty is read");
    let validator = jsonschema::validator_for(&schema(PackFile::Duty)).expect("a schema that can be used");
    assert!(validator.is_valid(&sound));
    let spoilt = |pointer: &str, value: Json| {
        let mut spoilt = sound.clone();
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
        spoilt.pointer_mut(parent).unwrap_or_else(|| panic!("no {parent}"))[key] = value;
        assert_ne!(spoilt, sound);
        validator.is_valid(&spoilt)
    };
    assert!(!spoilt("/colour", json!("red")), "an unknown key");
    assert!(!spoilt("/verification", json!("oficial")), "a word that is none of the marks");
    assert!(!spoilt("/binds", json!({ "has": { "fact": "organisation.places" } })), "a condition without its words");
    assert!(!spoilt(
        "/due",
        json!([{ "says": "soon", "cite": "s.1", "verification": "choice", "limit": { "hors": { "count": 1 } } }])
    ));
    assert!(!spoilt("/force/from", json!("13 May 2027")), "a date that is none");
}

/// The keys of a schema that say nothing of themselves, each with the keys it lies under.
fn without_description(schema: &Json, at: &str, found: &mut Vec<String>) {
    for (key, property) in schema["properties"].as_object().into_iter().flatten() {
        if property["description"].as_str().is_none_or(|words| words.len() < 6) {
            found.push(format!("{at}/{key}"));
        }
    }
    let parts: Vec<(String, &Json)> = match schema {
        Json::Object(map) => map.iter().map(|(key, part)| (key.clone(), part)).collect(),
        Json::Array(list) => list.iter().enumerate().map(|(index, part)| (index.to_string(), part)).collect(),
        _ => Vec::new(),
    };
    for (key, part) in parts {
        without_description(part, &format!("{at}/{key}"), found);
    }
}

#[test]
fn an_editor_can_say_what_every_key_means() {
    for file in PackFile::ALL {
        let mut found = Vec::new();
        without_description(&schema(file), "", &mut found);
        assert!(found.is_empty(), "{}: no words for {found:#?}", file.name());
    }
}
