//! What has happened to an incident. The journal holds these and nothing else.

use super::alert::{AlertQueued, DeliveryResult};
use super::command::{Evidence, HoldStatement};
use super::lookalike::Lookalike;
use super::relation::{Inheritance, Word};
use crate::domain::clocks::Pause;
use crate::domain::facts::{Book, Claim};
use crate::domain::ids::{AlertId, DutyId, IncidentId, OrganisationId, PackId, SourceId};
use crate::domain::instant::{Instant, Zone};
use crate::domain::law::assess::{Deadlines, Started};
use crate::domain::law::{Mode, Uncovered, Verification};
use crate::domain::payload::Sealed;
use crate::domain::repeated::Repeated;
use crate::domain::severity::Suggestion;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// Which clock: one duty of one organisation, towards one of several where it has more.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockKey {
    /// The duty.
    pub duty: DutyId,
    /// The organisation that owes it.
    pub organisation: OrganisationId,
    /// The authority, State or group of people, where the duty has a clock for each: letters, digits, `-`, `.`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
}

impl ClockKey {
    /// The one clock of a duty, or the one that stands until its targets are known.
    pub fn of(duty: impl Into<DutyId>, organisation: impl Into<OrganisationId>) -> Self {
        Self { duty: duty.into(), organisation: organisation.into(), target: None }
    }

    /// The clock towards one of several.
    pub fn towards(self, target: &str) -> Self {
        let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '.') { c } else { '-' };
        Self { target: Some(target.chars().map(plain).take(60).collect()), ..self }
    }

    /// The one that stands for all where a duty has a clock for each.
    pub fn whole(&self) -> Self {
        Self { target: None, ..self.clone() }
    }

    /// The clock for people found since: the first, second … after this one.
    pub fn further(&self, nth: usize) -> Self {
        let target = self.target.as_ref().map(|target| format!("{target}.")).unwrap_or_default();
        Self { target: Some(format!("{target}{MORE}{nth}")), ..self.clone() }
    }

    /// The clock of those who were told first.
    pub fn first(&self) -> Self {
        let before = self.target.as_deref().and_then(before_more).map(|before| before.trim_end_matches('.').to_owned());
        match before {
            Some(before) => Self { target: (!before.is_empty()).then_some(before), ..self.clone() },
            None => self.clone(),
        }
    }

    /// Whether it is for people found since.
    pub fn is_further(&self) -> bool {
        self.target.as_deref().and_then(before_more).is_some()
    }

    /// The clock's public name: incident, duty, organisation and target if there is one, divided by `~`.
    pub fn public(&self, incident: &IncidentId) -> String {
        format!("{incident}~{self}")
    }

    /// Reads a public name.
    pub fn parse(public: &str) -> Option<(IncidentId, Self)> {
        let mut parts = public.split('~');
        let (incident, duty, organisation) = (parts.next()?, parts.next()?, parts.next()?);
        let target = parts.next();
        let whole = parts.next().is_none() && ![incident, duty, organisation].contains(&"") && target != Some("");
        let key = Self { target: target.map(str::to_owned), ..Self::of(duty, organisation) };
        whole.then(|| (incident.into(), key))
    }
}

/// What a further clock's target ends with, before its number. No authority, place or group of people is called that.
const MORE: &str = "more.";

/// What stands before the mark of a further clock.
fn before_more(target: &str) -> Option<&str> {
    let plain = target.trim_end_matches(|c: char| c.is_ascii_digit());
    let before = plain.strip_suffix(MORE).filter(|_| plain.len() < target.len())?;
    (before.is_empty() || before.ends_with('.')).then_some(before)
}

