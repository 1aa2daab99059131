//! `watchbell incident list|show`; `log`, `export`, `message`, `merge` and `split` are beside it

use super::client::Remote;
use super::exit::Exit;
use super::incident_log::{ExportIncident, Log};
use super::incident_message::ShowMessage;
use super::incident_relations::{Merge, Split};
use super::output::{Output, counted, one_line, print_json, print_text};
use super::{Outcome, board, clock, table, words};
use crate::domain::board::{Card, IncidentView, Question};
use crate::domain::instant::{Instant, parse_rfc3339};
use clap::{Args, Subcommand};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;

/// So many messages are shown; there may be thousands.
const MESSAGES_SHOWN: usize = 20;
/// How many hints are shown at one question.
const HINTS_SHOWN: usize = 3;

/// Incidents: list them, or show one with its facts, questions and clocks.
#[derive(Debug, Args)]
pub struct Incident {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// One line per incident, the most urgent first
    List(List),
    /// One incident: clocks, open questions, facts, grounds on which nothing is owed
    Show(Show),
    /// Everything that happened to it: who said what, on which ground, what moved, who was told, what was filed
    Log(Log),
    /// The same to hand on: as JSON, and as one page to print
    Export(ExportIncident),
    /// A message as it came, while it is kept
    Message(ShowMessage),
    /// Two incidents are the same: one goes on with what is known of both
    Merge(Merge),
    /// Messages are about something else: they become an incident of their own
    Split(Split),
}

