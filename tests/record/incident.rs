//! Incidents decided by the real packs: what starts, moves, rings and ends a clock.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;
use watchbell::domain::board::{ClockLine, ClockView, IncidentView};
use watchbell::domain::escalation::Ladder;
use watchbell::domain::facts::{Claim, Claimant, Value};
use watchbell::domain::ids::IncidentId;
use watchbell::domain::incident::{
    Address, AlertState, ClockKey, Command, Decision, DeliveryResult, Event, Evidence, HoldStatement, House, Incident, Member,
    Moment, Opened, Opening, Profile, Received, Refusal, Standing, Team, codec, decide, if_a_breach, next_wake,
};
use watchbell::domain::instant::{Duration, Instant, Zone, parse_rfc3339, rfc3339};
use watchbell::domain::law::{Mode, Rulebook};
use watchbell::shell::rulebook;

static RULES: LazyLock<Rulebook> = LazyLock::new(|| {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    rulebook::check(&rulebook::texts_of(&dir).expect("the rules are readable")).unwrap_or_else(|fault| panic!("{fault}"))
});

static HOUSE: LazyLock<House> = LazyLock::new(|| {
    let ladder: Ladder = toml::from_str(
        r#"
        name = "all"
        [[rung]]
        when = "start"
        to = ["soc"]
        [[rung]]
        when = "50% left"
        to = ["soc"]
        [[rung]]
        when = "25% left"
        to = ["soc"]
        [[rung]]
        when = "expiry"
        to = ["soc"]
        [[rung]]
        when = "every 1h overdue"
        to = ["soc"]
        "#,
    )
    .expect("a ladder");
    let member = Member::Address(Address { channel: "mail".into(), to: "soc@example.org".into() });
    House {
        ladders: vec![ladder],
        teams: BTreeMap::from([("soc".to_owned(), Team { members: vec![member] })]),
        lease: Duration::hours(4),
        last_call: Duration::hours(2),
        ..House::default()
    }
});

fn at(text: &str) -> Instant {
    parse_rfc3339(text).unwrap_or_else(|| panic!("`{text}` is an instant"))
}

/// An incident and the story so far, as a test tells it.
struct Case {
    id: IncidentId,
    now: Instant,
    told: Vec<(Instant, Event)>,
    incident: Incident,
}

fn profile(facts: &[(&str, serde_json::Value)], zone: &str, now: Instant) -> Profile {
    let claims =
        facts.iter().map(|(key, value)| claim(key, value.clone(), Claimant::Policy("config".into()), now, None)).collect();
    Profile { name: "Mercy Hospital".into(), zone: Zone::named(zone).expect("a zone"), claims }
}

fn claim(key: &str, value: serde_json::Value, by: Claimant, at: Instant, ground: Option<&str>) -> Claim {
    let value = RULES.vocabulary.read(key, &value).unwrap_or_else(|fault| panic!("{fault}"));
    let ground = ground.map(str::to_owned);
    Claim { ground, ..Claim::of(key, Some(value), by, at) }
}

fn received(update: &str) -> Received {
    Received::of("wazuh", update)
}

impl Case {
    /// A security alert about an American hospital.
    fn hospital(now: &str) -> Self {
        let facts = [
            ("organisation.roles", serde_json::json!(["covered-entity"])),
            ("organisation.places", serde_json::json!(["US"])),
            ("organisation.offers-to", serde_json::json!(["US"])),
            ("organisation.zone", serde_json::json!("America/New_York")),
        ];
        Self::open(now, &facts, "America/New_York")
    }

    /// The same once the hospital has found it to be a breach of three days ago.
    fn breached_hospital() -> Self {
        let mut case = Self::hospital("2026-11-18T12:00:00Z");
        case.answer(&[
            ("breach.suspected", true.into()),
            ("breach.personal-data", true.into()),
            ("hipaa.phi", true.into()),
            ("hipaa.impermissible", true.into()),
            ("hipaa.discovered-at", "2026-11-18T07:00:00-05:00".into()),
        ]);
        case.now = at("2026-11-21T12:00:00Z");
        case
    }

    /// The same about a clinic in Berlin.
    fn clinic(now: &str) -> Self {
        let facts = [
            ("organisation.roles", serde_json::json!(["controller"])),
            ("organisation.places", serde_json::json!(["DE"])),
            ("organisation.main-place", serde_json::json!(["DE"])),
            ("organisation.offers-to", serde_json::json!(["DE"])),
            ("organisation.zone", serde_json::json!("Europe/Berlin")),
        ];
        Self::open(now, &facts, "Europe/Berlin")
    }

    fn open(now: &str, facts: &[(&str, serde_json::Value)], zone: &str) -> Self {
        let now = at(now);
        let opened = Opened {
            title: "an alert".into(),
            severity: "high".into(),
            kind: "security-alert".into(),
            source: "wazuh".into(),
            external_id: "1".into(),
            organisations: BTreeMap::from([("mercy".into(), profile(facts, zone, now).into())]),
        };
        let by = Claimant::Product("wazuh".into());
        let claims = vec![claim("event.received-at", serde_json::json!(rfc3339(now)), by, now, None)];
        let opening = Opening { opened, received: received("1"), claims };
        let id = IncidentId::from("inc-0123456789abcdef");
        let moment = Moment { now, rulebook: &RULES, house: &HOUSE };
        let decision = decide(&id, None, Command::Open(Box::new(opening)), &moment).expect("it opens");
        let told: Vec<(Instant, Event)> = decision.events.into_iter().map(|event| (now, event)).collect();
        let incident = Incident::replay(&id, told.iter().map(|(at, event)| (*at, event))).expect("it is opened");
        assert_eq!(decision.incident.as_ref(), Some(&incident), "what was decided is what its events replay to");
        Self { id, now, told, incident }
    }

    fn at(&mut self, now: &str) -> &mut Self {
        self.now = at(now);
        self
    }

    fn later(&mut self, by: Duration) -> &mut Self {
        self.now += by;
        self
    }

    fn submit(&mut self, command: Command) -> Result<Vec<Event>, Refusal> {
        let moment = Moment { now: self.now, rulebook: &RULES, house: &HOUSE };
        let Decision { events, incident } = decide(&self.id, Some(&self.incident), command, &moment)?;
        for event in &events {
            self.incident.apply(event, self.now);
            self.told.push((self.now, event.clone()));
        }
        assert!(incident.is_none_or(|incident| incident == self.incident), "what was decided is what its events come to");
        Ok(events)
    }

