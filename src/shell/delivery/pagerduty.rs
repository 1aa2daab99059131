//! Alerts to PagerDuty, Events API v2: a clock is an alert there, whose key is the clock's name.
//!
//! A rung triggers it, an acknowledgement here acknowledges it there, and it is resolved only when the
//! clock here is closed. Resolving it in PagerDuty stops no clock: the next rung opens it again.

use super::http_attempt::{Body, HttpSettings, Receiver};
use super::letter::{Act, Letter, Urgency, one_line, token};
use super::letter_body::is_web_link;
use super::shorten::shortened;
use super::{BoxFuture, Channel, ChannelFault, FailureReason, Outcome};
use crate::domain::ids::ChannelId;
use crate::domain::instant::{Instant, rfc3339};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Where events go, unless configured otherwise. Accounts in Europe have `https://events.eu.pagerduty.com/v2/enqueue`.
pub const PAGERDUTY_EVENTS: &str = "https://events.pagerduty.com/v2/enqueue";

const SUMMARY_MAX: usize = 1024;
const KEY_MAX: usize = 255;
/// An event may have 512 KB; texts cut to this and this many lines stay far below it.
const DETAIL_MAX: usize = 500;
const DETAILS_MAX: usize = 60;

/// Which service is rung.
#[derive(Clone, Debug)]
pub struct PagerDutySettings {
    /// [`PAGERDUTY_EVENTS`], or where it is tested.
    pub http: HttpSettings,
    /// The integration key of the service.
    pub routing_key: SecretString,
}

/// The PagerDuty channel.
#[derive(Debug)]
pub struct PagerDutyChannel {
    id: ChannelId,
    receiver: Receiver,
    routing_key: SecretString,
    timeout: Duration,
}

impl PagerDutyChannel {
    /// Checks the settings; opens nothing.
    ///
    /// # Errors
    /// A [`ChannelFault`] for a URL that cannot be used.
    pub fn new(id: ChannelId, settings: PagerDutySettings) -> Result<Self, ChannelFault> {
        let receiver = Receiver::new(&id, &settings.http)?;
        Ok(Self { id, receiver, routing_key: settings.routing_key, timeout: settings.http.timeout })
    }

    /// An event per clock, for each has its own end. Those sent before one fails are sent again with it,
    /// under the same key, which changes nothing there.
    async fn attempt(&self, letter: &Letter, now: Instant) -> Outcome {
        let mut keys: Vec<String> = letter.clocks.iter().map(|clock| dedup_key(clock, letter.drill)).collect();
        if keys.is_empty() {
            keys.push(dedup_key(letter.id.as_str(), letter.drill));
        }
        for key in &keys {
            let event = event(letter, key, self.routing_key.expose_secret());
            let request = self.receiver.post("application/json", event.to_string().into_bytes());
            let answered = match self.receiver.send(request, Body::Read, now).await {
                Ok(answered) => answered,
                Err(outcome) => return outcome,
            };
            let said = serde_json::from_slice::<EventAnswer>(&answered.body);
            if !said.is_ok_and(|said| said.status == "success") {
                return answered.strange("PagerDuty");
            }
        }
        let plural = if keys.len() == 1 { "" } else { "s" };
        Outcome::delivered(format!("{} event{plural} taken by PagerDuty: {}", keys.len(), letter.act.as_str()))
    }
}

impl Channel for PagerDutyChannel {
    fn id(&self) -> &ChannelId {
        &self.id
    }

    fn kind(&self) -> &'static str {
        "pagerduty"
    }

    fn deliver<'a>(&'a self, letter: &'a Letter, _to: &'a str, now: Instant) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            // The bound of one request holds for all events of the letter together.
            let timed_out = || Outcome::transient(FailureReason::TimedOut, "PagerDuty did not take every event in time");
            tokio::time::timeout(self.timeout, self.attempt(letter, now)).await.unwrap_or_else(|_| timed_out())
        })
    }

    fn probe(&self) -> BoxFuture<'_, Outcome> {
        Box::pin(self.receiver.probe())
    }
}

#[derive(Deserialize)]
struct EventAnswer {
    status: String,
}

/// The clock's own name, spelled shorter where PagerDuty takes no more; a drill never meets a real alarm.
fn dedup_key(clock: &str, drill: bool) -> String {
    let key = if drill { format!("drill-{clock}") } else { clock.to_owned() };
    if key.len() <= KEY_MAX { key } else { token(&key) }
}

fn event(letter: &Letter, dedup_key: &str, routing_key: &str) -> Value {
    let action = match letter.act {
        Act::Ring => "trigger",
        Act::Acknowledge => "acknowledge",
        Act::Resolve => "resolve",
    };
    let mut event = json!({ "routing_key": routing_key, "event_action": action, "dedup_key": dedup_key });
    if letter.act != Act::Ring {
        return event;
    }
    let drill = if letter.drill { "[DRILL] " } else { "" };
    let severity = match letter.urgency {
        _ if letter.drill => "info",
        Urgency::Info => "info",
        Urgency::Warning => "warning",
        Urgency::Critical | Urgency::Overdue => "critical",
    };
    let cut = |text: &str| json!(shortened(&one_line(text), DETAIL_MAX));
    let mut details: Map<String, Value> =
        letter.lines.iter().take(DETAILS_MAX).map(|(label, value)| (shortened(label, 60), cut(value))).collect();
    details.insert("What is asked".into(), cut(&letter.asked));
    details.extend(letter.commands.iter().take(DETAILS_MAX).map(|(purpose, command)| (shortened(purpose, 60), cut(command))));
    details.insert("Alert".into(), cut(letter.id.as_str()));
    event["payload"] = json!({
        "summary": shortened(&format!("{drill}{}", one_line(&letter.subject)), SUMMARY_MAX),
        "source": "watchbell",
        "severity": severity,
        "timestamp": rfc3339(letter.rung_at),
        "component": shortened(dedup_key, KEY_MAX),
        "group": letter.incident,
        "class": letter.facts.get("duty").and_then(Value::as_str).unwrap_or("breach notification"),
        "custom_details": details,
    });
    event["client"] = json!("Watchbell");
    if let Some(link) = letter.link.as_deref().filter(|link| is_web_link(link)) {
        event["client_url"] = json!(link);
        event["links"] = json!([{ "href": link, "text": letter.link_says() }]);
    }
    event
}
