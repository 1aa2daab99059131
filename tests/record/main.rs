//! What is on record: what an incident decides and replays to, and stores that keep it, through power cuts too.

mod golden;
mod incident;
mod log;
mod organisations;
mod power_loss;
mod principals;
mod register;
mod store_contract;
mod store_crash;
#[path = "../support/mod.rs"]
mod support;
