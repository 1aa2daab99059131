//! Rendered Markdown to blocks. The only reader of Markdown; it meets the template's words and tokens, never a fact's.

use super::block::{Block, Inline, Style, Words};
use super::fault::TemplateFault;
use super::template::{Piece, cut_apart, pieces};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, TextMergeStream};

const NOT_TAKEN: &str = "notices take headings, paragraphs, lists, tables, fields and links only";
/// Lists within lists; each counts twice, as list and as item.
const DEPTH_MAX: usize = 16;

/// Reads Markdown; `resolve` gives what a token stands for.
pub(super) fn blocks(markdown: &str, resolve: &mut dyn FnMut(usize, Style) -> Words) -> Result<Vec<Block>, TemplateFault> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_DEFINITION_LIST;
    let mut reader =
        Reader { resolve, open: vec![Open::page()], words: Vec::new(), style: Vec::new(), links: Vec::new(), is_in_field: false };
    for event in TextMergeStream::new(Parser::new_ext(markdown, options)) {
        reader.take(event)?;
    }
    reader.end_loose_paragraph();
    Ok(reader.open.swap_remove(0).blocks)
}

/// What is being filled.
struct Open {
    blocks: Vec<Block>,
    items: Vec<Vec<Block>>,
    cells: Vec<Words>,
    rows: Vec<Vec<Words>>,
    label: Option<Words>,
    ordered: bool,
}

impl Open {
    fn page() -> Self {
        Self { blocks: Vec::new(), items: Vec::new(), cells: Vec::new(), rows: Vec::new(), label: None, ordered: false }
    }
}

struct Reader<'a> {
    resolve: &'a mut dyn FnMut(usize, Style) -> Words,
    open: Vec<Open>,
    words: Words,
    style: Vec<Style>,
    links: Vec<String>,
    is_in_field: bool,
}

