//! What can be asked of an incident, and what is needed to answer.

use super::alert::DeliveryResult;
use super::event::{ClockKey, Opened, Received};
use super::house::{Address, House};
use super::relation::Word;
use super::state::Incident;
use crate::domain::facts::Claim;
use crate::domain::ids::{AlertId, IncidentId};
use crate::domain::instant::{Duration, Instant};
use crate::domain::law::Rulebook;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Something asked of an incident.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// A report of something new.
    Open(Box<Opening>),
    /// A further report of the same.
    Observe {
        /// The message.
        received: Received,
        /// What it claims.
        claims: Vec<Claim>,
    },
    /// A person answers questions.
    Answer {
        /// The answers.
        claims: Vec<Claim>,
    },
    /// Law or policy changed, or the clock says so: look again.
    Reassess,
    /// A person owns a clock.
    Acknowledge {
        /// Which.
        clock: ClockKey,
        /// Who.
        by: String,
        /// For which team, where several must each acknowledge; found by who is in them unless said.
        team: Option<String>,
        /// For how long, if not the house's usual lease.
        lease: Option<Duration>,
        /// How they said so.
        via: String,
    },
    /// Whoever owns a clock hands it to another person, who is alerted and must acknowledge.
    HandOver {
        /// Which.
        clock: ClockKey,
        /// Who hands over.
        by: String,
        /// To whom.
        to: String,
        /// How they said so.
        via: String,
    },
    /// Nothing rings for a clock until then, whoever owns it.
    Silence {
        /// Which.
        clock: ClockKey,
        /// Who.
        by: String,
        /// Why.
        reason: String,
        /// Until when; cut at the last call before the limit.
        until: Instant,
        /// How they said so.
        via: String,
    },
    /// A silence ends before its time.
    EndSilence {
        /// Which clock.
        clock: ClockKey,
        /// Who ends it.
        by: String,
    },
    /// The duty was met.
    Meet {
        /// Which.
        clock: ClockKey,
        /// With what evidence.
        evidence: Evidence,
    },
    /// Several of a list were told: each clock is met by a filing of its own, or none is.
    MeetEach {
        /// Any clock of the list, or the one that stands for all.
        of: ClockKey,
        /// Whom, by number or name, and with what evidence.
        told: Vec<(String, Evidence)>,
    },
    /// A person owns every open clock of a list.
    AcknowledgeEach {
        /// Any clock of the list, or the one that stands for all.
        of: ClockKey,
        /// Who.
        by: String,
        /// For which team, where several must each acknowledge; found by who is in them unless said.
        team: Option<String>,
        /// For how long, if not the house's usual lease.
        lease: Option<Duration>,
        /// How they said so.
        via: String,
    },
    /// What somebody says who was reached at an address. Where it ends a clock, everybody else who was rung for
    /// it is told so.
    SaidAt {
        /// The address.
        from: Address,
        /// What is said.
        command: Box<Command>,
    },
    /// A person determines that nothing is owed.
    Determine {
        /// Which.
        clock: ClockKey,
        /// Who.
        by: String,
        /// On what ground.
        ground: String,
        /// Under which provision.
        cite: String,
    },
    /// A person takes back that a clock was met, or determined not to be owed.
    Reopen {
        /// Which.
        clock: ClockKey,
        /// Who.
        by: String,
        /// On what ground.
        because: String,
    },
    /// Something was filed that does not end the clock: a part, or a further notice.
    File {
        /// Which.
        clock: ClockKey,
        /// With what evidence.
        evidence: Evidence,
    },
    /// What a person says, although facts on record speak against it.
    Although {
        /// On what ground.
        because: String,
        /// What they say: an answer, a filing, a determination.
        command: Box<Command>,
    },
    /// Something delays a clock, such as a statement of a law-enforcement official.
    Pause {
        /// Which.
        clock: ClockKey,
        /// Who records it.
        by: String,
        /// What was stated.
        statement: HoldStatement,
    },
    /// A hold ends.
    Resume {
        /// Which clock.
        clock: ClockKey,
        /// Who records it.
        by: String,
        /// The hold, by its place in the clock's list, from 1.
        hold: usize,
        /// The first moment at which telling is allowed again.
        at: Instant,
        /// How that is known.
        ground: String,
    },
    /// A person says that another incident is the same as this one: it is taken in.
    TakeIn {
        /// The other, as it is.
        other: Arc<Incident>,
        /// Who says so, and why.
        word: Word,
    },
    /// The end of this incident in the one that took it in.
    MergeInto {
        /// That one, as it is.
        into: Arc<Incident>,
        /// Who says so, and why.
        word: Word,
    },
    /// Opens an incident of messages of another.
    OpenSplit {
        /// The other, as it is.
        from: Arc<Incident>,
        /// The messages, by number there.
        messages: BTreeSet<u32>,
        /// Who says so, and why.
        word: Word,
    },
    /// Marks that messages became an incident of their own.
    SplitOff {
        /// Which.
        into: IncidentId,
        /// The messages, by number.
        messages: BTreeSet<u32>,
        /// Who says so, and why.
        word: Word,
    },
    /// The time has come.
    Wake,
    /// Attempts to deliver begin: claimed by appending.
    BeginDeliveries {
        /// Which alerts.
        alerts: Vec<AlertId>,
    },
    /// Alerts that are due wait a little: their channel is down, or their recipient has had enough for now.
    HoldDeliveries {
        /// Which, until when, and why.
        holds: Vec<DeliveryHold>,
    },
    /// A person wants an alert to go out once more.
    Redeliver {
        /// Which.
        alert: AlertId,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// An attempt ended.
    EndDelivery {
        /// Which alert.
        alert: AlertId,
        /// Which attempt.
        attempt: u32,
        /// How.
        result: DeliveryResult,
    },
}

