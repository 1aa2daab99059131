//! What a configuration still has from an example, and what would let strangers listen: it can be run, and is not in order.

use super::raw::RawConfig;
use super::{Reader, Unready};
use crate::domain::law::PackFault;
use toml::Value;

/// Domains that are kept for documentation (RFC 2606), so that nobody reads there.
const DOMAINS: [&str; 3] = ["example.com", "example.net", "example.org"];
/// Top-level domains that are kept for documentation and tests (RFC 2606).
const TOP_LEVEL: [&str; 3] = ["example", "invalid", "test"];
/// How many hexadecimal digits a SHA-256 has.
const DIGEST_DIGITS: usize = 64;
/// The longest group of digits whose repetition is nobody's digest, such as `deadbeef`.
const REPEATED_MAX: usize = 16;
/// The digest of nothing at all.
const OF_NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

impl Reader<'_> {
    /// Everything of the kind, in the order of the file.
    pub(super) fn unready(&self, raw: &RawConfig, table: &toml::Table) -> Vec<Unready> {
        let mut found: Vec<PackFault> = Vec::new();
        for (key, value) in table {
            self.leftovers(key, "", value, &mut found);
        }
        let listen = raw.server.listen;
        if !listen.ip().is_loopback() && raw.server.tls.is_none() && raw.server.trusted_proxies.is_empty() {
            let text = format!("`listen` is {listen}, and tokens and facts go there unencrypted");
            let hint =
                "set [server.tls]; or listen on 127.0.0.1 behind a proxy that speaks TLS; or name the proxy in `trusted_proxies`";
            found.push(PackFault::at_word(self.file, self.text, &listen.to_string(), text).hint(hint));
        }
        found.sort_by_key(|fault| fault.span.as_ref().map_or(usize::MAX, |span| span.start));
        let unready =
            |fault: PackFault| Unready { shown: fault.render(self.text), text: fault.text, next: fault.hint.unwrap_or_default() };
        found.into_iter().map(unready).collect()
    }

    fn leftovers(&self, key: &str, whose: &str, value: &Value, found: &mut Vec<PackFault>) {
        match value {
            Value::String(text) => found.extend(self.leftover(whose, text)),
            Value::Array(values) => values.iter().for_each(|value| self.leftovers(key, whose, value, found)),
            Value::Table(table) => {
                let name = ["name", "id"].iter().find_map(|name| table.get(*name)?.as_str());
                let named = name.map(|name| format!("{key} `{name}`"));
                let whose = named.as_deref().unwrap_or(whose);
                table.iter().for_each(|(key, value)| self.leftovers(key, whose, value, found));
            }
            _ => {}
        }
    }

    fn leftover(&self, whose: &str, text: &str) -> Option<PackFault> {
        let whose = if whose.is_empty() { "the configuration" } else { whose };
        let fault = |says: String| PackFault::at_word(self.file, self.text, text, says);
        if is_placeholder_digest(text) {
            let says = format!("{whose} has the example's placeholder for a token");
            return Some(fault(says).hint("make one with `watchbell token` and put its SHA-256 there"));
        }
        let domain = documentation_domain(text)?;
        let says = format!("{whose} has `{text}`; `{domain}` is kept for examples, and nobody reads there");
        Some(fault(says).hint("put an address of your own there"))
    }
}

/// A digest that nobody's token has: a repeated group of digits, or that of no token at all.
fn is_placeholder_digest(text: &str) -> bool {
    if text.len() != DIGEST_DIGITS || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return false;
    }
    let text = text.to_ascii_lowercase();
    let repeats = |length: usize| text.get(..length).is_some_and(|group| text == group.repeat(DIGEST_DIGITS / length));
    text == OF_NOTHING || (1..=REPEATED_MAX).filter(|length| DIGEST_DIGITS.is_multiple_of(*length)).any(repeats)
}

/// The domain in a text that is kept for examples, if there is one.
fn documentation_domain(text: &str) -> Option<String> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    let mut at = 0;
    for word in text.split(|c: char| !is_of_name(c)) {
        let start = at + text.get(at..)?.find(word)?;
        at = start + word.len();
        let name = word.trim_matches('.').to_ascii_lowercase();
        let ends_with = |domain: &&&str| name == **domain || name.ends_with(&format!(".{domain}"));
        if let Some(domain) = DOMAINS.iter().find(ends_with) {
            return Some((*domain).to_owned());
        }
        // A file may be called so; an address has something before it.
        let before = text.get(..start).unwrap_or_default();
        let is_address = before.ends_with('@') || before.ends_with("://");
        if is_address && let Some((_, top)) = name.rsplit_once('.').filter(|(_, top)| TOP_LEVEL.contains(top)) {
            return Some(format!(".{top}"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_are_kept_for_examples_are_told_from_real_ones() {
        for text in [
            "soc@example.org",
            "smtp.example.org",
            "https://watchbell.Example.COM/x",
            "Watchbell <watchbell@mail.example.net>",
            "dpo@mercy.example.org, +1 555 0100",
            "https://hooks.acme.example/in",
            "ops@acme.invalid",
        ] {
            assert!(documentation_domain(text).is_some(), "{text}");
        }
        for text in [
            "soc@counterexample.org",
            "example.org.acme.net",
            "keys/siem.test",
            "config.example",
            "https://hooks.acme.io",
            "example",
        ] {
            assert_eq!(documentation_domain(text), None, "{text}");
        }
    }

    #[test]
    fn digests_that_nobodys_token_has_are_told_from_real_ones() {
        for text in ["0".repeat(64), "1".repeat(64), "DeadBeef".repeat(8), "0123456789abcdef".repeat(4), OF_NOTHING.to_owned()] {
            assert!(is_placeholder_digest(&text), "{text}");
        }
        for text in ["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "0000", ""] {
            assert!(!is_placeholder_digest(text), "{text}");
        }
    }
}
