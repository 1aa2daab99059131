//! Plain views of an incident, shared by the API, the CLI and the store's cards.
//!
//! A view holds no payload and no fact in full: what is safe to show to whoever may read the board.

use super::facts::Party;
use super::ids::{FactKey, IncidentId, OrganisationId};
use super::incident::{
    AlertState, Clock, ClockKey, ClockLaw, Incident, Lookalike, Message, Moment, Relation, RelationKind, Standing, WouldBe,
    if_a_breach,
};
use super::instant::{Instant, Zone};
use super::law::lifting::lifting;
use super::law::{Mode, Rulebook, Uncovered, Verification};
use super::severity::Suggestion;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One line of the board.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// The incident.
    pub incident: IncidentId,
    /// What it is called.
    pub title: String,
    /// When it was opened.
    pub opened_at: Instant,
    /// How bad the sender thinks it is.
    pub severity: String,
    /// Where it came from.
    pub source: String,
    /// Its clocks, the most urgent open ones first.
    pub clocks: Vec<ClockLine>,
    /// Duties found not owed.
    pub not_owed: usize,
    /// Alerts that have failed and are being tried again, by channel.
    pub failing: BTreeMap<String, u32>,
    /// Other incidents it was merged with, or split off or from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<(RelationKind, IncidentId)>,
    /// Places and regimes that its facts name, that no pack in use covers and that nobody has closed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uncovered: Vec<String>,
}

/// One clock on the board.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockLine {
    /// Its public name.
    pub id: String,
    /// The duty.
    pub duty: String,
    /// Who owes it.
    pub organisation: String,
    /// The same by name, where the incident concerns several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owed_by: Option<String>,
    /// The authority, State or group of people, where the duty has a clock for each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub towards: Option<String>,
    /// What is to be done.
    pub title: String,
    /// Where the law says it.
    pub cite: String,
    /// Where it stands.
    pub standing: Standing,
    /// What it means.
    pub mode: Mode,
    /// The operational limit; none for "without delay".
    pub due: Option<Instant>,
    /// The later limit, where law arguably gives more or facts are missing.
    pub outer: Option<Instant>,
    /// The house's own target.
    pub target: Option<Instant>,
    /// The zone the limit is meant in.
    pub zone: Zone,
    /// Who owns it, and until when; of several the one who does longest.
    pub acknowledged: Option<(String, Instant)>,
    /// Where several teams must each acknowledge: team, who owns it for them, until when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owners: Vec<(String, String, Instant)>,
    /// By whom it is kept quiet, and until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silenced: Option<(String, Instant)>,
    /// By what it is delayed, as far as its law lets it, and until when; the one that ends last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<HeldLine>,
    /// Facts on which it depends and which are disputed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disputed: Vec<String>,
    /// How many elements its draft still lacks; none while it has no draft.
    pub gaps: Option<usize>,
    /// How many facts would settle it.
    pub missing: usize,
}

/// What delays a clock, in a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldLine {
    /// The hold of the duty.
    pub rule: String,
    /// The first moment at which telling is allowed again; none while nobody has said.
    pub until: Option<Instant>,
}

