//! Whether the enabled packs cover the places and sectors of the organisations.

use super::Finding;
use crate::domain::instant::Instant;
use crate::shell::cli::border;
use crate::shell::config::Config;

const AREA: &str = "border";
const ASK: &str =
    "ask counsel, and put the answer into a [[counsel]] with `says`, `by`, `on` and `until`; or set what is not set";

pub fn look(config: &Config, now: Instant) -> Vec<Finding> {
    let lines: Vec<String> = border::of(config, now).iter().flat_map(border::OfOrganisation::lines).collect();
    let mut findings: Vec<Finding> = lines.into_iter().map(|line| Finding::warn(AREA, line, ASK)).collect();
    let again = "ask counsel again, and give the word a new day";
    findings.extend(border::lapsed(config, now).into_iter().map(|line| Finding::warn(AREA, line, again)));
    if findings.is_empty() {
        findings
            .push(Finding::ok(AREA, "a pack in use, or a word of counsel, covers every place and sector the organisations name"));
    }
    findings
}
