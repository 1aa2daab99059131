//! `watchbell clock show`

use crate::domain::board::{AlertView, ClockView, HoldView};
use crate::domain::incident::Standing;
use crate::domain::instant::{Instant, Zone, length_in_words, rfc3339};
use crate::domain::law::assess::Term;
use crate::shell::cli::client::Remote;
use crate::shell::cli::exit::Exit;
use crate::shell::cli::output::{Output, counted, one_line, print_json, print_text};
use crate::shell::cli::{Outcome, table, words};
use clap::Args;
use serde_json::Value;
use std::fmt::Write;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell clock show inc-7h3k9qd2w4xz8m5n~us.hipaa.individuals~mercy
  watchbell clock show inc-7h3k9qd2w4xz8m5n~us.hipaa.individuals~mercy -o json | jq .deadlines")]
pub struct Show {
    /// The clock, as `watchbell clock list` names it
    id: String,
    #[command(flatten)]
    remote: Remote,
}

impl Show {
    pub async fn run(self, output: Output) -> Outcome {
        let answer = self.remote.open()?.get(&["v1", "clocks", &self.id], &[]).await?;
        match output {
            Output::Json => print_json(&answer.read::<Value>()?)?,
            Output::Text => print_text(&text(&answer.read()?, answer.now))?,
        }
        Ok(Exit::Done)
    }
}

fn text(view: &ClockView, now: Instant) -> String {
    let mut text = format!("{}\n{}\n\n", view.line.title, view.line.id);
    for (name, value) in summary(view, now) {
        let _ = writeln!(text, "  {name:<14} {value}");
    }
    section(&mut text, "What a person must know besides", &view.remarks);
    let deadlines = &view.deadlines;
    derivation(&mut text, "How the due date was found", &deadlines.operational);
    if let Some(outer) = &deadlines.outer {
        derivation(&mut text, "How the outer date was found", outer);
    }
    deadlines.advisory.iter().for_each(|term| derivation(&mut text, "A contested reading, for show; nothing rings on it", term));
    section(&mut text, "Why", &view.reasons);
    section(&mut text, "Answers that would settle it", &view.missing);
    section(&mut text, "What the draft still lacks", &view.gaps);
    holds(&mut text, &view.holds, view.line.zone, now);
    alerts(&mut text, &view.alerts, view.line.zone, now);
    text
}

/// The clock at a glance.
fn summary(view: &ClockView, now: Instant) -> Vec<(&'static str, String)> {
    let line = &view.line;
    let mut lines =
        vec![("Asked", view.asks.clone()), ("To tell", view.addressee.clone()), ("Owed by", line.organisation.clone())];
    let operational = &view.deadlines.operational;
    lines.push(("Due", limit(operational, now)));
    if let Some(outer) = &view.deadlines.outer {
        lines.push(("At the latest", limit(outer, now)));
    }
    if let Some(target) = view.deadlines.target.as_ref().and_then(|term| term.at.map(|at| (at, term.zone))) {
        lines.push(("House target", words::moment(target.0, target.1, now)));
    }
    lines.push(("Law", format!("{}, {}; {}", operational.says, operational.cite, words::verification(operational.verification))));
    lines.extend(words::mode_explained(line.mode).map(|mode| ("Note", mode.to_owned())));
    let mut standing = match line.standing {
        Standing::Provisional => format!(
            "provisional: {} missing, counted from the earliest defensible moment",
            if line.missing == 1 { "1 answer".into() } else { format!("{} answers", line.missing) }
        ),
        Standing::Missed => "THE LIMIT HAS PASSED; it stays open until it is met".into(),
        Standing::Running => "owed".into(),
        Standing::Met => "met".into(),
        Standing::Void => "nothing is owed, on a ground on record".into(),
    };
    if line.standing.is_open() && view.end_suggested.is_some() {
        standing.push_str("; a product suggests that nothing is owed, which a person must confirm");
    }
    lines.push(("Standing", standing));
    lines.extend(view.end_suggested.iter().map(|ground| ("Suggested", one_line(ground))));
    let from = view.start.from.as_ref().map_or_else(|| "the first message".to_owned(), |key| format!("`{key}`"));
    let started = words::moment(view.start.at, line.zone, now);
    let settled = if view.start.settled { "" } else { "; not settled, it may move" };
    lines.push(("Started", format!("{started}, from {from}{settled}")));
    lines.push(("Counted from", view.start.event.clone()));
    lines.push(("Owned by", words::owner(line, now)));
    lines.extend(view.silence_reason.iter().map(|reason| ("Silenced for", one_line(reason))));
    if let Some(gaps) = line.gaps {
        let lacks = if gaps == 0 { "complete".to_owned() } else { format!("lacks {}", counted(gaps, "element")) };
        lines.push(("Draft", format!("{lacks}; `watchbell notice show {}`", line.id)));
    }
    if let Some(met) = &view.met {
        let reference = met.reference.as_ref().map(|reference| format!(", reference {reference}")).unwrap_or_default();
        let filed = words::moment(met.filed_at, line.zone, now);
        lines.push(("Met", format!("{}{reference}, filed {filed}, {}", one_line(&met.what), words::said_by([met.by.as_str()]))));
        lines.extend(taken(view, met.filed_at).map(|taken| ("It took", taken)));
    } else if line.standing.is_open() {
        lines.extend(taken(view, now).map(|taken| ("So far", taken)));
    }
    for filed in &view.filings {
        let reference = filed.reference.as_ref().map(|reference| format!(", reference {reference}")).unwrap_or_default();
        let at = words::moment(filed.filed_at, line.zone, now);
        lines.push(("Filed", format!("{}{reference}, filed {at}, said by {}; more follows", one_line(&filed.what), filed.by)));
    }
    for undone in &view.taken_back {
        let at = words::moment(undone.at, line.zone, now);
        let what = one_line(&undone.what);
        lines.push(("Taken back", format!("{what}: by {}, {at}, because {}", undone.by, one_line(&undone.because))));
    }
    lines
}

