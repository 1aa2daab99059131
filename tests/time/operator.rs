//! Messages in quarantine that a crash left untold.

use super::house::{House, at};
use std::collections::{BTreeMap, BTreeSet};
use watchbell::domain::ids::{IncidentId, OrganisationId};
use watchbell::domain::instant::Duration;
use watchbell::domain::quarantine::{Handled, Kept};
use watchbell::shell::config::Keep;
use watchbell::shell::operator::{Organisations, SOURCE, ring_all};
use watchbell::shell::payload_keys::PayloadKeys;
use watchbell::shell::retention::{Swept, sweep};

fn kept(code: &str) -> Kept {
    Kept {
        source: "wazuh".into(),
        received_at: at("2026-11-21T03:00:00Z"),
        content_type: None,
        headers: Default::default(),
        code: code.into(),
        text: "it is cut off".into(),
        sha256: code.into(),
        raw: Some("{".into()),
        raw_base64: None,
        sealed: None,
        handled: None,
    }
}

#[tokio::test]
async fn what_was_kept_and_not_told_of_rings_after_the_next_start_and_once() {
    let house = House::new(&[]);
    let now = at("2026-11-21T03:00:01Z");
    for (id, code) in [("qua-1", "json-truncated"), ("qua-2", "json-malformed"), ("qua-3", "noted")] {
        house.desk.keep(id.into(), kept(code), code.into(), now).await.expect("it is kept");
    }
    let of = Organisations::from([("wazuh".to_owned(), vec![OrganisationId::from("mercy")])]);
    for _ in 0..2 {
        ring_all(&house.desk, &of, now).await.expect("it is told");
    }
    let mut told: Vec<IncidentId> = house.desk.cards(None, 100).expect("cards").into_iter().map(|(id, _)| id).collect();
    told.retain(|id| id.as_str().starts_with("inc-"));
    assert_eq!(told.len(), 1, "one incident of the day");
    let incident = house.desk.incident(&told[0]).await.expect("read").expect("there");
    assert_eq!(incident.opened.source.as_str(), SOURCE);
    let messages: Vec<&str> = incident.messages.iter().map(|message| message.update_id.as_str()).collect();
    assert_eq!(messages, ["qua-1", "qua-2"], "each once; a sample waits for nobody");
    house.step(now).await;
    assert!(incident.clocks.values().all(|clock| clock.standing.is_open()));
}

#[tokio::test]
async fn a_message_that_waits_in_quarantine_keeps_the_key_of_its_day_and_rings_until_it_is_handled() {
    let house = House::new(&[]);
    let folder = tempfile::tempdir().expect("a folder");
    let keys = PayloadKeys::in_store(folder.path()).expect("keys");
    let keep = Keep { length: Some(Duration::days(90)), words: "90d".into() };
    let of = Organisations::from([("wazuh".to_owned(), vec![OrganisationId::from("mercy")])]);
    let (first, second) = (at("2026-11-21T03:00:00Z"), at("2026-11-22T03:00:00Z"));
    let seal = |code: &str, now| Some(keys.seal(b"{", code, BTreeSet::new(), now).expect("it seals"));
    for (id, code, now) in [("qua-1", "json-truncated", first), ("qua-2", "noted", second)] {
        let kept = Kept { raw: None, sealed: seal(code, now), ..kept(code) };
        house.desk.keep(id.into(), kept, code.into(), now).await.expect("it is kept");
    }
    let days = |days: &[&str]| -> BTreeSet<String> { days.iter().map(|day| (*day).to_owned()).collect() };
    let look = async |now| sweep(&house.desk, &keys, &keep, &of, now).await.expect("it is looked at");
    assert_eq!(look(at("2027-02-19T23:59:59Z")).await, Swept::default(), "ninety days from the end of the day");
    let over = at("2027-02-21T00:00:00Z");
    let swept = look(over).await;
    assert_eq!(swept.destroyed, days(&["2026-11-22"]), "what is only noted waits for nobody");
    assert_eq!(swept.withheld, BTreeMap::from([("2026-11-21".to_owned(), BTreeSet::from([IncidentId::from("qua-1")]))]));
    let rings = house.desk.cards(None, 100).expect("cards").into_iter().any(|(id, _)| id.is_incident());
    assert!(rings, "somebody is told that it still waits");
    let dropped = Handled::Dropped { by: "Ada".into(), at: over, because: "a test of theirs".into() };
    house.desk.handle(&"qua-1".into(), dropped, over).await.expect("handled");
    assert_eq!(look(over).await.destroyed, days(&["2026-11-21"]));
    let forever = Keep { length: None, words: "forever".into() };
    let later = at("2036-01-01T00:00:00Z");
    assert_eq!(sweep(&house.desk, &keys, &forever, &of, later).await.expect("it is looked at"), Swept::default());
    let kept = house.desk.kept(&"qua-1".into()).await.expect("read").expect("it is on record");
    let gone = keys.open(&kept.sealed.expect("sealed"), &kept.sha256).expect_err("nobody can read it").to_string();
    assert_eq!(gone, "destroyed on 2027-02-21 by the retention of 90d");
}
