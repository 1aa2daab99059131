//! An overlay applies where its place is known to be concerned, and lifts nothing without a person's judgement.

use super::Place;
use crate::domain::facts::Book;
use crate::domain::law::condition::Condition;
use crate::domain::law::evaluate::{Truth, evaluate};
use crate::domain::law::overlay::Overlay;
use crate::domain::law::pack::Duty;
use crate::domain::law::sight::Sight;
use std::collections::BTreeSet;

impl Place<'_> {
    /// Every fault of the head of an overlay. The place is the overlay's file.
    pub(super) fn overlay(&mut self, overlay: &Overlay) {
        if let Err(fault) = self.book.vocabulary.places().check(&overlay.place) {
            let hint = "write an ISO 3166 code, such as `DE` or `US-OH`";
            self.fault(&overlay.place, fault.to_string(), hint);
        }
        self.cite(&overlay.applies.cite);
        self.condition(&overlay.applies.when);
        let silence = Book::default();
        let sight = Sight::new(&self.book.vocabulary, &silence);
        if evaluate(&overlay.applies.when, self.pack, &sight).truth == Truth::Holds {
            let hint = "test a fact that must be answered, such as `has = { fact = \"organisation.places\", of = [\"DE\"] }`";
            self.fault(&overlay.place, format!("the overlay `{}` applies before anybody has said anything", overlay.id), hint);
        }
    }

    /// Every fault of what an overlay changes of a duty. The place is the overlay's file.
    pub(super) fn amendment(&mut self, overlay: &Overlay, duty: &Duty) {
        let id = duty.text.id.as_str();
        let amendment = &overlay.amendment;
        if amendment.exceptions.is_empty() && amendment.notes.is_empty() {
            self.fault(id, format!("the overlay `{}` changes nothing of `{id}`", overlay.id), "add an exception or a note");
        }
        let mut names: BTreeSet<&str> = duty.text.exceptions.iter().map(|exception| exception.id.as_str()).collect();
        for exception in &amendment.exceptions {
            self.cite(&exception.cite);
            self.condition(&exception.when);
            let name = &exception.id;
            if !names.insert(name) {
                self.fault(name, format!("two exceptions of `{id}` are called `{name}`"), "give each a name of its own");
            }
            if !exception.must_be_shown {
                let hint = "add `must-be-shown = true`: until a national ground is shown the duty stands";
                self.fault(name, format!("the exception `{name}` of an overlay is not to be shown"), hint);
            }
            if !self.needs_a_judgement(&exception.when) {
                let hint = "ask a [[fact]] with `judgement = true`, so that a named person decides it with a ground";
                self.fault(name, format!("the exception `{name}` could lift `{id}` without anybody's judgement"), hint);
            }
        }
        for note in &amendment.notes {
            self.cite(&note.cite);
            if let Some(url) = note.url.as_deref().filter(|url| !url.starts_with("https://") || url.contains(char::is_whitespace))
            {
                self.fault(url, format!("`{url}` is no address"), "write it whole, beginning with https://");
            }
        }
        let cases = self.book.cases.get(&self.pack.head.id).into_iter().flat_map(|file| &file.cases);
        let mut expected =
            cases.flat_map(|case| std::iter::once(&case.expect).chain(case.then.iter().map(|sequel| &sequel.expect)));
        let shows = |overlays: &Vec<String>| overlays.contains(&overlay.id);
        if !expected.any(|expect| expect.get(&duty.text.id).is_some_and(|expect| expect.overlays.as_ref().is_some_and(shows))) {
            let text = format!("no case shows that the overlay `{}` applies to `{id}`", overlay.id);
            let hint =
                format!("add one to {}/cases.toml that expects `overlays = [\"{}\"]` of it", self.pack.head.id, overlay.id);
            self.fault(id, text, hint);
        }
    }

    /// Whether a condition can hold only after somebody has made a judgement.
    fn needs_a_judgement(&self, condition: &Condition) -> bool {
        match condition {
            Condition::All(parts) => parts.iter().any(|part| self.needs_a_judgement(part)),
            Condition::Any(parts) => !parts.is_empty() && parts.iter().all(|part| self.needs_a_judgement(part)),
            Condition::Term(id) => self.pack.term(id).is_some_and(|term| self.needs_a_judgement(&term.when)),
            // What holds on silence, or on the failing of something else, rests on nobody's word.
            Condition::Not(_) | Condition::Unanswered(_) => false,
            test => {
                let entry = test.fact().and_then(|fact| self.book.vocabulary.get(fact.as_str()));
                entry.is_some_and(|entry| entry.judgement)
            }
        }
    }
}
