//! Alerts to a telephone by ntfy, of ntfy.sh or of the house: published as JSON, the topic being the recipient.
//!
//! On a public server whoever knows a topic reads it, so topics are long and odd, and nothing here prints one.

use super::http_attempt::{Body, HttpSettings, Receiver};
use super::letter::{Letter, Urgency, one_line};
use super::letter_body::is_web_link;
use super::shorten::{shortened, shortened_bytes};
use super::{BoxFuture, Channel, ChannelFault, FailureReason, Outcome};
use crate::domain::ids::ChannelId;
use crate::domain::instant::Instant;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use std::fmt::Write;

/// A longer message becomes an attachment, which nobody reads at night. In bytes.
const MESSAGE_MAX: usize = 4096;
const TITLE_MAX: usize = 250;
const TOPIC_MAX: usize = 64;

/// Which server, and as whom.
#[derive(Clone, Debug)]
pub struct NtfySettings {
    /// The server's root, such as `https://ntfy.example.org`.
    pub http: HttpSettings,
    /// An access token that may write to the topics.
    pub token: Option<SecretString>,
}

/// The ntfy channel.
#[derive(Debug)]
pub struct NtfyChannel {
    id: ChannelId,
    receiver: Receiver,
    token: Option<SecretString>,
}

impl NtfyChannel {
    /// Checks the settings; opens nothing.
    ///
    /// # Errors
    /// A [`ChannelFault`] for a URL that cannot be used.
    pub fn new(id: ChannelId, settings: NtfySettings) -> Result<Self, ChannelFault> {
        let receiver = Receiver::new(&id, &settings.http)?;
        Ok(Self { id, receiver, token: settings.token })
    }

    async fn attempt(&self, letter: &Letter, topic: &str, now: Instant) -> Outcome {
        if !is_topic(topic) {
            let text = "the recipient is no topic of ntfy\nhint: `to` has up to 64 letters, digits, `-` and `_`";
            return Outcome::permanent(FailureReason::ClientError, text);
        }
        let mut request = self.receiver.post("application/json", message(letter, topic).to_string().into_bytes());
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose_secret());
        }
        let answered = match self.receiver.send(request, Body::Read, now).await {
            Ok(answered) => answered,
            Err(outcome) => return outcome,
        };
        match serde_json::from_slice::<Published>(&answered.body) {
            Ok(Published { id, event }) if event == "message" && id.chars().all(|c| c.is_ascii_alphanumeric()) => {
                Outcome::delivered(format!("published by ntfy as {}", shortened(&id, 40)))
            }
            _ => answered.strange("ntfy"),
        }
    }
}

impl Channel for NtfyChannel {
    fn id(&self) -> &ChannelId {
        &self.id
    }

    fn kind(&self) -> &'static str {
        "ntfy"
    }

    fn deliver<'a>(&'a self, letter: &'a Letter, to: &'a str, now: Instant) -> BoxFuture<'a, Outcome> {
        Box::pin(self.attempt(letter, to, now))
    }

    fn probe(&self) -> BoxFuture<'_, Outcome> {
        Box::pin(self.receiver.probe())
    }
}

#[derive(Deserialize)]
struct Published {
    id: String,
    event: String,
}

fn is_topic(topic: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=TOPIC_MAX).contains(&topic.len()) && topic.bytes().all(plain)
}

/// Priority 5 rings through a telephone's silence; tags that are names of emoji are shown as such.
fn message(letter: &Letter, topic: &str) -> Value {
    let (priority, tag) = match letter.urgency {
        _ if letter.drill => (3, "test_tube"),
        Urgency::Info => (3, "information_source"),
        Urgency::Warning => (4, "warning"),
        Urgency::Critical => (5, "rotating_light"),
        Urgency::Overdue => (5, "no_entry"),
    };
    let drill = if letter.drill { "[DRILL] " } else { "" };
    let mut text = one_line(&letter.asked);
    for (label, value) in &letter.lines {
        let _ = write!(text, "\n{}: {}", one_line(label), one_line(value));
    }
    for (purpose, command) in &letter.commands {
        let _ = write!(text, "\n{}: {}", one_line(purpose), one_line(command));
    }
    // The id stands last and whole, whatever is cut before it.
    let id = format!("\nAlert {}", one_line(letter.id.as_str()));
    let room = MESSAGE_MAX.saturating_sub(id.len());
    let mut message = json!({
        "topic": topic,
        "title": shortened(&format!("{drill}{}", one_line(&letter.subject)), TITLE_MAX),
        "message": shortened_bytes(&text, room) + &id,
        "priority": priority,
        "tags": [tag, letter.urgency.as_str()],
    });
    if let Some(link) = letter.link.as_deref().filter(|link| is_web_link(link)) {
        message["click"] = json!(link);
        message["actions"] = json!([{ "action": "view", "label": letter.link_says(), "url": link }]);
    }
    message
}
