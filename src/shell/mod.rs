//! The impure half: disk, network, wall clock, terminal.

mod address_guard;
pub mod channel_health;
pub mod cli;
pub mod config;
pub mod courier;
pub mod daemon;
pub mod delivery;
pub mod demo;
pub mod desk;
pub mod drafts;
pub mod links;
pub mod mint;
pub mod operator;
pub mod payload_keys;
pub mod quota;
pub mod reassess;
pub mod render;
pub mod retention;
pub mod reunite;
pub mod rulebook;
pub mod scheduler;
pub mod store;
pub mod telemetry;
pub mod unique;
pub mod wall_clock;
pub mod web;
pub mod wording;
