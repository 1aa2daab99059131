//! Delivery: handing an alert to the outside, one attempt at a time.
//!
//! A [`Channel`] takes a [`Letter`] and answers with an [`Outcome`]; it never retries by itself and
//! never gives up for good. Whether there is a next attempt, and when, is the caller's to decide
//! with [`backoff`] and the journal, for a statutory clock does not stop because a mail server said no.
//! Every attempt of one alert carries the same id, so that a receiver can drop the second copy.
//!
//! Never here: law, clocks, incidents, the store. A letter is thin: which clock, how long, what is
//! asked, a link. No patient data and no narrative ever reach this folder.

pub mod backoff;
mod beacon;
mod command;
mod email;
mod http_attempt;
mod letter;
mod letter_body;
mod ntfy;
mod pagerduty;
mod shorten;
mod slack;
mod teams;
mod trouble;
mod webhook;

pub use beacon::Beacon;
pub use command::{CommandChannel, CommandSettings};
pub use email::{EmailChannel, EmailSettings, SmtpTls};
pub use http_attempt::HttpSettings;
pub use letter::{Act, Letter, Urgency, wire_id};
pub use letter_body::{html_body, text_body};
pub use ntfy::{NtfyChannel, NtfySettings};
pub use pagerduty::{PAGERDUTY_EVENTS, PagerDutyChannel, PagerDutySettings};
pub use slack::{SLACK_API, SlackChannel, SlackSettings};
pub use teams::TeamsChannel;
pub use webhook::{WebhookChannel, WebhookSettings};

use crate::domain::ids::ChannelId;
use crate::domain::instant::{Duration, Instant};
use std::fmt;
use std::pin::Pin;

/// A future a trait object can return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One way out of the house. Implementations bound their own time: `deliver` always returns within the
/// channel's configured timeout and a little.
pub trait Channel: Send + Sync {
    /// The channel's name in the configuration.
    fn id(&self) -> &ChannelId;

    /// What it is, in the word of the configuration: `email`, `webhook`, `slack` …
    fn kind(&self) -> &'static str;

    /// One attempt to hand `letter` over. `to` is the recipient in the channel's own terms: a mail
    /// address; a webhook ignores it, for its address is the channel's. `now` is the instant of the attempt.
    ///
    /// [`Outcome::Delivered`] means the other side said so. A failure may still have arrived (an answer
    /// can get lost), so attempts are repeated with the same id rather than skipped.
    fn deliver<'a>(&'a self, letter: &'a Letter, to: &'a str, now: Instant) -> BoxFuture<'a, Outcome>;

    /// Goes as far as possible without handing anything over: connects, secures, signs in. For `doctor`.
    fn probe(&self) -> BoxFuture<'_, Outcome>;
}

/// How one attempt ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The other side took it.
    Delivered {
        /// What it said, for the record.
        receipt: String,
    },
    /// It did not, or did not say so.
    Failed {
        /// The kind of failure, for metrics.
        reason: FailureReason,
        /// What happened, in words for the operator; holds no secrets and no personal data.
        text: String,
        /// How long the other side asked to be left alone.
        retry_after: Option<Duration>,
        /// Whether the same attempt is bound to fail again until a person changes something. It should
        /// ring the operator and bring in another channel; it is no leave to stop.
        permanent: bool,
    },
}

impl Outcome {
    fn delivered(receipt: impl Into<String>) -> Self {
        Self::Delivered { receipt: receipt.into() }
    }

    fn transient(reason: FailureReason, text: impl Into<String>) -> Self {
        Self::Failed { reason, text: text.into(), retry_after: None, permanent: false }
    }

    fn permanent(reason: FailureReason, text: impl Into<String>) -> Self {
        Self::Failed { reason, text: text.into(), retry_after: None, permanent: true }
    }
}

/// The kinds of failure, in the words Alertmanager's users know, and a few more.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureReason {
    /// The other side says that what we sent is wrong: SMTP 5xx, HTTP 4xx.
    ClientError,
    /// The other side has a problem of its own: SMTP 4xx, HTTP 5xx.
    ServerError,
    /// Credentials missing or refused.
    AuthError,
    /// Too much, too fast: HTTP 429.
    RateLimited,
    /// No connection, no name, no TLS, or the connection broke.
    Unreachable,
    /// No answer in time.
    TimedOut,
    /// Our own policy forbids it: a private address, a redirect.
    RefusedByPolicy,
}

impl FailureReason {
    /// The name in metrics and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClientError => "client-error",
            Self::ServerError => "server-error",
            Self::AuthError => "auth-error",
            Self::RateLimited => "rate-limited",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed-out",
            Self::RefusedByPolicy => "refused-by-policy",
        }
    }
}

impl fmt::Display for FailureReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a channel's settings cannot work; found when the configuration is read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("channel `{channel}`: {problem}\nhint: {hint}")]
pub struct ChannelFault {
    /// Whose settings.
    pub channel: ChannelId,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub hint: &'static str,
}

fn check_timeout(channel: &ChannelId, timeout: std::time::Duration) -> Result<(), ChannelFault> {
    if timeout.is_zero() {
        let problem = "`timeout` is zero, so that no attempt could succeed".to_owned();
        return Err(ChannelFault { channel: channel.clone(), problem, hint: "20 s suit most servers" });
    }
    Ok(())
}

/// TLS needs one provider of cryptography per process. `main` installs it first; a library user or a test may not have.
pub(crate) fn install_crypto_provider() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Losing a race to another installer leaves a provider in place, which is all that is wanted.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}
