//! The law as data: its worked cases, its arithmetic, its files, and what holds whatever the facts are.

mod authorities;
mod cases;
mod deadlines;
mod filings;
mod india;
mod limits;
mod lint;
mod properties;
mod questions;
mod readme;
mod schemas;
mod severity;
#[path = "../support/mod.rs"]
mod support;
