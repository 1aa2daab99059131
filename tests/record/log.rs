//! The timeline of an incident leaves out nothing that somebody said or did, and a copy of the store tells the same.

use super::golden::{copied, journals};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use watchbell::domain::ids::IncidentId;
use watchbell::domain::instant::{Instant, parse_rfc3339};
use watchbell::domain::journal;
use watchbell::domain::loaded::{self, Loaded, LoadedAt, LoadedPack};
use watchbell::domain::timeline::{Kind, Timeline};
use watchbell::shell::config::{self, Rules};
use watchbell::shell::desk::Desk;
use watchbell::shell::record::{self, Export};
use watchbell::shell::render::{Sealed, log_html};
use watchbell::shell::store::MemoryStore;
use watchbell::shell::store::embedded::read_streams;

use super::support::ConfigText;

fn at(text: &str) -> Instant {
    parse_rfc3339(text).expect("an instant")
}

/// Every incident of a journal, by its envelopes.
fn incidents(store: &std::path::Path) -> BTreeMap<IncidentId, Vec<Vec<u8>>> {
    let (found, streams) = read_streams(store, &IncidentId::is_incident).expect("a readable copy");
    assert_eq!(found.fault, None);
    assert!(!streams.is_empty());
    streams
}

fn export(id: &IncidentId, envelopes: &[Vec<u8>]) -> Export {
    Export::of(id, envelopes, &[], at("2027-01-01T00:00:00Z")).expect("readable").expect("an incident")
}

/// What people gave as a ground, wherever it stands in an event.
fn grounds(json: &Json, found: &mut BTreeSet<String>) {
    match json {
        Json::Object(members) => {
            for (name, value) in members {
                match value {
                    Json::String(text) if matches!(name.as_str(), "ground" | "because" | "reason" | "words" | "reference") => {
                        found.insert(text.clone());
                    }
                    value => grounds(value, found),
                }
            }
        }
        Json::Array(values) => values.iter().for_each(|value| grounds(value, found)),
        _ => {}
    }
}

#[test]
fn every_ground_on_record_stands_in_the_timeline() {
    for journal in journals() {
        let dir = copied(&journal);
        for (id, envelopes) in incidents(&dir.path().join("store")) {
            let told = serde_json::to_string(&export(&id, &envelopes).timeline).expect("JSON");
            let mut wanted = BTreeSet::new();
            for bytes in &envelopes {
                let body = journal::open(bytes).expect("an envelope").body;
                grounds(&serde_json::from_slice(&body).expect("events"), &mut wanted);
            }
            for ground in wanted {
                let quoted = serde_json::to_string(&ground).expect("a string");
                let inner = quoted.trim_matches('"');
                assert!(told.contains(inner), "{id}: `{ground}` is on record and not in the timeline");
            }
        }
    }
}

#[test]
fn every_event_but_housekeeping_has_its_line() {
    let housekeeping = ["nothing-due", "delivery-started", "claimed"];
    for journal in journals() {
        let dir = copied(&journal);
        for (id, envelopes) in incidents(&dir.path().join("store")) {
            let record = record::recorded(&id, &envelopes).expect("readable");
            let decisions: BTreeSet<u64> = export(&id, &envelopes).timeline.entries.iter().map(|entry| entry.decision).collect();
            for (nth, bytes) in (1..).zip(&envelopes) {
                let body: Json = serde_json::from_slice(&journal::open(bytes).expect("an envelope").body).expect("events");
                let kinds = body.as_array().into_iter().flatten().filter_map(|event| event.as_object()?.keys().next().cloned());
                let failed_again = body.to_string().contains("\"failed\"");
                let must: Vec<String> = kinds.filter(|kind| !housekeeping.contains(&kind.as_str())).collect();
                if !must.is_empty() && !failed_again {
                    assert!(decisions.contains(&nth), "{id}: decision {nth} ({}) has no line", must.join(", "));
                }
            }
            assert_eq!(record.last().map(|last| last.decision), Some(envelopes.len() as u64));
        }
    }
}

#[test]
fn every_value_ever_claimed_stands_in_the_timeline_with_who_said_it() {
    for journal in journals() {
        let dir = copied(&journal);
        for (id, envelopes) in incidents(&dir.path().join("store")) {
            let timeline = export(&id, &envelopes).timeline;
            let said: Vec<_> = timeline.entries.iter().flat_map(|entry| &entry.facts).collect();
            for recorded in record::recorded(&id, &envelopes).expect("readable") {
                let watchbell::domain::incident::Event::Claimed { claims, .. } = recorded.event else { continue };
                for claim in claims {
                    let value = claim.value.as_ref().map(|value| value.to_json());
                    let is = |fact: &&&watchbell::domain::timeline::Said| {
                        fact.key == claim.key.as_str() && fact.value == value && fact.by.starts_with(claim.by.name())
                    };
                    assert!(said.iter().any(|fact| is(&fact)), "{id}: {} of {} is not told", claim.key, claim.by.name());
                }
            }
        }
    }
}