    fn answer(&mut self, facts: &[(&str, serde_json::Value)]) -> Vec<Event> {
        let by = Claimant::Person("Ada Keller".into());
        let claims = facts.iter().map(|(key, value)| claim(key, value.clone(), by.clone(), self.now, Some("as found"))).collect();
        self.submit(Command::Answer { claims }).expect("the answers are taken")
    }

    fn breach(&mut self) -> &mut Self {
        self.answer(&[
            ("breach.suspected", true.into()),
            ("breach.personal-data", true.into()),
            ("breach.security-failed", true.into()),
            ("hipaa.phi", true.into()),
            ("hipaa.impermissible", true.into()),
        ]);
        self
    }

    fn wake(&mut self) -> Vec<Event> {
        self.submit(Command::Wake).expect("a wake is never refused")
    }

    fn view(&self) -> IncidentView {
        IncidentView::of(&self.incident, &Moment { now: self.now, rulebook: &RULES, house: &HOUSE })
    }

    fn clock(&self, duty: &str) -> Option<&watchbell::domain::incident::Clock> {
        self.incident.clocks.get(&key(duty))
    }

    fn due(&self, duty: &str) -> String {
        let clock =
            self.clock(duty).unwrap_or_else(|| panic!("there is a clock {duty}; there are {:?}", self.incident.clocks.keys()));
        let zone = clock.law.deadlines.operational.zone;
        clock.law.limit().map_or("none".into(), |limit| zone.date_of(limit).to_string())
    }

    fn standing(&self, duty: &str) -> Option<Standing> {
        self.clock(duty).map(|clock| clock.standing)
    }
}

fn key(duty: &str) -> ClockKey {
    ClockKey::of(duty, "mercy")
}

fn fallen(events: &[Event]) -> Vec<(String, String)> {
    let name = |event: &Event| match event {
        Event::RungFell { clock, rung, .. } => Some((clock.duty.to_string(), rung.clone())),
        _ => None,
    };
    events.iter().filter_map(name).collect()
}

#[test]
fn an_alert_asks_and_does_not_claim_a_breach() {
    let case = Case::hospital("2026-03-10T14:00:00Z");
    let clocks: Vec<&str> = case.incident.clocks.keys().map(|key| key.duty.as_str()).collect();
    assert_eq!(clocks, ["house.triage"]);
    assert!(case.incident.nothing_owed.is_empty(), "nobody has said that nothing is owed");
}

#[test]
fn while_the_opening_question_is_unanswered_the_limits_it_would_start_are_shown() {
    let mut case = Case::clinic("2026-11-17T08:00:00Z");
    let supposed = |case: &Case| if_a_breach(&case.incident, &Moment { now: case.now, rulebook: &RULES, house: &HOUSE });
    let authority = supposed(&case).into_iter().find(|limit| limit.clock.duty.as_str() == "eu.gdpr.art33.authority");
    assert_eq!(authority.expect("it would run").until, Some(at("2026-11-20T08:00:00Z")));
    assert!(case.clock("eu.gdpr.art33.authority").is_none(), "to suppose starts nothing");
    case.answer(&[("breach.suspected", true.into())]);
    assert!(supposed(&case).is_empty());
}

#[test]
fn what_could_lift_a_duty_is_told_apart_from_what_settles_it_and_its_traps_are_told() {
    let mut case = Case::hospital("2026-03-10T14:00:00Z");
    case.breach();
    let of = key("us.hipaa.individuals");
    let law = &case.incident.clocks[&of].law;
    let view = ClockView::of(&case.incident, &of).expect("its view").with_rules(law, &RULES);
    let missing = |key: &str| view.missing.iter().any(|missing| missing == key);
    let lifts = |key: &str| view.lifting.iter().any(|lifting| lifting == key);
    assert!(missing("hipaa.discovered-at") && !lifts("hipaa.discovered-at"), "from when it counts: {view:#?}");
    assert!(missing("hipaa.low-probability") && lifts("hipaa.low-probability"), "a ground to be shown: {view:#?}");
    assert!(view.lifting.iter().all(|lifting| view.missing.contains(lifting)), "{view:#?}");
    assert!(view.traps.iter().any(|trap| trap.starts_with("Without unreasonable delay comes first")), "{:?}", view.traps);

    let traps = case.view().with_rules(&RULES).traps;
    let duties: Vec<&str> = traps.iter().map(|traps| traps.duty.as_str()).collect();
    assert!(duties.contains(&"us.hipaa.individuals") && duties.contains(&"us.hipaa.hhs"), "{duties:?}");
    assert!(duties.windows(2).all(|two| two[0] < two[1]), "each once: {duties:?}");
    assert!(!duties.contains(&"house.triage"), "of an open clock only: {duties:?}");
}

#[test]
fn suspicion_starts_provisional_clocks_from_the_first_alarm_and_answers_the_triage() {
    let mut case = Case::hospital("2026-03-10T14:00:00Z");
    case.at("2026-03-12T14:00:00Z").answer(&[("breach.suspected", true.into())]);
    assert_eq!(case.standing("house.triage"), Some(Standing::Met));
    let clock = case.clock("us.hipaa.individuals").expect("the duty is arguable");
    assert_eq!(clock.standing, Standing::Provisional);
    assert_eq!(clock.law.start.at, at("2026-03-10T14:00:00Z"), "not from the day somebody answered");
    assert_eq!(case.due("us.hipaa.individuals"), "2026-05-09");
}

#[test]
fn a_person_who_moves_awareness_moves_the_clock_and_the_record_says_why() {
    let mut case = Case::clinic("2026-11-17T08:00:00Z");
    case.breach();
    case.later(Duration::hours(6));
    let events = case.answer(&[("aware.at", "2026-11-17T14:20:00+01:00".into())]);
    let why = events.iter().find_map(|event| match event {
        Event::ClockSet { clock, because, .. } if clock.duty.as_str() == "eu.gdpr.art33.authority" => because.clone(),
        _ => None,
    });
    assert_eq!(why.as_deref(), Some("answers of Ada Keller"));
    let clock = case.clock("eu.gdpr.art33.authority").expect("it runs");
    assert_eq!(clock.law.limit(), Some(at("2026-11-20T14:20:00+01:00")));
    assert_eq!(clock.law.deadlines.outer.as_ref().and_then(|term| term.at), Some(at("2026-11-20T15:00:00+01:00")));
}

