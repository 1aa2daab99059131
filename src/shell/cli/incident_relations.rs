//! `watchbell incident merge|split`

use super::Outcome;
use super::changes::{Change, changes};
use super::client::Remote;
use super::exit::Exit;
use super::output::{Output, counted, one_line, print_json, print_text};
use crate::domain::board::IncidentView;
use clap::Args;
use serde_json::{Value, json};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell incident merge inc-7h3k9qd2w4xz8m5n --into inc-2v8c1r6t0y4b9k3e --because \"the same host, the same hour\"

The one it is merged into gets its messages and claims; no limit gets later. Clocks that have no equal there stay.")]
pub struct Merge {
    /// The incident that ends
    id: String,
    /// The incident that goes on
    #[arg(long, value_name = "INCIDENT")]
    into: String,
    /// On what ground they are the same
    #[arg(long, value_name = "TEXT")]
    because: String,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell incident split inc-7h3k9qd2w4xz8m5n --update 3,4 --because \"another host\"

The messages become an incident of their own. What they claimed also stays here, until you answer otherwise.")]
pub struct Split {
    /// The incident that holds the messages
    id: String,
    /// Messages by number, as `incident show` lists them
    #[arg(long, required = true, value_name = "NUMBER", value_delimiter = ',')]
    update: Vec<u32>,
    /// On what ground they are about something else
    #[arg(long, value_name = "TEXT")]
    because: String,
    #[command(flatten)]
    remote: Remote,
}

impl Merge {
    pub async fn run(self, output: Output) -> Outcome {
        let api = self.remote.open()?;
        let body = json!({ "into": self.into, "because": self.because });
        // An incident that is not there is told of in the words of the merge.
        let before: Option<IncidentView> = match api.incident(&self.into).await {
            Ok(answer) => Some(answer.read()?),
            Err(_) => None,
        };
        let answer = api.post(&["v1", "incidents", &self.id, "merge"], &body).await?;
        match output {
            Output::Json => print_json(&answer.read::<Value>()?)?,
            Output::Text => {
                let other: IncidentView = api.incident(&self.id).await?.read()?;
                let stay = other.card.clocks.iter().filter(|clock| clock.standing.is_open()).count();
                print_text(&format!("{} goes on in {}", self.id, self.into))?;
                let after: IncidentView = answer.read()?;
                for change in before.iter().flat_map(|before| changes(before, &after)) {
                    print_text(&change.in_words(answer.now))?;
                }
                for (clock, there) in &other.moved {
                    print_text(&format!("goes on:  {clock} as {there}"))?;
                }
                if stay > 0 {
                    print_text(&format!(
                        "{} without an equal there stay open: watchbell incident show {}",
                        counted(stay, "clock"),
                        self.id
                    ))?;
                }
            }
        }
        Ok(Exit::Done)
    }
}

impl Split {
    pub async fn run(self, output: Output) -> Outcome {
        let body = json!({ "messages": self.update, "because": self.because });
        let answer = self.remote.open()?.post(&["v1", "incidents", &self.id, "split"], &body).await?;
        match output {
            Output::Json => print_json(&answer.read::<Value>()?)?,
            Output::Text => {
                let view: IncidentView = answer.read()?;
                print_text(&format!("{} is an incident of its own: {}", view.card.incident, one_line(&view.card.title)))?;
                for clock in view.card.clocks.into_iter().filter(|clock| clock.standing.is_open()) {
                    print_text(&Change::New { clock }.in_words(answer.now))?;
                }
            }
        }
        Ok(Exit::Done)
    }
}
