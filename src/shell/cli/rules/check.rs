//! `watchbell rules check`

use crate::domain::instant::NaiveDate;
use crate::domain::law::lint::stale_reviews;
use crate::domain::law::{PackFault, Rulebook};
use crate::shell::cli::Outcome;
use crate::shell::cli::exit::Exit;
use crate::shell::cli::law_source::LawSource;
use crate::shell::cli::output::{Output, counted, print_json, print_text};
use crate::shell::{rulebook, wall_clock};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;

/// Every fault of every file of the rules, at once, each with its file, line and what to do.
///
/// Exit code 3 when there is a fault; a calendar that ends before a clock started today may end is one. A pack nobody
/// has reviewed for long is a warning.
#[derive(Debug, Args)]
pub struct Check {
    /// A folder of rules to lay over the built-in ones; those of the configuration without it
    dir: Option<PathBuf>,
    /// After how many days a review is stale
    #[arg(long, value_name = "DAYS", default_value_t = 365)]
    stale_after: i64,
    /// The day reviews and holidays are judged on; today without it
    #[arg(long, value_name = "DATE")]
    as_of: Option<NaiveDate>,
    #[command(flatten)]
    law: LawSource,
}

#[derive(Serialize)]
struct FaultView<'a> {
    severity: &'static str,
    file: &'a str,
    line: Option<usize>,
    column: Option<usize>,
    text: &'a str,
    hint: Option<&'a str>,
}

impl Check {
    pub fn run(self, output: Output) -> Outcome {
        let today = self.as_of.unwrap_or_else(|| wall_clock::now().date_naive());
        let (book, faults) = Rulebook::load_as_of(&self.law.over(self.dir).texts()?, today);
        let stale = stale_reviews(&book, today, self.stale_after);
        match output {
            Output::Json => {
                let faults = faults.iter().map(|fault| FaultView::of(fault, "error", &book));
                print_json(&faults.chain(stale.iter().map(|fault| FaultView::of(fault, "warning", &book))).collect::<Vec<_>>())?;
            }
            Output::Text => print_text(&told(&faults, &stale, &book))?,
        }
        Ok(if faults.is_empty() { Exit::Done } else { Exit::Faults })
    }
}

fn told(faults: &[PackFault], stale: &[PackFault], book: &Rulebook) -> String {
    let mut text = String::new();
    for warning in stale {
        let hint = warning.hint.iter().map(|hint| format!("\nhint: {hint}")).collect::<String>();
        text.push_str(&format!("warning: {}: {}{hint}\n\n", warning.file, warning.text));
    }
    let duties = counted(book.duties().count(), "duty").replace("dutys", "duties");
    text.push_str(&match faults {
        [] => format!("no fault in {}, {duties}", counted(book.packs.len(), "pack")),
        faults => rulebook::render(faults, &book.sources),
    });
    text
}

impl<'a> FaultView<'a> {
    fn of(fault: &'a PackFault, severity: &'static str, book: &Rulebook) -> Self {
        let before = fault.span.as_ref().and_then(|span| book.sources.get(&fault.file)?.get(..span.start));
        Self {
            severity,
            file: &fault.file,
            line: before.map(|before| before.matches('\n').count() + 1),
            column: before.map(|before| before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1),
            text: &fault.text,
            hint: fault.hint.as_deref(),
        }
    }
}