/// One incident in full.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IncidentView {
    /// The board's line.
    pub card: Card,
    /// The organisations concerned, by id.
    pub organisations: BTreeMap<String, String>,
    /// The sender's last word for its state.
    pub sender_status: Option<String>,
    /// How many messages came in, by source.
    pub received: BTreeMap<String, u32>,
    /// The messages in the order of recording; their numbers count from 1.
    #[serde(default)]
    pub messages: Vec<Message>,
    /// How it hangs together with other incidents: merged, taken in, split off or from.
    #[serde(default)]
    pub relations: Vec<Relation>,
    /// Clocks that go on in another incident.
    #[serde(default)]
    pub moved: BTreeMap<String, String>,
    /// What stands of every fact somebody spoke of.
    pub facts: Vec<FactView>,
    /// What ENISA's method suggests of the risk, for all and for single groups, beside what a person decided.
    #[serde(default)]
    pub suggestions: Vec<SuggestionView>,
    /// The questions whose answers would settle a clock, the most urgent clock's first.
    pub questions: Vec<Question>,
    /// While nobody has said whether this may be a breach: the limits that would run if it is, the nearest first.
    pub if_a_breach: Vec<SupposedLimit>,
    /// Look-alikes that may help to answer.
    pub hints: Vec<Lookalike>,
    /// Oddities in reading the messages.
    pub remarks: Vec<String>,
    /// Duties found not owed: ground, citation, names and time.
    pub not_owed: Vec<NotOwedView>,
    /// Places and regimes that no pack in use covers, also those counsel has answered.
    #[serde(default)]
    pub uncovered: Vec<UncoveredView>,
    /// Those towards each of whom there is a clock, by the numbers their clocks carry.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lists: Vec<ListView>,
    /// The packs it is assessed under, by digest.
    pub packs: BTreeMap<String, String>,
    /// What is easily got wrong under each duty whose clock is open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub traps: Vec<TrapsView>,
    /// In the reply to an answer: for which organisations it counts, where that may not be what was meant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A list whose members have a clock each. Names stay in here: no clock, no alert and no letter to our own people bears one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListView {
    /// The fact that lists them.
    pub fact: String,
    /// Everybody who was ever named in it, from number 1.
    pub parties: Vec<PartyView>,
}

/// One of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartyView {
    /// The number its clocks carry.
    pub number: usize,
    /// What it is called.
    pub name: String,
    /// How it is reached, where that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reach: Option<String>,
}

impl ListView {
    fn all_of(incident: &Incident) -> Vec<Self> {
        let facts: BTreeSet<&FactKey> = incident.clocks.values().filter_map(|clock| clock.law.listed.as_ref()).collect();
        let party = |(at, word): (usize, &str)| {
            let Party { name, reach } = Party::of(word);
            PartyView { number: at + 1, name: name.to_owned(), reach: reach.map(str::to_owned) }
        };
        let lists = facts.into_iter().map(|fact| Self {
            fact: fact.to_string(),
            parties: incident.parties(fact).words().enumerate().map(party).collect(),
        });
        lists.filter(|list| !list.parties.is_empty()).collect()
    }
}

/// A limit that would run if the opening question were answered with yes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SupposedLimit {
    /// The duty.
    pub duty: String,
    /// Who would owe it.
    pub organisation: String,
    /// What is to be done.
    pub title: String,
    /// Where the law says it.
    pub cite: String,
    /// The limit, or the house's target where the law gives no number.
    pub until: Option<Instant>,
}

/// What is easily got wrong under one duty: traps, open questions, practice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrapsView {
    /// The duty.
    pub duty: String,
    /// What is to be done.
    pub title: String,
    /// A line each.
    pub says: Vec<String>,
}

/// What stands of one fact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactView {
    /// The key.
    pub key: String,
    /// The organisation that has this answer apart; without one it counts for each that has none apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    /// `known`, `unknown` or `disputed`.
    pub standing: String,
    /// The value, as the API takes it.
    pub value: Option<serde_json::Value>,
    /// In words.
    pub words: String,
    /// Who carries it.
    pub by: Option<String>,
    /// Since when.
    pub at: Option<Instant>,
    /// Where in the payload it stood.
    pub pointer: Option<String>,
    /// Who settled it, where others have said something else that does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled_by: Option<String>,
}

/// A suggestion of a risk, and the decision it is for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuggestionView {
    /// In one line.
    pub words: String,
    /// Score or range, each input with its source, what is missing, flags.
    pub suggestion: Suggestion,
    /// When it was recorded.
    pub at: Instant,
    /// How it was counted, what calls for a second look, where the method and the house's convention come from.
    pub remarks: Vec<String>,
    /// What stands of `risk.level`, once somebody spoke of it; the suggestion changes nothing of it.
    pub determined: Option<FactView>,
}

