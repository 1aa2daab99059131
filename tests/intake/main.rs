//! The daemon under attack, over real HTTP: whatever comes in is answered with a problem that says what
//! to do, nothing acknowledged is lost, nothing panics, and the daemon goes on.

mod bad_bodies;
mod borders;
mod credentials;
mod crowds;
mod drills;
mod event_schema;
mod faults;
mod hints;
mod joins;
mod late_updates;
mod mappings;
mod payloads;
mod people;
mod proofs;
mod quarantine;
mod reading;
mod real_senders;
mod relations;
mod reunion;
mod settings;
mod sources;
mod storage;
#[path = "../support/mod.rs"]
mod support;
mod templates;
mod tls;
