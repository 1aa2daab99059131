//! Clients that post at once, and remember what they were told was taken.

use super::CLIENTS;
use super::support::{Daemon, PERSON_TOKEN, SOURCE_TOKEN, request};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::mpsc;
use watchbell::sim::dice::Dice;

/// What one client was told was taken.
pub enum Taken {
    /// This event, as a part of this incident.
    Event { event: Value, incident: String },
    /// This many people, as the answer of a person about this incident.
    Answer { incident: String, people: u64 },
}

/// Posts from all clients at once until so many were acknowledged, then calls `kill` while the others are
/// still posting. Gives everything that was acknowledged, also after the kill was sent.
pub fn load(daemon: &Daemon, round: u64, until: u64, dice: &mut Dice, kill: impl FnOnce()) -> Vec<Taken> {
    let address = daemon.address();
    let (tell, told) = mpsc::channel();
    let mut taken = Vec::new();
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (tell, mut dice) = (tell.clone(), Dice::of(dice.roll()));
            scope.spawn(move || post_until_refused(address, client, round, &mut dice, &tell));
        }
        drop(tell);
        // Zero acknowledged: the kill comes while the first are on their way.
        taken.extend(told.iter().take(usize::try_from(until).expect("few")));
        kill();
        taken.extend(told.iter());
    });
    taken
}

fn post_until_refused(address: SocketAddr, client: usize, round: u64, dice: &mut Dice, tell: &mpsc::Sender<Taken>) {
    let mut last: Option<String> = None;
    for nth in 0_u64.. {
        if let Some(incident) = last.as_ref().filter(|_| dice.below(4) == 0) {
            let people = 1 + round * 1_000 + nth;
            let body = json!({ "facts": { "people.total": people } }).to_string();
            let path = format!("/v1/incidents/{incident}/claims");
            match request(address, "POST", &path, Some(PERSON_TOKEN), Some(&body)) {
                Ok(answer) if answer.status == 200 => drop(tell.send(Taken::Answer { incident: incident.clone(), people })),
                _ => return,
            }
            continue;
        }
        let event = event(client, round, nth, dice);
        match request(address, "POST", "/v1/events/native", Some(SOURCE_TOKEN), Some(&event.to_string())) {
            Ok(answer) if answer.status == 202 => {
                let incident = answer.json()["incident"].as_str().expect("an incident").to_owned();
                last = Some(incident.clone());
                let _ = tell.send(Taken::Event { event, incident });
            }
            // Cut off by the kill: perhaps taken, perhaps not.
            _ => return,
        }
    }
}

/// Something new, or an update of what this client reported in this round.
fn event(client: usize, round: u64, nth: u64, dice: &mut Dice) -> Value {
    let case = if dice.below(3) == 0 { nth / 2 } else { nth };
    json!({
        "id": format!("{client}-{round}-{case}"),
        "update_id": format!("{client}-{round}-{case}/{nth}"),
        "title": "A laptop is gone",
        "note": "x".repeat(usize::try_from(dice.below(3_000)).expect("few")),
    })
}

/// Everything that was ever acknowledged.
#[derive(Default)]
pub struct Acknowledged {
    /// Events by their update id, with the incident they became part of.
    pub events: BTreeMap<String, (Value, String)>,
    /// The last answer about each incident.
    pub answers: BTreeMap<String, u64>,
    last_round: Vec<String>,
}

impl Acknowledged {
    pub fn len(&self) -> usize {
        self.events.len()
    }

    pub fn add(&mut self, taken: Vec<Taken>) {
        self.last_round.clear();
        for taken in taken {
            match taken {
                Taken::Event { event, incident } => {
                    let id = event["update_id"].as_str().expect("it has one").to_owned();
                    self.last_round.push(id.clone());
                    self.events.insert(id, (event, incident));
                }
                Taken::Answer { incident, people } => _ = self.answers.insert(incident, people),
            }
        }
    }

    /// Whatever was acknowledged just before the kill is known to the daemon after it.
    pub fn check_last_round(&self, daemon: &Daemon, seed: u64) {
        for id in &self.last_round {
            let (event, incident) = &self.events[id];
            let again = daemon.post("native", event).json();
            assert_eq!(again["duplicate"], true, "SEED={seed}: `{id}` was acknowledged and is not known: {again}");
            assert_eq!(again["incident"], incident.as_str(), "SEED={seed}: `{id}`");
        }
    }
}
