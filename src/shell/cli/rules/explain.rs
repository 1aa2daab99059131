//! `watchbell rules explain`

use crate::domain::ids::DutyId;
use crate::domain::instant::{Instant, Zone};
use crate::domain::law::explain::{Clause, DueExplained, ExceptionExplained, Explanation, LimitExplained, explain};
use crate::domain::law::what_if::{Inquiry, Question, QuestionFault};
use crate::domain::law::{Duty, Pack, Rulebook};
use crate::shell::cli::instant_arg::instant;
use crate::shell::cli::law_source::LawSource;
use crate::shell::cli::output::{Output, counted, print_json, print_text};
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
    let _ = writeln!(text, "  {} ({})", explained.cite, explained.verification.words_of(explained.edition));
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

/// A condition and what it is made of, each level moved in. A question is told where it comes first.
fn clause(clause: &Clause, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    let mark = clause.verification.map(|mark| format!("; {}", words::verification(mark))).unwrap_or_default();
    let cite = clause.cite.as_deref().map(|cite| format!(" ({cite}{mark})")).unwrap_or_default();
    let colon = if clause.parts.is_empty() { "" } else { ":" };
    let _ = writeln!(text, "{indent}{}{cite}{colon}", clause.says);
    if let Some(question) = &clause.question {
        let asked = format!("asked: {question}\n");
        if !text.contains(&asked) {
            let _ = write!(text, "{indent}  {asked}");
        }
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
    let mut told = Told::default();
    let due = &explained.due;
    let alike = |part: fn(&DueExplained<'_>) -> String| due.windows(2).all(|two| part(&two[0]) == part(&two[1]));
    let (limits_alike, outers_alike) = (due.len() > 1 && alike(main), due.len() > 1 && alike(outer));
    if let Some(first) = due.first().filter(|_| limits_alike) {
        text.push_str("  in every case\n");
        first_limit(first, start, &mut told, text);
        first.outer.iter().filter(|_| outers_alike).for_each(|outer| limit(OUTER, outer, start, &mut told, text));
    }
    for (index, case) in due.iter().enumerate() {
        let outer = case.outer.as_ref().filter(|_| !(limits_alike && outers_alike));
        if limits_alike && outer.is_none() && case.advisory.is_empty() {
            continue;
        }
        if due.len() > 1 {
            let besides = if limits_alike { ", besides" } else { "" };
            let _ = writeln!(text, "  case {}{besides}", index + 1);
            told.case = Some(index + 1);
        }
        match &case.when {
            Some(when) => {
                text.push_str("    if\n");
                clause(when, 3, text);
            }
            None if due.len() > 1 => text.push_str("    in all other cases\n"),
            None => {}
        }
        if !limits_alike {
            first_limit(case, start, &mut told, text);
        }
        outer.iter().for_each(|outer| limit(OUTER, outer, start, &mut told, text));
        case.advisory.iter().for_each(|reading| limit("contested", reading, start, &mut told, text));
    }
    told.case = None;
    if due.len() > 1 && explained.target.is_some() {
        text.push_str("  in every case\n");
    }
    explained.target.iter().for_each(|target| limit("house target", target, start, &mut told, text));
}

const OUTER: &str = "at the latest arguably";

/// What a case says of its limit, as far as a reader can tell cases apart by it.
fn main(due: &DueExplained<'_>) -> String {
    format!("{} {:?} {:?}", period(&due.limit), due.no_later_than, due.extended_to)
}

fn outer(due: &DueExplained<'_>) -> String {
    due.outer.as_ref().map(period).unwrap_or_default()
}

fn period(limit: &LimitExplained<'_>) -> String {
    format!("{} ({}) {}", limit.says, limit.cite, limit.derivation)
}

fn first_limit(due: &DueExplained<'_>, start: Instant, told: &mut Told, text: &mut String) {
    limit("limit", &due.limit, start, told, text);
    for key in due.no_later_than {
        let _ = writeln!(text, "      pulled forward to {key}, once that is known");
    }
    if let Some(key) = due.extended_to {
        let _ = writeln!(text, "      replaced by {key}, once that is known");
    }
}

/// The counts that were told, and in which case: each is told once.
#[derive(Default)]
struct Told {
    counts: Vec<(String, Option<usize>)>,
    case: Option<usize>,
}

impl Told {
    /// The case in which this count was told before; none the first time.
    fn before(&mut self, count: &str) -> Option<Option<usize>> {
        let before = self.counts.iter().find(|(known, _)| known == count).map(|(_, case)| *case);
        if before.is_none() {
            self.counts.push((count.to_owned(), self.case));
        }
        before
    }
}

fn limit(label: &str, limit: &LimitExplained<'_>, start: Instant, told: &mut Told, text: &mut String) {
    let _ = writeln!(text, "    {label}: {} ({}; {})", limit.says, limit.cite, words::verification(limit.verification));
    let end = limit.example.map_or_else(|| "no deadline".to_owned(), |at| limit.zone.in_words(at));
    let count = limit.derivation.to_string();
    let again = match told.before(&count) {
        None => String::new(),
        Some(Some(case)) => format!(", counted as in case {case}"),
        Some(None) => ", counted as above".to_owned(),
    };
    let _ = writeln!(text, "      a clock that starts {} ends: {end}{again}", limit.zone.in_words(start));
    if again.is_empty() {
        count.lines().for_each(|step| _ = writeln!(text, "        {step}"));
    }
}

fn rest(explained: &Explanation<'_>, text: &mut String) {
    if !explained.holds.is_empty() {
        text.push_str("\nWhat may delay it\n");
    }
    for hold in explained.holds {
        let _ = writeln!(text, "  {} ({}; {})", hold.title, hold.cite, words::verification(hold.verification));
        let _ = writeln!(text, "    while it stands: {}", hold.effect.words());
        if let Some(days) = hold.lapses_after_days {
            let _ = writeln!(text, "    it lapses by itself {} after it was said", counted(days as usize, "day"));
        }
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
