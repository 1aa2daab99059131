//! The daemon without a world.

use super::ladders::{Rung, ladder};
use super::support::ConfigText;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};
use tokio::sync::RwLock;
use watchbell::domain::facts::{Claim, Claimant, Value};
use watchbell::domain::ids::{ChannelId, IncidentId};
use watchbell::domain::incident::{ClockKey, Command, Event, Incident, Opened, Opening, Received, codec};
use watchbell::domain::instant::{Duration, Instant, parse_rfc3339};
use watchbell::domain::journal;
use watchbell::shell::config::{self, Config, Rules};
use watchbell::shell::courier::Courier;
use watchbell::shell::delivery::{BoxFuture, Channel, FailureReason, Letter, Outcome};
use watchbell::shell::desk::Desk;
use watchbell::shell::scheduler::{Scheduler, Step};
use watchbell::shell::store::{MemoryStore, Store};
use watchbell::shell::telemetry::Metrics;

/// An instant of a test.
pub fn at(text: &str) -> Instant {
    parse_rfc3339(text).expect("an instant with offset")
}

/// Desk, scheduler and courier over a store in memory and a mail server that only takes notes.
pub struct House {
    pub desk: Arc<Desk>,
    pub scheduler: Arc<Scheduler>,
    pub courier: Arc<Courier>,
    pub mail: Arc<Mail>,
    pub store: Arc<dyn Store>,
}

/// The example configuration, read once.
static EXAMPLE: LazyLock<Config> = LazyLock::new(|| {
    let text = ConfigText::example(Path::new("/nowhere"), SocketAddr::from(([127, 0, 0, 1], 9)));
    let path = Path::new("/nowhere/watchbell.toml");
    config::parse(path, text.text(), &BTreeMap::new(), at("2026-11-20T00:00:00Z")).unwrap_or_else(|fault| panic!("{fault}"))
});

/// The example's rules with another ladder for the triage clock.
pub fn rules(rungs: &[Rung]) -> Arc<Rules> {
    let Rules { rulebook, house, organisations } = &*EXAMPLE.rules;
    let mut house = house.clone();
    house.ladders.retain(|ladder| ladder.name != "triage");
    house.ladders.insert(0, ladder(rungs));
    Arc::new(Rules { rulebook: rulebook.clone(), house, organisations: organisations.clone() })
}

impl House {
    /// A house with the example configuration and this ladder for the triage clock.
    pub fn new(rungs: &[Rung]) -> Self {
        Self::over(Arc::new(MemoryStore::new()), rungs)
    }

    /// The same over another store.
    pub fn over(store: Arc<dyn Store>, rungs: &[Rung]) -> Self {
        let mail = Arc::new(Mail::default());
        let metrics = Metrics::new();
        let desk = Arc::new(Desk::new(Arc::clone(&store), rules(rungs), None));
        let courier = Arc::new(Courier::new(Arc::clone(&desk), &EXAMPLE, Arc::clone(&metrics)));
        courier.swap_channels(BTreeMap::from([(ChannelId::from("mail"), Arc::clone(&mail) as Arc<dyn Channel>)]));
        let scheduler = Arc::new(Scheduler::new(Arc::clone(&desk), Arc::clone(&courier), metrics));
        Self { desk, scheduler, courier, mail, store }
    }

    /// Opens an incident with only the house's triage clock, whose limit is one hour later.
    pub async fn open(&self, name: &str, now: Instant) -> IncidentId {
        let id = IncidentId::new(format!("inc-{name}"));
        let profiles = EXAMPLE.rules.organisations.iter();
        let organisations = profiles.map(|(id, organisation)| (id.clone(), organisation.profile.clone())).collect();
        let received_at = Claim::of("event.received-at", Some(Value::Instant(now)), Claimant::Product("native".into()), now);
        let opening = Opening {
            opened: Opened {
                title: "A laptop is gone".into(),
                severity: "high".into(),
                kind: "security-alert".into(),
                source: "native".into(),
                external_id: name.into(),
                organisations,
            },
            received: Received::of("native", "1"),
            claims: vec![received_at],
        };
        self.submit(&id, Command::Open(Box::new(opening)), now).await;
        id
    }

