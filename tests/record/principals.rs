//! A processor and each of those for whom it holds data: telling one is not telling forty.

use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::sync::LazyLock;
use watchbell::domain::escalation::{Ladder, inherit};
use watchbell::domain::facts::{Claim, Claimant};
use watchbell::domain::ids::IncidentId;
use watchbell::domain::incident::{
    Act, Address, ClockKey, Command, DeliveryResult, Event, Evidence, House, Incident, Member, Moment, Opened, Opening, Profile,
    Received, Refusal, Standing, Team, Word, codec, decide,
};
use watchbell::domain::instant::{Duration, Instant, Zone, parse_rfc3339, rfc3339};
use watchbell::domain::law::Rulebook;
use watchbell::shell::rulebook;
use watchbell::shell::wording::compose;

static RULES: LazyLock<Rulebook> = LazyLock::new(|| rulebook::load(None).expect("the built-in rules are sound"));

const DUTY: &str = "us.hipaa.covered_entity";

/// A house whose privacy team reads mail and whose pager keeps an incident of its own.
static HOUSE: LazyLock<House> = LazyLock::new(|| {
    let ladder: Ladder = toml::from_str(
        "name = \"all\"\nrung = [{ when = \"start\", to = [\"privacy\"] }, { when = \"50% left\", to = [\"privacy\"] }]",
    )
    .expect("a ladder");
    let at = |channel: &str, to: &str| Member::Address(Address { channel: channel.into(), to: to.into() });
    let team = Team { members: vec![at("mail", "privacy@example.org"), at("pager", "privacy")] };
    House {
        ladders: inherit(&[ladder]).unwrap_or_else(|faults| panic!("{faults:?}")),
        teams: [("privacy".to_owned(), team)].into(),
        tracking: BTreeSet::from(["pager".into()]),
        lease: Duration::hours(4),
        last_call: Duration::hours(2),
        ..House::default()
    }
});

fn start() -> Instant {
    parse_rfc3339("2026-11-21T12:00:00Z").expect("an instant")
}

fn claim(key: &str, value: &Json, by: Claimant) -> Claim {
    Claim {
        ground: Some("as found".into()),
        organisations: BTreeSet::new(),
        ..Claim::of(
            key,
            (!value.is_null()).then(|| RULES.vocabulary.read(key, value).unwrap_or_else(|fault| panic!("{fault}"))),
            by,
            start(),
        )
    }
}

/// An incident of a business associate, and how long it has been going on.
struct Case {
    incident: Incident,
    minutes: i64,
}

impl Case {
    fn new(name: &str) -> Self {
        let facts = [("organisation.roles", json!(["business-associate"])), ("organisation.places", json!(["US"]))];
        let config = || Claimant::Policy("config".into());
        let claims = facts.iter().map(|(key, value)| claim(key, value, config())).collect();
        let profile = Profile { name: "Acme".into(), zone: Zone::named("America/New_York").expect("a zone"), claims };
        let opened = Opened {
            title: name.into(),
            severity: "high".into(),
            kind: "breach-report".into(),
            source: "native".into(),
            external_id: name.into(),
            organisations: [("acme".into(), profile.into())].into(),
        };
        let came = claim("event.received-at", &json!(rfc3339(start())), Claimant::Product("native".into()));
        let received = Received { external_id: Some(name.to_owned()), ..Received::of("native", format!("{name}/0")) };
        let opening = Command::Open(Box::new(Opening { opened, received, claims: vec![came] }));
        let moment = Moment { now: start(), rulebook: &RULES, house: &HOUSE };
        let opened = decide(&IncidentId::new(format!("inc-{name}")), None, opening, &moment).expect("it opens");
        let mut case = Self { incident: opened.incident.expect("it is there"), minutes: 1 };
        let known = [("breach.suspected", json!(true)), ("hipaa.phi", json!(true)), ("hipaa.impermissible", json!(true))];
        case.say("Ada", &known);
        case.say("Ada", &[("hipaa.discovered-at", json!("2026-11-21T11:00:00Z"))]);
        case
    }

    fn submit(&mut self, command: Command) -> Result<Vec<Event>, Refusal> {
        let now = start() + Duration::minutes(self.minutes);
        let moment = Moment { now, rulebook: &RULES, house: &HOUSE };
        let decided = decide(&self.incident.id.clone(), Some(&self.incident), command, &moment)?;
        for event in codec::decode(codec::FORMAT, &codec::encode(&decided.events)).expect("it reads back") {
            self.incident.apply(&event, now);
        }
        if let Some(incident) = decided.incident {
            assert!(incident == self.incident, "what was decided is what its events come to");
        }
        Ok(decided.events)
    }

