//! Keeps the writer from running away from the indexer, and wakes the indexer when there is work.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

#[derive(Default)]
pub(super) struct Pace {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    work: bool,
    too_far: bool,
    /// The writer has ended: the indexer finishes what is there, then ends too.
    writer_done: bool,
    /// The indexer has ended: nobody waits for it.
    indexer_done: bool,
}

impl Pace {
    /// The writer has put something into the overlay; `too_far` when it should wait now.
    pub fn wrote(&self, too_far: bool) {
        let mut state = self.state();
        state.too_far = too_far;
        if !state.work {
            state.work = true;
            self.changed.notify_all();
        }
        while state.too_far && !state.indexer_done {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The indexer has taken something; `too_far` when the writer should still wait.
    pub fn indexed(&self, too_far: bool) {
        let mut state = self.state();
        if state.too_far && !too_far {
            state.too_far = false;
            self.changed.notify_all();
        }
    }

    /// Waits for work; `false` when there will be none.
    pub fn wait_for_work(&self) -> bool {
        let mut state = self.state();
        while !state.work && !state.writer_done {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        std::mem::take(&mut state.work)
    }

    pub fn writer_done(&self) {
        self.state().writer_done = true;
        self.changed.notify_all();
    }

    pub fn indexer_done(&self) {
        self.state().indexer_done = true;
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
