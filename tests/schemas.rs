//! The schemas for editors, kept beside the packs, are those of the program.

use std::path::Path;
use watchbell::domain::law::schema::PackFile;

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
