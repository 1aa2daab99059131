//! The impure half: disk, network, wall clock, terminal.

pub mod render;
