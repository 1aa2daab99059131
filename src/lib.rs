//! Watchbell: the breach-notification deadline engine.
//!
//! [`domain`] is pure: law, facts, clocks, incidents. [`shell`] touches the world.
//! [`sim`] is a shell without a world. `ARCHITECTURE.md` is the map.

pub mod domain;
pub mod shell;
pub mod sim;

/// A decision is hundreds of small allocations, made on one thread and freed on another.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