    fn say(&mut self, who: &str, facts: &[(&str, Json)]) -> Vec<Event> {
        self.minutes += 1;
        let at = start() + Duration::minutes(self.minutes);
        let said = |(key, value): &(&str, Json)| Claim { at, ..claim(key, value, Claimant::Person(who.into())) };
        let claims = facts.iter().map(said).collect();
        self.submit(Command::Answer { claims }).unwrap_or_else(|refusal| panic!("{refusal}"))
    }

    fn list(&mut self, who: &str, names: &[&str]) -> Vec<Event> {
        self.say(who, &[("processor.principals", json!(names))])
    }

    fn key(number: usize) -> ClockKey {
        whole().towards(&number.to_string())
    }

    fn standing(&self, key: &ClockKey) -> Option<Standing> {
        self.incident.clocks.get(key).map(|clock| clock.standing)
    }

    fn name(&self, number: usize) -> Option<String> {
        let key = Self::key(number);
        self.incident.party_of(&key, self.incident.clocks.get(&key)?)
    }

    fn open(&self) -> usize {
        self.incident.clocks.iter().filter(|(key, clock)| key.duty.as_str() == DUTY && clock.standing.is_open()).count()
    }

    fn filed(&self, reference: Option<&str>) -> Evidence {
        Evidence {
            by: "Ada".into(),
            what: "notice by e-mail".into(),
            filed_at: start() + Duration::minutes(self.minutes),
            reference: reference.map(str::to_owned),
            told: None,
            known_then: None,
        }
    }

    fn meet(&mut self, clock: ClockKey) -> Result<Vec<Event>, Refusal> {
        let evidence = self.filed(None);
        self.submit(Command::Meet { clock, evidence })
    }

    /// Wakes, and every alert is delivered; the letters as they were worded.
    fn letters(&mut self) -> Vec<(Act, String, watchbell::shell::delivery::Letter)> {
        self.submit(Command::Wake).expect("a wake is never refused");
        self.deliver()
    }

    fn deliver(&mut self) -> Vec<(Act, String, watchbell::shell::delivery::Letter)> {
        let now = start() + Duration::minutes(self.minutes);
        let alerts = self.incident.due_alerts(now);
        self.submit(Command::BeginDeliveries { alerts: alerts.clone() }).expect("they are due");
        let begun: Vec<_> = alerts.into_iter().filter(|id| self.incident.alerts[id].attempts > 0).collect();
        let mut letters = Vec::new();
        for id in begun {
            let alert = &self.incident.alerts[&id];
            let letter = compose(&self.incident, &id, alert, None, None, now).expect("a letter");
            letters.push((alert.queued.act, alert.queued.to.clone(), letter));
            let (attempt, result) = (alert.attempts, DeliveryResult::Delivered { receipt: "250 ok".into() });
            self.submit(Command::EndDelivery { alert: id, attempt, result }).expect("it ended");
        }
        letters
    }
}

fn whole() -> ClockKey {
    ClockKey::of(DUTY, "acme")
}

fn names(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("Clinic {number:04} <privacy@clinic{number}.example>")).collect()
}

