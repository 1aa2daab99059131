//! The API of a running daemon, as a person asks it: one token, one request at a time.

use super::client_settings::{ClientSettings, SettingsFault};
use crate::domain::board::Card;
use crate::domain::instant::{DateTime, Instant};
use crate::shell::delivery::install_crypto_provider;
use crate::shell::wall_clock;
use clap::Args;
use reqwest::{Client, Method, Url, header};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longer than any answer takes; a daemon bounds its requests itself.
const PATIENCE: Duration = Duration::from_secs(60);
const PAGE: usize = 1000;
/// Where a daemon answers unless something else is said.
pub const DEFAULT_URL: &str = "http://127.0.0.1:8740";

/// Where the daemon is, and who asks.
#[derive(Debug, Args)]
pub struct Remote {
    /// Where the daemon answers; else as client.toml says, else http://127.0.0.1:8740
    #[arg(long, help_heading = "Daemon", env = "WATCHBELL_URL", value_name = "URL")]
    url: Option<String>,
    /// A file that holds your token; else WATCHBELL_TOKEN, else as client.toml says
    #[arg(long, help_heading = "Daemon", env = "WATCHBELL_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// Why the daemon did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ApiFault {
    /// The address is none.
    #[error("`{url}` is no address of a daemon\nhint: write it as http://127.0.0.1:8740")]
    Url {
        /// What was given.
        url: String,
    },
    /// Nobody said who asks.
    #[error(
        "no token\nhint: set WATCHBELL_TOKEN, or give --token-file, or put `token_file` into ~/.config/watchbell/client.toml; `watchbell token` makes one, its SHA-256 goes into a [[person]] of the configuration"
    )]
    NoToken,
    /// The settings of the command line cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsFault),
    /// The token cannot be read or sent.
    #[error("cannot take the token from {from}: {problem}")]
    Token {
        /// The file or variable.
        from: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Nobody answers.
    #[error(
        "cannot reach the daemon at {url}: {problem}\nhint: does `watchbell serve` run there? give --url or set WATCHBELL_URL"
    )]
    Unreachable {
        /// Where.
        url: Url,
        /// In words.
        problem: String,
    },
    /// The daemon says no.
    #[error("{detail}{}", hint.as_ref().map(|hint| format!("\nhint: {hint}")).unwrap_or_default())]
    Problem {
        /// The stable code.
        code: String,
        /// What is wrong.
        detail: String,
        /// What to do.
        hint: Option<String>,
    },
    /// Somebody answers who is not a daemon of this kind.
    #[error("the answer of {url} cannot be read: {problem}\nhint: is that a Watchbell of this version ({})? `curl` shows what answers", env!("CARGO_PKG_VERSION"))]
    Strange {
        /// Where.
        url: Url,
        /// In words.
        problem: String,
    },
}

/// An open line to a daemon.
pub struct Api {
    client: Client,
    base: Url,
    token: SecretString,
}

/// An answer, and when the daemon gave it by its own clock.
pub struct Answer {
    url: Url,
    body: Vec<u8>,
    /// By the daemon's clock, which is the one that rings.
    pub now: Instant,
}

/// The board, whole.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Board {
    /// One card per incident.
    pub cards: Vec<Card>,
    /// Where the next page begins.
    #[serde(default, skip_serializing)]
    next: Option<String>,
    /// Channels whose last attempt failed.
    pub channels: BTreeMap<String, FailingChannel>,
    /// Messages in quarantine.
    pub quarantined: usize,
    /// Incidents whose record is damaged, so that nothing of them can be shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub damaged: Vec<String>,
}

/// A channel whose last attempt failed.
#[derive(Debug, Serialize, Deserialize)]
pub struct FailingChannel {
    /// Since when, RFC 3339.
    pub failing_since: String,
    /// How.
    pub last_failure: String,
}

impl Remote {
    /// Makes ready to ask; nothing is sent yet.
    pub fn open(&self) -> Result<Api, ApiFault> {
        let settings = ClientSettings::find()?;
        let url = self.url.clone().or_else(|| settings.url.clone()).unwrap_or_else(|| DEFAULT_URL.to_owned());
        let no_url = || ApiFault::Url { url: url.clone() };
        let base = Url::parse(&url).ok().filter(|url| matches!(url.scheme(), "http" | "https")).ok_or_else(no_url)?;
        let token = self.token(&settings, &base)?;
        let loopback = base.host_str().is_some_and(|host| matches!(host, "localhost" | "[::1]") || host.starts_with("127."));
        if base.scheme() == "http" && !loopback {
            eprintln!("warning: your token goes to {base} unencrypted; use https");
        }
        install_crypto_provider();
        let client = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .user_agent(concat!("watchbell/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| ApiFault::Unreachable { url: base.clone(), problem: innermost(&error) })?;
        Ok(Api { client, base, token })
    }

    fn token(&self, settings: &ClientSettings, base: &Url) -> Result<SecretString, ApiFault> {
        let read = |file: &Path| {
            let from = format!("`{}`", file.display());
            let unread = |error: std::io::Error| ApiFault::Token { from: from.clone(), problem: error.to_string() };
            std::fs::read_to_string(file).map_err(unread).map(|text| (from.clone(), text))
        };
        let (from, text) = match (&self.token_file, std::env::var("WATCHBELL_TOKEN")) {
            (Some(file), _) => read(file)?,
            (None, Ok(token)) => ("WATCHBELL_TOKEN".to_owned(), token),
            (None, Err(_)) => match settings.token_for(base.as_str())? {
                Some(file) => read(&file)?,
                None => return Err(ApiFault::NoToken),
            },
        };
        let token = text.lines().next().unwrap_or_default().trim();
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ApiFault::Token { from, problem: "there is no token on its first line".into() });
        }
        Ok(SecretString::from(token))
    }
}

