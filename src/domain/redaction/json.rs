//! Values in JSON text replaced where they stand; every other byte stays as it came.

use super::{NESTED_MAX, Redactor, stand_in};
use serde::de::IgnoredAny;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// The text with what the rules find replaced; `None` if it is not JSON. `nested` counts the strings it stood in.
pub(super) fn redact<'t>(
    redactor: &Redactor,
    text: &'t str,
    nested: usize,
    rules: &mut BTreeSet<String>,
) -> Option<Cow<'t, str>> {
    serde_json::from_str::<IgnoredAny>(text.trim_start_matches('\u{feff}')).ok()?;
    let mut walk = Walk {
        redactor,
        text,
        nested,
        rules,
        // What stands in a string as it stands in the text, the shapes have seen here already.
        may_have_shapes: redactor.shapes.is_match(text),
        levels: Vec::new(),
        is_key: false,
        redacted: String::new(),
        copied: 0,
    };
    walk.run();
    let Walk { copied, mut redacted, .. } = walk;
    if copied == 0 {
        return Some(Cow::Borrowed(text));
    }
    redacted.push_str(&text[copied..]);
    Some(Cow::Owned(redacted))
}

/// An object or a list that is being read.
struct Level {
    is_object: bool,
    /// The key, or the number, of the value that is being read.
    step: String,
    nth: usize,
    /// The rule by which everything in it is replaced.
    rule: Option<String>,
}

/// Sound JSON, read from left to right.
struct Walk<'a, 't> {
    redactor: &'a Redactor,
    text: &'t str,
    nested: usize,
    rules: &'a mut BTreeSet<String>,
    may_have_shapes: bool,
    levels: Vec<Level>,
    is_key: bool,
    redacted: String,
    copied: usize,
}

impl Walk<'_, '_> {
    fn run(&mut self) {
        let bytes = self.text.as_bytes();
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            let from = at;
            at += 1;
            match byte {
                b'{' | b'[' => self.open(*byte == b'{'),
                b'}' | b']' => {
                    self.levels.pop();
                    self.is_key = false;
                }
                b',' => self.next(),
                b':' => self.is_key = false,
                b'"' => {
                    at = string_end(bytes, at);
                    self.string(from, at);
                }
                b'-' | b'0'..=b'9' => {
                    at += bytes[at..]
                        .iter()
                        .take_while(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'))
                        .count();
                    self.number(from, at);
                }
                _ => {}
            }
        }
    }

    fn open(&mut self, is_object: bool) {
        let rule = self.rule();
        self.levels.push(Level { is_object, step: String::new(), nth: 0, rule });
        self.is_key = is_object;
    }

    fn next(&mut self) {
        let Some(level) = self.levels.last_mut() else { return };
        level.nth += 1;
        self.is_key = level.is_object;
    }

    /// The rule by which the value that begins here is replaced as a whole.
    fn rule(&self) -> Option<String> {
        let level = self.levels.last()?;
        if level.rule.is_some() {
            return level.rule.clone();
        }
        let of_name = if level.is_object { self.redactor.by_field(&level.step) } else { None };
        let of_place = || {
            if self.redactor.pointers.is_empty() || self.nested > 0 {
                return None;
            }
            let steps: Vec<Cow<'_, str>> = self.levels.iter().map(Level::step).collect();
            let path: Vec<&str> = steps.iter().map(AsRef::as_ref).collect();
            self.redactor.by_pointer(&path)
        };
        of_name.or_else(of_place).map(str::to_owned)
    }

    fn string(&mut self, from: usize, to: usize) {
        let quoted = &self.text[from..to];
        let plain = &quoted[1..quoted.len() - 1];
        let value: Cow<'_, str> = match plain.contains('\\') {
            true => Cow::Owned(serde_json::from_str(quoted).unwrap_or_else(|_| plain.to_owned())),
            false => Cow::Borrowed(plain),
        };
        let may_have_shapes = self.may_have_shapes || matches!(value, Cow::Owned(_));
        if self.is_key {
            if let Cow::Owned(redacted) = self.redactor.patterned(&value, may_have_shapes, self.rules) {
                self.replace(from, to, &redacted);
            }
            if let Some(level) = self.levels.last_mut() {
                level.step = value.into_owned();
            }
            return;
        }
        if let Some(rule) = self.rule() {
            self.replace(from, to, &stand_in(&rule));
            self.rules.insert(rule);
            return;
        }
        let is_json = self.nested < NESTED_MAX && value.trim_start().starts_with(['{', '[']);
        let inner = if is_json { redact(self.redactor, &value, self.nested + 1, self.rules) } else { None };
        if let Cow::Owned(redacted) = inner.unwrap_or_else(|| self.redactor.patterned(&value, may_have_shapes, self.rules)) {
            self.replace(from, to, &redacted);
        }
    }

    fn number(&mut self, from: usize, to: usize) {
        if let Some(rule) = self.rule() {
            self.replace(from, to, &stand_in(&rule));
            self.rules.insert(rule);
        } else if let Cow::Owned(redacted) = self.redactor.patterned(&self.text[from..to], self.may_have_shapes, self.rules) {
            self.replace(from, to, &redacted);
        }
    }

    fn replace(&mut self, from: usize, to: usize, with: &str) {
        self.redacted.push_str(&self.text[self.copied..from]);
        self.redacted.push_str(&serde_json::Value::from(with).to_string());
        self.copied = to;
    }
}

impl Level {
    fn step(&self) -> Cow<'_, str> {
        if self.is_object { Cow::Borrowed(&self.step) } else { Cow::Owned(self.nth.to_string()) }
    }
}

/// The place after the string that began before `at`.
fn string_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}
