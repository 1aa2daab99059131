//! `watchbell incident message`

use super::Outcome;
use super::client::Remote;
use super::exit::Exit;
use super::output::{Output, print_json, print_text};
use clap::Args;
use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell incident message inc-7h3k9qd2w4xz8m5n 2
  watchbell incident message inc-7h3k9qd2w4xz8m5n 2 | jq .

A message is kept as long as `keep` under [payloads] says; its SHA-256 and what was read from it stay on record.")]
pub struct ShowMessage {
    /// The incident that holds the message
    id: String,
    /// The message by number, as `incident show` lists them
    number: u32,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Deserialize)]
struct Shown {
    payload: String,
    redacted: Vec<String>,
}

impl ShowMessage {
    pub async fn run(self, output: Output) -> Outcome {
        let number = self.number.to_string();
        let answer = self.remote.open()?.get(&["v1", "incidents", &self.id, "messages", &number], &[]).await?;
        match output {
            Output::Json => print_json(&answer.read::<Value>()?)?,
            Output::Text => {
                let Shown { payload, redacted } = answer.read()?;
                if !redacted.is_empty() {
                    eprintln!("note: redacted before it was kept, by the rules {}", redacted.join(", "));
                }
                // A terminal obeys control characters, so they are shown and not sent to it.
                let shown = |c: char| {
                    if c.is_control() && !c.is_ascii_whitespace() { c.escape_default().collect() } else { c.to_string() }
                };
                print_text(&(payload.chars().map(shown).collect::<String>() + "\n"))?;
            }
        }
        Ok(Exit::Done)
    }
}
