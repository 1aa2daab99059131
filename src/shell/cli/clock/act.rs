//! `watchbell clock ack|meet|determine|reopen|pause|resume`: what a person puts on record about a clock.

use crate::domain::board::{ClockLine, ClockView, IncidentView};
use crate::domain::escalation::parse_length;
use crate::domain::incident::ClockKey;
use crate::domain::instant::{Duration, Instant, length_in_words, rfc3339};
use crate::shell::cli::changes::{Change, changes, lines};
use crate::shell::cli::client::{Answer, Remote};
use crate::shell::cli::exit::Exit;
use crate::shell::cli::instant_arg::instant;
use crate::shell::cli::output::{Output, counted, one_line, print_json, print_text};
use crate::shell::cli::{Outcome, table_file, words};
use clap::Args;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Which clock, and where.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// The clock, as `watchbell clock list` names it
    pub(super) id: String,
    #[command(flatten)]
    pub(super) remote: Remote,
}

impl Which {
    pub(super) async fn post(&self, verb: &str, body: &Value) -> Result<Answer, crate::shell::cli::client::ApiFault> {
        self.remote.open()?.post(&["v1", "clocks", &self.id, verb], body).await
    }
}

/// An act, and what it did to every clock of the incident.
pub(super) struct Done {
    answer: Answer,
    changes: Vec<Change>,
}

impl Which {
    /// Does something that may move, open or end clocks.
    pub(super) async fn act(&self, verb: &str, body: &Value) -> Result<Done, crate::shell::cli::client::ApiFault> {
        let api = self.remote.open()?;
        let Some((incident, _)) = ClockKey::parse(&self.id) else {
            // The daemon says what is wrong with it.
            return Ok(Done { answer: api.post(&["v1", "clocks", &self.id, verb], body).await?, changes: Vec::new() });
        };
        // An incident that is not there is told of in the words of the act.
        let before: Option<IncidentView> = match api.incident(incident.as_str()).await {
            Ok(answer) => Some(answer.read()?),
            Err(_) => None,
        };
        let answer = api.post(&["v1", "clocks", &self.id, verb], body).await?;
        let after: IncidentView = api.incident(incident.as_str()).await?.read()?;
        Ok(Done { answer, changes: before.map(|before| changes(&before, &after)).unwrap_or_default() })
    }
}

impl Done {
    /// Shows what happened in a line, then everything it did to clocks; all of it as JSON.
    pub(super) fn told(&self, output: Output, say: impl FnOnce(&ClockView, Instant) -> String) -> Outcome {
        let now = self.answer.now;
        match output {
            Output::Json => {
                let mut view: Value = self.answer.read()?;
                view["changes"] = serde_json::to_value(&self.changes)?;
                print_json(&view)?;
            }
            Output::Text => {
                let mut text = say(&self.answer.read()?, now);
                lines(&self.changes, now).iter().for_each(|line| text.push_str(&format!("\n{line}")));
                print_text(&text)?;
            }
        }
        Ok(Exit::Done)
    }
}

