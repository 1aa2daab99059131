//! Places in a payload: JSON Pointer (RFC 6901), with `*` for every element of a list and
//! `root:` for the payload before its envelope was taken off.

use serde_json::Value as Json;

const TOKENS_MAX: usize = 32;
const FOUND_MAX: usize = 1000;

/// A place, or with `*` several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pointer {
    /// Whether it counts from the payload as sent.
    pub(super) from_root: bool,
    tokens: Vec<Token>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Key { name: String, index: Option<usize> },
    Each,
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Found<'j> {
    pub(super) value: &'j Json,
    pub(super) path: String,
}

impl Pointer {
    /// Reads a pointer; the error says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (from_root, path) = match text.strip_prefix("root:") {
            Some(path) => (true, path),
            None => (false, text),
        };
        if path.is_empty() {
            return Ok(Self { from_root, tokens: Vec::new() });
        }
        let Some(path) = path.strip_prefix('/') else {
            return Err(format!("`{text}` is not a JSON Pointer: it must start with `/`"));
        };
        let tokens = path.split('/').map(|raw| Token::parse(raw, text)).collect::<Result<Vec<_>, _>>()?;
        if tokens.len() > TOKENS_MAX {
            return Err(format!("`{text}` has more than {TOKENS_MAX} steps"));
        }
        Ok(Self { from_root, tokens })
    }

    /// Puts a text at this place, with whatever has to stand around it. What stands there already stays.
    pub(super) fn put(&self, json: &mut Json, text: &str) {
        let mut at = json;
        for token in &self.tokens {
            let empty = at.is_null();
            at = match token {
                Token::Key { name, index } if *index != Some(0) => {
                    if empty {
                        *at = Json::Object(serde_json::Map::new());
                    }
                    let Json::Object(members) = at else { return };
                    members.entry(name.clone()).or_insert(Json::Null)
                }
                Token::Each | Token::Key { .. } => {
                    if empty {
                        *at = Json::Array(vec![Json::Null]);
                    }
                    let Some(first) = at.get_mut(0) else { return };
                    first
                }
            };
        }
        if at.is_null() {
            *at = text.into();
        }
    }

    /// The values at this place, in document order; at most a thousand.
    pub(super) fn find<'j>(&self, json: &'j Json, base: &str) -> Vec<Found<'j>> {
        if !self.tokens.contains(&Token::Each) {
            return self.find_one(json, base).into_iter().collect();
        }
        let mut found = vec![Found { value: json, path: base.to_owned() }];
        for token in &self.tokens {
            found = found.into_iter().flat_map(|at| token.step(&at)).take(FOUND_MAX).collect();
        }
        found
    }

    /// Without `*` there is at most one, and its path is spelled only if it is there.
    fn find_one<'j>(&self, json: &'j Json, base: &str) -> Option<Found<'j>> {
        let value = self.tokens.iter().try_fold(json, |json, token| token.child(json))?;
        let mut path = base.to_owned();
        for token in &self.tokens {
            if let Token::Key { name, .. } = token {
                push(&mut path, name);
            }
        }
        Some(Found { value, path })
    }
}

impl Token {
    fn parse(raw: &str, text: &str) -> Result<Self, String> {
        if raw == "*" {
            return Ok(Self::Each);
        }
        let mut name = String::with_capacity(raw.len());
        let mut rest = raw.chars();
        while let Some(c) = rest.next() {
            match (c, c == '~') {
                (c, false) => name.push(c),
                _ => match rest.next() {
                    Some('0') => name.push('~'),
                    Some('1') => name.push('/'),
                    _ => {
                        return Err(format!("`{text}` is not a JSON Pointer: `~` must be written `~0` (and `/` in a name `~1`)"));
                    }
                },
            }
        }
        let plain = name == "0" || (!name.starts_with('0') && name.bytes().all(|b| b.is_ascii_digit()));
        let index = if plain { name.parse().ok() } else { None };
        Ok(Self::Key { name, index })
    }

    fn child<'j>(&self, json: &'j Json) -> Option<&'j Json> {
        match (self, json) {
            (Self::Key { name, .. }, Json::Object(members)) => members.get(name),
            (Self::Key { index: Some(index), .. }, Json::Array(elements)) => elements.get(*index),
            _ => None,
        }
    }

    fn step<'j>(&self, at: &Found<'j>) -> Vec<Found<'j>> {
        match (self, at.value) {
            (Self::Each, Json::Array(elements)) => {
                let elements = elements.iter().take(FOUND_MAX).enumerate();
                elements.map(|(nth, value)| Found { value, path: format!("{}/{nth}", at.path) }).collect()
            }
            (Self::Each, _) => Vec::new(),
            (Self::Key { name, .. }, json) => {
                self.child(json).map(|value| Found { value, path: join(&at.path, name) }).into_iter().collect()
            }
        }
    }
}

/// A pointer one step longer.
pub(super) fn join(base: &str, name: &str) -> String {
    let mut path = String::with_capacity(base.len() + 1 + name.len());
    path.push_str(base);
    push(&mut path, name);
    path
}

fn push(path: &mut String, name: &str) {
    path.push('/');
    if name.contains(['~', '/']) {
        path.push_str(&name.replace('~', "~0").replace('/', "~1"));
    } else {
        path.push_str(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn paths(pointer: &str, json: &Json) -> Vec<String> {
        Pointer::parse(pointer).expect("a pointer").find(json, "").into_iter().map(|f| f.path).collect()
    }

    #[test]
    fn a_name_may_hold_dots_slashes_and_tildes() {
        let json = json!({"kibana.alert.uuid": 1, "a/b": {"m~n": 2}});
        assert_eq!(paths("/kibana.alert.uuid", &json), ["/kibana.alert.uuid"]);
        assert_eq!(paths("/a~1b/m~0n", &json), ["/a~1b/m~0n"]);
    }

    #[test]
    fn a_star_stands_for_every_element_and_never_for_a_key() {
        let json = json!({"a": [{"t": 1}, {"u": 2}, {"t": 3}], "*": {"t": 4}});
        assert_eq!(paths("/a/*/t", &json), ["/a/0/t", "/a/2/t"]);
        assert!(paths("/*/t", &json).is_empty());
        assert_eq!(paths("/a/2/t", &json), ["/a/2/t"]);
        assert!(paths("/a/02/t", &json).is_empty());
        assert!(paths("/a/99999999999999999999999", &json).is_empty());
    }

    #[test]
    fn a_wrong_pointer_says_what_is_wrong() {
        assert!(Pointer::parse("a/b").unwrap_err().contains("must start with `/`"));
        assert!(Pointer::parse("/a~2").unwrap_err().contains("`~0`"));
        assert!(Pointer::parse(&"/a".repeat(33)).unwrap_err().contains("more than 32 steps"));
        assert!(Pointer::parse("root:/a").unwrap().from_root);
    }
}
