//! An incident held against the law: which clocks to set, move or end.

use super::bordering;
use super::command::{Evidence, Moment};
use super::event::{ClockKey, ClockLaw, Draft, Event, Standing};
use super::further::{Rest, rest};
use super::ringing::rearmed;
use super::sides::{Books, Strictest, all_silent, all_targets, groups, is_as_merged, strictest};
use super::state::{Clock, Incident};
use crate::domain::clocks::Hold;
use crate::domain::facts::{Book, Claim, Claimant, Rank, Standing as FactStanding, Value};
use crate::domain::ids::{DutyId, OrganisationId};
use crate::domain::instant::{Instant, Zone};
use crate::domain::law::assess::Term;
use crate::domain::law::pack::Each;
use crate::domain::law::uncovered::in_a_row;
use crate::domain::law::{Assessment, Border, Duty, Mode, Owed, Pack, Rulebook, Sight};
use crate::domain::notices;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many places and regimes the title of a clock names.
const NAMED: usize = 3;

/// Every event by which the incident becomes what the law, on these facts, says it is.
pub fn reassess(incident: &Incident, moment: &Moment<'_>, because: &str) -> Vec<Event> {
    let mut events = Vec::new();
    let packs: Vec<&Pack> = packs(moment).collect();
    let pinned = |pack: &&Pack| incident.packs.get(&pack.head.id) == Some(&pack.digest);
    if incident.packs.len() != packs.len() || !packs.iter().all(pinned) {
        let usual = &moment.rulebook.pins;
        let pins = match usual.len() == packs.len() && packs.iter().all(|pack| usual.contains_key(&pack.head.id)) {
            true => usual.clone(),
            false => Rulebook::pins_of(packs.iter().copied()),
        };
        events.push(Event::RulesPinned { packs: pins });
    }
    let books = Books::of(incident);
    let border = Border::of(moment.rulebook, packs.iter().copied());
    for (organisation, profile) in &incident.opened.organisations {
        let mut sightings = books.sights(incident, organisation, &profile.claims, moment.rulebook);
        events.extend(bordering::look(incident, organisation, &border, &mut sightings, moment));
        for pack in &packs {
            for duty in &pack.duties {
                let is_of = |key: &ClockKey| key.duty == duty.text.id && key.organisation == *organisation;
                if all_silent(duty, pack, &sightings) && !incident.clocks.keys().any(is_of) {
                    continue;
                }
                let whole = ClockKey::of(duty.text.id.clone(), organisation.clone());
                let targets = by_number(incident, duty, all_targets(duty, pack, &sightings));
                let mut keys = Vec::with_capacity(targets.len());
                for target in targets {
                    let key = target.as_ref().map_or_else(|| whole.clone(), |target| whole.clone().towards(target));
                    if !is_for_this(incident, &key) {
                        continue;
                    }
                    let groups = groups(duty, target.as_deref(), &sightings);
                    let clock = incident.clocks.get(&key);
                    let holds: Vec<Hold> =
                        clock.into_iter().flat_map(|clock| &clock.holds).map(|held| held.hold.clone()).collect();
                    let found = strictest(duty, pack, moment.rulebook, &sightings, &groups, (profile.zone, &holds));
                    settle(incident, key.clone(), target.as_deref(), &found, moment, because, &mut events);
                    if let Some(rest) = rest(incident, &key, target.as_deref(), duty, &moment.rulebook.vocabulary) {
                        let later = rest.since.and_then(|since| {
                            counted_from(incident, organisation, (duty, pack), target.as_deref(), (since, &holds), moment)
                        });
                        settle_rest(incident, &rest, target.as_deref(), (&found, later), moment, because, &mut events);
                    }
                    keys.push(key);
                }
                if incident.relations.merged_into.is_none() {
                    replace_others(incident, &whole, &keys, duty, &mut events);
                    replace_wholes(incident, &whole, &keys, duty, &mut events);
                }
            }
        }
    }
    events
}

/// Those towards whom a duty has a clock each, as the clocks name them: one of a list by the number it has there.
fn by_number(incident: &Incident, duty: &Duty, targets: Vec<Option<String>>) -> Vec<Option<String>> {
    let Some(Each::Listed(list)) = &duty.text.each else { return targets };
    let parties = incident.parties(list);
    let numbers: BTreeSet<Option<usize>> =
        targets.into_iter().map(|target| target.and_then(|word| parties.number(&word))).collect();
    numbers.into_iter().map(|number| number.map(|number| number.to_string())).collect()
}

