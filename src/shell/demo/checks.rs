//! What counts as seen: each step's check, on values alone.

use crate::domain::board::ClockLine;
use crate::domain::ids::IncidentId;
use crate::sim::read_mail::Mail;
use reqwest::StatusCode;
use serde_json::Value;
use std::collections::BTreeMap;

/// Everything the demo promises to show, in the order in which it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A daemon of its own is up.
    Started,
    /// The alert was taken, durably.
    Taken,
    /// The same alert again changed nothing.
    Repeated,
    /// The first letter arrived.
    Triaged,
    /// The duties of three legal orders were found.
    Found,
    /// Questions are still asked.
    Asked,
    /// The letters about the clocks arrived.
    Rang,
    /// The webhooks arrived with sound signatures.
    Signed,
    /// The notices are drafted, their gaps marked.
    Drafted,
    /// A person owns a clock.
    Owned,
    /// The daemon was ended without warning.
    Killed,
    /// It is up again.
    Restarted,
    /// Every clock is as it was.
    Kept,
}

impl Step {
    /// Every step, in order.
    pub const ALL: [Self; 13] = [
        Self::Started,
        Self::Taken,
        Self::Repeated,
        Self::Triaged,
        Self::Found,
        Self::Asked,
        Self::Rang,
        Self::Signed,
        Self::Drafted,
        Self::Owned,
        Self::Killed,
        Self::Restarted,
        Self::Kept,
    ];

    /// What is promised.
    pub fn promise(self) -> &'static str {
        match self {
            Self::Started => "the daemon started with nothing configured",
            Self::Taken => "the alert was taken durably",
            Self::Repeated => "the same alert again changed nothing",
            Self::Triaged => "the first mail reached the people on call",
            Self::Found => "the duties of the EU, the US and India were found",
            Self::Asked => "what is not known was asked, and held for unknown",
            Self::Rang => "every clock rang, by mail",
            Self::Signed => "every clock rang, by signed webhook",
            Self::Drafted => "the notices were drafted, their gaps marked",
            Self::Owned => "a person took the most urgent clock",
            Self::Killed => "the daemon was killed without warning",
            Self::Restarted => "the daemon started again",
            Self::Kept => "every clock is as it was",
        }
    }
}

/// What was seen so far, and what was not.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    outcomes: BTreeMap<Step, Result<(), String>>,
}

impl Ledger {
    /// Notes how a step went. What failed once stays failed.
    pub fn note(&mut self, step: Step, outcome: Result<(), String>) {
        let entry = self.outcomes.entry(step).or_insert(Ok(()));
        if entry.is_ok() {
            *entry = outcome;
        }
    }

    /// Every step with what is wrong with it, if anything is; a step nobody noted was not reached.
    pub fn outcomes(&self) -> impl Iterator<Item = (Step, Result<(), &str>)> {
        Step::ALL.into_iter().map(|step| {
            let outcome = match self.outcomes.get(&step) {
                Some(Ok(())) => Ok(()),
                Some(Err(why)) => Err(why.as_str()),
                None => Err("not reached"),
            };
            (step, outcome)
        })
    }

    /// Whether every step was seen.
    pub fn is_complete(&self) -> bool {
        self.outcomes().all(|(_, outcome)| outcome.is_ok())
    }
}

/// The incident that a taken alert opened.
///
/// # Errors
/// What the answer says instead.
pub fn taken(status: StatusCode, body: &Value) -> Result<IncidentId, String> {
    let incident = body["incident"].as_str();
    match incident {
        Some(incident) if status == StatusCode::ACCEPTED && body["duplicate"] == false => Ok(incident.into()),
        _ => Err(format!("the alert was answered {status}, not 202 with a new incident: {body}")),
    }
}

/// Whether the same alert again was known for what it is.
///
/// # Errors
/// What the answer says instead.
pub fn repeated(status: StatusCode, body: &Value, incident: &IncidentId) -> Result<(), String> {
    if status == StatusCode::ACCEPTED && body["duplicate"] == true && body["incident"] == incident.as_str() {
        return Ok(());
    }
    Err(format!("the second copy was answered {status}: {body}"))
}

