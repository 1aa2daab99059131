//! An incident decided step by step, with a house of the test's choosing.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;
use watchbell::domain::escalation::{Ladder, Rota, inherit};
use watchbell::domain::facts::{Claim, Claimant};
use watchbell::domain::ids::{AlertId, IncidentId};
use watchbell::domain::incident::{
    Address, AlertQueued, Clock, ClockKey, Command, Contact, Decision, DeliveryResult, Event, House, Incident, Member, Moment,
    Opened, Opening, Profile, Received, Refusal, Team, codec, decide, next_wake,
};
use watchbell::domain::instant::{Duration, Instant, Zone, parse_rfc3339, rfc3339};
use watchbell::domain::law::Rulebook;
use watchbell::shell::rulebook;

pub static RULES: LazyLock<Rulebook> = LazyLock::new(|| {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    rulebook::check(&rulebook::texts_of(&dir).expect("the rules are readable")).unwrap_or_else(|fault| panic!("{fault}"))
});

/// The clock most tests are about: 72 hours from awareness.
pub const AUTHORITY: &str = "eu.gdpr.art33.authority";
/// When the clinic became aware.
pub const AWARE: &str = "2026-11-17T08:00:00Z";

pub fn at(text: &str) -> Instant {
    parse_rfc3339(text).unwrap_or_else(|| panic!("`{text}` is an instant"))
}

pub fn hours(count: i64) -> Duration {
    Duration::hours(count)
}

pub fn key(duty: &str) -> ClockKey {
    ClockKey::of(duty, "mercy")
}

#[derive(Deserialize)]
struct Policy {
    #[serde(default)]
    ladder: Vec<Ladder>,
    #[serde(default)]
    rota: Vec<Rota>,
}

/// A house with these ladders and rotas. Teams `soc` and `privacy` are mailboxes, `night` is whoever is on
/// call by rota `night`, `board` is Bea; Ada, Ben and Bea can be reached by mail, Ben by pager too.
pub fn house(policy: &str) -> House {
    let Policy { ladder, rota } = toml::from_str(policy).unwrap_or_else(|error| panic!("{error}"));
    let mail = |to: &str| Address { channel: "mail".into(), to: format!("{to}@example.org") };
    let person = |name: &str| (name.to_owned(), Contact { reach: vec![mail(&name.to_lowercase())], ..Contact::default() });
    let mut people: BTreeMap<String, Contact> = ["Ada", "Ben", "Bea"].map(person).into_iter().collect();
    people.get_mut("Ben").expect("just put there").reach.push(Address { channel: "pager".into(), to: "ben".into() });
    let team = |name: &str, member: Member| (name.to_owned(), Team { members: vec![member] });
    House {
        ladders: inherit(&ladder).unwrap_or_else(|faults| panic!("{faults:?}")),
        teams: BTreeMap::from([
            team("soc", Member::Address(mail("soc"))),
            team("privacy", Member::Address(mail("privacy"))),
            team("night", Member::Rota("night".into())),
            team("board", Member::Person("Bea".into())),
        ]),
        rotas: rota.into_iter().map(|rota| (rota.name.clone(), rota)).collect(),
        people,
        lease: hours(4),
        last_call: hours(2),
        ..House::default()
    }
}

/// An incident of a clinic in Berlin, suspected to be a breach, of which the clinic became aware at [`AWARE`].
pub struct Case {
    pub id: IncidentId,
    pub now: Instant,
    pub house: House,
    pub told: Vec<(Instant, Event)>,
    pub incident: Incident,
}

impl Case {
    pub fn new(policy: &str) -> Self {
        Self::with(house(policy))
    }

    pub fn with(house: House) -> Self {
        Self::severe(house, "high")
    }

    pub fn severe(house: House, severity: &str) -> Self {
        let now = at(AWARE);
        let by = Claimant::Policy("config".into());
        let facts = [
            ("organisation.roles", serde_json::json!(["controller"])),
            ("organisation.places", serde_json::json!(["DE"])),
            ("organisation.main-place", serde_json::json!(["DE"])),
            ("organisation.offers-to", serde_json::json!(["DE"])),
            ("organisation.zone", serde_json::json!("Europe/Berlin")),
        ];
        let claims = facts.into_iter().map(|(key, value)| claim(key, value, by.clone(), now)).collect();
        let zone = Zone::named("Europe/Berlin").expect("a zone");
        let profile = Profile { name: "Mercy".into(), zone, claims };
        let opened = Opened {
            title: "an alert".into(),
            severity: severity.into(),
            kind: "security-alert".into(),
            source: "wazuh".into(),
            external_id: "1".into(),
            organisations: BTreeMap::from([("mercy".into(), profile.into())]),
        };
        let received = Received::of("wazuh", "1");
        let claims = vec![claim("event.received-at", rfc3339(now).into(), Claimant::Product("wazuh".into()), now)];
        let opening = Opening { opened, received, claims };
        let id = IncidentId::from("inc-0123456789abcdef");
        let moment = Moment { now, rulebook: &RULES, house: &house };
        let decision = decide(&id, None, Command::Open(Box::new(opening)), &moment).expect("it opens");
        let told = decision.events.into_iter().map(|event| (now, event)).collect();
        let incident = decision.incident.expect("it is opened");
        let mut case = Self { id, now, house, told, incident };
        case.answer(&[
            ("breach.suspected", true.into()),
            ("breach.personal-data", true.into()),
            ("breach.security-failed", true.into()),
            ("aware.at", AWARE.into()),
        ]);
        case
    }