/// A question to a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The fact.
    pub key: String,
    /// In plain words.
    pub question: String,
    /// What helps to answer.
    pub help: Option<String>,
    /// What is taken for an answer.
    pub expects: String,
    /// An answer that would do, as JSON.
    pub example: String,
    /// Whether a ground must be given.
    pub needs_ground: bool,
    /// The duties it would settle.
    pub settles: Vec<String>,
    /// Of several organisations with an answer of its own each, those that lack it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub organisations: Vec<String>,
    /// What stood in the messages about this fact. Nobody has said so: it answers nothing by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<Lookalike>,
}

/// A place or a regime that no pack in use covers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UncoveredView {
    /// Whose facts name it.
    pub organisation: String,
    /// What it is, what names it, what is known of it, what counsel said.
    pub uncovered: Uncovered,
    /// Whether nobody has closed it.
    pub open: bool,
    /// The answer that closes it, as a fact.
    pub answer: String,
}

/// A duty found not owed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotOwedView {
    /// The duty.
    pub duty: String,
    /// Who would owe it.
    pub organisation: String,
    /// The ground.
    pub ground: String,
    /// Where the law says it.
    pub cite: String,
    /// The names behind it.
    pub by: Vec<String>,
    /// When it was recorded.
    pub at: Instant,
}

/// One clock in full.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockView {
    /// The board's line.
    pub line: ClockLine,
    /// What is asked.
    pub asks: String,
    /// Whom to tell.
    pub addressee: String,
    /// How well the law was checked.
    pub verification: Verification,
    /// The edition in which it was read, if the pack says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edition: Option<String>,
    /// The pack.
    pub pack: String,
    /// When and by what it started.
    pub start: super::law::assess::Started,
    /// The deadlines with their derivations.
    pub deadlines: super::law::assess::Deadlines,
    /// The reasons, a line each.
    pub reasons: Vec<String>,
    /// What a person must know besides.
    pub remarks: Vec<String>,
    /// Facts that would settle it.
    pub missing: Vec<String>,
    /// Those among them that could lift it and are not needed to meet it: until a ground is shown the duty stands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lifting: Vec<String>,
    /// What is easily got wrong under this duty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub traps: Vec<String>,
    /// On what ground products suggest that nothing is owed.
    pub end_suggested: Option<String>,
    /// Elements its draft still lacks.
    pub gaps: Vec<String>,
    /// Why it is kept quiet, where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silence_reason: Option<String>,
    /// What delays it: the hold of the duty, who stated it, from when, until when.
    pub holds: Vec<HoldView>,
    /// What was filed.
    pub met: Option<super::incident::Evidence>,
    /// What was filed without ending it: parts, further notices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filings: Vec<super::incident::Evidence>,
    /// What had ended it and was taken back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taken_back: Vec<super::incident::TakenBack>,
    /// Every alert so far.
    pub alerts: Vec<AlertView>,
    /// In the reply to an act: what whoever did it should know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// One hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldView {
    /// The hold of the duty.
    pub rule: String,
    /// Who stated it.
    pub official: String,
    /// When.
    pub from: Instant,
    /// The first moment at which telling is allowed again, if known.
    pub until: Option<Instant>,
    /// The words, or the document's reference.
    pub words: String,
    /// Who recorded it.
    pub by: String,
}

/// One alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertView {
    /// Its id.
    pub id: String,
    /// The rung.
    pub rung: String,
    /// When the rung fell due.
    pub due_at: Instant,
    /// When it was queued.
    pub queued_at: Instant,
    /// The channel.
    pub channel: String,
    /// The team.
    pub team: String,
    /// The person, where the team names people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// The alert in whose stead it goes out, and how that one fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_stead_of: Option<(String, String)>,
    /// How far it is: `waiting`, `trying`, `delivered`, `dropped`.
    pub state: String,
    /// How many attempts.
    pub attempts: u32,
    /// How the last failed one failed.
    pub last_failure: Option<String>,
}