/// Whether every duty has an open clock with an article and a time.
///
/// # Errors
/// Every duty that has not.
pub fn duties(clocks: &[ClockLine], wanted: &[&str]) -> Result<(), String> {
    let ticks = |clock: &ClockLine| clock.standing.is_open() && !clock.cite.is_empty() && clock.due.or(clock.target).is_some();
    let absent: Vec<&str> =
        wanted.iter().copied().filter(|duty| !clocks.iter().any(|clock| clock.duty == *duty && ticks(clock))).collect();
    if absent.is_empty() { Ok(()) } else { Err(format!("no running clock with an article and a time for {}", absent.join(", "))) }
}

/// Whether a letter is about this clock, alone or among others.
pub fn is_about(mail: &Mail, clock: &ClockLine) -> bool {
    mail.header("X-Watchbell-Clock").is_some_and(|clocks| clocks.split(", ").any(|named| named.trim() == clock.id))
}

/// Whether a letter is about this clock, says what a person needs, and holds nothing that must not travel.
///
/// # Errors
/// What is wrong with it.
pub fn letter(mail: &Mail, clock: &ClockLine, never: &[&str]) -> Result<(), String> {
    if !is_about(mail, clock) {
        return Err(format!("a letter names another clock than {}", clock.id));
    }
    let (text, html) = (mail.text.as_deref().unwrap_or_default(), mail.html.as_deref().unwrap_or_default());
    // The list in a title of the house's may have grown since the letter.
    let title = clock.title.split(" about ").next().unwrap_or_default();
    if !(text.contains(title) && html.contains("<h1")) {
        return Err(format!("the letter about {} does not say `{}` in text and in HTML", clock.id, clock.title));
    }
    match never.iter().find(|word| [&*mail.subject, text, html].iter().any(|part| part.contains(**word))) {
        Some(word) => Err(format!("the letter about {} holds `{word}`, which must not leave the house", clock.id)),
        None => Ok(()),
    }
}

/// Whether questions are asked exactly while facts are missing.
///
/// # Errors
/// Which of the two is there without the other.
pub fn asked(questions: usize, clocks: &[ClockLine]) -> Result<(), String> {
    let missing = clocks.iter().any(|clock| clock.standing.is_open() && clock.missing > 0);
    match (questions, missing) {
        (1.., true) => Ok(()),
        (0, true) => Err("facts are missing, and no question is asked".to_owned()),
        (_, false) => Err("no clock says that facts are missing".to_owned()),
    }
}

/// Whether as many letters about a clock arrived as are on record, each as it should be.
///
/// # Errors
/// What is wrong with them.
pub fn letters(mails: &[&Mail], recorded: usize, clock: &ClockLine, never: &[&str]) -> Result<(), String> {
    if mails.len() != recorded {
        return Err(format!("{} mails about {} arrived, {recorded} are on record", mails.len(), clock.id));
    }
    mails.iter().try_for_each(|mail| letter(mail, clock, never))
}

/// Whether a draft is a draft: something to read, with every gap marked in its place.
///
/// # Errors
/// What is wrong with it.
pub fn draft(name: &str, text: &str, gaps: usize) -> Result<(), String> {
    if text.lines().count() < 5 {
        return Err(format!("the draft {name} is empty"));
    }
    // A mark may be broken over two lines.
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let marked = (1..=gaps).filter(|number| text.contains(&format!(", no. {number}]"))).count();
    if marked < gaps {
        return Err(format!("the draft {name} marks {marked} of its {gaps} gaps"));
    }
    Ok(())
}

/// Views by name, field by field: the pointer of each value, and the value.
pub type Snapshot = BTreeMap<String, BTreeMap<String, Value>>;

/// A view in fields; an empty list or object is a field too.
pub fn fields(view: &Value) -> BTreeMap<String, Value> {
    let mut fields = BTreeMap::new();
    collect(view, String::new(), &mut fields);
    fields
}

fn collect(value: &Value, pointer: String, fields: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            members.iter().for_each(|(name, member)| collect(member, format!("{pointer}/{name}"), fields));
        }
        Value::Array(items) if !items.is_empty() => {
            items.iter().enumerate().for_each(|(at, item)| collect(item, format!("{pointer}/{at}"), fields));
        }
        leaf => drop(fields.insert(pointer, leaf.clone())),
    }
}