fn of(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

#[test]
fn telling_one_of_forty_ends_one_clock() {
    let mut case = Case::new("forty");
    case.list("Ada", &of(&names(40)));
    assert_eq!((case.open(), case.standing(&whole())), (40, Some(Standing::Void)));
    case.meet(Case::key(7)).expect("it is met");
    assert_eq!(case.open(), 39);
    case.say("Ada", &[("people.total", json!(900))]);
    assert_eq!(
        (case.open(), case.standing(&Case::key(7))),
        (39, Some(Standing::Met)),
        "a later answer asks for none of it again"
    );
    for number in (1..=40).filter(|number| *number != 7) {
        case.meet(Case::key(number)).expect("it is met");
    }
    assert_eq!(case.open(), 0);
}

#[test]
fn until_the_list_is_given_one_clock_stands_for_each_and_is_met_only_with_a_ground() {
    let mut case = Case::new("unlisted");
    assert_eq!(case.open(), 1);
    assert!(case.incident.clocks[&whole()].law.missing.iter().any(|fact| fact.as_str() == "processor.principals"));
    case.list("Ada", &[]);
    assert_eq!((case.open(), case.standing(&whole()).is_some_and(Standing::is_open)), (1, true), "an empty list names nobody");
    let refused = case.meet(whole()).expect_err("nobody has said who they are").to_string();
    assert!(refused.contains("it stands for each of those in `processor.principals`"), "{refused}");
    let evidence = case.filed(None);
    let meet = Command::Meet { clock: whole(), evidence };
    let because = "one customer only, told by telephone".to_owned();
    case.submit(Command::Although { because, command: Box::new(meet) }).expect("with a ground it is met");
    assert_eq!(case.open(), 0);
    case.list("Ada", &["North <a@north.example>", "South"]);
    assert_eq!(case.open(), 2, "who is named later has not been told");
}

#[test]
fn a_number_stays_with_whom_it_was_given_to_whatever_the_list_becomes() {
    let mut case = Case::new("numbers");
    case.list("Ada", &["South", "North"]);
    let both = [case.name(1), case.name(2)];
    assert_eq!(both, [Some("North".into()), Some("South".into())]);
    case.list("Ada", &["Aachen", "north <privacy@north.example>", "South"]);
    assert_eq!(
        [case.name(1), case.name(2), case.name(3)],
        [Some("north <privacy@north.example>".into()), Some("South".into()), Some("Aachen".into())]
    );
    case.list("Ada", &["Zurich"]);
    assert_eq!(case.name(4), Some("Zurich".into()));
    assert_eq!(case.open(), 4, "whoever is left out of a list ends no clock");
    case.list("Ben", &["Aachen", "Bern"]);
    assert_eq!(case.name(5), Some("Bern".into()), "of two lists each that anybody names is told");
    let whole_stands = case.standing(&whole()).is_some_and(Standing::is_open);
    assert_eq!((case.open(), whole_stands), (5, false));
}

#[test]
fn where_a_product_alone_names_some_the_clock_for_all_stays() {
    let mut case = Case::new("product");
    let named = claim("processor.principals", &json!(["North", "South"]), Claimant::Product("native".into()));
    let received = Received { external_id: Some("product".into()), ..Received::of("native", "product/1") };
    case.submit(Command::Observe { received, claims: vec![named] }).expect("it is taken in");
    assert_eq!((case.open(), case.standing(&whole()).is_some_and(Standing::is_open)), (3, true), "there may be others");
    case.list("Ada", &["North", "South"]);
    assert_eq!((case.open(), case.standing(&whole())), (2, Some(Standing::Void)));
}

#[test]
fn many_are_met_by_one_act_or_none_is() {
    let mut case = Case::new("each");
    case.list("Ada", &of(&names(40)));
    case.meet(Case::key(3)).expect("it is met");
    let told = |case: &Case, who: &[&str]| {
        let of = whole();
        let told = who.iter().map(|who| ((*who).to_owned(), case.filed(Some(&format!("ref {who}"))))).collect();
        Command::MeetEach { of, told }
    };
    let command = told(&case, &["1", "clinic 0002", "3", "41", "Stranger", "1"]);
    let refused = case.submit(command).expect_err("not each can be").to_string();
    for fault in [
        "line 3: `3` is met already",
        "line 4: `41` is neither",
        "line 5: `Stranger` is neither",
        "line 6: `1` stands there twice",
    ] {
        assert!(refused.contains(fault), "{refused}");
    }
    assert_eq!(case.open(), 39, "and so none is");
    let command = told(&case, &["1", "clinic 0002", "Clinic 0040 <privacy@clinic40.example>"]);
    case.submit(command).expect("they are met");
    assert_eq!(case.open(), 36);
    let reference = |number: usize| case.incident.clocks[&Case::key(number)].met.as_ref().and_then(|met| met.reference.clone());
    assert_eq!(reference(2).as_deref(), Some("ref clinic 0002"));
    let early = Evidence { filed_at: start() - Duration::hours(3), ..case.filed(None) };
    let command = Command::MeetEach { of: whole(), told: vec![("9".into(), early)] };
    let refused = case.submit(command).expect_err("it was filed before the clock began").to_string();
    assert!(refused.contains("no. 9: it was filed"), "{refused}");
    let nothing = case.submit(Command::MeetEach { of: ClockKey::of("house.triage", "acme"), told: vec![] });
    assert!(matches!(nothing, Err(Refusal::NoList(_))), "{nothing:?}");
}

#[test]
fn a_thousand_are_one_letter_to_each_address_and_no_name_is_in_it_nor_in_a_clock() {
    let mut case = Case::new("thousand");
    case.letters();
    #[expect(clippy::disallowed_methods, reason = "it is about how long the machine takes")]
    let began = std::time::Instant::now();
    let events = case.list("Ada", &of(&names(1000)));
    let written = codec::encode(&events);
    assert_eq!(case.open(), 1000);
    let letters = case.letters();
    case.minutes += 1;
    let each = (1..=999).map(|number| (number.to_string(), case.filed(None))).collect();
    case.submit(Command::MeetEach { of: whole(), told: each }).expect("they are met");
    let took = began.elapsed();
    eprintln!("a thousand: {took:?} with debug checks, {} bytes for the list", written.len());
    assert!(took < std::time::Duration::from_secs(60), "{took:?}");

    let about: Vec<_> = letters.iter().filter(|(.., letter)| letter.facts["duty"] == DUTY).collect();
    assert_eq!(about.len(), 2, "one by mail, one to the pager");
    for (_, _, letter) in about {
        assert!(letter.subject.contains("(1000 of a list, the first no. 1)"), "{}", letter.subject);
        assert_eq!(letter.clocks, [whole().public(&case.incident.id)]);
        let text = format!("{letter:?}").to_lowercase();
        assert!(!text.contains("clinic"), "an alert is thin: {text}");
        assert!(text.len() < 6000, "{} bytes", text.len());
    }
    for (key, clock) in &case.incident.clocks {
        let law = serde_json::to_string(&*clock.law).expect("it is written").to_lowercase();
        assert!(!key.to_string().contains("linic") && !law.contains("clinic 0") && !law.contains("@clinic"), "{key}: {law}");
    }
    assert_eq!((case.open(), case.name(1000)), (1, Some("Clinic 1000 <privacy@clinic1000.example>".into())));
}

#[test]
fn one_word_owns_every_open_clock_of_a_list_and_a_pager_closes_with_the_last() {
    let mut case = Case::new("pager");
    case.list("Ada", &of(&names(3)));
    let rung = case.letters();
    let key_there = |letter: &watchbell::shell::delivery::Letter| letter.clocks.clone();
    let of_pager: Vec<_> = rung.iter().filter(|(_, to, letter)| to == "privacy" && letter.facts["duty"] == DUTY).collect();
    assert_eq!(of_pager.len(), 1);
    assert_eq!(key_there(&of_pager[0].2), [whole().public(&case.incident.id)]);

    case.meet(Case::key(1)).expect("it is met");
    assert_eq!(case.deliver().len(), 0, "two are still to be told");
    let via = "api".to_owned();
    let own = Command::AcknowledgeEach { of: whole(), by: "Ada".into(), team: None, lease: None, via };
    case.submit(own.clone()).expect("they are owned");
    let owned = |case: &Case, number: usize| case.incident.clocks[&Case::key(number)].owner().is_some();
    assert_eq!([1, 2, 3].map(|number| owned(&case, number)), [false, true, true]);
    let taken = case.deliver();
    assert_eq!(taken.iter().map(|(act, ..)| *act).collect::<Vec<_>>(), [Act::Acknowledge]);

    case.meet(Case::key(2)).expect("it is met");
    case.minutes += 1;
    case.meet(Case::key(3)).expect("it is met");
    let closed = case.deliver();
    assert_eq!(closed.iter().map(|(act, ..)| *act).collect::<Vec<_>>(), [Act::Resolve]);
    assert_eq!(key_there(&closed[0].2), [whole().public(&case.incident.id)]);
    assert!(matches!(case.submit(own), Err(Refusal::Closed(_))));
}

#[test]
fn a_merge_loses_none_of_them_though_each_incident_has_numbers_of_its_own() {
    let (mut one, mut other) = (Case::new("one"), Case::new("other"));
    one.list("Ada", &["Aachen", "Bern"]);
    other.list("Ada", &["Bern", "Calais"]);
    assert_eq!((other.name(1), other.name(2)), (Some("Bern".into()), Some("Calais".into())));
    let word = || Word { by: "Ada".into(), because: "the same host".into() };
    (one.minutes, other.minutes) = (10, 10);
    one.submit(Command::TakeIn { other: other.incident.clone().into(), word: word() }).expect("it takes it in");
    assert_eq!(one.name(3), Some("Calais".into()), "the numbers here stay");
    assert_eq!(one.open(), 3);
    other.submit(Command::MergeInto { into: one.incident.clone().into(), word: word() }).expect("it is merged");
    assert_eq!(other.open(), 0, "both go on there");
    let mut met = Case { incident: one.incident.clone(), minutes: 11 };
    met.meet(Case::key(2)).expect("Bern was told");
    assert_eq!(met.open(), 2);
}

#[test]
fn what_one_of_them_is_sent_names_that_one() {
    let mut case = Case::new("drafts");
    case.list("Ada", &["North <a@north.example>", "South"]);
    let text = |number: usize| {
        let draft = case.incident.draft(&Case::key(number), &RULES).expect("it has a template").expect("it is drafted");
        format!("{draft:?}")
    };
    assert!(text(1).contains("North <a@north.example>") && !text(1).contains("South"));
    assert!(text(2).contains("South") && !text(2).contains("north.example"));
    let drafted = case.incident.clocks.iter().filter(|(key, clock)| key.duty.as_str() == DUTY && clock.draft.is_some());
    let numbers: Vec<_> = drafted.filter_map(|(key, _)| key.target.clone()).collect();
    assert_eq!(numbers, ["1"], "one draft on file stands for the list");
}
