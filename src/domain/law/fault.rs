//! What is wrong with a pack, a mapping or a configuration: file, line, caret, hint.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use std::ops::Range;

/// One fault in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackFault {
    /// The file, relative to the rules folder.
    pub file: String,
    /// Which bytes of the file, if it can be said.
    pub span: Option<Range<usize>>,
    /// What is wrong, in words.
    pub text: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl PackFault {
    /// A fault of a whole file.
    pub fn of_file(file: &str, text: impl Into<String>) -> Self {
        Self { file: file.to_owned(), span: None, text: text.into(), hint: None }
    }

    /// A fault at the first place where `word` stands in quotes in the source, else of the file.
    pub fn at_word(file: &str, source: &str, word: &str, text: impl Into<String>) -> Self {
        let quoted = format!("\"{word}\"");
        let span = source.find(&quoted).map(|start| start + 1..start + 1 + word.len());
        Self { span, ..Self::of_file(file, text) }
    }

    /// A fault the TOML reader found.
    pub fn of_toml(file: &str, error: &toml::de::Error) -> Self {
        let message = error.message();
        let (text, hint) = match Choice::read(message) {
            Some(choice) => (format!("`{}` is none of the choices", choice.wrong), Some(choice.hint())),
            None => (message.to_owned(), nearest_field(message)),
        };
        Self { span: error.span(), hint, ..Self::of_file(file, text) }
    }

    /// A fault in words that may carry a hint behind `hint: ` on a line of its own.
    pub fn told(file: &str, span: Option<Range<usize>>, message: &str) -> Self {
        let (text, hint) = message.split_once("\nhint: ").map_or((message, None), |(text, hint)| (text, Some(hint.to_owned())));
        Self { span, hint, ..Self::of_file(file, text) }
    }

    /// The same with a hint.
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The fault with the line of the file it stands in and a caret.
    pub fn render(&self, source: &str) -> String {
        let title = Level::ERROR.primary_title(self.text.as_str());
        let mut group = match self.span.clone().filter(|span| span.end <= source.len()) {
            Some(span) => {
                let end = span.end.max(span.start);
                let snippet = Snippet::source(source)
                    .path(self.file.as_str())
                    .fold(true)
                    .annotation(AnnotationKind::Primary.span(span.start..end));
                title.element(snippet)
            }
            None => title.element(annotate_snippets::Origin::path(self.file.as_str())),
        };
        if let Some(hint) = &self.hint {
            group = group.element(Level::HELP.with_name(Some("hint")).message(hint.as_str()));
        }
        Renderer::plain().render(&[group])
    }
}

/// A fault a notice template has, at its line.
pub fn of_template(file: &str, source: &str, fault: &crate::domain::notices::TemplateFault) -> PackFault {
    let span = fault.line.and_then(|line| {
        let start: usize = source.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
        let text = source.get(start..)?.lines().next()?;
        Some(start..start + text.len())
    });
    PackFault { file: file.to_owned(), span, text: fault.says.clone(), hint: fault.hint.clone() }
}

/// A value that is none of those there are, read from the words of a serde error.
struct Choice<'m> {
    wrong: &'m str,
    known: Vec<&'m str>,
}

impl<'m> Choice<'m> {
    fn read(message: &'m str) -> Option<Self> {
        let (wrong, expected) = message.strip_prefix("unknown variant `")?.split_once("`, expected ")?;
        Some(Self { wrong, known: expected.split('`').skip(1).step_by(2).collect() })
    }

    fn hint(&self) -> String {
        let quoted: Vec<String> = self.known.iter().map(|known| format!("`{known}`")).collect();
        let choices = match quoted.split_last() {
            Some((last, [])) => format!("there is {last} alone"),
            Some((last, others)) => format!("there are {} and {last}", others.join(", ")),
            None => "there is none".to_owned(),
        };
        let nearest = nearest(self.wrong, self.known.iter().copied());
        nearest.map(|nearest| format!("did you mean `{nearest}`? ")).unwrap_or_default() + &choices
    }
}

/// The valid name most like an unknown one, read from the words of a serde error.
fn nearest_field(message: &str) -> Option<String> {
    let (wrong, expected) = message.strip_prefix("unknown field `")?.split_once("`, expected ")?;
    nearest(wrong, expected.split('`').skip(1).step_by(2)).map(|nearest| format!("did you mean `{nearest}`?"))
}

fn nearest<'k>(wrong: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let likely = known.map(|known| (strsim::jaro_winkler(known, wrong), known)).filter(|(likeness, _)| *likeness > 0.7);
    likely.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, nearest)| nearest)
}
