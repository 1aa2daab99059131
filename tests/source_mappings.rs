//! The built-in mappings against payloads of each product's shape.
//!
//! Every `tests/fixtures/sources/<mapping>/<case>.json` is read by `rules/sources/<mapping>.toml`
//! and told in the words of a dry run; `<case>.txt` beside it holds what must come out.
//! `WATCHBELL_BLESS=1` writes those files anew: read the difference before keeping it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use watchbell::domain::facts::Vocabulary;
use watchbell::domain::ids::SourceId;
use watchbell::domain::ingest::{DeliveryMeta, EvidenceKind, Mapping, Report, dry_run, read};
use watchbell::domain::instant::{Instant, parse_rfc3339};

fn received() -> Instant {
    parse_rfc3339("2026-11-21T12:00:00Z").expect("a time")
}

fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn delivery(source: &str) -> DeliveryMeta {
    DeliveryMeta::json(SourceId::from(source), received())
}

/// Every built-in mapping by name.
fn mappings() -> BTreeMap<String, Mapping> {
    let mut mappings = BTreeMap::new();
    for entry in std::fs::read_dir(at("rules/sources")).expect("rules/sources") {
        let path = entry.expect("an entry").path();
        let text = std::fs::read_to_string(&path).expect("a mapping file");
        let mapping = Mapping::parse(&text).unwrap_or_else(|faults| panic!("{}: {faults:#?}", path.display()));
        assert_eq!(path.file_stem().and_then(|stem| stem.to_str()), Some(mapping.name()), "a file is named as its mapping");
        mappings.insert(mapping.name().to_owned(), mapping);
    }
    mappings
}

fn files_under(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == extension))
        .collect();
    files.sort();
    files
}

#[test]
fn every_mapping_reads_its_fixtures_as_written_down() {
    let mut wrong = Vec::new();
    for (name, mapping) in mappings().iter().filter(|(_, mapping)| !mapping.is_native()) {
        let cases = files_under(&at("tests/fixtures/sources").join(name), "json");
        assert!(!cases.is_empty(), "mapping `{name}` has no fixture; add one under tests/fixtures/sources/{name}");
        for case in cases {
            let body = std::fs::read(&case).expect("a fixture");
            let told = match dry_run(mapping, &Vocabulary::default(), &delivery("under-test"), &body) {
                Ok(told) => told.to_string(),
                Err(unreadable) => format!("refused: {unreadable}\n"),
            };
            let golden = case.with_extension("txt");
            if std::env::var_os("WATCHBELL_BLESS").is_some() {
                std::fs::write(&golden, &told).expect("the golden file is written");
            }
            let expected = std::fs::read_to_string(&golden).unwrap_or_default();
            if told != expected {
                wrong.push(format!("{}\n--- expected\n{expected}\n+++ read\n{told}", case.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn no_product_claims_more_than_times() {
    for (name, mapping) in mappings().iter().filter(|(_, mapping)| !mapping.is_native()) {
        for case in files_under(&at("tests/fixtures/sources").join(name), "json") {
            let body = std::fs::read(&case).expect("a fixture");
            for report in read(mapping, &Vocabulary::default(), &delivery("s"), &body).into_iter().flatten() {
                assert_only_times(&case.display().to_string(), &report);
                assert_ne!(report.kind, EvidenceKind::BreachReport, "{}", case.display());
            }
        }
    }
}

fn assert_only_times(case: &str, report: &Report) {
    for claim in &report.claims {
        let key = claim.key.as_str();
        assert!(matches!(key, "event.occurred-at" | "event.detected-at" | "event.received-at"), "{case}: claims `{key}`");
    }
}
