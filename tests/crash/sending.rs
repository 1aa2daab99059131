//! Killed in the middle of sending, with a mail server and a receiver that misbehave: no rung is lost.

use super::setting;
use super::support::{ConfigText, Daemon, events_of, wait_for};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use watchbell::domain::incident::{AlertState, Incident};
use watchbell::domain::instant::Duration;
use watchbell::shell::config;
use watchbell::shell::courier::Courier;
use watchbell::shell::desk::Desk;
use watchbell::shell::scheduler::Scheduler;
use watchbell::shell::store::Store;
use watchbell::shell::store::embedded::{EmbeddedStore, Options};
use watchbell::shell::telemetry::Metrics;
use watchbell::shell::wall_clock;
use watchbell::sim::dice::Dice;
use watchbell::sim::read_mail::read_mail;
use watchbell::sim::smtp_sink::{Misbehaviour, Stage};

/// What the receiver does with a request.
#[derive(Clone, Copy)]
enum Mood {
    Takes,
    /// It has a problem of its own.
    Fails,
    /// It asks to be left alone.
    TooMuch,
    /// It keeps the alert and never says so.
    Stalls,
}

#[derive(Clone)]
struct Receiver {
    mood: Arc<Mutex<Mood>>,
    taken: Arc<Mutex<BTreeSet<String>>>,
}

impl Receiver {
    async fn start() -> (Self, SocketAddr) {
        let receiver = Self { mood: Arc::new(Mutex::new(Mood::Takes)), taken: Arc::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let app = axum::Router::new().fallback(Self::receive).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        (receiver, address)
    }

    async fn receive(State(receiver): State<Self>, headers: HeaderMap) -> (StatusCode, [(&'static str, &'static str); 1]) {
        let id = headers.get("webhook-id").and_then(|id| id.to_str().ok()).expect("every attempt names its alert").to_owned();
        let mood = *receiver.mood.lock().expect("no test panics in here");
        if matches!(mood, Mood::Takes | Mood::Stalls) {
            receiver.taken.lock().expect("no test panics in here").insert(id);
        }
        match mood {
            Mood::Takes => (StatusCode::NO_CONTENT, [("x-mood", "takes")]),
            Mood::Fails => (StatusCode::BAD_GATEWAY, [("x-mood", "fails")]),
            Mood::TooMuch => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "1")]),
            Mood::Stalls => std::future::pending().await,
        }
    }
}

