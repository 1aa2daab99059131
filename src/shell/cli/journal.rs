//! `watchbell journal verify|reindex`: the record, without the daemon.

use super::Outcome;
use super::exit::Exit;
use super::output::{Output, counted, print_json, print_text};
use crate::domain::ids::IncidentId;
use crate::domain::journal::Head;
use crate::shell::store::StoreError;
use crate::shell::store::embedded::{Options, Verification, reindex, verify};
use clap::{Args, Subcommand};
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The record: check it, or make its index anew.
#[derive(Debug, Args)]
pub struct Journal {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Read the whole journal and check every frame, every sequence and every link
    ///
    /// Changes nothing and may be run beside a daemon. Exit code 3 says that the record is damaged.
    Verify(Verify),
    /// Make the index anew from the journal; the daemon must be stopped
    Reindex(Reindex),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell journal verify --store /var/lib/watchbell
  watchbell journal verify --store /mnt/copy-of-the-store -o json > verified.json

The digest covers the heads of all chains: two copies with the same digest hold the same record.
Keep it where the keeper of the record cannot change it; -o json lists the heads to compare with.")]
struct Verify {
    /// The folder of the store, as `path` under [store]
    #[arg(long, value_name = "DIR")]
    store: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  systemctl stop watchbell && watchbell journal reindex --store /var/lib/watchbell")]
struct Reindex {
    /// The folder of the store, as `path` under [store]
    #[arg(long, value_name = "DIR")]
    store: PathBuf,
}

impl Journal {
    pub fn run(self, output: Output) -> Outcome {
        match self.verb {
            Verb::Verify(verify) => verify.run(output),
            Verb::Reindex(reindex) => reindex.run(output),
        }
    }
}

/// Whether a folder is a store's.
pub fn must_be_there(store: &Path) -> Result<(), String> {
    let there = store.join("journal").is_dir();
    let text =
        || format!("there is no store in `{}`\nhint: --store takes the folder that `path` under [store] names", store.display());
    if there { Ok(()) } else { Err(text()) }
}

impl Verify {
    fn run(self, output: Output) -> Outcome {
        must_be_there(&self.store)?;
        let found = verify(&self.store)?;
        match output {
            Output::Json => print_json(&as_json(&found))?,
            Output::Text => print_text(&text(&found))?,
        }
        match found.fault {
            None => Ok(Exit::Done),
            Some(fault) => {
                super::complain(&fault);
                Ok(Exit::Faults)
            }
        }
    }
}

fn text(found: &Verification) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: String| _ = writeln!(text, "{name:<12} {value}");
    line("segments", found.segments.to_string());
    line("read", format!("{} bytes ({})", found.bytes, HumanBytes(found.bytes)));
    line("envelopes", found.envelopes.to_string());
    line("chains", found.heads.len().to_string());
    line("heads", format!("sha256:{}", heads_digest(&found.heads)));
    if let Some(torn) = &found.torn {
        let place = format!("{} at offset {}", torn.file, torn.offset);
        line(
            "tail",
            format!("{} unfinished in {place}: a crash, or a writer at work; harmless", counted(to_usize(torn.bytes), "byte")),
        );
    }
    match &found.fault {
        None => line("result", "whole: every frame, sequence and link holds".into()),
        Some(_) => line("result", "DAMAGED; what is behind the first fault was not read".into()),
    }
    text
}

fn to_usize(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

fn as_json(found: &Verification) -> serde_json::Value {
    let heads = found.heads.iter().map(|(stream, head)| json!({ "chain": stream, "seq": head.seq, "sha256": hex(&head.hash) }));
    let fault = found.fault.as_ref().map(|fault| match fault {
        StoreError::Damaged { file, offset, what } => json!({ "file": file, "offset": offset, "what": what }),
        other => json!({ "what": other.to_string() }),
    });
    json!({
        "whole": found.fault.is_none(),
        "segments": found.segments,
        "bytes": found.bytes,
        "envelopes": found.envelopes,
        "heads_sha256": heads_digest(&found.heads),
        "heads": heads.collect::<Vec<_>>(),
        "torn": found.torn.as_ref().map(|torn| json!({ "file": torn.file, "offset": torn.offset, "bytes": torn.bytes })),
        "fault": fault,
    })
}

/// SHA-256 over a line `<chain> <seq> <hash>` for each chain, in the order of names.
fn heads_digest(heads: &BTreeMap<IncidentId, Head>) -> String {
    let mut hash = Sha256::new();
    for (stream, head) in heads {
        hash.update(format!("{stream} {} {}\n", head.seq, hex(&head.hash)));
    }
    hex(&hash.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Reindex {
    fn run(self, output: Output) -> Outcome {
        must_be_there(&self.store)?;
        let bar = progress_bar();
        let mut progress = |done: u64, total: u64| {
            bar.set_length(total);
            bar.set_position(done);
        };
        let recovery = reindex(&self.store, Options::default(), &mut progress);
        bar.finish_and_clear();
        let recovery = recovery?;
        match output {
            Output::Json => {
                print_json(&json!({ "replayed": recovery.replayed, "cut": recovery.cut.as_ref().map(|cut| &cut.file) }))?
            }
            Output::Text => {
                let mut text = format!("the index is made anew from {}\n", counted(to_usize(recovery.replayed), "envelope"));
                if let Some(cut) = recovery.cut {
                    let _ = writeln!(
                        text,
                        "an unfinished tail of {} was cut from {}; none of it was acknowledged",
                        counted(to_usize(cut.bytes), "byte"),
                        cut.file
                    );
                }
                print_text(&text)?;
            }
        }
        Ok(Exit::Done)
    }
}

/// A bar on standard error while an index is made; nothing where that is no terminal.
pub fn progress_bar() -> ProgressBar {
    let style = ProgressStyle::with_template("rebuilding the index {bar:40} {bytes}/{total_bytes} {eta}");
    ProgressBar::no_length().with_style(style.expect("a valid template"))
}
