//! `watchbell doctor`: looks over everything the daemon depends on, and changes nothing.

mod border;
mod channels;
mod clock;
mod permissions;
mod rules;
mod settings;
mod store;
mod zones;

use super::exit::Exit;
use super::output::{Output, counted, print_json, print_text};
use super::{Outcome, check_config, default_config};
use crate::shell::config::{self, ConfigFault};
use crate::shell::{rulebook, wall_clock};
use clap::Args;
use serde::Serialize;
use std::fmt::Write;
use std::path::PathBuf;

/// Look over everything the daemon depends on, and say what to do.
///
/// Configuration, rules, zones, channels, store, clock, secrets. Run it as the daemon's user. It connects to every channel but hands nothing over, and may be run beside a
/// daemon. Exit code 3 says that something has failed; warnings alone do not.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell doctor
  watchbell doctor --config /etc/watchbell/watchbell.toml
  watchbell doctor -o json | jq '.[] | select(.level != \"ok\")'")]
pub struct Doctor {
    /// The configuration file
    #[arg(long, default_value_os_t = default_config(), env = "WATCHBELL_CONFIG", value_name = "FILE")]
    config: PathBuf,
    /// Where the system keeps its time zones
    #[arg(long, default_value = "/usr/share/zoneinfo", value_name = "DIR")]
    zoneinfo: PathBuf,
}

/// How well something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Level {
    Ok,
    /// It works, and will bite one day.
    Warn,
    /// It does not work.
    Fail,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Finding {
    level: Level,
    /// What was looked at, such as `store`.
    area: &'static str,
    /// What was found.
    text: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl Finding {
    fn ok(area: &'static str, text: impl Into<String>) -> Self {
        Self { level: Level::Ok, area, text: text.into(), next: None }
    }

    fn warn(area: &'static str, text: impl Into<String>, next: impl Into<String>) -> Self {
        Self { level: Level::Warn, area, text: text.into(), next: Some(next.into()) }
    }

    fn fail(area: &'static str, text: impl Into<String>, next: impl Into<String>) -> Self {
        Self { level: Level::Fail, area, text: text.into(), next: Some(next.into()) }
    }
}

impl Doctor {
    pub async fn run(self, output: Output) -> Outcome {
        let findings = self.findings().await;
        match output {
            Output::Json => print_json(&findings)?,
            Output::Text => print_text(&text(&findings))?,
        }
        let count = |level| findings.iter().filter(|finding| finding.level == level).count();
        let (warnings, failures) = (count(Level::Warn), count(Level::Fail));
        eprintln!("{} ok, {}, {}", count(Level::Ok), counted(warnings, "warning"), counted(failures, "failure"));
        Ok(if failures == 0 { Exit::Done } else { Exit::Faults })
    }

    async fn findings(&self) -> Vec<Finding> {
        let now = wall_clock::now();
        let config = match config::read(&self.config, &config::environment(), now) {
            Ok(config) => config,
            Err(fault) => return without_config(&fault),
        };
        let mut findings = vec![Finding::ok("config", check_config::summary(&config))];
        findings.extend(settings::look(&config));
        findings.extend(permissions::look(&config));
        findings.extend(rules::look(&config.rules.rulebook, now));
        findings.extend(border::look(&config, now));
        findings.extend(zones::look(&zones::of(&config), &self.zoneinfo, now));
        findings.extend(clock::look(&config, now));
        findings.extend(store::look(&config));
        findings.extend(channels::look(&config).await);
        findings
    }
}

/// Without a configuration only the built-in rules can be looked at.
fn without_config(fault: &ConfigFault) -> Vec<Finding> {
    let text = fault.to_string();
    let (text, hint) =
        text.split_once("\nhint: ").unwrap_or((text.as_str(), "mend what is named; `watchbell check-config` reads it again"));
    let mut findings = vec![Finding::fail("config", text, hint)];
    findings.push(match rulebook::load(None) {
        Ok(book) => Finding::ok("rules", format!("the built-in rules are in order: {}", counted(book.packs.len(), "pack"))),
        Err(fault) => Finding::fail("rules", fault.to_string(), "install an unbroken binary"),
    });
    findings
}

fn text(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let level = match finding.level {
            Level::Ok => "ok",
            Level::Warn => "warn",
            Level::Fail => "FAIL",
        };
        let mut lines = finding.text.lines();
        let _ = writeln!(text, "{level:<5} {:<9} {}", finding.area, lines.next().unwrap_or_default());
        lines.for_each(|line| _ = writeln!(text, "{:16}{line}", ""));
        finding.next.iter().for_each(|next| _ = writeln!(text, "{:16}next: {next}", ""));
    }
    text
}
