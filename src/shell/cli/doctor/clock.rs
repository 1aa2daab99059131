//! Whether this machine's clock can be believed. Nobody can tell for sure from inside; what contradicts it is found.

use super::Finding;
use crate::domain::instant::{Duration, Instant, Zone};
use crate::shell::config::Config;
use std::fs;
use std::path::Path;

const AREA: &str = "clock";
/// What file times may be off by.
const SKEW: Duration = Duration::minutes(2);
const TIMESYNCD_SAYS_SO: &str = "/run/systemd/timesync/synchronized";

pub fn look(config: &Config, now: Instant) -> Vec<Finding> {
    let next = "set the clock and keep it in step with NTP; deadlines are counted by it";
    let shown = Zone::UTC.in_words(now - Duration::nanoseconds(i64::from(now.timestamp_subsec_nanos())));
    let mut findings = Vec::new();
    let rulebook = &config.rules.rulebook;
    if let Some(reviewed) = rulebook.packs.iter().map(|pack| pack.head.reviewed).max().filter(|date| *date > now.date_naive()) {
        findings.push(Finding::fail(AREA, format!("it shows {shown}, but the rules were reviewed on {reviewed}"), next));
    }
    if let Some(written) = last_written(&config.store.join("journal")).filter(|written| *written > now + SKEW) {
        let text = format!(
            "it shows {shown}, but the journal was last written at {}: it has been set back",
            Zone::UTC.in_words(written)
        );
        findings.push(Finding::fail(AREA, text, next));
    }
    if findings.is_empty() {
        let kept = if Path::new(TIMESYNCD_SAYS_SO).exists() {
            "systemd-timesyncd keeps it in step"
        } else {
            "whether something keeps it in step cannot be seen from here; `timedatectl` or `chronyc tracking` tells"
        };
        findings.push(Finding::ok(AREA, format!("it shows {shown}, and nothing contradicts it; {kept}")));
    }
    findings
}

fn last_written(journal: &Path) -> Option<Instant> {
    let files = fs::read_dir(journal).ok()?.flatten();
    files.filter_map(|file| file.metadata().ok()?.modified().ok()).max().map(Instant::from)
}
