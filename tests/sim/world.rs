//! What a seed decides: chance, time, the moment of the next crash, and what the outside has seen.

use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use watchbell::domain::instant::{Duration, Instant};
use watchbell::shell::wall_clock;
use watchbell::sim::dice::Dice;

/// A promise broken on purpose, to see that it is found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Breach {
    /// None.
    None,
    /// The store answers before what it was given is durable, and a crash takes it.
    ForgetsTheLast,
    /// A channel says that it took a letter and loses it.
    LosesLetters,
    /// The daemon looks ten minutes ahead of the clock it writes by.
    LooksAhead,
    /// Nobody looks at what is due.
    NeverLooks,
}

/// A letter that reached its recipient.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Taken {
    pub alert: String,
    pub clock: String,
    pub rung: String,
    pub rung_due_at: String,
    /// The furthest any daemon's clock had come when it was taken.
    pub latest: Instant,
    pub channel: String,
    pub to: String,
}

/// The world around the daemon; it outlives every crash.
pub struct World {
    pub seed: u64,
    pub breach: Breach,
    inner: Mutex<Inner>,
    /// Rung when the power goes.
    pub crash: Notify,
}

struct Inner {
    dice: Dice,
    /// The daemon's clock when the present runtime began.
    base: Instant,
    began: Option<tokio::time::Instant>,
    latest: Instant,
    /// Touches of the world until the power goes.
    fuse: Option<u32>,
    dead: bool,
    faults: bool,
    taken: Vec<Taken>,
}

impl World {
    pub fn new(seed: u64, breach: Breach, start: Instant) -> Self {
        let inner = Inner {
            dice: Dice::of(seed),
            base: start,
            began: None,
            latest: start,
            fuse: None,
            dead: false,
            faults: true,
            taken: Vec::new(),
        };
        Self { seed, breach, inner: Mutex::new(inner), crash: Notify::new() }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn roll<T>(&self, with: impl FnOnce(&mut Dice) -> T) -> T {
        with(&mut self.inner().dice)
    }

    pub fn below(&self, bound: u32) -> u32 {
        self.roll(|dice| dice.below(bound))
    }

    pub fn one_in(&self, chances: u32) -> bool {
        self.roll(|dice| dice.one_in(chances))
    }

    /// Whether anything may fail.
    pub fn faults(&self) -> bool {
        self.inner().faults
    }

    /// From here on nothing fails, and the clock is where it was at its furthest.
    pub fn end_faults(&self) {
        let mut inner = self.inner();
        inner.faults = false;
        inner.base = inner.base.max(inner.latest);
        inner.fuse = None;
    }

    /// A daemon starts, in a runtime of its own.
    pub fn begin(&self) {
        let mut inner = self.inner();
        inner.began = Some(wall_clock::stopwatch());
        inner.dead = false;
    }

    /// The daemon's runtime ends; its clock goes on.
    pub fn end(&self) {
        let now = self.now();
        let mut inner = self.inner();
        inner.base = now;
        inner.began = None;
        inner.fuse = None;
    }

    /// The daemon's wall clock, in whole milliseconds.
    pub fn now(&self) -> Instant {
        let mut inner = self.inner();
        let ran_ms = inner.began.map_or(0, |began| began.elapsed().as_millis());
        let now = inner.base + Duration::milliseconds(i64::try_from(ran_ms).expect("a life is short"));
        inner.latest = inner.latest.max(now);
        now
    }

    /// Sets the daemon's clock forward or back; a machine that slept is the same to it.
    pub fn step_clock(&self, by: Duration) {
        self.inner().base += by;
    }

    /// The power goes after so many more touches of the world.
    pub fn light_fuse(&self, touches: u32) {
        self.inner().fuse = Some(touches);
    }

    /// Counts a touch; gives whether the power is off.
    fn burn(&self) -> bool {
        let mut inner = self.inner();
        if let Some(fuse) = &mut inner.fuse {
            match fuse.checked_sub(1) {
                Some(left) => *fuse = left,
                None if !inner.dead => {
                    inner.dead = true;
                    self.crash.notify_one();
                }
                None => {}
            }
        }
        inner.dead
    }

    /// A touch of the world that takes none to a few turns of the daemon's other tasks. Once the power
    /// is off it never ends, so that nothing after it happens.
    pub async fn touch(&self) {
        for turn in (0..=self.below(3)).rev() {
            if self.burn() {
                std::future::pending::<()>().await;
            }
            if turn > 0 {
                tokio::task::yield_now().await;
            }
        }
    }

    pub fn take(&self, letter: Taken) {
        self.inner().taken.push(letter);
    }

    /// The furthest the clock has come.
    pub fn latest(&self) -> Instant {
        self.now().max(self.inner().latest)
    }

    pub fn taken(&self) -> Vec<Taken> {
        self.inner().taken.clone()
    }
}