/// An alert that is to wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryHold {
    /// Which.
    pub alert: AlertId,
    /// Until when.
    pub until: Instant,
    /// Why.
    pub reason: String,
}

/// A report of something new.
#[derive(Clone, Debug, PartialEq)]
pub struct Opening {
    /// How it came to be.
    pub opened: Opened,
    /// The message.
    pub received: Received,
    /// What it claims.
    pub claims: Vec<Claim>,
}

/// What shows that a duty was met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Who says so.
    pub by: String,
    /// What was filed or sent.
    pub what: String,
    /// When it was.
    pub filed_at: Instant,
    /// The reference the recipient gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// How many people were told, where that is what was to be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<u64>,
    /// How many were on record at that moment and had not been told before; it stands for `told` where nobody said that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_then: Option<u64>,
}

/// What a decision needs besides the incident: the moment, the law, the house.
#[derive(Clone, Copy)]
pub struct Moment<'a> {
    /// Now.
    pub now: Instant,
    /// The law.
    pub rulebook: &'a Rulebook,
    /// The house's policy.
    pub house: &'a House,
}

/// A statement that delays a clock, as far as the law of that clock lets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldStatement {
    /// The hold of the duty, such as `law-enforcement-oral`.
    pub rule: String,
    /// Who stated it, and for which body.
    pub official: String,
    /// When it was stated.
    pub from: Instant,
    /// The first moment at which telling is allowed again, if the statement says.
    pub until: Option<Instant>,
    /// The words, or the document's reference.
    pub words: String,
}

