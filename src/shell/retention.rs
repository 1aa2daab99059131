//! Messages older than the house keeps them are forgotten, a day at a time, by destroying the day's key.
//!
//! A message that still waits in quarantine keeps its day's key, and rings: nobody has looked at it yet.

use super::config::Keep;
use super::desk::{Desk, SubmitError};
use super::operator::{self, Organisations};
use super::payload_keys::{PayloadKeys, is_over};
use super::wall_clock;
use super::web::App;
use crate::domain::ids::IncidentId;
use crate::domain::instant::{Duration, Instant};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use tokio::sync::watch;

/// How often it is looked at, and how long before its day a key is made.
const PERIOD: Duration = Duration::hours(1);

/// What a look came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// The days whose keys were destroyed.
    pub destroyed: BTreeSet<String>,
    /// The days whose keys should be and are still needed, each with the messages that wait in quarantine.
    pub withheld: BTreeMap<String, BTreeSet<IncidentId>>,
}

/// Why a look failed.
#[derive(Debug, thiserror::Error)]
pub enum SweepFault {
    /// The record cannot be read or written.
    #[error(transparent)]
    Record(#[from] SubmitError),
    /// The keys cannot be read, made or destroyed.
    #[error("the folder of keys: {0}")]
    Keys(#[from] io::Error),
}

/// Makes the key that is needed next, and destroys those of days that are over.
pub async fn sweep(
    desk: &Arc<Desk>,
    keys: &PayloadKeys,
    keep: &Keep,
    of: &Organisations,
    now: Instant,
) -> Result<Swept, SweepFault> {
    keys.prepare(now)?;
    keys.prepare(now + PERIOD)?;
    let mut swept = Swept::default();
    let Some(length) = keep.length else { return Ok(swept) };
    let mut over = keys.days()?;
    over.retain(|day| is_over(day, length, now));
    if over.is_empty() {
        return Ok(swept);
    }
    for (id, kept) in desk.kept_cards().await?.into_iter().filter(|(_, kept)| kept.waits()) {
        if let Some(sealed) = kept.sealed.filter(|sealed| over.contains(&sealed.under)) {
            swept.withheld.entry(sealed.under).or_default().insert(id);
        }
    }
    if !swept.withheld.is_empty() {
        operator::ring_all(desk, of, now).await?;
    }
    for day in over.into_iter().filter(|day| !swept.withheld.contains_key(day)) {
        keys.destroy(&day, &keep.words, now)?;
        swept.destroyed.insert(day);
    }
    Ok(swept)
}

/// Looks again and again until the daemon stops.
pub async fn run(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let mut told = BTreeMap::new();
    while !*stop.borrow() {
        let keep = app.live().payloads.keep.clone();
        match sweep(&app.desk, &app.keys, &keep, &app.spoken_for(), wall_clock::now()).await {
            Ok(Swept { destroyed, withheld }) => {
                for day in destroyed {
                    tracing::info!(%day, keep = keep.words, "the key of a day was destroyed: its messages can be read no more");
                }
                if withheld != told {
                    for (day, waiting) in &withheld {
                        let messages = waiting.len();
                        tracing::warn!(%day, messages, "the key of a day is kept: messages of it wait in quarantine");
                    }
                    told = withheld;
                }
            }
            Err(error) => {
                tracing::error!(%error, "messages that are over could not be forgotten; it is tried again within the hour")
            }
        }
        tokio::select! {
            () = wall_clock::sleep(PERIOD) => {}
            _ = stop.changed() => {}
        }
    }
}
