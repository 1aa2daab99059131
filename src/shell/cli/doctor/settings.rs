//! Settings that are allowed and leave the house worse off than it may think.

use super::Finding;
use crate::shell::config::{Config, May};

const AREA: &str = "config";

pub fn look(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    if config.public_url.is_none() {
        let text = "alerts carry no link, for `public_url` is not set";
        findings.push(Finding::warn(AREA, text, "set `public_url` under [server] to the address people reach the daemon at"));
    }
    if !config.people.iter().any(|person| person.may.contains(&May::Act)) {
        let text = "nobody may answer questions or acknowledge clocks";
        findings.push(Finding::warn(AREA, text, "give at least one [[person]] `may = [\"read\", \"act\"]`"));
    }
    let of_people = config.people.iter().map(|person| (format!("person `{}`", person.name), person.tokens.as_slice()));
    let of_sources = config.sources.values().map(|source| (format!("source `{}`", source.name), source.tokens()));
    for (whose, tokens) in of_people.chain(of_sources) {
        if tokens.iter().any(|token| is_placeholder(&token.to_hex())) {
            let text = format!("{whose} has the example's placeholder for a token");
            findings.push(Finding::warn(AREA, text, "make one with `watchbell token` and put its SHA-256 there"));
        }
    }
    for source in config.sources.values() {
        for weakness in source.weaknesses() {
            let text = format!("source `{}` proves little: {weakness}", source.name);
            findings.push(Finding::warn(AREA, text, "use a signature, a token or a certificate if the sender can"));
        }
    }
    findings
}

/// 64 times the same digit is nobody's digest.
fn is_placeholder(hex: &str) -> bool {
    let mut digits = hex.chars();
    digits.next().is_some_and(|first| digits.all(|digit| digit == first))
}
