//! The record of an incident as people read it: from the daemon's store, or from a copy of it without the daemon.

use super::config::{Config, May};
use super::desk::{Desk, SubmitError, damaged, read_events};
use super::reassess::fingerprint;
use crate::domain::hex::hex;
use crate::domain::ids::{IncidentId, OrganisationId};
use crate::domain::instant::{Instant, TZ_VERSION};
use crate::domain::journal;
use crate::domain::loaded::{self, Loaded, LoadedAt, LoadedPack};
use crate::domain::register::Entry;
use crate::domain::timeline::{Recorded, Timeline};
use serde::{Deserialize, Serialize};

/// The form of an export; another form has another name.
pub const EXPORT: &str = "watchbell-incident-1";

/// An incident to be handed on: the timeline, and the head of the chain that it was read from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Export {
    /// The form, [`EXPORT`].
    pub form: String,
    /// The version of the program that made it.
    pub program: String,
    /// When it was made.
    pub made_at: Instant,
    /// SHA-256 of the last envelope of the incident's chain, in hex, as `watchbell journal verify -o json` gives it.
    pub head_sha256: String,
    /// What happened.
    pub timeline: Timeline,
}

impl Export {
    /// An incident from its envelopes and those of what was loaded; `None` if there is none.
    pub fn of(id: &IncidentId, envelopes: &[Vec<u8>], house: &[Vec<u8>], now: Instant) -> Result<Option<Self>, SubmitError> {
        let chain = journal::verify(envelopes).map_err(|fault| damaged(id, fault))?;
        let Some(head) = chain.heads().get(id) else { return Ok(None) };
        let timeline = Timeline::of(id, &recorded(id, envelopes)?, &loaded(house)?);
        Ok(timeline.map(|timeline| Self {
            form: EXPORT.to_owned(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            made_at: now,
            head_sha256: hex(&head.hash),
            timeline,
        }))
    }

    /// The same from the daemon's store.
    pub async fn from_desk(desk: &Desk, id: &IncidentId, now: Instant) -> Result<Option<Self>, SubmitError> {
        if !id.is_incident() {
            return Ok(None);
        }
        let (envelopes, house) = (desk.envelopes(id).await?, desk.envelopes(&loaded::stream()).await?);
        Self::of(id, &envelopes, &house, now)
    }
}

/// Every event of an incident from its envelopes, each with the decision it is part of.
pub fn recorded(id: &IncidentId, envelopes: &[Vec<u8>]) -> Result<Vec<Recorded>, SubmitError> {
    let mut record = Vec::new();
    for (decision, bytes) in (1..).zip(envelopes) {
        let (at, events) = read_events(id, bytes)?;
        record.extend(events.into_iter().map(|event| Recorded { decision, at, event }));
    }
    Ok(record)
}

/// A part of the register of breaches.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Register {
    /// An entry for each incident and organisation, in the order of the incidents' ids.
    pub entries: Vec<Entry>,
    /// Give this as `after` for what follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<IncidentId>,
    /// Incidents whose record is damaged, so that nothing of them can be shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub damaged: Vec<IncidentId>,
}

/// Which entries of the register are wanted.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Of these organisations; of all, where none is named.
    pub organisations: Vec<OrganisationId>,
    /// Of incidents opened then or later.
    pub since: Option<Instant>,
    /// Of incidents opened before.
    pub until: Option<Instant>,
}

impl Wanted {
    /// Whether an incident opened then is wanted.
    pub fn opened(&self, at: Instant) -> bool {
        self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at < until)
    }
}

impl Register {
    /// Takes in those entries of an incident that are wanted.
    pub fn take(&mut self, entries: Vec<Entry>, wanted: &Wanted) {
        let of_those = |entry: &Entry| wanted.organisations.is_empty() || wanted.organisations.contains(&entry.organisation);
        self.entries.extend(entries.into_iter().filter(|entry| wanted.opened(entry.opened_at) && of_those(entry)));
    }
}

/// An incident in the register, from its envelopes.
pub fn register(id: &IncidentId, envelopes: &[Vec<u8>]) -> Result<Vec<Entry>, SubmitError> {
    journal::verify(envelopes).map_err(|fault| damaged(id, fault))?;
    Ok(Entry::all_of(id, &recorded(id, envelopes)?))
}

/// Every configuration that was loaded, the oldest first, from the envelopes of its stream.
pub fn loaded(envelopes: &[Vec<u8>]) -> Result<Vec<LoadedAt>, SubmitError> {
    let id = loaded::stream();
    journal::verify(envelopes).map_err(|fault| damaged(&id, fault))?;
    let mut all = Vec::with_capacity(envelopes.len());
    for bytes in envelopes {
        let envelope = journal::open(bytes).map_err(|fault| damaged(&id, fault))?;
        let loaded = Loaded::decode(&envelope.body).map_err(|fault| damaged(&id, fault))?;
        all.push(LoadedAt { at: envelope.at, loaded });
    }
    Ok(all)
}

/// What goes on record of a configuration: digests, and who may do what.
pub fn of_config(config: &Config) -> Loaded {
    let rules = &*config.rules;
    let enabled = rules.rulebook.enabled(&rules.house.with_packs);
    let in_use = enabled.filter(|pack| !rules.house.without_packs.contains(&pack.head.id));
    let pack = |pack: &crate::domain::law::Pack| {
        (pack.head.id.clone(), LoadedPack { version: pack.head.version.clone(), sha256: pack.digest.clone() })
    };
    let may = |may: &May| format!("{may:?}").to_lowercase();
    Loaded {
        program: env!("CARGO_PKG_VERSION").to_owned(),
        zones: TZ_VERSION.to_owned(),
        config_sha256: config.sha256.clone(),
        environment: config.environment.clone(),
        in_use_sha256: fingerprint(rules),
        packs: in_use.map(pack).collect(),
        organisations: rules.organisations.iter().map(|(id, of)| (id.clone(), of.profile.name.clone())).collect(),
        people: config.people.iter().map(|person| (person.name.clone(), person.may.iter().map(may).collect())).collect(),
    }
}
