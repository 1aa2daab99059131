//! A channel that hands nothing to anybody: it notes what it was given, and can be out of order.

use crate::domain::ids::ChannelId;
use crate::domain::instant::Instant;
use crate::shell::delivery::{BoxFuture, Channel, FailureReason, Letter, Outcome, Urgency};
use serde::Serialize;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A letter that would have reached somebody.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Told {
    /// When, by the daemon's clock.
    pub at: Instant,
    /// Over which channel.
    pub channel: String,
    /// Whom.
    pub to: String,
    /// The alert's id.
    pub alert: String,
    /// The clocks it is about, the most urgent first.
    pub clocks: Vec<String>,
    /// By which rung.
    pub rung: String,
    /// The subject line.
    pub subject: String,
    /// How loud.
    pub urgency: Urgency,
}

/// What all channels of a rehearsal were given, in order.
pub type Notebook = Arc<Mutex<Vec<Told>>>;

/// The channel.
pub struct NotedChannel {
    id: ChannelId,
    notebook: Notebook,
    down: AtomicBool,
    failed: AtomicU32,
}

impl NotedChannel {
    /// A channel of this name that works.
    pub fn new(id: ChannelId, notebook: Notebook) -> Self {
        Self { id, notebook, down: AtomicBool::new(false), failed: AtomicU32::new(0) }
    }

    /// Puts it out of order, or in order again.
    pub fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::Relaxed);
    }

    /// How many attempts failed.
    pub fn failed(&self) -> u32 {
        self.failed.load(Ordering::Relaxed)
    }
}

impl Channel for NotedChannel {
    fn id(&self) -> &ChannelId {
        &self.id
    }

    fn kind(&self) -> &'static str {
        "rehearsal"
    }

    fn deliver<'a>(&'a self, letter: &'a Letter, to: &'a str, now: Instant) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            if self.down.load(Ordering::Relaxed) {
                self.failed.fetch_add(1, Ordering::Relaxed);
                let text = "the script put this channel out of order".to_owned();
                return Outcome::Failed { reason: FailureReason::Unreachable, text, retry_after: None, permanent: false };
            }
            let fact = |name: &str| letter.facts.get(name).and_then(|fact| fact.as_str()).unwrap_or_default().to_owned();
            let told = Told {
                at: now,
                channel: self.id.to_string(),
                to: to.to_owned(),
                alert: letter.id.to_string(),
                clocks: letter.clocks.clone(),
                rung: fact("rung"),
                subject: letter.subject.clone(),
                urgency: letter.urgency,
            };
            self.notebook.lock().unwrap_or_else(PoisonError::into_inner).push(told);
            Outcome::Delivered { receipt: "noted; nothing was sent".into() }
        })
    }

    fn probe(&self) -> BoxFuture<'_, Outcome> {
        Box::pin(async { Outcome::Delivered { receipt: "nothing is sent in a rehearsal".into() } })
    }
}
