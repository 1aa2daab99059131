//! What the law of one State changes of a pack's duties: `rules/<pack>/overlays/<name>.toml`.
//!
//! The GDPR is one text; around it stand national limits, other authorities, prescribed forms. An overlay lays them over
//! the duties it names. It applies only once its place is known to be concerned, and what it adds never lifts a duty
//! before a named person has judged so.

use super::condition::Condition;
use super::pack::{Exception, Verification};
use crate::domain::facts::FactEntry;
use crate::domain::ids::DutyId;
use crate::domain::instant::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The file of an overlay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct OverlayText {
    /// The country or subdivision, an ISO 3166 code.
    pub place: String,
    /// The State and its law, such as `Germany, Federal Data Protection Act (BDSG)`.
    pub title: String,
    /// When a person last read it against its sources.
    pub reviewed: NaiveDate,
    /// When the law of the place is concerned.
    pub applies: Applies,
    /// Facts only this overlay asks for.
    #[serde(default, rename = "fact")]
    pub facts: Vec<FactEntry>,
    /// What it changes, duty by duty.
    #[serde(rename = "amend")]
    pub amendments: Vec<Amendment>,
}

/// When the law of a place is concerned; while that is open, nothing of the overlay is used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Applies {
    /// Where the law says it.
    pub cite: String,
    /// How well it was checked.
    pub verification: Verification,
    /// What must be so.
    pub when: Condition,
}

/// What an overlay changes of one duty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Amendment {
    /// The duty, one of the same pack.
    pub duty: DutyId,
    /// Further grounds that lift it. Each must be shown, and needs a judgement of a named person.
    #[serde(default, rename = "exception")]
    pub exceptions: Vec<Exception>,
    /// What a reader must know besides.
    #[serde(default, rename = "note")]
    pub notes: Vec<Note>,
}

/// What a reader must know of the law of a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Note {
    /// What it is about.
    #[serde(default)]
    pub about: About,
    /// The note, one or two sentences.
    pub says: String,
    /// Where it comes from.
    pub cite: String,
    /// How well it was checked.
    pub verification: Verification,
    /// An address, such as that of a form.
    #[serde(default)]
    pub url: Option<String>,
}

/// What a note is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum About {
    /// The law of the place: a trap, a practice, a consequence.
    #[default]
    Law,
    /// Another authority that is competent beside or instead of the usual one.
    Authority,
    /// Somebody else who must be told.
    Addressee,
    /// The form or channel the notice must take.
    Form,
}

/// An overlay as laid over one duty.
#[derive(Clone, Debug, PartialEq)]
pub struct Overlay {
    /// Its name, that of its file: `de` for `overlays/de.toml`.
    pub id: String,
    /// Its file, below the rules folder.
    pub file: String,
    /// The country or subdivision.
    pub place: String,
    /// The State and its law.
    pub title: String,
    /// When a person last read it against its sources.
    pub reviewed: NaiveDate,
    /// When it applies.
    pub applies: Applies,
    /// What it changes of the duty.
    pub amendment: Amendment,
}

impl Overlay {
    /// The overlays of a file, each with the duty it is laid over.
    pub fn of_file(id: &str, file: &str, text: OverlayText) -> impl Iterator<Item = (DutyId, Self)> {
        let OverlayText { place, title, reviewed, applies, amendments, .. } = text;
        let (id, file) = (id.to_owned(), file.to_owned());
        amendments.into_iter().map(move |amendment| {
            let overlay = Self {
                id: id.clone(),
                file: file.clone(),
                place: place.clone(),
                title: title.clone(),
                reviewed,
                applies: applies.clone(),
                amendment,
            };
            (overlay.amendment.duty.clone(), overlay)
        })
    }

    /// Its notes as remarks, each with its source and mark.
    pub fn remarks(&self) -> impl Iterator<Item = String> {
        self.amendment.notes.iter().map(|note| format!("{}: {note}", self.title))
    }
}

/// `form: what it says (citation; mark) https://…`.
impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.about {
            About::Law => "",
            About::Authority => "authority: ",
            About::Addressee => "to be told too: ",
            About::Form => "form: ",
        })?;
        write!(f, "{} ({}; {})", self.says, self.cite, self.verification.words())?;
        self.url.iter().try_for_each(|url| write!(f, " {url}"))
    }
}
