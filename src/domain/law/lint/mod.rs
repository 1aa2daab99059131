//! What a pack must not do, found before it is used and told all at once.

mod between;
mod calendars;
mod overlays;

use super::condition::{Condition, Words};
use super::fault::PackFault;
use super::load::Rulebook;
use super::pack::{Duty, Each, Pack, Status};
use super::sight::MET;
use crate::domain::facts::FactType;
use crate::domain::ids::{DutyId, FactKey};
use crate::domain::instant::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

/// Adds every fault of every pack of the book. Clocks that start `today` must find their holidays.
pub fn lint(book: &Rulebook, today: NaiveDate, faults: &mut Vec<PackFault>) {
    let ids: BTreeSet<&DutyId> = book.duties().map(|(_, duty)| &duty.text.id).collect();
    for pack in &book.packs {
        let head = format!("{}/pack.toml", pack.head.id);
        let mut place = Place { book, pack, file: &head, ids: &ids, faults };
        place.head();
        let mut seen = BTreeSet::new();
        for duty in &pack.duties {
            let mut place = Place { book, pack, file: &duty.file, ids: &ids, faults };
            place.duty(duty);
            place.calendars(duty, today);
            for overlay in &duty.overlays {
                let mut place = Place { book, pack, file: &overlay.file, ids: &ids, faults };
                if seen.insert(&overlay.file) {
                    place.overlay(overlay);
                }
                place.amendment(overlay, duty);
            }
        }
    }
    hints(book, faults);
    between::duplicates(book, faults);
    between::conflicts(book, faults);
    between::missing_cases(book, faults);
}

/// Hints that name what does not exist would never be shown.
fn hints(book: &Rulebook, faults: &mut Vec<PackFault>) {
    let sectors = match book.vocabulary.get("organisation.sectors").map(|entry| &entry.kind) {
        Some(FactType::AnyOf(words)) => words.iter().cloned().collect(),
        _ => BTreeSet::new(),
    };
    for says in book.hints.lint(book.vocabulary.places(), &sectors) {
        let hint = "places are those of places.toml, sectors those of `organisation.sectors` in facts.toml";
        faults.push(PackFault::of_file("hints", says).hint(hint));
    }
}

/// Reviews that are older than `max_age_days` on `today`; worth a warning, never a refusal.
pub fn stale_reviews(book: &Rulebook, today: NaiveDate, max_age_days: i64) -> Vec<PackFault> {
    let mut stale = Vec::new();
    let mut look = |what: &str, file: &str, reviewed: NaiveDate| {
        let age_days = (today - reviewed).num_days();
        if age_days > max_age_days {
            let text = format!("the {what} was last reviewed {age_days} days ago, on {reviewed}");
            stale.push(PackFault::of_file(file, text).hint("read it against its sources and set `reviewed`"));
        }
    };
    for pack in &book.packs {
        look("pack", &format!("{}/pack.toml", pack.head.id), pack.head.reviewed);
        let overlays: BTreeMap<&str, NaiveDate> =
            pack.duties.iter().flat_map(|duty| &duty.overlays).map(|overlay| (overlay.file.as_str(), overlay.reviewed)).collect();
        overlays.into_iter().for_each(|(file, reviewed)| look("overlay", file, reviewed));
    }
    stale
}

struct Place<'a> {
    book: &'a Rulebook,
    pack: &'a Pack,
    file: &'a str,
    ids: &'a BTreeSet<&'a DutyId>,
    faults: &'a mut Vec<PackFault>,
}