/// Shows the clock as it is after an act: all of it as JSON, or what happened in a line.
pub(super) fn told(answer: &Answer, output: Output, say: impl FnOnce(&ClockView, Instant) -> String) -> Outcome {
    match output {
        Output::Json => print_json(&answer.read::<Value>()?)?,
        Output::Text => print_text(&say(&answer.read()?, answer.now))?,
    }
    Ok(Exit::Done)
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell clock ack inc-7h3k9qd2w4xz8m5n~us.hipaa.individuals~mercy
  watchbell clock ack inc-7h3k9qd2w4xz8m5n~us.hipaa.individuals~mercy --for 2h

An acknowledgement is a lease: it ends by itself, and no later than the last call before the limit.")]
pub struct Acknowledge {
    #[command(flatten)]
    which: Which,
    /// For how long, such as 30m or 4h; the house's usual lease unless given
    #[arg(long = "for", value_name = "LENGTH", value_parser = length)]
    lease: Option<String>,
    /// For which team, where several must each acknowledge; found by who is in them unless given
    #[arg(long, value_name = "TEAM")]
    team: Option<String>,
}

pub(super) fn length(text: &str) -> Result<String, String> {
    parse_length(text).map(|_| text.to_owned()).ok_or_else(|| "write a length of time as `30m`, `4h`, `2d` or `1d6h`".into())
}

impl Acknowledge {
    pub async fn run(self, output: Output) -> Outcome {
        let mut body = json!({});
        let asked = self.lease.as_deref().and_then(parse_length);
        if let Some(lease) = self.lease {
            body["lease"] = lease.into();
        }
        if let Some(team) = self.team {
            body["team"] = team.into();
        }
        let answer = self.which.post("ack", &body).await?;
        told(&answer, output, |view, now| match &view.line.acknowledged {
            Some((by, until)) => format!(
                "{by} owns it until {}\n{}the clock keeps running: {}",
                words::moment(*until, view.line.zone, now),
                asked.and_then(|asked| cut(&view.line, asked, *until, now)).unwrap_or_default(),
                remaining(&view.line, now)
            ),
            None => "recorded".into(),
        })
    }
}

/// That less was given than was asked for, and why, on a line of its own.
pub(super) fn cut(line: &ClockLine, asked: Duration, until: Instant, now: Instant) -> Option<String> {
    let given = until - now;
    if asked - given < Duration::minutes(1) {
        return None;
    }
    let why = match line.due.or(line.target) {
        Some(limit) if limit <= now => "the limit has passed, and an overdue clock is kept no longer than a last call",
        Some(_) => "nothing is kept quiet in the last call before the limit",
        None => "where the law gives no number, nothing is kept longer than the house's usual lease",
    };
    Some(format!("not for {} as you asked, but for {}: {why}\n", length_in_words(asked), length_in_words(given)))
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell clock meet inc-7h3k9qd2w4xz8m5n~us.hipaa.hhs~mercy \\
      --what \"report filed in the OCR portal\" --filed-at 2026-11-21T16:40:00-05:00 --reference BR-7
  watchbell clock meet inc-7h3k9qd2w4xz8m5n~us.hipaa.covered_entity~acme \\
      --what \"notice by e-mail\" --each told.csv      columns who (number or name), filed_at, reference")]
pub struct Meet {
    #[command(flatten)]
    which: Which,
    /// What was filed or sent, and how
    #[arg(long, value_name = "TEXT")]
    what: String,
    /// When it was filed or sent: RFC 3339 with an offset, or `now`
    #[arg(long, value_name = "TIME", value_parser = instant, required_unless_present = "each")]
    filed_at: Option<Instant>,
    /// Several of a list were told: a CSV file with the columns who (number or name), filed_at and reference. All are
    /// met, or none; the clock is named without a number
    #[arg(long, value_name = "FILE", conflicts_with_all = ["filed_at", "reference", "told", "more_follows"])]
    each: Option<PathBuf>,
    /// The reference the recipient gave
    #[arg(long, value_name = "TEXT")]
    reference: Option<String>,
    /// Why it is so although facts on record speak against it
    #[arg(long, value_name = "TEXT")]
    although: Option<String>,
    /// How many people were told, where that is what was to be done; without it, as many as are on record
    #[arg(long, value_name = "NUMBER")]
    told: Option<u64>,
    /// A part, or a further notice: the clock goes on, and one that is met stays met
    #[arg(long)]
    more_follows: bool,
}

