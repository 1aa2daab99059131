//! One alert: what it is about, whom it is for, how far it is.

use super::event::ClockKey;
use super::wake::{ATTEMPT_LEASE, RETRY_WAIT_MAX};
use crate::domain::ids::{AlertId, ChannelId};
use crate::domain::instant::Instant;
use serde::{Deserialize, Serialize};

/// One alert to one recipient.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// The clocks it is about, one at least, each with the rung that queued it.
    pub about: Vec<About>,
    /// When it was queued.
    pub queued_at: Instant,
    /// Where it goes.
    pub queued: AlertQueued,
    /// How far it is.
    pub state: AlertState,
    /// How many attempts began.
    pub attempts: u32,
    /// How the last failed attempt failed: class and words.
    pub last_failure: Option<(String, String)>,
    /// How many attempts failed, and when the first did; without those that were cut off.
    pub failures: Option<(u32, Instant)>,
    /// The alert in whose stead it goes out, and how that one fails.
    pub in_stead_of: Option<(AlertId, String)>,
    /// The alert that goes out in its stead.
    pub fell_back_to: Option<AlertId>,
}

/// One of the clocks an alert is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The clock.
    pub clock: ClockKey,
    /// Which of its rungs rings.
    pub rung: String,
    /// When that rung fell due.
    pub due_at: Instant,
}

/// How far an alert is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlertState {
    /// It waits for its next attempt.
    Waiting {
        /// When that is.
        next_at: Instant,
    },
    /// An attempt is under way.
    Trying {
        /// Since when.
        since: Instant,
    },
    /// A channel took it.
    Delivered {
        /// When.
        at: Instant,
        /// What the channel answered.
        receipt: String,
    },
    /// Its clock closed first.
    Dropped {
        /// Why.
        reason: String,
    },
}

impl AlertState {
    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Waiting { .. } => "waiting",
            Self::Trying { .. } => "trying",
            Self::Delivered { .. } => "delivered",
            Self::Dropped { .. } => "dropped",
        }
    }
}

impl Alert {
    /// An alert that was just queued and waits for its first attempt.
    pub(super) fn queued(queued: &AlertQueued, about: Vec<About>, at: Instant) -> Self {
        Self {
            about,
            queued_at: at,
            queued: queued.clone(),
            state: AlertState::Waiting { next_at: at },
            attempts: 0,
            last_failure: None,
            failures: None,
            in_stead_of: None,
            fell_back_to: None,
        }
    }

    /// Whether it is about a clock.
    pub fn is_about(&self, clock: &ClockKey) -> bool {
        self.about.iter().any(|about| about.clock == *clock)
    }

    /// Whether an attempt is to be made now: the time has come, or an attempt was lost with its daemon.
    pub fn is_due(&self, now: Instant) -> bool {
        match self.state {
            AlertState::Waiting { next_at } => next_at <= now || next_at > now + RETRY_WAIT_MAX,
            AlertState::Trying { since } => since + ATTEMPT_LEASE <= now || since > now + ATTEMPT_LEASE,
            AlertState::Delivered { .. } | AlertState::Dropped { .. } => false,
        }
    }
}

/// An alert that a rung queued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertQueued {
    /// Its id, the same on every retry.
    pub id: AlertId,
    /// The channel.
    pub channel: ChannelId,
    /// The address there.
    pub to: String,
    /// The team it is for.
    pub team: String,
    /// The person, where the team names people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// The rota by which that person was on call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rota: Option<String>,
    /// What it asks of the channel.
    #[serde(default, skip_serializing_if = "Act::is_ring")]
    pub act: Act,
}

/// What an alert asks of a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// Wake somebody.
    #[default]
    Ring,
    /// Note that somebody owns the clock.
    Acknowledge,
    /// Close what was opened: the clock asks for nothing any more.
    Resolve,
}

impl Act {
    /// Whether somebody is to be woken.
    pub fn is_ring(&self) -> bool {
        *self == Self::Ring
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ring => "ring",
            Self::Acknowledge => "acknowledge",
            Self::Resolve => "resolve",
        }
    }
}

/// The class of an attempt that was cut off with its daemon: no fault of the channel's.
pub const INTERRUPTED: &str = "interrupted";

/// How an attempt to deliver ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum DeliveryResult {
    /// The channel took it.
    Delivered {
        /// What the channel answered.
        receipt: String,
    },
    /// It did not.
    Failed {
        /// The class, such as `unreachable`.
        reason: String,
        /// In words, without secrets.
        text: String,
        /// When it is tried again.
        retry_at: Instant,
        /// Whether it is bound to fail again until a person changes something.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        permanent: bool,
    },
}
