//! Alerts to Microsoft Teams: an Adaptive Card posted to a Workflows webhook.
//!
//! Every word stands in a text run, which Teams shows as it is; a text block would be read as Markdown, and
//! could be made a link. The 202 of Workflows says that the flow has begun, not that the card was posted:
//! who must be rung has a second channel beside this one.

use super::http_attempt::{Body, HttpSettings, Receiver};
use super::letter::{Letter, Urgency, one_line};
use super::letter_body::{colophon, is_web_link, tone};
use super::shorten::shortened_bytes;
use super::{BoxFuture, Channel, ChannelFault, Outcome};
use crate::domain::ids::ChannelId;
use crate::domain::instant::Instant;
use serde_json::{Value, json};

/// A message may have 28 KB; texts cut to this many bytes and this many lines stay below it.
const LINES_MAX: usize = 20;
const LINE_MAX: usize = 300;
const TEXT_MAX: usize = 600;
const LINK_MAX: usize = 2000;

/// The Teams channel.
#[derive(Debug)]
pub struct TeamsChannel {
    id: ChannelId,
    receiver: Receiver,
}

impl TeamsChannel {
    /// Checks the settings, whose URL is the workflow's; opens nothing.
    ///
    /// # Errors
    /// A [`ChannelFault`] for a URL that cannot be used.
    pub fn new(id: ChannelId, settings: HttpSettings) -> Result<Self, ChannelFault> {
        let receiver = Receiver::new(&id, &settings)?;
        Ok(Self { id, receiver })
    }

    async fn attempt(&self, letter: &Letter, now: Instant) -> Outcome {
        let request = self.receiver.post("application/json", message(letter).to_string().into_bytes());
        match self.receiver.send(request, Body::Ignored, now).await {
            Ok(answered) => Outcome::delivered(format!("{} from Workflows", answered.receipt())),
            Err(outcome) => outcome,
        }
    }
}

impl Channel for TeamsChannel {
    fn id(&self) -> &ChannelId {
        &self.id
    }

    fn kind(&self) -> &'static str {
        "teams"
    }

    fn deliver<'a>(&'a self, letter: &'a Letter, _to: &'a str, now: Instant) -> BoxFuture<'a, Outcome> {
        Box::pin(self.attempt(letter, now))
    }

    fn probe(&self) -> BoxFuture<'_, Outcome> {
        Box::pin(self.receiver.probe())
    }
}

/// The envelope that the "when a Teams webhook request is received" trigger posts as it is.
fn message(letter: &Letter) -> Value {
    let run = |text: &str, max: usize| json!({ "type": "TextRun", "text": shortened_bytes(&one_line(text), max) });
    let bold =
        |text: &str, max: usize| json!({ "type": "TextRun", "text": shortened_bytes(&one_line(text), max), "weight": "Bolder" });
    let block = |inlines: Vec<Value>| json!({ "type": "RichTextBlock", "inlines": inlines });
    let colour = match letter.urgency {
        Urgency::Info => "Accent",
        Urgency::Warning => "Warning",
        Urgency::Critical | Urgency::Overdue => "Attention",
    };
    let word = tone(letter.urgency).word;
    let mut body = Vec::new();
    if letter.drill {
        body.push(block(vec![bold("DRILL. This is an exercise. No real incident lies behind it.", 100)]));
    }
    body.push(block(vec![json!({ "type": "TextRun", "text": word, "weight": "Bolder", "color": colour })]));
    let heading = shortened_bytes(&one_line(&letter.heading), TEXT_MAX);
    body.push(block(vec![json!({ "type": "TextRun", "text": heading, "size": "Large", "weight": "Bolder" })]));
    body.push(block(vec![bold("What is asked of you: ", 40), run(&letter.asked, TEXT_MAX)]));
    for (label, value) in letter.lines.iter().take(LINES_MAX) {
        body.push(block(vec![bold(&format!("{}: ", shortened_bytes(label, 60)), 64), run(" ", 1), run(value, LINE_MAX)]));
    }
    for line in colophon(letter) {
        let text = shortened_bytes(&one_line(&line), LINE_MAX);
        body.push(block(vec![json!({ "type": "TextRun", "text": text, "size": "Small", "isSubtle": true })]));
    }
    let link = letter.link.as_deref().filter(|link| is_web_link(link) && link.len() <= LINK_MAX);
    let actions: Vec<Value> =
        link.iter().map(|link| json!({ "type": "Action.OpenUrl", "title": letter.link_says(), "url": link })).collect();
    let card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": shortened_bytes(&one_line(&letter.subject), TEXT_MAX),
        "msteams": { "width": "Full" },
        "body": body,
        "actions": actions,
    });
    let attachment = json!({ "contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": null, "content": card });
    json!({ "type": "message", "attachments": [attachment] })
}
