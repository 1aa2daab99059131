//! The shape of a drafted notice: blocks of runs, free of any page format.

use crate::domain::ids::FactKey;
use serde::{Deserialize, Serialize};

/// The words inside one block, in reading order.
pub type Words = Vec<Inline>;

/// One piece of a notice. The renderers turn it into text, HTML, DOCX and PDF.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Block {
    /// A heading; level 1 is the title of the notice.
    Heading {
        /// 1 to 6, as the template wrote it.
        level: u8,
        /// The words.
        words: Words,
    },
    /// A paragraph.
    Paragraph(Words),
    /// A list.
    List {
        /// Numbered, or marked with bullets.
        ordered: bool,
        /// Each item is blocks of its own.
        items: Vec<Vec<Block>>,
    },
    /// A table.
    Table {
        /// The cells of the head row.
        head: Vec<Words>,
        /// The rows below it; each has as many cells as the head.
        rows: Vec<Vec<Words>>,
    },
    /// A label and its value, as on a form.
    Field {
        /// What is asked.
        label: Words,
        /// The answer.
        value: Words,
    },
    /// A line across the page.
    Rule,
}

/// A run of words, or what stands in the place of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Inline {
    /// Words in one style.
    Run {
        /// The words; plain text, never markup.
        words: String,
        /// How they are set.
        #[serde(default, skip_serializing_if = "Style::is_plain")]
        style: Style,
        /// The fact the words come from; `None` for the words of the template and of the house.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fact: Option<FactKey>,
    },
    /// A new line within the block.
    Break,
    /// The place of something the draft still lacks.
    Gap {
        /// The number of the [`Gap`](super::Gap) in the draft, from 1.
        number: usize,
        /// What is printed: `[MISSING: approximate number of people (GDPR Art. 33(3)(a))]`.
        mark: String,
    },
    /// A place filled anew for each recipient, such as a name and address.
    Blank(String),
}

/// How a run is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Style {
    /// As the text around it.
    #[default]
    Plain,
    /// Bold.
    Strong,
    /// Italic.
    Emphasis,
}

impl Style {
    fn is_plain(&self) -> bool {
        *self == Self::Plain
    }
}

impl Inline {
    /// A plain run of the template's own words.
    pub fn plain(words: impl Into<String>) -> Self {
        Self::Run { words: words.into(), style: Style::Plain, fact: None }
    }
}

/// The words alone, on one line; gaps and blanks show as they are printed.
pub fn plain_text(words: &[Inline]) -> String {
    let mut text = String::new();
    for inline in words {
        match inline {
            Inline::Run { words, .. } => text.push_str(words),
            Inline::Break => text.push(' '),
            Inline::Gap { mark, .. } => text.push_str(mark),
            Inline::Blank(words) => text.push_str(&blank_mark(words)),
        }
    }
    text
}

/// How a blank is printed: `‹name and address of the recipient›`.
pub fn blank_mark(words: &str) -> String {
    format!("‹{words}›")
}

/// Whether a gap's mark stands anywhere in the blocks.
pub(super) fn shows_gap(blocks: &[Block], wanted: usize) -> bool {
    let marks = |words: &Words| words.iter().any(|inline| matches!(inline, Inline::Gap { number, .. } if *number == wanted));
    blocks.iter().any(|block| match block {
        Block::Heading { words, .. } | Block::Paragraph(words) => marks(words),
        Block::Field { label, value } => marks(label) || marks(value),
        Block::Table { head, rows } => head.iter().any(marks) || rows.iter().flatten().any(marks),
        Block::List { items, .. } => items.iter().any(|item| shows_gap(item, wanted)),
        Block::Rule => false,
    })
}
