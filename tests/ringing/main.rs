//! Who is rung, when, and what they can say back: ladders, rotas, leases, digests, fallbacks, over real packs.

mod alerts;
mod answers;
mod browser;
mod calendar;
mod case;
mod channels;
mod daemon;
mod digests;
mod ladders;
mod moves;
mod page;
mod previews;
mod rotas;
#[path = "../support/mod.rs"]
mod support;
mod taken_back;
