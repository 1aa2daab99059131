//! What people read: the drafts of notices, and the letters that ring.

mod drafts;
mod letters;
#[path = "../support/mod.rs"]
mod support;
