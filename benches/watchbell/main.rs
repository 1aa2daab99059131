//! What Watchbell does in a second, measured in one run: `cargo bench --bench watchbell`.
//!
//! Every server is a process of its own; the load comes from this one, which therefore shares the
//! machine's cores with what it measures. Figures that are compared are taken in turn, round by
//! round, and the median is shown. The table at the end is for the README.
//!
//! `cargo bench --bench watchbell -- post crowd store start assess ring idle` takes some of the parts; `quick`
//! makes all of them short.

mod alert;
mod assess;
mod bare;
mod crowd;
mod idle;
mod load;
mod machine;
mod opening;
mod post;
mod process;
mod report;
mod ring;
mod start;
mod store;

use report::Report;

/// What was asked for on the command line.
pub struct Plan {
    /// Shorter rounds and fewer clocks.
    quick: bool,
    parts: Vec<String>,
}

impl Plan {
    fn includes(&self, part: &str) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|wanted| wanted == part)
    }
}

fn main() {
    // `cargo bench` adds `--bench`; other flags mean nothing here.
    let (words, _): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|word| !word.starts_with("--"));
    if words.first().is_some_and(|word| word == bare::COMMAND) {
        bare::serve(&words[1]);
        return;
    }
    let quick = words.iter().any(|word| word == "quick");
    let plan = Plan { quick, parts: words.into_iter().filter(|word| word != "quick").collect() };
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder beside the build");
    let mut report = Report::new(machine::in_words(folder.path()));
    if plan.includes("post") {
        post::measure(&plan, folder.path(), &mut report);
    }
    if plan.includes("crowd") {
        crowd::measure(&plan, folder.path(), &mut report);
    }
    if plan.includes("store") {
        store::measure(&plan, folder.path(), &mut report);
    }
    if plan.includes("assess") {
        assess::measure(&plan, folder.path(), &mut report);
    }
    if plan.includes("start") {
        start::measure(&plan, folder.path(), &mut report);
    }
    if plan.includes("ring") {
        ring::measure(&plan, folder.path(), &mut report);
    }
    if plan.includes("idle") {
        idle::measure(&plan, folder.path(), &mut report);
    }
    println!("{report}");
}
