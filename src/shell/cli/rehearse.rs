//! `watchbell rehearse`

use super::exit::Exit;
use super::instant_arg::instant;
use super::output::{Output, harmless_text, print_json, print_text};
use super::{Outcome, default_config};
use crate::domain::instant::{Duration, Instant, Zone};
use crate::shell::config;
use crate::shell::wall_clock;
use crate::sim::rehearsal::{Action, Rehearsal, Script, Step, Told};
use clap::Args;
use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};

/// How far `next` looks ahead.
const NEXT_MAX: Duration = Duration::days(500);

/// A tabletop exercise with your own configuration on a clock that runs as fast as you read.
///
/// Nothing is sent and nothing is stored: channels only take notes. The report says who would have been told
/// what and when, how long it took to acknowledge, and which limit would have been missed.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell rehearse rehearsal.example.toml
  watchbell rehearse rehearsal.example.toml -o json | jq '.limits[] | select(.outcome == \"missed\")'
  watchbell rehearse --interactive --start 2026-12-24T22:00:00+01:00

Exit code 3 says that a limit would have been missed, or that a step was refused.")]
pub struct Rehearse {
    /// The script; rehearsal.example.toml shows every kind of step
    #[arg(required_unless_present = "interactive")]
    script: Option<PathBuf>,
    /// Read steps from standard input, after the script if there is one
    #[arg(long)]
    interactive: bool,
    /// When it begins, without a script [default: now]
    #[arg(long, value_parser = instant, conflicts_with = "script")]
    start: Option<Instant>,
    /// The configuration file
    #[arg(long, default_value_os_t = default_config(), env = "WATCHBELL_CONFIG")]
    config: PathBuf,
}

impl Rehearse {
    pub async fn run(self, output: Output) -> Outcome {
        let script = self.script.as_deref().map(Script::read).transpose()?;
        let (title, start) = match &script {
            Some(script) => (script.title.clone(), script.start),
            None => ("A rehearsal".to_owned(), self.start.unwrap_or_else(wall_clock::now)),
        };
        let file = self.config.clone();
        let read = Box::new(move |now| config::read(&file, &config::environment(), now));
        let mut rehearsal = Rehearsal::begin(&title, start, read)?;
        if let Some(script) = &script {
            rehearsal.play(script).await?;
        }
        if self.interactive {
            converse(&mut rehearsal).await?;
        }
        let report = rehearsal.report().await?;
        match output {
            Output::Text => print_text(&report.to_string())?,
            Output::Json => print_json(&report)?,
        }
        Ok(if report.missed().next().is_some() || report.refused().next().is_some() { Exit::Faults } else { Exit::Done })
    }
}

const HELP: &str = "next                 to the next letter
wait 2h              lets time pass
board                what runs
post SOURCE FILE     a source posts a message
answer BY KEY=VALUE  somebody answers a question
ack BY CLOCK         somebody takes a clock
meet BY CLOCK WHAT   a duty is met
channel ID down|up   a channel fails, or works again
quit                 ends with the report
A clock is a duty's id or the beginning of one. Names with spaces go into quotes.";

