//! `[[counsel]]`: standing words of counsel about places and regimes that no pack covers.

use super::raw::{RawConfig, RawCounsel};
use super::{Reader, there_are};
use crate::domain::law::{Rulebook, StandingWord};

impl Reader<'_> {
    /// The standing words, each about one place or one regime that exists, said by somebody, and until a day.
    pub(super) fn counsel(&mut self, raw: &RawConfig, rulebook: &Rulebook) -> Vec<StandingWord> {
        let organisations: Vec<&str> = raw.organisations.iter().map(|organisation| organisation.id.as_str()).collect();
        let mut words = Vec::new();
        for word in &raw.counsel {
            if let Some(organisation) = word.organisation.as_deref().filter(|id| !organisations.contains(id)) {
                let says = format!("there is no organisation `{organisation}`");
                self.fault(organisation, says, there_are(&organisations, organisation));
            }
            for (name, text) in [("says", &word.says), ("by", &word.by)] {
                if text.trim().is_empty() {
                    self.fault(
                        text,
                        format!("`{name}` of a [[counsel]] is empty"),
                        "it is shown in every incident that rests on it",
                    );
                }
            }
            if word.until <= word.on || word.on > self.now.date_naive().succ_opt().unwrap_or(word.on) {
                let says = format!(
                    "a word of {} until {} is none: it is said before it ends, and not in the future",
                    word.on, word.until
                );
                self.fault(
                    &word.by,
                    says,
                    "`on` is the day on which counsel said it, `until` the first day on which it counts no longer",
                );
            }
            words.extend(self.subject(word, rulebook).map(|subject| StandingWord {
                subject,
                organisation: word.organisation.as_deref().map(Into::into),
                says: word.says.trim().to_owned(),
                by: word.by.trim().to_owned(),
                on: word.on,
                until: word.until,
            }));
        }
        words
    }

    fn subject(&mut self, word: &RawCounsel, rulebook: &Rulebook) -> Option<String> {
        let places = rulebook.vocabulary.places();
        match (&word.place, &word.regime) {
            (Some(place), None) => match places.check(place) {
                Ok(()) => Some(places.canonical(place).to_owned()),
                Err(fault) => {
                    self.fault(place, fault.to_string(), "places are those of ISO 3166, one in each [[counsel]]");
                    None
                }
            },
            (None, Some(regime)) if rulebook.hints.regime(regime).is_some() => Some(regime.clone()),
            (None, Some(regime)) => {
                let known: Vec<&str> = rulebook.hints.regimes().map(|regime| regime.id.as_str()).collect();
                self.fault(regime, format!("there is no regime `{regime}`"), there_are(&known, regime));
                None
            }
            (Some(_), Some(_)) | (None, None) => {
                self.fault(&word.by, "a [[counsel]] is about one `place` or one `regime`", "write a table of its own for each");
                None
            }
        }
    }
}
