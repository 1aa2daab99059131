//! What a command makes of an incident: events, or a refusal.

use super::alert::{Act, Alert, AlertQueued, AlertState, DeliveryResult};
use super::assessing::{reassess, redraft};
use super::command::{Command, Evidence, HoldStatement, Moment, Refusal};
use super::event::{ClockKey, Event, Received, Standing};
use super::house::Address;
use super::leases::{self, Acknowledgement, Cover};
use super::state::{Clock, Incident};
use super::suggesting::suggest_risks;
use super::{
    bordering, contradictions, delivering, digest, fallback, further, late, listed, reuniting, ringing, tracking, whose,
};
use crate::domain::facts::{CLOCK_SKEW, Claim, Rank, Vocabulary};
use crate::domain::ids::{AlertId, IncidentId};
use crate::domain::instant::{Duration, Instant, rfc3339};
use crate::domain::law::Mode;
use crate::domain::law::pack::HoldRule;
use std::collections::BTreeSet;

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
    let command = match command {
        Command::Although { because, command } => {
            not_empty("although", &because)?;
            story.although = Some(because);
            *command
        }
        command => command,
    };
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
        // One ground is enough for one word.
        Command::Although { .. } => return Err(Refusal::Empty("although")),
        Command::Observe { received, claims } => {
            let tenant = received.tenant.as_deref().unwrap_or_default();
            let external_id = received.external_id.as_deref().unwrap_or(&incident.opened.external_id);
            if let Some(there) = incident.relations.elsewhere(&received.source, tenant, external_id) {
                return Err(Refusal::Elsewhere(there.clone()));
            }
            whose::check_organisations(incident, &claims)?;
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
            // What was said here alone would set no clock in the incident where this one goes on.
            if let Some(into) = &incident.relations.merged_into {
                return Err(Refusal::Elsewhere(into.clone()));
            }
            let by = claims.first().map_or("nobody", |claim| claim.by.name()).to_owned();
            let claims = whose::addressed(incident, claims)?;
            check_instants(&claims, moment)?;
            check_judgements(&claims, &moment.rulebook.vocabulary)?;
            story.weigh(None, &by, contradictions::of_answers(incident, &claims, &moment.rulebook.vocabulary))?;
            if story.claim(claims) {
                story.reassess(&format!("answers of {by}"))?;
            }
        }
        Command::SaidAt { from, command } => {
            let open: Vec<&ClockKey> = incident.open_clocks().into_iter().map(|(key, _)| key).collect();
            further(story, incident, *command, moment)?;
            for key in open {
                story.tell_the_others(key, &from);
            }
        }
        Command::Reassess => story.reassess("law or policy changed")?,
        Command::Acknowledge { clock: key, by, team, lease, via } => {
            let clock = open_clock(incident, &key)?;
            not_empty("by", &by)?;
            let until = leases::lease_from_now(clock, lease, moment)?;
            for team in leases::teams_of(incident, &key, clock, &by, team, moment.house)? {
                story.tell(Event::Acknowledged { clock: key.clone(), by: by.clone(), team, until, via: via.clone() });
            }
            story.track_acknowledged(&key);
        }
        Command::AcknowledgeEach { of, by, team, lease, via } => {
            not_empty("by", &by)?;
            let open = listed::still_open(incident, &of)?;
            let mut refused = None;
            for (key, clock) in &open {
                let until = leases::lease_from_now(clock, lease, moment);
                let teams = leases::teams_of(incident, key, clock, &by, team.clone(), moment.house);
                match until.and_then(|until| Ok((until, teams?))) {
                    Ok((until, teams)) => {
                        for team in teams {
                            let (clock, by, via) = ((*key).clone(), by.clone(), via.clone());
                            story.tell(Event::Acknowledged { clock, by, team, until, via });
                        }
                    }
                    Err(refusal) => refused = Some(refusal),
                }
            }
            // One whose limit is near does not keep the others from being owned.
            if let Some(refusal) = refused.filter(|_| story.events.is_empty()) {
                return Err(refusal);
            }
            if let Some((key, _)) = open.first() {
                story.track_acknowledged(key);
            }
        }
        Command::MeetEach { of, told } => {
            let told = listed::told(incident, &of, told)?;
            let by = told.first().map_or("nobody", |(_, _, evidence)| evidence.by.as_str()).to_owned();
            let mut against = Vec::new();
            for (key, clock, evidence) in &told {
                check_evidence(evidence, moment)?;
                let no = key.target.as_deref().unwrap_or_default();
                let of_this = contradictions::of_filing(incident, key, clock, evidence);
                against.extend(of_this.into_iter().map(|line| format!("no. {no}: {line}")));
            }
            story.weigh(Some(&of.whole()), &by, against)?;
            let met: Vec<ClockKey> = told.iter().map(|(key, ..)| (*key).clone()).collect();
            for (key, _, evidence) in told {
                story.tell(Event::Met { clock: key.clone(), evidence });
            }
            met.iter().for_each(|key| story.close(key, "the clock was met"));
            story.reassess(&format!("{} of those listed were told ({})", met.len(), of.duty))?;
        }
        Command::HandOver { clock: key, by, to, via } => hand_over(story, incident, key, by, to, via)?,
        Command::Silence { clock: key, by, reason, until, via } => {
            let clock = open_clock(incident, &key)?;
            not_empty("by", &by)?;
            not_empty("reason", &reason)?;
            not_past("until", until, moment.now)?;
            let until = leases::silence_from_now(clock, until, moment)?;
            story.tell(Event::Silenced { clock: key, by, reason, until, via });
        }
        Command::EndSilence { clock: key, by } => {
            let clock = open_clock(incident, &key)?;
            not_empty("by", &by)?;
            clock.silence.as_ref().ok_or(Refusal::NotSilenced)?;
            story.tell(Event::SilenceEnded { clock: key, ended_at: moment.now, by: Some(by) });
        }
        Command::Meet { clock: key, evidence } => {
            let clock = closed_whole(open_clock(incident, &key)?)?;
            check_evidence(&evidence, moment)?;
            story.weigh(Some(&key), &evidence.by, contradictions::of_filing(incident, &key, clock, &evidence))?;
            let known_then = further::known_then(incident, &key, moment);
            story.tell(Event::Met { clock: key.clone(), evidence: Evidence { known_then, ..evidence } });
            story.close(&key, "the clock was met");
            // Meeting one duty may start or pull forward another.
            story.reassess(&format!("{} was met", key.duty))?;
        }
        Command::File { clock: key, evidence } => {
            let clock = incident.clocks.get(&key).ok_or_else(|| Refusal::NoClock(key.clone()))?;
            if clock.standing == Standing::Void {
                return Err(Refusal::Closed(clock.standing.word()));
            }
            check_evidence(&evidence, moment)?;
            story.weigh(Some(&key), &evidence.by, contradictions::of_filing(incident, &key, clock, &evidence))?;
            story.tell(Event::Filed { clock: key, evidence });
        }
        Command::Reopen { clock: key, by, because } => {
            not_empty("by", &by)?;
            not_empty("because", &because)?;
            may_reopen(incident, &key)?;
            story.tell(Event::Reopened { clock: key.clone(), by: by.clone(), because });
            story.reassess(&format!("{by} took back what had ended a clock"))?;
            story.end_what_followed(&key, &by);
            if story.is_closed(&key) && incident.clocks.get(&key).is_some_and(|clock| clock.law.mode == Mode::Policy) {
                return Err(Refusal::EndedByFacts("what the house asks for was answered".into()));
            }
            story.reopen(&[key]);
        }
        Command::Determine { clock: key, by, ground, cite } => {
            let clock = closed_whole(open_clock(incident, &key)?)?;
            not_empty("by", &by)?;
            not_empty("ground", &ground)?;
            not_empty("cite", &cite)?;
            let against = contradictions::of_determination(incident, &key, clock, &[&ground, &cite], moment.now);
            story.weigh(Some(&key), &by, against)?;
            story.tell(Event::Determined { clock: key.clone(), by, ground, cite });
            story.close(&key, "determined that nothing is owed");
        }
        Command::Pause { clock: key, by, statement } => {
            open_clock(incident, &key)?;
            not_empty("official", &statement.official)?;
            not_empty("words", &statement.words)?;
            not_future("from", statement.from, moment.now)?;
            not_absurd(&statement)?;
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
            if let Some(event) = reuniting::take_in(incident, &other, &word, &moment.rulebook.vocabulary)? {
                story.tell(event);
                story.reassess(&format!("merged with {}", other.id))?;
            }
        }
        Command::MergeInto { into, word } => {
            for event in reuniting::merge_into(incident, &into, &word)? {
                let ended = match &event {
                    Event::ClockMoved { clock, .. } => Some(clock.clone()),
                    _ => None,
                };
                story.tell(event);
                if let Some(clock) = ended {
                    story.close(&clock, &format!("goes on in {}", into.id));
                }
            }
        }
        Command::SplitOff { into, messages, word } => {
            if let Some(event) = reuniting::split_off(incident, &into, &messages, &word)? {
                story.tell(event);
            }
        }
        Command::Wake => {
            let events = ringing::ring(incident, moment);
            let expired = events.iter().any(|event| matches!(event, Event::Expired { .. }));
            events.into_iter().for_each(|event| story.tell(event));
            // A late notice owes its reasons.
            if expired {
                story.redraft()?;
            }
            if bordering::word_has_ended(incident, moment.now) {
                story.reassess("a standing word of counsel has come to its last day")?;
            }
        }
        Command::BeginDeliveries { alerts } => {
            for id in alerts {
                let alert = incident.alerts.get(&id).ok_or_else(|| Refusal::NoAlert(id.clone()))?;
                if !alert.is_due(moment.now) {
                    continue;
                }
                if incident.is_wanted(alert) {
                    story.tell(Event::DeliveryStarted { alert: id, attempt: alert.attempts + 1 });
                } else {
                    story.tell(Event::DeliveryDropped { alert: id, reason: "the clock is closed".into() });
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
        _ => {
            story.tell(Event::DeliveryEnded { alert: id.clone(), attempt, result: result.clone() });
            story.after_delivery(&id, &result);
        }
    }
    Ok(())
}

/// The giver still owns the clock until the taker acknowledges, but not for long; the taker is alerted.
fn hand_over(
    story: &mut Story<'_>,
    incident: &Incident,
    key: ClockKey,
    by: String,
    to: String,
    via: String,
) -> Result<(), Refusal> {
    let (clock, moment) = (open_clock(incident, &key)?, story.moment);
    not_empty("by", &by)?;
    not_empty("to", &to)?;
    let theirs = |lease: &Acknowledgement| lease.by == by && lease.holds_until(clock, moment.house) > moment.now;
    let held: Vec<_> = clock.live_leases().filter(|(_, lease)| theirs(lease)).collect();
    if held.is_empty() || by == to {
        return Err(Refusal::NotOwner(by));
    }
    let ways = moment.house.ways_to(&to);
    if ways.is_empty() {
        let names: Vec<&str> = moment.house.reachable().collect();
        let known = if names.is_empty() { "nobody has `reach`".into() } else { format!("there are {}", names.join(", ")) };
        return Err(Refusal::NoPerson { who: to, known });
    }
    for (nth, (team, lease)) in held.into_iter().enumerate() {
        if let Some(team) = team.as_ref().filter(|team| !moment.house.speaks_for(team, &to)) {
            return Err(Refusal::NotInTeam { who: to, team: team.clone() });
        }
        let rung = format!("handed over by {by} {}", rfc3339(moment.now));
        let said = [digest::said_of(&key, clock, &rung)];
        let alert = |address: &Address| AlertQueued {
            id: digest::alert_id(&incident.id, &said, address),
            channel: address.channel.clone(),
            to: address.to.clone(),
            team: team.clone().unwrap_or_default(),
            person: Some(to.clone()),
            rota: None,
            act: Act::Ring,
        };
        // One person is told once, of however many teams they take the clock over.
        let alerts = ways.iter().filter(|_| nth == 0).map(alert).collect();
        let until = lease.until.min(moment.now + leases::HAND_OVER);
        let (clock, by, to, team, via) = (key.clone(), by.clone(), to.clone(), team.clone(), via.clone());
        story.tell(Event::HandedOver { clock, by, to, team, until, via, alerts });
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
    /// The ground of somebody who says what facts on record speak against.
    although: Option<String>,
}

impl<'a> Story<'a> {
    fn of(id: &'a IncidentId, before: Option<&'a Incident>, moment: &'a Moment<'a>) -> Self {
        Self { id, moment, before, after: None, events: Vec::new(), although: None }
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

    /// Lets a word pass that nothing on record speaks against, or whose speaker knows that and says why.
    fn weigh(&mut self, clock: Option<&ClockKey>, by: &str, against: Vec<String>) -> Result<(), Refusal> {
        match self.although.take() {
            Some(because) => {
                self.tell(Event::Although { clock: clock.cloned(), by: by.to_owned(), because, against });
                Ok(())
            }
            None if against.is_empty() => Ok(()),
            None => Err(Refusal::Contradicted(against)),
        }
    }

    /// Ends the clocks that ran from a filing that was taken back; one that was met itself stays met.
    fn end_what_followed(&mut self, key: &ClockKey, by: &str) {
        let Some(incident) = self.incident() else { return };
        let from = format!("met.{}", key.duty);
        let same = |of: &ClockKey| of.duty == key.duty && of.organisation == key.organisation && !of.is_further();
        let met_elsewhere = incident.clocks.iter().any(|(of, clock)| same(of) && clock.met.is_some());
        // The first clock runs again for all, and so for those found since.
        let follows = |of: &ClockKey, clock: &Clock| {
            let started = clock.law.start.from.as_ref().is_some_and(|fact| fact.as_str() == from);
            (started && !met_elsewhere) || (of.is_further() && of.first() == *key)
        };
        let ended: Vec<(ClockKey, String)> = incident
            .clocks
            .iter()
            .filter(|(of, clock)| of.organisation == key.organisation && clock.standing.is_open() && follows(of, clock))
            .map(|(of, clock)| (of.clone(), clock.law.cite.clone()))
            .collect();
        for (clock, cite) in ended {
            self.tell(Event::NothingOwed {
                clock: clock.clone(),
                ground: "the filing it followed from was taken back".into(),
                cite,
                by: BTreeSet::from([by.to_owned()]),
                reasons: Vec::new(),
            });
            self.close(&clock, "nothing is owed");
        }
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
        let (mut run_again, mut set) = (Vec::new(), Vec::new());
        let incident = self.incident().ok_or(Refusal::NoIncident)?;
        for event in reassess(incident, self.moment, because) {
            let closed = match &event {
                Event::NothingOwed { clock, .. } => Some((clock.clone(), "nothing is owed")),
                Event::Met { clock, .. } => Some((clock.clone(), "the clock was met")),
                _ => None,
            };
            if let Event::ClockSet { clock, .. } = &event {
                let keys = if self.is_closed(clock) { &mut run_again } else { &mut set };
                keys.push(clock.clone());
            }
            self.tell(event);
            if let Some((clock, reason)) = closed {
                self.close(&clock, reason);
            }
        }
        self.reopen(&run_again);
        self.call_nearer(&set);
        self.redraft()
    }

    fn redraft(&mut self) -> Result<(), Refusal> {
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

    fn reopen(&mut self, keys: &[ClockKey]) {
        let Some(incident) = self.incident() else { return };
        let calls = keys.iter().filter_map(|key| ringing::reopen(incident, key, self.moment)).collect();
        let told: Vec<Event> = digest::fall(incident, calls, self.moment);
        // A word that would close there what runs again must not follow the ring.
        let closes = |alert: &Alert| {
            alert.queued.act == Act::Resolve
                && matches!(alert.state, AlertState::Waiting { .. })
                && alert.about.iter().all(|about| keys.contains(&about.clock))
        };
        let closing: Vec<AlertId> = incident.alerts.iter().filter(|(_, alert)| closes(alert)).map(|(id, _)| id.clone()).collect();
        for alert in closing {
            self.tell(Event::DeliveryDropped { alert, reason: "the clock runs again".into() });
        }
        for event in told {
            self.tell(event);
        }
    }

    /// Limits that have come nearer are told of at once, and whoever owned their clocks owns them no more.
    fn call_nearer(&mut self, set: &[ClockKey]) {
        let Some(incident) = self.incident() else { return };
        let nearer =
            |key: &&ClockKey| incident.clocks.get(*key).is_some_and(|clock| ringing::has_come_nearer(clock, self.moment));
        let nearer: Vec<&ClockKey> = set.iter().filter(nearer).collect();
        let clocks = nearer.iter().filter_map(|key| Some((*key, incident.clocks.get(*key)?)));
        let ends: Vec<Event> = clocks.flat_map(|(key, clock)| ringing::unown(key, clock, self.moment.now)).collect();
        ends.into_iter().for_each(|event| self.tell(event));
        let Some(incident) = self.incident() else { return };
        let mut events = Vec::new();
        let calls = nearer.iter().filter_map(|key| ringing::call_nearer(incident, key, self.moment, &mut events)).collect();
        events.extend(digest::fall(incident, calls, self.moment));
        events.into_iter().for_each(|event| self.tell(event));
    }

    /// What follows when a clock asks for nothing any more: alerts about no other clock are dropped, and
    /// channels that keep an incident of their own close it.
    fn close(&mut self, key: &ClockKey, reason: &str) {
        let Some(incident) = self.incident() else { return };
        let closes = |alert: &Alert| match alert.queued.act {
            Act::Ring => !incident.is_wanted(alert),
            Act::Acknowledge => true,
            Act::Resolve => false,
        };
        let waiting: Vec<AlertId> = incident
            .alerts
            .iter()
            .filter(|(_, alert)| alert.is_about(key) && matches!(alert.state, AlertState::Waiting { .. }) && closes(alert))
            .map(|(id, _)| id.clone())
            .collect();
        let resolve = tracking::follow_up(incident, key, Act::Resolve, self.moment);
        for alert in waiting {
            self.tell(Event::DeliveryDropped { alert, reason: reason.to_owned() });
        }
        if let Some(event) = resolve {
            self.tell(event);
        }
    }

    /// Whoever was rung for a clock that has ended is told, but for the address at which that was said.
    fn tell_the_others(&mut self, key: &ClockKey, from: &Address) {
        let Some(incident) = self.incident() else { return };
        if self.is_closed(key)
            && let Some(event) = tracking::tell_the_others(incident, key, from, self.moment)
        {
            self.tell(event);
        }
    }

    fn track_acknowledged(&mut self, key: &ClockKey) {
        let Some(incident) = self.incident() else { return };
        let Some(clock) = incident.clocks.get(key) else { return };
        let house = self.moment.house;
        let whole = Cover::of(clock, house.ladder(incident, key, clock), house, self.moment.now).is_whole();
        if let Some(event) = tracking::follow_up(incident, key, Act::Acknowledge, self.moment).filter(|_| whole) {
            self.tell(event);
        }
    }

    fn after_delivery(&mut self, id: &AlertId, result: &DeliveryResult) {
        let Some(incident) = self.incident() else { return };
        let fell_back = fallback::fall_back(incident, id, result, self.moment);
        let closed_again = tracking::close_again(incident, id, self.moment);
        let opened_again = tracking::open_again(incident, id);
        for event in fell_back.into_iter().chain(closed_again).chain(opened_again) {
            self.tell(event);
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

/// A clock about several places is not closed as a whole: what was said of one was not said of the others.
fn closed_whole(clock: &Clock) -> Result<&Clock, Refusal> {
    let about: Vec<&str> = clock.law.about.iter().map(String::as_str).collect();
    if about.is_empty() { Ok(clock) } else { Err(Refusal::EachByItsWord(about.join(", "))) }
}

fn open_clock<'i>(incident: &'i Incident, key: &ClockKey) -> Result<&'i Clock, Refusal> {
    let clock = incident.clocks.get(key).ok_or_else(|| Refusal::NoClock(key.clone()))?;
    if clock.standing.is_open() { Ok(clock) } else { Err(Refusal::Closed(clock.standing.word())) }
}

/// Whether a word about this very clock ended it, which can be taken back.
fn may_reopen(incident: &Incident, key: &ClockKey) -> Result<(), Refusal> {
    if let Some(there) = incident.relations.moved.get(key) {
        return Err(Refusal::Elsewhere(there.clone()));
    }
    let clock = incident.clocks.get(key).ok_or_else(|| Refusal::NoClock(key.clone()))?;
    match clock.standing {
        Standing::Met => Ok(()),
        Standing::Void => match incident.nothing_owed.get(key) {
            Some(why) if why.determined => Ok(()),
            Some(why) => Err(Refusal::EndedByFacts(why.ground.clone())),
            None => Err(Refusal::EndedByFacts("nothing is owed".into())),
        },
        open @ (Standing::Provisional | Standing::Running | Standing::Missed) => Err(Refusal::Runs(open.word())),
    }
}

fn check_evidence(evidence: &Evidence, moment: &Moment<'_>) -> Result<(), Refusal> {
    not_empty("what", &evidence.what)?;
    not_empty("by", &evidence.by)?;
    not_future("filed_at", evidence.filed_at, moment.now)
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

/// No hold is longer than this: an end beyond it is a slip of the pen.
const HOLD_MAX: Duration = Duration::days(5 * 366);

fn not_absurd(statement: &HoldStatement) -> Result<(), Refusal> {
    match statement.until {
        Some(until) if until <= statement.from => {
            Err(Refusal::EndsBeforeItBegins { from: rfc3339(statement.from), until: rfc3339(until) })
        }
        Some(until) if until - statement.from > HOLD_MAX => Err(Refusal::HeldTooLong(rfc3339(until))),
        _ => Ok(()),
    }
}

fn not_past(what: &'static str, at: Instant, now: Instant) -> Result<(), Refusal> {
    if at > now { Ok(()) } else { Err(Refusal::Past { what, at: rfc3339(at), now: rfc3339(now) }) }
}

fn not_future(what: &str, at: Instant, now: Instant) -> Result<(), Refusal> {
    let future = || Refusal::Future { what: what.to_owned(), at: rfc3339(at), now: rfc3339(now) };
    if at <= now + CLOCK_SKEW { Ok(()) } else { Err(future()) }
}