/// Whether this incident still decides about a clock: not one that goes on elsewhere, and once it was merged
/// into another, no new one.
fn is_for_this(incident: &Incident, key: &ClockKey) -> bool {
    let relations = &incident.relations;
    !relations.moved.contains_key(key) && (relations.merged_into.is_none() || incident.clocks.contains_key(key))
}

/// A limit that would run if the opening question were answered with yes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WouldBe {
    /// The limit; the house's target where the law gives no number.
    pub until: Option<Instant>,
    /// Which clock it would be.
    pub clock: ClockKey,
    /// Where the law says it.
    pub cite: String,
    /// What is to be done.
    pub title: String,
    /// Whether the law gives the number; otherwise `until` is the house's own target.
    pub in_law: bool,
}

/// What would run if somebody said now that this may be a breach, the nearest limit first. Empty
/// once the opening question is answered. It tells people how urgent the question is.
pub fn if_a_breach(incident: &Incident, moment: &Moment<'_>) -> Vec<WouldBe> {
    let opening = "breach.suspected";
    let is_answered = |organisation| incident.book.standing_for(organisation, opening).value().is_some();
    if incident.opened.organisations.keys().all(is_answered) {
        return Vec::new();
    }
    let mut supposed = incident.clone();
    supposed.book.record(Claim::of(opening, Some(Value::YesNo(true)), Claimant::Policy("supposed".into()), moment.now));
    let mut would_be: Vec<WouldBe> = reassess(&supposed, moment, "supposed")
        .into_iter()
        .filter_map(|event| match event {
            Event::ClockSet { clock, law, .. } if matches!(law.mode, Mode::Live | Mode::Straddle) => Some(WouldBe {
                until: law.until(),
                clock,
                cite: law.cite.clone(),
                title: law.title.clone(),
                in_law: law.limit().is_some(),
            }),
            _ => None,
        })
        .collect();
    would_be.sort_by_key(|limit| (limit.until.is_none(), limit.until, limit.clock.clone()));
    would_be
}

pub(super) fn packs<'a>(moment: &Moment<'a>) -> impl Iterator<Item = &'a Pack> {
    let house = moment.house;
    moment.rulebook.enabled(&house.with_packs).filter(|pack| !house.without_packs.contains(&pack.head.id))
}

/// What one organisation is judged by: the incident's facts, its profile, and what it has met.
pub fn sight_of<'a>(
    incident: &'a Incident,
    organisation: &'a OrganisationId,
    profile: &'a Book,
    rulebook: &'a Rulebook,
) -> Sight<'a> {
    sight_in(incident, &incident.book, organisation, profile, rulebook)
}

/// The same with other facts than all of the incident's.
pub(super) fn sight_in<'a>(
    incident: &'a Incident,
    book: &'a Book,
    organisation: &'a OrganisationId,
    profile: &'a Book,
    rulebook: &'a Rulebook,
) -> Sight<'a> {
    let met: BTreeMap<&DutyId, Instant> = incident
        .clocks
        .iter()
        .filter(|(key, _)| key.organisation == *organisation && !key.is_further())
        .filter_map(|(key, clock)| clock.met.as_ref().map(|evidence| (&key.duty, evidence.filed_at)))
        .collect();
    Sight::new(&rulebook.vocabulary, book).of_organisation(organisation, profile).with_met(met)
}

