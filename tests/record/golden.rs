//! Journals written by older versions stay readable for ever, and come to what they came to.
//!
//! `tests/fixtures/journal/<name>/` holds the journal of a store that a version of its day wrote, and
//! `views.json`, what that version showed of it. A view may grow; nothing it showed may be gone or different.
//! A new format is a new folder: `WATCHBELL_WRITE_JOURNAL=<folder> cargo test --test record writes_a_journal`.

use super::support::{ConfigText, record_of};
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use watchbell::domain::board::{Card, ClockView, IncidentView};
use watchbell::domain::escalation::{Override, RecordedOverride};
use watchbell::domain::facts::{Claim, Claimant};
use watchbell::domain::ids::{AlertId, IncidentId};
use watchbell::domain::incident::{Address, Incident, Refusal};
use watchbell::domain::incident::{
    AlertState, ClockKey, Command, DeliveryHold, DeliveryResult, Event, Evidence, HoldStatement, Lookalike, Moment, Opened,
    Opening, Received, Word, codec,
};
use watchbell::domain::instant::{Duration, Instant, parse_rfc3339};
use watchbell::domain::journal;
use watchbell::domain::payload::Sealed;
use watchbell::domain::quarantine::{self, Handled, Kept};
use watchbell::shell::config::{self, Rules};
use watchbell::shell::desk::{Desk, SubmitError};
use watchbell::shell::reunite;
use watchbell::shell::store::embedded::{EmbeddedStore, LogOptions, Options};
use watchbell::shell::store::{Append, Store};

/// The kinds of events of format 1; a journal of that format has one of each at least.
const KINDS: [&str; 37] = [
    "acknowledged",
    "claimed",
    "clock-moved",
    "clock-set",
    "delivery-dropped",
    "delivery-ended",
    "delivery-held",
    "delivery-started",
    "determined",
    "drafted",
    "end-suggested",
    "expired",
    "fell-back",
    "handed-over",
    "held",
    "lease-ended",
    "merged-into",
    "met",
    "nothing-due",
    "nothing-owed",
    "opened",
    "received",
    "redelivered",
    "released",
    "risk-suggested",
    "rules-pinned",
    "rung-fell",
    "rungs-skipped",
    "silence-ended",
    "silenced",
    "split-from",
    "split-off",
    "took-in",
    "tracked",
    // Not events of an incident: what else has streams of its own.
    "kept",
    "kept-handled",
    "override",
];

pub fn journals() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/journal");
    let entries = std::fs::read_dir(folder).expect("there are journals of older versions");
    let mut journals: Vec<PathBuf> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    journals.sort();
    assert!(!journals.is_empty());
    journals
}

/// A copy of a journal that may be opened, without an index.
pub fn copied(journal: &Path) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let store = dir.path().join("store/journal");
    std::fs::create_dir_all(&store).expect("a folder");
    for entry in std::fs::read_dir(journal.join("journal")).expect("segments") {
        let entry = entry.expect("a segment");
        std::fs::copy(entry.path(), store.join(entry.file_name())).expect("a copy");
    }
    dir
}