impl Card {
    /// The line of an incident.
    pub fn of(incident: &Incident) -> Self {
        let mut clocks: Vec<(&ClockKey, &Clock)> = incident.clocks.iter().collect();
        clocks.sort_by_key(|(key, clock)| {
            let until = clock.law.until().unwrap_or(Instant::MAX_UTC);
            (!clock.standing.is_open(), clock.law.mode == Mode::Shadow, until, (*key).clone())
        });
        let mut failing: BTreeMap<String, u32> = BTreeMap::new();
        for alert in incident.alerts.values() {
            if alert.last_failure.is_some() && matches!(alert.state, AlertState::Waiting { .. } | AlertState::Trying { .. }) {
                *failing.entry(alert.queued.channel.to_string()).or_default() += 1;
            }
        }
        Self {
            incident: incident.id.clone(),
            title: incident.opened.title.clone(),
            opened_at: incident.opened_at,
            severity: incident.opened.severity.clone(),
            source: incident.opened.source.to_string(),
            clocks: clocks.into_iter().map(|(key, clock)| ClockLine::of(incident, key, clock)).collect(),
            not_owed: incident.nothing_owed.len(),
            failing,
            related: incident.relations.told.iter().map(|told| (told.what, told.incident.clone())).collect(),
            uncovered: incident.still_uncovered().map(|(_, one)| one.in_words()).collect::<BTreeSet<_>>().into_iter().collect(),
        }
    }
}

impl ClockLine {
    /// The line of a clock.
    pub fn of(incident: &Incident, key: &ClockKey, clock: &Clock) -> Self {
        let law = &clock.law;
        Self {
            id: key.public(&incident.id),
            duty: key.duty.to_string(),
            organisation: key.organisation.to_string(),
            owed_by: incident.one_of_several(&key.organisation).map(|profile| profile.name.clone()),
            towards: key.target.as_ref().map(|target| match law.listed {
                Some(_) => format!("no. {target}"),
                None => target.clone(),
            }),
            title: law.title.clone(),
            cite: law.cite.clone(),
            standing: clock.standing,
            mode: law.mode,
            due: law.limit(),
            outer: law.deadlines.outer.as_ref().and_then(|term| term.at),
            target: law.deadlines.target.as_ref().and_then(|term| term.at),
            zone: law.deadlines.operational.zone,
            acknowledged: clock.owner().map(|lease| (lease.by.clone(), clock.shown_until(lease))),
            owners: clock
                .live_leases()
                .filter_map(|(team, lease)| Some((team.clone()?, lease.by.clone(), clock.shown_until(lease))))
                .collect(),
            silenced: clock.silence.as_ref().map(|silence| (silence.by.clone(), silence.until.min(law.due()))),
            held: clock.last_hold().map(|(held, until)| HeldLine { rule: held.statement.rule.clone(), until }),
            disputed: incident.disputed_of(clock).map(ToString::to_string).collect(),
            gaps: clock.draft.as_ref().map(|draft| draft.gaps.len()),
            missing: law.missing.len(),
        }
    }
}