impl Api {
    /// Asks for something.
    pub async fn get(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Answer, ApiFault> {
        self.send(Method::GET, path, query, None).await
    }

    /// Has something done.
    pub async fn post(&self, path: &[&str], body: &Value) -> Result<Answer, ApiFault> {
        self.send(Method::POST, path, &[], Some(body)).await
    }

    /// Has something taken back.
    pub async fn delete(&self, path: &[&str]) -> Result<Answer, ApiFault> {
        self.send(Method::DELETE, path, &[], None).await
    }

    /// Has something done to what a query names.
    pub async fn post_with(&self, path: &[&str], query: &[(&str, &str)], body: &Value) -> Result<Answer, ApiFault> {
        self.send(Method::POST, path, query, Some(body)).await
    }

    /// The board, all its pages; with `closed`, also incidents that ask for nothing any more.
    pub async fn board(&self, closed: bool) -> Result<(Board, Instant), ApiFault> {
        let mut board = Board::default();
        let (limit, closed) = (PAGE.to_string(), closed.to_string());
        let mut after: Option<String> = None;
        loop {
            let mut query = vec![("limit", limit.as_str()), ("closed", closed.as_str())];
            query.extend(after.as_deref().map(|after| ("after", after)));
            let answer = self.get(&["v1", "board"], &query).await?;
            let page: Board = answer.read()?;
            board.cards.extend(page.cards);
            board.channels = page.channels;
            board.quarantined += page.quarantined;
            board.damaged.extend(page.damaged);
            after = page.next;
            if after.is_none() {
                return Ok((board, answer.now));
            }
        }
    }

    /// One incident in full, an [`IncidentView`](crate::domain::board::IncidentView).
    pub async fn incident(&self, id: &str) -> Result<Answer, ApiFault> {
        self.get(&["v1", "incidents", id], &[]).await
    }

    async fn send(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Answer, ApiFault> {
        let url = self.address(path, query);
        let unreachable = |error: reqwest::Error| ApiFault::Unreachable { url: self.base.clone(), problem: innermost(&error) };
        let mut request = self.client.request(method, url.clone()).bearer_auth(self.token.expose_secret());
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let date = response.headers().get(header::DATE).and_then(|date| date.to_str().ok());
        let now =
            date.and_then(|date| DateTime::parse_from_rfc2822(date).ok()).map_or_else(wall_clock::now, |date| date.to_utc());
        let body = response.bytes().await.map_err(unreachable)?.to_vec();
        if status.is_success() {
            return Ok(Answer { url, body, now });
        }
        match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) => Err(problem.about(path)),
            Err(_) => Err(ApiFault::Strange { url, problem: format!("it says {status}") }),
        }
    }

    /// Every part of a path is one segment, whatever it holds.
    fn address(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        url.path_segments_mut().expect("http and https addresses have a path").pop_if_empty().extend(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }
}

impl Answer {
    /// The answer as what it is meant to be.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, ApiFault> {
        let strange = |error: serde_json::Error| ApiFault::Strange { url: self.url.clone(), problem: error.to_string() };
        serde_json::from_slice(&self.body).map_err(strange)
    }

    /// The answer as it came.
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }
}

#[derive(Deserialize)]
struct Problem {
    code: String,
    detail: String,
    #[serde(default)]
    hint: Option<String>,
}

impl Problem {
    /// The problem in the words of the command line rather than of HTTP.
    fn about(self, path: &[&str]) -> ApiFault {
        let Self { code, mut detail, hint } = self;
        let hint = match code.as_str() {
            "no-incident" => Some("`watchbell incident list` lists them".to_owned()),
            "no-clock" => Some("`watchbell clock list --all` names them".to_owned()),
            "contradicted" => Some("look at these facts; if it is so all the same, say why: --although \"…\"".to_owned()),
            "ended-by-facts" => {
                Some("answer these facts anew with `watchbell answer`; the clock then runs again by itself".to_owned())
            }
            "no-ground" => Some("add --because \"…\": on what the judgement rests".to_owned()),
            "unauthorised" => {
                Some("is this the token of a [[person]] of the daemon's configuration? `watchbell token` makes one".to_owned())
            }
            _ => hint,
        };
        let named = path.get(2).filter(|_| matches!(code.as_str(), "no-incident" | "no-clock") && !detail.contains('`'));
        if let Some(id) = named {
            detail = format!("{detail}: `{id}`");
        }
        ApiFault::Problem { code, detail, hint }
    }
}

/// The cause at the bottom, which is the one that helps.
fn innermost(error: &dyn Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