fn rules() -> Arc<Rules> {
    let text = ConfigText::example(Path::new("/nowhere"), SocketAddr::from(([127, 0, 0, 1], 9)));
    let path = Path::new("/nowhere/watchbell.toml");
    let config = config::parse(path, text.text(), &BTreeMap::new(), at(0)).unwrap_or_else(|fault| panic!("{fault}"));
    let Rules { rulebook, house, organisations } = &*config.rules;
    let mut house = house.clone();
    let second = Address { channel: "pager".into(), to: "on call".into() };
    house.fallbacks.insert("mail".into(), second.clone());
    house.tracking.insert("pager".into());
    let pager = watchbell::domain::incident::Member::Address(second.clone());
    house.teams.entry("soc".to_owned()).or_default().members.push(pager);
    let grace = watchbell::domain::incident::Contact { reach: vec![second], zone: None, days_off: Vec::new() };
    house.people.insert("Grace".into(), grace);
    Arc::new(Rules { rulebook: rulebook.clone(), house, organisations: organisations.clone() })
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

/// A message that could not be read.
fn kept() -> Kept {
    Kept {
        source: "native".into(),
        received_at: at(10),
        content_type: Some("application/json".into()),
        headers: BTreeMap::new(),
        code: "not-json".into(),
        text: "it is no JSON".into(),
        sha256: "0".repeat(64),
        raw: None,
        raw_base64: None,
        sealed: None,
        handled: None,
    }
}

fn at(minutes: i64) -> Instant {
    parse_rfc3339("2026-11-28T08:00:00Z").expect("an instant") + Duration::minutes(minutes)
}

/// What people and machines do to a few incidents, as the desk is told.
struct Teller {
    desk: Arc<Desk>,
    rules: Arc<Rules>,
}

impl Teller {
    fn claim(&self, key: &str, value: Json, by: Claimant, now: Instant) -> Claim {
        let value = self.rules.rulebook.vocabulary.read(key, &value).unwrap_or_else(|fault| panic!("{fault}"));
        let ground = matches!(by, Claimant::Person(_)).then(|| "as found".to_owned());
        let claim =
            json!({ "key": key, "value": serde_json::to_value(value).expect("a value"), "by": by, "at": now, "ground": ground });
        serde_json::from_value(claim).expect("a claim")
    }

    fn received(&self, update: &str, hint: bool) -> Received {
        let sealed = Sealed {
            under: "2026-11-28".into(),
            nonce: "0".repeat(24),
            text: "AAAA".into(),
            redacted: BTreeSet::from(["secrets".to_owned()]),
        };
        let label = Lookalike {
            label: "rows exported, not people".into(),
            value: "1200".into(),
            pointer: "/rows".into(),
            about: Some("people.total".into()),
        };
        Received {
            sha256: "0".repeat(64),
            status: Some("in progress".into()),
            sealed: Some(Box::new(sealed)),
            hints: if hint { vec![label] } else { Vec::new() },
            remarks: vec!["the time has no zone; UTC was assumed".into()],
            ..Received::of("native", update)
        }
    }

    async fn submit(&self, id: &IncidentId, command: Command, minutes: i64) -> Vec<Event> {
        self.try_submit(id, command, minutes).await.unwrap_or_else(|error| panic!("{id}: {error}"))
    }

    async fn try_submit(&self, id: &IncidentId, command: Command, minutes: i64) -> Result<Vec<Event>, SubmitError> {
        self.desk.submit(id, command, at(minutes)).await.map(|submitted| submitted.events)
    }

    async fn open(&self, id: &IncidentId, minutes: i64) {
        let opened = Opened {
            title: "A file server was encrypted".into(),
            severity: "high".into(),
            kind: "security-alert".into(),
            source: "native".into(),
            external_id: format!("case of {id}"),
            organisations: self.rules.organisations.iter().map(|(id, of)| (id.clone(), of.profile.clone())).collect(),
        };
        let product = Claimant::Product("native".into());
        let claims = vec![
            self.claim("event.received-at", json!(at(minutes)), product.clone(), at(minutes)),
            self.claim("event.detected-at", json!(at(minutes - 30)), product, at(minutes)),
        ];
        let opening = Opening { opened, received: self.received("1", true), claims };
        self.submit(id, Command::Open(Box::new(opening)), minutes).await;
    }

    async fn answer(&self, id: &IncidentId, facts: &[(&str, Json)], minutes: i64) -> Vec<Event> {
        let ada = || Claimant::Person("Ada".into());
        let claims = facts.iter().map(|(key, value)| self.claim(key, value.clone(), ada(), at(minutes))).collect();
        self.submit(id, Command::Answer { claims }, minutes).await
    }

    async fn incident(&self, id: &IncidentId) -> Arc<Incident> {
        self.desk.incident(id).await.expect("the record is readable").expect("there is one")
    }

    async fn waiting(&self, id: &IncidentId, channel: &str) -> Vec<AlertId> {
        let incident = self.incident(id).await;
        let waits = incident.alerts.iter().filter(|(_, alert)| matches!(alert.state, AlertState::Waiting { .. }));
        waits.filter(|(_, alert)| alert.queued.channel.as_str() == channel).map(|(id, _)| id.clone()).collect()
    }

    /// An alert that fails until it falls back, one that waits, and one that goes out twice.
    async fn deliver(&self, id: &IncidentId, from: i64) {
        let alert = self.waiting(id, "mail").await.into_iter().next().expect("a letter waits");
        for attempt in 1..=4_u32 {
            let now = from + i64::from(attempt) * 15;
            self.submit(id, Command::BeginDeliveries { alerts: vec![alert.clone()] }, now).await;
            let result = DeliveryResult::Failed {
                reason: "unreachable".into(),
                text: "nobody answers".into(),
                retry_at: at(now + 10),
                permanent: attempt == 4,
            };
            self.submit(id, Command::EndDelivery { alert: alert.clone(), attempt, result }, now + 1).await;
        }
        let now = from + 80;
        let hold = DeliveryHold { alert: alert.clone(), until: at(now + 5), reason: "the channel is down".into() };
        self.submit(id, Command::HoldDeliveries { holds: vec![hold] }, now).await;
        let redeliver = Command::Redeliver { alert: alert.clone(), by: "Ada".into(), reason: "the server is back".into() };
        self.submit(id, redeliver, now + 1).await;
        let pages = self.waiting(id, "pager").await;
        self.submit(id, Command::BeginDeliveries { alerts: pages.clone() }, now + 1).await;
        for page in pages {
            let result = DeliveryResult::Delivered { receipt: "202".into() };
            self.submit(id, Command::EndDelivery { alert: page, attempt: 1, result }, now + 1).await;
        }
        self.submit(id, Command::BeginDeliveries { alerts: vec![alert.clone()] }, now + 2).await;
        let result = DeliveryResult::Delivered { receipt: "250 taken".into() };
        self.submit(id, Command::EndDelivery { alert, attempt: 5, result }, now + 2).await;
    }

    async fn ransomware(&self, id: &IncidentId) {
        self.open(id, 0).await;
        self.submit(id, Command::Wake, 0).await;
        self.deliver(id, 1).await;
        let triage = ClockKey::of("house.triage", "mercy");
        let own = |clock: &ClockKey| Command::Acknowledge {
            clock: clock.clone(),
            by: "Ada".into(),
            team: None,
            lease: Some(Duration::minutes(3)),
            via: "cli".into(),
        };
        self.submit(id, own(&triage), 90).await;
        let over = Command::HandOver { clock: triage, by: "Ada".into(), to: "Grace".into(), via: "cli".into() };
        self.submit(id, over, 91).await;
        self.answer(id, &[("breach.suspected", json!(true)), ("enisa.identification", json!("limited"))], 95).await;
        let no = self.claim("breach.personal-data", json!(false), Claimant::Product("native".into()), at(96));
        self.submit(id, Command::Observe { received: self.received("2", false), claims: vec![no] }, 96).await;
        self.submit(id, Command::Wake, 97).await;
        let yes = [
            ("breach.personal-data", json!(true)),
            ("breach.security-failed", json!(true)),
            ("people.total", json!({ "about": 1200 })),
            ("hipaa.phi", json!(true)),
            ("hipaa.impermissible", json!(true)),
            ("hipaa.discovered-at", json!(at(60))),
            ("aware.at", json!(at(90))),
            ("risk.level", json!("high")),
        ];
        self.answer(id, &yes, 100).await;
        let clocks: Vec<ClockKey> = self.incident(id).await.open_clocks().into_iter().map(|(key, _)| key.clone()).collect();
        let of = |duty: &str| clocks.iter().find(|key| key.duty.as_str() == duty).cloned().unwrap_or_else(|| panic!("no {duty}"));
        let individuals = of("us.hipaa.individuals");
        self.submit(id, own(&individuals), 101).await;
        let silence = |minutes: i64| Command::Silence {
            clock: individuals.clone(),
            by: "Ada".into(),
            reason: "the team meets".into(),
            until: at(minutes),
            via: "cli".into(),
        };
        self.submit(id, silence(140), 102).await;
        self.submit(id, Command::EndSilence { clock: individuals.clone(), by: "Ada".into() }, 103).await;
        self.submit(id, silence(110), 104).await;
        let statement = HoldStatement {
            rule: "law-enforcement-oral".into(),
            official: "an agent of the field office".into(),
            from: at(100),
            until: None,
            words: "telling now would impede the investigation".into(),
        };
        self.submit(id, Command::Pause { clock: individuals.clone(), by: "Ada".into(), statement }, 105).await;
        let ground = "the office called back".to_owned();
        let resume = Command::Resume { clock: individuals.clone(), by: "Ada".into(), hold: 1, at: at(3000), ground };
        self.submit(id, resume, 106).await;
        let register = of("eu.gdpr.art33.register");
        let (ground, cite) = ("kept in the other register".to_owned(), "GDPR Art. 33(5)".to_owned());
        self.submit(id, Command::Determine { clock: register, by: "Ada".into(), ground, cite }, 107).await;
        let evidence = Evidence {
            by: "Ada".into(),
            what: "filed in the portal".into(),
            filed_at: at(107),
            reference: Some("LDA-2026-1".into()),
            told: None,
            known_then: None,
        };
        self.submit(id, Command::Meet { clock: of("eu.gdpr.art33.authority"), evidence }, 108).await;
        for minutes in [112, 300, 26 * 60, 26 * 60 + 1, 120 * 24 * 60] {
            self.submit(id, Command::Wake, minutes).await;
        }
        let refused = self.try_submit(id, Command::Wake, 120 * 24 * 60).await;
        assert!(matches!(refused, Ok(_) | Err(SubmitError::Refused(Refusal::NoIncident))), "a wake is never a fault");
    }

    async fn no_personal_data(&self, id: &IncidentId) {
        self.open(id, 200).await;
        self.submit(id, Command::Wake, 200).await;
        let no = [("breach.suspected", json!(false)), ("breach.personal-data", json!(false)), ("incident.cyber", json!(false))];
        self.answer(id, &no, 210).await;
        for alert in self.waiting(id, "pager").await {
            self.submit(id, Command::BeginDeliveries { alerts: vec![alert] }, 211).await;
        }
        self.submit(id, Command::Wake, 212).await;
    }

    async fn reunited(&self, ids: [&IncidentId; 2]) {
        let word = || Word { by: "Ada".into(), because: "the same host".into() };
        for (minutes, id) in (300..).zip(ids) {
            self.open(id, minutes).await;
            self.answer(id, &[("breach.suspected", json!(true))], minutes + 5).await;
        }
        self.submit(ids[1], Command::Observe { received: self.received("2", false), claims: Vec::new() }, 310).await;
        reunite::split(&self.desk, ids[1], &BTreeSet::from([2]), &word(), at(311)).await.expect("it is split");
        reunite::merge(&self.desk, ids[0], ids[1], &word(), at(312)).await.expect("they are merged");
    }

    async fn besides(&self) {
        let id = IncidentId::from("qua-golden0000000000");
        self.desk.keep(id.clone(), kept(), b"golden".to_vec(), at(10)).await.expect("it is kept");
        let dropped = Handled::Dropped { by: "Ada".into(), at: at(11), because: "a test of the sender's".into() };
        self.desk.handle(&id, dropped, at(11)).await.expect("it is handled");
        let stands_in = Override {
            id: "ovr-golden0000000000".into(),
            rota: "soc".into(),
            who: "Grace".into(),
            from: at(0),
            until: at(600),
            because: "ill".into(),
            by: "Ada".into(),
            at: at(0),
        };
        self.desk.record_override(&RecordedOverride { stands_in, withdrawn: None }, at(0)).await.expect("it is recorded");
    }
}

/// Writes a store of every kind of event at `store`.
fn write(store: &Path) {
    block_on(async {
        let rules = rules();
        // Small segments, so that the record has several and a fixture of it is small.
        let log = LogOptions { segment_bytes: 512 << 10, group_bytes: 256 << 10, prepare_ahead: false };
        let options = Options { log, ..Options::default() };
        let opened = EmbeddedStore::open(store, options, &mut |_, _| ()).expect("the store opens");
        let desk = Arc::new(Desk::new(Arc::new(opened), Arc::clone(&rules), None));
        let teller = Teller { desk, rules };
        let ids: Vec<IncidentId> = (1..=4).map(|n| IncidentId::new(format!("inc-golden000000000{n}"))).collect();
        teller.ransomware(&ids[0]).await;
        teller.no_personal_data(&ids[1]).await;
        teller.reunited([&ids[2], &ids[3]]).await;
        teller.besides().await;
    });
}

/// The kinds of records in a store nobody has open.
fn kinds_in(store: &Path) -> BTreeSet<String> {
    let mut kinds: BTreeSet<String> = BTreeSet::new();
    for (_, event) in record_of(store).values().flatten() {
        match serde_json::to_value(event).expect("an event") {
            Json::Object(object) => kinds.extend(object.into_iter().map(|(kind, _)| kind)),
            Json::String(kind) => _ = kinds.insert(kind),
            other => panic!("{other}"),
        }
    }
    let opened = EmbeddedStore::open(store, Options::default(), &mut |_, _| ()).expect("the store opens");
    let desk = Desk::new(Arc::new(opened), rules(), None);
    let kept = block_on(desk.kept_cards()).expect("what is kept can be read");
    kinds.extend((!kept.is_empty()).then(|| "kept".to_owned()));
    kinds.extend(kept.iter().any(|(_, kept)| kept.handled.is_some()).then(|| "kept-handled".to_owned()));
    desk.load_overrides(at(1)).expect("overrides can be read");
    kinds.extend((!desk.rules().house.overrides.is_empty()).then(|| "override".to_owned()));
    kinds
}

/// What is shown of every incident of a store, but for what the law of today makes of it.
fn views_of(store: &Path) -> Json {
    let rules = rules();
    let moment = Moment { now: at(121 * 24 * 60), rulebook: &rules.rulebook, house: &rules.house };
    let views = record_of(store).into_iter().map(|(id, record)| {
        let events = record.iter().map(|(at, event)| (*at, event));
        let incident = Incident::replay(&id, events).expect("the record replays");
        let clocks: BTreeMap<String, Option<ClockView>> =
            incident.clocks.keys().map(|key| (key.to_string(), ClockView::of(&incident, key))).collect();
        let mut view = serde_json::to_value(IncidentView::of(&incident, &moment)).expect("a view");
        let of_today = ["questions", "if_a_breach"];
        view.as_object_mut().expect("an object").retain(|key, _| !of_today.contains(&key.as_str()));
        let card = serde_json::to_value(Card::of(&incident)).expect("a card");
        (id.to_string(), json!({ "card": card, "incident": view, "clocks": clocks }))
    });
    Json::Object(views.collect::<Map<_, _>>())
}

/// Every place where `then` says something that `now` does not say.
fn lost(then: &Json, now: &Json, place: &str, lost_at: &mut Vec<String>) {
    match (then, now) {
        (Json::Object(then), Json::Object(now)) => {
            for (key, value) in then {
                lost(value, now.get(key).unwrap_or(&Json::Null), &format!("{place}/{key}"), lost_at);
            }
        }
        (Json::Array(then), Json::Array(now)) if then.len() == now.len() => {
            for (nth, (then, now)) in then.iter().zip(now).enumerate() {
                lost(then, now, &format!("{place}/{nth}"), lost_at);
            }
        }
        (then, now) if then == now => {}
        (then, now) => lost_at.push(format!("{place}: was {then}, is {now}")),
    }
}

#[test]
fn todays_code_writes_a_journal_of_every_kind_of_event() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let store = dir.path().join("store");
    write(&store);
    // Opening it for reading makes it a segment of the usual size.
    let folder = std::env::var_os("WATCHBELL_WRITE_JOURNAL").map(PathBuf::from);
    if let Some(folder) = &folder {
        let journal = folder.join("journal");
        std::fs::create_dir_all(&journal).expect("a folder");
        for entry in std::fs::read_dir(store.join("journal")).expect("segments") {
            let entry = entry.expect("a segment");
            std::fs::copy(entry.path(), journal.join(entry.file_name())).expect("a copy");
        }
    }
    let found = kinds_in(&store);
    let missing: Vec<_> = KINDS.iter().filter(|kind| !found.contains(**kind)).collect();
    assert!(missing.is_empty(), "nothing of {missing:?} was written");
    if let Some(folder) = folder {
        let views = serde_json::to_string_pretty(&views_of(&store)).expect("views");
        std::fs::write(folder.join("views.json"), views + "\n").expect("views are written");
    }
}