impl Place<'_> {
    fn fault(&mut self, word: &str, text: impl Into<String>, hint: impl Into<String>) {
        let source = self.book.sources.get(self.file).map_or("", String::as_str);
        self.faults.push(PackFault::at_word(self.file, source, word, text).hint(hint));
    }

    fn head(&mut self) {
        let head = &self.pack.head;
        let mut used = BTreeSet::new();
        let mut note = |condition: &Condition| {
            if let Condition::Term(id) = condition {
                used.insert(id.clone());
            }
        };
        for duty in &self.pack.duties {
            for condition in conditions(duty).chain(conditions_overlaid(duty)) {
                condition.walk(&mut |part| note(part));
            }
        }
        for term in &head.terms {
            term.when.walk(&mut |part| note(part));
        }
        self.covers();
        for term in &head.terms {
            self.cite(&term.cite);
            self.condition(&term.when);
            if refers_to_itself(self.pack, &term.id) {
                self.fault(&term.id, format!("the term `{}` is made of itself", term.id), "break the circle");
            }
            if !used.contains(&term.id) {
                self.fault(&term.id, format!("nothing uses the term `{}`", term.id), "use it or take it out");
            }
        }
    }

    /// What the pack declares that it covers must exist: places of the list, regimes of the hints.
    fn covers(&mut self) {
        let head = &self.pack.head;
        for word in &head.covers {
            let unknown = match word.strip_prefix('@') {
                Some(group) => (!head.groups.contains_key(group)).then(|| format!("no group `{group}` in this pack")),
                None => self.book.vocabulary.places().check(word).err().map(|fault| fault.to_string()),
            };
            unknown.into_iter().for_each(|says| self.fault(word, says, "`covers` lists ISO 3166 codes, or a group as `@name`"));
        }
        for id in head.regimes.iter().filter(|id| self.book.hints.regime(id).is_none()) {
            let hint = "name it in a file of `hints/`, with its sectors and what is known of it, so that it is missed when this pack is off";
            self.fault(id, format!("there is no regime `{id}`"), hint);
        }
    }

    fn duty(&mut self, duty: &Duty) {
        let text = &duty.text;
        let id = text.id.as_str();
        let formed = id.split('.').count() >= 2
            && id
                .split('.')
                .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'));
        if !formed {
            self.fault(id, format!("`{id}` is not a duty id"), "write <place>.<instrument>.<whom>, in small letters");
        }
        self.cite(&text.cite);
        for condition in conditions(duty) {
            self.condition(condition);
        }
        let mut seen = BTreeSet::new();
        for exception in &text.exceptions {
            self.cite(&exception.cite);
            if !seen.insert(&exception.id) {
                self.fault(&exception.id, format!("two exceptions are called `{}`", exception.id), "give each a name of its own");
            }
        }
        for replaced in &text.would_replace {
            if !self.ids.contains(replaced) || replaced == &text.id {
                let hint = "`would-replace` names duties of other packs";
                self.fault(replaced.as_str(), format!("`{id}` cannot stand in for `{replaced}`"), hint);
            }
        }
        if let Some(tells) = text.tells.as_ref().filter(|tells| self.book.vocabulary.get(tells.as_str()).is_none()) {
            self.fault(tells.as_str(), format!("no fact `{tells}`"), "`tells` names the count of those who must be told");
        }
        self.holds(duty);
        self.each(duty);
        self.start(duty);
        self.due(duty);
        self.force(duty);
        self.contents(duty);
    }

    fn holds(&mut self, duty: &Duty) {
        let mut seen = BTreeSet::new();
        for hold in &duty.text.holds {
            self.cite(&hold.cite);
            if !seen.insert(&hold.id) {
                self.fault(&hold.id, format!("two holds are called `{}`", hold.id), "give each a name of its own");
            }
            for fault in hold.effect.faults(&self.book.calendars) {
                let message = fault.to_string();
                let (what, hint) = message.split_once("\nhint: ").unwrap_or((&message, "mend the limit"));
                self.fault(&hold.id, what, hint);
            }
        }
    }

    fn each(&mut self, duty: &Duty) {
        if let Some(besides) = &duty.text.each_besides {
            self.cite(&besides.cite);
            self.condition(&Condition::AnyPlace(besides.place.clone()));
            if !matches!(duty.text.each, Some(Each::Of(_))) {
                let hint = "`each-besides` stands beside `each = { of = … }`";
                self.fault(&besides.says, "there is nobody named beside whom a country has a clock", hint);
            }
        }
        let (fact, fits): (FactKey, fn(&FactType) -> bool) = match &duty.text.each {
            None => return,
            Some(Each::Of(fact)) => {
                (fact.clone(), |kind| matches!(kind, FactType::Names | FactType::Places | FactType::AnyOf(_)))
            }
            Some(Each::Place(places)) => {
                self.condition(&Condition::AnyPlace(places.clone()));
                return;
            }
            Some(Each::Listed(list)) => (list.clone(), |kind| matches!(kind, FactType::Parties)),
            Some(Each::Cohort {}) => (super::assess::COHORTS.into(), |kind| matches!(kind, FactType::Names)),
        };
        if let Some(kind) = self.fact(&fact)
            && !fits(&kind)
        {
            self.fault(fact.as_str(), format!("`{fact}` is {} and names nobody", kind.in_words()), "use a fact that is a list");
        }
    }

    fn start(&mut self, duty: &Duty) {
        let start = &duty.text.start;
        self.cite(&start.cite);
        if start.facts.is_empty() && start.candidates.is_empty() {
            self.fault(duty.text.id.as_str(), "nothing starts the clock", "name instant facts in `start.facts`");
        }
        let instants = start.facts.iter().chain(&start.candidates).cloned().collect::<Vec<_>>();
        for key in instants {
            self.instant(&key);
        }
    }

    fn due(&mut self, duty: &Duty) {
        let text = &duty.text;
        if text.due.is_empty() {
            self.fault(text.id.as_str(), "the duty has no [[due]]", "say how long it runs; `{ prompt = {} }` for without delay");
        }
        for (index, due) in text.due.iter().enumerate() {
            self.cite(&due.cite);
            if due.when.is_none() && index + 1 < text.due.len() {
                self.fault(&due.says, "the cases after this one are never reached", "an unconditional case comes last");
            }
            let readings = due.outer.iter().chain(&due.advisory).map(|reading| (&reading.limit, &reading.cite));
            let limits: Vec<_> = std::iter::once((&due.limit, &due.cite)).chain(readings).collect();
            for (limit, cite) in limits {
                self.cite(cite);
                for fault in limit.faults(&self.book.calendars) {
                    let message = fault.to_string();
                    let (what, hint) = message.split_once("\nhint: ").unwrap_or((&message, "mend the limit"));
                    self.fault(&due.says, what, hint);
                }
            }
            let counted_from = due.outer.iter().chain(&due.advisory).filter_map(|reading| reading.counted_from.as_ref());
            for key in due.no_later_than.iter().chain(&due.extended_to).chain(counted_from) {
                self.instant(key);
            }
        }
        for fault in text.target.iter().flat_map(|limit| limit.faults(&self.book.calendars)).collect::<Vec<_>>() {
            self.fault("target", fault.to_string(), "mend the target");
        }
    }

    fn force(&mut self, duty: &Duty) {
        let force = &duty.text.force;
        if force.before.is_some() && force.from.is_none() {
            self.fault("before", "what was law before has no day on which it ended", "add `from`, or leave out `before`");
        }
        if force.status == Status::Enacted && force.from.is_none() {
            self.fault(duty.text.id.as_str(), "an enacted duty needs the day it comes into force", "add `from` under [force]");
        }
        if let (Some(from), Some(latest)) = (force.from, force.from_latest)
            && latest < from
        {
            self.fault(&latest.to_string(), "`from-latest` lies before `from`", "`from` is the earliest arguable day");
        }
    }

    fn contents(&mut self, duty: &Duty) {
        for element in &duty.text.contents {
            self.cite(&element.cite);
            for key in &element.facts {
                self.fact(key);
            }
        }
        let Some(template) = &duty.template else { return };
        let name = duty.text.notice.as_deref().unwrap_or_default();
        let file = format!("{}/notices/{name}", self.pack.head.id);
        self.faults.extend(
            crate::domain::notices::lint(template, &duty.text.contents, &self.book.vocabulary)
                .iter()
                .map(|fault| super::fault::of_template(&file, template, fault)),
        );
    }

    fn cite(&mut self, cite: &str) {
        let names_something = cite.chars().any(char::is_alphabetic) && cite.trim() == cite && cite.len() >= 4;
        let pinpoints = cite.chars().any(|c| c.is_ascii_digit()) || cite.contains("policy");
        if !(names_something && pinpoints && !cite.ends_with('.')) {
            let hint = "name the instrument and the place in it, such as `GDPR Art. 33(1)`, without a full stop; the house's own rules say `house policy`";
            self.fault(cite, format!("`{cite}` is no citation"), hint);
        }
    }

    fn instant(&mut self, key: &FactKey) {
        if let Some(duty) = key.as_str().strip_prefix(MET) {
            if !self.ids.contains(&DutyId::from(duty)) {
                self.fault(key.as_str(), format!("there is no duty `{duty}`"), "`met.` is followed by a duty id");
            }
            return;
        }
        if let Some(kind) = self.fact(key)
            && !matches!(kind, FactType::Instant | FactType::Date)
        {
            self.fault(
                key.as_str(),
                format!("`{key}` is {} and cannot be a moment", kind.in_words()),
                "use an instant or a date",
            );
        }
    }

    /// The type of a fact; a fault if there is no such fact.
    fn fact(&mut self, key: &FactKey) -> Option<FactType> {
        let found = self.book.vocabulary.get(key.as_str()).map(|entry| entry.kind.clone());
        if found.is_none() {
            let hint = match self.book.vocabulary.nearest(key.as_str()) {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => "declare it as [[fact]] in pack.toml, or see `watchbell facts`".to_owned(),
            };
            self.fault(key.as_str(), format!("no fact `{key}` in the vocabulary"), hint);
        }
        found
    }

    fn condition(&mut self, condition: &Condition) {
        for part in condition.parts() {
            self.condition(part);
        }
        match condition {
            Condition::Any(parts) if parts.is_empty() => self.fault("any", "an empty `any` never holds", "list what may hold"),
            Condition::Term(id) if self.pack.term(id).is_none() => {
                self.fault(id, format!("no term `{id}` in this pack"), "declare it as [[term]] in pack.toml");
            }
            _ => {}
        }
        let Some(key) = condition.fact().cloned() else { return };
        if let Some(duty) = key.as_str().strip_prefix(MET) {
            if !self.ids.contains(&DutyId::from(duty)) {
                self.fault(key.as_str(), format!("there is no duty `{duty}`"), "`met.` is followed by a duty id");
            }
            return;
        }
        let Some(kind) = self.fact(&key) else { return };
        if !fits(condition, &kind) {
            let text = format!("this test does not fit `{key}`, which is {}", kind.in_words());
            self.fault(key.as_str(), text, "see the table of conditions in rules/README.md");
            return;
        }
        match condition {
            Condition::Is(words) | Condition::Has(words) | Condition::Only(words) => self.words(words, &kind),
            Condition::AnyPlace(places) | Condition::Together(places) => {
                let words = Words { fact: key, of: places.within.clone() };
                self.words(&words, &FactType::Places);
            }
            _ => {}
        }
    }

    fn words(&mut self, words: &Words, kind: &FactType) {
        for word in &words.of {
            if let Some(group) = word.strip_prefix('@') {
                if !self.pack.head.groups.contains_key(group) {
                    self.fault(word, format!("no group `{group}` in this pack"), "declare it under [groups] in pack.toml");
                }
                continue;
            }
            let known = match kind {
                FactType::OneOf(list) | FactType::AnyOf(list) => list.contains(word),
                FactType::Places | FactType::CountByPlace => self.book.vocabulary.places().check(word).is_ok(),
                _ => true,
            };
            if !known {
                let text = format!("`{}` is never `{word}`, so this never holds", words.fact);
                self.fault(word, text, format!("it is {}", kind.in_words()));
            }
        }
    }
}