impl Meet {
    pub async fn run(self, output: Output) -> Outcome {
        if let Some(file) = &self.each {
            return self.met_each(&told_by(file)?, output).await;
        }
        let filed_at = self.filed_at.ok_or("say when: `--filed-at`, or `--each` with a time for each")?;
        let mut body = json!({ "what": self.what, "filed_at": rfc3339(filed_at) });
        if let Some(reference) = self.reference {
            body["reference"] = reference.into();
        }
        if let Some(although) = self.although {
            body["although"] = although.into();
        }
        if let Some(told) = self.told {
            body["told"] = told.into();
        }
        if self.more_follows {
            let done = self.which.act("file", &body).await?;
            return done.told(output, |view, now| {
                let filed = counted(view.filings.len(), "filing");
                format!("on record: {}\n{filed} without an end so far; {}", words::what(&view.line), remaining(&view.line, now))
            });
        }
        let done = self.which.act("meet", &body).await?;
        done.told(output, |view, _| {
            let late = view.line.due.filter(|due| filed_at > *due);
            let how = match (late, view.line.due) {
                (Some(due), _) => format!(", {} after the limit", length_in_words(filed_at - due)),
                (None, Some(due)) => format!(", {} before the limit", length_in_words(due - filed_at)),
                (None, None) => String::new(),
            };
            let taken = view.met.as_ref().filter(|met| met.told.is_none()).and_then(|met| met.known_then);
            let taken = taken.map(|known| {
                format!("\nhow many were told was not said: taken as the {known} on record; --told says another number")
            });
            let taken = taken.unwrap_or_default();
            format!("met: {}\nfiled {}{how}{taken}", words::what(&view.line), view.line.zone.in_words(filed_at))
        })
    }
}

impl Meet {
    async fn met_each(&self, told: &[Value], output: Output) -> Outcome {
        let mut body = json!({ "what": self.what, "each": told });
        if let Some(although) = &self.although {
            body["although"] = although.as_str().into();
        }
        let answer: Value = self.which.post("meet-each", &body).await?.read()?;
        match output {
            Output::Json => print_json(&answer)?,
            Output::Text => {
                let number = |name: &str| answer[name].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or_default();
                let open = match number("open") {
                    0 => "every clock of the list is closed".to_owned(),
                    open => format!("{} of the list still to be told", open),
                };
                print_text(&format!("met: {}\n{open}", counted(number("met"), "clock")))?;
            }
        }
        Ok(Exit::Done)
    }
}

