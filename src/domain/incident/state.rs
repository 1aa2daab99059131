//! What an incident is: the fold of its events.

use super::alert::{About, Alert, AlertQueued, AlertState, DeliveryResult, INTERRUPTED};
use super::command::{Evidence, HoldStatement};
use super::event::{ClockKey, ClockLaw, Draft, Event, Opened, Profile, Standing};
use super::leases::{self, Acknowledgement, Silence};
use super::lookalike::Lookalike;
use super::message::Message;
use super::relation::{Inheritance, Inherited, Relation, RelationKind, Relations, TakenIn, Word};
use crate::domain::clocks::Hold;
use crate::domain::escalation::{Fate, Handled, Span};
use crate::domain::facts::{Book, Numbered, Standing as Weighed};
use crate::domain::ids::{AlertId, FactKey, IncidentId, OrganisationId, PackId, SourceId};
use crate::domain::instant::Instant;
use crate::domain::law::Uncovered;
use crate::domain::repeated::Repeated;
use crate::domain::severity::Suggestion;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One incident.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// Its id.
    pub id: IncidentId,
    /// How it came to be.
    pub opened: Opened,
    /// When it was opened.
    pub opened_at: Instant,
    /// What was said of it.
    pub book: Book,
    /// How many messages came in, by source.
    pub received: BTreeMap<SourceId, u32>,
    /// The messages in the order of recording; their numbers count from 1.
    pub messages: Vec<Message>,
    /// The sender's last word for its state; it never stops a clock.
    pub status: Option<String>,
    /// Look-alikes that help to answer questions.
    pub hints: BTreeSet<Lookalike>,
    /// Oddities in reading the messages.
    pub remarks: BTreeSet<String>,
    /// The last suggestion of a risk by group of people, `None` for all, and when it was recorded.
    pub suggestions: BTreeMap<Option<String>, (Suggestion, Instant)>,
    /// What no enabled pack covers, by organisation; also what counsel has answered.
    pub uncovered: BTreeMap<OrganisationId, Vec<Uncovered>>,
    /// The packs it is assessed under, by digest.
    pub packs: Repeated<BTreeMap<PackId, String>>,
    /// Its clocks.
    pub clocks: BTreeMap<ClockKey, Clock>,
    /// Duties found not owed.
    pub nothing_owed: BTreeMap<ClockKey, NothingOwed>,
    /// Every alert, delivered or not.
    pub alerts: BTreeMap<AlertId, Alert>,
    /// How it hangs together with others.
    pub relations: Relations,
}

/// A countdown of one duty.
#[derive(Clone, Debug, PartialEq)]
pub struct Clock {
    /// What the law says of it.
    pub law: Arc<ClockLaw>,
    /// Where it stands.
    pub standing: Standing,
    /// When it was first set.
    pub set_at: Instant,
    /// What became of rungs whose instant has passed.
    pub handled: Handled,
    /// The last acknowledgement of each team, or under no name the one that covers all; ended ones too.
    pub leases: BTreeMap<Option<String>, Acknowledgement>,
    /// Why it does not ring for a while.
    pub silence: Option<Silence>,
    /// What delays it, in the order of recording.
    pub holds: Vec<RecordedHold>,
    /// How it was met.
    pub met: Option<Evidence>,
    /// What was filed without ending it.
    pub filings: Vec<Evidence>,
    /// What had ended it and was taken back.
    pub taken_back: Vec<TakenBack>,
    /// When it was closed.
    pub closed_at: Option<Instant>,
    /// The draft of its notice.
    pub draft: Option<Draft>,
    /// The last ground on which products suggest that nothing is owed.
    pub end_suggested: Option<String>,
    /// The limit people were last told of; none before anybody was told anything.
    pub told: Option<Told>,
}

/// What people were last told of a clock's limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// The limit, or the house's target where the law gives none.
    pub until: Option<Instant>,
    /// The one they were told before, where that was another.
    pub before: Option<Instant>,
}

/// A word that had ended a clock and was taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TakenBack {
    /// What had been said, in words.
    pub what: String,
    /// Who took it back.
    pub by: String,
    /// On what ground.
    pub because: String,
    /// When.
    pub at: Instant,
}

/// A hold on a clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedHold {
    /// What was stated.
    pub statement: HoldStatement,
    /// Who recorded it.
    pub by: String,
    /// What the arithmetic makes of it.
    pub hold: Hold,
}

