//! Alerts by webhook: a thin JSON body, signed after Standard Webhooks, posted once per attempt.
//!
//! Same id and same bytes on every attempt; only the timestamp and so the signature differ. The status
//! alone decides; the answer's body is never read, so it can neither fill memory nor stall a success.

use super::http_attempt::{Body, HttpSettings, Receiver};
use super::letter::{Letter, wire_id};
use super::{BoxFuture, Channel, ChannelFault, Outcome};
use crate::domain::ids::ChannelId;
use crate::domain::instant::{Instant, rfc3339};
use crate::domain::standard_webhooks::{self, ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER};
use secrecy::{ExposeSecret, SecretSlice};
use serde_json::{Map, Value, json};
use std::fmt;

/// Old and new, while one replaces the other.
const MOST_SECRETS: usize = 2;

/// Where alerts are posted, and how they prove themselves.
#[derive(Clone)]
pub struct WebhookSettings {
    /// The receiver.
    pub http: HttpSettings,
    /// One or two secrets, from [`standard_webhooks::read_secret`]; every attempt is signed with each.
    pub secrets: Vec<SecretSlice<u8>>,
}

/// The webhook channel.
#[derive(Debug)]
pub struct WebhookChannel {
    id: ChannelId,
    receiver: Receiver,
    secrets: Vec<SecretSlice<u8>>,
}

impl WebhookChannel {
    /// Checks the settings; opens nothing.
    ///
    /// # Errors
    /// A [`ChannelFault`] for a URL that is none, holds credentials, is not `https`, or names an address out
    /// of bounds; for no secret or more than two; and when this machine has no certificate store.
    pub fn new(id: ChannelId, settings: WebhookSettings) -> Result<Self, ChannelFault> {
        let receiver = Receiver::new(&id, &settings.http)?;
        if settings.secrets.is_empty() || settings.secrets.len() > MOST_SECRETS {
            let hint = "`openssl rand -base64 32` makes one; put `whsec_` before it";
            return Err(ChannelFault { channel: id, problem: "one or two secrets are needed".to_owned(), hint });
        }
        Ok(Self { id, receiver, secrets: settings.secrets })
    }

    async fn attempt(&self, letter: &Letter, now: Instant) -> Outcome {
        let body = body(letter);
        let message_id = wire_id(&letter.id);
        let timestamp_s = now.timestamp();
        let signatures: Vec<String> = self
            .secrets
            .iter()
            .map(|secret| standard_webhooks::sign(secret.expose_secret(), &message_id, timestamp_s, &body))
            .collect();
        let request = self
            .receiver
            .post("application/json", body)
            .header(ID_HEADER, message_id)
            .header(TIMESTAMP_HEADER, timestamp_s)
            .header(SIGNATURE_HEADER, signatures.join(" "));
        match self.receiver.send(request, Body::Ignored, now).await {
            Ok(answered) => Outcome::delivered(answered.receipt()),
            Err(outcome) => outcome,
        }
    }
}

impl fmt::Debug for WebhookSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookSettings").field("http", &self.http).field("secrets", &self.secrets.len()).finish()
    }
}

impl Channel for WebhookChannel {
    fn id(&self) -> &ChannelId {
        &self.id
    }

    fn kind(&self) -> &'static str {
        "webhook"
    }

    fn deliver<'a>(&'a self, letter: &'a Letter, _to: &'a str, now: Instant) -> BoxFuture<'a, Outcome> {
        Box::pin(self.attempt(letter, now))
    }

    fn probe(&self) -> BoxFuture<'_, Outcome> {
        Box::pin(self.receiver.probe())
    }
}

/// The bytes to post. Nothing in them changes between attempts. What the letter says of itself wins over `facts`:
/// a drill must not pass for an alarm.
fn body(letter: &Letter) -> Vec<u8> {
    let mut data = match &letter.facts {
        Value::Object(facts) => facts.clone(),
        Value::Null => Map::new(),
        other => Map::from_iter([("facts".to_owned(), other.clone())]),
    };
    let own = [
        ("alert", json!(letter.id)),
        ("act", json!(letter.act)),
        ("incident", json!(letter.incident)),
        ("drill", json!(letter.drill)),
        ("urgency", json!(letter.urgency)),
        ("late_by_s", json!(letter.late_by_s)),
    ];
    data.extend(own.map(|(key, value)| (key.to_owned(), value)));
    json!({ "type": "watchbell.alert", "timestamp": rfc3339(letter.rung_at), "data": data }).to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn settings(secrets: usize) -> WebhookSettings {
        let http =
            HttpSettings { url: "https://example.org/t0ken".into(), allow_private: false, timeout: Duration::from_secs(5) };
        let secret = b"not so secret, but long enough".to_vec();
        WebhookSettings { http, secrets: vec![SecretSlice::from(secret); secrets] }
    }

    #[test]
    fn one_or_two_secrets_are_taken() {
        let taken = |secrets| WebhookChannel::new(ChannelId::new("soc"), settings(secrets)).is_ok();
        assert_eq!([0, 1, 2, 3].map(taken), [false, true, true, false]);
    }

    #[test]
    fn settings_and_channel_never_print_the_path_or_a_secret() {
        let channel = WebhookChannel::new(ChannelId::new("soc"), settings(1)).expect("good settings");
        let printed = format!("{:?} {channel:?}", settings(1));
        assert!(!printed.contains("t0ken") && !printed.contains("secret,") && !printed.contains("110, 111"), "{printed}");
    }
}