/// Who was told, when, and what they gave in return, out of a file; every fault of it at once.
fn told_by(file: &Path) -> Result<Vec<Value>, String> {
    let (mut told, mut faults) = (Vec::new(), Vec::new());
    for (nth, row) in table_file::read(file)?.into_iter().enumerate() {
        let mut fault = |what: String| faults.push(format!("entry {}: {what}", nth + 1));
        if let Some(column) = row.keys().find(|name| !["who", "filed_at", "reference"].contains(&name.as_str())) {
            fault(format!("there is no column `{column}`; there are who, filed_at and reference"));
        }
        let at = row.get("filed_at").ok_or_else(|| "`filed_at` is missing".to_owned()).and_then(|at| instant(at));
        match (row.get("who"), at) {
            (None, _) => fault("`who` is missing".into()),
            (_, Err(what)) => fault(what),
            (Some(who), Ok(at)) => {
                let mut one = json!({ "who": who, "filed_at": rfc3339(at) });
                if let Some(reference) = row.get("reference") {
                    one["reference"] = reference.as_str().into();
                }
                told.push(one);
            }
        }
    }
    if faults.is_empty() { Ok(told) } else { Err(format!("`{}`: {}", file.display(), faults.join("\n"))) }
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell clock determine inc-7h3k9qd2w4xz8m5n~us.hipaa.individuals~mercy \\
      --because \"encrypted to SP 800-111, keys held apart\" --cite \"45 CFR 164.402\"

This closes the clock under your name. Answering the questions is better: the ground is then found by the law.")]
pub struct Determine {
    #[command(flatten)]
    which: Which,
    /// On what ground nothing is owed
    #[arg(long = "because", alias = "ground", value_name = "TEXT")]
    ground: String,
    /// Under which provision
    #[arg(long, value_name = "TEXT")]
    cite: String,
    /// Why it is so although facts on record speak against it
    #[arg(long, value_name = "TEXT")]
    although: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell clock reopen inc-7h3k9qd2w4xz8m5n~us.hipaa.hhs~mercy --because \"filed for another incident, BR-7 is not ours\"

Takes back `meet` and `determine`. Nothing is erased: `watchbell incident log` shows both. The clock runs as if it had not
been said, and rings what is due. A clock that ended on facts runs again when the facts are answered anew.")]
pub struct Reopen {
    #[command(flatten)]
    which: Which,
    /// Why what had ended the clock is taken back
    #[arg(long, value_name = "TEXT")]
    because: String,
}

impl Reopen {
    pub async fn run(self, output: Output) -> Outcome {
        let done = self.which.act("reopen", &json!({ "because": self.because })).await?;
        done.told(output, |view, now| {
            let was = view.taken_back.last().map(|taken| taken.what.clone()).unwrap_or_default();
            let stands = match view.line.standing.is_open() {
                true => format!("it runs as if that had not been said: {}", remaining(&view.line, now)),
                false => format!("it does not run: {}", words::standing(&view.line, now)),
            };
            format!("taken back: {}\n{}\n{stands}", one_line(&was), words::what(&view.line))
        })
    }
}

impl Determine {
    pub async fn run(self, output: Output) -> Outcome {
        let mut body = json!({ "ground": self.ground, "cite": self.cite });
        if let Some(although) = self.although {
            body["although"] = although.into();
        }
        let done = self.which.act("determine", &body).await?;
        done.told(output, |view, _| {
            format!(
                "closed: {}\nnothing is owed, on the ground you gave; it is on record under your name",
                words::what(&view.line)
            )
        })
    }
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell clock pause inc-7h3k9qd2w4xz8m5n~us.hipaa.individuals~mercy \\
      --rule law-enforcement-written --official \"Agent Doe, FBI Cleveland\" --words \"letter CL-77\" \\
      --from 2026-11-22T10:00:00-05:00 --until 2026-12-22T00:00:00-05:00

`watchbell rules explain DUTY` lists the holds a duty's law knows, and what each does to the limit.")]
pub struct Pause {
    #[command(flatten)]
    which: Which,
    /// The hold of the duty, such as law-enforcement-oral
    #[arg(long, value_name = "HOLD")]
    rule: String,
    /// Who stated it, and for which body
    #[arg(long, value_name = "TEXT")]
    official: String,
    /// When it was stated
    #[arg(long, value_name = "TIME", value_parser = instant)]
    from: Instant,
    /// The first moment at which telling is allowed again, if the statement says
    #[arg(long, value_name = "TIME", value_parser = instant)]
    until: Option<Instant>,
    /// The words, or the document's reference
    #[arg(long, value_name = "TEXT")]
    words: String,
}

impl Pause {
    pub async fn run(self, output: Output) -> Outcome {
        let mut body = json!({ "rule": self.rule, "official": self.official, "from": rfc3339(self.from), "words": self.words });
        if let Some(until) = self.until {
            body["until"] = rfc3339(until).into();
        }
        let done = self.which.act("pause", &body).await?;
        done.told(output, |view, now| format!("hold {} is on record\n{}", view.holds.len(), remaining(&view.line, now)))
    }
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell clock resume inc-7h3k9qd2w4xz8m5n~us.hipaa.individuals~mercy --hold 1 \\
      --at 2026-12-01T09:00:00-05:00 --because \"call of Agent Doe, noted by A. Keller\"")]
pub struct Resume {
    #[command(flatten)]
    which: Which,
    /// The hold, by its number in `watchbell clock show`
    #[arg(long, value_name = "NO")]
    hold: usize,
    /// The first moment at which telling is allowed again
    #[arg(long, value_name = "TIME", value_parser = instant)]
    at: Instant,
    /// How that is known
    #[arg(long = "because", alias = "ground", value_name = "TEXT")]
    ground: String,
}

impl Resume {
    pub async fn run(self, output: Output) -> Outcome {
        let body = json!({ "hold": self.hold, "at": rfc3339(self.at), "ground": self.ground });
        let done = self.which.act("resume", &body).await?;
        done.told(output, |view, now| format!("the hold has ended\n{}", remaining(&view.line, now)))
    }
}

/// `due Fri 27 Mar 2026 17:00 Europe/Dublin, 9 h 12 min left`
fn remaining(line: &ClockLine, now: Instant) -> String {
    match line.due {
        Some(_) => format!("due {}, {}", words::due(line), words::left(line, now)),
        None => words::due(line),
    }
}