/// Why nothing is owed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NothingOwed {
    /// The ground.
    pub ground: String,
    /// Where the law says it.
    pub cite: String,
    /// The names behind it.
    pub by: BTreeSet<String>,
    /// When it was recorded.
    pub at: Instant,
    /// Whether a person determined it of this very clock; otherwise it follows from the facts, and
    /// ends with them.
    pub determined: bool,
}

impl Clock {
    /// The hold that ends last, and when; one without an end ends after all others.
    pub fn last_hold(&self) -> Option<(&RecordedHold, Option<Instant>)> {
        let zone = self.law.deadlines.operational.zone;
        let holds = || self.holds.iter().map(|held| &held.hold);
        let ends = self.holds.iter().map(|held| (held, held.hold.ends_among(holds(), zone)));
        ends.max_by_key(|(_, until)| until.unwrap_or(Instant::MAX_UTC))
    }

    /// The hold that delays it at an instant, and when that ends.
    pub fn held_at(&self, now: Instant) -> Option<(&RecordedHold, Option<Instant>)> {
        self.last_hold().filter(|(_, until)| until.is_none_or(|until| until > now))
    }

    /// The span its ladder is laid over.
    pub fn span(&self) -> Span {
        Span { set_at: self.set_at, from: self.law.start.at, until: self.law.until() }
    }

    /// People are told of its limit as it stands.
    fn tell(&mut self) {
        let (until, was) = (self.law.until(), self.told.and_then(|told| told.until));
        self.told = Some(Told { until, before: was.filter(|was| Some(*was) != until) });
    }

    /// The acknowledgements that have not ended, by team.
    pub fn live_leases(&self) -> impl Iterator<Item = (&Option<String>, &Acknowledgement)> {
        self.leases.iter().filter(|(_, lease)| lease.ended_at.is_none())
    }

    /// Whether its limit passed before the duty was met.
    pub fn is_late(&self) -> bool {
        let late = |met: &Evidence| self.law.limit().is_some_and(|limit| met.filed_at > limit);
        self.standing == Standing::Missed || self.met.as_ref().is_some_and(late)
    }

    /// Until when an acknowledgement is shown to hold: never beyond the limit it was taken before.
    pub fn shown_until(&self, lease: &Acknowledgement) -> Instant {
        if lease.taken_overdue { lease.until } else { lease.until.min(self.law.due()) }
    }

    /// Who owns it: of several the one whose acknowledgement ends last.
    pub fn owner(&self) -> Option<&Acknowledgement> {
        self.live_leases().map(|(_, lease)| lease).max_by_key(|lease| lease.until)
    }
}

impl Incident {
    /// An organisation, where the incident concerns several.
    pub fn one_of_several(&self, organisation: &OrganisationId) -> Option<&Profile> {
        let organisations = &self.opened.organisations;
        organisations.get(organisation).filter(|_| organisations.len() > 1).map(|profile| &**profile)
    }

    /// The facts a clock depends on and that are disputed.
    pub fn disputed_of<'a>(&'a self, clock: &'a Clock) -> impl Iterator<Item = &'a FactKey> {
        let disputed = |key: &&FactKey| matches!(self.book.standing(key.as_str()), Weighed::Disputed(_));
        clock.law.missing.iter().filter(disputed)
    }

    /// Whether an alert still has something to say: it is a follow-up, or a clock it is about is open.
    pub fn is_wanted(&self, alert: &Alert) -> bool {
        !alert.queued.act.is_ring() || self.open_of(alert).next().is_some()
    }

