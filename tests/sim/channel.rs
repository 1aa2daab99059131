//! A way out of the house that fails in every way a mail server can.

use super::world::{Breach, Taken, World};
use std::sync::{Arc, Mutex, PoisonError};
use watchbell::domain::ids::ChannelId;
use watchbell::domain::instant::{Duration, Instant};
use watchbell::shell::delivery::{BoxFuture, Channel, FailureReason, Letter, Outcome};
use watchbell::shell::wall_clock;

/// How a channel behaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Manner {
    /// Takes letters.
    Up,
    /// Nobody answers.
    Down,
    /// Takes letters after a while, up to five minutes.
    Slow,
    /// Says nothing until the attempt's time is over.
    Stalls,
    /// Takes the letter and drops the connection before it says so.
    DropsTheReply,
    /// Refuses one recipient for good, and takes everybody else's letters.
    RefusesOne,
    /// Asks to be left alone for a while.
    Limits,
    /// Falls over in the middle of an attempt.
    Panics,
}

pub const MANNERS: [Manner; 8] = [
    Manner::Up,
    Manner::Down,
    Manner::Slow,
    Manner::Stalls,
    Manner::DropsTheReply,
    Manner::RefusesOne,
    Manner::Limits,
    Manner::Panics,
];

/// What a panic of this channel says, so that nothing is printed for it.
pub const PANIC: &str = "the channel falls over";

pub struct SimChannel {
    id: ChannelId,
    world: Arc<World>,
    manner: Mutex<Manner>,
}

impl SimChannel {
    pub fn new(id: &str, world: &Arc<World>) -> Arc<Self> {
        Arc::new(Self { id: id.into(), world: Arc::clone(world), manner: Mutex::new(Manner::Up) })
    }

    pub fn set(&self, manner: Manner) {
        *self.manner.lock().unwrap_or_else(PoisonError::into_inner) = manner;
    }

    fn manner(&self) -> Manner {
        if self.world.faults() { *self.manner.lock().unwrap_or_else(PoisonError::into_inner) } else { Manner::Up }
    }

    fn take(&self, letter: &Letter, to: &str) {
        if self.world.breach == Breach::LosesLetters && self.world.one_in(20) {
            return;
        }
        let fact = |name: &str| letter.facts.get(name).and_then(|fact| fact.as_str()).unwrap_or_default().to_owned();
        self.world.take(Taken {
            alert: letter.id.to_string(),
            clock: fact("clock"),
            rung: fact("rung"),
            rung_due_at: fact("rung_due_at"),
            latest: self.world.latest(),
            channel: self.id.to_string(),
            to: to.to_owned(),
        });
    }

    async fn attempt(&self, letter: &Letter, to: &str) -> Outcome {
        self.world.touch().await;
        let manner = self.manner();
        let below = |bound: u32| i64::from(self.world.below(bound));
        match manner {
            Manner::Up => {}
            Manner::Down => return failed(FailureReason::Unreachable, None),
            Manner::Slow => wall_clock::sleep(Duration::seconds(below(300))).await,
            Manner::Stalls => {
                wall_clock::sleep(Duration::seconds(20)).await;
                return failed(FailureReason::TimedOut, None);
            }
            Manner::DropsTheReply => {
                self.take(letter, to);
                self.world.touch().await;
                return failed(FailureReason::Unreachable, None);
            }
            Manner::RefusesOne if to.starts_with("privacy") => return failed(FailureReason::ClientError, None),
            Manner::RefusesOne => {}
            Manner::Limits => return failed(FailureReason::RateLimited, Some(Duration::minutes(below(120)))),
            Manner::Panics => panic!("{PANIC}"),
        }
        self.take(letter, to);
        // Taken, and not answered yet: the power may go now.
        self.world.touch().await;
        Outcome::Delivered { receipt: "250 OK".into() }
    }
}

fn failed(reason: FailureReason, retry_after: Option<Duration>) -> Outcome {
    let permanent = reason == FailureReason::ClientError;
    Outcome::Failed { reason, text: "as the seed wants it".into(), retry_after, permanent }
}

impl Channel for SimChannel {
    fn id(&self) -> &ChannelId {
        &self.id
    }

    fn kind(&self) -> &'static str {
        "simulated"
    }

    fn deliver<'a>(&'a self, letter: &'a Letter, to: &'a str, _: Instant) -> BoxFuture<'a, Outcome> {
        Box::pin(self.attempt(letter, to))
    }

    fn probe(&self) -> BoxFuture<'_, Outcome> {
        Box::pin(async { Outcome::Delivered { receipt: "220".into() } })
    }
}
