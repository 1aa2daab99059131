//! Messages in quarantine that a crash left untold.

use super::house::{House, at};
use watchbell::domain::ids::{IncidentId, OrganisationId};
use watchbell::domain::quarantine::Kept;
use watchbell::shell::operator::{Organisations, SOURCE, ring_all};

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
