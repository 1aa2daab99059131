//! `watchbell alert`

use super::client::Remote;
use super::exit::Exit;
use super::output::{Output, one_line, print_json, print_text};
use super::{Outcome, table, words};
use crate::domain::delivery_log::{AlertLine, AlertLog};
use crate::domain::instant::Instant;
use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Value, json};
use std::fmt::Write;

/// What became of alerts, attempt by attempt.
#[derive(Debug, Args)]
pub struct Alert {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    List(List),
    Show(Show),
    Redeliver(Redeliver),
}

/// One line per alert: how far it is, how often it was tried, how it failed
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell alert list --state failing
  watchbell alert list --dead                  whoever was not rung: closed undelivered, or failing for half an hour
  watchbell alert list --incident inc-7h3k9qd2w4xz8m5n")]
struct List {
    /// Only those so far: waiting, failing, delivered or dropped
    #[arg(long, value_name = "STATE", value_parser = ["waiting", "failing", "delivered", "dropped"])]
    state: Option<String>,
    /// Only dead letters
    #[arg(long)]
    dead: bool,
    /// Only those of this incident
    #[arg(long, value_name = "INCIDENT")]
    incident: Option<String>,
    #[command(flatten)]
    remote: Remote,
}

/// Every alert of an incident with each attempt
#[derive(Debug, Args)]
struct Show {
    /// The incident
    incident: String,
    /// Only this alert
    alert: Option<String>,
    #[command(flatten)]
    remote: Remote,
}

/// Send an alert once more, under the same id; it goes into the record
#[derive(Debug, Args)]
struct Redeliver {
    /// The incident
    incident: String,
    /// The alert
    alert: String,
    /// Why
    #[arg(long = "because", alias = "reason", value_name = "WORDS")]
    reason: String,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Default, Deserialize)]
struct Page {
    alerts: Vec<AlertLine>,
    next: Option<String>,
}

impl Alert {
    pub async fn run(self, output: Output) -> Outcome {
        match self.verb {
            Verb::List(list) => list.run(output).await,
            Verb::Show(show) => show.run(output).await,
            Verb::Redeliver(redeliver) => redeliver.run(output).await,
        }
    }
}

impl List {
    async fn run(self, output: Output) -> Outcome {
        let api = self.remote.open()?;
        let dead = self.dead.to_string();
        let mut alerts: Vec<AlertLine> = Vec::new();
        let mut after: Option<String> = None;
        let now = loop {
            let mut query = vec![("dead", dead.as_str())];
            query.extend(self.state.as_deref().map(|state| ("state", state)));
            query.extend(self.incident.as_deref().map(|incident| ("incident", incident)));
            query.extend(after.as_deref().map(|after| ("after", after)));
            let answer = api.get(&["v1", "alerts"], &query).await?;
            let page: Page = answer.read()?;
            alerts.extend(page.alerts);
            after = page.next;
            if after.is_none() {
                break answer.now;
            }
        };
        match output {
            Output::Json => print_json(&alerts)?,
            Output::Text if alerts.is_empty() => print_text("no such alerts")?,
            Output::Text => {
                let heading = ["QUEUED", "STATE", "TRIES", "OVER", "TO", "RUNG", "ALERT", "CLOCK", "LAST FAILURE"];
                print_text(&table::table(&heading, alerts.iter().map(|alert| row(alert, now))))?;
            }
        }
        Ok(Exit::Done)
    }
}

fn row(alert: &AlertLine, now: Instant) -> Vec<String> {
    let dead = if alert.dead { ", dead letter" } else { "" };
    let failure = alert.last_failure.as_ref().map(|(class, text)| one_line(&format!("{class}: {text}"))).unwrap_or_default();
    vec![
        words::moment_utc(alert.queued_at, now),
        format!("{}{dead}", alert.standing.word()),
        alert.attempts.to_string(),
        alert.channel.clone(),
        format!("{} ({})", alert.to, alert.team),
        alert.rung.clone(),
        alert.id.clone(),
        alert.clock.clone(),
        failure,
    ]
}

impl Show {
    async fn run(self, output: Output) -> Outcome {
        let answer = self.remote.open()?.get(&["v1", "incidents", &self.incident, "alerts"], &[]).await?;
        let mut logs: Vec<AlertLog> = answer.read()?;
        logs.retain(|log| self.alert.as_ref().is_none_or(|alert| log.line.id == *alert));
        match output {
            Output::Json => print_json(&logs)?,
            Output::Text if logs.is_empty() => print_text("no such alerts")?,
            Output::Text => print_text(&logs.iter().map(|log| told(log, answer.now)).collect::<Vec<_>>().join("\n"))?,
        }
        Ok(Exit::Done)
    }
}

impl Redeliver {
    async fn run(self, output: Output) -> Outcome {
        let path = ["v1", "incidents", &self.incident, "alerts", &self.alert, "redeliver"];
        let answer = self.remote.open()?.post(&path, &json!({ "reason": self.reason })).await?;
        match output {
            Output::Json => print_json(&answer.read::<Value>()?)?,
            Output::Text => {
                let log: AlertLog = answer.read()?;
                print_text(&format!("{} goes out once more over `{}`, to {}", log.line.id, log.line.channel, log.line.to))?;
            }
        }
        Ok(Exit::Done)
    }
}

fn told(log: &AlertLog, now: Instant) -> String {
    let line = &log.line;
    let dead = if line.dead { ", a dead letter" } else { "" };
    let mut text = format!(
        "{}  {}{dead}\n  over `{}` to {} ({}), rung `{}` of {}\n",
        line.id,
        line.standing.word(),
        line.channel,
        line.to,
        line.team,
        line.rung,
        line.clock
    );
    for entry in &log.log {
        let attempt = if entry.attempt > 0 { format!("attempt {} ", entry.attempt) } else { String::new() };
        let class = if entry.class.is_empty() { String::new() } else { format!(" ({})", entry.class) };
        let because = if entry.text.is_empty() { String::new() } else { format!(": {}", one_line(&entry.text)) };
        let next = entry.next_at.map(|at| format!("; next {}", words::moment_utc(at, now))).unwrap_or_default();
        let _ = writeln!(text, "  {}  {attempt}{}{class}{because}{next}", words::moment_utc(entry.at, now), entry.what);
    }
    text
}
