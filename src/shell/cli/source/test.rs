//! `watchbell source test`

use super::super::exit::Exit;
use super::super::output::{Output, print_json, print_text};
use super::super::{Outcome, default_config};
use super::{curl, proof};
use crate::domain::ingest::sample;
use crate::shell::config::Config;
use crate::shell::delivery::install_crypto_provider;
use crate::shell::wall_clock;
use crate::shell::web::DRILL_HEADER;
use clap::Args;
use reqwest::{Client, Url};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::error::Error;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::time::Duration;

/// Send a drill to the running daemon, signed as the source would sign it.
///
/// It takes the whole way of an event and opens nothing. The secrets are read where the configuration says, so run it as the daemon's user.
/// Exit code 3 says that the daemon did not take it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell source test wazuh
  watchbell source test github alert.json --url https://watchbell.example.org
  watchbell source test splunk --token-file key --print-curl")]
pub struct Test {
    /// The source's name
    source: String,
    /// The payload; the smallest one its mapping reads unless given
    #[arg(value_name = "FILE")]
    payload: Option<PathBuf>,
    /// Where the daemon answers; where the configuration has it listen unless given
    #[arg(long, env = "WATCHBELL_URL", value_name = "URL")]
    url: Option<String>,
    /// The configuration file
    #[arg(long, default_value_os_t = default_config(), env = "WATCHBELL_CONFIG", value_name = "FILE")]
    config: PathBuf,
    /// A file with the token, where the configuration holds only its SHA-256
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Print a command for a shell instead, which reads the secrets from their files
    #[arg(long)]
    print_curl: bool,
}

impl Test {
    pub async fn run(self, output: Output) -> Outcome {
        let config = super::read(&self.config)?;
        let source = super::named(&config, &self.source)?;
        let body = match &self.payload {
            Some(file) => {
                std::fs::read(file).map_err(|error| format!("cannot read the payload `{}`: {error}", file.display()))?
            }
            None => sample(&source.mapping).to_string().into_bytes(),
        };
        let address = self.address(&config)?;
        if self.print_curl {
            print_text(&curl::command(source, self.payload.as_deref(), &body, self.token_file.as_deref(), &address)?)?;
            return Ok(Exit::Done);
        }
        let now_s = wall_clock::now().timestamp();
        let proof = proof::prove(source, self.token_file.as_deref(), &body, now_s)?;
        let answer = post(address, proof, body, now_s).await?;
        report(&self.source, &answer, output)
    }

    fn address(&self, config: &Config) -> Result<Url, String> {
        let base = self.url.clone().unwrap_or_else(|| listens_at(config));
        let wrong = || format!("`{base}` is no address of a daemon\nhint: write it as http://127.0.0.1:8740");
        let mut url = Url::parse(&base).ok().filter(|url| matches!(url.scheme(), "http" | "https")).ok_or_else(wrong)?;
        url.path_segments_mut().map_err(|()| wrong())?.pop_if_empty().extend(["v1", "events", &self.source]);
        Ok(url)
    }
}

/// Where the daemon of a configuration answers. Its certificate is made out to the name people reach it by.
fn listens_at(config: &Config) -> String {
    let tls = config.door.tls.is_some();
    if let Some(public) = config.public_url.as_ref().filter(|_| tls) {
        return public.clone();
    }
    let mut listen = config.listen;
    // A daemon that listens everywhere listens on this machine.
    if listen.ip().is_unspecified() {
        listen.set_ip(if listen.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
    }
    format!("{}://{listen}", if tls { "https" } else { "http" })
}

struct Answer {
    status: u16,
    body: Value,
}

async fn post(mut url: Url, proof: proof::Proof, body: Vec<u8>, now_s: i64) -> Result<Answer, Box<dyn Error + Send + Sync>> {
    install_crypto_provider();
    let client =
        Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).timeout(Duration::from_secs(60)).build()?;
    let shown = url.clone();
    if let Some(key) = &proof.url_key
        && let Ok(mut segments) = url.path_segments_mut()
    {
        segments.push(key.expose_secret());
    }
    let mut request = client.post(url).header("content-type", "application/json").header(DRILL_HEADER, now_s.to_string());
    for (name, value) in &proof.headers {
        request = request.header(name, value.expose_secret());
    }
    // The address may hold the key, so the error is told without it.
    let unreachable = |error: reqwest::Error| {
        let what = if error.is_timeout() { "no answer came in time" } else { "no connection came about" };
        format!("cannot reach the daemon at {shown}: {what}\nhint: does `watchbell serve` run there? give --url")
    };
    let response = request.body(body).send().await.map_err(unreachable)?;
    let status = response.status().as_u16();
    let body = response.bytes().await.map_err(unreachable)?;
    let body = serde_json::from_slice(&body)
        .map_err(|_| format!("{shown} answers {status}, and not as a Watchbell does\nhint: `curl` shows what is there"))?;
    Ok(Answer { status, body })
}

fn report(source: &str, answer: &Answer, output: Output) -> Outcome {
    let text = |member: &str| answer.body[member].as_str().unwrap_or_default();
    let taken = answer.status == 202;
    match output {
        Output::Json => print_json(&json!({ "taken": taken, "http_status": answer.status, "answer": answer.body }))?,
        Output::Text if taken => {
            let words = match text("status") {
                "noted" => "it proved itself, was read, and opened nothing, being a drill",
                "empty" => "it proved itself, and the payload holds no event",
                other => other,
            };
            print_text(&format!("source `{source}` gets through: {words}"))?;
            for remark in answer.body["remarks"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                print_text(&format!("  remark: {remark}"))?;
            }
        }
        Output::Text => {
            eprintln!("error: the daemon answers {} ({}): {}", answer.status, text("code"), text("detail"));
            eprintln!("hint: {}", next_step(answer.status, text("code"), text("hint")));
        }
    }
    Ok(if taken { Exit::Done } else { Exit::Faults })
}

/// What to do, seen from this side of the door.
fn next_step(status: u16, code: &str, hint: &str) -> String {
    match code {
        "no-source" => "the running daemon does not know it yet: send it SIGHUP, or is it another daemon's configuration?".into(),
        "unauthorised" => format!("the running daemon expects something else; after a change of secrets send it SIGHUP ({hint})"),
        "busy" | "store-unavailable" => format!("{hint}; `watchbell doctor` looks for the cause"),
        _ if status == 422 || status == 400 => format!("{hint}; `watchbell map` shows how the payload is read"),
        _ => hint.to_owned(),
    }
}
