//! The watch over the watchman: a wake that was lost, a source that fell silent, a scheduler that hangs.
//!
//! Time stands still while anybody works, so that a minute of waiting takes none.

use super::house::{House, at, minutes, triage};
use super::ladders::Rung;
use super::odd_store::OddStore;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tempfile::TempDir;
use watchbell::domain::ids::SourceId;
use watchbell::domain::incident::{ClockKey, Command, Incident, Standing};
use watchbell::domain::instant::{Duration, Instant};
use watchbell::shell::desk::Desk;
use watchbell::shell::telemetry::Metrics;
use watchbell::shell::wall_clock::sleep;
use watchbell::shell::watch::{Receipts, Rule, SelfCheck, Silences, Undelivered};

/// The incidents of the daemon's own with a clock of this duty, in the order in which they were opened.
async fn alarms(desk: &Arc<Desk>, duty: &str) -> Vec<Arc<Incident>> {
    let mut alarms = Vec::new();
    for (id, _) in desk.cards(None, 100).expect("cards") {
        let incident = desk.incident(&id).await.expect("read").expect("there");
        if incident.clocks.contains_key(&ClockKey::of(duty, "mercy")) {
            alarms.push(incident);
        }
    }
    alarms.sort_by_key(|incident| incident.opened_at);
    alarms
}

fn standing(incident: &Incident, duty: &str) -> Standing {
    incident.clocks[&ClockKey::of(duty, "mercy")].standing
}

/// A pass over everything, and another one after a minute.
async fn look_twice(check: &SelfCheck, now: Instant) -> usize {
    check.step(now).await.expect("a pass");
    sleep(Duration::seconds(61)).await;
    check.step(now).await.expect("a pass").confirmed.len()
}

#[tokio::test(start_paused = true)]
async fn a_wake_that_was_lost_is_found_rings_the_operator_and_ends_when_it_is_put_right() {
    let start = at("2026-11-20T08:00:00Z");
    let store = Arc::new(OddStore::new());
    let house = House::over(Arc::clone(&store) as _, &[Rung::Start, Rung::PercentLeft(50)]);
    let sound = house.open("sound", start).await;
    store.loses_wakes.store(true, Ordering::Relaxed);
    let lost = house.open("lost", start).await;
    store.loses_wakes.store(false, Ordering::Relaxed);
    house.settle(start + minutes(10)).await;
    let taken: Vec<String> = house.mail.taken().into_iter().map(|(alert, _)| alert).collect();
    let of = async |id| house.incident(id).await.alerts.keys().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!((of(&sound).await, of(&lost).await), (taken, vec![]), "nobody was told of the incident without a wake");

    let check = SelfCheck::new(Arc::clone(&house.desk), Metrics::new());
    assert_eq!(look_twice(&check, start + minutes(10)).await, 1, "one incident differs");
    assert_eq!(check.found(), 1);
    let told = alarms(&house.desk, "house.watch").await;
    assert_eq!(told.len(), 1, "the operator's clock runs");
    assert!(told[0].remarks.iter().any(|remark| remark.contains(lost.as_str())), "{:?}", told[0].remarks);
    house.settle(start + minutes(11)).await;
    let rang = house.incident(&told[0].id).await.alerts.len();
    assert!(rang > 0, "and rings");

    look_twice(&check, start + minutes(11)).await;
    assert_eq!(alarms(&house.desk, "house.watch").await.len(), 1, "what is known rings once");

    house.submit(&lost, Command::Wake, start + minutes(12)).await;
    house.settle(start + minutes(12)).await;
    look_twice(&check, start + minutes(12)).await;
    assert_eq!(check.found(), 0);
    let told = alarms(&house.desk, "house.watch").await;
    assert_eq!(standing(&told[0], "house.watch"), Standing::Met, "it ends by itself");
}