impl fmt::Display for ClockKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}~{}", self.duty, self.organisation)?;
        self.target.iter().try_for_each(|target| write!(f, "~{target}"))
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Event {
    /// The incident was opened.
    Opened(Opened),
    /// A message about it came in.
    Received(Received),
    /// Facts were claimed.
    Claimed {
        /// The claims.
        claims: Vec<Claim>,
        /// The message they stood in, by its number in this incident; none for the answers of people.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<u32>,
    },
    /// The incident is assessed under these packs, by digest.
    RulesPinned {
        /// Digest by pack.
        packs: Repeated<BTreeMap<PackId, String>>,
    },
    /// A clock was set, or set anew because facts or law changed.
    ClockSet {
        /// Which.
        clock: ClockKey,
        /// What the law says of it.
        law: Arc<ClockLaw>,
        /// Why it was set anew; none the first time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        because: Option<String>,
        /// Rungs that ring again because their instants moved past now.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        rearm: BTreeSet<String>,
    },
    /// What no enabled pack covers of the places and regimes an organisation's facts name: the whole list, each time it changes.
    BorderFound {
        /// The organisation.
        organisation: OrganisationId,
        /// Every place and regime, also those counsel has answered.
        uncovered: Vec<Uncovered>,
    },
    /// Nothing is owed: found so from the start, or a clock ends on what people said.
    NothingOwed {
        /// Which.
        clock: ClockKey,
        /// The ground.
        ground: String,
        /// Where the law says it.
        cite: String,
        /// The names behind the facts that decided it.
        by: BTreeSet<String>,
        /// The reasons, a line each.
        reasons: Vec<String>,
    },
    /// On what products say nothing would be owed; a product's word stops no clock.
    EndSuggested {
        /// Which.
        clock: ClockKey,
        /// The ground a person may confirm.
        ground: String,
    },
    /// What was said of a risk makes another suggestion than before. It decides nothing: a risk is
    /// what a named person claims with `risk.level`.
    RiskSuggested(Suggestion),
    /// A person determined that nothing is owed.
    Determined {
        /// Which.
        clock: ClockKey,
        /// Who.
        by: String,
        /// On what ground.
        ground: String,
        /// Under which provision.
        cite: String,
    },
    /// A person took back that a clock was met, or that nothing is owed: it runs as if that had not been said.
    Reopened {
        /// Which.
        clock: ClockKey,
        /// Who.
        by: String,
        /// On what ground.
        because: String,
    },
    /// Something was filed for a clock, which neither ends nor runs again by it: a part, or a further notice.
    Filed {
        /// Which.
        clock: ClockKey,
        /// What was filed, when, and its reference.
        evidence: Evidence,
    },
    /// What a person says in the same decision speaks against what is on record; they were shown that, and say so all the same.
    Although {
        /// The clock it is about, if it is about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        clock: Option<ClockKey>,
        /// Who.
        by: String,
        /// On what ground.
        because: String,
        /// What on record speaks against it, a line each.
        against: Vec<String>,
    },
    /// The notice of a clock was drafted.
    Drafted {
        /// Which.
        clock: ClockKey,
        /// What was drafted.
        draft: Draft,
    },
    /// A rung fell due and rang.
    RungFell {
        /// Which clock.
        clock: ClockKey,
        /// The rung's name.
        rung: String,
        /// When it fell due; the envelope says when that was noticed.
        due_at: Instant,
        /// The alerts it queued; one that several clocks share stands with each of them.
        alerts: Vec<AlertQueued>,
    },
    /// Rungs that fell due and did not ring by themselves.
    RungsSkipped {
        /// Which clock.
        clock: ClockKey,
        /// The rungs.
        rungs: Vec<RungSkip>,
    },
    /// The limit passed and the duty was not met.
    Expired {
        /// Which clock.
        clock: ClockKey,
        /// The limit.
        due_at: Instant,
    },
    /// A person owns the clock for a while.
    Acknowledged {
        /// Which clock.
        clock: ClockKey,
        /// Who.
        by: String,
        /// For which team, where several must each acknowledge.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        team: Option<String>,
        /// Until when rungs wait for them.
        until: Instant,
        /// How they said so: `cli`, `api`, a channel.
        via: String,
    },
    /// Whoever owns the clock handed it to another person; their own acknowledgement ends when that
    /// person acknowledges, and soon in any case.
    HandedOver {
        /// Which clock.
        clock: ClockKey,
        /// Who handed over.
        by: String,
        /// To whom.
        to: String,
        /// Of which team the acknowledgement is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        team: Option<String>,
        /// When the giver's acknowledgement ends at the latest.
        until: Instant,
        /// How they said so.
        via: String,
        /// The alerts to the taker.
        alerts: Vec<AlertQueued>,
    },
    /// Nothing rings for the clock for a while.
    Silenced {
        /// Which clock.
        clock: ClockKey,
        /// Who.
        by: String,
        /// Why.
        reason: String,
        /// Until when.
        until: Instant,
        /// How they said so.
        via: String,
    },
    /// A silence ended: what fell due meanwhile rings.
    SilenceEnded {
        /// Which clock.
        clock: ClockKey,
        /// When it ended.
        ended_at: Instant,
        /// Who ended it before its time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// Channels that keep an incident of their own are told what became of the clock.
    Tracked {
        /// Which clock.
        clock: ClockKey,
        /// What they are told.
        alerts: Vec<AlertQueued>,
    },
    /// An alert that a channel does not take goes out over another as well.
    FellBack {
        /// The alert that fails; it goes on being tried.
        alert: AlertId,
        /// How it fails, in words.
        because: String,
        /// The alert that goes out in its stead.
        queued: AlertQueued,
    },
    /// A statement delays the clock.
    Held {
        /// Which clock.
        clock: ClockKey,
        /// Who recorded it.
        by: String,
        /// What was stated.
        statement: HoldStatement,
        /// What the law lets it do.
        effect: Pause,
        /// After how many days it lapses by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lapses_after_days: Option<u32>,
    },
    /// A hold ended.
    Released {
        /// Which clock.
        clock: ClockKey,
        /// Who recorded it.
        by: String,
        /// The hold, from 1.
        hold: usize,
        /// The first moment at which telling is allowed again.
        at: Instant,
        /// How that is known.
        ground: String,
    },
    /// An acknowledgement ended with the clock still open.
    LeaseEnded {
        /// Which clock.
        clock: ClockKey,
        /// Of which team.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        team: Option<String>,
        /// When it ended.
        ended_at: Instant,
    },
    /// The duty was met.
    Met {
        /// Which clock.
        clock: ClockKey,
        /// What was filed, when, and its reference.
        evidence: Evidence,
    },
    /// An attempt to deliver an alert began.
    DeliveryStarted {
        /// Which alert.
        alert: AlertId,
        /// The attempt, from 1.
        attempt: u32,
    },
    /// An attempt ended.
    DeliveryEnded {
        /// Which alert.
        alert: AlertId,
        /// The attempt.
        attempt: u32,
        /// How.
        result: DeliveryResult,
    },
    /// An alert that was due waits a little.
    DeliveryHeld {
        /// Which alert.
        alert: AlertId,
        /// Until when.
        until: Instant,
        /// Why.
        reason: String,
    },
    /// An alert goes out once more, under the same id.
    Redelivered {
        /// Which alert.
        alert: AlertId,
        /// Who wants it.
        by: String,
        /// Why.
        reason: String,
    },
    /// Looked at with nothing to do, but the wake set before is not the one policy asks for.
    NothingDue {},
    /// Another incident turned out to be the same as this one, and counts here too.
    TookIn {
        /// Who said so, and why.
        word: Word,
        /// What it brings.
        inheritance: Inheritance,
    },
    /// This incident turned out to be the same as another, where it goes on.
    MergedInto {
        /// Which.
        into: IncidentId,
        /// Who said so, and why.
        word: Word,
    },
    /// A clock ends here because the same one goes on in another incident, no later.
    ClockMoved {
        /// Which clock.
        clock: ClockKey,
        /// The other incident.
        into: IncidentId,
    },
    /// This incident is of messages of another.
    SplitFrom {
        /// Who said so, and why.
        word: Word,
        /// The messages, by number there.
        messages: Vec<u32>,
        /// What they bring.
        inheritance: Inheritance,
    },
    /// Messages turned out to be about something else, which has an incident of its own. What they claimed
    /// stays here until a person says otherwise.
    SplitOff {
        /// Which.
        into: IncidentId,
        /// Who said so, and why.
        word: Word,
        /// The messages, by number.
        messages: Vec<u32>,
    },
    /// An alert is no longer tried because its clock is closed.
    DeliveryDropped {
        /// Which alert.
        alert: AlertId,
        /// Why.
        reason: String,
    },
}

/// How an incident came to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opened {
    /// What it is called.
    pub title: String,
    /// The sender's word for how bad it is.
    pub severity: String,
    /// What kind of evidence opened it, such as `operations-alert`.
    pub kind: String,
    /// The source.
    pub source: SourceId,
    /// Its id at the source.
    pub external_id: String,
    /// The organisations concerned, with their profiles as they were.
    pub organisations: BTreeMap<OrganisationId, Repeated<Profile>>,
}

