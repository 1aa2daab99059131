//! What a letter about one clock and about many says, over the example's house. With `WATCHBELL_PICTURES` set to a
//! folder, the letters are kept there as a mail program gets them.

use crate::support::ConfigText;
use serde_json::json;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use watchbell::domain::facts::{Claim, Claimant, Value};
use watchbell::domain::ids::{AlertId, IncidentId};
use watchbell::domain::incident::{
    About, Act, Alert, AlertQueued, AlertState, ClockKey, Command, Incident, Opened, Opening, Received, Standing,
};
use watchbell::domain::instant::{Instant, parse_rfc3339};
use watchbell::domain::law::Mode;
use watchbell::shell::config::{self, Config};
use watchbell::shell::delivery::{Letter, Urgency, html_body, text_body};
use watchbell::shell::desk::Desk;
use watchbell::shell::store::MemoryStore;
use watchbell::shell::wording::compose;

const LINK: &str = "https://watchbell.example.org/a/b64";

fn at(text: &str) -> Instant {
    parse_rfc3339(text).expect("an instant")
}

fn config() -> Config {
    let text = ConfigText::example(Path::new("/nowhere"), SocketAddr::from(([127, 0, 0, 1], 9)));
    let path = Path::new("/nowhere/watchbell.toml");
    config::parse(path, text.text(), &BTreeMap::new(), at("2026-11-20T00:00:00Z")).unwrap_or_else(|fault| panic!("{fault}"))
}

/// An incident of the example's house, an hour old, in which a breach is suspected.
async fn incident(now: Instant) -> Arc<Incident> {
    let config = config();
    let desk = Arc::new(Desk::new(Arc::new(MemoryStore::new()), Arc::clone(&config.rules), None));
    let id = IncidentId::new("inc-7h3k9qd2w4xz8m5n");
    let claim = |key: &str, value: Value, by: Claimant| Claim {
        ground: Some("files are locked".into()),
        ..Claim::of(key, Some(value), by, now)
    };
    let opening = Opening {
        opened: Opened {
            title: "Ransom note on PACS-01".into(),
            severity: "high".into(),
            kind: "security-alert".into(),
            source: "native".into(),
            external_id: "case-17".into(),
            organisations: config.rules.organisations.iter().map(|(id, o)| (id.clone(), o.profile.clone())).collect(),
        },
        received: Received::of("native", "1"),
        claims: vec![claim("event.received-at", Value::Instant(now), Claimant::Product("native".into()))],
    };
    desk.submit(&id, Command::Open(Box::new(opening)), now).await.unwrap_or_else(|error| panic!("{error}"));
    let suspected = config.rules.rulebook.vocabulary.read("breach.suspected", &json!(true)).expect("a yes");
    let claims = vec![claim("breach.suspected", suspected, Claimant::Person("Ada Keller".into()))];
    desk.submit(&id, Command::Answer { claims }, now).await.unwrap_or_else(|error| panic!("{error}")).incident
}

fn open_clocks(incident: &Incident, due_at: Instant) -> Vec<About> {
    let open = incident.clocks.iter().filter(|(_, clock)| clock.standing.is_open() && clock.law.mode != Mode::Shadow);
    open.map(|(key, _)| About { clock: key.clone(), rung: "start".into(), due_at }).collect()
}

fn alert(about: &[About], queued_at: Instant) -> Alert {
    let queued = AlertQueued {
        id: AlertId::new("alr-1"),
        channel: "mail".into(),
        to: "soc@example.org".into(),
        team: "soc".into(),
        person: None,
        rota: None,
        act: Act::Ring,
    };
    Alert {
        about: about.to_vec(),
        queued_at,
        queued,
        state: AlertState::Waiting { next_at: queued_at },
        attempts: 0,
        last_failure: None,
        failures: None,
        in_stead_of: None,
        fell_back_to: None,
    }
}

fn letter(incident: &Incident, about: &[About], now: Instant) -> Letter {
    compose(incident, &AlertId::new("alr-1"), &alert(about, now), Some(LINK.into()), None, now).expect("there are clocks")
}

fn keep(name: &str, letter: &Letter) {
    let Some(folder) = std::env::var_os("WATCHBELL_PICTURES") else { return };
    for (end, text) in [("html", html_body(letter)), ("txt", format!("Subject: {}\n\n{}", letter.subject, text_body(letter)))] {
        std::fs::write(Path::new(&folder).join(format!("{name}.{end}")), text).expect("a letter is kept");
    }
}

