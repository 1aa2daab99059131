//! `watchbell rules explain`

use crate::domain::ids::DutyId;
use crate::domain::instant::{Instant, Zone};
use crate::domain::law::explain::{Clause, DueExplained, ExceptionExplained, Explanation, LimitExplained, explain};
use crate::domain::law::what_if::{Inquiry, Question, QuestionFault};
use crate::domain::law::{Duty, Pack, Rulebook};
use crate::shell::cli::instant_arg::instant;
use crate::shell::cli::law_source::LawSource;
use crate::shell::cli::output::{Output, print_json, print_text};
use crate::shell::cli::{Outcome, assess, exit::Exit, words};
use clap::Args;
use serde::Serialize;
use std::error::Error;
use std::fmt::Write;
use std::path::PathBuf;

/// A duty in plain words: who is bound, when it arises, from when and until when, what lifts it, what the notice says.
///
/// Every statement carries its citation and how well it was checked. The limits are worked out for a clock that
/// starts now, or at --at; with --facts the duty is held against the facts of an incident.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell rules explain us.hipaa.hhs
  watchbell rules explain eu.gdpr.art33.authority --at 2026-11-17T14:20:00+01:00
  watchbell rules explain us.hipaa.media --facts incident.json")]
pub struct Explain {
    /// The duty, such as `us.hipaa.hhs`; `watchbell rules list` names them all
    duty: String,
    /// The start of the worked example, and when facts are judged: RFC 3339 with an offset, or `now`
    #[arg(long, value_name = "INSTANT", default_value = "now", value_parser = instant)]
    at: Instant,
    /// A file of facts, one JSON object, as `watchbell assess` takes it
    #[arg(long, value_name = "FILE")]
    facts: Option<PathBuf>,
    #[command(flatten)]
    law: LawSource,
}

#[derive(Serialize)]
struct ExplainView<'a> {
    #[serde(flatten)]
    explanation: &'a Explanation<'a>,
    /// What comes out for the facts that were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    assessed: Option<serde_json::Value>,
}

impl Explain {
    pub fn run(self, output: Output) -> Outcome {
        let (_, rulebook) = self.law.read()?;
        let (pack, duty) = find(&rulebook, &self.duty)?;
        let mut inquiry = Inquiry::of_duty(&rulebook, duty, pack, self.at);
        inquiry.derived = true;
        let question = self.facts.as_ref().map(|path| question(path, &inquiry)).transpose()?;
        let zone = question.as_ref().and_then(Question::zone).unwrap_or(Zone::UTC);
        let start = question.as_ref().map_or(self.at, |question| question.at);
        let explanation = explain(duty, pack, &rulebook, start, zone);
        let answer = question.as_ref().map(|question| inquiry.answer(question));
        match output {
            Output::Json => {
                let mut written = Vec::new();
                answer.iter().for_each(|answer| answer.write_json(&mut written));
                let assessed = if written.is_empty() { None } else { Some(serde_json::from_slice(&written)?) };
                print_json(&ExplainView { explanation: &explanation, assessed })?;
            }
            Output::Text => {
                let mut text = told(&explanation, start);
                if let Some(answer) = &answer {
                    text.push_str("\nOn the facts given\n");
                    text.push_str(&assess::text::answer(answer));
                }
                print_text(&text)?;
            }
        }
        Ok(Exit::Done)
    }
}

fn find<'r>(rulebook: &'r Rulebook, id: &str) -> Result<(&'r Pack, &'r Duty), String> {
    rulebook.duty(&DutyId::from(id)).ok_or_else(|| {
        let likeness = |duty: &Duty| strsim::jaro_winkler(duty.text.id.as_str(), id);
        let nearest = rulebook.duties().map(|(_, duty)| duty).max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        let hint = nearest.map_or_else(String::new, |duty| format!("\nhint: did you mean `{}`?", duty.text.id));
        format!("no duty `{id}`{hint}")
    })
}

fn question(path: &PathBuf, inquiry: &Inquiry<'_>) -> Result<Question, Box<dyn Error + Send + Sync>> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
    inquiry.read(&text).map_err(|faults| {
        let faults: Vec<String> = faults.iter().map(QuestionFault::to_string).collect();
        format!("`{}`: {}", path.display(), faults.join("\n")).into()
    })
}

fn told(explained: &Explanation<'_>, start: Instant) -> String {
    let mut text = String::new();
    head(explained, &mut text);
    text.push_str("\nWho is bound\n");
    clause(&explained.binds, 1, &mut text);
    text.push_str("\nWhat must have happened\n");
    clause(&explained.arises, 1, &mut text);
    starts(explained, &mut text);
    limits(explained, start, &mut text);
    if !explained.exceptions.is_empty() {
        text.push_str("\nWhat lifts it\n");
    }
    for exception in &explained.exceptions {
        ground(exception, 1, &mut text);
    }
    overlays(explained, &mut text);
    rest(explained, &mut text);
    text
}

/// What lifts a duty.
fn ground(exception: &ExceptionExplained<'_>, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    let mark = words::verification(exception.verification);
    let _ = writeln!(text, "{indent}{} ({}; {mark})", exception.title, exception.cite);
    if exception.must_be_shown {
        let _ = writeln!(text, "{indent}  to be shown by whoever is obliged: until then the duty stands");
    }
    clause(&exception.when, depth + 1, text);
}

