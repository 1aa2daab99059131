//! One seed's life: daemons that start, work among faults and die, and a last one in a world that behaves.

use super::actors::{Actors, Answered, incident_key, names};
use super::channel::{MANNERS, SimChannel};
use super::house::{EXAMPLE, rules, start};
use super::oracle::{Broken, Record, arrived, examine, letters};
use super::store::{Kept, SimStore};
use super::world::{Breach, World};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use tokio::sync::watch;
use watchbell::domain::ids::{ChannelId, IncidentId};
use watchbell::domain::incident::{AlertState, Event, Incident, audit, codec};
use watchbell::domain::instant::{Duration, Instant};
use watchbell::domain::journal::{self, Sealed};
use watchbell::shell::config::Rules;
use watchbell::shell::courier::Courier;
use watchbell::shell::delivery::Channel;
use watchbell::shell::desk::Desk;
use watchbell::shell::reassess;
use watchbell::shell::scheduler::Scheduler;
use watchbell::shell::store::{Position, Store};
use watchbell::shell::telemetry::Metrics;
use watchbell::shell::wall_clock;

/// What a life met, so that a simulation that meets nothing is found out.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Tally {
    pub crashes: u64,
    pub reloads: u64,
    pub clock_steps: u64,
    pub rungs: u64,
    pub skipped: u64,
    pub letters: u64,
    pub repeated: u64,
    pub acknowledged: u64,
    /// Of everything on record and everything taken: the same seed gives the same.
    pub digest: u64,
}

/// A daemon's inside, from its start to its end.
struct House {
    world: Arc<World>,
    store: Arc<SimStore>,
    desk: Arc<Desk>,
    courier: Arc<Courier>,
    scheduler: Arc<Scheduler>,
    channels: Vec<Arc<SimChannel>>,
    answered: Arc<Answered>,
}

/// What outlives a daemon.
struct Outside {
    world: Arc<World>,
    kept: Kept,
    answered: Arc<Answered>,
    rules: Arc<Rules>,
    /// The rules that all open incidents were last held against.
    held: Option<Arc<Rules>>,
    tally: Tally,
}

/// Lives through a seed; gives what it met, or every promise that was not kept.
pub fn live(seed: u64, breach: Breach) -> Result<Tally, Vec<Broken>> {
    let world = Arc::new(World::new(seed, breach, start()));
    let kept = Kept::new(&world);
    let rules = world.roll(rules);
    let mut outside =
        Outside { world, kept, answered: Arc::default(), held: Some(Arc::clone(&rules)), rules, tally: Tally::default() };
    for _ in 0..2 + outside.world.below(2) {
        outside.daemon();
    }
    outside.world.end_faults();
    outside.last_daemon()
}

fn runtime() -> tokio::runtime::Runtime {
    // After each poll of a task the driver has its turn, so that a crash can come between any two.
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().start_paused(true).event_interval(1).build().expect("a runtime without a thread")
}

impl Outside {
    /// A daemon among faults, until it is stopped or dies.
    fn daemon(&mut self) {
        let runtime = runtime();
        let world = Arc::clone(&self.world);
        let (store, crashed) = runtime.block_on(async {
            world.begin();
            let house = self.house();
            if world.one_in(2) {
                world.light_fuse(world.below(400));
            }
            let store = Arc::clone(&house.store);
            let crashed = tokio::select! {
                biased;
                () = world.crash.notified() => true,
                () = self.work(house) => false,
            };
            world.end();
            (store, crashed)
        });
        drop(runtime);
        if crashed {
            self.tally.crashes += 1;
            store.lose_power();
            if world.breach == Breach::ForgetsTheLast {
                self.kept = store.forgetting_the_last().unwrap_or(self.kept.clone());
            }
        }
        // The machine is off for a while, and its clock may be wrong when it is back.
        self.pass(world.below(3));
    }

    fn house(&mut self) -> House {
        let world = Arc::clone(&self.world);
        let store = self.kept.open(&world);
        let metrics = Metrics::new();
        let desk = Arc::new(Desk::new(Arc::clone(&store) as Arc<dyn Store>, Arc::clone(&self.rules), None));
        let courier = Arc::new(Courier::new(Arc::clone(&desk), &EXAMPLE, Arc::clone(&metrics)));
        let channels = vec![SimChannel::new("mail", &world), SimChannel::new("mail-2", &world)];
        let by_name = channels.iter().map(|channel| (channel.id().clone(), Arc::clone(channel) as Arc<dyn Channel>));
        courier.swap_channels(by_name.collect::<BTreeMap<ChannelId, _>>());
        let scheduler = Arc::new(Scheduler::new(Arc::clone(&desk), Arc::clone(&courier), metrics));
        House { world, store, desk, courier, scheduler, channels, answered: Arc::clone(&self.answered) }
    }

