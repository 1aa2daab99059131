//! After the killing: index against journal, and everything to its end.

use super::clients::Acknowledged;
use super::support::{Daemon, Record, events_of};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use watchbell::domain::board::Card;
use watchbell::domain::ids::IncidentId;
use watchbell::domain::incident::{AlertState, Event, House, Incident, next_wake};
use watchbell::domain::instant::Duration;
use watchbell::shell::config::{self, Config};
use watchbell::shell::courier::Courier;
use watchbell::shell::desk::Desk;
use watchbell::shell::scheduler::Scheduler;
use watchbell::shell::store::embedded::{EmbeddedStore, Options};
use watchbell::shell::store::{Store, Wake};
use watchbell::shell::telemetry::Metrics;
use watchbell::shell::wall_clock;
use watchbell::sim::read_mail::read_mail;

fn open(daemon: &Daemon) -> EmbeddedStore {
    EmbeddedStore::open(&daemon.store(), Options::default(), &mut |_, _| ()).expect("the store opens")
}

fn read_config(daemon: &Daemon) -> Config {
    config::read(&daemon.config(), &BTreeMap::new(), wall_clock::now()).unwrap_or_else(|fault| panic!("{fault}"))
}

fn replay(record: &Record) -> BTreeMap<IncidentId, Incident> {
    let incidents = record.iter().map(|(id, events)| {
        let incident = Incident::replay(id, events.iter().map(|(at, event)| (*at, event)));
        (id.clone(), incident.expect("it begins with its opening"))
    });
    incidents.collect()
}

/// The store of a daemon that is down: clocks, cards and wakes are what the journal makes of them.
pub fn index_says_what_the_journal_says(daemon: &Daemon) {
    let store = open(daemon);
    let check = store.check().expect("the store can be checked");
    assert_eq!(check.differences, Vec::<String>::new());
    let record = events_of(&store);
    compare(&store, &record, &read_config(daemon).rules.house);
}

fn compare(store: &dyn Store, record: &Record, house: &House) {
    let cards: BTreeMap<IncidentId, Vec<u8>> = store.cards(None, usize::MAX).expect("cards").into_iter().collect();
    for (id, incident) in &replay(record) {
        let card: Card = serde_json::from_slice(&cards[id]).expect("a card");
        assert_eq!(card, Card::of(incident), "the card of {id}");
        let decided_at = record[id].last().expect("it has events").0;
        let due = next_wake(incident, house, decided_at).map(|wake| wake.at);
        let wake: Option<Wake> = store.wake(id).expect("the wake can be read");
        assert_eq!(wake.map(|wake| wake.at), due, "the wake of {id}");
    }
}

/// Nothing is lost, and with a mail server that works and time that passes everything is delivered.
pub fn everything_converges(daemon: &Daemon, acknowledged: &Acknowledged, seed: u64) {
    let config = read_config(daemon);
    let store = Arc::new(open(daemon));
    let record = events_of(&*store);
    compare(&*store, &record, &config.rules.house);
    nothing_acknowledged_is_missing(&record, acknowledged, seed);
    every_rung_fell_at_its_instant_and_once(&record, seed);

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let desk = Arc::new(Desk::new(Arc::clone(&store) as Arc<dyn Store>, Arc::clone(&config.rules), None));
        let metrics = Metrics::new();
        let courier = Arc::new(Courier::new(Arc::clone(&desk), &config, Arc::clone(&metrics)));
        let scheduler = Arc::new(Scheduler::new(desk, Arc::clone(&courier), metrics));
        // Later than the lease of an attempt that died with its process.
        let later = wall_clock::now() + Duration::minutes(5);
        for _ in 0..100 {
            let step = scheduler.step(later).await.expect("the store answers");
            courier.drain().await;
            if step.woken == 0 && step.next.is_none_or(|next| next > later) {
                return;
            }
        }
        panic!("SEED={seed}: something is due again and again");
    });
    let mut mailed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for mail in daemon.mail.received() {
        let alert = read_mail(&mail.raw).and_then(|mail| mail.header("X-Watchbell-Alert").map(str::to_owned));
        mailed.entry(alert.expect("every mail names its alert")).or_default().extend(mail.to);
    }
    let mut fallen = 0;
    for incident in replay(&events_of(&*store)).values() {
        for (id, alert) in &incident.alerts {
            fallen += 1;
            let (open, rung) = (incident.is_wanted(alert), &alert.about[0].rung);
            let delivered = matches!(alert.state, AlertState::Delivered { .. });
            assert!(delivered || !open, "SEED={seed}: {id} of `{rung}` is {:?}", alert.state);
            let to = BTreeSet::from([alert.queued.to.clone()]);
            assert_eq!(mailed.remove(id.as_str()), Some(to), "SEED={seed}: who got {id} of `{rung}`");
        }
    }
    assert_eq!(mailed, BTreeMap::new(), "SEED={seed}: mails of alerts that are in no record");
    println!("{} incidents, {fallen} alerts, every one delivered", record.len());
}

fn nothing_acknowledged_is_missing(record: &Record, acknowledged: &Acknowledged, seed: u64) {
    for (id, (_, incident)) in &acknowledged.events {
        let events = record.get(incident.as_str()).unwrap_or_else(|| panic!("SEED={seed}: {incident} is lost"));
        let received = |event: &Event| matches!(event, Event::Received(received) if received.update_id == *id);
        let times = events.iter().filter(|(_, event)| received(event)).count();
        assert_eq!(times, 1, "SEED={seed}: `{id}` in {incident}");
    }
    for (incident, people) in &acknowledged.answers {
        let claimed = |event: &Event| match event {
            Event::Claimed { claims, .. } => claims.iter().any(|claim| {
                claim.key.as_str() == "people.total"
                    && claim.value.as_ref().is_some_and(|value| value.to_string() == people.to_string())
            }),
            _ => false,
        };
        assert!(record[incident.as_str()].iter().any(|(_, event)| claimed(event)), "SEED={seed}: {people} people in {incident}");
    }
}

fn every_rung_fell_at_its_instant_and_once(record: &Record, seed: u64) {
    for (id, events) in record {
        let mut told = BTreeSet::new();
        for (at, event) in events {
            let rungs: Vec<_> = match event {
                Event::RungFell { clock, rung, due_at, .. } => vec![(clock, rung, due_at)],
                Event::RungsSkipped { clock, rungs } => rungs.iter().map(|skip| (clock, &skip.rung, &skip.due_at)).collect(),
                _ => continue,
            };
            for (clock, rung, due_at) in rungs {
                assert!(due_at <= at, "SEED={seed}: `{rung}` of {id} is due at {due_at} and was recorded at {at}");
                assert!(told.insert((clock.clone(), rung.clone())), "SEED={seed}: `{rung}` of {clock} in {id} twice");
            }
        }
    }
}