#[derive(Debug, Args)]
struct List {
    /// Also incidents that ask for nothing any more
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell incident show inc-7h3k9qd2w4xz8m5n
  watchbell incident show inc-7h3k9qd2w4xz8m5n -o json | jq -r '.questions[].key'")]
struct Show {
    /// The incident, such as inc-7h3k9qd2w4xz8m5n
    id: String,
    #[command(flatten)]
    remote: Remote,
}

impl Incident {
    pub async fn run(self, output: Output) -> Outcome {
        match self.verb {
            Verb::List(list) => list.run(output).await,
            Verb::Show(show) => show.run(output).await,
            Verb::Log(log) => log.run(output).await,
            Verb::Export(export) => export.run(output).await,
            Verb::Message(message) => message.run(output).await,
            Verb::Merge(merge) => merge.run(output).await,
            Verb::Split(split) => split.run(output).await,
        }
    }
}

impl List {
    async fn run(self, output: Output) -> Outcome {
        let (found, now) = self.remote.open()?.board(self.all).await?;
        match output {
            Output::Json => print_json(&found.cards)?,
            Output::Text => {
                board::warn(&found, now);
                let rows = board::by_urgency(&found.cards).into_iter().map(|card| row(card, now));
                print_text(&table::table(
                    &["INCIDENT", "NEXT LIMIT", "OPEN CLOCKS", "SEVERITY", "FROM", "OPENED", "TITLE"],
                    rows,
                ))?;
            }
        }
        Ok(Exit::Done)
    }
}

fn row(card: &Card, now: Instant) -> Vec<String> {
    let open: Vec<_> = card.clocks.iter().filter(|clock| clock.standing.is_open()).collect();
    let next = open.iter().min_by_key(|clock| clock.due.or(clock.target).unwrap_or(Instant::MAX_UTC));
    vec![
        card.incident.to_string(),
        next.map_or_else(|| "-".into(), |clock| words::left(clock, now)),
        open.len().to_string(),
        card.severity.clone(),
        card.source.clone(),
        words::moment_utc(card.opened_at, now),
        one_line(&card.title),
    ]
}

impl Show {
    async fn run(self, output: Output) -> Outcome {
        let answer = self.remote.open()?.incident(&self.id).await?;
        match output {
            Output::Json => print_json(&answer.read::<Value>()?)?,
            Output::Text => print_text(&text(&answer.read()?, answer.now))?,
        }
        Ok(Exit::Done)
    }
}

fn text(view: &IncidentView, now: Instant) -> String {
    let mut text = String::new();
    let card = &view.card;
    let _ = writeln!(text, "{}", one_line(&card.title));
    let _ = writeln!(text, "{}: {}", card.incident, board::origin(card, now));
    let concerns: Vec<String> = view.organisations.iter().map(|(id, name)| format!("{name} ({id})")).collect();
    let _ = writeln!(text, "concerns {}", concerns.join(", "));
    let received: Vec<String> =
        view.received.iter().map(|(source, count)| format!("{} from {source}", counted(*count as usize, "message"))).collect();
    let _ = writeln!(text, "received {}", received.join(", "));
    if let Some(status) = &view.sender_status {
        let _ = writeln!(text, "the sender calls it `{}`; that stops no clock", one_line(status));
    }
    relations(view, now, &mut text);
    messages(view, now, &mut text);
    clocks(view, now, &mut text);
    if_a_breach(view, now, &mut text);
    questions(view, &mut text);
    suggestions(view, now, &mut text);
    facts(view, now, &mut text);
    not_owed(view, now, &mut text);
    if !view.hints.is_empty() {
        text.push_str("\nHints in the messages. Nobody claims these; they may help to answer.\n\n");
        let rows = view.hints.iter().map(|hint| vec![hint.label.clone(), one_line(&hint.value), hint.pointer.clone()]);
        text.push_str(&table::indented(2, &["LABEL", "VALUE", "WHERE"], rows));
    }
    if !view.remarks.is_empty() {
        text.push_str("\nRemarks on reading the messages\n\n");
        view.remarks.iter().for_each(|remark| _ = writeln!(text, "  {}", one_line(remark)));
    }
    text.push_str("\nAssessed under ");
    let packs: Vec<String> =
        view.packs.iter().map(|(pack, digest)| format!("{pack} {}", digest.get(..12).unwrap_or(digest))).collect();
    let _ = writeln!(text, "{}", packs.join(", "));
    text
}

/// What a person said of this incident and others.
fn relations(view: &IncidentView, now: Instant, text: &mut String) {
    for relation in &view.relations {
        let numbers: Vec<String> = relation.messages.iter().map(ToString::to_string).collect();
        let of = if numbers.is_empty() { String::new() } else { format!(", messages {}", numbers.join(", ")) };
        let when = words::moment_utc(relation.at, now);
        let _ = writeln!(
            text,
            "{} {}{of}: {} (said by {}, {when})",
            relation.what.words(),
            relation.incident,
            one_line(&relation.because),
            relation.by
        );
    }
    view.moved.iter().for_each(|(clock, there)| _ = writeln!(text, "  {clock} goes on as {there}"));
}

/// The last messages, each with its number.
fn messages(view: &IncidentView, now: Instant, text: &mut String) {
    let before = view.messages.len().saturating_sub(MESSAGES_SHOWN);
    text.push_str("\nMessages\n\n");
    if before > 0 {
        let _ = writeln!(text, "  {} before these: -o json shows them", counted(before, "message"));
    }
    let rows = view.messages.iter().enumerate().skip(before).map(|(nth, message)| {
        let version = message.version.map_or_else(|| "-".into(), |version| words::moment_utc(version, now));
        let mut notes: Vec<String> = message.joined.iter().map(|rule| format!("joined by rule: {rule}")).collect();
        notes.extend(message.from.iter().map(|from| format!("of {from}")));
        notes.extend(message.title.iter().map(|title| one_line(title)));
        if message.late {
            notes.push("late: a newer version had come before, so it overwrites nothing".into());
        }
        vec![
            (nth + 1).to_string(),
            message.source.to_string(),
            one_line(&message.external_id),
            version,
            words::moment_utc(message.at, now),
            message.claims.len().to_string(),
            notes.join("; "),
        ]
    });
    text.push_str(&table::indented(2, &["#", "FROM", "ITS ID THERE", "VERSION OF", "RECEIVED", "CLAIMS", ""], rows));
}

fn clocks(view: &IncidentView, now: Instant, text: &mut String) {
    if view.card.clocks.is_empty() {
        text.push_str("\nNo clock runs.\n");
        return;
    }
    text.push_str("\nClocks\n\n");
    let rows = view.card.clocks.iter().map(|line| clock::row(line, now));
    text.push_str(&table::indented(2, &clock::HEADING, rows));
}

/// What would run if the opening question were answered with yes.
fn if_a_breach(view: &IncidentView, now: Instant, text: &mut String) {
    if view.if_a_breach.is_empty() {
        return;
    }
    text.push_str("\nIf this may be a breach, these limits run from the earliest moment on record\n\n");
    let rows = view.if_a_breach.iter().map(|limit| {
        let until = limit.until.map_or_else(|| "without delay".into(), |until| words::moment_utc(until, now));
        vec![until, format!("{} ({})", limit.title, limit.cite), limit.organisation.clone()]
    });
    text.push_str(&table::indented(2, &["DUE", "WHAT", "OWED BY"], rows));
}

/// The questions, those that decide the same clocks under one heading, in the order of urgency.
fn questions(view: &IncidentView, text: &mut String) {
    if view.questions.is_empty() {
        text.push_str("\nNo question is open.\n");
        return;
    }
    let titles: BTreeMap<&str, &str> = view.card.clocks.iter().map(|clock| (clock.duty.as_str(), clock.title.as_str())).collect();
    let open = counted(view.questions.len(), "open question");
    let _ = writeln!(text, "\n{open}, the most urgent first. An answer may set, move or end a clock.");
    let _ =
        writeln!(text, "Answer with: watchbell answer {} KEY=VALUE [KEY=VALUE …]; null says \"not known\".", view.card.incident);
    let mut nth = 0;
    for group in view.questions.chunk_by(|a, b| a.settles == b.settles) {
        let decides = group.first().into_iter().flat_map(|question| &question.settles);
        let decides: Vec<&str> = decides.map(|duty| titles.get(duty.as_str()).copied().unwrap_or(duty)).collect();
        let _ = writeln!(text, "\n  To decide: {}", decides.join("; "));
        for question in group {
            nth += 1;
            let _ = writeln!(text, "\n  {nth:>3}. {}", question.question);
            question.help.iter().for_each(|help| _ = writeln!(text, "       {help}"));
            hints(question).for_each(|hint| _ = writeln!(text, "       {hint}"));
            let _ = writeln!(text, "       {}    ({})", example(question), question.expects);
        }
    }
}

/// What stood in the messages about a question, a line each.
pub fn hints(question: &Question) -> impl Iterator<Item = String> {
    let more = question.hints.len().saturating_sub(HINTS_SHOWN);
    let shown = question.hints.iter().take(HINTS_SHOWN).map(|hint| one_line(&hint.in_words()));
    shown.chain((more > 0).then(|| format!("{} of the kind: -o json shows them", counted(more, "further hint"))))
}

/// `breach.suspected=true --ground "…"`, with the value quoted for a shell where it needs that.
fn example(question: &Question) -> String {
    let plain = serde_json::from_str::<String>(&question.example).unwrap_or_else(|_| question.example.clone());
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_.:+/".contains(c);
    let value = if plain.chars().all(safe) { plain } else { format!("'{plain}'") };
    let ground = if question.needs_ground { " --ground \"on what this rests\"" } else { "" };
    format!("{}={value}{ground}", question.key)
}

/// What a score suggests of the risk, beside what a person decided.
fn suggestions(view: &IncidentView, now: Instant, text: &mut String) {
    if view.suggestions.is_empty() {
        return;
    }
    text.push_str("\nRisk, as a score suggests it; it sets no fact and moves no clock\n");
    for beside in &view.suggestions {
        let _ = writeln!(text, "\n  {}", one_line(&beside.words));
        beside.remarks.iter().for_each(|remark| _ = writeln!(text, "    {}", one_line(remark)));
        let Some(decided) = &beside.determined else { continue };
        let by = decided.by.as_ref().map(|name| format!(", said by {name}")).unwrap_or_default();
        let when = decided.at.map(|at| format!(", {}", words::moment_utc(at, now))).unwrap_or_default();
        let _ = writeln!(text, "    {}: {}{by}{when}", decided.key, one_line(&decided.words));
    }
}

fn facts(view: &IncidentView, now: Instant, text: &mut String) {
    text.push_str("\nFacts\n\n");
    let rows = view.facts.iter().map(|fact| {
        let moment = fact.value.as_ref().and_then(Value::as_str).and_then(parse_rfc3339);
        let words = match (fact.standing.as_str(), moment) {
            ("disputed", _) => format!("DISPUTED: {}", fact.words),
            (_, Some(at)) => words::moment_utc(at, now),
            (_, None) => fact.words.clone(),
        };
        let when = fact.at.map(|at| words::moment_utc(at, now)).unwrap_or_default();
        vec![
            fact.key.clone(),
            one_line(&words),
            fact.by.clone().unwrap_or_default(),
            when,
            fact.pointer.clone().unwrap_or_default(),
        ]
    });
    text.push_str(&table::indented(2, &["FACT", "VALUE", "SAID BY", "SAID AT", "WHERE"], rows));
}

fn not_owed(view: &IncidentView, now: Instant, text: &mut String) {
    if view.not_owed.is_empty() {
        return;
    }
    text.push_str("\nNot owed, with the ground on record\n");
    for found in &view.not_owed {
        let by: Vec<&str> = found.by.iter().map(String::as_str).collect();
        let _ = writeln!(text, "\n  {} by {}: {} ({})", found.duty, found.organisation, one_line(&found.ground), found.cite);
        let _ = writeln!(text, "    said by {}, recorded {}", by.join(", "), words::moment_utc(found.at, now));
    }
}