#[test]
fn the_page_holds_every_line_and_nothing_from_outside() {
    for journal in journals() {
        let dir = copied(&journal);
        for (id, envelopes) in incidents(&dir.path().join("store")) {
            let export = export(&id, &envelopes);
            let page = log_html(&export.timeline, &Sealed { made_at: export.made_at, head_sha256: &export.head_sha256 });
            assert_eq!(page.matches("<section class=\"entry").count(), export.timeline.entries.len());
            assert!(page.contains(&export.head_sha256));
            for foreign in ["<script", "src=", "@import", "url("] {
                assert!(!page.contains(foreign), "{id}: the page has `{foreign}`");
            }
        }
    }
}

#[test]
fn an_export_reads_back_as_it_was_written() {
    for journal in journals() {
        let dir = copied(&journal);
        for (id, envelopes) in incidents(&dir.path().join("store")) {
            let export = export(&id, &envelopes);
            let text = serde_json::to_string(&export).expect("JSON");
            assert_eq!(serde_json::from_str::<Export>(&text).expect("it reads back"), export);
        }
    }
}

fn loaded(people: &[&str]) -> Loaded {
    let act = BTreeSet::from(["act".to_owned()]);
    Loaded {
        program: "1.0.0".into(),
        zones: "2026a".into(),
        config_sha256: "a".repeat(64),
        environment: BTreeSet::new(),
        in_use_sha256: "b".repeat(64),
        packs: BTreeMap::from([("eu-gdpr".into(), LoadedPack { version: "1".into(), sha256: "c".repeat(64) })]),
        organisations: BTreeMap::new(),
        people: people.iter().map(|name| ((*name).to_owned(), act.clone())).collect(),
    }
}

#[test]
fn a_change_of_who_may_act_stands_where_it_fell_and_not_after_the_incident() {
    let dir = copied(&journals()[0]);
    let store = dir.path().join("store");
    let streams = incidents(&store);
    let (id, envelopes) = streams.iter().find(|(id, _)| id.as_str() == "inc-golden0000000001").expect("the first incident");
    let record = record::recorded(id, envelopes).expect("readable");
    let opened = record[0].at;
    let hours = |hours: i64| opened + watchbell::domain::instant::Duration::hours(hours);
    let history: Vec<LoadedAt> = [(-3, vec!["Ada"]), (-2, vec!["Ada", "Bob"]), (1, vec!["Ada"])]
        .into_iter()
        .map(|(at, people)| LoadedAt { at: hours(at), loaded: loaded(&people) })
        .collect();
    let timeline = Timeline::of(id, &record, &history).expect("an incident");
    let house: Vec<_> = timeline.entries.iter().filter(|entry| entry.kind == Kind::House).collect();
    assert_eq!(house.len(), 2, "the configuration in use at the opening and one change: {house:#?}");
    assert!(house[0].details.iter().any(|line| line == "people: Ada may act; Bob may act"), "{house:#?}");
    assert_eq!(house[1].details, ["Bob: gone, was: may act"]);
    let place = timeline.entries.iter().position(|entry| entry.kind == Kind::House && entry.at == hours(1)).expect("it is there");
    assert!(timeline.entries[..place].iter().all(|entry| entry.at <= hours(1)));
    assert!(timeline.entries[place..].iter().all(|entry| entry.at >= hours(1)));
}

fn rules() -> Arc<Rules> {
    let text = ConfigText::example(std::path::Path::new("/nowhere"), std::net::SocketAddr::from(([127, 0, 0, 1], 9)));
    let path = std::path::Path::new("/nowhere/watchbell.toml");
    let now = at("2026-11-28T08:00:00Z");
    config::parse(path, text.text(), &BTreeMap::new(), now).unwrap_or_else(|fault| panic!("{fault}")).rules
}

#[tokio::test]
async fn a_configuration_goes_on_record_once_until_another_is_loaded() {
    let desk = Desk::new(Arc::new(MemoryStore::default()), rules(), None);
    for (nth, people) in [vec!["Ada"], vec!["Ada"], vec!["Ada", "Bob"], vec!["Ada"]].iter().enumerate() {
        let now = at("2026-11-28T08:00:00Z") + watchbell::domain::instant::Duration::hours(nth as i64);
        desk.record_loaded(&loaded(people), now).await.expect("it is recorded");
    }
    let history = record::loaded(&desk.envelopes(&loaded::stream()).await.expect("readable")).expect("readable");
    let people: Vec<usize> = history.iter().map(|entry| entry.loaded.people.len()).collect();
    assert_eq!(people, [1, 2, 1]);
}

#[test]
fn what_goes_on_record_of_a_configuration_holds_neither_token_nor_address() {
    let text = ConfigText::example(std::path::Path::new("/nowhere"), std::net::SocketAddr::from(([127, 0, 0, 1], 9)));
    let path = std::path::Path::new("/nowhere/watchbell.toml");
    let config = config::parse(path, text.text(), &BTreeMap::new(), at("2026-11-28T08:00:00Z")).unwrap_or_else(|f| panic!("{f}"));
    let loaded = record::of_config(&config);
    assert!(!loaded.people.is_empty() && !loaded.packs.is_empty() && !loaded.organisations.is_empty());
    let bytes = String::from_utf8(loaded.encode()).expect("JSON");
    assert!(!bytes.contains('@'), "an address: {bytes}");
    for digest in text.text().split('"').filter(|word| word.len() == 64) {
        assert!(!bytes.contains(digest), "a token's digest is on record");
    }
}
