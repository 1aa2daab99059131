//! The impure half: disk, network, wall clock, terminal.

pub mod config;
pub mod delivery;
pub mod rulebook;
pub mod wall_clock;
