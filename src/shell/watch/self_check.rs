//! A slow pass over all incidents that compares what should have rung with what did.
//!
//! A few incidents at a time, so that it costs next to nothing; what is found must be found again a minute
//! later before it counts, for the record goes on while it is read.

use super::alarm::{self, Alarm};
use crate::domain::board::Card;
use crate::domain::ids::IncidentId;
use crate::domain::incident::{Difference, Incident, audit};
use crate::domain::instant::{Duration, Instant};
use crate::shell::desk::{Desk, SubmitError};
use crate::shell::telemetry::Metrics;
use crate::shell::wall_clock;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Cards looked through in one step.
const PAGE: usize = 200;
/// Of these, how many incidents are replayed at most.
const REPLAYS: usize = 20;
/// A difference counts once it was there for this long.
const CONFIRMED_AFTER: Duration = Duration::seconds(60);

/// The pass, and what it found.
pub struct SelfCheck {
    desk: Arc<Desk>,
    metrics: Arc<Metrics>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Where the pass goes on.
    after: Option<IncidentId>,
    /// Incidents with a difference, and since when it was seen.
    suspects: BTreeMap<IncidentId, tokio::time::Instant>,
    /// Those whose difference was confirmed.
    found: BTreeMap<IncidentId, String>,
    /// Whether the alarm may be ringing.
    rings: bool,
}

/// What one step did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pass {
    /// Incidents that were replayed.
    pub looked_at: usize,
    /// Incidents whose difference was confirmed in this step, and what it is.
    pub confirmed: Vec<(IncidentId, String)>,
    /// Whether the pass came to its end and begins anew.
    pub complete: bool,
}

impl SelfCheck {
    /// A pass over a desk's incidents, from the first.
    pub fn new(desk: Arc<Desk>, metrics: Arc<Metrics>) -> Self {
        // An alarm of the run before is ended when nothing is found any more.
        Self { desk, metrics, state: Mutex::new(State { rings: true, ..State::default() }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// In how many incidents something is other than it should be.
    pub fn found(&self) -> usize {
        self.state().found.len()
    }

    /// Looks at the next few incidents, and again at those where something was seen before.
    pub async fn step(&self, now: Instant) -> Result<Pass, SubmitError> {
        let mut pass = Pass::default();
        let suspects = self.state().suspects.clone();
        for (id, since) in suspects {
            if since.elapsed() >= CONFIRMED_AFTER.to_std().unwrap_or_default() {
                pass.looked_at += 1;
                self.look_again(&id, now, &mut pass).await?;
            }
        }
        self.go_on(now, &mut pass).await?;
        self.metrics.self_check_total.inc_by(pass.looked_at as u64);
        self.metrics.self_check_differences.set(i64::try_from(self.found()).unwrap_or(i64::MAX));
        self.ring(&pass, now).await?;
        Ok(pass)
    }

    async fn look_again(&self, id: &IncidentId, now: Instant, pass: &mut Pass) -> Result<(), SubmitError> {
        let differences = self.differences(id, now).await?;
        let mut state = self.state();
        match differences.first() {
            None => {
                state.suspects.remove(id);
                state.found.remove(id);
            }
            Some(first) => {
                state.suspects.insert(id.clone(), wall_clock::stopwatch());
                let text = first.to_string();
                if state.found.insert(id.clone(), text.clone()).is_none() {
                    tracing::error!(incident = %id, "the record and what should have rung differ: {text}");
                    pass.confirmed.push((id.clone(), text));
                }
            }
        }
        Ok(())
    }

    async fn go_on(&self, now: Instant, pass: &mut Pass) -> Result<(), SubmitError> {
        let mut reached = self.state().after.clone();
        let cards = self.desk.cards(reached.as_ref(), PAGE)?;
        pass.complete = cards.len() < PAGE;
        let mut replayed = 0;
        for (id, card) in cards {
            if replayed == REPLAYS {
                pass.complete = false;
                break;
            }
            reached = Some(id.clone());
            // A card that cannot be read says nothing of its incident, so that one is looked at.
            let card = serde_json::from_slice::<Card>(&card).ok();
            let open = card.is_none_or(|card| card.clocks.iter().any(|clock| clock.standing.is_open()));
            if !open || !id.is_incident() {
                continue;
            }
            replayed += 1;
            if !self.differences(&id, now).await?.is_empty() {
                self.state().suspects.entry(id).or_insert_with(wall_clock::stopwatch);
            }
        }
        pass.looked_at += replayed;
        self.state().after = reached.filter(|_| !pass.complete);
        Ok(())
    }

    /// What is other than it should be with one incident. One whose record cannot be read is.
    async fn differences(&self, id: &IncidentId, now: Instant) -> Result<Vec<String>, SubmitError> {
        // The wake first: whatever is decided meanwhile moves it, and is seen again a minute later.
        let noted = self.desk.noted_wake(id)?;
        let history = match self.desk.history(id).await {
            Ok(history) => history,
            Err(error @ SubmitError::Damaged { .. }) => return Ok(vec![error.to_string()]),
            Err(error) => return Err(error),
        };
        let events = history.iter().map(|(at, event)| (*at, event));
        let Some(incident) = Incident::replay(id, events) else { return Ok(Vec::new()) };
        let rules = self.desk.rules();
        let differences = audit(&history, &incident, &rules.house, noted, now);
        Ok(differences.iter().map(Difference::to_string).collect())
    }

    /// Rings the operator for what was found, and ends the alarm once nothing is.
    async fn ring(&self, pass: &Pass, now: Instant) -> Result<(), SubmitError> {
        let alarm = Alarm {
            duty: "house.watch",
            fact: "watch.difference",
            subject: "the record".into(),
            title: "The record and what should have rung differ".into(),
        };
        if let Some((id, text)) = pass.confirmed.first() {
            alarm::raise(&self.desk, &alarm, &format!("{id}: {text}"), &[], now).await?;
            self.state().rings = true;
        }
        let over = pass.complete && self.state().rings && self.state().suspects.is_empty();
        if over {
            alarm::end(&self.desk, &alarm, "a whole pass found no difference", now).await?;
            self.state().rings = false;
        }
        Ok(())
    }
}