impl Reader<'_> {
    fn take(&mut self, event: Event<'_>) -> Result<(), TemplateFault> {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Code(text) => self.text(&text),
            // A label without an empty line before it would be read as the end of the value above it.
            Event::SoftBreak if self.is_in_field => Err(TemplateFault::new(None, "the value of a field runs on to a next line")
                .hint("leave an empty line before the next label, and write a value on one line")),
            Event::SoftBreak => self.text(" "),
            Event::HardBreak => {
                self.words.push(Inline::Break);
                Ok(())
            }
            Event::Rule => {
                self.push(Block::Rule);
                Ok(())
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                Err(TemplateFault::new(None, format!("notices take no HTML: `{}`", html.trim()))
                    .hint("use Markdown; write a comment as `{# … #}` and a plain `<` as `\\<`"))
            }
            _ => Err(TemplateFault::new(None, NOT_TAKEN)),
        }
    }

    fn start(&mut self, tag: Tag<'_>) -> Result<(), TemplateFault> {
        if self.open.len() > DEPTH_MAX {
            return Err(TemplateFault::new(None, "lists stand inside lists too deep"));
        }
        match tag {
            Tag::Strong => self.style.push(Style::Strong),
            Tag::Emphasis => self.style.push(Style::Emphasis),
            Tag::Link { dest_url, .. } => self.links.push(dest_url.into_string()),
            Tag::Paragraph | Tag::Heading { .. } | Tag::TableCell | Tag::DefinitionListTitle => self.words.clear(),
            Tag::List(first) => {
                self.end_loose_paragraph();
                self.open.push(Open { ordered: first.is_some(), ..Open::page() });
            }
            Tag::DefinitionListDefinition => {
                self.is_in_field = true;
                self.open.push(Open::page());
            }
            Tag::Item | Tag::Table(_) | Tag::DefinitionList => self.open.push(Open::page()),
            Tag::TableHead | Tag::TableRow => self.top().cells.clear(),
            Tag::CodeBlock(_) => {
                return Err(TemplateFault::new(None, "a paragraph is indented so far that it reads as program code")
                    .hint("start paragraphs at the left margin"));
            }
            Tag::HtmlBlock => {}
            _ => return Err(TemplateFault::new(None, NOT_TAKEN)),
        }
        Ok(())
    }

    fn end(&mut self, tag: TagEnd) -> Result<(), TemplateFault> {
        match tag {
            TagEnd::Strong | TagEnd::Emphasis => {
                self.style.pop();
            }
            TagEnd::Link => self.end_link()?,
            TagEnd::Paragraph => {
                let words = self.take_words();
                self.push(Block::Paragraph(words));
            }
            TagEnd::Heading(level) => {
                let words = self.take_words();
                self.push(Block::Heading { level: level as u8, words });
            }
            TagEnd::Item => {
                self.end_loose_paragraph();
                let item = self.close().blocks;
                self.top().items.push(item);
            }
            TagEnd::List(_) => {
                let list = self.close();
                self.push(Block::List { ordered: list.ordered, items: list.items });
            }
            TagEnd::TableCell => {
                let words = self.take_words();
                self.top().cells.push(words);
            }
            TagEnd::TableHead | TagEnd::TableRow => {
                let cells = std::mem::take(&mut self.top().cells);
                self.top().rows.push(cells);
            }
            TagEnd::Table => {
                let mut rows = self.close().rows;
                let head = if rows.is_empty() { Vec::new() } else { rows.remove(0) };
                self.push(Block::Table { head, rows });
            }
            TagEnd::DefinitionListTitle => {
                let words = self.take_words();
                self.top().label = Some(words);
            }
            TagEnd::DefinitionListDefinition => {
                self.end_loose_paragraph();
                self.is_in_field = false;
                let words = joined_words(self.close().blocks)?;
                let page = self.top();
                match (page.label.take(), page.blocks.last_mut()) {
                    (None, Some(Block::Field { value, .. })) => {
                        value.push(Inline::Break);
                        value.extend(words);
                    }
                    (label, _) => page.blocks.push(Block::Field { label: label.unwrap_or_default(), value: words }),
                }
            }
            TagEnd::DefinitionList => {
                let fields = self.close().blocks;
                self.top().blocks.extend(fields);
            }
            _ => {}
        }
        Ok(())
    }

    /// A link is printed with its address, because a letter is read on paper too.
    fn end_link(&mut self) -> Result<(), TemplateFault> {
        let Some(address) = self.links.pop() else { return Ok(()) };
        let shown = super::block::plain_text(&self.words);
        let bare = address.trim_start_matches("mailto:");
        if shown.ends_with(bare) { Ok(()) } else { self.text(&format!(" ({bare})")) }
    }

    fn text(&mut self, text: &str) -> Result<(), TemplateFault> {
        let style = self.style.last().copied().unwrap_or_default();
        let pieces = pieces(text).ok_or_else(cut_apart)?;
        for piece in pieces {
            match piece {
                Piece::Words("") => {}
                Piece::Words(words) => match self.words.last_mut() {
                    Some(Inline::Run { words: before, style: s, fact: None }) if *s == style => before.push_str(words),
                    _ => self.words.push(Inline::Run { words: words.into(), style, fact: None }),
                },
                Piece::Mark(number) => self.words.extend((self.resolve)(number, style)),
            }
        }
        Ok(())
    }

    fn take_words(&mut self) -> Words {
        std::mem::take(&mut self.words)
    }

    /// The words of a tight list item or definition come without a paragraph around them.
    fn end_loose_paragraph(&mut self) {
        if !self.words.is_empty() {
            let words = self.take_words();
            self.push(Block::Paragraph(words));
        }
    }

    fn push(&mut self, block: Block) {
        self.top().blocks.push(block);
    }

    fn top(&mut self) -> &mut Open {
        self.open.last_mut().expect("the page stays open to the end")
    }

    fn close(&mut self) -> Open {
        if self.open.len() > 1 { self.open.pop().unwrap_or_else(Open::page) } else { Open::page() }
    }
}

/// The value of a field: its paragraphs, divided by breaks.
fn joined_words(blocks: Vec<Block>) -> Result<Words, TemplateFault> {
    let mut words = Vec::new();
    for block in blocks {
        let Block::Paragraph(paragraph) = block else {
            return Err(TemplateFault::new(None, "the value of a field is words only, no list or table"));
        };
        if !words.is_empty() {
            words.push(Inline::Break);
        }
        words.extend(paragraph);
    }
    Ok(words)
}
