//! Open incidents held against the law and policy in use, after a reload and after a restart with others.
//!
//! Which rules every open incident was last held against is kept beside the store, and written only
//! once all of them were: a crash half-way means that it is done again.

use super::config::Rules;
use super::desk::Desk;
use crate::domain::board::Card;
use crate::domain::ids::IncidentId;
use crate::domain::incident::{Command, House};
use crate::domain::instant::{Instant, TZ_VERSION};
use sha2::{Digest, Sha256};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

/// The file beside the store that names the rules.
const FILE: &str = "rules.sha256";
/// Cards read at once.
const PAGE: usize = 500;

/// Where the rules that all open incidents were held against are noted.
#[derive(Clone, Debug)]
pub struct Note(PathBuf);

impl Note {
    /// The note in a store's folder.
    pub fn in_store(folder: &Path) -> Self {
        Self(folder.join(FILE))
    }

    /// Whether open incidents were last held against these very rules.
    pub fn names(&self, rules: &Rules) -> bool {
        fs::read_to_string(&self.0).is_ok_and(|noted| noted.trim() == fingerprint(rules))
    }

    fn write(&self, rules: &Rules) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(self.0.parent().unwrap_or(Path::new(".")))?;
        writeln!(file, "{}", fingerprint(rules))?;
        file.persist(&self.0)?;
        Ok(())
    }
}

/// The same for the same law, the same policy, the same zones and the same version of this program.
pub fn fingerprint(rules: &Rules) -> String {
    let mut hash = Sha256::new();
    let mut part = |text: &str| {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    };
    part(env!("CARGO_PKG_VERSION"));
    part(TZ_VERSION);
    for (path, text) in &rules.rulebook.sources {
        part(path);
        part(text);
    }
    part(&format!("{:?}", rules.rulebook.counsel));
    // Who stands in for whom is looked up when a rung falls, and changes no clock; nor does when the policy was read.
    part(&format!("{:?}", House { overrides: Vec::new(), read_at: None, ..rules.house.clone() }));
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Holds every open incident against the law and policy in use, by the clock `now`; what changed is in
/// its record. Notes that it was done, unless an incident could not be looked at.
pub async fn every_open(desk: &Arc<Desk>, note: &Note, now: impl Fn() -> Instant) {
    let rules = desk.rules();
    if hold_all(desk, now).await
        && let Err(error) = note.write(&rules)
    {
        tracing::warn!(%error, "which rules are in use could not be noted; open incidents are reassessed again at the next start");
    }
}

/// Holds every open incident against the rules in use; gives whether all of them could be looked at.
pub async fn hold_all(desk: &Arc<Desk>, now: impl Fn() -> Instant) -> bool {
    let mut after: Option<IncidentId> = None;
    let (mut looked_at, mut changed, mut failed) = (0_u64, 0_u64, 0_u64);
    loop {
        let cards = match desk.cards(after.as_ref(), PAGE) {
            Ok(cards) => cards,
            Err(error) => {
                tracing::error!(%error, "open incidents could not be reassessed");
                return false;
            }
        };
        let Some((last, _)) = cards.last() else { break };
        after = Some(last.clone());
        for (id, card) in &cards {
            // A card that cannot be read says nothing of its incident, so that one is looked at.
            let card = serde_json::from_slice::<Card>(card).ok();
            let open = card.is_none_or(|card| card.clocks.iter().any(|clock| clock.standing.is_open()));
            if !id.is_incident() || !open {
                continue;
            }
            looked_at += 1;
            match desk.submit(id, Command::Reassess, now()).await {
                Ok(submitted) => changed += u64::from(!submitted.events.is_empty()),
                Err(error) => {
                    failed += 1;
                    tracing::error!(incident = %id, %error, "an incident could not be reassessed");
                }
            }
        }
    }
    tracing::info!(looked_at, changed, failed, "open incidents reassessed");
    failed == 0
}