/// When it becomes known for whom a duty has a clock each, those clocks replace the one that stood
/// for all; a clock whose target is named no longer stays until a person ends it.
/// A clock that stood for a whole country makes way for those of its parts, once they are named and set.
fn replace_wholes(incident: &Incident, whole: &ClockKey, keys: &[ClockKey], duty: &Duty, events: &mut Vec<Event>) {
    let open = |key: &ClockKey| incident.clocks.get(key).is_some_and(|clock| clock.standing.is_open());
    let of_duty = incident.clocks.keys().filter(|key| key.duty == whole.duty && key.organisation == whole.organisation);
    for country in of_duty.filter(|key| open(key) && !keys.contains(key)) {
        let Some(code) = country.target.as_deref() else { continue };
        let is_part = |key: &&ClockKey| key.target.as_deref().is_some_and(|target| is_part_of(target, code));
        let parts: Vec<&str> = keys.iter().filter(is_part).filter_map(|key| key.target.as_deref()).collect();
        if !parts.is_empty() && keys.iter().filter(is_part).all(|key| is_set(incident, key, events)) {
            events.push(Event::NothingOwed {
                clock: country.clone(),
                ground: format!("replaced by a clock for each: {}", parts.join(", ")),
                cite: duty.text.cite.clone(),
                by: BTreeSet::new(),
                reasons: Vec::new(),
            });
        }
    }
}

fn is_part_of(target: &str, country: &str) -> bool {
    target.strip_prefix(country).is_some_and(|rest| rest.starts_with('-'))
}

fn is_set(incident: &Incident, key: &ClockKey, events: &[Event]) -> bool {
    let set_now = events.iter().any(|event| matches!(event, Event::ClockSet { clock, .. } if clock == key));
    set_now || incident.clocks.contains_key(key)
}

fn replace_others(incident: &Incident, whole: &ClockKey, keys: &[ClockKey], duty: &Duty, events: &mut Vec<Event>) {
    let stands_for_all = incident.clocks.get(whole).is_some_and(|clock| clock.standing.is_open());
    // Where a product's word both names a target and lifts the duty towards it, no clock was set: then nothing takes its place.
    if !stands_for_all || keys.contains(whole) {
        return;
    }
    let set_now: BTreeSet<&ClockKey> = events
        .iter()
        .filter_map(|event| match event {
            Event::ClockSet { clock, .. } => Some(clock),
            _ => None,
        })
        .collect();
    if !keys.iter().all(|key| set_now.contains(key) || incident.clocks.contains_key(key)) {
        return;
    }
    let names: Vec<&str> = keys.iter().filter_map(|key| key.target.as_deref()).collect();
    let each = match (&duty.text.each, names.as_slice()) {
        (Some(Each::Listed(list)), names) => format!("the {} of {list}", names.len()),
        (_, names) => names.join(", "),
    };
    events.push(Event::NothingOwed {
        clock: whole.clone(),
        ground: format!("replaced by a clock for each: {each}"),
        cite: duty.text.cite.clone(),
        by: BTreeSet::new(),
        reasons: Vec::new(),
    });
}

fn settle(
    incident: &Incident,
    key: ClockKey,
    target: Option<&str>,
    found: &Strictest<'_>,
    moment: &Moment<'_>,
    because: &str,
    events: &mut Vec<Event>,
) {
    let clock = incident.clocks.get(&key);
    let assessment = &found.assessment;
    match assessment.owed {
        Owed::NotBound | Owed::NotOwed => end(incident, key, clock, found, moment, events),
        Owed::Open | Owed::Owed => {
            let Some(law) = law_of(assessment, target).map(Arc::new) else { return };
            let stays = |clock: &Clock| match clock.standing {
                // What is asked of each place is asked again when another is named, or a word is taken back.
                Standing::Met => law.about.is_empty(),
                // Void on these very facts by a person's word; void by other facts, it runs again.
                Standing::Void => clock.law == law && incident.nothing_owed.get(&key).is_some_and(|why| why.determined),
                // Set anew on the same law when products take back that nothing is owed.
                Standing::Provisional | Standing::Running | Standing::Missed => clock.law == law && clock.end_suggested.is_none(),
            };
            // A merge by itself moves no limit back; a hold, or what people say of the whole, may.
            let must_not_move = |clock: &Clock| {
                clock.standing.is_open()
                    && clock.holds.is_empty()
                    && clock.law.due() < law.due()
                    && (found.lifted_by_products || is_as_merged(incident))
            };
            match clock {
                Some(clock) if stays(clock) || must_not_move(clock) => {}
                Some(clock) => {
                    let moved = Clock { law: Arc::clone(&law), ..clock.clone() };
                    let rearm = rearmed(incident, &key, &clock.handled, &moved, moment);
                    events.push(Event::ClockSet { clock: key, law, because: Some(because.to_owned()), rearm });
                }
                None => {
                    events.push(Event::ClockSet { clock: key, law, because: None, rearm: BTreeSet::new() });
                }
            }
        }
    }
}

