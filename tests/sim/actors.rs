//! What the outside does to the daemon: sources that post and repeat themselves, people who answer,
//! acknowledge late and twice, and close clocks.

use super::house::EXAMPLE;
use super::world::World;
use std::sync::{Arc, Mutex, PoisonError};
use watchbell::domain::facts::{Claim, Claimant, Value};
use watchbell::domain::ids::IncidentId;
use watchbell::domain::incident::{ClockKey, Command, Event, Evidence, Incident, Opened, Opening, Received};
use watchbell::domain::instant::{Duration, Instant};
use watchbell::shell::desk::{Desk, SubmitError};

/// What was answered to the outside, which must therefore be on record for ever.
#[derive(Default)]
pub struct Answered(Mutex<Vec<(IncidentId, Vec<Event>)>>);

impl Answered {
    pub fn all(&self) -> Vec<(IncidentId, Vec<Event>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, id: &IncidentId, events: Vec<Event>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((id.clone(), events));
    }
}

/// Whoever speaks to the daemon.
pub struct Actors {
    pub world: Arc<World>,
    pub desk: Arc<Desk>,
    pub answered: Arc<Answered>,
}

/// Names of incidents at the source.
const NAMES: [&str; 4] = ["one", "two", "three", "four"];

/// The unique key of an incident at its source.
pub fn incident_key(name: &str) -> Vec<u8> {
    format!("x {name}").into_bytes()
}

pub fn names() -> impl Iterator<Item = &'static str> {
    NAMES.into_iter()
}

impl Actors {
    /// A source posts something new, or the same once more, or an update.
    pub async fn post(&self) {
        let (name, version) = self.world.roll(|dice| (dice.pick(&NAMES).copied().unwrap_or("one"), format!("{}", dice.below(3))));
        let now = self.world.now();
        let received = Received::of("native", version.clone());
        let claims = vec![claim("event.received-at", Value::Instant(now), Claimant::Product("native".into()), now)];
        let delivery_key = format!("d {name} {version}").into_bytes();
        for _ in 0..4 {
            let (id, command, unique) = match self.desk.lookup(&incident_key(name)) {
                Ok(Some(id)) => {
                    let command = Command::Observe { received: received.clone(), claims: claims.clone() };
                    (id, command, vec![delivery_key.clone()])
                }
                Ok(None) => {
                    let opened = Opened {
                        title: "A laptop is gone".into(),
                        severity: "high".into(),
                        kind: "security-alert".into(),
                        source: "native".into(),
                        external_id: name.into(),
                        organisations: EXAMPLE
                            .rules
                            .organisations
                            .iter()
                            .map(|(id, organisation)| (id.clone(), organisation.profile.clone()))
                            .collect(),
                    };
                    let opening = Opening { opened, received: received.clone(), claims: claims.clone() };
                    let id = IncidentId::new(format!("inc-{:08x}", self.world.below(u32::MAX)));
                    (id, Command::Open(Box::new(opening)), vec![delivery_key.clone(), incident_key(name)])
                }
                Err(error) => panic!("the store answers: {error}"),
            };
            match self.desk.submit_claiming(&id, command, unique, now).await {
                Ok(submitted) => return self.answered.note(&id, submitted.events),
                // A duplicate; or another delivery of the same opened it meanwhile, and this one is an update.
                Err(SubmitError::Taken { .. }) if self.desk.lookup(&delivery_key).is_ok_and(|held| held.is_some()) => return,
                Err(SubmitError::Taken { .. }) => {}
                Err(_) => return,
            }
        }
    }

    /// A person does something about one of the incidents there are.
    pub async fn act(&self) {
        let Some(name) = self.world.roll(|dice| dice.pick(&NAMES).copied()) else { return };
        let Ok(Some(id)) = self.desk.lookup(&incident_key(name)) else { return };
        let Ok(Some(incident)) = self.desk.incident(&id).await else { return };
        let now = self.world.now();
        let Some(command) = self.choose(&incident, now) else { return };
        let twice = self.world.one_in(3);
        for _ in 0..=u8::from(twice) {
            if let Ok(submitted) = self.desk.submit(&id, command.clone(), now).await {
                self.answered.note(&id, submitted.events);
            }
        }
    }

    fn choose(&self, incident: &Incident, now: Instant) -> Option<Command> {
        let clocks: Vec<ClockKey> = incident.clocks.keys().cloned().collect();
        let clock = self.world.roll(|dice| dice.pick(&clocks).cloned())?;
        let by = "Ada".to_owned();
        let says = |key: &str, value: Value| {
            let claim = claim(key, value, Claimant::Person("Ada".into()), now);
            Some(Command::Answer { claims: vec![Claim { ground: Some("read the case".into()), ..claim }] })
        };
        match self.world.below(13) {
            0..=4 => {
                let lease = self.world.roll(|dice| (!dice.one_in(3)).then(|| Duration::minutes(i64::from(dice.below(720)))));
                Some(Command::Acknowledge { clock, by, team: None, lease, via: "sim".into() })
            }
            5..=6 => says("breach.suspected", Value::YesNo(!self.world.one_in(4))),
            7 => says("noticed.at", Value::Instant(now - Duration::minutes(i64::from(self.world.below(3000))))),
            8 => says("aware.at", Value::Instant(now - Duration::minutes(i64::from(self.world.below(600))))),
            9 => {
                let evidence =
                    Evidence { by, what: "filed".into(), filed_at: now, reference: None, told: None, known_then: None };
                Some(Command::Meet { clock, evidence })
            }
            10 => Some(Command::Determine { clock, by, ground: "no data was touched".into(), cite: "counsel".into() }),
            11 => {
                let until = now + Duration::minutes(i64::from(self.world.below(600)));
                let (reason, via) = ("a drill next door".into(), "sim".into());
                Some(Command::Silence { clock, by, reason, until, via })
            }
            _ => Some(Command::Reassess),
        }
    }
}

fn claim(key: &str, value: Value, by: Claimant, at: Instant) -> Claim {
    Claim::of(key, Some(value), by, at)
}
