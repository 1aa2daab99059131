//! The pure half: no async, no I/O, no clock, no randomness, no logging.
//!
//! Leaves first: [`ids`] and [`instant`], then [`clocks`] and [`facts`], then [`law`] and
//! [`notices`], and [`severity`], which only suggests; [`incident`] sees all of these, [`board`] shows what it sees, [`timeline`] tells how it came to that, and
//! [`register`] what was decided and filed. [`ingest`] turns
//! bytes into claims and knows neither law nor incidents. [`journal`] seals what was decided and
//! knows nothing of what it seals.

pub mod board;
pub mod clocks;
pub mod delivery_log;
pub mod escalation;
pub mod facts;
pub mod hex;
pub mod ids;
pub mod incident;
pub mod ingest;
pub mod instant;
pub mod joining;
pub mod journal;
pub mod law;
pub mod loaded;
pub mod notices;
pub mod payload;
pub mod quarantine;
pub mod redaction;
pub mod register;
pub mod repeated;
pub mod severity;
pub mod standard_webhooks;
pub mod timeline;