/// Reads steps line by line and tells what comes of each.
async fn converse(rehearsal: &mut Rehearsal) -> Outcome {
    let input = std::io::stdin();
    if input.is_terminal() {
        eprintln!("{HELP}");
    }
    for line in input.lock().lines() {
        let line = line?;
        let words = split(&line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let told = match words.as_slice() {
            [] => continue,
            ["quit"] => break,
            ["help"] => {
                eprintln!("{HELP}");
                continue;
            }
            ["next"] => rehearsal.run_to_next(rehearsal.now() + NEXT_MAX).await?,
            ["board"] => {
                board(rehearsal).await?;
                continue;
            }
            words => match act(rehearsal, words).await {
                Ok(told) => told,
                Err(text) => {
                    say(&text);
                    continue;
                }
            },
        };
        say(&Zone::UTC.in_words(rehearsal.now()));
        told.iter().for_each(|told| say(&format!("  {} over {}: {}", told.to, told.channel, told.subject)));
    }
    Ok(Exit::Done)
}

/// Does what a line asks for; gives who was told because of it.
async fn act(rehearsal: &mut Rehearsal, words: &[&str]) -> Result<Vec<Told>, String> {
    let before = rehearsal.told().len();
    let fault = |fault: crate::sim::rehearsal::Fault| fault.to_string();
    if let ["wait", length] = words {
        let length = crate::domain::escalation::parse_length(length).ok_or("write a length such as `30m`, `2h` or `1d6h`")?;
        rehearsal.run_until(rehearsal.now() + length).await.map_err(fault)?;
    } else {
        let action = action(words)?;
        let scene = rehearsal.act(&action, Path::new(".")).await;
        say(&format!("{}: {}", scene.what, scene.outcome));
        rehearsal.run_until(rehearsal.now()).await.map_err(fault)?;
    }
    Ok(rehearsal.told().split_off(before))
}

/// A line as the step of a script: the same words, the same faults.
fn action(words: &[&str]) -> Result<Action, String> {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let written = match words {
        ["post", source, file] => format!("post = {{ source = {}, file = {} }}", quoted(source), quoted(file)),
        ["answer", by, pair] => {
            let (key, value) = pair.split_once('=').ok_or("write the answer as `key=value`")?;
            let value =
                if toml::from_str::<toml::Table>(&format!("v = {value}")).is_ok() { value.to_owned() } else { quoted(value) };
            let ground = quoted("said in the rehearsal");
            format!("answer = {{ by = {}, facts = {{ {} = {value} }}, ground = {ground} }}", quoted(by), quoted(key))
        }
        ["ack", by, clock] => format!("ack = {{ by = {}, clock = {} }}", quoted(by), quoted(clock)),
        ["meet", by, clock, what] => {
            format!("meet = {{ by = {}, clock = {}, what = {} }}", quoted(by), quoted(clock), quoted(what))
        }
        ["channel", id, state @ ("down" | "up")] => {
            format!("channel = {{ id = {}, down = {} }}", quoted(id), *state == "down")
        }
        _ => return Err(format!("not understood: {}; `help` shows what is", words.join(" "))),
    };
    let step: Step =
        toml::from_str(&format!("at = \"+0s\"\ndo = {{ {written} }}")).map_err(|error| error.message().to_owned())?;
    Ok(step.action)
}

async fn board(rehearsal: &Rehearsal) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    for incident in rehearsal.stage().incidents().await? {
        say(&format!("{} {}", incident.id, incident.opened.title));
        for (key, clock) in incident.open_clocks() {
            let until = clock.law.limit().map_or_else(|| "without delay".to_owned(), |at| Zone::UTC.in_words(at));
            say(&format!("  {until}  {key}  {}", clock.law.title));
        }
    }
    Ok(())
}

fn say(text: &str) {
    eprintln!("{}", harmless_text(text));
}

/// Words, those in double quotes kept together.
fn split(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (nth, part) in line.split('"').enumerate() {
        match nth % 2 {
            0 => words.extend(part.split_whitespace().map(str::to_owned)),
            _ => words.push(part.to_owned()),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_step() {
        assert_eq!(split("ack \"Ada Keller\"  in.cert_in"), ["ack", "Ada Keller", "in.cert_in"]);
        let read =
            |line: &str| action(&split(line).iter().map(String::as_str).collect::<Vec<_>>()).map(|action| action.in_words());
        assert_eq!(read("ack \"Ada Keller\" in.cert_in"), Ok("Ada Keller takes in.cert_in".into()));
        assert_eq!(read("answer Ada breach.suspected=true"), Ok("Ada answers breach.suspected".into()));
        assert_eq!(read("answer Ada risk.level=high"), Ok("Ada answers risk.level".into()));
        assert_eq!(read("channel mail down"), Ok("channel mail fails".into()));
        assert!(read("channel mail sideways").is_err());
        assert!(read("answer Ada nothing").is_err());
    }
}
