//! A suggestion in words for people, and where it comes from.

use super::{ELEMENTS, Flag, Input, Severity, Sign, Suggestion, greatest};

/// Where the method comes from, and how far it reaches.
pub const SOURCE: &str = "ENISA, Recommendations for a methodology of the assessment of severity of personal data breaches, \
    working document v1.0, December 2013, its values read in secondary sources: a helper for a risk under the GDPR, which it \
    predates; no score of it is a threshold in law, and it says nothing of the tests of other laws";

/// Where the step from ENISA's level to a word of `risk.level` comes from.
pub const CONVENTION: &str = "house convention, neither ENISA's text nor law: low suggests `unlikely`, medium `risk`, high and \
    very high `high`";

impl Suggestion {
    /// The suggestion in one line.
    pub fn in_words(&self) -> String {
        let group = self.cohort.as_ref().map(|cohort| format!(" for {cohort}")).unwrap_or_default();
        let most = greatest();
        match &self.severity {
            Severity::Scored { score, level, suggests } => format!(
                "suggests{group}: {suggests} ({score} of {most}, ENISA level {}); a named person decides with {}",
                level.word(),
                self.decided_with(),
            ),
            Severity::Between { low, high } => {
                let missing: Vec<&str> = self.missing.iter().map(|key| key.as_str()).collect();
                format!(
                    "suggests nothing yet{group}: between {low} and {high} of {most}; not stated by a person, or disputed: {}",
                    missing.join(", ")
                )
            }
        }
    }

    /// What a reader needs besides: how it was counted, what calls for a second look, where it comes from.
    pub fn remarks(&self) -> Vec<String> {
        let flags = self.flags.iter().filter_map(Flag::in_words);
        self.derivation().into_iter().chain(flags).chain([CONVENTION, SOURCE].map(str::to_owned)).collect()
    }

    /// The fact with which a named person decides.
    pub fn decided_with(&self) -> String {
        self.cohort.as_ref().map_or_else(|| "risk.level".to_owned(), |cohort| format!("risk.level@{cohort}"))
    }

    /// The formula with its numbers, to be checked by hand; `None` while there is no score.
    fn derivation(&self) -> Option<String> {
        let Severity::Scored { score, .. } = &self.severity else { return None };
        let terms: Vec<String> = ELEMENTS.iter().zip(&self.inputs).map(|(element, input)| term(element.name, input)).collect();
        let [context, ease, circumstances @ ..] = terms.as_slice() else { return None };
        Some(format!("{context} × {ease} + {} = {score}", circumstances.join(" + ")))
    }
}

/// `context 4.00 (sensitive-4, Ada Keller)`
fn term(name: &str, input: &Input) -> String {
    let points = input.points.map(|points| format!(" {points}")).unwrap_or_default();
    format!("{name}{points} ({}, {})", input.value, input.by.name())
}

impl Flag {
    /// The flag in words; `None` while it is known not to be raised.
    pub fn in_words(&self) -> Option<String> {
        let sign = match self.sign {
            Sign::ManyPeople => "more than 100 people are affected",
            Sign::Unintelligible => "the data was unintelligible to whoever reached it",
        };
        match self.raised {
            Some(true) => Some(format!("flag outside the score, look again: {sign}")),
            Some(false) => None,
            None => Some(format!("flag outside the score, not known: whether {sign}")),
        }
    }
}