#[test]
fn a_products_word_never_ends_a_clock_and_a_persons_does() {
    let mut case = Case::clinic("2026-11-17T08:00:00Z");
    // A source may claim this much by the house's policy, so that a clock runs before any person speaks.
    case.answer(&[("breach.suspected", true.into())]);
    let by = Claimant::Product("wazuh".into());
    let said = claim("breach.personal-data", false.into(), by, case.now, None);
    let events = case.submit(Command::Observe { received: received("2"), claims: vec![said] }).expect("it is taken");
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::EndSuggested { clock, .. } if clock.duty.as_str() == "eu.gdpr.art33.authority")),
        "{events:#?}"
    );
    assert_eq!(case.standing("eu.gdpr.art33.authority"), Some(Standing::Provisional));
    case.answer(&[("breach.personal-data", false.into())]);
    assert_eq!(case.standing("eu.gdpr.art33.authority"), Some(Standing::Void));
    let why = &case.incident.nothing_owed[&key("eu.gdpr.art33.authority")];
    assert!(why.by.contains("Ada Keller"), "{why:?}");
}

#[test]
fn a_judgement_needs_a_person_and_a_ground() {
    let mut case = Case::clinic("2026-11-17T08:00:00Z");
    let no_ground = claim("risk.level", "unlikely".into(), Claimant::Person("Ada".into()), case.now, None);
    assert_eq!(case.submit(Command::Answer { claims: vec![no_ground] }), Err(Refusal::NoGround("risk.level".into())));
    let no_person = claim("risk.level", "unlikely".into(), Claimant::Policy("config".into()), case.now, Some("so"));
    assert_eq!(case.submit(Command::Answer { claims: vec![no_person] }), Err(Refusal::NotAPerson("risk.level".into())));
}

#[test]
fn a_determination_holds_until_the_facts_change() {
    let mut case = Case::clinic("2026-11-17T08:00:00Z");
    case.breach();
    let determine = Command::Determine {
        clock: key("eu.gdpr.art33.authority"),
        by: "Ada Keller".into(),
        ground: "one letter to a known recipient who returned it unopened".into(),
        cite: "GDPR Art. 33(1)".into(),
    };
    case.submit(determine).expect("it is determined");
    assert_eq!(case.standing("eu.gdpr.art33.authority"), Some(Standing::Void));
    assert!(case.submit(Command::Reassess).expect("it is looked at").is_empty(), "the same facts change nothing");
    case.later(Duration::hours(1)).answer(&[("risk.level", "high".into())]);
    assert!(case.standing("eu.gdpr.art33.authority").is_some_and(Standing::is_open), "new facts open it again");
}

#[test]
fn counts_that_grow_across_a_threshold_make_clocks_that_are_overdue_when_they_are_made() {
    let mut case = Case::hospital("2026-10-27T14:00:00Z");
    case.breach();
    case.answer(&[
        ("hipaa.discovered-at", "2026-10-27T09:00:00-04:00".into()),
        ("people.by-place", serde_json::json!({"US-OH": 380})),
    ]);
    case.answer(&[("people.total", serde_json::json!({"about": 380}))]);
    assert_eq!(case.due("us.hipaa.individuals"), "2026-12-26");
    assert_eq!(case.due("us.hipaa.hhs"), "2027-03-01");
    case.at("2027-01-15T12:00:00-05:00");
    case.answer(&[("people.total", 512.into()), ("people.by-place", serde_json::json!({"US-OH": 512}))]);
    assert_eq!(case.due("us.hipaa.hhs"), "2026-12-26");
    assert_eq!(case.due("us.hipaa.media"), "2026-12-26");
    let events = case.wake();
    let expired =
        |duty: &str| events.iter().any(|event| matches!(event, Event::Expired { clock, .. } if clock.duty.as_str() == duty));
    assert!(expired("us.hipaa.hhs") && expired("us.hipaa.media"), "they escalate at once: {events:#?}");
}

#[test]
fn the_report_to_hhs_goes_on_the_day_of_the_letters() {
    let mut case = Case::hospital("2026-03-10T14:00:00Z");
    case.breach();
    case.answer(&[("hipaa.discovered-at", "2026-03-10T09:00:00-04:00".into()), ("people.total", 620.into())]);
    assert_eq!(case.due("us.hipaa.hhs"), "2026-05-09");
    case.at("2026-03-30T16:00:00Z");
    let evidence = Evidence {
        by: "Ada".into(),
        what: "620 letters".into(),
        filed_at: case.now,
        reference: None,
        told: None,
        known_then: None,
    };
    case.submit(Command::Meet { clock: key("us.hipaa.individuals"), evidence }).expect("it is met");
    assert_eq!(case.standing("us.hipaa.individuals"), Some(Standing::Met));
    assert_eq!(case.due("us.hipaa.hhs"), "2026-03-30");
    let again =
        Evidence { by: "Ada".into(), what: "letters".into(), filed_at: case.now, reference: None, told: None, known_then: None };
    assert_eq!(case.submit(Command::Meet { clock: key("us.hipaa.individuals"), evidence: again }), Err(Refusal::Closed("met")));
}

#[test]
fn a_law_enforcement_hold_moves_only_the_clock_it_names_and_only_if_its_law_allows_it() {
    let mut case = Case::hospital("2026-09-08T14:00:00Z");
    case.breach();
    case.answer(&[("hipaa.discovered-at", "2026-09-08T09:00:00-04:00".into()), ("people.total", 620.into())]);
    case.at("2026-10-01T15:00:00Z");
    let statement = HoldStatement {
        rule: "law-enforcement-written".into(),
        official: "Special Agent R. Lowe, FBI".into(),
        from: case.now,
        until: Some(at("2026-12-15T00:00:00-05:00")),
        words: "letter of 1 October".into(),
    };
    let pause = |duty: &str, rule: &str| Command::Pause {
        clock: key(duty),
        by: "Ada".into(),
        statement: HoldStatement { rule: rule.into(), ..statement.clone() },
    };
    case.submit(pause("us.hipaa.individuals", "law-enforcement-written")).expect("HIPAA knows it");
    assert_eq!(case.due("us.hipaa.individuals"), "2026-12-15", "the floor, not the sixty days tolled");
    assert_eq!(case.due("us.hipaa.hhs"), "2026-11-07", "another clock is another hold");
    let refused = case.submit(pause("us.hipaa.individuals", "because-we-asked"));
    assert!(matches!(refused, Err(Refusal::NoHold { .. })), "{refused:?}");
}

