//! One event, as a source reported it.

use crate::domain::facts::Claim;
use crate::domain::ids::{FactKey, OrganisationId};
use crate::domain::instant::Instant;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How grave the sender thinks it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Not said, or in words nobody mapped.
    #[default]
    Unknown,
    /// Low or informational.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
    /// Critical.
    Critical,
}

impl Severity {
    /// The names a mapping may give.
    pub const NAMES: [&'static str; 5] = ["low", "medium", "high", "critical", "unknown"];

    /// The severity of one of [`Severity::NAMES`].
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "unknown" => Self::Unknown,
            "low" => Self::Low,
            "medium" => Self::Medium,
            "high" => Self::High,
            "critical" => Self::Critical,
            _ => return None,
        })
    }

    /// The severity of the words products commonly use, in any case.
    pub fn of_word(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "low" | "info" | "information" | "informational" | "notice" | "minor" | "debug" => Self::Low,
            "medium" | "moderate" | "warning" | "warn" => Self::Medium,
            "high" | "error" | "major" | "severe" | "important" => Self::High,
            "critical" | "crit" | "fatal" | "emergency" | "emerg" | "page" | "disaster" => Self::Critical,
            "unknown" | "undefined" | "unspecified" | "none" | "other" => Self::Unknown,
            _ => return None,
        })
    }

    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What sort of evidence an event is. Only [`EvidenceKind::BreachReport`] says that there was a breach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EvidenceKind {
    /// Something is down or slow.
    OperationsAlert,
    /// A security product saw something.
    SecurityAlert,
    /// A data-security product found sensitive data in a place.
    DataFinding,
    /// Somebody reports a breach.
    BreachReport,
    /// The sender says that it is a test or a sample.
    TestOrSample,
    /// A check that passed.
    PassedControl,
}

impl EvidenceKind {
    /// The names a mapping may give.
    pub const NAMES: [&'static str; 6] =
        ["operations-alert", "security-alert", "data-finding", "breach-report", "test-or-sample", "passed-control"];

    /// The kind of one of [`EvidenceKind::NAMES`].
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "operations-alert" => Self::OperationsAlert,
            "security-alert" => Self::SecurityAlert,
            "data-finding" => Self::DataFinding,
            "breach-report" => Self::BreachReport,
            "test-or-sample" => Self::TestOrSample,
            "passed-control" => Self::PassedControl,
            _ => return None,
        })
    }

    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Self::OperationsAlert => "operations-alert",
            Self::SecurityAlert => "security-alert",
            Self::DataFinding => "data-finding",
            Self::BreachReport => "breach-report",
            Self::TestOrSample => "test-or-sample",
            Self::PassedControl => "passed-control",
        }
    }
}

impl fmt::Display for EvidenceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The instants the sender gave, each believable and none later than five minutes after receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Times {
    /// When it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred: Option<Instant>,
    /// When the product noticed. Not when anybody became aware.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detected: Option<Instant>,
    /// When this version of the report was made: what is older than what is known says nothing new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated: Option<Instant>,
}

/// Something in the payload worth a person's look that is not a fact: a user name, a number of
/// matches, the country of an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hint {
    /// What the sender calls it, in words.
    pub label: String,
    /// The value, at most 200 characters.
    pub value: String,
    /// Where it stood: a JSON Pointer from the top of the body, `header:…` or `jmespath:…`.
    pub pointer: String,
    /// The fact whose question it helps to answer. It answers nothing by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<FactKey>,
}

/// Why a remark was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RemarkCode {
    /// A place or an authority that does not exist.
    NotListed,
    /// Something was assumed in reading a time.
    Assumed,
    /// A time that is none, or without a zone where the mapping names none.
    TimeUnreadable,
    /// A time more than five minutes after receipt.
    TimeInFuture,
    /// A time before 1990 or after 2199.
    TimeImplausible,
    /// Neither an id nor a title was found: the payload may be of another product.
    NothingRecognised,
    /// A severity in words that the mapping does not know.
    SeverityUnknown,
    /// A judgement that only a named person may make; it was kept as a hint.
    JudgementNotTaken,
}

/// Something a reader of the record should know about how the payload was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remark {
    /// The kind.
    pub code: RemarkCode,
    /// Where, as a JSON Pointer from the top of the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// In words.
    pub text: String,
}

/// One event, as a source reported it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The identity of the incident at the sender: with source and tenant it names the incident here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The identity of this version of it; a second delivery of the same version changes nothing.
    pub update_id: String,
    /// The sender's account, workspace or manager.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// One line, cleaned of control characters, at most 300 characters.
    pub title: String,
    /// How grave the sender thinks it is.
    pub severity: Severity,
    /// The sender's own word for the state of it. It stops no clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// What sort of evidence it is.
    pub kind: EvidenceKind,
    /// The organisations a native event names; whether they exist is for the caller to check.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub organisations: Vec<OrganisationId>,
    /// The free words of a native event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The instants given.
    pub times: Times,
    /// What the source claims.
    pub claims: Vec<Claim>,
    /// What looks like a fact and is none.
    pub hints: Vec<Hint>,
    /// How it was read.
    pub remarks: Vec<Remark>,
    /// The places that were used, as JSON Pointers from the top of the body.
    pub consumed: Vec<String>,
    /// The places that were not used, if they were asked for; of a subtree without any use only its top.
    pub ignored: Vec<String>,
    /// The element's own bytes, until it is given an update id.
    #[serde(skip)]
    pub(super) fingerprint: String,
}
