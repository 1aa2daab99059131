//! What a draft knows besides the facts: whose notice it is, under which duty and clock.

use crate::domain::ids::{DutyId, FactKey, IncidentId, OrganisationId};
use crate::domain::instant::Zone;
use serde::{Deserialize, Serialize};

/// What a draft knows besides the facts. Holds no time of drafting: the same facts give the same bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DraftMeta {
    /// The title of the document: `Notification of a personal data breach`.
    pub title: String,
    /// The language of the template, BCP 47: `en`, `en-US`.
    pub lang: String,
    /// The incident.
    pub incident: IncidentId,
    /// The duty this notice fulfils.
    pub duty: DutyId,
    /// Who gives the notice.
    pub organisation: Organisation,
    /// Who answers questions about it.
    pub contact: Contact,
    /// Who receives it: `Data Protection Commission`. None while it is not known which authority does.
    pub addressee: Option<String>,
    /// The fact that would tell.
    pub addressee_fact: Option<FactKey>,
    /// Whether a limit has passed that the same law sets this organisation.
    pub late: bool,
    /// The zone in which the notice tells times.
    pub zone: Zone,
    /// When it is due, in words; `None` while no clock runs.
    pub due: Option<String>,
    /// What delays it, in words, where something does.
    pub held: Option<String>,
    /// How the deadline was found, a line a step.
    pub derivation: Vec<String>,
    /// Set while the duty is not in force: the day it will be, in words. The draft is then a rehearsal.
    pub not_in_force_until: Option<String>,
    /// The places and regimes that no pack in use covers, in words: this notice is not all that may be owed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_covered: Option<String>,
    /// The organisation an answer is to be said of, where the incident concerns several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_for: Option<OrganisationId>,
}

/// The legal entity that gives the notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Organisation {
    /// The name in law.
    pub name: String,
    /// The postal address, lines divided by `\n`.
    pub address: Option<String>,
}

/// Where questions go. A template that prints a part that is `None` has a gap there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Contact {
    /// A person or an office: `Office of the Data Protection Officer`.
    pub name: Option<String>,
    /// The role: `data protection officer`.
    pub role: Option<String>,
    /// An e-mail address.
    pub email: Option<String>,
    /// A telephone number, as it is to be dialled.
    pub phone: Option<String>,
    /// A postal address, lines divided by `\n`.
    pub address: Option<String>,
    /// A web page.
    pub web: Option<String>,
}

/// Every single name a template may print: its path, and what it is.
pub(super) const NAMES: [(&str, &str); 11] = [
    ("addressee", "the authority or party this is sent to"),
    ("contact.address", "postal address of the contact point"),
    ("contact.email", "e-mail address of the contact point"),
    ("contact.name", "name of the contact point"),
    ("contact.phone", "telephone number of the contact point"),
    ("contact.role", "role of the contact person"),
    ("contact.web", "web page of the contact point"),
    ("due", "when this notice is due"),
    ("incident", "reference of the incident"),
    ("organisation.address", "postal address of the organisation"),
    ("organisation.name", "name of the organisation"),
];

impl DraftMeta {
    /// The words of one of [`NAMES`], if there are any.
    pub(super) fn words(&self, path: &str) -> Option<&str> {
        let contact = &self.contact;
        match path {
            "addressee" => self.addressee.as_deref(),
            "contact.address" => contact.address.as_deref(),
            "contact.email" => contact.email.as_deref(),
            "contact.name" => contact.name.as_deref(),
            "contact.phone" => contact.phone.as_deref(),
            "contact.role" => contact.role.as_deref(),
            "contact.web" => contact.web.as_deref(),
            "due" => self.due.as_deref(),
            "incident" => Some(self.incident.as_str()),
            "organisation.address" => self.organisation.address.as_deref(),
            "organisation.name" => Some(&self.organisation.name),
            _ => None,
        }
    }

    /// The fact that gives one of [`NAMES`] its words, if one does.
    pub(super) fn fact_of(&self, path: &str) -> Option<FactKey> {
        match path {
            "addressee" => self.addressee_fact.clone(),
            _ if path.starts_with("contact.") || path.starts_with("organisation.") => Some(FactKey::from(path)),
            _ => None,
        }
    }
}
