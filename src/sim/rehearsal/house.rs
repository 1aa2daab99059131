//! The daemon on a stage: everything but the network, the disk and the wall clock.

use super::noted_channel::{Notebook, NotedChannel};
use crate::domain::board::Card;
use crate::domain::ids::{ChannelId, IncidentId};
use crate::domain::incident::{ClockKey, Command, Event, Incident};
use crate::domain::instant::Instant;
use crate::shell::config::{Config, ConfigFault};
use crate::shell::courier::Courier;
use crate::shell::delivery::Channel;
use crate::shell::desk::{Desk, SubmitError};
use crate::shell::payload_keys::PayloadKeys;
use crate::shell::scheduler::{Scheduler, Step};
use crate::shell::store::{MemoryStore, Store};
use crate::shell::telemetry::Metrics;
use crate::shell::web::{App, Live, Problem, take_on_trust};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Reads the house's configuration as of an instant; it is read again at every restart.
pub type ReadConfig = Box<dyn Fn(Instant) -> Result<Config, ConfigFault>>;

/// Why a rehearsal cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigFault),
    /// Somebody asked for what the incident refuses.
    #[error(transparent)]
    Refused(#[from] SubmitError),
    /// A message was not taken.
    #[error("{0}")]
    NotTaken(Problem),
    /// The script names something that is not there.
    #[error("{0}")]
    NotThere(String),
}

/// The daemon of a rehearsal.
pub struct Stage {
    read: ReadConfig,
    store: Arc<MemoryStore>,
    notebook: Notebook,
    channels: BTreeMap<ChannelId, Arc<NotedChannel>>,
    keys: Arc<PayloadKeys>,
    app: Arc<App>,
}

impl Stage {
    /// Starts a daemon with an empty record.
    pub fn start(read: ReadConfig, now: Instant) -> Result<Self, Fault> {
        let (store, notebook) = (Arc::new(MemoryStore::new()), Notebook::default());
        let config = read(now)?;
        let noted = |id: &ChannelId| (id.clone(), Arc::new(NotedChannel::new(id.clone(), Arc::clone(&notebook))));
        let channels = config.channels.keys().map(noted).collect();
        let keys = Arc::new(PayloadKeys::in_memory());
        let app = assemble(config, &store, &keys, &channels);
        Ok(Self { read, store, notebook, channels, keys, app })
    }

    /// Ends the daemon without warning and starts another one on the same record.
    pub fn restart(&mut self, now: Instant) -> Result<(), Fault> {
        self.app = assemble((self.read)(now)?, &self.store, &self.keys, &self.channels);
        Ok(())
    }

    /// The desk in use.
    pub fn desk(&self) -> &Arc<Desk> {
        &self.app.desk
    }

    /// What was told so far.
    pub fn notebook(&self) -> &Notebook {
        &self.notebook
    }

    /// Attempts that failed so far, by channel.
    pub fn failed(&self) -> BTreeMap<String, u32> {
        let failed = self.channels.iter().map(|(id, channel)| (id.to_string(), channel.failed()));
        failed.filter(|(_, failed)| *failed > 0).collect()
    }

    /// One look of the scheduler, and the deliveries it began to their end.
    pub async fn look(&self, now: Instant) -> Result<Step, Fault> {
        let step = self.app.scheduler.step(now).await?;
        self.app.courier.drain().await;
        Ok(step)
    }

    /// A source posts a message.
    pub async fn post(&self, source: &str, body: &[u8], now: Instant) -> Result<String, Fault> {
        let taken = take_on_trust(&self.app, source, body, now).await.map_err(Fault::NotTaken)?;
        let incident = taken.incident.map_or_else(|| "no incident".to_owned(), |id| id.to_string());
        Ok(format!("{}: {incident}", taken.status))
    }

    /// A command to an incident.
    pub async fn submit(&self, id: &IncidentId, command: Command, now: Instant) -> Result<Vec<Event>, Fault> {
        Ok(self.desk().submit(id, command, now).await?.events)
    }

    /// Puts a channel out of order, or in order again.
    pub fn set_channel(&self, id: &str, down: bool) -> Result<(), Fault> {
        let known = || self.channels.keys().map(ChannelId::as_str).collect::<Vec<_>>().join(", ");
        let channel =
            self.channels.get(id).ok_or_else(|| Fault::NotThere(format!("no channel `{id}`; there are {}", known())))?;
        channel.set_down(down);
        Ok(())
    }

    /// Every incident, in the order in which they were opened.
    pub async fn incidents(&self) -> Result<Vec<Arc<Incident>>, Fault> {
        let mut incidents = Vec::new();
        let mut after: Option<IncidentId> = None;
        loop {
            let cards = self.desk().cards(after.as_ref(), 500)?;
            let Some((last, _)) = cards.last() else { break };
            after = Some(last.clone());
            for (id, card) in &cards {
                if serde_json::from_slice::<Card>(card).is_ok() {
                    incidents.extend(self.desk().incident(id).await?);
                }
            }
        }
        incidents.sort_by(|a, b| (a.opened_at, &a.id).cmp(&(b.opened_at, &b.id)));
        Ok(incidents)
    }

    /// The incident of a number in the order of opening, from 1; the last one if none is said.
    pub async fn incident(&self, number: Option<usize>) -> Result<Arc<Incident>, Fault> {
        let incidents = self.incidents().await?;
        let count = incidents.len();
        let place = number.unwrap_or(count).checked_sub(1);
        place.and_then(|place| incidents.into_iter().nth(place)).ok_or_else(|| match number {
            Some(number) => Fault::NotThere(format!("no incident {number}; there are {count} so far")),
            None => Fault::NotThere("no incident was opened yet; post something first".into()),
        })
    }

    /// The clock of an incident that a duty's id, or the beginning of one, names; the first of several.
    pub fn clock(incident: &Incident, named: &str) -> Result<ClockKey, Fault> {
        let fits = |key: &&ClockKey| key.to_string().starts_with(named);
        let open = |key: &&ClockKey| incident.clocks.get(*key).is_some_and(|clock| clock.standing.is_open());
        let found = incident.clocks.keys().filter(fits).find(open).or_else(|| incident.clocks.keys().find(fits));
        found.cloned().ok_or_else(|| {
            let known: Vec<String> = incident.clocks.keys().map(ToString::to_string).collect();
            Fault::NotThere(format!("no clock begins with `{named}`; there are {}", known.join(", ")))
        })
    }
}

fn assemble(
    config: Config,
    store: &Arc<MemoryStore>,
    keys: &Arc<PayloadKeys>,
    channels: &BTreeMap<ChannelId, Arc<NotedChannel>>,
) -> Arc<App> {
    let metrics = Metrics::new();
    let store: Arc<dyn Store> = Arc::clone(store) as Arc<dyn Store>;
    let desk = Arc::new(Desk::new(store, Arc::clone(&config.rules), None));
    let courier = Arc::new(Courier::new(Arc::clone(&desk), &config, Arc::clone(&metrics)));
    let noted = channels.iter().map(|(id, channel)| (id.clone(), Arc::clone(channel) as Arc<dyn Channel>));
    courier.swap_channels(noted.collect());
    let scheduler = Arc::new(Scheduler::new(Arc::clone(&desk), Arc::clone(&courier), Arc::clone(&metrics)));
    let live = Live { sources: config.sources, joins: config.joins, payloads: config.payloads, people: config.people };
    App::new(desk, courier, scheduler, metrics, Arc::clone(keys), &config.door, live)
}
