//! What is said to our own people about a clock, before it takes the form of a channel.

use crate::domain::hex::hex;
use crate::domain::ids::{AlertId, IncidentId};
use crate::domain::instant::Instant;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A message to our own people about a clock. Thin: no patient data, no narrative.
#[derive(Clone, PartialEq, Debug)]
pub struct Letter {
    /// The alert; the same on every attempt.
    pub id: AlertId,
    /// Whether this is an exercise. It is said first and loudest.
    pub drill: bool,
    /// What the letter is for.
    pub act: Act,
    /// The incident the clock belongs to.
    pub incident: IncidentId,
    /// The public names of the clocks it is about, the most urgent first; none in a drill.
    pub clocks: Vec<String>,
    /// Stable per incident, so that mail programs keep its letters together.
    pub thread: String,
    /// The subject line: which clock, how long is left.
    pub subject: String,
    /// The first line of the letter, for a person woken at three.
    pub heading: String,
    /// Labels and values in reading order: clock, duty and citation, due (local and zone), remaining, who else was told.
    pub lines: Vec<(String, String)>,
    /// What is asked of the reader.
    pub asked: String,
    /// Commands that do it: what each is for, and its words to copy.
    pub commands: Vec<(String, String)>,
    /// Where to do it.
    pub link: Option<String>,
    /// The same for machines: the `data` of a webhook's body.
    pub facts: serde_json::Value,
    /// How loud.
    pub urgency: Urgency,
    /// When the rung rang.
    pub rung_at: Instant,
    /// How much later that was than it should have been, in seconds.
    pub late_by_s: u64,
}

/// What a letter is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// To ring somebody.
    #[default]
    Ring,
    /// To say that somebody owns the clock.
    Acknowledge,
    /// To say that the clock is closed.
    Resolve,
}

impl Act {
    /// The name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ring => "ring",
            Self::Acknowledge => "acknowledge",
            Self::Resolve => "resolve",
        }
    }
}

impl Letter {
    /// What stands on the button that opens its link.
    pub(super) fn link_says(&self) -> &'static str {
        if self.clocks.len() > 1 { "See and acknowledge them" } else { "See and acknowledge" }
    }
}

/// How loud a letter is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Urgency {
    /// Good to know.
    Info,
    /// Needs someone today.
    Warning,
    /// Needs someone at once.
    Critical,
    /// The deadline has passed.
    Overdue,
}

impl Urgency {
    /// The name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
            Self::Overdue => "overdue",
        }
    }
}

/// An alert's id as it travels in `Message-ID` and `webhook-id`: letters, digits, `-` and `_` only. An id
/// made of anything else is spelled with `-` and a digest of the original, so that two never become one.
pub fn wire_id(id: &AlertId) -> String {
    token(id.as_str())
}

/// A name reduced to letters, digits, `-` and `_`, distinct for distinct names.
pub(super) fn token(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.is_empty() && name.len() <= 64 && name.chars().all(plain) {
        return name.to_owned();
    }
    let kept: String = name.chars().take(40).map(|c| if plain(c) { c } else { '-' }).collect();
    let digest = Sha256::digest(name.as_bytes());
    let tail = hex(&digest[..6]);
    format!("{kept}-{tail}")
}

/// The text on one line: control characters, line separators and runs of space become one space each.
pub(super) fn one_line(text: &str) -> String {
    let breaks = |c: char| c.is_control() || c.is_whitespace() || c == '\u{2028}' || c == '\u{2029}';
    text.split(breaks).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_id_travels_as_it_is() {
        assert_eq!(wire_id(&AlertId::new("al-01J9_x")), "al-01J9_x");
    }

    #[test]
    fn an_odd_id_becomes_safe_and_stays_distinct() {
        let ids = ["a.b", "a-b", "a b", "a\r\nBcc: x@y", "", "é"];
        let wired: std::collections::BTreeSet<String> = ids.iter().map(|id| wire_id(&AlertId::new(*id))).collect();
        assert_eq!(wired.len(), ids.len());
        for id in &wired {
            assert!(!id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'), "{id}");
        }
    }

    #[test]
    fn a_text_with_breaks_becomes_one_line() {
        assert_eq!(one_line("one\r\nBcc: x\u{2028}two\t three \0"), "one Bcc: x two three");
    }
}