#[test]
fn rungs_missed_in_a_downtime_are_coalesced_into_the_loudest_and_each_is_recorded() {
    let mut case = Case::clinic("2026-11-17T08:00:00Z");
    case.breach();
    case.answer(&[("aware.at", "2026-11-17T08:00:00Z".into())]);
    case.wake();
    case.at("2026-11-20T11:30:00Z");
    let events = case.wake();
    let authority: Vec<_> = fallen(&events).into_iter().filter(|(duty, _)| duty == "eu.gdpr.art33.authority").collect();
    assert_eq!(authority, [("eu.gdpr.art33.authority".to_owned(), "every 1h overdue #3".to_owned())]);
    let skipped: Vec<String> = events
        .iter()
        .filter_map(|event| match event {
            Event::RungsSkipped { clock, rungs } if clock.duty.as_str() == "eu.gdpr.art33.authority" => Some(rungs.clone()),
            _ => None,
        })
        .flatten()
        .map(|skip| skip.rung)
        .collect();
    assert_eq!(skipped, ["50% left", "25% left", "expiry", "every 1h overdue #1 to #2"]);
    assert!(fallen(&case.wake()).is_empty(), "the same moment rings once");
}

#[test]
fn nothing_rings_before_its_instant() {
    let mut case = Case::clinic("2026-11-17T08:00:00Z");
    case.breach();
    case.answer(&[("aware.at", "2026-11-17T08:00:00Z".into())]);
    for _ in 0..40 {
        let Some(wake) = next_wake(&case.incident, &HOUSE, case.now) else { break };
        // A moment too early nothing may fall.
        case.now = case.now.max(wake.at - Duration::milliseconds(1));
        if case.now < wake.at {
            assert!(fallen(&case.wake()).is_empty(), "before {}", wake.why);
        }
        case.now = case.now.max(wake.at);
        for event in case.wake() {
            if let Event::RungFell { due_at, .. } | Event::Expired { due_at, .. } = event {
                assert!(due_at <= case.now);
            }
        }
        let alerts = case.incident.due_alerts(case.now);
        if !alerts.is_empty() {
            case.submit(Command::BeginDeliveries { alerts: alerts.clone() }).expect("they are due");
            for alert in alerts {
                let result = DeliveryResult::Delivered { receipt: "250 ok".into() };
                case.submit(Command::EndDelivery { alert, attempt: 1, result }).expect("it ended");
            }
        }
        let next = next_wake(&case.incident, &HOUSE, case.now);
        assert!(next.is_none_or(|next| next.at > wake.at || next.why != wake.why), "no busy loop");
    }
    assert_eq!(case.standing("eu.gdpr.art33.authority"), Some(Standing::Missed));
}

#[test]
fn an_acknowledgement_is_a_lease_that_ends_and_never_outlives_the_last_call() {
    let mut case = Case::clinic("2026-11-17T08:00:00Z");
    case.breach();
    case.answer(&[("aware.at", "2026-11-17T08:00:00Z".into())]);
    case.wake();
    let ack = |lease: i64| Command::Acknowledge {
        clock: key("eu.gdpr.art33.authority"),
        by: "Ada".into(),
        team: None,
        lease: Some(Duration::hours(lease)),
        via: "test".into(),
    };
    case.submit(ack(500)).expect("it is taken");
    let until = case.clock("eu.gdpr.art33.authority").and_then(|c| c.owner().cloned()).expect("owned").until;
    assert_eq!(until, at("2026-11-20T06:00:00Z"), "two hours before the limit");
    case.at("2026-11-19T08:00:00Z");
    let quiet = |events: Vec<Event>| fallen(&events).iter().all(|(duty, _)| duty != "eu.gdpr.art33.authority");
    let events = case.wake();
    assert!(quiet(events), "rungs wait for the owner");
    case.at("2026-11-20T06:00:00Z");
    let events = case.wake();
    assert!(events.iter().any(|event| matches!(event, Event::LeaseEnded { .. })), "{events:#?}");
    assert!(!quiet(events), "and ring when the lease ends");
    case.at("2026-11-20T07:00:00Z");
    assert_eq!(case.submit(ack(1)), Err(Refusal::LastCall));
}

#[test]
fn a_failed_delivery_is_tried_again_under_the_same_id_until_the_clock_closes() {
    let mut case = Case::hospital("2026-03-10T14:00:00Z");
    case.wake();
    let alerts = case.incident.due_alerts(case.now);
    assert_eq!(alerts.len(), 1);
    for attempt in 1..=3 {
        case.submit(Command::BeginDeliveries { alerts: alerts.clone() }).expect("it is due");
        assert!(case.incident.due_alerts(case.now).is_empty(), "an attempt under way is not made twice");
        let retry_at = case.now + Duration::minutes(5);
        let result = DeliveryResult::Failed { reason: "unreachable".into(), text: "down".into(), retry_at, permanent: false };
        case.submit(Command::EndDelivery { alert: alerts[0].clone(), attempt, result }).expect("it ended");
        case.later(Duration::minutes(5));
        assert_eq!(case.incident.due_alerts(case.now), alerts);
    }
    case.answer(&[("breach.suspected", false.into())]);
    assert!(matches!(case.incident.alerts[&alerts[0]].state, AlertState::Dropped { .. }), "the clock is closed");
    assert!(next_wake(&case.incident, &HOUSE, case.now).is_none(), "nothing is left to do");
}

#[test]
fn an_attempt_lost_with_its_daemon_is_made_again() {
    let mut case = Case::hospital("2026-03-10T14:00:00Z");
    case.wake();
    let alerts = case.incident.due_alerts(case.now);
    case.submit(Command::BeginDeliveries { alerts: alerts.clone() }).expect("it is due");
    let wake = next_wake(&case.incident, &HOUSE, case.now).expect("the attempt is watched");
    case.now = wake.at.max(case.now + Duration::minutes(10));
    assert_eq!(case.incident.due_alerts(case.now), alerts);
    let events = case.submit(Command::BeginDeliveries { alerts }).expect("it is due again");
    assert!(matches!(events[..], [Event::DeliveryStarted { attempt: 2, .. }]), "{events:?}");
}

