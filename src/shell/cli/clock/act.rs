//! `watchbell clock ack|meet|determine|reopen|pause|resume`: what a person puts on record about a clock.

use crate::domain::board::{ClockLine, ClockView, IncidentView};
use crate::domain::escalation::parse_length;
use crate::domain::incident::ClockKey;
use crate::domain::instant::{Duration, Instant, length_in_words, rfc3339};
use crate::shell::cli::changes::{Change, changes, lines};
use crate::shell::cli::client::{Answer, Api, ApiFault, Remote};
use crate::shell::cli::exit::Exit;
use crate::shell::cli::instant_arg::instant;
use crate::shell::cli::output::{Output, counted, one_line, print_json, print_text};
use crate::shell::cli::{Outcome, complain, table_file, words};
use clap::Args;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Which clocks, and where.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// The clock, as `watchbell clock list` names it; of several each is told by itself
    #[arg(required = true, value_name = "CLOCK")]
    ids: Vec<String>,
    #[command(flatten)]
    remote: Remote,
}

/// What is done to each of the clocks.
pub(super) struct Act<'a> {
    verb: &'a str,
    /// What is sent; none to have what stands ended.
    body: Option<&'a Value>,
    /// Whether it may move, open or end other clocks of the incident as well.
    moves: bool,
}

impl<'a> Act<'a> {
    /// Something that changes no limit.
    pub(super) fn quiet(verb: &'a str, body: &'a Value) -> Self {
        Self { verb, body: Some(body), moves: false }
    }

    /// Something that may move, open or end clocks.
    pub(super) fn moving(verb: &'a str, body: &'a Value) -> Self {
        Self { verb, body: Some(body), moves: true }
    }

    /// Ends what stands.
    pub(super) fn end(verb: &'a str) -> Self {
        Self { verb, body: None, moves: false }
    }
}

/// An act, and what it did to every clock of the incident.
struct Done {
    answer: Answer,
    changes: Option<Vec<Change>>,
}

impl Which {
    /// Does the same to each clock. One that is refused keeps no other from it; the exit code says that one was.
    pub(super) async fn each(self, output: Output, act: &Act<'_>, say: impl Fn(&ClockView, Instant) -> String) -> Outcome {
        let api = self.remote.open()?;
        let mut ids: Vec<&String> = Vec::with_capacity(self.ids.len());
        self.ids.iter().for_each(|id| {
            if !ids.contains(&id) {
                ids.push(id)
            }
        });
        if let [id] = ids.as_slice() {
            let done = act.on(&api, id).await?;
            match output {
                Output::Json => print_json(&done.json()?)?,
                Output::Text => print_text(&done.text(&say)?)?,
            }
            return Ok(Exit::Done);
        }
        let (mut all, mut exit): (Vec<Value>, Exit) = (Vec::new(), Exit::Done);
        for id in ids {
            match (act.on(&api, id).await, output) {
                (Ok(done), Output::Json) => all.push(done.json()?),
                (Ok(done), Output::Text) => print_text(&format!("{id}\n{}", indented(&done.text(&say)?)))?,
                (Err(fault), _) => {
                    all.push(json!({ "clock": id, "refused": fault.to_string() }));
                    eprintln!("{id}");
                    exit = complain(&fault);
                }
            }
        }
        if output == Output::Json {
            print_json(&all)?;
        }
        Ok(exit)
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

impl Act<'_> {
    async fn on(&self, api: &Api, id: &str) -> Result<Done, ApiFault> {
        let path = ["v1", "clocks", id, self.verb];
        // The daemon says what is wrong with a name that is none.
        let incident = ClockKey::parse(id).map(|(incident, _)| incident).filter(|_| self.moves);
        // An incident that is not there is told of in the words of the act.
        let before: Option<IncidentView> = match &incident {
            Some(incident) => api.incident(incident.as_str()).await.ok().map(|answer| answer.read()).transpose()?,
            None => None,
        };
        let answer = match self.body {
            Some(body) => api.post(&path, body).await?,
            None => api.delete(&path).await?,
        };
        let changes = match (&incident, before) {
            (Some(incident), Some(before)) => {
                let after: IncidentView = api.incident(incident.as_str()).await?.read()?;
                Some(changes(&before, &after))
            }
            _ => None,
        };
        Ok(Done { answer, changes })
    }
}

impl Done {
    /// The clock as it is after the act, and everything that changed.
    fn json(&self) -> Result<Value, ApiFault> {
        let mut view: Value = self.answer.read()?;
        if let Some(changes) = &self.changes {
            view["changes"] = json!(changes);
        }
        Ok(view)
    }

