//! A shell without a world: stand-ins for what surrounds the daemon, for the demo, rehearsals and tests.

pub mod dice;
pub mod read_mail;
pub mod rehearsal;
pub mod replay;
mod smtp_session;
pub mod smtp_sink;
pub mod webhook_sink;