    /// The open clocks an alert is about, in the order in which their rungs were recorded.
    pub fn open_of<'a>(&'a self, alert: &'a Alert) -> impl Iterator<Item = (&'a About, &'a Clock)> {
        let clocks = alert.about.iter().filter_map(|about| Some((about, self.clocks.get(&about.clock)?)));
        clocks.filter(|(_, clock)| clock.standing.is_open())
    }

    /// The clocks an alert speaks of, the most urgent first: those that are open, or all if none is.
    pub fn spoken_of<'a>(&'a self, alert: &'a Alert) -> Vec<(&'a About, &'a Clock)> {
        let mut clocks: Vec<_> = self.open_of(alert).collect();
        if clocks.is_empty() {
            clocks = alert.about.iter().filter_map(|about| Some((about, self.clocks.get(&about.clock)?))).collect();
        }
        clocks.sort_by_key(|(about, clock)| (clock.law.until().unwrap_or(Instant::MAX_UTC), about.clock.clone()));
        clocks
    }

    /// Those a list names, by the numbers their clocks carry: whom the configuration names first, then as people did.
    pub fn parties(&self, list: &FactKey) -> Numbered {
        let profiles = self.opened.organisations.values().map(|profile| &profile.claims);
        Numbered::of(profiles.chain([&self.book]), list)
    }

    /// Who it is that a clock's number stands for, as people named them; for the eyes of the house, never in an alert.
    pub fn party_of(&self, key: &ClockKey, clock: &Clock) -> Option<String> {
        let number = key.target.as_ref()?.parse().ok()?;
        self.parties(clock.law.listed.as_ref()?).word(number).map(str::to_owned)
    }

    /// The clocks of a list this one belongs to, itself among them, and the one that stands for all; of a clock that
    /// belongs to none, nothing.
    pub fn of_same_list<'a>(&'a self, key: &'a ClockKey) -> impl Iterator<Item = (&'a ClockKey, &'a Clock)> {
        let alike = |other: &ClockKey| other.duty == key.duty && other.organisation == key.organisation;
        let clocks = self.clocks.range(key.whole()..).take_while(move |(other, _)| alike(other));
        clocks.filter(|(_, clock)| clock.law.listed.is_some())
    }

    /// The alerts to be attempted now.
    pub fn due_alerts(&self, now: Instant) -> Vec<AlertId> {
        self.alerts.iter().filter(|(_, alert)| alert.is_due(now)).map(|(id, _)| id.clone()).collect()
    }

    /// The incident that its first event opens; `None` if that event opens nothing.
    pub fn open(id: IncidentId, event: &Event, at: Instant) -> Option<Self> {
        let Event::Opened(opened) = event else { return None };
        Some(Self {
            id,
            opened: opened.clone(),
            opened_at: at,
            book: Book::default(),
            received: BTreeMap::new(),
            messages: Vec::new(),
            status: None,
            hints: BTreeSet::new(),
            remarks: BTreeSet::new(),
            suggestions: BTreeMap::new(),
            uncovered: BTreeMap::new(),
            packs: Repeated::default(),
            clocks: BTreeMap::new(),
            nothing_owed: BTreeMap::new(),
            alerts: BTreeMap::new(),
            relations: Relations::default(),
        })
    }

    /// Replays an incident from its decisions: events with the moment each was recorded.
    pub fn replay<'e>(id: &IncidentId, events: impl IntoIterator<Item = (Instant, &'e Event)>) -> Option<Self> {
        let mut incident: Option<Self> = None;
        for (at, event) in events {
            match &mut incident {
                Some(incident) => incident.apply(event, at),
                None => incident = Self::open(id.clone(), event, at),
            }
        }
        incident
    }

    /// Folds in one event recorded at `at`. Never fails: what was recorded has happened.
    pub fn apply(&mut self, event: &Event, at: Instant) {
        match event {
            Event::Opened(_) | Event::NothingDue {} | Event::Although { .. } => {}
            Event::Received(received) => {
                *self.received.entry(received.source.clone()).or_default() += 1;
                if received.status.is_some() && !received.late {
                    self.status.clone_from(&received.status);
                }
                self.messages.push(Message::of(received, &self.opened.external_id, at));
                self.hints.extend(received.hints.iter().cloned());
                self.remarks.extend(received.remarks.iter().cloned());
            }
            Event::Claimed { claims, of } => {
                let mut message = of.and_then(|number| self.messages.get_mut(number.checked_sub(1)? as usize));
                let version = message.as_ref().and_then(|message| message.version);
                for claim in claims {
                    let id = self.book.record_of_version(claim.clone(), version);
                    message.iter_mut().for_each(|message| message.claims.push(id));
                }
            }
            Event::TookIn { word, inheritance } => {
                self.relations.take_in((&self.id, self.opened_at), &mut self.book, inheritance);
                self.inherit(inheritance);
                self.relate(RelationKind::TookIn, &inheritance.from, word, at, &[]);
            }
            Event::MergedInto { into, word } => {
                self.relations.merged_into = Some(into.clone());
                self.relate(RelationKind::MergedInto, into, word, at, &[]);
            }
            Event::ClockMoved { clock, into } => {
                self.close(clock, Standing::Void, at);
                self.relations.moved.insert(clock.clone(), into.clone());
            }
            Event::SplitFrom { word, messages, inheritance } => {
                let mut numbers = TakenIn::default();
                for Inherited { was, claim, version } in &inheritance.claims {
                    numbers.claims.insert(*was, self.book.record_of_version(claim.clone(), *version));
                }
                self.relations.taken_in.insert(inheritance.from.clone(), numbers);
                self.inherit(inheritance);
                // A part of it is no ground to refuse a merge back.
                self.relations.taken_in.remove(&inheritance.from);
                self.relate(RelationKind::SplitFrom, &inheritance.from, word, at, messages);
            }
            Event::SplitOff { into, word, messages } => {
                self.reroute(into, messages);
                self.relate(RelationKind::SplitOff, into, word, at, messages);
            }
            Event::RiskSuggested(suggestion) => {
                self.suggestions.insert(suggestion.cohort.clone(), (suggestion.clone(), at));
            }
            Event::RulesPinned { packs } => self.packs.clone_from(packs),
            Event::BorderFound { organisation, uncovered } if uncovered.is_empty() => drop(self.uncovered.remove(organisation)),
            Event::BorderFound { organisation, uncovered } => {
                self.uncovered.insert(organisation.clone(), uncovered.clone());
            }
            Event::ClockSet { clock, law, rearm, .. } => self.set_clock(clock, law, rearm, at),
            Event::NothingOwed { clock, ground, cite, by, .. } => {
                self.close(clock, Standing::Void, at);
                let why = NothingOwed { ground: ground.clone(), cite: cite.clone(), by: by.clone(), at, determined: false };
                self.nothing_owed.insert(clock.clone(), why);
            }
            Event::Determined { clock, by, ground, cite } => {
                self.close(clock, Standing::Void, at);
                let by = BTreeSet::from([by.clone()]);
                let why = NothingOwed { ground: ground.clone(), cite: cite.clone(), by, at, determined: true };
                self.nothing_owed.insert(clock.clone(), why);
            }
            Event::Reopened { clock, by, because } => {
                let owed = self.nothing_owed.remove(clock);
                self.with(clock, |clock| {
                    let met = clock.met.take().map(|met| format!("met: {} (said by {})", met.what, met.by));
                    let said = owed.map(|owed| {
                        let by: Vec<String> = owed.by.into_iter().collect();
                        format!("nothing owed: {} ({}; said by {})", owed.ground, owed.cite, by.join(", "))
                    });
                    let what = met.or(said).unwrap_or_default();
                    clock.taken_back.push(TakenBack { what, by: by.clone(), because: because.clone(), at });
                    clock.standing = if clock.law.provisional { Standing::Provisional } else { Standing::Running };
                    clock.closed_at = None;
                });
            }
            Event::Filed { clock, evidence } => self.with(clock, |clock| clock.filings.push(evidence.clone())),
            Event::EndSuggested { clock, ground } => {
                self.with(clock, |clock| clock.end_suggested = Some(ground.clone()));
            }
            Event::Drafted { clock, draft } => self.with(clock, |clock| clock.draft = Some(draft.clone())),
            Event::RungFell { clock, rung, due_at, alerts } => {
                let fate = Fate { due_at: *due_at, at, passed_over: None };
                self.with(clock, |clock| {
                    clock.handled.insert(rung.clone(), fate);
                    clock.tell();
                });
                self.queue(alerts, clock, rung, *due_at, at);
            }
            Event::RungsSkipped { clock, rungs } => self.with(clock, |clock| {
                for skip in rungs {
                    let fate = Fate { due_at: skip.due_at, at, passed_over: Some(skip.reason.clone()) };
                    clock.handled.insert(skip.rung.clone(), fate);
                }
            }),
            Event::Expired { clock, .. } => self.with(clock, |clock| {
                if clock.standing.is_open() {
                    clock.standing = Standing::Missed;
                }
            }),
            Event::Acknowledged { clock, by, team, until, via } => self.with(clock, |clock| {
                let (by, until, via) = (by.clone(), *until, via.clone());
                let taken_overdue = leases::is_overdue(clock, at);
                let lease = Acknowledgement { by, at, until, via, taken_overdue, handed_to: None, ended_at: None };
                clock.leases.insert(team.clone(), lease);
            }),
            Event::HandedOver { clock, by, to, team, until, alerts, .. } => {
                self.with(clock, |clock| {
                    if let Some(lease) = clock.leases.get_mut(team) {
                        (lease.until, lease.handed_to) = (*until, Some(to.clone()));
                    }
                });
                self.queue(alerts, clock, &format!("handed over by {by}"), at, at);
            }
            Event::Silenced { clock, by, reason, until, via } => self.with(clock, |clock| {
                let (by, reason, via) = (by.clone(), reason.clone(), via.clone());
                clock.silence = Some(Silence { by, reason, at, until: *until, via });
            }),
            Event::SilenceEnded { clock, .. } => self.with(clock, |clock| clock.silence = None),
            Event::Tracked { clock, alerts } => {
                for queued in alerts {
                    self.queue(std::slice::from_ref(queued), clock, queued.act.word(), at, at);
                }
            }
            Event::FellBack { alert, because, queued } => {
                let Some(failing) = self.alerts.get_mut(alert) else { return };
                failing.fell_back_to = Some(queued.id.clone());
                let in_stead = Alert {
                    in_stead_of: Some((alert.clone(), because.clone())),
                    ..Alert::queued(queued, failing.about.clone(), at)
                };
                self.alerts.entry(queued.id.clone()).or_insert(in_stead);
            }
            Event::Held { clock, by, statement, effect, lapses_after_days } => self.with(clock, |clock| {
                let hold = Hold {
                    from: statement.from,
                    until: statement.until,
                    kind: effect.clone(),
                    oral_cap_days: *lapses_after_days,
                };
                clock.holds.push(RecordedHold { statement: statement.clone(), by: by.clone(), hold });
            }),
            Event::Released { clock, hold, at: until, .. } => self.with(clock, |clock| {
                if let Some(held) = hold.checked_sub(1).and_then(|place| clock.holds.get_mut(place)) {
                    held.hold.until = Some(*until);
                }
            }),
            Event::LeaseEnded { clock, team, ended_at } => self.with(clock, |clock| {
                if let Some(lease) = clock.leases.get_mut(team) {
                    lease.ended_at = Some(*ended_at);
                }
            }),
            Event::Met { clock, evidence } => {
                self.close(clock, Standing::Met, at);
                self.with(clock, |clock| clock.met = Some(evidence.clone()));
            }
            Event::DeliveryStarted { alert, attempt } => self.with_alert(alert, |alert| {
                alert.attempts = *attempt;
                alert.state = AlertState::Trying { since: at };
            }),
            Event::DeliveryEnded { alert, result, .. } => self.with_alert(alert, |alert| match result {
                DeliveryResult::Delivered { receipt } => {
                    alert.state = AlertState::Delivered { at, receipt: receipt.clone() };
                }
                DeliveryResult::Failed { reason, text, retry_at, .. } => {
                    alert.last_failure = Some((reason.clone(), text.clone()));
                    if reason != INTERRUPTED {
                        let (failures, since) = alert.failures.unwrap_or((0, at));
                        alert.failures = Some((failures.saturating_add(1), since));
                    }
                    alert.state = AlertState::Waiting { next_at: *retry_at };
                }
            }),
            Event::DeliveryHeld { alert, until, .. } => {
                self.with_alert(alert, |alert| alert.state = AlertState::Waiting { next_at: *until });
            }
            Event::Redelivered { alert, .. } => self.with_alert(alert, |alert| alert.state = AlertState::Waiting { next_at: at }),
            Event::DeliveryDropped { alert, reason } => {
                self.with_alert(alert, |alert| alert.state = AlertState::Dropped { reason: reason.clone() });
            }
        }
    }

    /// Lists the messages of another incident with the numbers their claims have here.
    fn inherit(&mut self, inheritance: &Inheritance) {
        let numbers = self.relations.taken_in.get(&inheritance.from).map(|taken_in| &taken_in.claims);
        for message in &inheritance.messages {
            let claims = message.claims.iter().filter_map(|was| numbers?.get(was).copied()).collect();
            *self.received.entry(message.source.clone()).or_default() += 1;
            self.messages.push(Message { claims, ..message.clone() });
        }
        self.hints.extend(inheritance.hints.iter().cloned());
        self.remarks.extend(inheritance.remarks.iter().cloned());
    }

    fn relate(&mut self, what: RelationKind, incident: &IncidentId, word: &Word, at: Instant, messages: &[u32]) {
        let Word { by, because } = word.clone();
        let relation = Relation { what, incident: incident.clone(), by, because, at, messages: messages.to_vec() };
        self.relations.told.push(relation);
    }

    /// Further messages of a report go elsewhere once all of it did.
    fn reroute(&mut self, into: &IncidentId, numbers: &[u32]) {
        let name = |message: &Message| (message.source.clone(), message.tenant.clone(), message.external_id.clone());
        let (gone, stays): (Vec<_>, Vec<_>) = (1_u32..).zip(&self.messages).partition(|(number, _)| numbers.contains(number));
        let stays: BTreeSet<_> = stays.into_iter().map(|(_, message)| name(message)).collect();
        for (_, message) in gone.into_iter().filter(|(_, message)| !stays.contains(&name(message))) {
            self.relations.rerouted.insert(name(message), into.clone());
        }
    }

    fn set_clock(&mut self, key: &ClockKey, law: &Arc<ClockLaw>, rearm: &BTreeSet<String>, at: Instant) {
        self.nothing_owed.remove(key);
        let standing = if law.provisional { Standing::Provisional } else { Standing::Running };
        let clock = self.clocks.entry(key.clone()).or_insert_with(|| Clock {
            law: Arc::clone(law),
            standing,
            set_at: at,
            handled: Handled::new(),
            leases: BTreeMap::new(),
            silence: None,
            holds: Vec::new(),
            met: None,
            filings: Vec::new(),
            taken_back: Vec::new(),
            closed_at: None,
            draft: None,
            end_suggested: None,
            told: None,
        });
        let still_missed = clock.standing == Standing::Missed && law.limit().is_some_and(|limit| limit < at);
        clock.closed_at = None;
        clock.met = None;
        clock.standing = if still_missed { Standing::Missed } else { standing };
        clock.law = Arc::clone(law);
        clock.handled.retain(|name, _| !rearm.contains(name));
        clock.end_suggested = None;
    }

    fn close(&mut self, key: &ClockKey, standing: Standing, at: Instant) {
        self.with(key, |clock| {
            clock.standing = standing;
            clock.closed_at = Some(at);
            clock.leases.clear();
            clock.silence = None;
        });
    }

    /// Queues alerts about a clock; one that is queued already, by another clock of the same decision, is about this one too.
    fn queue(&mut self, alerts: &[AlertQueued], clock: &ClockKey, rung: &str, due_at: Instant, at: Instant) {
        for queued in alerts {
            let about = About { clock: clock.clone(), rung: rung.to_owned(), due_at };
            match self.alerts.get_mut(&queued.id) {
                Some(alert) if alert.about.iter().any(|known| known.clock == about.clock && known.rung == about.rung) => {}
                Some(alert) => alert.about.push(about),
                None => _ = self.alerts.insert(queued.id.clone(), Alert::queued(queued, vec![about], at)),
            }
        }
    }

    fn with(&mut self, key: &ClockKey, change: impl FnOnce(&mut Clock)) {
        if let Some(clock) = self.clocks.get_mut(key) {
            change(clock);
        }
    }

    fn with_alert(&mut self, id: &AlertId, change: impl FnOnce(&mut Alert)) {
        if let Some(alert) = self.alerts.get_mut(id) {
            change(alert);
        }
    }

    /// What no enabled pack covers and nobody has closed yet, with the organisation.
    pub fn still_uncovered(&self) -> impl Iterator<Item = (&OrganisationId, &Uncovered)> {
        let all = self.uncovered.iter().flat_map(|(organisation, list)| list.iter().map(move |one| (organisation, one)));
        all.filter(|(_, uncovered)| uncovered.is_open())
    }

    /// Whether any clock still asks for something.
    pub fn is_open(&self) -> bool {
        self.clocks.values().any(|clock| clock.standing.is_open())
    }

    /// The open clocks, the most urgent first.
    pub fn open_clocks(&self) -> Vec<(&ClockKey, &Clock)> {
        let mut open: Vec<_> = self.clocks.iter().filter(|(_, clock)| clock.standing.is_open()).collect();
        open.sort_by_key(|(_, clock)| clock.law.until().map_or(Instant::MAX_UTC, |until| until));
        open
    }
}