fn two_ways(config: &mut ConfigText, receiver: SocketAddr) {
    std::fs::write(config.folder().join("hook-secret"), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a secret");
    config.add(&format!(
        "[[channel]]\nid = \"hook\"\n[channel.webhook]\nurl = \"http://{receiver}/hook\"\nsecret_files = [\"hook-secret\"]\nallow_private = true\n"
    ));
    config.replace(
        r#"members = [{ channel = "mail", to = "soc@example.org" }]"#,
        r#"members = [{ channel = "mail", to = "soc@example.org" }, { channel = "hook", to = "" }]"#,
    );
}

#[test]
fn no_rung_is_lost_however_often_the_daemon_is_killed_while_it_sends() {
    let (seed, rounds, budget_s) = (setting("SEED", 20_261_122), setting("SENDING_ROUNDS", 50), setting("SECONDS", 180));
    println!("SEED={seed} SENDING_ROUNDS={rounds} SECONDS={budget_s}");
    let dice = &mut Dice::of(seed);
    let stopwatch = wall_clock::stopwatch();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let (receiver, address) = runtime.block_on(Receiver::start());
    let mut daemon = Daemon::start(|config| two_ways(config, address));
    let mut done = 0;
    while done < rounds && stopwatch.elapsed().as_secs() < budget_s {
        let mail = match dice.below(5) {
            0 => Misbehaviour::DeferRecipients,
            1 => Misbehaviour::HangUpAfterData,
            2 => Misbehaviour::StallAt(Stage::Message),
            3 => Misbehaviour::StallAt(Stage::Quit),
            _ => Misbehaviour::None,
        };
        daemon.mail.misbehave(mail);
        let mood = [Mood::Takes, Mood::Fails, Mood::TooMuch, Mood::Stalls][usize::try_from(dice.below(4)).expect("small")];
        *receiver.mood.lock().expect("no test panics in here") = mood;
        let before = daemon.mail.received().len() + receiver.taken.lock().expect("no test panics in here").len();
        for nth in 0..1 + dice.below(4) {
            let event = json!({ "id": format!("{done}-{nth}"), "title": "A laptop is gone" });
            assert_eq!(daemon.post("native", &event).status, 202);
        }
        // Some rounds are cut as soon as something has got through, the others before.
        if dice.below(2) == 0 && matches!(mood, Mood::Takes | Mood::Stalls) {
            wait_for("something gets through", || {
                let now = daemon.mail.received().len() + receiver.taken.lock().expect("no test panics in here").len();
                (now > before).then_some(())
            });
        }
        daemon.kill();
        daemon.restart();
        done += 1;
    }
    daemon.kill();
    println!("{done} kills while sending");
    assert!(done >= rounds.min(5), "only {done} rounds in {budget_s} s: the machine is too slow to say anything");
    daemon.mail.misbehave(Misbehaviour::None);
    *receiver.mood.lock().expect("no test panics in here") = Mood::Takes;
    everything_arrives(&daemon, &receiver, seed);
}

/// With channels that work and time that passes, every alert there is has arrived, and its record says so.
fn everything_arrives(daemon: &Daemon, receiver: &Receiver, seed: u64) {
    let config = config::read(&daemon.config(), &BTreeMap::new(), wall_clock::now()).unwrap_or_else(|fault| panic!("{fault}"));
    let store = EmbeddedStore::open(&daemon.store(), Options::default(), &mut |_, _| ()).expect("the store opens");
    let store: Arc<dyn Store> = Arc::new(store);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let desk = Arc::new(Desk::new(Arc::clone(&store), Arc::clone(&config.rules), None));
        let metrics = Metrics::new();
        let courier = Arc::new(Courier::new(Arc::clone(&desk), &config, Arc::clone(&metrics)));
        let scheduler = Arc::new(Scheduler::new(desk, Arc::clone(&courier), metrics));
        // Later than the lease of an attempt that died with its process, and than any wait of these few attempts.
        let later = wall_clock::now() + Duration::minutes(25);
        for _ in 0..200 {
            let step = scheduler.step(later).await.expect("the store answers");
            courier.drain().await;
            if step.woken == 0 && step.next.is_none_or(|next| next > later) {
                return;
            }
        }
        panic!("SEED={seed}: something is due again and again");
    });
    let mut arrived: BTreeSet<String> = receiver.taken.lock().expect("no test panics in here").clone();
    let mails = daemon.mail.received();
    let of_mail = |raw: &[u8]| read_mail(raw).and_then(|mail| mail.header("X-Watchbell-Alert").map(str::to_owned));
    arrived.extend(mails.iter().map(|mail| of_mail(&mail.raw).expect("every mail names its alert")));
    let mut fallen = 0;
    for (id, events) in &events_of(&*store) {
        let incident = Incident::replay(id, events.iter().map(|(at, event)| (*at, event))).expect("it begins with its opening");
        assert!(!incident.alerts.is_empty(), "SEED={seed}: nothing rang for {id}");
        for (alert, state) in &incident.alerts {
            fallen += 1;
            assert!(matches!(state.state, AlertState::Delivered { .. }), "SEED={seed}: {alert} is {:?}", state.state);
            assert!(arrived.remove(alert.as_str()), "SEED={seed}: {alert} over {} never arrived", state.queued.channel);
        }
    }
    assert_eq!(arrived, BTreeSet::new(), "SEED={seed}: alerts that are in no record");
    println!("{fallen} alerts, {} mails, every alert arrived", mails.len());
}
