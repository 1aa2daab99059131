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
    findings.extend(config.unready.iter().map(|unready| Finding::warn(AREA, &unready.text, &unready.next)));
    for source in config.sources.values() {
        for weakness in source.weaknesses() {
            let text = format!("source `{}` proves little: {weakness}", source.name);
            findings.push(Finding::warn(AREA, text, "use a signature, a token or a certificate if the sender can"));
        }
    }
    findings
}
