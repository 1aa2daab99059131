//! Reports to incidents: opened, joined or recognised, each once.
//!
//! Intake and the re-reading of kept messages come through here alike.

use super::App;
use super::intake::short;
use super::joining::{self, Candidate};
use super::problem::Problem;
use super::quarantine;
use crate::domain::facts::Claim;
use crate::domain::hex::hex;
use crate::domain::ids::{IncidentId, OrganisationId, SourceId};
use crate::domain::incident::{Command, Lookalike, Opened, Opening, Profile, Received, Refusal};
use crate::domain::ingest::{DeliveryMeta, EvidenceKind, Hint, Report};
use crate::domain::instant::{Duration, Instant};
use crate::domain::joining::Marked;
use crate::domain::payload::Sealed;
use crate::domain::quarantine::NOTED;
use crate::domain::redaction::Redacted;
use crate::domain::repeated::Repeated;
use crate::shell::config::Source;
use crate::shell::desk::SubmitError;
use crate::shell::mint;
use crate::shell::unique::key;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// How often a delivery is looked up anew because another one of the same came first, or its incident goes on elsewhere.
const RACES_MAX: u32 = 16;
/// In a batch each report keeps the whole message only up to this size; the first always does.
const RAW_PER_REPORT_MAX: usize = 64 * 1024;
/// What was received this long before it is recorded came in late, and the record says so.
const AT_ONCE: Duration = Duration::minutes(1);

/// Whom an incident concerns.
pub type Organisations = BTreeMap<OrganisationId, Repeated<Profile>>;

/// One delivery of an authenticated source.
#[derive(Clone, Copy)]
pub struct Delivery<'a> {
    /// Where it goes.
    pub app: &'a App,
    /// Who sent it.
    pub source: &'a Source,
    /// What is known of it beside its body.
    pub meta: &'a DeliveryMeta,
    /// Its body.
    pub body: &'a [u8],
    /// Now, which may be long after it came in.
    pub now: Instant,
    /// What is to be said of reading it beside what the mapping says.
    pub note: Option<&'a str>,
}

impl Delivery<'_> {
    /// The message as it is kept: redacted, and sealed under the key of the day. `sha256` is that of the message as it came.
    pub fn seal(&self, sha256: &str) -> Result<Sealed, Problem> {
        let live = self.app.live();
        let sealed = match std::str::from_utf8(self.body) {
            Ok(text) => {
                let Redacted { text, rules } = live.payloads.redactor.message(text);
                self.app.keys.seal(text.as_bytes(), sha256, rules, self.now)
            }
            Err(_) => self.app.keys.seal(self.body, sha256, Default::default(), self.now),
        };
        sealed.map_err(|error| Problem::unavailable(format!("the message cannot be sealed under the key of today: {error}")))
    }
}

/// The answer to a delivery.
#[derive(Debug, Serialize)]
pub struct Taken {
    /// `accepted`, `duplicate`, `empty`, `noted` or `quarantined`.
    pub status: &'static str,
    /// The incident it is part of, the first of several.
    pub incident: Option<IncidentId>,
    /// Whether it was on record before.
    pub duplicate: bool,
    /// All of several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub incidents: Vec<IncidentId>,
    /// Oddities in reading it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
    /// What is wrong, if it waits in quarantine.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub quarantined: Option<quarantine::Quarantined>,
}

impl Taken {
    /// Nothing came of it.
    pub fn nothing(status: &'static str) -> Self {
        let (incidents, remarks) = (Vec::new(), Vec::new());
        Self { status, incident: None, duplicate: false, incidents, remarks, quarantined: None }
    }
}

/// Why reports were not taken.
pub enum Fault {
    /// A person has to look: an organisation that the source does not speak for, a subscription nobody asked for.
    Stranger(Problem),
    /// The record cannot be kept now, or an error of ours.
    Ours(Problem),
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        Self::Ours(problem)
    }
}

