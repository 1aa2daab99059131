//! Time under attack: never early, never lost, whatever the clock does.
//!
//! `house` is the daemon without a world: desk, scheduler and courier over a store in memory, stepped
//! by hand at instants of the test's choosing. `random` throws ladders, instants, leases and mail
//! servers at it from one seed; `bad_days` are the days worth a name; `set_clock` is the real binary
//! under a clock that is set. `watching` is the watch over the watchman, `told_outside` what it tells others.

mod bad_days;
mod house;
mod ladders;
mod odd_store;
mod operator;
mod random;
mod set_clock;
#[path = "../support/mod.rs"]
mod support;
mod told_outside;
mod watching;
