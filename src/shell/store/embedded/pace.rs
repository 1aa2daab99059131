//! Who waits for whom: the indexer for a lull, the writer for the indexer.
//!
//! Indexing costs as much time as appending. In a burst it would take half the machine from those
//! who wait for an acknowledgement, so it is put off until the burst is over, or until so much has
//! gathered that it must not be put off longer. When even that does not help, the writer waits.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long the indexer looks before it decides whether there is a burst.
const LOOK: Duration = Duration::from_millis(50);
/// So many appends while it looks are a burst.
const BURST: u64 = 100;

/// How far the index is behind.
#[derive(Clone, Copy, Default)]
pub(super) struct Distance {
    /// Appends that wait for it.
    pub backlog: usize,
    /// It must not be put off longer.
    pub far: bool,
    /// The writer must wait.
    pub too_far: bool,
}

#[derive(Default)]
pub(super) struct Pace {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    distance: Distance,
    /// Appends so far.
    written: u64,
    /// Appends when the indexer last looked.
    seen: u64,
    /// The writer has ended: the indexer finishes what is there, then ends too.
    writer_done: bool,
    /// The indexer has ended: nobody waits for it.
    indexer_done: bool,
}

impl Pace {
    /// The writer has handled some appends; returns when it may go on.
    ///
    /// The distance is measured under the lock, so that of two the later one is kept.
    pub fn wrote(&self, appends: usize, distance: impl FnOnce() -> Distance) {
        let mut state = self.state();
        let distance = distance();
        state.written += appends as u64;
        let news = state.distance.backlog == 0 || distance.far && !state.distance.far;
        state.distance = distance;
        if news {
            self.changed.notify_all();
        }
        while state.distance.too_far && !state.indexer_done {
            state = self.wait(state);
        }
    }

    /// The indexer has taken something; whether it should go on at once.
    pub fn indexed(&self, distance: impl FnOnce() -> Distance) -> bool {
        let mut state = self.state();
        let distance = distance();
        if state.distance.too_far && !distance.too_far {
            self.changed.notify_all();
        }
        state.distance = distance;
        let burst = state.written - state.seen >= BURST;
        state.seen = state.written;
        distance.backlog > 0 && (distance.far || state.writer_done || !burst)
    }

    /// Waits until there is something to index and it is time for it; `false` when there will be nothing more.
    pub fn wait_for_work(&self) -> bool {
        let mut state = self.state();
        while state.distance.backlog == 0 && !state.writer_done {
            state = self.wait(state);
        }
        loop {
            if state.writer_done || state.distance.far {
                return state.distance.backlog > 0;
            }
            state.seen = state.written;
            let look = self.changed.wait_timeout_while(state, LOOK, |state| !state.writer_done && !state.distance.far);
            state = look.unwrap_or_else(PoisonError::into_inner).0;
            if state.written - state.seen < BURST {
                state.seen = state.written;
                return true;
            }
        }
    }

    pub fn writer_done(&self) {
        self.state().writer_done = true;
        self.changed.notify_all();
    }

    pub fn indexer_done(&self) {
        self.state().indexer_done = true;
        self.changed.notify_all();
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