    async fn work(&mut self, house: House) {
        let stop = house.start();
        if self.held.as_ref().is_none_or(|held| !Arc::ptr_eq(held, &self.rules)) && house.reassess().await {
            self.held = Some(Arc::clone(&self.rules));
        }
        let actors = Arc::new(Actors {
            world: Arc::clone(&house.world),
            desk: Arc::clone(&house.desk),
            answered: Arc::clone(&house.answered),
        });
        for _ in 0..4 + house.world.below(8) {
            let actors = Arc::clone(&actors);
            match house.world.below(16) {
                0..=3 => drop(tokio::spawn(async move { actors.post().await })),
                4..=7 => drop(tokio::spawn(async move { actors.act().await })),
                8..=9 => house.spoil_a_channel(),
                10 if house.world.one_in(2) => {
                    self.tally.reloads += 1;
                    self.rules = house.world.roll(rules);
                    self.held = None;
                    house.desk.swap_rules(Arc::clone(&self.rules));
                    if house.reassess().await {
                        self.held = Some(Arc::clone(&self.rules));
                    }
                }
                11 => self.pass(house.world.below(6)),
                _ => self.pass(0),
            }
            let nap = Duration::milliseconds(i64::from(house.world.below(40_000)));
            wall_clock::sleep(nap).await;
        }
        if house.world.one_in(2) {
            house.world.light_fuse(house.world.below(60));
        }
        house.stop(stop).await;
    }

    /// The clock goes on while the machine sleeps, or is set.
    fn pass(&mut self, kind: u32) {
        let minutes = |bound: u32| Duration::minutes(i64::from(self.world.below(bound)));
        let by = match kind {
            0 | 1 => minutes(25),
            2 | 3 => minutes(240),
            4 => minutes(3000),
            _ => -minutes(1500),
        };
        self.tally.clock_steps += u64::from(kind > 1);
        self.world.step_clock(by);
    }

    /// A daemon in a world that behaves, which must put everything right.
    fn last_daemon(mut self) -> Result<Tally, Vec<Broken>> {
        let runtime = runtime();
        let world = Arc::clone(&self.world);
        let mut broken = runtime.block_on(async {
            world.begin();
            let house = self.house();
            let stop = house.start();
            if !house.reassess().await {
                return vec!["open incidents could not be held against the rules in use".into()];
            }
            for _ in 0..6 {
                world.step_clock(Duration::hours(13));
                wall_clock::sleep(Duration::seconds(65)).await;
            }
            // Every wait of a failed attempt is over, and every lost attempt was noticed.
            wall_clock::sleep(Duration::minutes(4)).await;
            // It is not stopped in the instant in which something falls due.
            for _ in 0..20 {
                if house.store.due(world.now() + Duration::seconds(10), 1).is_ok_and(|due| due.is_empty()) {
                    break;
                }
                wall_clock::sleep(Duration::seconds(15)).await;
            }
            let now = world.now();
            house.stop(stop).await;
            self.examine(&house, now).await
        });
        broken.iter_mut().for_each(|text| *text = format!("SEED={}: {text}", world.seed));
        if broken.is_empty() { Ok(self.tally) } else { Err(broken) }
    }

    async fn examine(&mut self, house: &House, now: Instant) -> Vec<Broken> {
        let mut broken = Vec::new();
        let records = match records(&*house.store) {
            Ok(records) => records,
            Err(fault) => return vec![fault],
        };
        for (id, events) in self.answered.all() {
            let record: Vec<&Event> = records.get(&id).into_iter().flatten().map(|(_, event)| event).collect();
            if !events.is_empty() && !record.windows(events.len()).any(|window| window.iter().copied().eq(events.iter())) {
                broken.push(format!("{id}: {:?} was answered for and is not on record", kinds(&events)));
            }
        }
        let mut limits: BTreeMap<String, BTreeSet<Option<Instant>>> = BTreeMap::new();
        for (id, record) in &records {
            let replayed = Incident::replay(id, record.iter().map(|(at, event)| (*at, event)));
            let state = house.desk.incident(id).await.ok().flatten();
            let Some(incident) = replayed.filter(|replayed| state.as_deref() == Some(replayed)) else {
                broken.push(format!("{id}: the record replays to something else than the desk believes"));
                continue;
            };
            for (_, event) in record {
                if let Event::ClockSet { clock, law, .. } = event {
                    limits.entry(clock.public(id)).or_default().insert(law.until());
                }
            }
            broken.extend(examine(id, record, &incident, &self.rules, now - Duration::seconds(31)));
            broken.extend(arrived(record, &incident, &self.world));
            let noted = house.store.wake(id).expect("the store answers").map(|wake| wake.at);
            let differences = audit(record, &incident, &self.rules.house, noted, now);
            broken.extend(differences.iter().map(|difference| format!("{id}: the watch finds that {difference}")));
            for (alert, state) in incident.alerts.iter().map(|(alert, state)| (alert, &state.state)) {
                if matches!(state, AlertState::Waiting { .. } | AlertState::Trying { .. }) {
                    broken.push(format!("{id}: {alert} is {state:?} when everything works again"));
                }
            }
            self.count(record);
            if std::env::var_os("STORY").is_some() {
                record.iter().for_each(|(at, event)| println!("{at} {id} {}", told(event)));
            }
        }
        for name in names() {
            let opened = |record: &&Record| {
                record.iter().any(|(_, event)| matches!(event, Event::Opened(opened) if opened.external_id == name))
            };
            let incidents = records.values().filter(opened).count();
            let held = house.store.lookup(&incident_key(name)).expect("the store answers");
            if incidents != usize::from(held.is_some()) {
                broken.push(format!("`{name}` of the source has {incidents} incidents"));
            }
        }
        if !house.scheduler.set_aside().is_empty() {
            broken.push(format!("set aside: {:?}", house.scheduler.set_aside()));
        }
        match house.store.due(now - Duration::seconds(31), 1) {
            Ok(due) if due.is_empty() => {}
            due => broken.push(format!("still on the agenda at {now}: {due:?}")),
        }
        broken.extend(letters(&self.world, &limits));
        let taken = self.world.taken();
        let alerts: BTreeSet<&str> = taken.iter().map(|letter| letter.alert.as_str()).collect();
        self.tally.letters += taken.len() as u64;
        self.tally.repeated += (taken.len() - alerts.len()) as u64;
        self.tally.digest = digest(&records, &taken);
        broken
    }