/// An organisation as it was when the incident was opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The name.
    pub name: String,
    /// Its principal zone.
    pub zone: Zone,
    /// What the configuration says of it.
    pub claims: Book,
}

/// A message about an incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Received {
    /// From where.
    pub source: SourceId,
    /// The id of this version of the report.
    pub update_id: String,
    /// The identity of the incident at the sender; none if it is the one that the incident was opened with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The sender's account, workspace or manager.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// When this version of the report was made, by the sender's own clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Instant>,
    /// When it came in, if that was long before it was recorded here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub came_at: Option<Instant>,
    /// Whether a newer version of the same report had come before: it then overwrites nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
    /// The rule by which it joined an incident of another name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined: Option<String>,
    /// Its own title, if it joined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The sender's word for its state; it never stops a clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// SHA-256 of the message, in hex.
    pub sha256: String,
    /// The message itself, as it was kept before messages were sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
    /// The message itself. Of a large batch the first report keeps it for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<Box<Sealed>>,
    /// Look-alikes that help to answer a question and claim nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<Lookalike>,
    /// Assumptions and oddities in reading it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

impl Received {
    /// A message of a source, before anything else is known of it.
    pub fn of(source: impl Into<SourceId>, update_id: impl Into<String>) -> Self {
        Self {
            source: source.into(),
            update_id: update_id.into(),
            external_id: None,
            tenant: None,
            version: None,
            came_at: None,
            late: false,
            joined: None,
            title: None,
            status: None,
            sha256: String::new(),
            raw: None,
            sealed: None,
            hints: Vec::new(),
            remarks: Vec::new(),
        }
    }
}