#[tokio::test]
async fn a_letter_about_one_clock_says_the_time_left_and_the_local_time_in_its_subject() {
    let now = at("2026-11-20T03:00:00Z");
    let incident = incident(now).await;
    let all = open_clocks(&incident, now);
    for one in &all {
        let letter = letter(&incident, std::slice::from_ref(one), now);
        let law = &incident.clocks[&one.clock].law;
        let until = law.limit().map(|limit| law.deadlines.operational.zone.in_words(limit));
        match until {
            Some(until) => {
                assert!(
                    letter.subject.contains(" left: ") && letter.subject.contains(&format!(", until {until} (")),
                    "{}",
                    letter.subject
                );
            }
            None => assert!(letter.subject.starts_with("Without delay: "), "{}", letter.subject),
        }
        assert_eq!(letter.clocks, [one.clock.public(&incident.id)]);
        assert_eq!(letter.link.as_deref(), Some(LINK));
        for text in [letter.subject.clone(), text_body(&letter), html_body(&letter), letter.facts.to_string()] {
            assert!(!text.contains("Ransom") && !text.contains("locked"), "thin: {text}");
        }
    }
    keep("one", &letter(&incident, &all[..1], now));
}

#[tokio::test]
async fn a_letter_about_many_clocks_leads_with_the_most_urgent_and_lists_the_others() {
    let now = at("2026-11-20T03:00:00Z");
    let incident = incident(now).await;
    let mut all = open_clocks(&incident, now);
    assert!(all.len() > 3, "{} clocks", all.len());
    let expected = letter(&incident, &all, now);
    all.reverse();
    let letter = letter(&incident, &all, now);
    assert_eq!(letter, expected, "whatever the order they come in");
    let rank = |key: &String| {
        let (_, key) = ClockKey::parse(key).expect("a clock");
        let clock = &incident.clocks[&key];
        let is_statutory = matches!(clock.law.mode, Mode::Live | Mode::Straddle) && clock.law.limit().is_some();
        (!is_statutory, clock.standing == Standing::Provisional, clock.law.due())
    };
    let ranks: Vec<_> = letter.clocks.iter().map(rank).collect();
    assert!(ranks.is_sorted() && ranks.len() == all.len(), "{ranks:?}");
    let others = all.len() - 1;
    assert!(letter.subject.contains(&format!(" and {others} more, until ")), "{}", letter.subject);
    assert!(letter.heading.ends_with(&format!(", and {others} more clocks")), "{}", letter.heading);
    let text = text_body(&letter);
    for (nth, key) in letter.clocks.iter().enumerate().skip(1) {
        let (_, key) = ClockKey::parse(key).expect("a clock");
        let law = &incident.clocks[&key].law;
        assert!(text.contains(&format!("Clock {}", nth + 1)), "{text}");
        assert!(letter.lines.iter().any(|(_, line)| line.contains(&law.title) && line.contains(&law.cite)), "{}", law.title);
    }
    assert_eq!(letter.facts["clocks"].as_array().map(Vec::len), Some(all.len()));
    keep("many", &letter);
}

#[tokio::test]
async fn a_letter_is_as_loud_as_its_loudest_clock() {
    let now = at("2026-11-20T03:00:00Z");
    let incident = incident(now).await;
    let all = open_clocks(&incident, now);
    let first = all.iter().filter_map(|about| incident.clocks[&about.clock].law.limit()).min().expect("a limit");
    assert_eq!(letter(&incident, &all, first + watchbell::domain::instant::Duration::seconds(1)).urgency, Urgency::Overdue);
    assert!(compose(&incident, &AlertId::new("alr-1"), &alert(&[], now), None, None, now).is_none());
}

