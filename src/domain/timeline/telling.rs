//! What one event says, in sentences.

use super::deliveries::addressee;
use super::said::{Said, claimant, value};
use super::{Entry, Filing, Kind, Limit};
use crate::domain::facts::Claim;
use crate::domain::incident::{Clock, ClockKey, ClockLaw, Event, Evidence, Incident, Received, Word};
use crate::domain::instant::{Duration, Instant, Zone, length_in_words};
use crate::domain::law::Mode;
use crate::domain::loaded::short;
use std::collections::BTreeSet;

/// A rung that rang later than this after it was due says so.
const PROMPT: Duration = Duration::minutes(1);

/// An event is told by what was known just before it.
pub struct Teller<'a> {
    /// The incident before the event.
    pub incident: &'a Incident,
    /// The zone of the timeline.
    pub zone: Zone,
    /// When the event was recorded.
    pub at: Instant,
}

/// The line that opens the timeline.
pub fn opened(incident: &Incident) -> Entry {
    let opened = &incident.opened;
    let what = format!("opened by a report of {} ({}): {}", opened.source, opened.external_id, opened.title);
    let mut details = vec![format!("the sender calls it {}; kind: {}", opened.severity, opened.kind)];
    for (id, profile) in &opened.organisations {
        details.push(format!("concerns {} ({id}), zone {}", profile.name, profile.zone.name()));
        let facts = profile.claims.claims().filter(|claim| !claim.key.as_str().starts_with("contact."));
        details.extend(facts.map(|claim| format!("{id}: {}: {}", claim.key, value(claim.value.as_ref(), profile.zone))));
    }
    Entry { details, ..Entry::new(incident.opened_at, Kind::Opened, what) }
}

