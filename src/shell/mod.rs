//! The impure half: disk, network, wall clock, terminal.
