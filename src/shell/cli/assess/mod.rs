//! `watchbell assess`

mod lines;
pub mod text;

use super::Outcome;
use super::exit::Exit;
use super::instant_arg::instant;
use super::law_source::LawSource;
use super::output::{Output, counted};
use crate::domain::ids::PackId;
use crate::domain::instant::{Instant, Zone};
use crate::domain::law::what_if::Inquiry;
use crate::domain::law::{Pack, Rulebook};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use lines::{Line, Lines};
use std::error::Error;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

/// Facts in, duties and deadlines out; nothing is stored and no daemon is needed.
///
/// Reads one JSON object a line: {"id": …, "at": …, "facts": {…}}, or the facts alone. Writes one JSON object a
/// line, in the same order, unless `-o text` is given. A line that is not understood is told on standard error, with its
/// number, and does not stop the rest; the exit code is then 3. It is 3 too when the facts name a place, or bring in a regime of a
/// sector, that no pack in use covers: what is owed there is not known here, and each is named with what is known of it.
#[derive(Debug, Args)]
#[command(after_help = r#"Examples:
  echo '{"breach.suspected": true, "organisation.roles": ["controller"], "organisation.places": ["DE"]}' | watchbell assess -o text
  watchbell assess --at 2026-11-21T12:00:00Z incidents.jsonl > duties.jsonl
  watchbell assess --with eu-omnibus incidents.jsonl | jq -c .changes      what a proposal would change

`watchbell facts` lists the facts."#)]
pub struct Assess {
    /// Facts, one JSON object a line; standard input without it
    file: Option<PathBuf>,
    /// When to judge, where a line does not say it itself: RFC 3339 with an offset, or `now`
    #[arg(long, value_name = "INSTANT", default_value = "now", value_parser = instant)]
    at: Instant,
    /// Try this pack as well, and say what it would change; also one that is not enabled
    #[arg(long = "with", value_name = "PACK")]
    packs: Vec<String>,
    /// The organisation's principal zone, where the facts do not say `organisation.zone`
    #[arg(long, value_name = "ZONE", value_parser = zone)]
    org_zone: Option<Zone>,
    /// Show also the duties that are not owed or do not bind, with the ground
    #[arg(long)]
    all: bool,
    /// Write how each deadline was found, step by step
    #[arg(long)]
    derive: bool,
    #[command(flatten)]
    law: LawSource,
}

fn zone(name: &str) -> Result<Zone, String> {
    Zone::named(name).ok_or_else(|| format!("no time zone `{name}`; use an IANA name such as `Europe/Berlin`"))
}

impl Assess {
    pub fn run(self, output: Option<Output>) -> Outcome {
        let (_, rulebook) = self.law.read()?;
        let mut inquiry = Inquiry::of(&rulebook, self.at).trying(named(&rulebook, &self.packs)?);
        inquiry.zone = self.org_zone;
        inquiry.all = self.all;
        inquiry.derived = self.derive || output == Some(Output::Text);
        let (input, bar) = open(self.file.as_deref())?;
        let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
        match answer_all(&inquiry, output.unwrap_or(Output::Json), input, &bar, &mut out) {
            // A reader such as `head` that has seen enough is no fault.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Done),
            outcome => Ok(outcome?),
        }
    }
}

/// The packs of these names, or the first name there is no pack of.
fn named<'r>(rulebook: &'r Rulebook, names: &[String]) -> Result<Vec<&'r Pack>, Box<dyn Error + Send + Sync>> {
    let pack = |name: &String| {
        rulebook.pack(&PackId::from(name.as_str())).ok_or_else(|| {
            let known: Vec<&str> = rulebook.packs.iter().map(|pack| pack.head.id.as_str()).collect();
            format!("no pack `{name}`\nhint: there are {}", known.join(", ")).into()
        })
    };
    names.iter().map(pack).collect()
}

/// The input, and a bar on standard error that shows how far it is; hidden where that is no terminal.
fn open(file: Option<&Path>) -> Result<(Box<dyn Read>, ProgressBar), Box<dyn Error + Send + Sync>> {
    let Some(path) = file.filter(|path| path.as_os_str() != "-") else {
        return Ok((Box::new(io::stdin().lock()), ProgressBar::hidden()));
    };
    let unread = |error: io::Error| format!("cannot read `{}`: {error}", path.display());
    let file = File::open(path).map_err(unread)?;
    let length = file.metadata().map_err(unread)?.len();
    let style = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {eta}").expect("a valid template");
    Ok((Box::new(file), ProgressBar::new(length).with_style(style)))
}

fn answer_all(
    inquiry: &Inquiry<'_>,
    output: Output,
    input: impl Read,
    bar: &ProgressBar,
    out: &mut impl Write,
) -> io::Result<Exit> {
    let mut lines = Lines::of(BufReader::with_capacity(1 << 16, input));
    let (mut asked, mut refused, mut uncovered) = (0, 0, 0);
    let mut written = Vec::new();
    loop {
        // What is answered is not held back while the next line has not come.
        if lines.would_wait() {
            out.flush()?;
        }
        let (number, line) = match lines.next()? {
            Line::End => break,
            Line::Text(_, line) if line.trim().is_empty() => continue,
            Line::Text(number, line) => (number, line),
            Line::Unreadable(number, why) => {
                (asked, refused) = (asked + 1, refused + 1);
                bar.suspend(|| eprintln!("error: line {number}: {why}"));
                continue;
            }
        };
        asked += 1;
        match inquiry.read(line) {
            Ok(question) => {
                let answer = inquiry.answer(&question);
                uncovered += usize::from(answer.leaves_uncovered());
                written.clear();
                match output {
                    Output::Json => answer.write_json(&mut written),
                    Output::Text => written.extend(super::output::harmless_text(&text::answer(&answer)).into_bytes()),
                }
                written.push(b'\n');
                out.write_all(&written)?;
            }
            Err(faults) => {
                refused += 1;
                bar.suspend(|| faults.iter().for_each(|fault| eprintln!("error: line {number}: {fault}")));
            }
        }
        if asked % 1024 == 0 {
            bar.set_position(lines.read_bytes());
        }
    }
    out.flush()?;
    bar.finish_and_clear();
    if uncovered > 0 {
        eprintln!("{uncovered} of {} bring in places or regimes that no pack in use covers", counted(asked, "line"));
    }
    if refused > 0 {
        eprintln!("{refused} of {} not understood", counted(asked, "line"));
    }
    Ok(if refused == 0 && uncovered == 0 { Exit::Done } else { Exit::Faults })
}
