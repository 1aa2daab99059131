//! `watchbell token`

use super::Outcome;
use super::exit::Exit;
use super::output::{Output, print_json, print_text};
use crate::domain::ingest::TokenDigest;
use crate::shell::mint;
use clap::Args;
use serde_json::json;

/// Make a token for a source or a person, or a secret for signed webhooks.
///
/// A token goes to whoever uses it; the configuration holds only its SHA-256. It is shown once and kept nowhere.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell token
  watchbell token -o json | jq -r .token > /run/secrets/siem-token
  (umask 077; watchbell token --webhook > soc-webhook-secret)")]
pub struct Token {
    /// Make a Standard Webhooks secret instead; its file goes into `webhook_secret_files` or `secret_files`
    #[arg(long)]
    webhook: bool,
}

impl Token {
    pub fn run(self, output: Output) -> Outcome {
        if self.webhook {
            let secret = mint::webhook_secret();
            match output {
                Output::Json => print_json(&json!({ "secret": secret }))?,
                Output::Text => print_text(&secret)?,
            }
            eprintln!("put it on the first line of a file that only the daemon's user can read, and give it to the other side");
            return Ok(Exit::Done);
        }
        let token = mint::token();
        let digest = TokenDigest::of(&token).to_hex();
        match output {
            Output::Json => print_json(&json!({ "token": token, "sha256": digest }))?,
            Output::Text => print_text(&format!("token  {token}\nsha256 {digest}\n"))?,
        }
        eprintln!("the token goes to whoever uses it; the configuration takes the other line: token_sha256 = [\"{digest}\"]");
        Ok(Exit::Done)
    }
}
