//! An alert as the command that opens its incident, made as the intake makes it.

use crate::alert::{Alerts, SOURCE};
use crate::process::write_config;
use std::collections::BTreeMap;
use std::path::Path;
use watchbell::domain::incident::{Command, Lookalike, Opened, Opening, Received};
use watchbell::domain::ingest::{self, DeliveryMeta, Hint};
use watchbell::domain::instant::Instant;
use watchbell::shell::config::{self, Config};

/// Makes such commands, under the configuration that the servers are measured with.
pub struct Openings {
    /// The configuration.
    pub config: Config,
    alerts: Alerts,
}

impl Openings {
    /// Writes the configuration into a folder and reads it.
    pub fn new(folder: &Path, now: Instant) -> Self {
        let path = write_config(folder, ([127, 0, 0, 1], 0).into());
        let config = config::read(&path, &BTreeMap::new(), now).expect("our own configuration");
        Self { config, alerts: Alerts::of(now) }
    }

    /// The command for the alert of a number.
    pub fn command(&self, number: u64, now: Instant) -> Command {
        let (source, rules) = (&self.config.sources[SOURCE], &self.config.rules);
        let body = self.alerts.body(number);
        let delivery = DeliveryMeta::json(source.name.clone(), now);
        let report =
            ingest::read(&source.mapping, &rules.rulebook.vocabulary, &delivery, &body).expect("a sound alert").remove(0);
        let profile = |id| rules.organisations[id].profile.clone();
        let opened = Opened {
            title: report.title,
            severity: report.severity.name().to_owned(),
            kind: report.kind.name().to_owned(),
            source: source.name.clone(),
            external_id: report.external_id.unwrap_or_default(),
            organisations: source.organisations.iter().map(|id| (id.clone(), profile(id.as_str()))).collect(),
        };
        let received = Received {
            version: report.times.updated,
            status: report.status,
            sha256: "0".repeat(64),
            raw: String::from_utf8(body).ok(),
            hints: report.hints.into_iter().map(lookalike).collect(),
            ..Received::of(source.name.clone(), report.update_id)
        };
        Command::Open(Box::new(Opening { opened, received, claims: report.claims }))
    }
}

fn lookalike(hint: Hint) -> Lookalike {
    Lookalike { label: hint.label, value: hint.value, pointer: hint.pointer, about: hint.about }
}
