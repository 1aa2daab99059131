//! The demo's side of the daemon's API: what a SIEM and two people would send.

use crate::domain::board::{Card, ClockView, IncidentView};
use crate::domain::ids::IncidentId;
use crate::domain::instant::Duration;
use crate::shell::wall_clock;
use reqwest::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::time::Duration as StdDuration;

const TIMEOUT: StdDuration = StdDuration::from_secs(15);

/// Speaks to one daemon.
pub struct Client {
    /// The connection pool.
    pub http: reqwest::Client,
    url: String,
}

/// What came back, with how long it took.
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The body; null if it is no JSON.
    pub body: Value,
    /// From the first byte sent to the last byte read.
    pub took: Duration,
}

#[derive(Deserialize)]
struct Board {
    cards: Vec<Card>,
}

impl Client {
    /// A client for the daemon at `url`.
    ///
    /// # Errors
    /// In words, when this machine cannot make one.
    pub fn new(url: String) -> Result<Self, String> {
        crate::shell::delivery::install_crypto_provider();
        let http = reqwest::Client::builder().no_proxy().timeout(TIMEOUT).build();
        Ok(Self { http: http.map_err(|error| format!("no HTTP client can be made: {error}"))?, url })
    }

    /// Posts JSON with a bearer token.
    pub async fn post(&self, path: &str, token: &SecretString, body: &Value) -> Result<Answer, String> {
        let request = self.http.post(format!("{}{path}", self.url)).bearer_auth(token.expose_secret()).json(body);
        let watch = wall_clock::stopwatch();
        let response = request.send().await.map_err(|error| unreachable(path, &error))?;
        let status = response.status();
        let body = response.json().await.unwrap_or(Value::Null);
        Ok(Answer { status, body, took: Duration::from_std(watch.elapsed()).unwrap_or_default() })
    }

    /// Answers questions about an incident as a person; a judgement needs a ground.
    pub async fn answer(
        &self,
        incident: &IncidentId,
        token: &SecretString,
        facts: Value,
        ground: Option<&str>,
    ) -> Result<IncidentView, String> {
        let path = format!("/v1/incidents/{incident}/claims");
        let body = match ground {
            Some(ground) => json!({ "facts": facts, "ground": ground }),
            None => json!({ "facts": facts }),
        };
        understood(&path, self.post(&path, token, &body).await?)
    }

    /// An incident in full.
    pub async fn incident(&self, incident: &IncidentId, token: &SecretString) -> Result<IncidentView, String> {
        self.get(&format!("/v1/incidents/{incident}"), token).await
    }

    /// A clock in full.
    pub async fn clock(&self, clock: &str, token: &SecretString) -> Result<ClockView, String> {
        self.get(&format!("/v1/clocks/{clock}"), token).await
    }

    /// Every line of the board, closed incidents included.
    pub async fn board(&self, token: &SecretString) -> Result<Vec<Card>, String> {
        Ok(self.get::<Board>("/v1/board?closed=true", token).await?.cards)
    }

    /// Owns a clock as a person.
    pub async fn acknowledge(&self, clock: &str, token: &SecretString, lease: &str) -> Result<ClockView, String> {
        let path = format!("/v1/clocks/{clock}/ack");
        understood(&path, self.post(&path, token, &json!({ "lease": lease })).await?)
    }

    async fn get<T: DeserializeOwned>(&self, path: &str, token: &SecretString) -> Result<T, String> {
        let request = self.http.get(format!("{}{path}", self.url)).bearer_auth(token.expose_secret());
        let response = request.send().await.map_err(|error| unreachable(path, &error))?;
        let status = response.status();
        let body = response.json().await.unwrap_or(Value::Null);
        understood(path, Answer { status, body, took: Duration::zero() })
    }
}

fn unreachable(path: &str, error: &reqwest::Error) -> String {
    let what = if error.is_timeout() { "did not answer in time" } else { "cannot be reached" };
    format!("the daemon {what} at {path}")
}

fn understood<T: DeserializeOwned>(path: &str, answer: Answer) -> Result<T, String> {
    if !answer.status.is_success() {
        let detail = answer.body["detail"].as_str().unwrap_or("without saying why");
        return Err(format!("the daemon answered {path} with {}: {detail}", answer.status));
    }
    serde_json::from_value(answer.body).map_err(|error| format!("the daemon's answer to {path} has another shape: {error}"))
}
