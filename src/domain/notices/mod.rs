//! Drafts of legal notices to authorities and people.
//!
//! [`draft`] takes a template, the [`Element`]s the law asks for, a [`Sight`] of the facts and the
//! [`DraftMeta`], and gives a [`Draft`]: blocks, free of any page format, and every [`Gap`]. It knows
//! neither clocks nor packs, and never the time of day.
//!
//! # For the authors of templates
//!
//! A template is Markdown: headings, paragraphs, lists, tables, `**strong**`, `*emphasis*`, links (their
//! address is printed), and fields, written as a line with the label and a line `: value` below it. HTML is refused.
//! What is written in braces is filled in:
//!
//! | write | to |
//! |---|---|
//! | `{{ say("people.total") }}` | print a fact in plain words, or the mark of its gap |
//! | `{{ when("event.detected-at") }}` | print a moment with its zone and UTC |
//! | `{{ day("event.detected-at") }}` | print only the date, in the zone of the notice |
//! | `{% for kind in each("data.kinds") %}- {{ kind }}{% endfor %}` | print each part of a list; one gap mark if it is not known |
//! | `{{ element("likely-consequences") }}` | print the answer to an element: all its facts, or the marks of their gaps |
//! | `{{ covers("contact") }}` | print nothing, and say that the words here answer an element |
//! | `{{ blank("name of the recipient") }}` | leave a place that is filled for each recipient |
//! | `{% if known("k") %}` `yes("k")` `no("k")` | ask: a value stands; it is yes; it is no. Unknown is neither yes nor no |
//! | `{% if has("k", "word") %}` | ask whether a listed word was chosen |
//! | `{% if at_least("k", 500) %}` | ask for a number of at least this size |
//! | `{% if met("id") %}` | ask whether an element has no hole |
//! | `{{ organisation.name }}` `organisation.address` `contact.name` `.role` `.email` `.phone` `.address` `.web` `addressee` `incident` `due` | print words of the house; `{% if contact.phone %}` asks whether there are any |
//! | `{{ within("people.by-place", "IN") }}` | print how many of a count by place are in a country; true when that is known |
//! | `{% for step in derivation %}` | print how the deadline was found |
//! | `{# words #}` | remark, not printed |
//!
//! There are no filters and no other functions. A line that holds only `{% … %}` leaves no empty line; other lines end
//! where they end. A field's value stands on one line; further `: value` lines are lines of the same answer.
//! What is printed is never read as Markdown, so a fact may hold any characters.

mod block;
mod changes;
mod contents;
mod draft;
mod fault;
mod gap;
mod lint;
mod markdown;
mod meta;
mod sight;
mod tags;
mod template;
mod words;

pub use block::{Block, Inline, Style, Words, blank_mark, plain_text};
pub use changes::changes;
pub use contents::{Asked, Combine, Element, FactIs, Need};
pub use draft::{AnswerState, Answered, Draft, UNPLACED_HEADING, draft};
pub use fault::TemplateFault;
pub use gap::{Gap, GapKind};
pub use lint::lint;
pub use meta::{Contact, DraftMeta, Organisation};
pub use sight::{Fact, Seen, Sight};
