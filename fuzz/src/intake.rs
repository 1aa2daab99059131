//! Any bytes through any mapping: what must hold whatever they are.

use crate::domain::facts::{FactEntry, FactType, Value, Vocabulary};
use crate::domain::ids::SourceId;
use crate::domain::ingest::{DeliveryMeta, Mapping, Report, dry_run, read};
use crate::domain::instant::{Duration, Instant, parse_rfc3339};
use crate::resolve::{document, resolves};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

const CONTENT_TYPES: [Option<&str>; 4] =
    [Some("application/json"), Some("application/x-ndjson"), Some("application/cloudevents-batch+json"), None];
/// All that a mapping may claim for a product.
const OF_PRODUCTS: [&str; 3] = ["event.occurred-at", "event.detected-at", "event.received-at"];

struct World {
    names: Vec<String>,
    mappings: Vec<Mapping>,
    vocabulary: Vocabulary,
    received_at: Instant,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules/sources");
    let files = std::fs::read_dir(folder).expect("rules/sources").map(|entry| entry.expect("an entry").path());
    let mut mappings: Vec<Mapping> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .map(|path| Mapping::parse(&std::fs::read_to_string(path).expect("a mapping")).expect("a sound mapping"))
        .collect();
    mappings.sort_by(|a, b| a.name().cmp(b.name()));
    let mut vocabulary = Vocabulary::default();
    for (key, kind, judgement) in [
        ("people.total", FactType::Count, false),
        ("data.encrypted", FactType::YesNo, false),
        ("people.places", FactType::Places, false),
        ("aware.at", FactType::Instant, true),
    ] {
        let question = key.to_owned();
        let (help, of_organisation, may_lie_ahead, at_least_sum_of) = (None, false, false, None);
        let (listed_in, of_each_subject) = (None, false);
        vocabulary.insert(FactEntry {
            key: key.into(),
            kind,
            question,
            help,
            judgement,
            of_organisation,
            may_lie_ahead,
            at_least_sum_of,
            listed_in,
            of_each_subject,
        });
    }
    World {
        names: mappings.iter().map(|mapping| mapping.name().to_owned()).collect(),
        mappings,
        vocabulary,
        received_at: parse_rfc3339("2026-11-21T12:00:00Z").expect("a time"),
    }
});

/// The mappings in the order in which an input's first byte counts them.
pub fn mapping_names() -> &'static [String] {
    &WORLD.names
}

/// Reads a body with a mapping.
pub fn check(nth: usize, flags: u8, body: &[u8]) {
    let mut headers = BTreeMap::new();
    if flags & 4 != 0 {
        for (name, value) in [
            ("ce-id", "1"),
            ("ce-source", "/a%20b"),
            ("ce-type", "t"),
            ("ce-time", "2026-11-21T08:00:00+01:00"),
            ("webhook-id", "msg_1"),
            ("x-atlassian-webhook-identifier", "j-1"),
        ] {
            headers.insert(name.to_owned(), value.to_owned());
        }
    }
    let content_type = CONTENT_TYPES[usize::from(flags & 3)].map(str::to_owned);
    let delivery = DeliveryMeta { source: SourceId::from("s"), content_type, headers, received_at: WORLD.received_at };
    check_delivery(&WORLD.mappings[nth], &delivery, body);
}

/// Reads a mapping, and an event with it if it is sound.
pub fn check_mapping_text(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    match Mapping::parse(text) {
        Ok(mapping) => {
            let delivery = DeliveryMeta::json(SourceId::from("s"), WORLD.received_at);
            let body = br#"{"id":"7","title":"t","a":[{"b":1,"c":"2026-11-20T10:00:00Z"},{"b":2}],"detail":{"x":{"y":[1,2]}}}"#;
            check_delivery(&mapping, &delivery, body);
        }
        Err(faults) => {
            assert!(!faults.is_empty());
            for span in faults.iter().filter_map(|fault| fault.span.as_ref()) {
                assert!(span.start <= span.end && span.end <= text.len(), "a fault lies outside the text: {faults:?}");
            }
        }
    }
}

fn check_delivery(mapping: &Mapping, delivery: &DeliveryMeta, body: &[u8]) {
    let first = read(mapping, &WORLD.vocabulary, delivery, body);
    assert_eq!(first, read(mapping, &WORLD.vocabulary, delivery, body), "the same bytes were read two ways");
    let shown = dry_run(mapping, &WORLD.vocabulary, delivery, body);
    let reports = match first {
        Ok(reports) => reports,
        Err(unreadable) => {
            assert!(!unreadable.message.is_empty() && shown.is_err());
            if let Some(at) = unreadable.at {
                assert!(at.byte <= body.len() && at.line >= 1 && at.column >= 1, "{at:?}");
            }
            return;
        }
    };
    let shown = shown.expect("a dry run takes what is taken");
    assert!(!shown.to_string().is_empty());
    let whole = document(delivery.content_type.as_deref(), body);
    for (report, shown) in reports.iter().zip(&shown.reports) {
        check_report(mapping, report);
        let places = report.consumed.iter().chain(report.hints.iter().map(|hint| &hint.pointer));
        let places = places.chain(report.claims.iter().filter_map(|claim| claim.pointer.as_ref())).chain(&shown.ignored);
        if let Some(whole) = &whole {
            places.for_each(|place| assert!(resolves(whole, place), "nothing stands at `{place}`"));
        }
        let mut plain = shown.clone();
        plain.ignored.clear();
        assert_eq!(report, &plain, "a dry run shows something else");
    }
    assert_eq!(reports.len(), shown.reports.len());
}

fn check_report(mapping: &Mapping, report: &Report) {
    assert!(!report.update_id.is_empty() && report.update_id.len() <= 512);
    assert!(!report.title.is_empty() && report.title.chars().count() <= 400 && !report.title.contains(char::is_control));
    for claim in &report.claims {
        let key = claim.key.as_str();
        assert!(mapping.is_native() || OF_PRODUCTS.contains(&key), "`{}` claims `{key}`", mapping.name());
        assert!(key != "aware.at" && !claim.settles);
        if let Some(Value::Instant(at)) = claim.value
            && key.starts_with("event.")
        {
            assert!(at <= WORLD.received_at + Duration::minutes(5), "`{key}` lies in the future");
        }
    }
    assert!(report.hints.iter().all(|hint| hint.value.chars().count() <= 200 && !hint.value.contains(char::is_control)));
    let stored = serde_json::to_string(report).expect("a report is JSON");
    assert_eq!(&serde_json::from_str::<Report>(&stored).expect("a report reads back"), report);
}
