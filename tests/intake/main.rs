//! The daemon under attack, over real HTTP: whatever comes in is answered with a problem that says what
//! to do, nothing acknowledged is lost, nothing panics, and the daemon goes on.

mod bad_bodies;
mod credentials;
mod crowds;
mod drills;
mod faults;
mod hints;
mod joins;
mod payloads;
mod people;
mod proofs;
mod quarantine;
mod relations;
mod reunion;
mod settings;
mod sources;
mod storage;
#[path = "../support/mod.rs"]
mod support;
mod tls;
