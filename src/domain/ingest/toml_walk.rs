//! A TOML tree walked by hand: every fault with its span, and none stops the walk.

use super::mapping::MappingFault;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

pub(super) type Node<'i> = Spanned<DeValue<'i>>;

/// The walk over one mapping's text.
pub(super) struct Walk<'t> {
    pub(super) text: &'t str,
    pub(super) faults: Vec<MappingFault>,
}

impl Walk<'_> {
    pub(super) fn required_text(&mut self, table: &DeTable<'_>, key: &str, span: &Range<usize>) -> String {
        let Some(node) = table.get(key) else {
            self.faults.push(missing(key, span));
            return String::new();
        };
        let text = self.text(node).map(str::to_owned);
        if text.as_ref().is_some_and(|text| text.trim().is_empty()) {
            self.fault(Some(node), format!("`{key}` is empty"));
        }
        text.unwrap_or_default()
    }

    pub(super) fn list<T>(
        &mut self,
        table: &DeTable<'_>,
        key: &str,
        mut read: impl FnMut(&mut Self, &Node<'_>) -> Option<T>,
    ) -> Vec<T> {
        let Some(node) = table.get(key) else { return Vec::new() };
        let DeValue::Array(elements) = node.get_ref() else {
            self.fault(Some(node), format!("`{key}` must be a list"));
            return Vec::new();
        };
        if elements.is_empty() {
            self.fault(Some(node), format!("`{key}` is an empty list; leave it out instead"));
        }
        elements.iter().filter_map(|element| read(self, element)).collect()
    }

    pub(super) fn table<'n, 'i>(&mut self, node: &'n Node<'i>) -> Option<&'n DeTable<'i>> {
        match node.get_ref() {
            DeValue::Table(table) => Some(table),
            _ => {
                self.fault(Some(node), "a table is expected here".into());
                None
            }
        }
    }

    pub(super) fn text<'n>(&mut self, node: &'n Node<'_>) -> Option<&'n str> {
        match node.get_ref() {
            DeValue::String(text) => Some(text),
            _ => {
                self.fault(Some(node), "text in quotes is expected here".into());
                None
            }
        }
    }

    pub(super) fn yes_no(&mut self, node: &Node<'_>) -> bool {
        match node.get_ref() {
            DeValue::Boolean(yes) => *yes,
            _ => {
                self.fault(Some(node), "`true` or `false` is expected here".into());
                false
            }
        }
    }

    pub(super) fn check_keys(&mut self, table: &DeTable<'_>, allowed: &[&str], of: &str) {
        for key in table.keys().filter(|key| !allowed.contains(&key.get_ref().as_ref())) {
            let hint = match nearest(key.get_ref(), allowed) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it has {}", allowed.join(", ")),
            };
            self.faults
                .push(MappingFault { message: format!("{of} has no `{}`; {hint}", key.get_ref()), span: Some(key.span()) });
        }
    }

    pub(super) fn fault(&mut self, node: Option<&Node<'_>>, message: String) {
        self.faults.push(MappingFault { message, span: node.map(Spanned::span) });
    }
}

pub(super) fn missing(key: &str, span: &Range<usize>) -> MappingFault {
    MappingFault { message: format!("`{key}` is missing"), span: Some(span.clone()) }
}

/// The word most like a mistyped one.
pub(super) fn nearest<'w>(word: &str, allowed: &[&'w str]) -> Option<&'w str> {
    allowed
        .iter()
        .map(|known| (strsim::jaro_winkler(known, word), *known))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}