#[test]
fn a_journal_of_an_older_version_has_every_kind_of_event_and_shows_what_it_showed() {
    for journal in journals() {
        let dir = copied(&journal);
        let store = dir.path().join("store");
        let found = kinds_in(&store);
        let missing: Vec<_> = KINDS.iter().filter(|kind| !found.contains(**kind)).collect();
        assert!(missing.is_empty(), "{}: nothing of {missing:?}", journal.display());
        let then = std::fs::read_to_string(journal.join("views.json")).expect("views");
        let then: Json = serde_json::from_str(&then).expect("views");
        let mut lost_at = Vec::new();
        lost(&then, &views_of(&store), "", &mut lost_at);
        assert!(lost_at.is_empty(), "{}:\n{}", journal.display(), lost_at.join("\n"));
    }
}

/// A card as another version might write it: one field more than this one knows.
fn of_tomorrow(card: &[u8]) -> Vec<u8> {
    let mut card: Json = serde_json::from_slice(card).expect("a card");
    card.as_object_mut().expect("an object").insert("of_tomorrow".into(), json!(1));
    serde_json::to_vec(&card).expect("a card")
}

#[test]
fn a_card_of_another_version_is_made_anew_from_the_record() {
    let dir = copied(&journals()[0]);
    let opened = EmbeddedStore::open(&dir.path().join("store"), Options::default(), &mut |_, _| ()).expect("the store opens");
    let store: Arc<dyn Store> = Arc::new(opened);
    block_on(async {
        let incidents: Vec<_> = store.cards(None, 1000).expect("cards").into_iter().filter(|(id, _)| id.is_incident()).collect();
        assert_eq!(incidents.len(), 5);
        for (id, card) in &incidents {
            let chain = journal::verify(store.read(id).expect("its stream")).expect("its chain");
            let body = codec::encode(&[Event::NothingDue {}]);
            let sealed = journal::seal_as(chain.heads().get(id), id, at(200_000), codec::FORMAT, 0, &body);
            store.append(Append { card: Some(of_tomorrow(card)), ..Append::of(sealed) }).await.expect("it is taken");
        }
        let kept = kept();
        let id = IncidentId::from("qua-tomorrow00000000");
        let sealed = journal::seal_as(None, &id, at(200_000), quarantine::FORMAT, 0, &kept.encode());
        store.append(Append { card: Some(of_tomorrow(&kept.card())), ..Append::of(sealed) }).await.expect("it is taken");

        let desk = Desk::new(Arc::clone(&store), rules(), None);
        for (id, card) in desk.cards(None, 1000).expect("cards") {
            let shown = desk.card(&id, &card).await.expect("the record is sound");
            let incident = desk.incident(&id).await.expect("the record is sound");
            assert_eq!(shown, incident.map(|incident| Card::of(&incident)), "{id}");
        }
        let waiting = desk.kept_cards().await.expect("what is kept can be read");
        assert_eq!(waiting.iter().filter(|(_, kept)| kept.waits()).map(|(id, _)| id.as_str()).collect::<Vec<_>>(), [id.as_str()]);
    });
}