    /// What happened in a line, what is to be said of it, then everything it did to clocks.
    fn text(&self, say: impl Fn(&ClockView, Instant) -> String) -> Result<String, ApiFault> {
        let now = self.answer.now;
        let view: ClockView = self.answer.read()?;
        let mut text = say(&view, now);
        view.notes.iter().for_each(|note| text.push_str(&format!("\nnote: {note}")));
        let changes = self.changes.as_deref().unwrap_or_default();
        lines(changes, now).iter().for_each(|line| text.push_str(&format!("\n{line}")));
        Ok(text)
    }
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
        self.which
            .each(output, &Act::quiet("ack", &body), |view, now| match &view.line.acknowledged {
                Some((by, until)) => format!(
                    "{by} owns it until {}\n{}the clock keeps running: {}",
                    words::moment(*until, view.line.zone, now),
                    asked.and_then(|asked| cut(&view.line, asked, *until, now)).unwrap_or_default(),
                    remaining(&view.line, now)
                ),
                None => "recorded".into(),
            })
            .await
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
            let say = |view: &ClockView, now: Instant| {
                let filed = counted(view.filings.len(), "filing");
                format!("on record: {}\n{filed} without an end so far; {}", words::what(&view.line), remaining(&view.line, now))
            };
            return self.which.each(output, &Act::moving("file", &body), say).await;
        }
        let say = |view: &ClockView, _: Instant| {
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
        };
        self.which.each(output, &Act::moving("meet", &body), say).await
    }
}

impl Meet {
    async fn met_each(&self, told: &[Value], output: Output) -> Outcome {
        let mut body = json!({ "what": self.what, "each": told });
        if let Some(although) = &self.although {
            body["although"] = although.as_str().into();
        }
        let [whole] = self.which.ids.as_slice() else {
            return Err("with `--each`, name one clock, without a number".into());
        };
        let answer: Value = self.which.remote.open()?.post(&["v1", "clocks", whole, "meet-each"], &body).await?.read()?;
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
        let body = json!({ "because": self.because });
        let say = |view: &ClockView, now: Instant| {
            let was = view.taken_back.last().map(|taken| taken.what.clone()).unwrap_or_default();
            let stands = match view.line.standing.is_open() {
                true => format!("it runs as if that had not been said: {}", remaining(&view.line, now)),
                false => format!("it does not run: {}", words::standing(&view.line, now)),
            };
            format!("taken back: {}\n{}\n{stands}", one_line(&was), words::what(&view.line))
        };
        self.which.each(output, &Act::moving("reopen", &body), say).await
    }
}

impl Determine {
    pub async fn run(self, output: Output) -> Outcome {
        let mut body = json!({ "ground": self.ground, "cite": self.cite });
        if let Some(although) = self.although {
            body["although"] = although.into();
        }
        let say = |view: &ClockView, _: Instant| {
            format!(
                "closed: {}\nnothing is owed, on the ground you gave; it is on record under your name",
                words::what(&view.line)
            )
        };
        self.which.each(output, &Act::moving("determine", &body), say).await
    }
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell clock pause inc-7h3k9qd2w4xz8m5n~us.hipaa.individuals~mercy \\
      --rule law-enforcement-written --official \"Agent Doe, FBI Cleveland\" --words \"letter CL-77\" \\
      --from 2026-11-22T10:00:00-05:00 --until 2026-12-22T00:00:00-05:00

One statement can hold several clocks: name them one after the other. Each is told by itself; exit code 1 says that one
was refused. `watchbell rules explain DUTY` lists the holds a duty's law knows, and what each does to the limit.")]
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
        let say =
            |view: &ClockView, now: Instant| format!("hold {} is on record\n{}", view.holds.len(), remaining(&view.line, now));
        self.which.each(output, &Act::moving("pause", &body), say).await
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
        let say = |view: &ClockView, now: Instant| format!("the hold has ended\n{}", remaining(&view.line, now));
        self.which.each(output, &Act::moving("resume", &body), say).await
    }
}

/// `due Fri 27 Mar 2026 17:00 Europe/Dublin, 9 h 12 min left`
fn remaining(line: &ClockLine, now: Instant) -> String {
    match line.due {
        Some(_) => format!("due {}, {}", words::due(line), words::left(line, now)),
        None => words::due(line),
    }
}