#[test]
fn the_dpdp_rules_are_a_rehearsal_that_says_so_and_does_not_ring() {
    let facts = [
        ("organisation.roles", serde_json::json!(["data-fiduciary"])),
        ("organisation.places", serde_json::json!(["IN"])),
        ("organisation.offers-to", serde_json::json!(["IN"])),
        ("organisation.zone", serde_json::json!("Asia/Kolkata")),
    ];
    let mut case = Case::open("2026-11-21T03:44:30Z", &facts, "Asia/Kolkata");
    case.breach();
    case.answer(&[
        ("aware.at", "2026-11-21T09:14:30+05:30".into()),
        ("incident.cyber", true.into()),
        ("noticed.at", "2026-11-21T09:14:30+05:30".into()),
    ]);
    let board = case.clock("in.dpdp.board.detailed").expect("it is shown");
    assert_eq!(board.law.mode, Mode::Shadow);
    assert_eq!(board.law.limit(), Some(at("2026-11-24T09:14:30+05:30")));
    assert!(board.law.remarks.iter().any(|remark| remark.contains("not in force before 2027-05-13")), "{:?}", board.law.remarks);
    let cert = case.clock("in.cert_in.report").expect("it is live");
    assert_eq!((cert.law.mode, cert.law.limit()), (Mode::Live, Some(at("2026-11-21T15:14:30+05:30"))));
    let events = case.wake();
    assert!(fallen(&events).iter().all(|(duty, _)| !duty.starts_with("in.dpdp")), "{events:?}");
}

#[test]
fn an_incident_replayed_from_its_record_is_the_same() {
    let mut case = Case::hospital("2026-03-10T14:00:00Z");
    case.breach();
    case.answer(&[("people.total", 620.into())]);
    case.wake();
    case.later(Duration::days(40)).wake();
    let bodies: Vec<(Instant, Vec<u8>)> =
        case.told.iter().map(|(at, event)| (*at, codec::encode(std::slice::from_ref(event)))).collect();
    let read: Vec<(Instant, Event)> = bodies
        .iter()
        .flat_map(|(at, body)| codec::decode(codec::FORMAT, body).expect("it reads back").into_iter().map(|event| (*at, event)))
        .collect();
    let again = Incident::replay(&case.id, read.iter().map(|(at, event)| (*at, event))).expect("it opens");
    for (key, clock) in &case.incident.clocks {
        let other = &again.clocks[key];
        assert_eq!(format!("{other:?}"), format!("{clock:?}"), "{key} in words");
        assert!(other.law == clock.law, "{key} law");
        assert!(other == clock, "{key} clock");
    }
    assert!(again.opened == case.incident.opened, "opened");
    assert!(again.book == case.incident.book, "book");
    assert!(again.alerts == case.incident.alerts, "alerts");
    assert!(again == case.incident);
    assert_eq!(codec::FORMAT, 2);
    assert!((1..=codec::FORMAT).all(|format| codec::decode(format, b"[]").is_ok_and(|events| events.is_empty())));
    assert!(matches!(codec::decode(codec::FORMAT + 1, b"[]"), Err(codec::CodecFault::Newer { .. })));
}

#[test]
fn the_earliest_alarm_counts_whoever_raised_it_and_whenever_it_came() {
    let mut case = Case::hospital("2026-03-10T14:00:00Z");
    for (source, detected) in
        [("wazuh", "2026-03-10T13:00:00Z"), ("edr", "2026-03-09T01:00:00Z"), ("wazuh", "2026-03-11T13:00:00Z")]
    {
        let said = claim("event.detected-at", detected.into(), Claimant::Product(source.into()), case.now, None);
        case.submit(Command::Observe { received: received(detected), claims: vec![said] }).expect("it is taken");
        case.later(Duration::minutes(1));
    }
    assert_eq!(case.incident.book.standing("event.detected-at").value(), Some(&Value::Instant(at("2026-03-09T01:00:00Z"))));
    case.answer(&[("breach.suspected", true.into())]);
    assert_eq!(case.clock("us.hipaa.individuals").expect("it runs").law.start.at, at("2026-03-09T01:00:00Z"));
}

#[test]
fn every_authority_concerned_has_a_clock_and_a_filing_of_its_own() {
    let mut case = Case::clinic("2026-11-17T08:00:00Z");
    case.breach();
    case.answer(&[("aware.at", "2026-11-17T08:00:00Z".into())]);
    assert!(case.standing("eu.gdpr.art33.authority").is_some_and(Standing::is_open));
    case.answer(&[("gdpr.authorities", serde_json::json!(["IE", "FR"]))]);
    assert_eq!(case.standing("eu.gdpr.art33.authority"), Some(Standing::Void), "replaced by one for each");
    let towards = |target: &str| key("eu.gdpr.art33.authority").towards(target);
    let open = |case: &Case, target: &str| case.incident.clocks[&towards(target)].standing.is_open();
    assert!(open(&case, "IE") && open(&case, "FR"));
    assert_eq!(case.incident.clocks[&towards("IE")].law.addressee, "competent supervisory authority: IE");
    let evidence = Evidence {
        by: "Ada".into(),
        what: "initial notice".into(),
        filed_at: case.now,
        reference: Some("C-1".into()),
        told: None,
        known_then: None,
    };
    case.submit(Command::Meet { clock: towards("IE"), evidence }).expect("it is met");
    assert!(!open(&case, "IE") && open(&case, "FR"), "one filing is not the other");
    let public = towards("FR").public(&case.id);
    assert_eq!(public, "inc-0123456789abcdef~eu.gdpr.art33.authority~mercy~FR");
    assert_eq!(ClockKey::parse(&public), Some((case.id.clone(), towards("FR"))));
}

#[test]
fn without_an_establishment_each_state_has_a_clock_and_one_filing_ends_no_other() {
    let mut case = Case::hospital("2026-11-17T08:00:00Z");
    case.breach();
    case.answer(&[
        ("organisation.roles", serde_json::json!(["controller"])),
        ("organisation.offers-to", serde_json::json!(["DE", "FR"])),
        ("aware.at", "2026-11-17T08:00:00Z".into()),
        ("risk.level", "risk".into()),
    ]);
    let whole = |case: &Case| case.standing("eu.gdpr.art33.authority");
    assert!(whole(&case).is_some_and(Standing::is_open), "it is not yet known where they live");
    case.answer(&[("people.by-place", serde_json::json!({ "DE": 200, "FR": 50 }))]);
    assert_eq!(whole(&case), Some(Standing::Void), "replaced by one for each");
    let towards = |target: &str| key("eu.gdpr.art33.authority").towards(target);
    let standing = |case: &Case, target: &str| case.incident.clocks.get(&towards(target)).map(|clock| clock.standing);
    assert_eq!((standing(&case, "DE"), standing(&case, "FR")), (Some(Standing::Running), Some(Standing::Running)));
    let evidence = Evidence {
        by: "Ada".into(),
        what: "initial notice".into(),
        filed_at: case.now,
        reference: Some("C-1".into()),
        told: None,
        known_then: None,
    };
    case.submit(Command::Meet { clock: towards("FR"), evidence }).expect("it is met");
    assert_eq!((standing(&case, "DE"), standing(&case, "FR")), (Some(Standing::Running), Some(Standing::Met)));
    case.answer(&[("gdpr.authorities", serde_json::json!(["DE-BE", "DE-BY"]))]);
    assert_eq!(standing(&case, "DE"), Some(Standing::Void), "its Laender have clocks of their own");
    assert_eq!((standing(&case, "DE-BE"), standing(&case, "DE-BY")), (Some(Standing::Running), Some(Standing::Running)));
    assert_eq!(standing(&case, "FR"), Some(Standing::Met));
}