fn overlays(explained: &Explanation<'_>, text: &mut String) {
    if !explained.overlays.is_empty() {
        text.push_str("\nWhat the law of single States changes\n");
    }
    for overlay in &explained.overlays {
        let mark = words::verification(overlay.verification);
        let _ = writeln!(text, "  {} ({}; {mark}), reviewed {}", overlay.title, overlay.cite, overlay.reviewed);
        text.push_str("    where\n");
        clause(&overlay.applies, 3, text);
        for exception in &overlay.exceptions {
            text.push_str("    unless\n");
            ground(exception, 3, text);
        }
        overlay.notes.iter().for_each(|note| text.push_str(&format!("    - {note}\n")));
    }
}

fn head(explained: &Explanation<'_>, text: &mut String) {
    let force = explained.force;
    let _ = writeln!(text, "{}: {}", explained.duty, explained.title);
    let _ = writeln!(text, "  {} ({})", explained.cite, words::verification(explained.verification));
    let _ = writeln!(text, "  the {} tells {}", explained.obliged, explained.addressee);
    let _ = writeln!(text, "  asked of the reader of an alert: {}", explained.asks);
    let off = if explained.enabled { "" } else { ", not enabled by itself" };
    let digest: String = explained.digest.chars().take(12).collect();
    let _ = writeln!(
        text,
        "  pack {} {}, {}, digest {digest}{off}; {}",
        explained.pack, explained.version, explained.origin, explained.file
    );
    let mut days = super::list::word(&force.status);
    force.from.iter().for_each(|from| days.push_str(&format!(" from {from}")));
    force.from_latest.iter().for_each(|latest| days.push_str(&format!(", by some only from {latest}")));
    force.until.iter().for_each(|until| days.push_str(&format!(" until {until}")));
    let basis = force.basis.as_deref().map(|basis| format!(" ({basis})")).unwrap_or_default();
    let _ = writeln!(text, "  {days}{basis}; checked {}", force.checked);
    if let Some(before) = &force.before {
        let _ = writeln!(text, "  before that an older text was law; it is not modelled: {before}");
    }
    if let Some(each) = &explained.each {
        let _ = writeln!(text, "  one clock for {each}");
    }
}

/// A condition and what it is made of, each level moved in.
fn clause(clause: &Clause, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    let mark = clause.verification.map(|mark| format!("; {}", words::verification(mark))).unwrap_or_default();
    let cite = clause.cite.as_deref().map(|cite| format!(" ({cite}{mark})")).unwrap_or_default();
    let colon = if clause.parts.is_empty() { "" } else { ":" };
    let _ = writeln!(text, "{indent}{}{cite}{colon}", clause.says);
    if let Some(question) = &clause.question {
        let _ = writeln!(text, "{indent}  asked: {question}");
    }
    clause.parts.iter().for_each(|part| self::clause(part, depth + 1, text));
}

fn starts(explained: &Explanation<'_>, text: &mut String) {
    let start = &explained.start;
    let keys = |keys: &[crate::domain::ids::FactKey]| keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let _ = writeln!(text, "\nWhen the clock starts\n  {} ({})", start.event, start.cite);
    if !start.facts.is_empty() {
        let _ = writeln!(text, "  settled by the {} known of {}", super::list::word(&start.pick), keys(start.facts));
    }
    if !start.candidates.is_empty() {
        let _ = writeln!(text, "  until then provisional, from the earliest known of {}", keys(start.candidates));
    }
}

fn limits(explained: &Explanation<'_>, start: Instant, text: &mut String) {
    text.push_str("\nUntil when\n");
    let several = explained.due.len() > 1;
    for (index, due) in explained.due.iter().enumerate() {
        if several {
            let _ = writeln!(text, "  case {}", index + 1);
        }
        case(due, start, text);
    }
    explained.target.iter().for_each(|target| limit("house target", target, start, text));
}

fn case(due: &DueExplained<'_>, start: Instant, text: &mut String) {
    if let Some(when) = &due.when {
        text.push_str("    if\n");
        clause(when, 3, text);
    }
    limit("limit", &due.limit, start, text);
    for key in due.no_later_than {
        let _ = writeln!(text, "      pulled forward to {key}, once that is known");
    }
    if let Some(key) = due.extended_to {
        let _ = writeln!(text, "      replaced by {key}, once that is known");
    }
    due.outer.iter().for_each(|outer| limit("at the latest arguably", outer, start, text));
    due.advisory.iter().for_each(|reading| limit("contested", reading, start, text));
}

fn limit(label: &str, limit: &LimitExplained<'_>, start: Instant, text: &mut String) {
    let _ = writeln!(text, "    {label}: {} ({}; {})", limit.says, limit.cite, words::verification(limit.verification));
    let end = limit.example.map_or_else(|| "no deadline".to_owned(), |at| limit.zone.in_words(at));
    let _ = writeln!(text, "      a clock that starts {} ends: {end}", limit.zone.in_words(start));
    for step in limit.derivation.to_string().lines() {
        let _ = writeln!(text, "        {step}");
    }
}

fn rest(explained: &Explanation<'_>, text: &mut String) {
    if !explained.holds.is_empty() {
        text.push_str("\nWhat may delay it\n");
    }
    for hold in explained.holds {
        let _ = writeln!(text, "  {} ({}; {})", hold.title, hold.cite, words::verification(hold.verification));
    }
    if !explained.contents.is_empty() {
        text.push_str("\nWhat the notice says\n");
    }
    for element in explained.contents {
        let keys: Vec<&str> = element.facts.iter().map(|key| key.as_str()).collect();
        let need = super::list::word(&element.need).replace('-', " ");
        let _ = writeln!(text, "  {} ({}; {need}): {}", element.says, element.cite, keys.join(", "));
    }
    if !explained.notes.is_empty() {
        text.push_str("\nTo know besides\n");
    }
    explained.notes.iter().for_each(|note| text.push_str(&format!("  - {note}\n")));
}