fn fits(condition: &Condition, kind: &FactType) -> bool {
    match condition {
        Condition::Yes(_) | Condition::No(_) | Condition::Said(_) => matches!(kind, FactType::YesNo),
        Condition::Is(_) => matches!(kind, FactType::OneOf(_) | FactType::Text | FactType::Zone),
        Condition::Has(_) => matches!(kind, FactType::AnyOf(_) | FactType::Names | FactType::Places | FactType::CountByPlace),
        Condition::Only(_) => matches!(kind, FactType::AnyOf(_) | FactType::Names | FactType::Places),
        Condition::AtLeast(_) | Condition::MoreThan(_) | Condition::FewerThan(_) => matches!(kind, FactType::Count),
        Condition::AnyPlace(_) | Condition::Together(_) => matches!(kind, FactType::CountByPlace),
        Condition::OnOrAfter(_) | Condition::Before(_) => matches!(kind, FactType::Instant | FactType::Date),
        _ => true,
    }
}

fn conditions(duty: &Duty) -> impl Iterator<Item = &Condition> {
    let text = &duty.text;
    [&text.binds, &text.arises]
        .into_iter()
        .chain(text.exceptions.iter().map(|exception| &exception.when))
        .chain(text.due.iter().filter_map(|due| due.when.as_ref()))
        .chain(text.each_besides.iter().map(|besides| &besides.when))
}

/// What the overlays of a duty test.
fn conditions_overlaid(duty: &Duty) -> impl Iterator<Item = &Condition> {
    duty.overlays.iter().flat_map(|overlay| {
        std::iter::once(&overlay.applies.when).chain(overlay.amendment.exceptions.iter().map(|exception| &exception.when))
    })
}

fn refers_to_itself(pack: &Pack, id: &str) -> bool {
    let mut open = vec![id.to_owned()];
    let mut seen = BTreeSet::new();
    while let Some(next) = open.pop() {
        let Some(term) = pack.term(&next) else { continue };
        let mut again = false;
        term.when.walk(&mut |part| {
            if let Condition::Term(inner) = part {
                again |= inner == id;
                if seen.insert(inner.clone()) {
                    open.push(inner.clone());
                }
            }
        });
        if again {
            return true;
        }
    }
    false
}