/// The limit of a duty as if its clock began at another instant.
fn counted_from(
    incident: &Incident,
    organisation: &OrganisationId,
    (duty, pack): (&Duty, &Pack),
    target: Option<&str>,
    (at, holds): (Instant, &[Hold]),
    moment: &Moment<'_>,
) -> Option<Term> {
    let profile = incident.opened.organisations.get(organisation)?;
    let mut supposed = incident.clone();
    for fact in &duty.text.start.facts {
        supposed.book.record(Claim {
            settles: true,
            organisations: BTreeSet::from([organisation.clone()]),
            ..Claim::of(fact.clone(), Some(Value::Instant(at)), Claimant::Person("supposed".into()), moment.now)
        });
    }
    let books = Books::of(&supposed);
    let sightings = books.sights(&supposed, organisation, &profile.claims, moment.rulebook);
    let groups = groups(duty, target, &sightings);
    let found = strictest(duty, pack, moment.rulebook, &sightings, &groups, (profile.zone, holds));
    found.assessment.deadlines.as_ref().map(|reckoning| reckoning.recorded().operational)
}

/// The clock for people found since a duty to tell them was met.
fn settle_rest(
    incident: &Incident,
    rest: &Rest,
    target: Option<&str>,
    (found, later): (&Strictest<'_>, Option<Term>),
    moment: &Moment<'_>,
    because: &str,
    events: &mut Vec<Event>,
) {
    let (key, clock) = (rest.clock.clone(), incident.clocks.get(&rest.clock));
    if !is_for_this(incident, &key) {
        return;
    }
    let open = clock.is_some_and(|clock| clock.standing.is_open());
    if matches!(found.assessment.owed, Owed::NotBound | Owed::NotOwed) {
        if open {
            end(incident, key, clock, found, moment, events);
        }
        return;
    }
    if rest.since.is_none() {
        let ground = format!("no more people are on record than the {} who were told", rest.told);
        let text = &found.assessment.duty.text;
        let counted = text.tells.as_ref().map(|tells| incident.book.standing(tells.as_str()));
        let by = match counted {
            Some(FactStanding::Known(_, claim)) if claim.by.rank() > Rank::Product => Some(claim.by.name().to_owned()),
            _ => None,
        };
        if open && let Some(by) = by {
            let (cite, by) = (text.cite.clone(), BTreeSet::from([by]));
            events.push(Event::NothingOwed { clock: key, ground, cite, by, reasons: Vec::new() });
        } else if open && clock.is_some_and(|clock| clock.end_suggested.as_ref() != Some(&ground)) {
            events.push(Event::EndSuggested { clock: key, ground });
        }
        return;
    }
    let Some(mut law) = law_of(&found.assessment, target) else { return };
    law.title = format!("{} (those found since)", law.title);
    let (told, known) = (rest.told, rest.known);
    law.reasons.insert(0, format!("{told} people were told and {known} are on record: {} are still to be told", known - told));
    law.remarks.push("counted as for the people who were told first, which is the stricter reading".into());
    let given = law.deadlines.outer.as_ref().and_then(|term| term.at).or(law.deadlines.operational.at);
    if let Some(later) = later.filter(|later| given.is_some() && later.at > given) {
        let says = format!("counted from when more people were found: {}", later.says);
        law.deadlines.outer = Some(Term { says, ..later });
    }
    let law = Arc::new(law);
    let determined = incident.nothing_owed.get(&key).is_some_and(|why| why.determined);
    match clock {
        Some(clock) if clock.law == law && clock.end_suggested.is_none() && (open || determined) => {}
        Some(clock) => {
            let moved = Clock { law: Arc::clone(&law), ..clock.clone() };
            let rearm = rearmed(incident, &key, &clock.handled, &moved, moment);
            events.push(Event::ClockSet { clock: key, law, because: Some(because.to_owned()), rearm });
        }
        None => events.push(Event::ClockSet { clock: key, law, because: None, rearm: BTreeSet::new() }),
    }
}

/// A clock ends, or is recorded as not owed, on the word of people; a product's word only suggests it.
fn end(
    incident: &Incident,
    key: ClockKey,
    clock: Option<&Clock>,
    found: &Strictest<'_>,
    moment: &Moment<'_>,
    events: &mut Vec<Event>,
) {
    let assessment = &found.assessment;
    let Some((ground, cite)) = assessment.ground() else { return };
    let by = assessment.decided_by();
    let runs = clock.is_some_and(|clock| clock.standing.is_open());
    // The house's own clocks are no duty in law: they are met when what they ask for is there.
    if runs && clock.is_some_and(|clock| clock.law.mode == Mode::Policy) {
        let by = by.into_iter().collect::<Vec<_>>().join(", ");
        let evidence = Evidence {
            by,
            what: "what it asked for was given".into(),
            filed_at: moment.now,
            reference: None,
            told: None,
            known_then: None,
        };
        events.push(Event::Met { clock: key, evidence });
        return;
    }
    // Nor does a merge by itself end one: what was said of one incident was not said of the other.
    if runs && (!found.ended_by_people || is_as_merged(incident)) {
        if clock.and_then(|clock| clock.end_suggested.as_ref()) != Some(&ground) {
            events.push(Event::EndSuggested { clock: key, ground });
        }
        return;
    }
    let told_before = incident.nothing_owed.get(&key).is_some_and(|before| before.ground == ground && before.by == by);
    let closed = clock.is_some_and(|clock| !clock.standing.is_open());
    let worth_recording = assessment.owed == Owed::NotOwed && found.ended_by_people;
    if runs || (worth_recording && !told_before && !closed) {
        let reasons = assessment.reasons();
        events.push(Event::NothingOwed { clock: key, ground, cite, by, reasons });
    }
}

fn law_of(assessment: &Assessment<'_>, target: Option<&str>) -> Option<ClockLaw> {
    let text = &assessment.duty.text;
    let names: Vec<String> = assessment.about.iter().map(|(_, name)| name.clone()).collect();
    let listed = match &text.each {
        Some(Each::Listed(list)) => Some(list.clone()),
        _ => None,
    };
    let title = if names.is_empty() { text.title.clone() } else { format!("Ask counsel about {}", in_a_row(&names, NAMED)) };
    Some(ClockLaw {
        title,
        asks: text.asks.clone(),
        addressee: match (target, &listed) {
            (Some(number), Some(list)) => format!("{}: no. {number} of {list}", text.addressee),
            (Some(target), None) => format!("{}: {target}", text.addressee),
            (None, _) => text.addressee.clone(),
        },
        cite: text.cite.clone(),
        verification: text.verification,
        edition: assessment.edition.map(str::to_owned),
        pack: assessment.duty.pack.clone(),
        provisional: assessment.owed == Owed::Open || !assessment.start.settled,
        mode: assessment.mode,
        start: assessment.start.recorded(),
        deadlines: assessment.deadlines.as_ref()?.recorded(),
        missing: assessment.missing.iter().copied().cloned().collect(),
        reasons: assessment.reasons(),
        remarks: assessment.remarks.clone(),
        about: assessment.about.iter().map(|(subject, _)| subject.clone()).collect(),
        listed,
    })
}

/// Drafts the notices of open clocks and records those that changed.
pub fn redraft(incident: &Incident, moment: &Moment<'_>) -> Vec<Event> {
    let mut events = Vec::new();
    let mut books: BTreeMap<&OrganisationId, Book> = BTreeMap::new();
    let mut lists: BTreeSet<(&DutyId, &OrganisationId)> = BTreeSet::new();
    for (key, clock) in &incident.clocks {
        let Some((_, duty)) = moment.rulebook.duty(&key.duty) else { continue };
        if !clock.standing.is_open() || duty.template.is_none() {
            continue;
        }
        // Those of a list get the same letter: the first still to be told stands for the others, whose own `notice show` renders.
        let same_list = key.target.is_some() && clock.law.listed.is_some();
        if same_list && !lists.insert((&key.duty, &key.organisation)) {
            continue;
        }
        let book = books.entry(&key.organisation).or_insert_with(|| incident.whole_book(&key.organisation));
        // A template that passed its lint drafts on any facts; one that does not leaves the clock without a draft, and
        // `notice show` says why.
        if let Some(Ok(drafted)) = draft_from(incident, key, clock, duty, book, moment.rulebook) {
            let draft = Draft { digest: drafted.digest.clone(), gaps: drafted.holes().map(|(_, gap)| gap.in_words()).collect() };
            if clock.draft.as_ref() != Some(&draft) {
                events.push(Event::Drafted { clock: key.clone(), draft });
            }
        }
    }
    events
}

impl Incident {
    /// The draft of a clock's notice as the facts stand; `None` if the duty has no template.
    pub fn draft(&self, key: &ClockKey, rulebook: &Rulebook) -> Option<Result<notices::Draft, notices::TemplateFault>> {
        let clock = self.clocks.get(key)?;
        let (_, duty) = rulebook.duty(&key.duty)?;
        draft_from(self, key, clock, duty, &self.whole_book(&key.organisation), rulebook)
    }

    /// The incident's facts as the organisation reads them, and its profile, in one book.
    fn whole_book(&self, organisation: &OrganisationId) -> Book {
        let said = self.book.read_for(organisation);
        let mut book = said.clone();
        for claim in self.opened.organisations.get(organisation).into_iter().flat_map(|profile| profile.claims.claims()) {
            if said.standing(claim.key.as_str()) == crate::domain::facts::Standing::Unknown {
                book.record(claim.clone());
            }
        }
        book
    }
}

fn draft_from(
    incident: &Incident,
    key: &ClockKey,
    clock: &Clock,
    duty: &Duty,
    book: &Book,
    rulebook: &Rulebook,
) -> Option<Result<notices::Draft, notices::TemplateFault>> {
    let template = duty.template.as_ref()?;
    let profile = incident.opened.organisations.get(&key.organisation)?;
    let term = &clock.law.deadlines.operational;
    let contact = |fact: &str| book.standing(fact).value().map(ToString::to_string);
    let shadow = clock.law.mode == Mode::Shadow;
    let of = match &duty.text.each {
        Some(Each::Of(fact) | Each::Listed(fact)) => Some(fact),
        Some(Each::Cohort {} | Each::Place(_)) | None => None,
    };
    let party = incident.party_of(key, clock);
    let addressee = party.as_deref().map_or_else(|| clock.law.addressee.clone(), str::to_owned);
    let meta = notices::DraftMeta {
        title: duty.text.title.clone(),
        lang: "en".into(),
        incident: incident.id.clone(),
        duty: key.duty.clone(),
        organisation: notices::Organisation {
            name: contact("organisation.name").unwrap_or_else(|| profile.name.clone()),
            address: contact("organisation.address"),
        },
        contact: notices::Contact {
            name: contact("contact.name"),
            role: contact("contact.role"),
            email: contact("contact.email"),
            phone: contact("contact.phone"),
            address: contact("contact.address"),
            web: contact("contact.web"),
        },
        addressee: Some(addressee).filter(|_| key.target.is_some() || of.is_none()),
        addressee_fact: of.cloned(),
        late: incident
            .clocks
            .iter()
            .any(|(other, clock)| other.organisation == key.organisation && clock.law.pack == duty.pack && clock.is_late()),
        zone: term.zone,
        due: Some(due_in_words(clock, term.zone)),
        held: clock.last_hold().map(|(held, until)| held_in_words(&held.statement.rule, until, term.zone)),
        derivation: term.derivation.steps.iter().map(|step| format!("{}: {}", step.text, step.result)).collect(),
        not_covered: bordering::not_covered(incident, &key.organisation),
        answer_for: (incident.opened.organisations.len() > 1).then(|| key.organisation.clone()),
        not_in_force_until: duty.text.force.from.filter(|_| shadow).map(|from| from.format("%-d %B %Y").to_string()),
    };
    let sight = notices::Sight::of(book, &rulebook.vocabulary);
    Some(notices::draft(template, &duty.text.contents, &sight, &meta))
}

fn due_in_words(clock: &Clock, zone: Zone) -> String {
    clock.law.limit().map_or_else(|| "without delay".to_owned(), |limit| zone.in_words(limit))
}

/// A draft knows no present: it names the last hold even when that is over.
fn held_in_words(rule: &str, until: Option<Instant>, zone: Zone) -> String {
    until.map_or_else(
        || format!("{rule}: no end was stated; do not send before it is released"),
        |until| format!("{rule}: do not send before {}", zone.in_words(until)),
    )
}