#[tokio::test(start_paused = true)]
async fn a_house_that_rings_as_it_should_gives_the_watch_nothing_to_say() {
    let start = at("2026-11-20T08:00:00Z");
    let house = House::new(&[Rung::Start, Rung::PercentLeft(50), Rung::Expiry, Rung::EveryMinutesOverdue(20)]);
    for n in 0..30 {
        let id = house.open(&format!("{n:02}"), start).await;
        let ack = Command::Acknowledge { clock: triage(), by: "Ada".into(), team: None, lease: None, via: "test".into() };
        if n % 3 == 0 {
            house.submit(&id, ack, start).await;
        }
    }
    let check = SelfCheck::new(Arc::clone(&house.desk), Metrics::new());
    let mut looked_at = 0;
    for minute in (0..240).step_by(9) {
        house.settle(start + minutes(minute)).await;
        looked_at += check.step(start + minutes(minute)).await.expect("a pass").looked_at;
        sleep(Duration::seconds(61)).await;
    }
    assert!(looked_at >= 30 * 10, "a pass looks at a few at a time and comes around: {looked_at}");
    assert_eq!(check.found(), 0);
    assert!(alarms(&house.desk, "house.watch").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_alert_that_reaches_nobody_rings_the_operator_until_none_has_failed_for_an_hour() {
    let start = at("2026-11-20T08:00:00Z");
    let house = House::new(&[Rung::Start]);
    let watch = Undelivered::new(Arc::clone(&house.desk), Arc::clone(&house.courier));
    house.mail.set_down(true);
    house.open("unheard", start).await;
    for minute in 0..30 {
        house.settle(start + minutes(minute)).await;
        watch.step(start + minutes(minute)).await.expect("a look");
    }
    assert!(alarms(&house.desk, "house.delivery").await.is_empty(), "half an hour has not gone by");
    for minute in 30..50 {
        house.settle(start + minutes(minute)).await;
        watch.step(start + minutes(minute)).await.expect("a look");
    }
    let told = alarms(&house.desk, "house.delivery").await;
    assert_eq!(told.len(), 1, "one alarm, however often it is looked at");
    assert!(told[0].remarks.iter().any(|remark| remark.contains("inc-unheard")), "{:?}", told[0].remarks);

    house.mail.set_down(false);
    for minute in 50..130 {
        house.settle(start + minutes(minute)).await;
        watch.step(start + minutes(minute)).await.expect("a look");
    }
    assert!(house.courier.dead_letters().is_empty(), "everything arrived");
    assert!(standing(&alarms(&house.desk, "house.delivery").await[0], "house.delivery").is_open(), "not at once");
    sleep(Duration::minutes(61)).await;
    watch.step(start + minutes(130)).await.expect("a look");
    assert_eq!(standing(&alarms(&house.desk, "house.delivery").await[0], "house.delivery"), Standing::Met);
}

/// A house that must hear of a source every quarter of an hour.
struct Listener {
    house: House,
    receipts: Arc<Receipts>,
    folder: TempDir,
}

impl Listener {
    fn new() -> Self {
        let (house, receipts) = (House::new(&[Rung::Start]), Arc::new(Receipts::default()));
        Self { house, receipts, folder: tempfile::tempdir().expect("a folder") }
    }

    /// What a daemon that starts remembers of the folder.
    fn silences(&self) -> Silences {
        let folder: &Path = self.folder.path();
        Silences::in_store(folder, Arc::clone(&self.house.desk), Arc::clone(&self.receipts), Metrics::new())
    }

    /// Looks every half minute for a while.
    async fn listen(&self, silences: &Silences, minutes: u32, now: Instant) {
        let rule = Rule {
            source: "soc".into(),
            every: Duration::minutes(15),
            organisations: self.house.desk.rules().organisations.keys().cloned().collect(),
        };
        silences.step(std::slice::from_ref(&rule), now).await.expect("the store in memory answers");
        for _ in 0..minutes * 2 {
            sleep(Duration::seconds(30)).await;
            silences.step(std::slice::from_ref(&rule), now).await.expect("the store in memory answers");
        }
    }

    async fn rang(&self) -> Vec<Standing> {
        let alarms = alarms(&self.house.desk, "house.source").await;
        alarms.iter().map(|alarm| standing(alarm, "house.source")).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_falls_silent_rings_once_and_ends_the_alarm_by_being_heard_of() {
    let now = at("2026-11-20T08:00:00Z");
    let soc = SourceId::from("soc");
    let listener = Listener::new();
    let silences = listener.silences();
    listener.listen(&silences, 14, now).await;
    assert_eq!(listener.rang().await, [], "not before its time");
    listener.listen(&silences, 2, now).await;
    assert_eq!(listener.rang().await, [Standing::Running], "a source that was never heard of is silent from the start");
    listener.listen(&silences, 60, now).await;
    assert_eq!(listener.rang().await, [Standing::Running], "one silence is one alarm");
    listener.receipts.heard(&soc, now + minutes(76));
    listener.listen(&silences, 1, now + minutes(76)).await;
    assert_eq!(listener.rang().await, [Standing::Met], "it ends by itself");
    listener.listen(&silences, 20, now + minutes(97)).await;
    let again = listener.rang().await;
    assert_eq!(again.iter().filter(|standing| standing.is_open()).count(), 1, "the next silence is another alarm: {again:?}");
}

#[tokio::test(start_paused = true)]
async fn a_restart_neither_forgets_how_long_a_source_was_silent_nor_counts_its_own_absence() {
    let now = at("2026-11-20T08:00:00Z");
    let listener = Listener::new();
    let before = listener.silences();
    listener.receipts.heard(&"soc".into(), now);
    listener.listen(&before, 10, now).await;
    drop(before);
    // Three hours without a daemon: nothing could be heard.
    sleep(Duration::hours(3)).await;
    let after = listener.silences();
    listener.listen(&after, 3, now + minutes(190)).await;
    assert_eq!(listener.rang().await, [], "ten minutes before, three after");
    listener.listen(&after, 3, now + minutes(193)).await;
    assert_eq!(listener.rang().await, [Standing::Running]);
    drop(after);
    let later = listener.silences();
    listener.receipts.heard(&"soc".into(), now + minutes(200));
    listener.listen(&later, 1, now + minutes(200)).await;
    assert_eq!(listener.rang().await, [Standing::Met], "the daemon that hears of it need not be the one that rang");
}

#[tokio::test(start_paused = true)]
async fn a_daemon_is_ready_only_while_its_scheduler_looks() {
    let start = at("2026-11-20T08:00:00Z");
    let house = House::new(&[Rung::Start]);
    house.open("one", start).await;
    assert!(!house.scheduler.is_ready(), "nobody has looked yet");
    house.settle(start).await;
    assert!(house.scheduler.is_ready());
    sleep(Duration::seconds(100)).await;
    assert!(!house.scheduler.is_ready(), "nobody has looked for long");
    house.settle(start + minutes(2)).await;
    assert!(house.scheduler.is_ready());
}
