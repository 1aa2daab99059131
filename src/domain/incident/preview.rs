//! Every rung of a clock before it happens: when it falls, whom it reaches, what would keep it from ringing.

use super::alert::Alert;
use super::command::Moment;
use super::event::ClockKey;
use super::house::masked;
use super::leases::{Cover, last_call};
use super::ringing::{rings, rings_at};
use super::state::{Clock, Incident};
use crate::domain::escalation::{Handled, Ladder, Length, PlannedRung, Rung};
use crate::domain::instant::{Instant, Zone};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The ladder of a clock, laid over its time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LadderView {
    /// The clock's public name.
    pub clock: String,
    /// The ladder's name; none if no ladder is for this clock.
    pub ladder: Option<String>,
    /// The zone in which times are also given.
    pub zone: Zone,
    /// The limit in law, or the house's target where the law gives no number.
    pub until: Option<Instant>,
    /// The ladder's own target before it.
    pub target: Option<Instant>,
    /// From when on neither acknowledgement nor silence holds.
    pub last_call: Option<Instant>,
    /// The teams of which each must acknowledge; empty when anybody's acknowledgement will do.
    pub acknowledge: Vec<String>,
    /// Who owns it.
    pub leases: Vec<LeaseView>,
    /// Why it is kept quiet, by whom and until when.
    pub silenced: Option<(String, String, Instant)>,
    /// Why nothing rings at all, where nothing does.
    pub quiet_because: Option<String>,
    /// Its rungs in the order of time, past and future; of those that repeat the next one.
    pub rungs: Vec<RungView>,
    /// Rungs of the ladder that would fall outside this clock's time.
    pub left_out: Vec<String>,
}

/// An acknowledgement that holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeaseView {
    /// Whose.
    pub by: String,
    /// Of which team, where several must each acknowledge.
    pub team: Option<String>,
    /// Since when.
    pub at: Instant,
    /// Until when.
    pub until: Instant,
    /// How they said so.
    pub via: String,
    /// To whom it was handed over.
    pub handed_to: Option<String>,
}

/// One rung.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RungView {
    /// Its name.
    pub name: String,
    /// When it falls due.
    pub at: Instant,
    /// The same in the clock's zone, in words.
    pub local: String,
    /// `rang`, `passed-over`, `due` or `ahead`.
    pub state: String,
    /// When its fate was recorded.
    pub recorded_at: Option<Instant>,
    /// Why it was passed over.
    pub why: Option<String>,
    /// How far apart its repeats are.
    pub every: Option<String>,
    /// When it would ring as things stand, where that is later: somebody owns the clock until then.
    pub waits_until: Option<Instant>,
    /// Whom it reached, or would reach as things stand.
    pub reaches: Vec<ReachView>,
    /// What would keep it from ringing, besides the end of the clock.
    pub unless: Vec<String>,
}

/// One address a rung reaches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReachView {
    /// The team.
    pub team: String,
    /// The person.
    pub person: Option<String>,
    /// The rota by which they are on call.
    pub rota: Option<String>,
    /// The channel.
    pub channel: String,
    /// The address, all but its edges left out.
    pub to: String,
    /// How far its alert is, once it rang.
    pub state: Option<String>,
}

/// The ladder of a clock as it stands now; `None` if the incident has no such clock.
pub fn preview(incident: &Incident, key: &ClockKey, moment: &Moment<'_>) -> Option<LadderView> {
    let (now, house) = (moment.now, moment.house);
    let clock = incident.clocks.get(key)?;
    let ladder = house.ladder(incident, key, clock);
    let zone = clock.law.deadlines.operational.zone;
    let cover = Cover::of(clock, ladder, house, now);
    let mut rungs: Vec<RungView> = past(incident, key, clock, zone);
    let quiet_because = quiet_because(clock, ladder, moment);
    if let Some(ladder) = ladder.filter(|_| quiet_because.is_none()) {
        let planned = ladder.plan(clock.span(), &clock.handled, now);
        let to_come = planned.iter().flat_map(|rung| [Some(rung.clone()), follow_up(ladder, rung)]).flatten();
        rungs.extend(to_come.map(|rung| ahead(&rung, ladder, &cover, zone, moment)));
    }
    rungs.sort_by(|a, b| (a.at, &a.name).cmp(&(b.at, &b.name)));
    let lease = |(team, lease): (&Option<String>, &super::leases::Acknowledgement)| LeaseView {
        by: lease.by.clone(),
        team: team.clone(),
        at: lease.at,
        until: lease.holds_until(clock, house),
        via: lease.via.clone(),
        handed_to: lease.handed_to.clone(),
    };
    let silence = clock.silence.as_ref().filter(|_| cover.silence().is_some());
    Some(LadderView {
        clock: key.public(&incident.id),
        ladder: ladder.map(|ladder| ladder.name.clone()),
        zone,
        until: clock.law.until(),
        target: ladder.and_then(|ladder| ladder.target).and_then(|target| target.of(clock.span())),
        last_call: last_call(clock, house),
        acknowledge: ladder.map(|ladder| ladder.acknowledge.clone()).unwrap_or_default(),
        leases: clock.live_leases().map(lease).filter(|lease| lease.until > now).collect(),
        silenced: silence.map(|silence| (silence.by.clone(), silence.reason.clone(), silence.holds_until(clock, house))),
        quiet_because,
        rungs,
        left_out: ladder.map(|ladder| left_out(ladder, clock, now)).unwrap_or_default(),
    })
}

