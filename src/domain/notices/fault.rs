//! What is wrong with a template, for the lawyer who wrote it.

use std::fmt;

/// A template that cannot be drafted from, or that its duty's contents do not allow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TemplateFault {
    /// The line in the template, from 1, where one is to blame.
    pub line: Option<usize>,
    /// What is wrong.
    pub says: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl TemplateFault {
    pub(super) fn new(line: Option<usize>, says: impl Into<String>) -> Self {
        Self { line, says: says.into(), hint: None }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for TemplateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        f.write_str(&self.says)?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for TemplateFault {}

/// The name most like a mistyped one, if any is like it at all.
pub(super) fn nearest<'a, N: AsRef<str>>(name: &str, known: impl Iterator<Item = &'a N>) -> Option<&'a N> {
    known
        .map(|known| (strsim::jaro_winkler(known.as_ref(), name), known))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}
