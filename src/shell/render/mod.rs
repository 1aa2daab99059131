//! Drafts and timelines as pages. Presentation only: what a notice says is decided in [`crate::domain::notices`],
//! what a timeline tells in [`crate::domain::timeline`].
//!
//! Each page opens with a working sheet (what is missing, when it is due, how the law's list is
//! answered) that is no part of the notice, and then gives the notice.

mod html;
mod log;
mod sheet;
mod text;

pub use html::{html, html_letter};
pub use log::{Sealed, log_html};
pub use text::{text, text_letter};