/// Why nothing was done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such incident.
    #[error("no such incident")]
    NoIncident,
    /// It exists already.
    #[error("the incident exists already")]
    Exists,
    /// It goes on in another.
    #[error("it goes on in {0}")]
    Elsewhere(IncidentId),
    /// An incident is the same as itself.
    #[error("an incident is not merged into itself")]
    Itself,
    /// The other one was merged into this one before.
    #[error("{0} is merged into this one already, or is being merged")]
    Circular(IncidentId),
    /// Incidents of others are not merged.
    #[error("the incidents do not concern the same organisations")]
    OtherOrganisations,
    /// The other incident has not taken in all of this one.
    #[error("the incident changed while it was being merged")]
    NotTakenIn,
    /// There is no such message.
    #[error("this incident has no message {0}")]
    NoMessage(u32),
    /// Nothing would stay behind.
    #[error("these are all messages of the incident")]
    AllMessages,
    /// Something is said of an organisation that the incident does not concern.
    #[error("this incident does not concern an organisation `{organisation}`; {known}")]
    NoOrganisation {
        /// As given.
        organisation: String,
        /// What there is, in words.
        known: String,
    },
    /// Something is said of a group of people nobody named.
    #[error("`{word}` is neither an organisation of this incident nor a group of people on record; {known}")]
    NoGroup {
        /// As given.
        word: String,
        /// What there is, in words.
        known: String,
    },
    /// A group of people is given the name of an organisation.
    #[error("`{0}` is an organisation of this incident; a group of people needs another name")]
    NameOfOrganisation(String),
    /// There is no such clock.
    #[error("this incident has no clock `{0}`")]
    NoClock(ClockKey),
    /// The clock is closed.
    #[error("the clock is {0} already")]
    Closed(&'static str),
    /// Each of several places is closed by its own word.
    #[error("this clock is about {0}, and each is closed by its own word")]
    EachByItsWord(String),
    /// It runs: nothing was said that could be taken back.
    #[error("the clock is {0}; nothing ended it that could be taken back")]
    Runs(&'static str),
    /// It was ended by facts, and not by a word about this clock.
    #[error("the clock ended on facts on record: {0}")]
    EndedByFacts(String),
    /// No clock of this duty has a number.
    #[error("`{0}` has no clock for each of a list")]
    NoList(ClockKey),
    /// Of several who were told, some cannot be taken down; then none is.
    #[error("{} cannot be recorded, and so none is: {}", if .0.len() == 1 { "1 line".to_owned() } else { format!("{} lines", .0.len()) }, .0.join("; "))]
    NotEach(Vec<String>),
    /// It contradicts what is on record.
    #[error("facts on record speak against it: {}", .0.join("; "))]
    Contradicted(Vec<String>),
    /// The law of this clock knows no such hold.
    #[error("no hold `{rule}` for this duty; {known}")]
    NoHold {
        /// As asked for.
        rule: String,
        /// What there is, in words.
        known: String,
    },
    /// A hold that would hold nothing.
    #[error("the hold would end at {until}, before it was stated at {from}")]
    EndsBeforeItBegins {
        /// When it was stated.
        from: String,
        /// When it would end.
        until: String,
    },
    /// A hold longer than any.
    #[error("the hold would end at {0}, more than five years after it was stated")]
    HeldTooLong(String),
    /// An acknowledgement would end before it begins.
    #[error(
        "neither acknowledgement nor silence holds this close to the limit; meet the duty, or determine with a ground that it is not owed"
    )]
    LastCall,
    /// Several teams must acknowledge, and it is not clear for which this one does.
    #[error("each of {0} must acknowledge this clock; it is not clear for which you do")]
    WhichTeam(String),
    /// No such team acknowledges this clock.
    #[error("no team `{team}` acknowledges this clock; {known}")]
    NoTeam {
        /// As asked for.
        team: String,
        /// What there is, in words.
        known: String,
    },
    /// Somebody speaks for a team they are not in.
    #[error("`{who}` is not in team `{team}`")]
    NotInTeam {
        /// Who.
        who: String,
        /// The team.
        team: String,
    },
    /// Only who owns a clock can hand it over.
    #[error("`{0}` holds no acknowledgement of this clock that could be handed over")]
    NotOwner(String),
    /// Nobody of that name can be reached.
    #[error("nobody called `{who}` can be reached; {known}")]
    NoPerson {
        /// As asked for.
        who: String,
        /// What there is, in words.
        known: String,
    },
    /// The clock is not silenced.
    #[error("the clock is not silenced")]
    NotSilenced,
    /// An end that has passed.
    #[error("`{what}` is {at}, which has passed; now is {now}")]
    Past {
        /// The field.
        what: &'static str,
        /// Its value.
        at: String,
        /// Now.
        now: String,
    },
    /// There is no such alert, or it is not due.
    #[error("no alert `{0}` waits for delivery")]
    NoAlert(AlertId),
    /// It is being sent at this moment.
    #[error("alert `{0}` is being sent right now")]
    UnderWay(AlertId),
    /// Something was left empty that must not be.
    #[error("`{0}` must not be empty")]
    Empty(&'static str),
    /// A moment that cannot be.
    #[error("`{what}` is {at}, which lies in the future; now is {now}")]
    Future {
        /// The field.
        what: String,
        /// Its value.
        at: String,
        /// Now.
        now: String,
    },
    /// A judgement needs its ground.
    #[error("`{0}` is a judgement and needs a ground")]
    NoGround(String),
    /// A judgement needs a person.
    #[error("`{0}` is a judgement and needs a named person")]
    NotAPerson(String),
}
