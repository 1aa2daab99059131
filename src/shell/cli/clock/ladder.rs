//! `watchbell clock ladder`: every rung before it happens.

use crate::domain::incident::{LadderView, LeaseView, ReachView, RungView};
use crate::domain::instant::{Instant, Zone};
use crate::shell::cli::client::Remote;
use crate::shell::cli::exit::Exit;
use crate::shell::cli::output::{Output, one_line, print_json, print_text};
use crate::shell::cli::{Outcome, table, words};
use clap::Args;
use serde_json::Value;
use std::fmt::Write;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell clock ladder inc-7h3k9qd2w4xz8m5n~us.hipaa.individuals~mercy
  watchbell clock ladder inc-7h3k9qd2w4xz8m5n~us.hipaa.individuals~mercy -o json | jq '.rungs[] | select(.state == \"ahead\")'

Who is on call is shown as rotas and overrides stand now; it is decided when the rung falls.")]
pub struct ShowLadder {
    /// The clock, as `watchbell clock list` names it
    id: String,
    #[command(flatten)]
    remote: Remote,
}

impl ShowLadder {
    pub async fn run(self, output: Output) -> Outcome {
        let answer = self.remote.open()?.get(&["v1", "clocks", &self.id, "ladder"], &[]).await?;
        match output {
            Output::Json => print_json(&answer.read::<Value>()?)?,
            Output::Text => print_text(&text(&answer.read()?, answer.now))?,
        }
        Ok(Exit::Done)
    }
}

fn text(view: &LadderView, now: Instant) -> String {
    let zone = view.zone;
    let ladder = view.ladder.as_ref().map_or_else(|| "no ladder".to_owned(), |ladder| format!("ladder `{ladder}`"));
    let mut text = format!("{}\n{ladder}\n\n", view.clock);
    let mut lines: Vec<(&str, String)> = Vec::new();
    lines.extend(view.target.map(|at| ("Target", words::moment(at, zone, now))));
    lines.extend(view.until.map(|at| ("Until", words::moment(at, zone, now))));
    lines.extend(
        view.last_call.map(|at| ("Last call", format!("{}; nothing is kept quiet after it", words::moment(at, zone, now)))),
    );
    if !view.acknowledge.is_empty() {
        lines.push(("Must have it", format!("{}, each", view.acknowledge.join(" and "))));
    }
    lines.extend(view.leases.iter().map(|lease| ("Owned by", owner(lease, zone, now))));
    lines.extend(view.silenced.iter().map(|(by, reason, until)| {
        ("Silenced", format!("by {by} until {}: {}", words::moment(*until, zone, now), one_line(reason)))
    }));
    lines.extend(view.quiet_because.iter().map(|because| ("Nothing rings", because.clone())));
    lines.iter().for_each(|(name, value)| _ = writeln!(text, "  {name:<14} {value}"));
    text.push('\n');
    let rows = view.rungs.iter().map(|rung| row(rung, zone, now));
    text.push_str(&table::indented(2, &["WHEN", "RUNG", "STATE", "REACHES", "WHY OR UNLESS"], rows));
    if !view.left_out.is_empty() {
        let _ = writeln!(text, "\nOutside this clock's time: {}", view.left_out.join(", "));
    }
    text
}

fn owner(lease: &LeaseView, zone: Zone, now: Instant) -> String {
    let team = lease.team.as_ref().map(|team| format!(" for {team}")).unwrap_or_default();
    let handed = lease.handed_to.as_ref().map(|to| format!("; handed to {to}, who has not acknowledged")).unwrap_or_default();
    format!("{}{team} until {}, said by {}{handed}", lease.by, words::moment(lease.until, zone, now), lease.via)
}

fn row(rung: &RungView, zone: Zone, now: Instant) -> Vec<String> {
    let name = match &rung.every {
        Some(every) => format!("{} (then {every})", rung.name),
        None => rung.name.clone(),
    };
    let mut why: Vec<String> = rung.why.iter().cloned().collect();
    why.extend(rung.waits_until.map(|until| format!("waits until {}", zone.in_words(until))));
    why.extend(rung.unless.iter().map(|unless| format!("unless {unless}")));
    let reaches = match rung.reaches.as_slice() {
        [] if rung.state == "passed-over" => "-".to_owned(),
        [] => "nobody".to_owned(),
        reaches => reaches.iter().map(reach).collect::<Vec<_>>().join("; "),
    };
    vec![words::moment(rung.at, zone, now), name, rung.state.clone(), reaches, why.join("; ")]
}

/// `soc → Ada Keller (rota soc) by mail a…@example.org, delivered`
fn reach(reach: &ReachView) -> String {
    let person = reach.person.as_ref().map(|person| format!(" → {person}")).unwrap_or_default();
    let rota = reach.rota.as_ref().map(|rota| format!(" (rota {rota})")).unwrap_or_default();
    let to = if reach.to.is_empty() { String::new() } else { format!(" {}", reach.to) };
    let state = reach.state.as_ref().map(|state| format!(", {state}")).unwrap_or_default();
    format!("{}{person}{rota} by {}{to}{state}", reach.team, reach.channel)
}