/// Where a clock stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Facts are missing; it runs from the earliest defensible instant.
    Provisional,
    /// It is owed.
    Running,
    /// The limit has passed.
    Missed,
    /// The duty was met.
    Met,
    /// Nothing is owed, on a recorded ground.
    Void,
}

impl Standing {
    /// Whether the clock still asks for something.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Provisional | Self::Running | Self::Missed)
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Provisional => "provisional",
            Self::Running => "running",
            Self::Missed => "missed",
            Self::Met => "met",
            Self::Void => "void",
        }
    }
}

/// What the law says of a clock, as assessed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockLaw {
    /// What is to be done.
    pub title: String,
    /// What is asked of the reader of an alert.
    pub asks: String,
    /// Whom to tell.
    pub addressee: String,
    /// Where the law says it.
    pub cite: String,
    /// How well that was checked.
    pub verification: Verification,
    /// The edition in which it was read, such as `2024`, if the pack says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edition: Option<String>,
    /// The pack.
    pub pack: PackId,
    /// Whether facts are missing.
    pub provisional: bool,
    /// What the clock means.
    pub mode: Mode,
    /// The start.
    pub start: Started,
    /// The deadlines.
    pub deadlines: Deadlines,
    /// Facts that would settle what is open.
    pub missing: BTreeSet<crate::domain::ids::FactKey>,
    /// The reasons, a line each.
    pub reasons: Vec<String>,
    /// What a person must know besides.
    pub remarks: Vec<String>,
    /// The places and regimes it is about, by code, where it asks about those that no pack covers. Each is closed by its own word.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub about: BTreeSet<String>,
    /// The fact that lists those towards each of whom there is a clock; its clocks carry numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listed: Option<crate::domain::ids::FactKey>,
}

impl ClockLaw {
    /// The limit in law, if it has an instant.
    pub fn limit(&self) -> Option<Instant> {
        self.deadlines.operational.at
    }

    /// The instant the ladder is laid over: the limit in law, else the house's target.
    pub fn until(&self) -> Option<Instant> {
        self.limit().or_else(|| self.deadlines.target.as_ref().and_then(|target| target.at))
    }

    /// The same for comparing: what has no instant comes after everything.
    pub fn due(&self) -> Instant {
        self.until().unwrap_or(Instant::MAX_UTC)
    }
}

/// What was drafted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// Digest of the draft.
    pub digest: String,
    /// The elements that still lack something, in words.
    pub gaps: Vec<String>,
}

/// A rung that did not ring by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RungSkip {
    /// The rung's name.
    pub rung: String,
    /// When it fell due.
    pub due_at: Instant,
    /// Why it did not ring.
    pub reason: String,
}
