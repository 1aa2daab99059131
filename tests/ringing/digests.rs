//! What one decision tells one address is one alert.

use super::case::{AUTHORITY, AWARE, Case, at, hours, house, key};
use std::collections::{BTreeMap, BTreeSet};
use watchbell::domain::ids::AlertId;
use watchbell::domain::incident::{AlertState, Command, Event, Evidence, Incident};

const TWO: &str = r#"
    [[ladder]]
    name = "all"
    rung = [{ when = "start", to = ["soc", "privacy"] }, { when = "50% left", to = ["soc"] }]
    [[ladder]]
    name = "people"
    for = ["eu.gdpr.art34.people"]
    rung = [{ when = "start", to = ["soc"] }]
"#;

/// Alerts of the rungs that fell, each with the clocks that name it.
fn alerts(events: &[Event]) -> BTreeMap<AlertId, (String, BTreeSet<String>)> {
    let mut alerts: BTreeMap<AlertId, (String, BTreeSet<String>)> = BTreeMap::new();
    for event in events {
        if let Event::RungFell { clock, alerts: queued, .. } = event {
            for alert in queued {
                let entry = alerts.entry(alert.id.clone()).or_insert_with(|| (alert.to.clone(), BTreeSet::new()));
                entry.1.insert(clock.duty.to_string());
            }
        }
    }
    alerts
}

#[test]
fn many_clocks_that_ring_at_once_are_one_alert_to_each_address() {
    let mut case = Case::new(TWO);
    let events = case.wake();
    let alerts = alerts(&events);
    assert_eq!(alerts.len(), 2, "soc and privacy: {alerts:#?}");
    let of = |to: &str| alerts.values().find(|(address, _)| address.starts_with(to)).expect("it is told").1.clone();
    assert!(of("soc").len() > of("privacy").len(), "each is told of its own clocks: {alerts:#?}");
    assert!(!of("privacy").contains("eu.gdpr.art34.people"));
    for (id, alert) in &case.incident.alerts {
        assert_eq!(alert.about.len(), alerts[id].1.len(), "the alert knows every clock it is about");
    }
    assert_eq!(case.begin().len(), 2, "and each goes out once");
}

#[test]
fn an_alert_lives_until_all_its_clocks_are_closed() {
    let mut case = Case::new(TWO);
    case.wake();
    let of_authority: Vec<AlertId> =
        case.incident.alerts.iter().filter(|(_, alert)| alert.is_about(&key(AUTHORITY))).map(|(id, _)| id.clone()).collect();
    let waiting = |incident: &Incident, id: &AlertId| matches!(incident.alerts[id].state, AlertState::Waiting { .. });
    let open: Vec<_> = case.incident.open_clocks().into_iter().map(|(key, _)| key.clone()).collect();
    for clock in open {
        assert!(of_authority.iter().any(|id| waiting(&case.incident, id)), "a clock is open");
        if case.incident.clocks[&clock].standing.is_open() {
            let evidence = Evidence {
                by: "Ada".into(),
                what: "done".into(),
                filed_at: case.now,
                reference: None,
                told: None,
                known_then: None,
            };
            case.submit(Command::Meet { clock, evidence }).expect("it is met");
        }
    }
    assert!(!of_authority.iter().any(|id| waiting(&case.incident, id)), "none is open any more");
}

#[test]
fn an_alerts_id_is_the_same_whoever_computes_it_and_in_whatever_house() {
    let ids = |case: &mut Case| alerts(&case.wake()).into_keys().collect::<BTreeSet<_>>();
    let first = ids(&mut Case::new(TWO));
    assert_eq!(first, ids(&mut Case::new(TWO)), "another daemon");
    let mut other = house(TWO);
    other.lease = hours(9);
    assert_eq!(first, ids(&mut Case::with(other)), "another policy in other matters");
    // An alert about one clock has the id it had before alerts could be about several.
    let alone = "[[ladder]]\nname = \"x\"\nfor = [\"eu.gdpr.art33.authority\"]\nrung = [{ when = \"start\", to = [\"soc\"] }]";
    let alone = ids(&mut Case::new(alone));
    assert_eq!(alone.iter().map(AlertId::as_str).collect::<Vec<_>>(), ["alr-8eefbf1de41f9ad5be643746"]);
}

#[test]
fn a_channel_that_keeps_an_incident_of_its_own_is_told_clock_by_clock() {
    let mut tracked = house(TWO);
    tracked.tracking.insert("mail".into());
    let mut case = Case::with(tracked);
    let events = case.wake();
    assert!(alerts(&events).values().all(|(_, clocks)| clocks.len() == 1), "{:#?}", alerts(&events));
}

#[test]
fn clocks_of_one_incident_that_ring_apart_are_alerts_apart() {
    let mut case = Case::new(TWO);
    let first: BTreeSet<AlertId> = alerts(&case.run_to(at(AWARE))).into_keys().collect();
    let later: BTreeSet<AlertId> = alerts(&case.run_to(at(AWARE) + hours(36))).into_keys().collect();
    assert!(!later.is_empty() && first.is_disjoint(&later));
}