#[test]
fn telling_the_people_is_decided_group_by_group() {
    let mut case = Case::clinic("2026-11-17T08:00:00Z");
    case.breach();
    case.answer(&[("people.cohorts", serde_json::json!(["patients", "staff"])), ("risk.level", "risk".into())]);
    case.later(Duration::minutes(1)).answer(&[("risk.level@patients", "high".into())]);
    let of = |cohort: &str| {
        case.incident.clocks.get(&key("eu.gdpr.art34.people").towards(cohort)).map(|clock| clock.standing.is_open())
    };
    assert_eq!(of("patients"), Some(true), "high for these");
    assert_ne!(of("staff"), Some(true), "not high for those");
}

/// What Ada says of the course list of EDPB case 15, one step too high.
fn food_intolerances() -> [(&'static str, serde_json::Value); 6] {
    [
        ("enisa.context", "simple-2".into()),
        ("enisa.identification", "maximum".into()),
        ("enisa.confidentiality", "known-recipients".into()),
        ("enisa.integrity", "not-lost".into()),
        ("enisa.availability", "not-lost".into()),
        ("enisa.malice", false.into()),
    ]
}

fn suggested(events: &[Event]) -> Vec<String> {
    let line = |event: &Event| match event {
        Event::RiskSuggested(suggestion) => Some(suggestion.in_words()),
        _ => None,
    };
    events.iter().filter_map(line).collect()
}

#[test]
fn a_score_is_recorded_and_moves_no_clock_and_sets_no_fact() {
    let mut case = Case::clinic("2026-11-17T08:00:00Z");
    case.breach();
    case.answer(&[("aware.at", "2026-11-17T08:00:00Z".into())]);
    let before = case.incident.clone();
    let events = case.later(Duration::hours(1)).answer(&food_intolerances());
    assert!(matches!(events[..], [Event::Claimed { .. }, Event::RiskSuggested(_)]), "{events:#?}");
    assert_eq!(suggested(&events), ["suggests: risk (2.25 of 6.00, ENISA level medium); a named person decides with risk.level"]);
    assert_eq!(case.incident.clocks, before.clocks);
    assert_eq!(case.incident.nothing_owed, before.nothing_owed);
    assert_eq!(next_wake(&case.incident, &HOUSE, case.now), next_wake(&before, &HOUSE, case.now));
    assert!(case.incident.book.standing("risk.level").value().is_none(), "nobody has decided");
    let view = case.view();
    assert!(view.questions.iter().any(|question| question.key == "risk.level"), "the question is still asked");
    assert_eq!(view.suggestions[0].determined, None);
}

#[test]
fn a_suggestion_is_recorded_again_only_when_it_differs() {
    let mut case = Case::clinic("2026-11-17T08:00:00Z");
    case.breach();
    let dlp = |case: &Case, update: &str, word: &str| {
        let said = claim("enisa.context", word.into(), Claimant::Product("dlp".into()), case.now, None);
        Command::Observe { received: received(update), claims: vec![said] }
    };
    case.submit(dlp(&case, "2", "simple-1")).expect("it is taken");
    assert!(case.incident.suggestions.is_empty(), "none before a person stated an input");
    let first = case.answer(&food_intolerances()[..5]);
    assert_eq!(
        suggested(&first),
        ["suggests nothing yet: between 2.25 and 2.75 of 6.00; not stated by a person, or disputed: enisa.malice"]
    );
    assert_eq!(suggested(&case.later(Duration::hours(1)).answer(&food_intolerances()[5..])).len(), 1);
    assert!(case.later(Duration::hours(1)).answer(&food_intolerances()).is_empty(), "the same words are no news");
    assert!(case.submit(Command::Reassess).expect("it is looked at").is_empty());
    assert!(suggested(&case.answer(&[("breach.cause", "a wrong list".into())])).is_empty(), "of no weight here");
    let flagged = case.answer(&[("people.total", 240.into())]);
    assert_eq!(suggested(&flagged).len(), 1, "a flag was raised");
    let graver = case.later(Duration::hours(1)).answer(&[("enisa.context", "sensitive-4".into())]);
    assert_eq!(
        suggested(&graver),
        ["suggests: high (4.25 of 6.00, ENISA level very high); a named person decides with risk.level"]
    );
    let events = case.later(Duration::hours(1)).answer(&[("enisa.context", "simple-1".into())]);
    assert_eq!(suggested(&events).len(), 1);
    let later = dlp(case.later(Duration::hours(1)), "3", "sensitive-4");
    let events = case.submit(later).expect("it is taken");
    assert!(suggested(&events).is_empty(), "a product does not weigh");
}

#[test]
fn a_named_person_decides_against_the_score_and_both_stand_in_the_record() {
    let mut case = Case::clinic("2026-11-17T08:00:00Z");
    case.breach();
    case.answer(&food_intolerances());
    let recorded = case.now;
    let events = case.later(Duration::hours(1)).answer(&[("risk.level", "unlikely".into())]);
    assert!(suggested(&events).is_empty(), "the decision changes no score");
    assert_eq!(case.standing("eu.gdpr.art33.authority"), Some(Standing::Void), "the person's word counts, not the score");
    let in_record = |wanted: &dyn Fn(&Event) -> bool| case.told.iter().any(|(_, event)| wanted(event));
    assert!(in_record(&|event| matches!(event, Event::RiskSuggested(suggestion) if suggestion.missing.is_empty())));
    assert!(in_record(&|event| matches!(event, Event::Claimed { claims, .. }
        if claims.iter().any(|c| c.key.as_str() == "risk.level" && c.by.name() == "Ada Keller" && c.ground.is_some()))));
    let view = case.view();
    let beside = &view.suggestions[0];
    assert!(beside.words.starts_with("suggests: risk (2.25"), "{}", beside.words);
    assert_eq!(beside.at, recorded);
    let determined = beside.determined.as_ref().expect("she decided");
    assert_eq!((determined.words.as_str(), determined.by.as_deref()), ("unlikely", Some("Ada Keller")));
    let bodies: Vec<(Instant, Vec<u8>)> =
        case.told.iter().map(|(at, event)| (*at, codec::encode(std::slice::from_ref(event)))).collect();
    let read: Vec<(Instant, Event)> = bodies
        .iter()
        .flat_map(|(at, body)| codec::decode(codec::FORMAT, body).expect("it reads back").into_iter().map(|event| (*at, event)))
        .collect();
    assert_eq!(Incident::replay(&case.id, read.iter().map(|(at, event)| (*at, event))), Some(case.incident));
}

#[test]
fn a_group_of_people_has_a_suggestion_of_its_own_that_leans_on_what_was_said_of_all() {
    let mut case = Case::clinic("2026-11-17T08:00:00Z");
    case.breach();
    case.answer(&[("people.cohorts", serde_json::json!(["patients", "staff"])), ("risk.level", "risk".into())]);
    case.answer(&food_intolerances());
    let events =
        case.answer(&[("people.cohorts", serde_json::json!(["patients"])), ("enisa.context@patients", "sensitive-4".into())]);
    assert_eq!(
        suggested(&events),
        ["suggests for patients: high (4.25 of 6.00, ENISA level very high); a named person decides with risk.level@patients"]
    );
    case.later(Duration::minutes(1)).answer(&[("risk.level@patients", "high".into())]);
    let view = case.view();
    let decided = |cohort: Option<&str>| {
        let beside = view.suggestions.iter().find(|beside| beside.suggestion.cohort.as_deref() == cohort).expect("it is shown");
        let context = beside.suggestion.inputs[0].key.to_string();
        (context, beside.determined.as_ref().map(|fact| fact.words.clone()))
    };
    assert_eq!(decided(None), ("enisa.context".into(), Some("risk".into())));
    assert_eq!(decided(Some("patients")), ("enisa.context@patients".into(), Some("high".into())));
    assert_eq!(view.suggestions.len(), 2, "nothing was said of the staff alone");
}

#[test]
fn the_four_factors_of_hipaa_make_no_suggestion() {
    let mut case = Case::hospital("2026-03-10T14:00:00Z");
    case.breach();
    let events = case.answer(&[
        ("hipaa.factor.information", "names".into()),
        ("hipaa.factor.recipient", "a covered entity".into()),
        ("hipaa.factor.acquired", "not opened".into()),
        ("hipaa.factor.mitigation", "deleted".into()),
    ]);
    assert!(suggested(&events).is_empty() && case.incident.suggestions.is_empty());
}

#[test]
fn a_hold_speaks_against_a_determination() {
    let mut case = Case::hospital("2026-09-08T14:00:00Z");
    case.breach();
    let statement = HoldStatement {
        rule: "law-enforcement-oral".into(),
        official: "an agent of the field office".into(),
        from: case.now,
        until: None,
        words: "telling now would impede the investigation".into(),
    };
    let clock = key("us.hipaa.individuals");
    case.submit(Command::Pause { clock: clock.clone(), by: "Ada".into(), statement }).expect("the law knows it");
    let determine = || Command::Determine {
        clock: clock.clone(),
        by: "Ada".into(),
        ground: "nothing was read".into(),
        cite: "164.402".into(),
    };
    let refused = case.submit(determine());
    assert!(matches!(&refused, Err(Refusal::Contradicted(against)) if against[0].contains("field office")), "{refused:#?}");
    let because = "the agent was told".to_owned();
    case.submit(Command::Although { because, command: Box::new(determine()) }).expect("it is said all the same");
    assert_eq!(case.standing("us.hipaa.individuals"), Some(Standing::Void));
}

#[test]
fn reasons_for_a_delay_become_a_gap_of_the_draft_when_the_limit_passes() {
    let mut case = Case::clinic("2026-11-17T08:00:00Z");
    case.answer(&[
        ("breach.suspected", true.into()),
        ("breach.personal-data", true.into()),
        ("aware.at", "2026-11-17T08:00:00Z".into()),
    ]);
    let asks_reasons = |case: &Case| {
        let clock = case.clock("eu.gdpr.art33.authority").expect("it runs");
        clock.draft.as_ref().expect("it is drafted").gaps.iter().any(|gap| gap.contains("reasons for the delay"))
    };
    assert!(!asks_reasons(&case), "while the notice is in time they are none");
    case.now = at("2026-11-21T09:00:00Z");
    case.submit(Command::Wake).expect("a wake is never refused");
    assert!(asks_reasons(&case), "the limit has passed");
}

fn letters(told: Option<u64>, now: Instant) -> Evidence {
    Evidence { by: "Ada".into(), what: "letters".into(), filed_at: now, reference: None, told, known_then: None }
}

/// A hospital that told of a breach discovered on 10 March, of 620 people, on 30 March.
fn told(told: Option<u64>) -> Case {
    let mut case = Case::hospital("2026-03-10T14:00:00Z");
    case.breach();
    case.answer(&[("hipaa.discovered-at", "2026-03-10T09:00:00-04:00".into()), ("people.total", 620.into())]);
    case.at("2026-03-30T16:00:00Z");
    case.submit(Command::Meet { clock: key("us.hipaa.individuals"), evidence: letters(told, at("2026-03-30T16:00:00Z")) })
        .expect("it is met");
    case
}

fn further(case: &Case, nth: usize) -> Option<&watchbell::domain::incident::Clock> {
    case.incident.clocks.get(&key("us.hipaa.individuals").further(nth))
}

#[test]
fn people_found_after_the_letters_went_out_have_a_clock_of_their_own_counted_as_for_the_first() {
    let mut case = told(None);
    assert!(further(&case, 1).is_none(), "as many were told as were on record");
    case.at("2026-04-20T12:00:00Z");
    case.answer(&[("people.total", 900.into())]);
    let clock = further(&case, 1).expect("280 are still to be told");
    let date = |at: Option<Instant>| at.map(|at| clock.law.deadlines.operational.zone.date_of(at).to_string());
    assert_eq!(date(clock.law.limit()).as_deref(), Some("2026-05-09"), "as for those who were told first");
    let outer = clock.law.deadlines.outer.as_ref().expect("the later reading is shown");
    assert_eq!(date(outer.at).as_deref(), Some("2026-06-19"), "from when they were found: {outer:#?}");
    assert!(clock.law.reasons[0].contains("620 people were told and 900 are on record: 280"), "{:?}", clock.law.reasons);
    assert_eq!(case.standing("us.hipaa.individuals"), Some(Standing::Met), "the first filing stays met");
    assert!(case.submit(Command::Reassess).expect("it is looked at").is_empty(), "the same facts change nothing");

    case.at("2026-04-22T12:00:00Z");
    let clock = key("us.hipaa.individuals").further(1);
    case.submit(Command::Meet { clock: clock.clone(), evidence: letters(None, case.now) }).expect("it is met");
    assert!(further(&case, 2).is_none());
    case.later(Duration::hours(1)).answer(&[("people.total", 1000.into())]);
    assert!(further(&case, 2).is_some_and(|clock| clock.law.reasons[0].contains("900 people were told and 1000")));
    assert_eq!(clock.first(), key("us.hipaa.individuals"));
    assert!(clock.is_further() && !clock.first().is_further());
}

#[test]
fn fewer_told_than_are_on_record_leaves_a_clock_for_the_rest_until_the_count_is_right() {
    let mut case = told(Some(600));
    assert!(further(&case, 1).is_some_and(|clock| clock.standing.is_open()), "20 were not told");
    case.later(Duration::hours(1)).answer(&[("people.total", 600.into())]);
    assert_eq!(further(&case, 1).map(|clock| clock.standing), Some(Standing::Void));
    case.later(Duration::hours(1)).answer(&[("people.total", 601.into())]);
    assert!(further(&case, 1).is_some_and(|clock| clock.standing.is_open()), "one more is one to be told");
}

#[test]
fn when_the_first_letters_are_taken_back_one_clock_runs_for_all() {
    let mut case = told(Some(600));
    let because = "the letters never went out".to_owned();
    let reopen = Command::Reopen { clock: key("us.hipaa.individuals"), by: "Ada".into(), because };
    case.later(Duration::hours(1)).submit(reopen).expect("it is taken back");
    assert!(case.standing("us.hipaa.individuals").is_some_and(Standing::is_open));
    assert_eq!(further(&case, 1).map(|clock| clock.standing), Some(Standing::Void));
}

/// A statement that holds the letters, from the evening of 20 November on.
fn statement(rule: &str, until: Option<&str>) -> HoldStatement {
    HoldStatement {
        rule: rule.into(),
        official: "an agent of the field office".into(),
        from: at("2026-11-20T15:00:00-05:00"),
        until: until.map(at),
        words: "letter 77".into(),
    }
}

#[test]
fn a_hold_with_an_absurd_end_is_refused_and_changes_nothing() {
    let mut case = Case::breached_hospital();
    let clock = key("us.hipaa.individuals");
    let pause = |until| Command::Pause {
        clock: clock.clone(),
        by: "Ada".into(),
        statement: statement("law-enforcement-written", Some(until)),
    };
    assert!(matches!(case.submit(pause("2026-11-20T14:00:00-05:00")), Err(Refusal::EndsBeforeItBegins { .. })));
    assert!(matches!(case.submit(pause("2062-11-20T14:00:00-05:00")), Err(Refusal::HeldTooLong(_))));
    assert!(case.clock("us.hipaa.individuals").expect("it runs").holds.is_empty());
    case.submit(pause("2026-12-20T14:00:00-05:00")).expect("a month is no absurdity");
}

#[test]
fn a_hold_and_a_dispute_stand_on_the_clocks_line() {
    let mut case = Case::breached_hospital();
    let clock = key("us.hipaa.individuals");
    let statement = statement("law-enforcement-oral", None);
    case.submit(Command::Pause { clock: clock.clone(), by: "Ada".into(), statement }).expect("it is taken");
    let line = |case: &Case, duty: &str| {
        let clock = case.clock(duty).expect("it runs");
        ClockLine::of(&case.incident, &key(duty), clock)
    };
    let held = line(&case, "us.hipaa.individuals").held.expect("it is held");
    assert_eq!((held.rule.as_str(), held.until), ("law-enforcement-oral", Some(at("2026-12-20T00:00:00-05:00"))), "thirty days");
    let say = |case: &mut Case, who: &str, count: u32| {
        let said = claim("people.total", count.into(), Claimant::Person(who.into()), case.now, Some("a count"));
        case.submit(Command::Answer { claims: vec![said] }).expect("it is taken");
    };
    say(&mut case, "Ada", 620);
    say(&mut case, "Bob", 480);
    assert_eq!(line(&case, "us.hipaa.hhs").disputed, ["people.total"]);
}

#[test]
fn a_second_statement_by_word_of_mouth_holds_no_clock_longer_than_the_first() {
    let mut case = Case::breached_hospital();
    let clock = key("us.hipaa.individuals");
    let mut say = |from: &str| {
        let statement = HoldStatement { from: at(from), ..statement("law-enforcement-oral", None) };
        case.submit(Command::Pause { clock: clock.clone(), by: "Ada".into(), statement }).expect("it is taken");
        let clock = case.clock("us.hipaa.individuals").expect("it runs").clone();
        (clock.last_hold().and_then(|(_, until)| until), clock.law.limit(), clock.law.remarks.clone())
    };
    let (first, until, remarks) = say("2026-10-01T15:00:00-04:00");
    assert_eq!(first, Some(at("2026-10-31T00:00:00-04:00")), "thirty days");
    assert!(!remarks.iter().any(|remark| remark.contains("ask counsel")), "{remarks:#?}");
    let (second, still, remarks) = say("2026-11-20T15:00:00-05:00");
    assert_eq!((second, still), (first, until));
    assert!(!remarks.iter().any(|remark| remark.contains("word of mouth")), "it changes nothing either way: {remarks:#?}");
}

#[test]
fn the_houses_target_moves_behind_a_hold() {
    let mut case = Case::breached_hospital();
    let target = |case: &Case| {
        let clock = case.clock("us.hipaa.individuals").expect("it runs");
        clock.law.deadlines.target.as_ref().and_then(|target| target.at).expect("the house aims at a day")
    };
    let (before, clock) = (target(&case), key("us.hipaa.individuals"));
    let statement = statement("law-enforcement-written", Some("2027-01-10T00:00:00-05:00"));
    assert!(before < at("2027-01-10T00:00:00-05:00"));
    case.submit(Command::Pause { clock, by: "Ada".into(), statement }).expect("it is taken");
    assert_eq!(target(&case), at("2027-01-10T00:00:00-05:00"));
}