impl From<SubmitError> for Fault {
    fn from(error: SubmitError) -> Self {
        Self::Ours(error.into())
    }
}

/// Takes the reports of one delivery: all of them, or none.
pub async fn take_reports(delivery: &Delivery<'_>, reports: Vec<Report>) -> Result<Taken, Fault> {
    let (source, body) = (delivery.source, delivery.body);
    if reports.is_empty() {
        return Ok(Taken::nothing("empty"));
    }
    // Before anything is taken: a batch is taken whole or refused whole.
    let concerned = reports.iter().map(|report| organisations(delivery.app, source, report)).collect::<Result<Vec<_>, _>>();
    let concerned = concerned.map_err(Fault::Stranger)?;
    let sha256 = hex(&Sha256::digest(body));
    let mut taken = Taken { duplicate: true, ..Taken::nothing("accepted") };
    let (count, mut noted, mut sealed) = (reports.len(), 0, None);
    for (nth, (report, organisations)) in reports.into_iter().zip(concerned).enumerate() {
        taken.remarks.extend(report.remarks.iter().map(|remark| remark.text.clone()));
        if matches!(report.kind, EvidenceKind::TestOrSample | EvidenceKind::PassedControl) {
            let text = format!("{} by its own word is a {}, and opens nothing", short(&report.title), report.kind);
            quarantine::keep(delivery, NOTED, text).await?;
            noted += 1;
            continue;
        }
        let whole = nth == 0 || body.len() <= RAW_PER_REPORT_MAX;
        if sealed.is_none() {
            sealed = Some(delivery.seal(&sha256)?);
        }
        let of_report = sealed.clone().filter(|_| whole);
        let (incident, duplicate) = take_report(delivery, report, organisations, &sha256, of_report).await?;
        taken.duplicate &= duplicate;
        if count > 1 {
            taken.incidents.push(incident.clone());
        }
        taken.incident.get_or_insert(incident);
    }
    if noted == count {
        return Ok(Taken { remarks: taken.remarks, ..Taken::nothing("noted") });
    }
    if taken.duplicate {
        taken.status = "duplicate";
    }
    Ok(taken)
}

/// The key under which an incident is found by the id it has at its sender.
pub fn incident_key(source: &SourceId, tenant: &str, identity: &str) -> Vec<u8> {
    key(b'x', &[source.as_str(), tenant, identity])
}