impl IncidentView {
    /// The view of an incident.
    pub fn of(incident: &Incident, moment: &Moment<'_>) -> Self {
        let supposed = |limit: WouldBe| SupposedLimit {
            duty: limit.clock.duty.to_string(),
            organisation: limit.clock.organisation.to_string(),
            title: limit.title,
            cite: limit.cite,
            until: limit.until,
        };
        Self {
            card: Card::of(incident),
            organisations: incident.opened.organisations.iter().map(|(id, p)| (id.to_string(), p.name.clone())).collect(),
            sender_status: incident.status.clone(),
            received: incident.received.iter().map(|(source, count)| (source.to_string(), *count)).collect(),
            messages: incident.messages.clone(),
            relations: incident.relations.told.clone(),
            moved: incident.relations.moved.iter().map(|(key, into)| (key.to_string(), key.public(into))).collect(),
            facts: FactView::all_of(incident),
            suggestions: incident
                .suggestions
                .values()
                .map(|(suggestion, at)| SuggestionView::of(incident, suggestion, *at))
                .collect(),
            questions: questions(incident, moment.rulebook),
            if_a_breach: if_a_breach(incident, moment).into_iter().map(supposed).collect(),
            hints: incident.hints.iter().cloned().collect(),
            remarks: incident.remarks.iter().cloned().collect(),
            not_owed: NotOwedView::all_of(incident),
            uncovered: incident
                .uncovered
                .iter()
                .flat_map(|(of, list)| list.iter().map(|one| UncoveredView::of(of, one)))
                .collect(),
            lists: ListView::all_of(incident),
            packs: incident.packs.iter().map(|(pack, digest)| (pack.to_string(), digest.clone())).collect(),
            traps: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// The same with what the rules say is easily got wrong, once for each duty with an open clock.
    #[must_use]
    pub fn with_rules(mut self, rulebook: &Rulebook) -> Self {
        let open: BTreeSet<&str> =
            self.card.clocks.iter().filter(|clock| clock.standing.is_open()).map(|clock| clock.duty.as_str()).collect();
        let traps =
            open.into_iter().filter_map(|duty| rulebook.duty(&duty.into())).filter(|(_, duty)| !duty.text.notes.is_empty());
        self.traps = traps
            .map(|(_, duty)| TrapsView {
                duty: duty.text.id.to_string(),
                title: duty.text.title.clone(),
                says: duty.text.notes.clone(),
            })
            .collect();
        self
    }
}

impl UncoveredView {
    fn of(organisation: &OrganisationId, uncovered: &Uncovered) -> Self {
        Self {
            organisation: organisation.to_string(),
            uncovered: uncovered.clone(),
            open: uncovered.is_open(),
            answer: uncovered.answer(),
        }
    }
}

impl SuggestionView {
    fn of(incident: &Incident, suggestion: &Suggestion, at: Instant) -> Self {
        // What was said of the group stands before what was said of all.
        let spoken_of = |key: &&str| !incident.book.history(key).is_empty();
        let of_group = suggestion.decided_with();
        let determined = [of_group.as_str(), "risk.level"].into_iter().find(spoken_of);
        Self {
            words: suggestion.in_words(),
            suggestion: suggestion.clone(),
            at,
            remarks: suggestion.remarks(),
            determined: determined.map(|key| FactView::of(incident, key, None)),
        }
    }
}

impl NotOwedView {
    /// Every duty of an incident that was found not owed.
    pub fn all_of(incident: &Incident) -> Vec<Self> {
        let view = |(key, why): (&ClockKey, &super::incident::NothingOwed)| Self {
            duty: key.duty.to_string(),
            organisation: key.organisation.to_string(),
            ground: why.ground.clone(),
            cite: why.cite.clone(),
            by: why.by.iter().cloned().collect(),
            at: why.at,
        };
        incident.nothing_owed.iter().map(view).collect()
    }
}

impl FactView {
    /// What stands of every fact: where no organisation is meant, then of each that has a word of its own.
    pub fn all_of(incident: &Incident) -> Vec<Self> {
        let book = &incident.book;
        let of_key = |key: &FactKey| {
            let key = key.as_str();
            let is_common = book.history(key).iter().any(|(_, claim)| claim.organisations.is_empty());
            let common = is_common.then(|| Self::of(incident, key, None));
            let apart = incident.opened.organisations.keys().filter(|id| book.speaks_apart(id, key));
            let apart: Vec<Self> = apart.map(|id| Self::of(incident, key, Some(id))).collect();
            common.into_iter().chain(apart)
        };
        book.keys().flat_map(of_key).collect()
    }

    fn of(incident: &Incident, key: &str, organisation: Option<&OrganisationId>) -> Self {
        use super::facts::Standing as FactStanding;
        let book = &incident.book;
        let stands = organisation.map_or_else(|| book.standing(key), |organisation| book.standing_for(organisation, key));
        let (standing, value, words, claim) = match stands {
            FactStanding::Known(value, claim) => ("known", Some(value.to_json()), value.to_string(), Some(claim)),
            FactStanding::Unknown => ("unknown", None, "not known".to_owned(), None),
            FactStanding::Disputed(claims) => {
                let say = |claim: &&super::facts::Claim| {
                    let value = claim.value.as_ref().map_or_else(|| "not known".to_owned(), ToString::to_string);
                    format!("{value} (said by {})", claim.by.name())
                };
                ("disputed", None, claims.iter().map(say).collect::<Vec<_>>().join("; "), None)
            }
        };
        Self {
            key: key.to_owned(),
            organisation: organisation.map(ToString::to_string),
            standing: standing.to_owned(),
            value,
            words,
            by: claim.map(|claim| claim.by.name().to_owned()),
            at: claim.map(|claim| claim.at),
            pointer: claim.and_then(|claim| claim.pointer.clone()),
            settled_by: incident.book.settled_by(key).map(|by| by.name().to_owned()),
        }
    }
}

/// The questions whose answers would settle an open clock. First those on which it depends whether
/// anything is owed, the most urgent clock's first; then those that might only lift a duty that stands;
/// rehearsals come last.
pub fn questions(incident: &Incident, rulebook: &Rulebook) -> Vec<Question> {
    let mut asked: BTreeMap<&FactKey, Vec<(Weight, &ClockKey)>> = BTreeMap::new();
    for (key, clock) in incident.open_clocks() {
        for fact in &clock.law.missing {
            asked.entry(fact).or_default().push((Weight::of(clock), key));
        }
    }
    let mut asked: Vec<_> = asked.into_iter().collect();
    // A key sorts by its weightiest clock, then by how many clocks of that weight it settles.
    asked.sort_by_cached_key(|(fact, clocks)| {
        let first = clocks.iter().map(|(weight, _)| *weight).min();
        let alike = clocks.iter().filter(|(weight, _)| Some(weight.kind) == first.map(|first| first.kind)).count();
        (first, std::cmp::Reverse(alike), *fact)
    });
    let mut questions: Vec<Question> = Vec::new();
    for (fact, clocks) in asked {
        let Some(entry) = rulebook.vocabulary.get(fact.as_str()) else { continue };
        let mut settles: Vec<String> = Vec::new();
        let mut lacking: BTreeSet<&OrganisationId> = BTreeSet::new();
        for (_, key) in clocks {
            // Two organisations may owe the same duty.
            if settles.iter().all(|settled| settled != key.duty.as_str()) {
                settles.push(key.duty.to_string());
            }
            lacking.insert(&key.organisation);
        }
        let has_several = incident.opened.organisations.len() > 1 && entry.is_of_each_organisation();
        questions.push(Question {
            key: fact.to_string(),
            question: entry.question.clone(),
            help: entry.help.clone(),
            expects: entry.kind.in_words(),
            example: entry.kind.example(),
            needs_ground: entry.judgement,
            settles,
            organisations: lacking.into_iter().filter(|_| has_several).map(ToString::to_string).collect(),
            hints: hints_about(incident, fact.as_str()),
        });
    }
    // The house's own clock asks the question that opens all others.
    let opening = incident.open_clocks().iter().any(|(_, clock)| clock.law.mode == Mode::Policy && clock.law.about.is_empty());
    if opening
        && questions.iter().all(|question| question.key != "breach.suspected")
        && let Some(entry) = rulebook.vocabulary.get("breach.suspected")
    {
        questions.insert(
            0,
            Question {
                key: entry.key.to_string(),
                question: entry.question.clone(),
                help: entry.help.clone(),
                expects: entry.kind.in_words(),
                example: entry.kind.example(),
                needs_ground: entry.judgement,
                settles: vec!["house.triage".into()],
                organisations: Vec::new(),
                hints: hints_about(incident, entry.key.as_str()),
            },
        );
    }
    questions
}

/// The look-alikes about a fact.
fn hints_about(incident: &Incident, fact: &str) -> Vec<Lookalike> {
    let about = incident.hints.iter().filter(|hint| hint.about.as_ref().is_some_and(|about| about.as_str() == fact));
    about.cloned().collect()
}

/// How much a clock weighs for what is asked first; the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Weight {
    kind: Kind,
    until: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// Whether it is owed depends on what is missing.
    Provisional,
    /// It is owed, unless a ground is shown.
    Owed,
    /// It is not in force.
    Rehearsal,
}

impl Weight {
    fn of(clock: &Clock) -> Self {
        let kind = match (clock.law.mode, clock.law.provisional) {
            (Mode::Shadow, _) => Kind::Rehearsal,
            (_, true) => Kind::Provisional,
            (_, false) => Kind::Owed,
        };
        Self { kind, until: clock.law.until().unwrap_or(Instant::MAX_UTC) }
    }
}

impl ClockView {
    /// The view of a clock; `None` if the incident has no such clock.
    pub fn of(incident: &Incident, key: &ClockKey) -> Option<Self> {
        let clock = incident.clocks.get(key)?;
        let law = &clock.law;
        let mut alerts: Vec<AlertView> = incident
            .alerts
            .iter()
            .filter_map(|(id, alert)| Some((id, alert, alert.about.iter().rfind(|about| about.clock == *key)?)))
            .map(|(id, alert, about)| AlertView {
                id: id.to_string(),
                rung: about.rung.clone(),
                due_at: about.due_at,
                queued_at: alert.queued_at,
                channel: alert.queued.channel.to_string(),
                team: alert.queued.team.clone(),
                person: alert.queued.person.clone(),
                in_stead_of: alert.in_stead_of.as_ref().map(|(failing, because)| (failing.to_string(), because.clone())),
                state: alert.state.word().to_owned(),
                attempts: alert.attempts,
                last_failure: alert.last_failure.as_ref().map(|(class, text)| format!("{class}: {text}")),
            })
            .collect();
        alerts.sort_by(|a, b| (a.due_at, &a.id).cmp(&(b.due_at, &b.id)));
        Some(Self {
            line: ClockLine::of(incident, key, clock),
            asks: law.asks.clone(),
            addressee: incident
                .party_of(key, clock)
                .map_or_else(|| law.addressee.clone(), |party| format!("{} ({})", party, law.addressee)),
            verification: law.verification,
            edition: law.edition.clone(),
            pack: law.pack.to_string(),
            start: law.start.clone(),
            deadlines: law.deadlines.clone(),
            reasons: law.reasons.clone(),
            remarks: law.remarks.clone(),
            missing: law.missing.iter().map(ToString::to_string).collect(),
            lifting: Vec::new(),
            traps: Vec::new(),
            end_suggested: clock.end_suggested.clone(),
            gaps: clock.draft.as_ref().map(|draft| draft.gaps.clone()).unwrap_or_default(),
            silence_reason: clock.silence.as_ref().map(|silence| silence.reason.clone()),
            holds: clock
                .holds
                .iter()
                .map(|held| HoldView {
                    rule: held.statement.rule.clone(),
                    official: held.statement.official.clone(),
                    from: held.hold.from,
                    until: held.hold.until,
                    words: held.statement.words.clone(),
                    by: held.by.clone(),
                })
                .collect(),
            met: clock.met.clone(),
            filings: clock.filings.clone(),
            taken_back: clock.taken_back.clone(),
            alerts,
            notes: Vec::new(),
        })
    }

    /// The same with what the rules say of its duty: which answers could lift it, and what is easily got wrong.
    #[must_use]
    pub fn with_rules(mut self, law: &ClockLaw, rulebook: &Rulebook) -> Self {
        if let Some((pack, duty)) = rulebook.duty(&self.line.duty.as_str().into()) {
            self.lifting = lifting(duty, pack, &law.missing).into_iter().map(ToString::to_string).collect();
            self.traps.clone_from(&duty.text.notes);
        }
        self
    }
}
