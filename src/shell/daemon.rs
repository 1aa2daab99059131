//! The daemon: everything put together, started, reloaded and stopped.

use super::config::{self, Config, Source};
use super::courier::Courier;
use super::delivery::install_crypto_provider;
use super::desk::Desk;
use super::drafts::Drafts;
use super::links::Links;
use super::operator;
use super::payload_keys::PayloadKeys;
use super::reassess::{self, Note};
use super::record;
use super::retention;
use super::scheduler::Scheduler;
use super::store::embedded::{LogOptions, Options, ReopeningStore};
use super::store::{Store, StoreError};
use super::telemetry::Metrics;
use super::wall_clock;
use super::watch::{LastLook, Rule, Watch, supervisor};
use super::web::{self, App, Live};
use crate::domain::loaded::Loaded;
use rustls::ServerConfig;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A running daemon.
pub struct Daemon {
    /// Where it listens.
    pub address: SocketAddr,
    app: Arc<App>,
    store: Arc<ReopeningStore>,
    courier: Arc<Courier>,
    watch: Arc<Watch>,
    note: Note,
    config_path: PathBuf,
    tls: watch::Sender<Option<Arc<ServerConfig>>>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

/// Why the daemon could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartFault {
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The drafts folder cannot be made.
    #[error("cannot make the drafts folder {}: {source}\nhint: set `path` under [drafts] to a folder this user may write", path.display())]
    Drafts {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The key of the links in alerts cannot be read or made.
    #[error("cannot use the key of links in {}: {source}\nhint: the daemon's user must own the store", path.display())]
    Links {
        /// The store's folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The keys of messages cannot be kept.
    #[error("cannot use the folder of keys in {}: {source}\nhint: the daemon's user must own the store", path.display())]
    Keys {
        /// The store's folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}\nhint: is another daemon running? set `listen` under [server]")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl Daemon {
    /// Opens the store, replays what is to be replayed, listens, and starts to ring. `progress` is
    /// shown bytes done and in all while the index is rebuilt.
    pub async fn start(config: Config, progress: &mut dyn FnMut(u64, u64)) -> Result<Self, StartFault> {
        install_crypto_provider();
        let listener =
            TcpListener::bind(config.listen).await.map_err(|source| StartFault::Listen { address: config.listen, source })?;
        let address = listener.local_addr().map_err(|source| StartFault::Listen { address: config.listen, source })?;
        let log = LogOptions::default();
        let body_in_record = config.door.body_limit.saturating_mul(usize::try_from(config::BODY_IN_RECORD).unwrap_or(usize::MAX));
        let log = LogOptions { segment_bytes: config.segment_bytes, group_bytes: log.group_bytes.max(body_in_record), ..log };
        let options = Options { log, ..Options::default() };
        let store = Arc::new(ReopeningStore::open(&config.store, options, progress)?);
        let drafts =
            Drafts::below(&config.drafts).map_err(|source| StartFault::Drafts { path: config.drafts.clone(), source })?;
        let metrics = Metrics::new();
        let contract: Arc<dyn Store> = Arc::clone(&store) as Arc<dyn Store>;
        let desk = Arc::new(Desk::new(contract, Arc::clone(&config.rules), Some(drafts)));
        if let Err(error) = desk.load_overrides(wall_clock::now()) {
            tracing::error!(%error, "overrides of rotas could not be read; whoever has the turn is rung");
        }
        record_loaded(&desk, &record::of_config(&config)).await;
        let links = Links::in_store(&config.store).map_err(|source| StartFault::Links { path: config.store.clone(), source })?;
        let courier = Courier::new(Arc::clone(&desk), &config, Arc::clone(&metrics)).with_links(links);
        let courier = Arc::new(courier);
        let scheduler = Arc::new(Scheduler::new(Arc::clone(&desk), Arc::clone(&courier), Arc::clone(&metrics)));
        let keys =
            PayloadKeys::in_store(&config.store).map_err(|source| StartFault::Keys { path: config.store.clone(), source })?;
        let keys = Arc::new(keys);
        let live = Live { sources: config.sources, joins: config.joins, payloads: config.payloads, people: config.people };
        let app = App::new(desk, Arc::clone(&courier), Arc::clone(&scheduler), metrics, keys, &config.door, live);
        let (stop, stopped) = watch::channel(false);
        let (tls, tls_in_use) = watch::channel(config.door.tls.clone());
        let serving = web::serve(listener, Arc::clone(&app), web::Keeping::of(&config.door, tls_in_use), stopped.clone());
        if let Some(last) = LastLook::in_store(&config.store).read() {
            scheduler.looked_last(last);
        }
        let watch = Watch::new(&app.desk, &scheduler, &courier, Arc::clone(&app.receipts), &app.metrics, &config.store);
        let watch = Arc::new(watch);
        watch.use_config(silence_rules(&app.live()), config.heartbeat.as_ref());
        let watching = Arc::clone(&watch).run(stopped.clone());
        let tasks = vec![
            tokio::spawn(serving),
            tokio::spawn(watching),
            tokio::spawn(scheduler.run(wall_clock::now, stopped.clone())),
            tokio::spawn(retention::run(Arc::clone(&app), stopped)),
        ];
        tracing::info!(%address, store = %config.store.display(), "watchbell is on watch");
        let note = Note::in_store(&config.store);
        let daemon = Self { address, app, store, courier, watch, note, config_path: config.path, tls, stop, tasks };
        if !daemon.note.names(&config.rules) {
            daemon.reassess();
        }
        daemon.tell_of_quarantine();
        supervisor::ready();
        Ok(daemon)
    }

    /// Runs until SIGTERM or SIGINT; SIGHUP and `POST /-/reload` read the configuration again.
    pub async fn run(mut self) -> io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut hangup = signal(SignalKind::hangup())?;
        loop {
            let app = Arc::clone(&self.app);
            let ended = tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                _ = hangup.recv() => false,
                () = app.reload.notified() => false,
                () = self.any_task_ended() => true,
                () = self.store_broke() => {
                    // A failed fsync may have lost what it was asked to keep. Only a fresh start reads what is really there.
                    tracing::error!("the journal takes no more writes; the daemon ends so that it is started anew");
                    self.stop().await;
                    return Err(io::Error::other("the journal takes no more writes"));
                }
            };
            if ended {
                self.stop().await;
                return Err(io::Error::other("a part of the daemon ended by itself"));
            }
            self.reload().await;
        }
        tracing::info!("stopping");
        self.stop().await;
        Ok(())
    }

    async fn any_task_ended(&self) {
        while self.tasks.iter().all(|task| !task.is_finished()) {
            wall_clock::sleep(crate::domain::instant::Duration::seconds(1)).await;
        }
    }

    async fn store_broke(&self) {
        while self.store.status().broken.is_none() {
            wall_clock::sleep(crate::domain::instant::Duration::seconds(1)).await;
        }
    }

    /// Reads configuration and rules again. Faults leave everything as it was.
    pub async fn reload(&self) {
        supervisor::reloading();
        if let Some(loaded) = self.read_again() {
            record_loaded(&self.app.desk, &loaded).await;
            self.reassess();
        }
        supervisor::ready();
    }

    /// Puts what was read in use; gives what goes on record of it, or nothing where the old one stays.
    fn read_again(&self) -> Option<Loaded> {
        let read = config::read(&self.config_path, &config::environment(), wall_clock::now());
        let config = match read {
            Ok(config) => config,
            Err(fault) => {
                self.app.metrics.config_last_reload_successful.set(0);
                tracing::error!("the configuration was not reloaded; the old one stays in use\n{fault}");
                return None;
            }
        };
        let loaded = record::of_config(&config);
        self.app.desk.swap_rules(Arc::clone(&config.rules));
        self.courier.swap_channels(config.channels);
        self.courier.swap_quota(config.per_recipient);
        self.app.swap_live(Live {
            sources: config.sources,
            joins: config.joins,
            payloads: config.payloads,
            people: config.people,
        });
        self.watch.use_config(silence_rules(&self.app.live()), config.heartbeat.as_ref());
        // From TLS to none or back is a change of the address people use, and waits for a restart.
        self.tls.send_if_modified(|tls| {
            let renewed = tls.is_some() && config.door.tls.is_some();
            if renewed {
                tls.clone_from(&config.door.tls);
            }
            renewed
        });
        self.app.metrics.config_last_reload_successful.set(1);
        tracing::info!(
            "configuration, rules and certificates reloaded; the rest of [server], [store], [drafts] and [log] keep until a restart"
        );
        Some(loaded)
    }

    /// Holds open incidents against the rules in use, in the background.
    fn reassess(&self) {
        let (desk, note) = (Arc::clone(&self.app.desk), self.note.clone());
        tokio::spawn(async move { reassess::every_open(&desk, &note, wall_clock::now).await });
    }

    /// Tells the operator of kept messages that a crash left untold, in the background.
    fn tell_of_quarantine(&self) {
        let app = Arc::clone(&self.app);
        tokio::spawn(async move {
            if let Err(error) = operator::ring_all(&app.desk, &app.spoken_for(), wall_clock::now()).await {
                tracing::error!(%error, "the operator could not be told of messages in quarantine");
            }
        });
    }

    /// Stops taking requests, lets what is under way finish, and closes the store.
    pub async fn stop(&mut self) {
        supervisor::stopping();
        let _ = self.stop.send(true);
        for task in self.tasks.drain(..) {
            let _ = task.await;
        }
        let patience = std::time::Duration::from_secs(30);
        if tokio::time::timeout(patience, self.courier.drain()).await.is_err() {
            tracing::warn!("some deliveries had not ended; they are repeated after the next start");
        }
        let store = Arc::clone(&self.store);
        match tokio::task::spawn_blocking(move || store.close()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the store was not closed cleanly"),
            Err(panic) => tracing::error!(%panic, "the store was not closed cleanly"),
        }
    }
}

/// Puts what is in use on record. Where that fails the daemon still watches: a clock is worth more than this entry.
async fn record_loaded(desk: &Desk, loaded: &Loaded) {
    if let Err(error) = desk.record_loaded(loaded, wall_clock::now()).await {
        tracing::error!(%error, "which configuration is in use could not be put on record; a reload tries again");
    }
}

/// Which sources must be heard of.
fn silence_rules(live: &Live) -> Vec<Rule> {
    let rule = |source: &Source| {
        let every = source.heartbeat?;
        Some(Rule { source: source.name.clone(), every, organisations: source.organisations.clone() })
    };
    live.sources.values().filter_map(rule).collect()
}