/// How long a duty without a number took until `at`, which no limit says: such a duty can be late too, and whoever is
/// told may ask why.
fn taken(view: &ClockView, at: Instant) -> Option<String> {
    let (deadlines, start) = (&view.deadlines, view.start.at);
    if deadlines.operational.at.is_some() || at <= start {
        return None;
    }
    let target = deadlines.target.as_ref().and_then(|target| target.at).filter(|target| *target < at);
    let past =
        target.map(|target| format!(", {} past the house's target; put the reasons on record", length_in_words(at - target)));
    Some(format!("{} since {}{}", length_in_words(at - start), view.start.event, past.unwrap_or_default()))
}

/// A limit locally, how far off, and in UTC.
fn limit(term: &Term, now: Instant) -> String {
    match term.at {
        Some(at) if at < now => format!("{} ({}), OVERDUE", words::moment(at, term.zone, now), rfc3339(at)),
        Some(at) => format!("{} ({})", words::moment(at, term.zone, now), rfc3339(at)),
        None => "without delay; the law gives no number".into(),
    }
}

fn derivation(text: &mut String, title: &str, term: &Term) {
    let _ = writeln!(text, "\n{title}: {} ({}; {})\n", term.says, term.cite, words::verification(term.verification));
    term.derivation.to_string().lines().for_each(|line| _ = writeln!(text, "  {line}"));
}

fn section(text: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{title}\n");
    lines.iter().for_each(|line| _ = writeln!(text, "  {}", line.trim_end()));
}

fn holds(text: &mut String, holds: &[HoldView], zone: Zone, now: Instant) {
    if holds.is_empty() {
        return;
    }
    text.push_str("\nHolds\n\n");
    let rows = holds.iter().enumerate().map(|(nth, hold)| {
        let until = hold.until.map_or_else(|| "not known".into(), |until| words::moment(until, zone, now));
        let from = words::moment(hold.from, zone, now);
        vec![(nth + 1).to_string(), hold.rule.clone(), from, until, hold.official.clone(), one_line(&hold.words), hold.by.clone()]
    });
    text.push_str(&table::indented(2, &["NO", "HOLD", "FROM", "UNTIL", "STATED BY", "WORDS", "RECORDED BY"], rows));
}

fn alerts(text: &mut String, alerts: &[AlertView], zone: Zone, now: Instant) {
    if alerts.is_empty() {
        text.push_str("\nNo alert has gone out yet.\n");
        return;
    }
    text.push_str("\nAlerts\n\n");
    let rows = alerts.iter().map(|alert| {
        let failure = alert.last_failure.as_deref().filter(|_| alert.state != "delivered").unwrap_or_default();
        vec![
            words::moment(alert.due_at, zone, now),
            alert.rung.clone(),
            alert.person.as_ref().map_or_else(|| alert.team.clone(), |person| format!("{}: {person}", alert.team)),
            alert.channel.clone(),
            format!("{} ({})", alert.state, counted(alert.attempts as usize, "attempt")),
            one_line(failure.split("\nhint:").next().unwrap_or_default()),
        ]
    });
    text.push_str(&table::indented(2, &["FELL DUE", "RUNG", "TEAM", "CHANNEL", "STATE", "LAST FAILURE"], rows));
}
