//! What a command makes of an incident: events, or a refusal.

use super::assessing::{reassess, redraft};
use super::command::{Command, Moment, Refusal};
use super::event::{ClockKey, DeliveryResult, Event, Received};
use super::late;
use super::reuniting;
use super::state::{AlertState, Clock, Incident};
use super::suggesting::suggest_risks;
use super::{delivering, ringing};
use crate::domain::facts::{CLOCK_SKEW, Claim, Rank, Vocabulary};
use crate::domain::ids::{AlertId, IncidentId};
use crate::domain::instant::{Duration, Instant, rfc3339};
use crate::domain::law::pack::HoldRule;

/// What a command came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// What happened, in order.
    pub events: Vec<Event>,
    /// The incident as these events leave it; `None` when nothing happened.
    pub incident: Option<Incident>,
}

/// Decides a command. `incident` is `None` before the first event.
///
/// Pure: the same incident, command and moment give the same events. The events already contain
/// what follows from the command: clocks set anew, drafts, alerts dropped.
pub fn decide(id: &IncidentId, incident: Option<&Incident>, command: Command, moment: &Moment<'_>) -> Result<Decision, Refusal> {
    let mut story = Story::of(id, incident, moment);
    match command {
        Command::Open(opening) => {
            if incident.is_some() {
                return Err(Refusal::Exists);
            }
            story.tell(Event::Opened(opening.opened));
            story.receive(opening.received, opening.claims);
            story.reassess("opened")?;
        }
        Command::OpenSplit { from, messages, word } => {
            if incident.is_some() {
                return Err(Refusal::Exists);
            }
            reuniting::split_from(&from, &messages, &word)?.into_iter().for_each(|event| story.tell(event));
            story.reassess("split from another incident")?;
        }
        command => {
            let incident = incident.ok_or(Refusal::NoIncident)?;
            further(&mut story, incident, command, moment)?;
        }
    }
    Ok(Decision { events: story.events, incident: story.after })
}

