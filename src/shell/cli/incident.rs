//! `watchbell incident list|show`; `log`, `export`, `message`, `merge` and `split` are beside it

use super::client::Remote;
use super::exit::Exit;
use super::incident_log::{ExportIncident, Log};
use super::incident_message::ShowMessage;
use super::incident_open::{Note, Open};
use super::incident_relations::{Merge, Split};
use super::instant_arg::instant;
use super::output::{Output, counted, one_line, print_json, print_text};
use super::{Outcome, board, clock, table, words};
use crate::domain::board::{Card, ClockLine, IncidentView, Question, UncoveredView};
use crate::domain::instant::{Instant, parse_rfc3339};
use clap::{Args, Subcommand};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;

/// With more clocks than this, those of a list that stand alike are one line; so many of a list are named.
const CLOCKS_SHOWN: usize = 30;
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
    /// Open one on what a person was told: by telephone, across a desk
    Open(Box<Open>),
    /// Add a note; it moves no clock
    Note(Note),
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
#[command(after_help = "Examples:
  watchbell incident list --state passed
  watchbell incident list --organisation mercy --source wazuh --severity high --severity critical
  watchbell incident list --all --since 2026-11-01T00:00:00Z --words laptop")]
struct List {
    /// Also incidents that ask for nothing any more
    #[arg(long)]
    all: bool,
    /// Only those so far: open, passed (a limit has), unowned (a clock nobody owns), closed
    #[arg(long, value_name = "STATE", value_enum)]
    state: Vec<State>,
    /// Only those in which this organisation has a clock
    #[arg(long, value_name = "ID")]
    organisation: Vec<String>,
    /// Only those from this source
    #[arg(long, value_name = "NAME")]
    source: Vec<String>,
    /// Only those of this severity, as the sender calls it
    #[arg(long, value_name = "SEVERITY")]
    severity: Vec<String>,
    /// Only those with a clock of this duty, or of duties that begin so
    #[arg(long, value_name = "DUTY")]
    duty: Option<String>,
    /// Only those opened then or later: RFC 3339 with an offset
    #[arg(long, value_name = "TIME", value_parser = instant)]
    since: Option<Instant>,
    /// Only those opened before
    #[arg(long, value_name = "TIME", value_parser = instant)]
    until: Option<Instant>,
    /// Only those with these words in the title
    #[arg(long, value_name = "TEXT")]
    words: Option<String>,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell incident show inc-7h3k9qd2w4xz8m5n
  watchbell incident show inc-7h3k9qd2w4xz8m5n soc:T-1
  watchbell incident show inc-7h3k9qd2w4xz8m5n -o json | jq -r '.questions[].key'

Several are shown one after the other, as a list in JSON; exit code 1 says that one was not found.")]
struct Show {
    /// The incident, such as inc-7h3k9qd2w4xz8m5n
    #[arg(required = true, value_name = "INCIDENT")]
    ids: Vec<String>,
    #[command(flatten)]
    remote: Remote,
}

impl Incident {
    pub async fn run(self, output: Output) -> Outcome {
        match self.verb {
            Verb::List(list) => list.run(output).await,
            Verb::Show(show) => show.run(output).await,
            Verb::Open(open) => open.run(output).await,
            Verb::Note(note) => note.run(output).await,
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
        let closed = self.all || self.state.contains(&State::Closed);
        let (mut found, now) = self.remote.open()?.board(closed).await?;
        found.cards.retain(|card| self.wants(card, now));
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

/// How far an incident is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum State {
    Open,
    Passed,
    Unowned,
    Closed,
}

impl State {
    fn is_of(self, card: &Card, now: Instant) -> bool {
        let mut open = card.clocks.iter().filter(|clock| clock.standing.is_open());
        match self {
            Self::Open => open.next().is_some(),
            Self::Passed => open.any(|clock| board::has_passed(clock, now)),
            Self::Unowned => open.any(|clock| clock.acknowledged.is_none()),
            Self::Closed => open.next().is_none(),
        }
    }
}

impl List {
    /// Every kind of filter must let a card through; of several of one kind any will do.
    fn wants(&self, card: &Card, now: Instant) -> bool {
        let any = |wanted: &[String], is: &dyn Fn(&str) -> bool| wanted.is_empty() || wanted.iter().any(|wanted| is(wanted));
        (self.state.is_empty() || self.state.iter().any(|state| state.is_of(card, now)))
            && any(&self.organisation, &|id| card.clocks.iter().any(|clock| clock.organisation == id))
            && any(&self.source, &|name| card.source == name)
            && any(&self.severity, &|severity| card.severity.eq_ignore_ascii_case(severity))
            && self.duty.as_ref().is_none_or(|duty| card.clocks.iter().any(|clock| clock.duty.starts_with(duty.as_str())))
            && self.since.is_none_or(|since| card.opened_at >= since)
            && self.until.is_none_or(|until| card.opened_at < until)
            && self.words.as_ref().is_none_or(|words| card.title.to_lowercase().contains(&words.to_lowercase()))
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
        let api = self.remote.open()?;
        if let [id] = self.ids.as_slice() {
            let answer = api.incident(id).await?;
            match output {
                Output::Json => print_json(&answer.read::<Value>()?)?,
                Output::Text => print_text(&text(&answer.read()?, answer.now))?,
            }
            return Ok(Exit::Done);
        }
        let (mut all, mut exit): (Vec<Value>, Exit) = (Vec::new(), Exit::Done);
        for (nth, id) in self.ids.iter().enumerate() {
            match (api.incident(id).await, output) {
                (Ok(answer), Output::Json) => all.push(answer.read()?),
                (Ok(answer), Output::Text) => {
                    let apart = if nth == 0 { "" } else { "\n" };
                    print_text(&format!("{apart}{}", text(&answer.read()?, answer.now)))?;
                }
                (Err(fault), _) => exit = super::complain(&fault),
            }
        }
        if output == Output::Json {
            print_json(&all)?;
        }
        Ok(exit)
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
    uncovered(view, &mut text);
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
    for (nth, traps) in view.traps.iter().enumerate() {
        if nth == 0 {
            text.push_str("\nWhat is easily got wrong\n");
        }
        let _ = writeln!(text, "\n  {} ({})", traps.title, traps.duty);
        traps.says.iter().for_each(|trap| _ = writeln!(text, "    - {}", one_line(trap)));
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
            "{} {}{of}: {} ({}, {when})",
            relation.what.words(),
            relation.incident,
            one_line(&relation.because),
            words::said_by([relation.by.as_str()])
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
    // Many of a list that stand alike are a line: the first, and how many more.
    let alike = |line: &ClockLine| {
        let of_list = line.towards.as_ref().is_some_and(|towards| towards.starts_with("no. "));
        of_list.then(|| (line.duty.clone(), line.organisation.clone(), line.standing, line.due))
    };
    let mut counts = BTreeMap::new();
    view.card.clocks.iter().filter_map(alike).for_each(|kind| *counts.entry(kind).or_insert(0_usize) += 1);
    let rows = view.card.clocks.iter().filter_map(|line| {
        let mut row = clock::row(line, now);
        if let Some(kind) = alike(line)
            && view.card.clocks.len() > CLOCKS_SHOWN
        {
            let count = counts.remove(&kind)?;
            let more = if count > 1 { format!(" and {} more that stand alike", count - 1) } else { String::new() };
            row.iter_mut().skip(2).take(1).for_each(|what| what.push_str(&more));
        }
        Some(row)
    });
    text.push_str(&table::indented(2, &clock::HEADING, rows));
    for list in &view.lists {
        let names: Vec<String> =
            list.parties.iter().take(CLOCKS_SHOWN).map(|one| format!("{} {}", one.number, one_line(&one.name))).collect();
        let more = list.parties.len().saturating_sub(names.len());
        let rest = if more > 0 { format!("; and {more} more: -o json shows them") } else { String::new() };
        let _ = writeln!(text, "\n  {} by number: {}{rest}", list.fact, names.join(", "));
    }
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

/// What no pack in use covers, with what is known of it and how it is closed.
fn uncovered(view: &IncidentView, text: &mut String) {
    if view.uncovered.is_empty() {
        return;
    }
    text.push_str("\nNot covered by any pack in use: what is owed there is for counsel to say\n\n");
    for UncoveredView { organisation, uncovered, .. } in &view.uncovered {
        let closed = if uncovered.is_open() { "" } else { "closed: " };
        let _ = writeln!(text, "  {closed}{} [{organisation}]", one_line(&uncovered.to_string()));
    }
    if let Some(first) = view.uncovered.iter().find(|one| one.open) {
        let id = &view.card.incident;
        let _ = writeln!(
            text,
            "\n  Record what counsel said of each: watchbell answer {id} {}=nothing-owed --because \"counsel's reason\"\n  \
             (or done; owed keeps it open until it is done)",
            first.answer
        );
    }
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
            if !question.organisations.is_empty() {
                let lacking = question.organisations.join(", ");
                let _ = writeln!(text, "       Asked of {lacking}; add --for ORGANISATION to answer for one of them");
            }
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

/// `breach.suspected=true --because "…"`, with the value quoted for a shell where it needs that.
fn example(question: &Question) -> String {
    let plain = serde_json::from_str::<String>(&question.example).unwrap_or_else(|_| question.example.clone());
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_.:+/".contains(c);
    let value = if plain.chars().all(safe) { plain } else { format!("'{plain}'") };
    let ground = if question.needs_ground { " --because \"on what this rests\"" } else { "" };
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
        let by = decided.by.as_ref().map(|name| format!(", {}", words::said_by([name.as_str()]))).unwrap_or_default();
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
            (_, None) => match fact.value.as_ref().and_then(Value::as_array) {
                Some(list) if list.len() > CLOCKS_SHOWN => format!("{} of them: -o json shows each", list.len()),
                _ => fact.words.clone(),
            },
        };
        let when = fact.at.map(|at| words::moment_utc(at, now)).unwrap_or_default();
        vec![
            fact.organisation.as_ref().map_or_else(|| fact.key.clone(), |organisation| format!("{} of {organisation}", fact.key)),
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
        let by = words::said_by(found.by.iter().map(String::as_str));
        let _ = writeln!(text, "\n  {} by {}: {} ({})", found.duty, found.organisation, one_line(&found.ground), found.cite);
        let _ = writeln!(text, "    {by}, recorded {}", words::moment_utc(found.at, now));
    }
}