#[tokio::test]
async fn a_subject_names_a_limit_in_law_and_never_a_target_or_a_duty_without_delay_in_its_place() {
    let now = at("2026-11-20T03:00:00Z");
    let incident = incident(now).await;
    let all = open_clocks(&incident, now);
    let without_number: Vec<About> =
        all.iter().filter(|about| incident.clocks[&about.clock].law.limit().is_none()).cloned().collect();
    let numbered = all.iter().find(|about| incident.clocks[&about.clock].law.limit().is_some()).expect("a limit");
    assert!(!without_number.is_empty(), "a duty without a number is open");
    let mixed: Vec<About> = without_number.iter().chain([numbered]).cloned().collect();
    let letter = letter(&incident, &mixed, now);
    assert_eq!(letter.clocks[0], numbered.clock.public(&incident.id));
    assert!(letter.subject.contains(" left: ") && !letter.subject.contains("Without delay"), "{}", letter.subject);
}

#[tokio::test]
async fn what_is_owed_leads_what_only_may_be_and_a_nearer_limit_that_may_be_owed_is_named_beside_it() {
    let now = at("2026-11-20T03:00:00Z");
    let mut incident = (*incident(now).await).clone();
    let mut limits: Vec<(Instant, ClockKey)> = Vec::new();
    for about in open_clocks(&incident, now) {
        let law = &incident.clocks[&about.clock].law;
        limits.extend(law.limit().filter(|_| matches!(law.mode, Mode::Live | Mode::Straddle)).map(|limit| (limit, about.clock)));
    }
    limits.sort();
    let ([(_, nearest), ..], [.., (_, last)]) = (&limits[..], &limits[..]) else { panic!("limits") };
    assert_ne!(nearest, last);
    incident.clocks.get_mut(nearest).expect("it is there").standing = Standing::Provisional;
    incident.clocks.get_mut(last).expect("it is there").standing = Standing::Running;
    let about = |key: &ClockKey| About { clock: key.clone(), rung: "start".into(), due_at: now };
    let both = letter(&incident, &[about(nearest), about(last)], now);
    assert_eq!(both.clocks[0], last.public(&incident.id));
    let title = &incident.clocks[nearest].law.title;
    for words in [&both.subject, &both.heading] {
        assert!(words.contains("; provisional, ") && words.contains(title.as_str()), "{words}");
    }
    assert!(both.lines.iter().any(|(_, line)| line.contains(&format!("{title}: provisional, "))), "{:?}", both.lines);
    incident.clocks.get_mut(nearest).expect("it is there").standing = Standing::Running;
    let owed = letter(&incident, &[about(nearest), about(last)], now);
    assert_eq!(owed.clocks[0], nearest.public(&incident.id));
    assert!(!owed.subject.contains("provisional") && !text_body(&owed).contains(": provisional, "), "{}", owed.subject);
}

#[tokio::test]
async fn a_limit_that_has_passed_is_said_as_overdue_and_never_as_until() {
    let now = at("2026-11-20T03:00:00Z");
    let incident = incident(now).await;
    let all = open_clocks(&incident, now);
    let last = all.iter().filter_map(|about| incident.clocks[&about.clock].law.limit()).max().expect("a limit");
    let late = last + watchbell::domain::instant::Duration::hours(5);
    for about in [&all[..], &all[..1]] {
        let letter = letter(&incident, about, late);
        let text = text_body(&letter);
        assert!(letter.subject.contains(" overdue: ") && letter.subject.contains(", overdue since "), "{}", letter.subject);
        assert!(!letter.subject.contains("until "), "{}", letter.subject);
        assert!(letter.lines.iter().all(|(label, line)| label != "Until" && !line.contains(", until ")), "{text}");
        assert!(!text.to_lowercase().contains("deadline"), "{text}");
        keep("overdue", &letter);
    }
}

#[tokio::test]
async fn a_letter_says_how_the_law_was_read_and_that_it_is_no_advice() {
    let now = at("2026-11-20T03:00:00Z");
    let incident = incident(now).await;
    for about in open_clocks(&incident, now) {
        let letter = letter(&incident, std::slice::from_ref(&about), now);
        let law = &incident.clocks[&about.clock].law;
        let read = letter.lines.iter().find(|(label, _)| label == "How it was read").map(|(_, words)| words.as_str());
        let words = law.verification.words_of(law.edition.as_deref());
        assert_eq!(read, (law.mode != Mode::Policy).then_some(&*words), "{}", about.clock);
        if about.clock.duty.as_str() == "eu.gdpr.art33.authority" {
            assert_eq!(read, Some("read in a copy of the official text of 27 April 2016"));
        }
        for body in [text_body(&letter), html_body(&letter)] {
            assert!(body.contains("no legal advice"), "{body}");
        }
    }
}