fn further(story: &mut Story<'_>, incident: &Incident, command: Command, moment: &Moment<'_>) -> Result<(), Refusal> {
    match command {
        Command::Open(_) | Command::OpenSplit { .. } => return Err(Refusal::Exists),
        Command::Observe { received, claims } => {
            let tenant = received.tenant.as_deref().unwrap_or_default();
            let external_id = received.external_id.as_deref().unwrap_or(&incident.opened.external_id);
            if let Some(there) = incident.relations.elsewhere(&received.source, tenant, external_id) {
                return Err(Refusal::Elsewhere(there.clone()));
            }
            let because = format!("a further report of {}", received.source);
            let received = late::judge(incident, received);
            let version = received.version.filter(|_| received.late);
            story.receive(received, claims);
            if let Some(version) = version {
                story.catch_up(version, &because)?;
            }
            story.reassess(&because)?;
        }
        Command::Answer { claims } => {
            if let Some(into) = incident.relations.merged_into.as_ref().filter(|_| !incident.is_open()) {
                return Err(Refusal::Elsewhere(into.clone()));
            }
            let by = claims.first().map_or("nobody", |claim| claim.by.name()).to_owned();
            check_instants(&claims, moment)?;
            check_judgements(&claims, &moment.rulebook.vocabulary)?;
            if story.claim(claims) {
                story.reassess(&format!("answers of {by}"))?;
            }
        }
        Command::Reassess => story.reassess("law or policy changed")?,
        Command::Acknowledge { clock: key, by, lease, via } => {
            let clock = open_clock(incident, &key)?;
            not_empty("by", &by)?;
            let until = lease_end(clock, lease, moment).ok_or(Refusal::LastCall)?;
            story.tell(Event::Acknowledged { clock: key, by, until, via });
        }
        Command::Meet { clock: key, evidence } => {
            open_clock(incident, &key)?;
            not_empty("what", &evidence.what)?;
            not_empty("by", &evidence.by)?;
            not_future("filed_at", evidence.filed_at, moment.now)?;
            story.tell(Event::Met { clock: key.clone(), evidence });
            story.drop_alerts(&key, "the clock was met");
            // Meeting one duty may start or pull forward another.
            story.reassess(&format!("{} was met", key.duty))?;
        }
        Command::Determine { clock: key, by, ground, cite } => {
            open_clock(incident, &key)?;
            not_empty("by", &by)?;
            not_empty("ground", &ground)?;
            not_empty("cite", &cite)?;
            story.tell(Event::Determined { clock: key.clone(), by, ground, cite });
            story.drop_alerts(&key, "determined that nothing is owed");
        }
        Command::Pause { clock: key, by, statement } => {
            open_clock(incident, &key)?;
            not_empty("official", &statement.official)?;
            not_empty("words", &statement.words)?;
            not_future("from", statement.from, moment.now)?;
            let rule = hold_rule(&key, &statement.rule, moment)?;
            let (effect, lapses_after_days) = (rule.effect.clone(), rule.lapses_after_days);
            story.tell(Event::Held { clock: key, by, statement, effect, lapses_after_days });
            story.reassess("a hold was recorded")?;
        }
        Command::Resume { clock: key, by, hold, at, ground } => {
            let clock = open_clock(incident, &key)?;
            not_empty("ground", &ground)?;
            if hold == 0 || hold > clock.holds.len() {
                return Err(Refusal::NoHold {
                    rule: hold.to_string(),
                    known: format!("the clock has {} holds", clock.holds.len()),
                });
            }
            story.tell(Event::Released { clock: key, by, hold, at, ground });
            story.reassess("a hold ended")?;
        }
        Command::TakeIn { other, word } => {
            if let Some(event) = reuniting::take_in(incident, &other, &word)? {
                story.tell(event);
                story.reassess(&format!("merged with {}", other.id))?;
            }
        }
        Command::HandOver { into, word } => {
            for event in reuniting::hand_over(incident, &into, &word)? {
                let ended = match &event {
                    Event::HandedOver { clock, .. } => Some(clock.clone()),
                    _ => None,
                };
                story.tell(event);
                if let Some(clock) = ended {
                    story.drop_alerts(&clock, &format!("goes on in {}", into.id));
                }
            }
        }
        Command::SplitOff { into, messages, word } => {
            if let Some(event) = reuniting::split_off(incident, &into, &messages, &word)? {
                story.tell(event);
            }
        }
        Command::Wake => {
            for (key, clock) in &incident.clocks {
                if clock.standing.is_open() {
                    for event in ringing::ring(incident, key, clock, moment) {
                        story.tell(event);
                    }
                }
            }
        }
        Command::BeginDeliveries { alerts } => {
            for id in alerts {
                let alert = incident.alerts.get(&id).ok_or_else(|| Refusal::NoAlert(id.clone()))?;
                let closed = incident.clocks.get(&alert.clock).is_none_or(|clock| !clock.standing.is_open());
                if !alert.is_due(moment.now) {
                    continue;
                }
                if closed {
                    story.tell(Event::DeliveryDropped { alert: id, reason: "the clock is closed".into() });
                } else {
                    story.tell(Event::DeliveryStarted { alert: id, attempt: alert.attempts + 1 });
                }
            }
        }
        Command::HoldDeliveries { holds } => {
            for event in delivering::hold(incident, holds, moment.now)? {
                story.tell(event);
            }
        }
        Command::Redeliver { alert, by, reason } => {
            not_empty("reason", &reason)?;
            story.tell(delivering::redeliver(incident, alert, by, reason)?);
        }
        Command::EndDelivery { alert: id, attempt, result } => end_delivery(story, incident, id, attempt, result)?,
    }
    Ok(())
}