    pub async fn submit(&self, id: &IncidentId, command: Command, now: Instant) -> Vec<Event> {
        self.desk.submit(id, command, now).await.unwrap_or_else(|error| panic!("{error}")).events
    }

    /// One look of the scheduler, and the deliveries it began to their end.
    pub async fn step(&self, now: Instant) -> Step {
        let step = self.scheduler.step(now).await.expect("the store in memory answers");
        self.courier.drain().await;
        step
    }

    /// Looks until nothing is left to do at this instant, which must take few looks.
    pub async fn settle(&self, now: Instant) -> Step {
        for _ in 0..4 {
            let step = self.step(now).await;
            if step.woken == 0 && step.next.is_none_or(|next| next > now) {
                return step;
            }
        }
        panic!("a busy loop: something is due at {now} again and again");
    }

    pub async fn incident(&self, id: &IncidentId) -> Arc<Incident> {
        self.desk.incident(id).await.expect("the store in memory answers").expect("it was opened")
    }

    /// Everything on record, with the instant of each decision.
    pub fn record(&self, id: &IncidentId) -> Vec<(Instant, Event)> {
        let envelopes = self.store.read(id).expect("the store in memory answers");
        let mut record = Vec::new();
        for bytes in &envelopes {
            let envelope = journal::open(bytes).expect("a sound envelope");
            let events = codec::decode(envelope.format, &envelope.body).expect("a sound body");
            record.extend(events.into_iter().map(|event| (envelope.at, event)));
        }
        record
    }
}

/// The triage clock of the one organisation.
pub fn triage() -> ClockKey {
    ClockKey::of("house.triage", "mercy")
}

/// What fell, in order: rung and instant of the decision.
pub fn fallen(record: &[(Instant, Event)]) -> Vec<(String, Instant)> {
    let fell = record.iter().filter_map(|(at, event)| match event {
        Event::RungFell { rung, .. } => Some((rung.clone(), *at)),
        _ => None,
    });
    fell.collect()
}

/// What was passed over, in order.
pub fn skipped(record: &[(Instant, Event)]) -> Vec<String> {
    let skips = record.iter().filter_map(|(_, event)| match event {
        Event::RungsSkipped { rungs, .. } => Some(rungs.iter().map(|skip| skip.rung.clone())),
        _ => None,
    });
    skips.flatten().collect()
}

/// A mail server that takes notes, refuses while it is told to, and says nothing while it is held.
#[derive(Default)]
pub struct Mail {
    down: Mutex<bool>,
    pub gate: RwLock<()>,
    taken: Mutex<Vec<(String, String)>>,
}

impl Mail {
    pub fn set_down(&self, down: bool) {
        *self.down.lock().expect("no test panics holding it") = down;
    }

    /// Alert and rung of every letter taken, in order.
    pub fn taken(&self) -> Vec<(String, String)> {
        self.taken.lock().expect("no test panics holding it").clone()
    }
}

impl Channel for Mail {
    fn id(&self) -> &ChannelId {
        static ID: LazyLock<ChannelId> = LazyLock::new(|| ChannelId::from("mail"));
        &ID
    }

    fn kind(&self) -> &'static str {
        "email"
    }

    fn deliver<'a>(&'a self, letter: &'a Letter, _: &'a str, _: Instant) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let _open = self.gate.read().await;
            if *self.down.lock().expect("no test panics holding it") {
                let (reason, text) = (FailureReason::Unreachable, "nobody answers".to_owned());
                return Outcome::Failed { reason, text, retry_after: None, permanent: false };
            }
            let rung = letter.facts.get("rung").and_then(|rung| rung.as_str()).unwrap_or_default().to_owned();
            self.taken.lock().expect("no test panics holding it").push((letter.id.to_string(), rung));
            Outcome::Delivered { receipt: "250 OK".into() }
        })
    }

    fn probe(&self) -> BoxFuture<'_, Outcome> {
        Box::pin(async { Outcome::Delivered { receipt: "220".into() } })
    }
}

/// Length in minutes.
pub fn minutes(count: i64) -> Duration {
    Duration::minutes(count)
}

/// An answer of a named person, with its ground.
pub fn says(key: &str, value: Value, now: Instant) -> Claim {
    Claim { ground: Some("read the case".into()), ..Claim::of(key, Some(value), Claimant::Person("Ada".into()), now) }
}