impl Teller<'_> {
    /// The lines of an event; none for what is only housekeeping.
    pub fn tell(&self, event: &Event) -> Vec<Entry> {
        match event {
            Event::Opened(_) | Event::NothingDue {} => Vec::new(),
            Event::Received(received) => vec![self.received(received)],
            Event::Claimed { claims, .. } => self.claimed(claims),
            Event::RulesPinned { packs } => vec![self.pinned(packs.iter().map(|(id, digest)| (id.to_string(), digest.as_str())))],
            Event::BorderFound { organisation, uncovered } => {
                let name = self.incident.opened.organisations.get(organisation).map_or(organisation.as_str(), |of| &of.name);
                let what = match uncovered.is_empty() {
                    true => format!("every place and regime of {name} is covered by a pack"),
                    false => format!("not covered by any pack in use, for {name}"),
                };
                let details = uncovered.iter().map(ToString::to_string).collect();
                vec![Entry { details, ..Entry::new(self.at, Kind::Law, what) }]
            }
            Event::ClockSet { clock, law, because, rearm } => {
                let mut entry = self.clock_set(clock, law, because.as_deref());
                if !rearm.is_empty() {
                    let rungs: Vec<&str> = rearm.iter().map(String::as_str).collect();
                    entry.details.push(format!("rings again: {}", rungs.join(", ")));
                }
                vec![entry]
            }
            Event::NothingOwed { clock, ground, cite, by, reasons } => {
                let by = (!by.is_empty()).then(|| by.iter().cloned().collect::<Vec<_>>().join(", "));
                let ended = if self.is_open(clock) { "ended, nothing is owed" } else { "nothing is owed" };
                let entry = self.of_clock(clock, Kind::NotOwed, ended);
                vec![Entry { by, ground: Some(format!("{ground} ({cite})")), reasons: reasons.clone(), ..entry }]
            }
            Event::EndSuggested { clock, ground } => {
                let what = "products say that nothing is owed, which ends no clock";
                vec![Entry { details: vec![ground.clone()], ..self.of_clock(clock, Kind::Suggested, what) }]
            }
            Event::RiskSuggested(suggestion) => {
                let entry = self.entry(Kind::Suggested, "a score suggests a risk; it decides nothing");
                vec![Entry { details: vec![suggestion.in_words()], ..entry }]
            }
            Event::Determined { clock, by, ground, cite } => {
                let entry = self.of_clock(clock, Kind::NotOwed, "determined that nothing is owed");
                vec![Entry { by: Some(by.clone()), ground: Some(format!("{ground} ({cite})")), ..entry }]
            }
            Event::Drafted { clock, draft } => {
                let gaps = match draft.gaps.len() {
                    0 => "nothing is missing".to_owned(),
                    1 => "1 element is missing".to_owned(),
                    count => format!("{count} elements are missing"),
                };
                let digest = draft.digest.strip_prefix("sha256:").unwrap_or(&draft.digest);
                let entry = self.of_clock(clock, Kind::Drafted, "notices were drafted");
                let about = vec![format!("{}: {gaps} (sha256 {})", self.what(clock), short(digest))];
                vec![Entry { about, ..entry }]
            }
            Event::Expired { clock, due_at } => {
                let details = vec![format!("the limit was {}", self.zone_of(clock).in_words(*due_at))];
                vec![Entry { details, ..self.of_clock(clock, Kind::Late, "the limit passed and the duty was not met") }]
            }
            Event::Met { clock, evidence } => {
                vec![self.filed(clock, evidence, "met")]
            }
            Event::Filed { clock, evidence } => {
                let open = if self.is_open(clock) { "filed, the clock goes on" } else { "filed further" };
                vec![self.filed(clock, evidence, open)]
            }
            Event::Reopened { clock, by, because } => {
                let entry =
                    self.of_clock(clock, Kind::Clock, "took back what had ended the clock; it runs as if that had not been said");
                let was = self.incident.clocks.get(clock).and_then(|clock| clock.met.as_ref());
                let details = was.map(|met| format!("taken back: met: {}", met.what)).into_iter().collect();
                vec![Entry { by: Some(by.clone()), ground: Some(because.clone()), details, ..entry }]
            }
            Event::Although { clock, by, because, against } => {
                let what = "says what follows although facts on record speak against it";
                let entry =
                    clock.as_ref().map_or_else(|| self.entry(Kind::Said, what), |clock| self.of_clock(clock, Kind::Said, what));
                vec![Entry { by: Some(by.clone()), ground: Some(because.clone()), details: against.clone(), ..entry }]
            }
            Event::Held { .. } | Event::Released { .. } => self.hold(event),
            Event::RungFell { .. } | Event::RungsSkipped { .. } | Event::Tracked { .. } => self.rang(event),
            Event::Acknowledged { .. }
            | Event::HandedOver { .. }
            | Event::Silenced { .. }
            | Event::SilenceEnded { .. }
            | Event::LeaseEnded { .. } => self.owned(event),
            Event::TookIn { .. }
            | Event::MergedInto { .. }
            | Event::ClockMoved { .. }
            | Event::SplitFrom { .. }
            | Event::SplitOff { .. } => self.reunited(event),
            // Told by `Deliveries`.
            Event::DeliveryStarted { .. }
            | Event::DeliveryEnded { .. }
            | Event::DeliveryHeld { .. }
            | Event::Redelivered { .. }
            | Event::DeliveryDropped { .. }
            | Event::FellBack { .. } => Vec::new(),
        }
    }

    /// What an event files, if it does.
    pub fn filing(&self, event: &Event) -> Option<Filing> {
        let (Event::Met { clock, evidence } | Event::Filed { clock, evidence }) = event else { return None };
        let (at, evidence) = (self.at, evidence.clone());
        let to = self.party(clock).map(|party| format!(", to {party}")).unwrap_or_default();
        Some(Filing { clock: clock.public(&self.incident.id), duty: format!("{}{to}", self.what(clock)), at, evidence })
    }

    /// Who it is of a list that a clock is about.
    fn party(&self, key: &ClockKey) -> Option<String> {
        self.incident.clocks.get(key).and_then(|clock| self.incident.party_of(key, clock))
    }

    /// What a clock is about: what is to be done, towards whom, by whom where several are concerned, and the provision.
    pub fn what(&self, key: &ClockKey) -> String {
        match self.incident.clocks.get(key) {
            Some(clock) => self.what_of(key, &clock.law),
            None => key.to_string(),
        }
    }

    fn what_of(&self, key: &ClockKey, law: &ClockLaw) -> String {
        let no = if law.listed.is_some() { "no. " } else { "" };
        let towards = key.target.as_ref().map(|target| format!(", {no}{target}")).unwrap_or_default();
        let several = self.incident.opened.organisations.len() > 1;
        let by = if several { format!(", by {}", key.organisation) } else { String::new() };
        format!("{}{towards}{by} ({})", law.title, law.cite)
    }

    fn zone_of(&self, key: &ClockKey) -> Zone {
        self.incident.clocks.get(key).map_or(self.zone, |clock| clock.law.deadlines.operational.zone)
    }

    fn is_open(&self, key: &ClockKey) -> bool {
        self.incident.clocks.get(key).is_some_and(|clock| clock.standing.is_open())
    }

    fn entry(&self, kind: Kind, what: impl Into<String>) -> Entry {
        Entry::new(self.at, kind, what)
    }

    fn of_clock(&self, clock: &ClockKey, kind: Kind, what: impl Into<String>) -> Entry {
        let (about, clocks) = (vec![self.what(clock)], vec![clock.public(&self.incident.id)]);
        Entry { about, clocks, ..self.entry(kind, what) }
    }

    fn received(&self, received: &Received) -> Entry {
        let mut details = Vec::new();
        let mut add = |label: &str, text: Option<String>| details.extend(text.map(|text| format!("{label}{text}")));
        add("its title: ", received.title.clone());
        add("its id there: ", received.external_id.clone());
        add("account: ", received.tenant.clone());
        add("version made ", received.version.map(|at| self.zone.in_words(at)));
        add("came in ", received.came_at.map(|at| self.zone.in_words(at)));
        add("joined this incident by rule: ", received.joined.clone());
        add("the sender calls it ", received.status.clone().map(|status| format!("`{status}`; that stops no clock")));
        add("sha256 ", (!received.sha256.is_empty()).then(|| received.sha256.clone()));
        if received.late {
            details.push("late: a newer version had come before, so it overwrites nothing".into());
        }
        details.extend(received.remarks.iter().map(|remark| format!("remark: {remark}")));
        details.extend(received.hints.iter().map(|hint| format!("hint, which claims nothing: {}", hint.in_words())));
        let number = self.incident.messages.len() + 1;
        let what = format!("message {number} from {} (update {})", received.source, received.update_id);
        Entry { details, ..self.entry(Kind::Message, what) }
    }

    /// One line for each who spoke, with the ground they gave for all of it.
    fn claimed(&self, claims: &[Claim]) -> Vec<Entry> {
        let said = |claim: &Claim| Said::of(claim, &self.incident.book, self.zone);
        let mut entries: Vec<Entry> = Vec::new();
        for of_one in claims.chunk_by(|a, b| a.by == b.by && a.ground == b.ground) {
            let Some(first) = of_one.first() else { continue };
            let (news, again): (Vec<Said>, Vec<Said>) = of_one.iter().map(said).partition(|said| !said.is_no_news());
            let by = claimant(&first.by);
            let what = if news.is_empty() { format!("{by} says what was said before") } else { format!("{by} says") };
            let keys: BTreeSet<&str> = again.iter().map(|said| said.key.as_str()).collect();
            let details = match keys.is_empty() {
                true => Vec::new(),
                false => vec![format!("as before: {}", keys.into_iter().collect::<Vec<_>>().join(", "))],
            };
            let entry = self.entry(Kind::Said, what);
            entries.push(Entry { by: Some(by), ground: first.ground.clone(), facts: news, details, ..entry });
        }
        entries
    }

    fn pinned<'p>(&self, packs: impl Iterator<Item = (String, &'p str)>) -> Entry {
        let before = &self.incident.packs;
        let is: Vec<(String, &str)> = packs.collect();
        let gone = before.keys().filter(|id| !is.iter().any(|(pack, _)| pack == id.as_str()));
        let gone: Vec<String> = gone.map(|id| format!("{id}: no longer")).collect();
        let changed = is.iter().filter_map(|(id, digest)| {
            let was = before.get(id.as_str()).map(String::as_str);
            match was {
                Some(was) if was == *digest => None,
                Some(was) => Some(format!("{id}: sha256 {}, was {}", short(digest), short(was))),
                None => Some(format!("{id}: sha256 {}", short(digest))),
            }
        });
        let details: Vec<String> = changed.chain(gone).collect();
        let what = match before.is_empty() {
            true => format!("held against the law of {} packs", is.len()),
            false => "held against other law than before".to_owned(),
        };
        Entry { details, ..self.entry(Kind::Law, what) }
    }

    fn clock_set(&self, key: &ClockKey, law: &ClockLaw, because: Option<&str>) -> Entry {
        let zone = law.deadlines.operational.zone;
        let before = self.incident.clocks.get(key);
        let (was, is) = (before.and_then(|clock| clock.law.limit()), law.limit());
        let provisional = if law.provisional { ", provisional: facts are missing" } else { "" };
        let until = is.map_or_else(|| "without delay".to_owned(), |limit| format!("due {}", zone.in_words(limit)));
        let what = match before {
            None => "a clock was set".to_owned(),
            Some(clock) if !clock.standing.is_open() => "a clock runs again".to_owned(),
            Some(_) if was != is => format!("the limit moved{}", shift(was, is)),
            Some(clock) if clock.law.provisional && !law.provisional => "it is owed".to_owned(),
            Some(clock) if !clock.law.provisional && law.provisional => "it is provisional again".to_owned(),
            Some(_) => "weighed anew, the limit stays".to_owned(),
        };
        let mut details = vec![format!("{until}{provisional}")];
        if was != is && before.is_some() {
            details.push(was.map_or_else(|| "was without delay".into(), |was| format!("was due {}", zone.in_words(was))));
        }
        details.extend(because.map(|because| format!("because: {because}")));
        details.extend(self.particulars(before, law));
        let limit = (before.is_none() || was != is).then_some(Limit { from: was, to: is });
        let steps = law.deadlines.operational.derivation.steps.iter().map(|step| format!("{}: {}", step.text, step.result));
        let reasons = law.reasons.iter().cloned().chain(steps).collect();
        let entry = self.of_clock(key, Kind::Clock, what);
        Entry { details, limit, reasons, about: vec![self.what_of(key, law)], ..entry }
    }

    /// What is new of a clock beside its limit: start, steps, the other dates, what is missing, how well it was checked.
    fn particulars(&self, before: Option<&Clock>, law: &ClockLaw) -> Vec<String> {
        let zone = law.deadlines.operational.zone;
        let was = before.map(|clock| &*clock.law);
        let mut lines = Vec::new();
        if was.is_none_or(|was| was.start != law.start) {
            let from = law.start.from.as_ref().map_or_else(|| "no fact gives it".to_owned(), |fact| format!("from {fact}"));
            let settled = if law.start.settled { "" } else { ", the earliest candidate" };
            lines.push(format!("starts {} ({from}{settled}): {}", zone.in_words(law.start.at), law.start.event));
        }
        let reading = |law: &ClockLaw| (law.deadlines.operational.says.clone(), law.deadlines.operational.at);
        if was.is_none_or(|was| reading(was) != reading(law)) {
            let term = &law.deadlines.operational;
            lines.push(format!("{} ({}; {})", term.says, term.cite, term.verification.words()));
            lines.extend(term.derivation.assumptions.iter().map(|assumed| format!("assumed: {assumed}")));
        }
        for (label, is, before) in [
            ("arguably later: ", &law.deadlines.outer, was.and_then(|was| was.deadlines.outer.as_ref())),
            ("the house's target: ", &law.deadlines.target, was.and_then(|was| was.deadlines.target.as_ref())),
        ] {
            match is {
                Some(term) if before.and_then(|before| before.at) != term.at => {
                    let at = term.at.map_or_else(|| "no number".to_owned(), |at| zone.in_words(at));
                    lines.push(format!("{label}{at}: {} ({})", term.says, term.cite));
                }
                None if before.is_some() => lines.push(format!("{label}none any more")),
                _ => {}
            }
        }
        if was.is_none_or(|was| was.missing != law.missing) && !law.missing.is_empty() {
            let missing: Vec<&str> = law.missing.iter().map(|fact| fact.as_str()).collect();
            lines.push(format!("not answered: {}", missing.join(", ")));
        }
        if was.is_none_or(|was| was.mode != law.mode)
            && let Some(mode) = mode(law.mode)
        {
            lines.push(mode.to_owned());
        }
        let known = |remark: &&String| was.is_none_or(|was| !was.remarks.contains(remark));
        lines.extend(law.remarks.iter().filter(known).map(|remark| format!("remark: {remark}")));
        lines
    }

    fn filed(&self, key: &ClockKey, evidence: &Evidence, what: &str) -> Entry {
        let zone = self.zone_of(key);
        let due = self.incident.clocks.get(key).and_then(|clock| clock.law.limit());
        let how = match due {
            Some(due) if evidence.filed_at > due => format!(", {} after the limit", length_in_words(evidence.filed_at - due)),
            Some(due) => format!(", {} before the limit", length_in_words(due - evidence.filed_at)),
            None => String::new(),
        };
        let mut details = vec![evidence.what.clone(), format!("filed {}{how}", zone.in_words(evidence.filed_at))];
        details.extend(self.party(key).map(|party| format!("to {party}")));
        details.extend(evidence.told.map(|told| format!("{told} people were told")));
        details
            .extend(evidence.known_then.map(|known| format!("{known} people were on record then and had not been told before")));
        details.extend(evidence.reference.iter().map(|reference| format!("reference {reference}")));
        let by = (!evidence.by.is_empty()).then(|| evidence.by.clone());
        Entry { by, details, ..self.of_clock(key, Kind::Filed, what) }
    }

    fn hold(&self, event: &Event) -> Vec<Entry> {
        match event {
            Event::Held { clock, by, statement, lapses_after_days, .. } => {
                let zone = self.zone_of(clock);
                let until = match (statement.until, lapses_after_days) {
                    (Some(until), _) => format!("until {}", zone.in_words(until)),
                    (None, Some(days)) => format!("without an end; it lapses after {days} days"),
                    (None, None) => "without an end".to_owned(),
                };
                let details = vec![
                    format!("stated by {}, {}, {until}", statement.official, zone.in_words(statement.from)),
                    format!("hold {}", statement.rule),
                ];
                let entry = self.of_clock(clock, Kind::Hold, "a statement delays telling");
                vec![Entry { by: Some(by.clone()), ground: Some(statement.words.clone()), details, ..entry }]
            }
            Event::Released { clock, by, hold, at, ground } => {
                let what = format!("hold {hold} ends {}", self.zone_of(clock).in_words(*at));
                let entry = self.of_clock(clock, Kind::Hold, what);
                vec![Entry { by: Some(by.clone()), ground: Some(ground.clone()), ..entry }]
            }
            _ => Vec::new(),
        }
    }

    fn rang(&self, event: &Event) -> Vec<Entry> {
        match event {
            Event::RungFell { clock, rung, due_at, alerts } => {
                let late = self.at - *due_at;
                let late = if late > PROMPT { format!(", {} after it fell due", length_in_words(late)) } else { String::new() };
                let details: Vec<String> = match alerts.is_empty() {
                    true => vec!["nobody is to be told at this rung".to_owned()],
                    false => alerts.iter().map(|queued| format!("to {}", addressee(queued))).collect(),
                };
                let what = format!("rung `{rung}` rang{late}");
                vec![Entry { details, ..self.of_clock(clock, Kind::Rang, what) }]
            }
            Event::RungsSkipped { clock, rungs } => {
                let line = |skip: &crate::domain::incident::RungSkip| {
                    format!("`{}`, due {}: {}", skip.rung, self.zone.in_words(skip.due_at), skip.reason)
                };
                let details = rungs.iter().map(line).collect();
                vec![Entry { details, ..self.of_clock(clock, Kind::Rang, "rungs did not ring by themselves") }]
            }
            Event::Tracked { clock, alerts } => {
                let line =
                    |queued: &crate::domain::incident::AlertQueued| format!("{}: {}", queued.act.word(), addressee(queued));
                let what = "channels that keep an incident of their own are told";
                vec![Entry { details: alerts.iter().map(line).collect(), ..self.of_clock(clock, Kind::Rang, what) }]
            }
            _ => Vec::new(),
        }
    }

    fn owned(&self, event: &Event) -> Vec<Entry> {
        let for_team = |team: &Option<String>| team.as_ref().map(|team| format!(" for {team}")).unwrap_or_default();
        let words = |at: &Instant| self.zone.in_words(*at);
        let (clock, by, what, ground, details) = match event {
            Event::Acknowledged { clock, by, team, until, via } => {
                let what = format!("owns it{} until {}", for_team(team), words(until));
                (clock, Some(by.clone()), what, None, vec![format!("said by {via}")])
            }
            Event::HandedOver { clock, by, to, team, until, via, alerts } => {
                let what =
                    format!("handed it over to {to}{}; their own word ends {} at the latest", for_team(team), words(until));
                let told = alerts.iter().map(|queued| format!("to {}", addressee(queued)));
                (clock, Some(by.clone()), what, None, told.chain([format!("said by {via}")]).collect())
            }
            Event::Silenced { clock, by, reason, until, via } => {
                let what = format!("keeps it quiet until {}", words(until));
                (clock, Some(by.clone()), what, Some(reason.clone()), vec![format!("said by {via}")])
            }
            Event::SilenceEnded { clock, ended_at, by } => {
                let how = if by.is_some() { "ended the silence" } else { "the silence ended by itself" };
                (clock, by.clone(), format!("{how} {}", words(ended_at)), None, Vec::new())
            }
            Event::LeaseEnded { clock, team, ended_at } => {
                (clock, None, format!("the acknowledgement{} ended {}", for_team(team), words(ended_at)), None, Vec::new())
            }
            _ => return Vec::new(),
        };
        vec![Entry { by, ground, details, ..self.of_clock(clock, Kind::Owned, what) }]
    }

    fn reunited(&self, event: &Event) -> Vec<Entry> {
        let entry = |word: &Word, what: String| Entry {
            by: Some(word.by.clone()),
            ground: Some(word.because.clone()),
            ..self.entry(Kind::Reunited, what)
        };
        let numbers = |messages: &[u32]| messages.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        match event {
            Event::TookIn { word, inheritance } | Event::SplitFrom { word, inheritance, .. } => {
                let verb = if matches!(event, Event::TookIn { .. }) { "took in" } else { "is of messages of" };
                let what = format!(
                    "{verb} {}, with {} messages and {} claims",
                    inheritance.from,
                    inheritance.messages.len(),
                    inheritance.claims.len()
                );
                let facts = inheritance.claims.iter().map(|one| Said::of(&one.claim, &self.incident.book, self.zone)).collect();
                vec![Entry { facts, ..entry(word, what) }]
            }
            Event::MergedInto { into, word } => vec![entry(word, format!("goes on in {into}"))],
            Event::SplitOff { into, word, messages } => {
                vec![entry(word, format!("messages {} became {into}", numbers(messages)))]
            }
            Event::ClockMoved { clock, into } => {
                vec![self.of_clock(clock, Kind::Reunited, format!("goes on in {into}, no later"))]
            }
            _ => Vec::new(),
        }
    }
}

fn shift(from: Option<Instant>, to: Option<Instant>) -> String {
    match (from, to) {
        (Some(from), Some(to)) if to < from => format!(" {} EARLIER", length_in_words(from - to)),
        (Some(from), Some(to)) => format!(" {} later", length_in_words(to - from)),
        _ => String::new(),
    }
}

fn mode(mode: Mode) -> Option<&'static str> {
    match mode {
        Mode::Live => None,
        Mode::Straddle => Some("the law commences while the clock runs; treated as in force"),
        Mode::Shadow => Some("a rehearsal: this law is not in force yet"),
        Mode::Advisory => Some("advisory: a proposal or a voluntary scheme, no limit in law"),
        Mode::Policy => Some("the house's own rule, no limit in law"),
    }
}