fn end_delivery(
    story: &mut Story<'_>,
    incident: &Incident,
    id: AlertId,
    attempt: u32,
    result: DeliveryResult,
) -> Result<(), Refusal> {
    let alert = incident.alerts.get(&id).ok_or_else(|| Refusal::NoAlert(id.clone()))?;
    match (&alert.state, &result) {
        (AlertState::Delivered { .. }, _) => {}
        // A later attempt has begun meanwhile: only a success of the earlier one still counts.
        (_, DeliveryResult::Failed { .. }) if alert.attempts != attempt => {}
        (AlertState::Dropped { .. }, DeliveryResult::Failed { .. }) => {}
        _ => story.tell(Event::DeliveryEnded { alert: id, attempt, result }),
    }
    Ok(())
}

/// The events told so far and the incident they make.
struct Story<'a> {
    id: &'a IncidentId,
    moment: &'a Moment<'a>,
    before: Option<&'a Incident>,
    after: Option<Incident>,
    events: Vec<Event>,
}

impl<'a> Story<'a> {
    fn of(id: &'a IncidentId, before: Option<&'a Incident>, moment: &'a Moment<'a>) -> Self {
        Self { id, moment, before, after: None, events: Vec::new() }
    }

    /// The incident as told so far.
    fn incident(&self) -> Option<&Incident> {
        self.after.as_ref().or(self.before)
    }

    fn tell(&mut self, event: Event) {
        let now = self.moment.now;
        if self.after.is_none() {
            self.after = self.before.cloned();
        }
        match &mut self.after {
            Some(incident) => incident.apply(&event, now),
            None => self.after = Incident::open(self.id.clone(), &event, now),
        }
        self.events.push(event);
    }

    /// Records a message and everything it claims: of a word said again, the newer version counts.
    fn receive(&mut self, received: Received, claims: Vec<Claim>) {
        self.tell(Event::Received(received));
        let of = self.incident().and_then(|incident| u32::try_from(incident.messages.len()).ok());
        if !claims.is_empty() {
            self.tell(Event::Claimed { claims, of });
        }
    }

    /// Sets what would run had the late message come in its time.
    fn catch_up(&mut self, version: Instant, because: &str) -> Result<(), Refusal> {
        let incident = self.incident().ok_or(Refusal::NoIncident)?;
        for event in late::would_run(incident, version, self.moment, because) {
            self.tell(event);
        }
        Ok(())
    }

    /// Records the claims that are news; gives whether there were any.
    fn claim(&mut self, claims: Vec<Claim>) -> bool {
        let Some(incident) = self.incident() else { return false };
        let news: Vec<Claim> = claims.into_iter().filter(|claim| !incident.book.has_said(claim)).collect();
        if news.is_empty() {
            return false;
        }
        self.tell(Event::Claimed { claims: news, of: None });
        true
    }

    fn reassess(&mut self, because: &str) -> Result<(), Refusal> {
        let incident = self.incident().ok_or(Refusal::NoIncident)?;
        for event in suggest_risks(incident, self.moment) {
            self.tell(event);
        }
        let incident = self.incident().ok_or(Refusal::NoIncident)?;
        for event in reassess(incident, self.moment, because) {
            let closed = match &event {
                Event::NothingOwed { clock, .. } => Some((clock.clone(), "nothing is owed")),
                Event::Met { clock, .. } => Some((clock.clone(), "the clock was met")),
                _ => None,
            };
            let reopened = match &event {
                Event::ClockSet { clock, .. } => self.is_closed(clock).then(|| clock.clone()),
                _ => None,
            };
            self.tell(event);
            if let Some((clock, reason)) = closed {
                self.drop_alerts(&clock, reason);
            }
            if let Some(event) = reopened.and_then(|key| self.reopen(&key)) {
                self.tell(event);
            }
        }
        let incident = self.incident().ok_or(Refusal::NoIncident)?;
        for event in redraft(incident, self.moment) {
            self.tell(event);
        }
        Ok(())
    }

    fn is_closed(&self, key: &ClockKey) -> bool {
        let clock = self.incident().and_then(|incident| incident.clocks.get(key));
        clock.is_some_and(|clock| !clock.standing.is_open())
    }

    fn reopen(&self, key: &ClockKey) -> Option<Event> {
        let incident = self.incident()?;
        ringing::reopen(incident, key, incident.clocks.get(key)?, self.moment)
    }

