//! `watchbell rules test`

use crate::domain::ids::PackId;
use crate::domain::law::Rulebook;
use crate::domain::law::cases::{self, CaseOutcome};
use crate::domain::law::coverage::{Coverage, coverage};
use crate::shell::cli::Outcome;
use crate::shell::cli::exit::Exit;
use crate::shell::cli::law_source::LawSource;
use crate::shell::cli::output::{Output, print_json, print_text};
use clap::Args;
use serde::Serialize;
use std::fmt::Write;
use std::path::PathBuf;

/// Run the worked cases of the packs, and show what differs.
///
/// Exit code 3 when a case failed or, with --coverage, when no case reaches a turn of a duty.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell rules test                           every case of every pack
  watchbell rules test ./my-rules --pack us-hipaa
  watchbell rules test --coverage                also what no case proves")]
pub struct Test {
    /// A folder of rules to lay over the built-in ones; those of the configuration without it
    dir: Option<PathBuf>,
    /// Only this pack's cases
    #[arg(long, value_name = "PACK")]
    pack: Option<String>,
    /// Say also which turns of a duty no case takes: binding or not, arising or not, each exception, each due case
    #[arg(long)]
    coverage: bool,
    #[command(flatten)]
    law: LawSource,
}

#[derive(Serialize)]
struct TestView<'a> {
    passed: usize,
    failed: Vec<&'a CaseOutcome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    coverage: Option<Coverage>,
}

impl Test {
    pub fn run(self, output: Output) -> Outcome {
        let (_, rulebook) = self.law.over(self.dir).read()?;
        let pack = self.pack.as_deref().map(PackId::from);
        if let Some(pack) = &pack {
            known(pack, &rulebook)?;
        }
        let wanted = |of: &PackId| pack.as_ref().is_none_or(|pack| pack == of);
        let outcomes: Vec<CaseOutcome> = cases::run(&rulebook).into_iter().filter(|outcome| wanted(&outcome.pack)).collect();
        let failed: Vec<&CaseOutcome> = outcomes.iter().filter(|outcome| !outcome.failures.is_empty()).collect();
        let coverage = self.coverage.then(|| {
            let mut coverage = coverage(&rulebook);
            coverage.unreached.retain(|unreached| wanted(&unreached.pack));
            coverage
        });
        let sound = failed.is_empty() && coverage.as_ref().is_none_or(|coverage| coverage.unreached.is_empty());
        let view = TestView { passed: outcomes.len() - failed.len(), failed, coverage };
        match output {
            Output::Json => print_json(&view)?,
            Output::Text => print_text(&told(&view))?,
        }
        Ok(if sound { Exit::Done } else { Exit::Faults })
    }
}

/// Refuses a pack that is not there, rather than passing none of its cases.
fn known(pack: &PackId, rulebook: &Rulebook) -> Result<(), String> {
    match rulebook.pack(pack) {
        Some(_) => Ok(()),
        None => {
            let packs: Vec<&str> = rulebook.packs.iter().map(|pack| pack.head.id.as_str()).collect();
            Err(format!("no pack `{pack}`\nhint: there are {}", packs.join(", ")))
        }
    }
}

fn told(view: &TestView<'_>) -> String {
    let mut text = String::new();
    for case in &view.failed {
        let _ = writeln!(text, "FAILED {}: {}", case.pack, case.name.replace('_', " "));
        let _ = writeln!(text, "  expected by {}", case.source);
        for failure in &case.failures {
            let _ = writeln!(text, "  {failure}");
        }
        text.push('\n');
    }
    if let Some(coverage) = &view.coverage {
        for unreached in &coverage.unreached {
            let _ = writeln!(text, "{}: no case shows that {}", unreached.duty, unreached.turn);
        }
        let _ = writeln!(text, "{} of {} turns reached", coverage.turns - coverage.unreached.len(), coverage.turns);
    }
    let _ = write!(text, "{} passed, {} failed", view.passed, view.failed.len());
    text
}