    pub fn after(&mut self, length: Duration) -> &mut Self {
        self.now = at(AWARE) + length;
        self
    }

    pub fn submit(&mut self, command: Command) -> Result<Vec<Event>, Refusal> {
        let moment = Moment { now: self.now, rulebook: &RULES, house: &self.house };
        let Decision { events, incident } = decide(&self.id, Some(&self.incident), command, &moment)?;
        // What is on record must replay to what was decided: through the codec, as after a restart.
        for event in codec::decode(codec::FORMAT, &codec::encode(&events)).expect("it reads back") {
            self.incident.apply(&event, self.now);
            self.told.push((self.now, event));
        }
        assert!(incident.is_none_or(|incident| incident == self.incident), "what was decided is what its events come to");
        Ok(events)
    }

    pub fn answer(&mut self, facts: &[(&str, serde_json::Value)]) -> Vec<Event> {
        let by = Claimant::Person("Ada".into());
        let claims = facts.iter().map(|(key, value)| claim(key, value.clone(), by.clone(), self.now)).collect();
        self.submit(Command::Answer { claims }).expect("the answers are taken")
    }

    pub fn wake(&mut self) -> Vec<Event> {
        self.submit(Command::Wake).expect("a wake is never refused")
    }

    /// Goes on to an instant, waking whenever the incident asks for it; gives what happened to a clock's rungs.
    pub fn run_to(&mut self, until: Instant) -> Vec<Event> {
        let mut happened = Vec::new();
        for _ in 0..500 {
            let Some(wake) = next_wake(&self.incident, &self.house, self.now).filter(|wake| wake.at <= until) else {
                self.now = until;
                return happened;
            };
            self.now = self.now.max(wake.at);
            let events = self.wake();
            happened.extend(events.clone());
            self.deliver();
            let next = next_wake(&self.incident, &self.house, self.now);
            let moved = next.is_none_or(|next| next.at > self.now || next.why != wake.why);
            assert!(moved, "a busy loop at {}: {}", self.now, wake.why);
        }
        panic!("woken too often before {until}");
    }

    /// Every alert that is due is taken by its channel.
    pub fn deliver(&mut self) {
        for alert in self.begin() {
            self.end(&alert, DeliveryResult::Delivered { receipt: "250 ok".into() });
        }
    }

    pub fn begin(&mut self) -> Vec<AlertId> {
        let alerts = self.incident.due_alerts(self.now);
        let events = self.submit(Command::BeginDeliveries { alerts }).expect("they are due");
        let begun = events.into_iter().filter_map(|event| match event {
            Event::DeliveryStarted { alert, .. } => Some(alert),
            _ => None,
        });
        begun.collect()
    }

    pub fn end(&mut self, alert: &AlertId, result: DeliveryResult) -> Vec<Event> {
        let attempt = self.incident.alerts[alert].attempts;
        self.submit(Command::EndDelivery { alert: alert.clone(), attempt, result }).expect("it ended")
    }

    pub fn clock(&self, duty: &str) -> &Clock {
        &self.incident.clocks[&key(duty)]
    }

    pub fn limit(&self) -> Instant {
        self.clock(AUTHORITY).law.limit().expect("72 hours")
    }

    pub fn ack(&mut self, by: &str, team: Option<&str>, lease: Duration) -> Result<Vec<Event>, Refusal> {
        let (team, lease) = (team.map(str::to_owned), Some(lease));
        self.submit(Command::Acknowledge { clock: key(AUTHORITY), by: by.into(), team, lease, via: "test".into() })
    }

    pub fn silence(&mut self, reason: &str, until: Instant) -> Result<Vec<Event>, Refusal> {
        let (by, reason, via) = ("Ada".into(), reason.into(), "test".into());
        self.submit(Command::Silence { clock: key(AUTHORITY), by, reason, until, via })
    }
}

pub fn claim(key: &str, value: serde_json::Value, by: Claimant, at: Instant) -> Claim {
    let value = RULES.vocabulary.read(key, &value).unwrap_or_else(|fault| panic!("{fault}"));
    let ground = Some("as found".to_owned());
    Claim { ground, ..Claim::of(key, Some(value), by, at) }
}

/// The rungs of a clock that rang, with the addresses they reached.
pub fn rang(events: &[Event], duty: &str) -> Vec<(String, Vec<String>)> {
    let rang = events.iter().filter_map(|event| match event {
        Event::RungFell { clock, rung, alerts, .. } if clock.duty.as_str() == duty => Some((rung.clone(), addresses(alerts))),
        _ => None,
    });
    rang.collect()
}

/// The same without whom they reached.
pub fn names(events: &[Event], duty: &str) -> Vec<String> {
    rang(events, duty).into_iter().map(|(name, _)| name).collect()
}

/// The rungs of a clock that were passed over, with the reason.
pub fn passed_over(events: &[Event], duty: &str) -> Vec<(String, String)> {
    let skips = events.iter().filter_map(|event| match event {
        Event::RungsSkipped { clock, rungs } if clock.duty.as_str() == duty => Some(rungs.clone()),
        _ => None,
    });
    skips.flatten().map(|skip| (skip.rung, skip.reason)).collect()
}

pub fn addresses(alerts: &[AlertQueued]) -> Vec<String> {
    let shown = |alert: &AlertQueued| format!("{}:{}", alert.channel, alert.to.split('@').next().unwrap_or_default());
    alerts.iter().map(shown).collect()
}