async fn take_report(
    delivery: &Delivery<'_>,
    report: Report,
    organisations: Organisations,
    sha256: &str,
    sealed: Option<Sealed>,
) -> Result<(IncidentId, bool), Fault> {
    let Delivery { app, source, meta, now, .. } = *delivery;
    let identity = report.external_id.clone().unwrap_or_else(|| report.update_id.clone());
    let tenant = report.tenant.clone().unwrap_or_default();
    let delivery_key = key(b'd', &[source.name.as_str(), &tenant, &identity, &report.update_id]);
    let incident_key = incident_key(&source.name, &tenant, &identity);
    let live = app.live();
    let redactor = &live.payloads.redactor;
    let title = redactor.text(report.title.clone());
    let hint = |hint: &Hint| Lookalike {
        label: hint.label.clone(),
        value: redactor.value(&hint.pointer, hint.value.clone()),
        pointer: hint.pointer.clone(),
        about: hint.about.clone(),
    };
    let received = Received {
        external_id: Some(identity.clone()),
        tenant: report.tenant.clone(),
        version: report.times.updated,
        came_at: (now - meta.received_at > AT_ONCE).then_some(meta.received_at),
        status: report.status.clone(),
        sha256: sha256.to_owned(),
        sealed: sealed.map(Box::new),
        hints: report.hints.iter().map(hint).collect(),
        remarks: report
            .remarks
            .iter()
            .map(|remark| redactor.text(remark.text.clone()))
            .chain(delivery.note.map(str::to_owned))
            .collect(),
        ..Received::of(source.name.clone(), report.update_id.clone())
    };
    let is_organisation = |word: &str| organisations.contains_key(word);
    let mut claims: Vec<Claim> = report.claims.iter().map(|claim| claim.clone().addressed(is_organisation)).collect();
    claims.extend(source.claims.iter().map(|claim| Claim { at: meta.received_at, ..claim.clone() }));
    let hints = report.hints.iter().map(|hint| (hint.label.clone(), hint.value.clone())).collect();
    let marked =
        Marked { external_id: report.external_id.clone(), tenant: report.tenant.clone(), title: report.title.clone(), hints };
    let candidate = Candidate { source: &source.name, organisations: &organisations, marked: &marked, at: meta.received_at };
    // Where it goes on, if the incident it belongs to was merged or split.
    let mut elsewhere: Option<IncidentId> = None;
    for _ in 0..RACES_MAX {
        let known = app.desk.lookup(&incident_key)?;
        // No delivery is on record without its incident.
        if let Some(known) = known.as_ref().and(app.desk.lookup(&delivery_key)?) {
            return Ok((known, true));
        }
        let joins = joining::look(app, &candidate).await?;
        let mut unique = joins.free;
        unique.push(delivery_key.clone());
        let (id, command) = match (known, joins.joined) {
            (Some(known), _) => {
                (elsewhere.clone().unwrap_or(known), Command::Observe { received: received.clone(), claims: claims.clone() })
            }
            (None, Some((joined, rule))) => {
                unique.push(incident_key.clone());
                let received = Received { joined: Some(rule), title: Some(title.clone()), ..received.clone() };
                (joined, Command::Observe { received, claims: claims.clone() })
            }
            (None, None) => {
                unique.push(incident_key.clone());
                let opened = Opened {
                    title: title.clone(),
                    severity: report.severity.name().to_owned(),
                    kind: report.kind.name().to_owned(),
                    source: source.name.clone(),
                    external_id: identity.clone(),
                    organisations: organisations.clone(),
                };
                let opening = Opening { opened, received: received.clone(), claims: claims.clone() };
                (mint::incident_id(), Command::Open(Box::new(opening)))
            }
        };
        match app.desk.submit_claiming(&id, command, unique, now).await {
            Ok(_) => return Ok((id, false)),
            // Another delivery of the same came first: look again.
            Err(SubmitError::Taken { .. }) => {}
            Err(SubmitError::Refused(Refusal::Elsewhere(there))) => elsewhere = Some(there),
            Err(error) => return Err(error.into()),
        }
    }
    Err(SubmitError::Contended.into())
}

fn organisations(app: &App, source: &Source, report: &Report) -> Result<Organisations, Problem> {
    let rules = app.desk.rules();
    let named = if report.organisations.is_empty() { &source.organisations } else { &report.organisations };
    let mut profiles = BTreeMap::new();
    for id in named {
        let known = rules.organisations.get(id).filter(|_| source.organisations.contains(id));
        let Some(organisation) = known else {
            let known: Vec<&str> = source.organisations.iter().map(|id| id.as_str()).collect();
            return Err(Problem::invalid(
                "no-organisation",
                format!("source `{}` does not speak for organisation `{}`", source.name, short(id.as_str())),
            )
            .hint(format!("it speaks for {}", known.join(", "))));
        };
        profiles.insert(id.clone(), organisation.profile.clone());
    }
    let said_of = report.claims.iter().flat_map(|claim| &claim.organisations);
    if let Some(stranger) = said_of.into_iter().find(|id| !profiles.contains_key(*id)) {
        let known: Vec<&str> = profiles.keys().map(OrganisationId::as_str).collect();
        let text = format!("facts are said of `{}`, which this event does not concern", short(stranger.as_str()));
        return Err(Problem::invalid("no-organisation", text).hint(format!("it concerns {}", known.join(", "))));
    }
    Ok(profiles)
}
