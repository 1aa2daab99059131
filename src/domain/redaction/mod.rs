//! What must not be kept is replaced before a message is kept.
//!
//! Rules go by a field's name, by its place, or by a pattern in its text. In JSON the structure stays
//! and so does every byte beside the replaced values; a value becomes `[redacted: rule]`. Mappings read
//! the message as it came: a redaction changes what is kept, never what is claimed.

mod builtin;
mod json;

use regex::{Regex, RegexSet};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

pub use builtin::Group;

/// How deep JSON in strings in JSON is looked into.
const NESTED_MAX: usize = 4;
/// The most memory a pattern of the house's own may take, in bytes.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// A message may grow by this factor, and this many bytes, before it is replaced whole.
const GROWTH_MAX: usize = 2;
const ROOM: usize = 1024;
/// What stands in its place.
const TOO_MUCH: &str = "too-much";

/// A rule of the house's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What stands in place of the value.
    pub name: String,
    /// What it goes by.
    pub by: By,
}

/// What a rule goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// The name of a JSON field, whatever its case and divisions.
    Field(String),
    /// A JSON Pointer; `*` stands for any one step. Everything below is meant.
    Pointer(String),
    /// A regular expression; if it has a group named `secret`, that alone is replaced.
    Pattern(String),
}

/// Why a rule cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleFault {
    /// A pointer begins with a stroke.
    #[error("`{0}` is no JSON Pointer: it begins with `/`")]
    Pointer(String),
    /// The pattern cannot be read.
    #[error("`{pattern}` is no regular expression: {text}")]
    Pattern {
        /// As written.
        pattern: String,
        /// What is wrong with it.
        text: String,
    },
    /// A rule that matches nothing, or everything.
    #[error("the rule `{0}` would replace the empty text")]
    Empty(String),
}

/// All rules, ready for use.
#[derive(Debug)]
pub struct Redactor {
    secret_names: bool,
    fields: BTreeMap<String, String>,
    pointers: Vec<(Vec<String>, String)>,
    /// The built-in patterns, and those of the house's own: whether any matches at all.
    shapes: RegexSet,
    own: RegexSet,
    patterns: Vec<Pattern>,
}

#[derive(Debug)]
struct Pattern {
    name: String,
    regex: Regex,
    /// What else must hold of a match, such as a check digit.
    holds: fn(&str) -> bool,
}

/// A message after redaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redacted<'t> {
    /// Its text.
    pub text: Cow<'t, str>,
    /// The rules by which something was replaced.
    pub rules: BTreeSet<String>,
}

impl Default for Redactor {
    fn default() -> Self {
        Self::new(&Group::USUAL, &[]).expect("the built-in rules are sound, as a test holds")
    }
}

impl Redactor {
    /// The rules of these groups, and the house's own.
    ///
    /// # Errors
    /// The first rule that cannot be used.
    pub fn new(groups: &[Group], own: &[Rule]) -> Result<Self, RuleFault> {
        let (mut fields, mut pointers) = (BTreeMap::new(), Vec::new());
        let mut patterns = Vec::new();
        for (name, pattern, holds) in groups.iter().flat_map(|group| group.patterns()) {
            patterns.push(Pattern { name: (*name).to_owned(), regex: read_pattern(pattern)?, holds: *holds });
        }
        let built_in = patterns.len();
        for Rule { name, by } in own {
            match by {
                By::Field(field) if folded(field).is_empty() => return Err(RuleFault::Empty(name.clone())),
                By::Field(field) => _ = fields.insert(folded(field), name.clone()),
                By::Pointer(pointer) => pointers.push((read_pointer(pointer)?, name.clone())),
                By::Pattern(pattern) => {
                    let regex = read_pattern(pattern)?;
                    if regex.is_match("") {
                        return Err(RuleFault::Empty(name.clone()));
                    }
                    patterns.push(Pattern { name: name.clone(), regex, holds: |_| true });
                }
            }
        }
        let (shapes, own) = patterns.split_at(built_in);
        let (shapes, own) = (set_of(shapes)?, set_of(own)?);
        Ok(Self { secret_names: groups.contains(&Group::Secrets), fields, pointers, shapes, own, patterns })
    }

