//! Who is rung, when, and what they can say back: ladders, rotas, leases, digests, fallbacks, over real packs.

mod answers;
mod case;
mod channels;
mod daemon;
mod digests;
mod ladders;
mod previews;
mod rotas;
#[path = "../support/mod.rs"]
mod support;