/// Every difference between two snapshots, a line each.
pub fn differences(before: &Snapshot, after: &Snapshot) -> Vec<String> {
    let mut lines = Vec::new();
    let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in names {
        let (Some(was), Some(is)) = (before.get(name), after.get(name)) else {
            let what = if after.contains_key(name) { "was not there before" } else { "is gone" };
            lines.push(format!("{name} {what}"));
            continue;
        };
        let pointers: std::collections::BTreeSet<&String> = was.keys().chain(is.keys()).collect();
        for pointer in pointers {
            if was.get(pointer) != is.get(pointer) {
                let show = |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), Value::to_string);
                lines.push(format!("{name}{pointer} was {}, is {}", show(was.get(pointer)), show(is.get(pointer))));
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::incident::Standing;
    use crate::domain::instant::{Zone, parse_rfc3339};
    use crate::domain::law::Mode;
    use serde_json::json;

    fn clock(duty: &str) -> ClockLine {
        ClockLine {
            id: format!("inc-1~{duty}~mercy"),
            duty: duty.into(),
            organisation: "mercy".into(),
            owed_by: None,
            towards: None,
            title: "Tell the authority".into(),
            cite: "GDPR Art. 33(1)".into(),
            standing: Standing::Running,
            mode: Mode::Live,
            due: parse_rfc3339("2026-11-24T20:00:00Z"),
            outer: None,
            target: None,
            zone: Zone::UTC,
            acknowledged: None,
            owners: Vec::new(),
            silenced: None,
            held: None,
            disputed: Vec::new(),
            gaps: Some(2),
            missing: 1,
        }
    }

    fn mail(clock: &ClockLine) -> Mail {
        Mail {
            subject: format!("2 d 23 h left: {}", clock.title),
            headers: vec![("X-Watchbell-Clock".into(), clock.id.clone())],
            text: Some(format!("{}\nUntil tomorrow", clock.title)),
            html: Some(format!("<h1>{}</h1>", clock.title)),
        }
    }

    #[test]
    fn a_step_that_nobody_noted_is_missing_and_says_so() {
        let mut ledger = Ledger::default();
        for step in Step::ALL.into_iter().filter(|step| *step != Step::Killed) {
            ledger.note(step, Ok(()));
        }
        assert!(!ledger.is_complete());
        let missing: Vec<_> = ledger.outcomes().filter(|(_, outcome)| outcome.is_err()).collect();
        assert_eq!(missing, [(Step::Killed, Err("not reached"))]);
        ledger.note(Step::Killed, Ok(()));
        assert!(ledger.is_complete());
    }

    #[test]
    fn a_step_that_failed_once_stays_failed() {
        let mut ledger = Ledger::default();
        Step::ALL.into_iter().for_each(|step| ledger.note(step, Ok(())));
        ledger.note(Step::Kept, Err("one field differs".into()));
        ledger.note(Step::Kept, Ok(()));
        assert!(!ledger.is_complete());
    }

    #[test]
    fn every_step_is_in_the_list_once_and_in_order() {
        assert!(Step::ALL.is_sorted());
        let promises: std::collections::BTreeSet<&str> = Step::ALL.into_iter().map(Step::promise).collect();
        assert_eq!(promises.len(), Step::ALL.len());
    }

    #[test]
    fn only_a_202_with_a_new_incident_counts_as_taken() {
        let body = json!({ "status": "accepted", "incident": "inc-1", "duplicate": false });
        assert_eq!(taken(StatusCode::ACCEPTED, &body), Ok("inc-1".into()));
        assert!(taken(StatusCode::OK, &body).is_err());
        assert!(taken(StatusCode::ACCEPTED, &json!({ "incident": "inc-1", "duplicate": true })).is_err());
        assert!(taken(StatusCode::ACCEPTED, &json!({ "incident": null, "duplicate": false })).is_err());
    }

    #[test]
    fn only_the_same_incident_marked_a_duplicate_counts_as_repeated() {
        let answer = |incident: &str, duplicate: bool| json!({ "incident": incident, "duplicate": duplicate });
        assert!(repeated(StatusCode::ACCEPTED, &answer("inc-1", true), &"inc-1".into()).is_ok());
        assert!(repeated(StatusCode::ACCEPTED, &answer("inc-1", false), &"inc-1".into()).is_err());
        assert!(repeated(StatusCode::ACCEPTED, &answer("inc-2", true), &"inc-1".into()).is_err());
        assert!(repeated(StatusCode::SERVICE_UNAVAILABLE, &Value::Null, &"inc-1".into()).is_err());
    }

    #[test]
    fn a_duty_needs_an_open_clock_an_article_and_a_time() {
        let wanted = ["eu.a", "us.b"];
        let both = [clock("eu.a"), clock("us.b")];
        assert_eq!(duties(&both, &wanted), Ok(()));
        assert!(duties(&both[..1], &wanted).is_err_and(|why| why.ends_with("us.b")));
        let spoiled = [
            ClockLine { standing: Standing::Void, ..clock("us.b") },
            ClockLine { cite: String::new(), ..clock("us.b") },
            ClockLine { due: None, ..clock("us.b") },
        ];
        for spoiled in spoiled {
            assert!(duties(&[clock("eu.a"), spoiled], &wanted).is_err());
        }
        let prompt = ClockLine { due: None, target: parse_rfc3339("2026-11-22T20:00:00Z"), ..clock("us.b") };
        assert_eq!(duties(&[clock("eu.a"), prompt], &wanted), Ok(()));
    }

    #[test]
    fn questions_and_missing_facts_go_together() {
        let settled = ClockLine { missing: 0, ..clock("eu.a") };
        assert!(asked(1, &[clock("eu.a")]).is_ok());
        assert!(asked(0, &[clock("eu.a")]).is_err());
        assert!(asked(1, std::slice::from_ref(&settled)).is_err());
        assert!(asked(0, &[settled]).is_err());
    }

    #[test]
    fn a_letter_must_be_about_its_clock_in_both_forms_and_thin() {
        let clock = clock("eu.a");
        let never = ["ransom"];
        assert_eq!(letter(&mail(&clock), &clock, &never), Ok(()));
        let other = Mail { headers: vec![("X-Watchbell-Clock".into(), "inc-1~us.b~mercy".into())], ..mail(&clock) };
        let among =
            Mail { headers: vec![("X-Watchbell-Clock".into(), format!("inc-1~us.b~mercy, {}", clock.id))], ..mail(&clock) };
        assert_eq!(letter(&among, &clock, &never), Ok(()));
        let textless = Mail { text: None, ..mail(&clock) };
        let pageless = Mail { html: None, ..mail(&clock) };
        let told = Mail { subject: "a ransom note".into(), ..mail(&clock) };
        for spoiled in [other, textless, pageless, told] {
            assert!(letter(&spoiled, &clock, &never).is_err(), "{spoiled:?}");
        }
    }

    #[test]
    fn a_letter_lost_or_doubled_is_seen() {
        let clock = clock("eu.a");
        let mail = mail(&clock);
        assert_eq!(letters(&[&mail, &mail], 2, &clock, &[]), Ok(()));
        assert!(letters(&[&mail], 2, &clock, &[]).is_err());
        assert!(letters(&[&mail, &mail], 1, &clock, &[]).is_err());
    }

    #[test]
    fn a_draft_marks_each_gap_even_where_its_mark_is_broken_over_lines() {
        let text = "DRAFT\n1\n2\n[MISSING: likely consequences (GDPR Art. 33(3)(c)), no.\n  1]\n[MISSING: measures, no. 2]\n";
        assert_eq!(draft("a.txt", text, 2), Ok(()));
        assert!(draft("a.txt", text, 3).is_err());
        assert!(draft("a.txt", "", 0).is_err());
    }

    #[test]
    fn every_field_of_a_view_is_compared_and_a_difference_names_its_place() {
        let view = json!({ "due": "a", "alerts": [{ "attempts": 1 }], "met": null, "missing": [] });
        let all = fields(&view);
        let pointers: Vec<&str> = all.keys().map(String::as_str).collect();
        assert_eq!(pointers, ["/alerts/0/attempts", "/due", "/met", "/missing"]);
        let snapshot = |view: &Value| Snapshot::from([("inc-1~eu.a~mercy".to_owned(), fields(view))]);
        assert!(differences(&snapshot(&view), &snapshot(&view)).is_empty());
        let moved = json!({ "due": "b", "alerts": [{ "attempts": 1 }], "met": null, "missing": ["risk.level"] });
        assert_eq!(
            differences(&snapshot(&view), &snapshot(&moved)),
            [
                "inc-1~eu.a~mercy/due was \"a\", is \"b\"",
                "inc-1~eu.a~mercy/missing was [], is nothing",
                "inc-1~eu.a~mercy/missing/0 was nothing, is \"risk.level\"",
            ]
        );
        assert_eq!(differences(&snapshot(&view), &Snapshot::new()), ["inc-1~eu.a~mercy is gone"]);
        assert_eq!(differences(&Snapshot::new(), &snapshot(&view)), ["inc-1~eu.a~mercy was not there before"]);
    }
}
