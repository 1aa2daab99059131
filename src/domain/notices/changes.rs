//! What a reader of the last draft must look at again.

use super::draft::{AnswerState, Draft};

/// What changed between two drafts of one notice, a line a change, in the words of the law's elements.
///
/// Empty if an approval of the one would stand for the other.
pub fn changes(before: &Draft, after: &Draft) -> Vec<String> {
    let mut lines = Vec::new();
    let has_hole = |state| state == AnswerState::Hole;
    for new in &after.elements {
        let name = format!("{} ({})", new.says, new.cite);
        match before.elements.iter().find(|old| old.id == new.id) {
            None => lines.push(format!("{name}: now asked for")),
            Some(old) if has_hole(old.state) && !has_hole(new.state) => {
                lines.push(format!("{name}: answered: {}", shown(&new.answer)))
            }
            Some(old) if !has_hole(old.state) && has_hole(new.state) => {
                lines.push(format!("{name}: answer withdrawn; it was: {}", shown(&old.answer)));
            }
            Some(old) if old.answer != new.answer => {
                lines.push(format!("{name}: from: {} to: {}", shown(&old.answer), shown(&new.answer)));
            }
            Some(_) => {}
        }
    }
    for old in &before.elements {
        if !after.elements.iter().any(|new| new.id == old.id) {
            lines.push(format!("{} ({}): no longer asked for", old.says, old.cite));
        }
    }
    if lines.is_empty() && before.digest != after.digest {
        lines.push("the wording changed; the answers to what the law asks did not".into());
    }
    lines
}

fn shown(answer: &str) -> String {
    if answer.is_empty() { "(nothing)".into() } else { answer.replace('\n', " ") }
}
