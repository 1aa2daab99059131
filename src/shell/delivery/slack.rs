//! Alerts to Slack, in Block Kit: by an incoming webhook, or by `chat.postMessage` with a bot's token.
//!
//! Mattermost and Rocket.Chat take the same incoming webhooks. Slack makes `&`, `<` and `>` into links,
//! mentions and calls to a whole channel, so these three are escaped in every text; lengths are bounded
//! below Slack's limits, after escaping.

use super::http_attempt::{Answered, Body, HttpSettings, Receiver, code_word};
use super::letter::{Letter, Urgency, one_line};
use super::letter_body::{colophon, is_web_link, tone};
use super::shorten::{escaped_within, shortened};
use super::{BoxFuture, Channel, ChannelFault, FailureReason, Outcome};
use crate::domain::ids::ChannelId;
use crate::domain::instant::Instant;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

/// Where `chat.postMessage` is, unless configured otherwise.
pub const SLACK_API: &str = "https://slack.com/api/chat.postMessage";

// Block Kit's limits in characters: a header, a text block, a field; and fields per section.
const HEADER_MAX: usize = 150;
const TEXT_MAX: usize = 3000;
const FIELD_MAX: usize = 2000;
const FIELDS_MAX: usize = 10;
/// A message may have 50 blocks; four of ours are not fields.
const SECTIONS_MAX: usize = 40;

/// How Slack is reached.
#[derive(Clone, Debug)]
pub struct SlackSettings {
    /// An incoming webhook's URL, or [`SLACK_API`].
    pub http: HttpSettings,
    /// A bot's token with `chat:write`: then the recipient is a channel's id. Without it the URL is a webhook's.
    pub bot_token: Option<SecretString>,
}

/// The Slack channel.
#[derive(Debug)]
pub struct SlackChannel {
    id: ChannelId,
    receiver: Receiver,
    bot_token: Option<SecretString>,
}

impl SlackChannel {
    /// Checks the settings; opens nothing.
    ///
    /// # Errors
    /// A [`ChannelFault`] for a URL that cannot be used.
    pub fn new(id: ChannelId, settings: SlackSettings) -> Result<Self, ChannelFault> {
        let receiver = Receiver::new(&id, &settings.http)?;
        Ok(Self { id, receiver, bot_token: settings.bot_token })
    }

    async fn attempt(&self, letter: &Letter, to: &str, now: Instant) -> Outcome {
        let mut message = message(letter);
        if self.bot_token.is_some() {
            message["channel"] = json!(to);
        }
        let mut request = self.receiver.post("application/json; charset=utf-8", message.to_string().into_bytes());
        if let Some(token) = &self.bot_token {
            request = request.bearer_auth(token.expose_secret());
        }
        match self.receiver.send(request, Body::Read, now).await {
            Ok(answered) if self.bot_token.is_some() => api_said(&answered),
            Ok(answered) if answered.body.trim_ascii() == b"ok" => Outcome::delivered("ok from Slack"),
            Ok(answered) => answered.strange("Slack"),
            Err(outcome) => outcome,
        }
    }
}

impl Channel for SlackChannel {
    fn id(&self) -> &ChannelId {
        &self.id
    }

    fn kind(&self) -> &'static str {
        "slack"
    }

    fn deliver<'a>(&'a self, letter: &'a Letter, to: &'a str, now: Instant) -> BoxFuture<'a, Outcome> {
        Box::pin(self.attempt(letter, to, now))
    }

    fn probe(&self) -> BoxFuture<'_, Outcome> {
        Box::pin(self.receiver.probe())
    }
}

#[derive(Deserialize)]
struct ApiAnswer {
    ok: bool,
    error: Option<String>,
    ts: Option<String>,
}

/// The API answers 200 whatever happened, and says in the body what did.
fn api_said(answered: &Answered) -> Outcome {
    use FailureReason::{AuthError, ClientError, RateLimited, ServerError};
    let Ok(said) = serde_json::from_slice::<ApiAnswer>(&answered.body) else { return answered.strange("Slack") };
    if said.ok {
        let ts = said.ts.filter(|ts| ts.len() <= 40 && ts.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'));
        return Outcome::delivered(ts.map_or_else(|| "ok from Slack".to_owned(), |ts| format!("ok from Slack, message {ts}")));
    }
    let error = said.error.unwrap_or_default();
    let (reason, permanent) = match error.as_str() {
        "ratelimited" | "rate_limited" => (RateLimited, false),
        "internal_error" | "fatal_error" | "service_unavailable" | "request_timeout" => (ServerError, false),
        "invalid_auth" | "not_authed" | "account_inactive" | "token_revoked" | "token_expired" | "missing_scope"
        | "no_permission" => (AuthError, true),
        _ => (ClientError, true),
    };
    let word = code_word(error.as_bytes()).unwrap_or("without a reason");
    let text =
        format!("Slack did not take the message ({word})\nhint: `to` is a channel's id, and the bot must be in that channel");
    Outcome::Failed { reason, text, retry_after: answered.retry_after(), permanent }
}

fn message(letter: &Letter) -> Value {
    let drill = if letter.drill { "DRILL, not real. " } else { "" };
    let mut blocks = vec![
        json!({ "type": "header", "text": { "type": "plain_text", "emoji": false, "text": shortened(&format!("{drill}{}", one_line(&letter.heading)), HEADER_MAX) } }),
        section(&format!("*{}.* {}", tone(letter.urgency).word, escaped(&letter.asked, TEXT_MAX - 60))),
    ];
    if let Some(link) = letter.link.as_deref().filter(|link| is_web_link(link) && link.len() <= TEXT_MAX) {
        let mut button = json!({ "type": "button", "text": { "type": "plain_text", "text": letter.link_says() }, "url": link });
        if letter.urgency >= Urgency::Critical {
            button["style"] = json!("danger");
        }
        blocks.push(json!({ "type": "actions", "elements": [button] }));
    }
    for lines in letter.lines.chunks(FIELDS_MAX).take(SECTIONS_MAX) {
        let field = |(label, value): &(String, String)| json!({ "type": "mrkdwn", "text": format!("*{}*\n{}", escaped(label, 100), escaped(value, FIELD_MAX - 110)) });
        blocks.push(json!({ "type": "section", "fields": lines.iter().map(field).collect::<Vec<_>>() }));
    }
    let commands: Vec<String> = letter
        .commands
        .iter()
        .map(|(purpose, command)| format!("{}: `{}`", escaped(purpose, 200), escaped(&command.replace('`', "'"), 900)))
        .collect();
    if !commands.is_empty() {
        blocks.push(section(&shortened_lines(&commands)));
    }
    let colophon = escaped(&colophon(letter).join(" "), TEXT_MAX);
    blocks.push(json!({ "type": "context", "elements": [{ "type": "mrkdwn", "text": colophon }] }));
    json!({
        "text": format!("{drill}{}", escaped(&letter.subject, TEXT_MAX - 40)),
        "blocks": blocks,
        "unfurl_links": false,
        "unfurl_media": false,
    })
}

/// As many whole lines as one text block holds.
fn shortened_lines(lines: &[String]) -> String {
    let mut text = String::new();
    for line in lines {
        if text.chars().count() + 1 + line.chars().count() > TEXT_MAX {
            break;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(line);
    }
    text
}

fn section(mrkdwn: &str) -> Value {
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": mrkdwn } })
}

fn escaped(text: &str, max_chars: usize) -> String {
    escaped_within(&one_line(text), max_chars, |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        _ => None,
    })
}
