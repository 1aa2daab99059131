//! `watchbell oncall`: who is on call, and who stands in for whom.

use super::client::Remote;
use super::exit::Exit;
use super::instant_arg::instant;
use super::output::{Output, one_line, print_json, print_text};
use super::{Outcome, table, words};
use crate::domain::escalation::{Duty, OnCall, Override};
use crate::domain::instant::{Instant, Zone, rfc3339};
use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Value, json};
use std::fmt::Write;

/// Who is on call, and who stands in for whom.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "Examples:
  watchbell oncall
  watchbell oncall soc --at 2026-12-24T18:00:00+01:00
  watchbell oncall override soc --who \"Priya Nair\" --because \"Ada is ill\" \\
      --from 2026-12-24T09:00:00+01:00 --until 2026-12-25T09:00:00+01:00
  watchbell oncall withdraw soc ovr-7h3k9qd2w4xz8m5n")]
pub struct Oncall {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Only this rota, and what lies ahead
    rota: Option<String>,
    /// At which instant: RFC 3339 with an offset; now unless given
    #[arg(long, value_name = "TIME", value_parser = instant)]
    at: Option<Instant>,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Somebody stands in for whoever would be on call
    Override(StandIn),
    /// An override is taken back
    Withdraw(Withdraw),
}

#[derive(Debug, Args)]
struct StandIn {
    /// The rota
    rota: String,
    /// Who is on call instead, by the name of a [[person]] who can be reached
    #[arg(long, value_name = "PERSON")]
    who: String,
    /// From when: RFC 3339 with an offset, or `now`
    #[arg(long, value_name = "TIME", value_parser = instant)]
    from: Instant,
    /// Until when: RFC 3339 with an offset
    #[arg(long, value_name = "TIME", value_parser = instant)]
    until: Instant,
    /// Why; it goes into the record
    #[arg(long, value_name = "TEXT")]
    because: String,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Debug, Args)]
struct Withdraw {
    /// The rota
    rota: String,
    /// The override, as `watchbell oncall ROTA` names it
    id: String,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Debug, Deserialize)]
struct RotaView {
    name: String,
    zone: Zone,
    at: Instant,
    on_call: Option<OnCall>,
    ahead: Vec<Duty>,
    overrides: Vec<Override>,
}

impl Oncall {
    pub async fn run(self, output: Output) -> Outcome {
        match self.verb {
            Some(Verb::Override(stand_in)) => stand_in.run(output).await,
            Some(Verb::Withdraw(withdraw)) => withdraw.run(output).await,
            None => self.show(output).await,
        }
    }

    async fn show(self, output: Output) -> Outcome {
        let at = self.at.map(rfc3339);
        let query: Vec<(&str, &str)> = at.iter().map(|at| ("at", at.as_str())).collect();
        let path: Vec<&str> = ["v1", "rotas"].into_iter().chain(self.rota.as_deref()).collect();
        let answer = self.remote.open()?.get(&path, &query).await?;
        if output == Output::Json {
            print_json(&answer.read::<Value>()?)?;
            return Ok(Exit::Done);
        }
        match self.rota {
            Some(_) => print_text(&one(&answer.read()?))?,
            None => print_text(&all(&answer.read::<Vec<RotaView>>()?))?,
        }
        Ok(Exit::Done)
    }
}

impl StandIn {
    async fn run(self, output: Output) -> Outcome {
        let body = json!({
            "who": self.who, "from": rfc3339(self.from), "until": rfc3339(self.until), "because": self.because,
        });
        let answer = self.remote.open()?.post(&["v1", "rotas", &self.rota, "overrides"], &body).await?;
        told(&answer, output, |over| {
            format!("{} is on call by {} from {} until {}", over.who, over.rota, rfc3339(over.from), rfc3339(over.until))
        })
    }
}

impl Withdraw {
    async fn run(self, output: Output) -> Outcome {
        let answer = self.remote.open()?.delete(&["v1", "rotas", &self.rota, "overrides", &self.id]).await?;
        told(&answer, output, |over| format!("{} stands in no longer; whoever has the turn is on call", over.who))
    }
}

fn told(answer: &super::client::Answer, output: Output, say: impl FnOnce(&Override) -> String) -> Outcome {
    match output {
        Output::Json => print_json(&answer.read::<Value>()?)?,
        Output::Text => {
            let over: Override = answer.read()?;
            print_text(&format!("{}\n{}\n", say(&over), over.id))?;
        }
    }
    Ok(Exit::Done)
}

fn who(on_call: Option<&OnCall>) -> String {
    on_call.map_or_else(|| "nobody".to_owned(), |on_call| on_call.who.clone())
}

fn why(on_call: Option<&OnCall>) -> String {
    on_call.map_or_else(|| "no layer is on duty; everybody of the rota is rung".to_owned(), |on_call| one_line(&on_call.because))
}

fn all(rotas: &[RotaView]) -> String {
    if rotas.is_empty() {
        return "there is no rota; add a [[rota]] to the configuration\n".into();
    }
    let rows = rotas.iter().map(|rota| {
        let until = rota.ahead.first().map_or_else(String::new, |duty| rota.zone.in_words(duty.until));
        vec![rota.name.clone(), who(rota.on_call.as_ref()), until, why(rota.on_call.as_ref())]
    });
    table::table(&["ROTA", "ON CALL", "UNTIL", "BY"], rows)
}

fn one(rota: &RotaView) -> String {
    let mut text = format!("{} at {}: {}\n\n", rota.name, rota.zone.in_words(rota.at), who(rota.on_call.as_ref()));
    let rows = rota.ahead.iter().map(|duty| {
        let from = words::moment(duty.from, rota.zone, rota.at);
        vec![from, rota.zone.in_words(duty.until), who(duty.on_call.as_ref()), why(duty.on_call.as_ref())]
    });
    text.push_str(&table::indented(2, &["FROM", "UNTIL", "ON CALL", "BY"], rows));
    if !rota.overrides.is_empty() {
        let _ = writeln!(text, "\nOverrides\n");
        let rows = rota.overrides.iter().map(|over| {
            let (from, until) = (rota.zone.in_words(over.from), rota.zone.in_words(over.until));
            vec![over.id.clone(), over.who.clone(), from, until, one_line(&over.because), over.by.clone()]
        });
        text.push_str(&table::indented(2, &["OVERRIDE", "WHO", "FROM", "UNTIL", "BECAUSE", "RECORDED BY"], rows));
    }
    text
}