    /// A whole message: JSON, JSON by lines, or other text. One that would be much longer for its stand-ins is
    /// replaced whole, since a record has room for what came and not for more.
    pub fn message<'t>(&self, whole: &'t str) -> Redacted<'t> {
        let mut rules = BTreeSet::new();
        let text = match json::redact(self, whole, 0, &mut rules) {
            Some(text) => text,
            None => self.lines(whole, &mut rules),
        };
        if text.len() > whole.len() * GROWTH_MAX + ROOM {
            rules.insert(TOO_MUCH.to_owned());
            return Redacted { text: Cow::Owned(stand_in(TOO_MUCH)), rules };
        }
        Redacted { text, rules }
    }

    /// A title, a remark, the text of a fault.
    pub fn text(&self, text: String) -> String {
        match self.patterned(&text, true, &mut BTreeSet::new()) {
            Cow::Borrowed(_) => text,
            Cow::Owned(redacted) => redacted,
        }
    }

    /// A single value that stood at `place`: a JSON Pointer, or a header as `header:name`.
    pub fn value(&self, place: &str, value: String) -> String {
        let steps = match place.strip_prefix("header:") {
            Some(name) => vec![name.to_owned()],
            None => read_pointer(place).unwrap_or_default(),
        };
        let path: Vec<&str> = steps.iter().map(String::as_str).collect();
        let by_place = self.by_pointer(&path).or_else(|| path.iter().find_map(|step| self.by_field(step)));
        match by_place {
            Some(rule) => stand_in(rule),
            None => self.text(value),
        }
    }

    /// Each line by itself: JSON by lines, or text.
    fn lines<'t>(&self, text: &'t str, rules: &mut BTreeSet<String>) -> Cow<'t, str> {
        let may_be_json = |line: &str| line.trim_start().starts_with(['{', '[']);
        if !text.lines().any(may_be_json) {
            return self.patterned(text, true, rules);
        }
        let mut all = String::with_capacity(text.len());
        for line in text.split_inclusive('\n') {
            let redacted = may_be_json(line).then(|| json::redact(self, line, 0, rules)).flatten();
            all.push_str(&redacted.unwrap_or_else(|| self.patterned(line, true, rules)));
        }
        if all == text { Cow::Borrowed(text) } else { Cow::Owned(all) }
    }

    /// The rule that goes by a field's name.
    fn by_field(&self, name: &str) -> Option<&str> {
        let name = folded(name);
        let own = self.fields.get(&name).map(String::as_str);
        own.or_else(|| (self.secret_names && builtin::is_secret(&name)).then_some(builtin::SECRET_NAME))
    }

    /// The rule that goes by a place.
    fn by_pointer(&self, path: &[&str]) -> Option<&str> {
        let leads = |steps: &[String]| {
            steps.len() <= path.len() && steps.iter().zip(path).all(|(step, there)| step == "*" || step == there)
        };
        self.pointers.iter().find(|(steps, _)| leads(steps)).map(|(_, rule)| rule.as_str())
    }

    /// A text with what the patterns find replaced. `may_have_shapes` is whether a built-in one may match.
    fn patterned<'t>(&self, text: &'t str, may_have_shapes: bool, rules: &mut BTreeSet<String>) -> Cow<'t, str> {
        if !(may_have_shapes && self.shapes.is_match(text) || !self.own.is_empty() && self.own.is_match(text)) {
            return Cow::Borrowed(text);
        }
        let mut redacted = Cow::Borrowed(text);
        for pattern in &self.patterns {
            if let Some(replaced) = pattern.replace(&redacted) {
                rules.insert(pattern.name.clone());
                redacted = Cow::Owned(replaced);
            }
        }
        redacted
    }
}

impl Pattern {
    /// The text with every match replaced; `None` if there is none.
    fn replace(&self, text: &str) -> Option<String> {
        let (mut replaced, mut copied) = (String::new(), 0);
        for found in self.regex.captures_iter(text) {
            let Some(secret) = found.name("secret").or_else(|| found.get(0)) else { continue };
            if (self.holds)(secret.as_str()) {
                replaced.push_str(&text[copied..secret.start()]);
                replaced.push_str(&stand_in(&self.name));
                copied = secret.end();
            }
        }
        (copied > 0).then(|| replaced + &text[copied..])
    }
}

fn stand_in(rule: &str) -> String {
    format!("[redacted: {rule}]")
}

/// A name without its case and divisions: `X-Api-Key`, `apiKey` and `api_key` differ in nothing else.
fn folded(name: &str) -> String {
    if name.is_ascii() {
        return name.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| char::from(byte.to_ascii_lowercase())).collect();
    }
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn read_pointer(pointer: &str) -> Result<Vec<String>, RuleFault> {
    let steps = pointer.strip_prefix('/').ok_or_else(|| RuleFault::Pointer(pointer.to_owned()))?;
    Ok(steps.split('/').map(|step| step.replace("~1", "/").replace("~0", "~")).collect())
}

fn read_pattern(pattern: &str) -> Result<Regex, RuleFault> {
    let read = regex::RegexBuilder::new(pattern).size_limit(PATTERN_BYTES_MAX).build();
    read.map_err(|error| RuleFault::Pattern { pattern: pattern.to_owned(), text: last_line(&error.to_string()) })
}

fn set_of(patterns: &[Pattern]) -> Result<RegexSet, RuleFault> {
    let set = RegexSet::new(patterns.iter().map(|pattern| pattern.regex.as_str()));
    set.map_err(|error| RuleFault::Pattern { pattern: "all together".into(), text: last_line(&error.to_string()) })
}

/// The words of a fault without the drawing above them.
fn last_line(text: &str) -> String {
    text.lines().last().unwrap_or(text).trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests;
