//! When a channel fails, and channels that keep an incident of their own.

use super::case::{AUTHORITY, AWARE, Case, at, hours, house, key};
use watchbell::domain::facts::Claimant;
use watchbell::domain::ids::AlertId;
use watchbell::domain::incident::{Act, Address, AlertState, Command, DeliveryResult, Event, Evidence, Received, Standing};
use watchbell::domain::instant::Duration;

const ONE: &str = r#"
    [[ladder]]
    name = "all"
    for = ["eu.gdpr.art33.authority"]
    rung = [{ when = "start", to = ["soc"] }, { when = "50% left", to = ["soc"] }, { when = "every 1h overdue", to = ["soc"] }]
"#;

fn failed(case: &Case, permanent: bool, again_in: Duration) -> DeliveryResult {
    let (reason, text) = ("unreachable".to_owned(), "nobody answers".to_owned());
    DeliveryResult::Failed { reason, text, retry_at: case.now + again_in, permanent }
}

fn fell_back(events: &[Event]) -> Option<(String, String)> {
    events.iter().find_map(|event| match event {
        Event::FellBack { because, queued, .. } => Some((format!("{}:{}", queued.channel, queued.to), because.clone())),
        _ => None,
    })
}

/// A case whose mail falls back to the pager, and the pager to mail at the same address.
fn with_fallback() -> Case {
    let mut house = house(ONE);
    house.fallbacks.insert("mail".into(), Address { channel: "pager".into(), to: "desk".into() });
    house.fallbacks.insert("pager".into(), Address { channel: "mail".into(), to: "soc@example.org".into() });
    let mut case = Case::with(house);
    case.wake();
    case
}

/// One attempt of an alert, failed.
fn fail(case: &mut Case, alert: &AlertId, permanent: bool, again_in: Duration) -> Vec<Event> {
    assert!(case.begin().contains(alert), "it is tried");
    let result = failed(case, permanent, again_in);
    case.end(alert, result)
}

#[test]
fn another_channel_is_brought_in_once_and_the_first_goes_on_being_tried() {
    let mut case = with_fallback();
    let alert = case.incident.due_alerts(case.now)[0].clone();
    for attempt in 1..=5 {
        let events = fail(&mut case, &alert, false, Duration::seconds(60));
        let expected = (attempt == 3).then(|| ("pager:desk".to_owned(), "`mail` failed 3 times: unreachable".to_owned()));
        assert_eq!(fell_back(&events), expected, "attempt {attempt}");
        case.now += Duration::seconds(60);
        // Delivered over the fallback as soon as there is one.
        let others: Vec<AlertId> = case.incident.due_alerts(case.now).into_iter().filter(|id| *id != alert).collect();
        for other in others {
            assert_eq!(case.incident.alerts[&other].about, case.incident.alerts[&alert].about, "it says the same");
            case.submit(Command::BeginDeliveries { alerts: vec![other.clone()] }).expect("it is due");
            case.end(&other, DeliveryResult::Delivered { receipt: "ok".into() });
        }
        assert!(case.incident.due_alerts(case.now).contains(&alert), "the first is still tried");
    }
}

#[test]
fn what_is_bound_to_fail_again_falls_back_at_once_and_slow_failures_after_five_minutes() {
    let mut case = with_fallback();
    let alert = case.incident.due_alerts(case.now)[0].clone();
    assert_eq!(fell_back(&fail(&mut case, &alert, true, hours(1))).map(|(to, _)| to).as_deref(), Some("pager:desk"));
    let mut slow = with_fallback();
    let alert = slow.incident.due_alerts(slow.now)[0].clone();
    assert_eq!(fell_back(&fail(&mut slow, &alert, false, Duration::minutes(5))), None);
    slow.now += Duration::minutes(5);
    assert!(fell_back(&fail(&mut slow, &alert, false, Duration::minutes(5))).is_some(), "two failures, five minutes apart");
}

#[test]
fn fallbacks_do_not_go_in_rounds() {
    let mut case = with_fallback();
    let alert = case.incident.due_alerts(case.now)[0].clone();
    assert!(fell_back(&fail(&mut case, &alert, true, hours(1))).is_some());
    let pager = case.incident.due_alerts(case.now)[0].clone();
    assert_ne!(pager, alert);
    assert_eq!(fell_back(&fail(&mut case, &pager, true, hours(1))), None, "mail to the soc was where it began");
}

fn tracked(events: &[Event]) -> Vec<Act> {
    let acts = events.iter().filter_map(|event| match event {
        Event::Tracked { alerts, .. } => Some(alerts.iter().map(|alert| alert.act)),
        _ => None,
    });
    acts.flatten().collect()
}

fn with_tracking() -> Case {
    let mut house = house(ONE);
    house.tracking.insert("mail".into());
    Case::with(house)
}

#[test]
fn a_tracking_channel_is_told_of_the_acknowledgement_and_of_the_end_and_only_if_it_was_rung() {
    let mut case = with_tracking();
    assert_eq!(tracked(&case.ack("Ada", None, Duration::minutes(5)).expect("it is taken")), [], "it was never rung");
    case.run_to(at(AWARE) + hours(1));
    assert_eq!(tracked(&case.ack("Ada", None, hours(1)).expect("it is taken")), [Act::Acknowledge]);
    let evidence =
        Evidence { by: "Ada".into(), what: "filed".into(), filed_at: case.now, reference: None, told: None, known_then: None };
    let events = case.submit(Command::Meet { clock: key(AUTHORITY), evidence }).expect("it is met");
    assert_eq!(tracked(&events), [Act::Resolve]);
    assert_eq!(case.clock(AUTHORITY).standing, Standing::Met);
    let due = case.begin();
    assert_eq!(due.len(), 1, "the acknowledgement is dropped, the end is delivered although the clock is closed");
    assert_eq!(case.incident.alerts[&due[0]].queued.act, Act::Resolve);
    case.end(&due[0], DeliveryResult::Delivered { receipt: "202".into() });
    assert!(case.incident.due_alerts(case.now + hours(1)).is_empty());
}

#[test]
fn a_products_word_resolves_nothing() {
    let mut case = with_tracking();
    case.run_to(at(AWARE) + hours(1));
    let by = Claimant::Product("wazuh".into());
    let said = super::case::claim("breach.personal-data", false.into(), by, case.now);
    let received = Received { status: Some("resolved".into()), ..Received::of("wazuh", "2") };
    let events = case.submit(Command::Observe { received, claims: vec![said] }).expect("it is taken");
    assert_eq!(tracked(&events), []);
    case.answer(&[("breach.personal-data", true.into())]);
    case.now += hours(1);
    let events = case.answer(&[("breach.personal-data", false.into())]);
    assert_eq!(tracked(&events), [Act::Resolve], "a person's does: {events:#?}");
}

#[test]
fn a_ring_that_arrives_after_the_end_is_closed_once_more() {
    let mut case = with_tracking();
    case.wake();
    let alert = case.begin()[0].clone();
    let evidence =
        Evidence { by: "Ada".into(), what: "filed".into(), filed_at: case.now, reference: None, told: None, known_then: None };
    case.submit(Command::Meet { clock: key(AUTHORITY), evidence }).expect("it is met");
    let events = case.end(&alert, DeliveryResult::Delivered { receipt: "202".into() });
    assert_eq!(tracked(&events), [Act::Resolve], "it was opened there after it had been closed");
    assert!(matches!(case.incident.alerts[&alert].state, AlertState::Delivered { .. }));
}