    fn drop_alerts(&mut self, key: &ClockKey, reason: &str) {
        let Some(incident) = self.incident() else { return };
        let waiting: Vec<AlertId> = incident
            .alerts
            .iter()
            .filter(|(_, alert)| alert.clock == *key && matches!(alert.state, AlertState::Waiting { .. }))
            .map(|(id, _)| id.clone())
            .collect();
        for alert in waiting {
            self.tell(Event::DeliveryDropped { alert, reason: reason.to_owned() });
        }
    }
}

fn hold_rule<'m>(key: &ClockKey, rule: &str, moment: &Moment<'m>) -> Result<&'m HoldRule, Refusal> {
    let rules = moment.rulebook.duty(&key.duty).map_or(&[][..], |(_, duty)| &duty.text.holds);
    rules.iter().find(|known| known.id == rule).ok_or_else(|| {
        let names: Vec<&str> = rules.iter().map(|known| known.id.as_str()).collect();
        let known = if names.is_empty() { "its law knows none".into() } else { format!("there are {}", names.join(", ")) };
        Refusal::NoHold { rule: rule.to_owned(), known }
    })
}

fn open_clock<'i>(incident: &'i Incident, key: &ClockKey) -> Result<&'i Clock, Refusal> {
    let clock = incident.clocks.get(key).ok_or_else(|| Refusal::NoClock(key.clone()))?;
    if clock.standing.is_open() { Ok(clock) } else { Err(Refusal::Closed(clock.standing.word())) }
}

/// When a lease ends: never within the last call before the limit; `None` if that leaves nothing.
/// Past the limit only a short lease holds, so that an overdue clock cannot be slept through; and
/// where the law gives no limit, none longer than the house's usual one.
fn lease_end(clock: &Clock, lease: Option<Duration>, moment: &Moment<'_>) -> Option<Instant> {
    let house = moment.house;
    let wished = moment.now + lease.unwrap_or(house.lease).max(Duration::zero());
    let Some(until) = clock.law.until() else { return Some(wished.min(moment.now + house.lease)) };
    let third = (until - clock.law.start.at).max(Duration::zero()) / 3;
    let last_call = until - house.last_call.min(third);
    if until <= moment.now {
        return Some(wished.min(moment.now + house.last_call));
    }
    let end = wished.min(last_call);
    (end > moment.now).then_some(end)
}

fn check_judgements(claims: &[Claim], vocabulary: &Vocabulary) -> Result<(), Refusal> {
    for claim in claims {
        if !vocabulary.get(claim.key.as_str()).is_some_and(|entry| entry.judgement) {
            continue;
        }
        if claim.by.rank() != Rank::Person {
            return Err(Refusal::NotAPerson(claim.key.to_string()));
        }
        if claim.ground.as_ref().is_none_or(|ground| ground.trim().is_empty()) {
            return Err(Refusal::NoGround(claim.key.to_string()));
        }
    }
    Ok(())
}

fn check_instants(claims: &[Claim], moment: &Moment<'_>) -> Result<(), Refusal> {
    for claim in claims {
        let vocabulary = &moment.rulebook.vocabulary;
        let value = claim.value.as_ref();
        if let Some(at) = value.and_then(|value| vocabulary.future_instant(claim.key.as_str(), value, moment.now)) {
            return Err(Refusal::Future { what: claim.key.to_string(), at: rfc3339(at), now: rfc3339(moment.now) });
        }
    }
    Ok(())
}

fn not_empty(name: &'static str, text: &str) -> Result<(), Refusal> {
    if text.trim().is_empty() { Err(Refusal::Empty(name)) } else { Ok(()) }
}

fn not_future(what: &str, at: Instant, now: Instant) -> Result<(), Refusal> {
    let future = || Refusal::Future { what: what.to_owned(), at: rfc3339(at), now: rfc3339(now) };
    if at <= now + CLOCK_SKEW { Ok(()) } else { Err(future()) }
}