fn quiet_because(clock: &Clock, ladder: Option<&Ladder>, moment: &Moment<'_>) -> Option<String> {
    if !clock.standing.is_open() {
        return Some(format!("the clock is {}", clock.standing.word()));
    }
    if !rings(clock, moment.house) {
        return Some("a rehearsal: this law is not in force yet, and `ring_shadow` is off".into());
    }
    ladder.is_none().then(|| "no ladder is for this clock".into())
}

fn past(incident: &Incident, key: &ClockKey, clock: &Clock, zone: Zone) -> Vec<RungView> {
    let rung = |(name, fate): (&String, &crate::domain::escalation::Fate)| RungView {
        name: name.clone(),
        at: fate.due_at,
        local: zone.in_words(fate.due_at),
        state: if fate.passed_over.is_some() { "passed-over" } else { "rang" }.into(),
        recorded_at: Some(fate.at),
        why: fate.passed_over.clone(),
        every: None,
        waits_until: None,
        reaches: reached(incident, key, name),
        unless: Vec::new(),
    };
    clock.handled.iter().map(rung).collect()
}

fn reached(incident: &Incident, key: &ClockKey, rung: &str) -> Vec<ReachView> {
    let of_rung = |alert: &&Alert| alert.about.iter().any(|about| about.clock == *key && about.rung == rung);
    let view = |alert: &Alert| ReachView {
        team: alert.queued.team.clone(),
        person: alert.queued.person.clone(),
        rota: alert.queued.rota.clone(),
        channel: alert.queued.channel.to_string(),
        to: masked(&alert.queued.to),
        state: Some(alert.state.word().to_owned()),
    };
    incident.alerts.values().filter(of_rung).map(view).collect()
}

/// The follow-up a rung will have once it rings.
fn follow_up(ladder: &Ladder, planned: &PlannedRung) -> Option<PlannedRung> {
    let rung = rung_of(ladder, planned).filter(|_| planned.unless.is_none())?;
    let Length(wait) = rung.unless_acknowledged?;
    Some(PlannedRung {
        name: format!("{} +{}", planned.name, Length(wait)),
        at: planned.at + wait,
        to: rung.then.clone(),
        unless: Some(crate::domain::escalation::Unless { rang_at: planned.at, teams: rung.to.clone() }),
    })
}

/// The rung of the ladder that a planned one is an occurrence of.
fn rung_of<'l>(ladder: &'l Ladder, planned: &PlannedRung) -> Option<&'l Rung> {
    let name = planned.name.split([' ']).collect::<Vec<_>>();
    let name =
        name.iter().take_while(|word| !word.starts_with('#') && !word.starts_with('+')).copied().collect::<Vec<_>>().join(" ");
    ladder.rungs.iter().find(|rung| rung.when.to_string() == name)
}

fn ahead(rung: &PlannedRung, ladder: &Ladder, cover: &Cover<'_>, zone: Zone, moment: &Moment<'_>) -> RungView {
    let rings_at = rings_at(rung, cover).max(rung.at);
    let mut unless: Vec<String> = Vec::new();
    if let Some(until) = cover.silence().filter(|until| *until > rung.at) {
        unless.push(format!("silenced until {}", zone.in_words(until)));
    }
    for team in &rung.to {
        if let Some((lease, until)) = cover.lease(team).filter(|(_, until)| *until > rung.at) {
            unless.push(format!("{team}: {} owns it until {}", lease.by, zone.in_words(until)));
        }
    }
    if let Some(condition) = &rung.unless {
        let must = ladder.acknowledge.iter().filter(|team| condition.teams.contains(team)).cloned().collect::<Vec<_>>();
        let who = match (ladder.acknowledge.is_empty(), must.is_empty()) {
            (true, _) => "anybody".to_owned(),
            (false, true) => ladder.acknowledge.join(" and "),
            (false, false) => must.join(" and "),
        };
        unless.push(format!("{who} acknowledges first"));
    }
    let every = rung_of(ladder, rung).filter(|of| of.when.repeats() && rung.unless.is_none()).map(|of| of.when.to_string());
    let reach = moment.house.reach(&rung.to, rings_at.max(moment.now));
    let view = |one: super::house::Reached| ReachView {
        team: one.team,
        person: one.person,
        rota: one.rota,
        channel: one.address.channel.to_string(),
        to: masked(&one.address.to),
        state: None,
    };
    RungView {
        name: rung.name.clone(),
        at: rung.at,
        local: zone.in_words(rung.at),
        state: if rung.at <= moment.now { "due" } else { "ahead" }.into(),
        recorded_at: None,
        why: None,
        every,
        waits_until: (rings_at > rung.at).then_some(rings_at),
        reaches: reach.into_iter().map(view).collect(),
        unless,
    }
}

/// Rungs that have no instant in this clock's time.
fn left_out(ladder: &Ladder, clock: &Clock, now: Instant) -> Vec<String> {
    let laid = ladder.plan(clock.span(), &Handled::new(), now);
    let has_instant: BTreeSet<String> =
        laid.iter().filter_map(|rung| rung_of(ladder, rung)).map(|rung| rung.when.to_string()).collect();
    ladder.rungs.iter().map(|rung| rung.when.to_string()).filter(|name| !has_instant.contains(name)).collect()
}