    fn count(&mut self, record: &Record) {
        for (_, event) in record {
            match event {
                Event::RungFell { .. } => self.tally.rungs += 1,
                Event::RungsSkipped { rungs, .. } => self.tally.skipped += rungs.len() as u64,
                Event::Acknowledged { .. } => self.tally.acknowledged += 1,
                _ => {}
            }
        }
    }
}

impl House {
    /// Starts the scheduler's own driver.
    fn start(&self) -> watch::Sender<bool> {
        let (stop, stopped) = watch::channel(false);
        let world = Arc::clone(&self.world);
        let ahead = Duration::minutes(if world.breach == Breach::LooksAhead { 10 } else { 0 });
        let now = move || world.now() + ahead;
        if self.world.breach != Breach::NeverLooks {
            tokio::spawn(Arc::clone(&self.scheduler).run(now, stopped));
        }
        stop
    }

    async fn stop(&self, stop: watch::Sender<bool>) {
        let _ = stop.send(true);
        self.courier.drain().await;
    }

    async fn reassess(&self) -> bool {
        reassess::hold_all(&self.desk, || self.world.now()).await
    }

    fn spoil_a_channel(&self) {
        let (channel, manner) = self.world.roll(|dice| (dice.pick(&self.channels).cloned(), dice.pick(&MANNERS).copied()));
        if let (Some(channel), Some(manner)) = (channel, manner) {
            channel.set(manner);
        }
    }
}

/// Everything on record by incident, once the chain was verified.
fn records(store: &dyn Store) -> Result<BTreeMap<IncidentId, Record>, Broken> {
    let mut envelopes: Vec<Vec<u8>> = Vec::new();
    let scanned = store.scan(Position::START, &mut |scanned| {
        envelopes.push(scanned.envelope.to_vec());
        ControlFlow::Continue(())
    });
    scanned.map_err(|error| format!("the record cannot be read: {error}"))?;
    journal::verify(&envelopes).map_err(|fault| format!("the chain does not hold: {fault}"))?;
    let mut records: BTreeMap<IncidentId, Record> = BTreeMap::new();
    for bytes in envelopes {
        let stream = Sealed::read(bytes.clone()).map_err(|fault| fault.to_string())?.stream().clone();
        let envelope = journal::open(&bytes).map_err(|fault| fault.to_string())?;
        let events = codec::decode(envelope.format, &envelope.body).map_err(|fault| fault.to_string())?;
        records.entry(stream).or_default().extend(events.into_iter().map(|event| (envelope.at, event)));
    }
    Ok(records)
}

/// The kinds of events, for a message.
fn kinds(events: &[Event]) -> Vec<String> {
    events.iter().map(|event| format!("{event:?}").chars().take_while(|c| c.is_alphanumeric()).collect()).collect()
}

/// An event on one line, for a reader who looks for what went wrong.
fn told(event: &Event) -> String {
    match event {
        Event::ClockSet { clock, law, because, rearm } => {
            let (from, until) = (law.start.at, law.until());
            format!("ClockSet {clock} from {from} until {until:?} because {because:?} rearms {rearm:?}")
        }
        event => format!("{event:?}").chars().take(300).collect(),
    }
}

fn digest(records: &BTreeMap<IncidentId, Record>, letters: &[super::world::Taken]) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    for (id, record) in records {
        (id.as_str(), record.len()).hash(&mut hasher);
        for (at, event) in record {
            at.hash(&mut hasher);
            codec::encode(std::slice::from_ref(event)).hash(&mut hasher);
        }
    }
    format!("{letters:?}").hash(&mut hasher);
    hasher.finish()
}
