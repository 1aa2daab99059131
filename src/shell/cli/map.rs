//! `watchbell map`

use super::Outcome;
use super::exit::Exit;
use super::instant_arg::instant;
use super::law_source::LawSource;
use super::output::{Output, harmless_text, print_bytes, print_json, print_text};
use crate::domain::facts::Vocabulary;
use crate::domain::ids::SourceId;
use crate::domain::ingest::{DeliveryMeta, Mapping, dry_run, event_schema, guess, other_name, read_strict};
use crate::domain::instant::Instant;
use crate::domain::law::{PackFault, PackText};
use crate::shell::wall_clock;
use clap::Args;
use std::collections::BTreeMap;
use std::error::Error;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Try a payload on a mapping and see how it would be read.
///
/// Shows what would be claimed and from where, kept as a hint, and not used. Nothing is stored and no daemon is asked. Exit code 3 says that the payload would be refused.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell map --source wazuh alert.json
  watchbell map alert.json                                  guess whose it is, and say why
  watchbell map --source ./my-product.toml alert.json       a mapping you are writing
  watchbell map --source cloudevents --header 'ce-id: 7' --header 'ce-source: /a' body.json
  curl -s https://siem.example.org/alert/7 | watchbell map --source splunk -")]
pub struct Map {
    /// A mapping by name, such as wazuh or native, or a mapping's file ending in .toml; guessed if left out
    #[arg(long, value_name = "MAPPING")]
    source: Option<String>,
    /// The payload; `-` is standard input
    #[arg(value_name = "FILE", required_unless_present = "schema")]
    payload: Option<PathBuf>,
    /// When it is taken to have come in; now unless given
    #[arg(long, value_name = "TIME", value_parser = instant)]
    at: Option<Instant>,
    /// A header it came with; may be given again
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = header)]
    headers: Vec<(String, String)>,
    /// Print the JSON Schema of the native event, with the house's own facts, and do nothing else
    #[arg(long, conflicts_with_all = ["source", "payload", "at", "headers"])]
    schema: bool,
    #[command(flatten)]
    law: LawSource,
}

type Fault = Box<dyn Error + Send + Sync>;

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("write it as `name: value`")?;
    Ok((name.trim().to_lowercase(), value.trim().to_owned()))
}

impl Map {
    pub fn run(self, output: Output) -> Outcome {
        let (texts, book) = self.law.read()?;
        let Some(payload) = self.payload.filter(|_| !self.schema) else {
            print_bytes(event_schema(&book.vocabulary).as_bytes())?;
            return Ok(Exit::Done);
        };
        // A mapping with a fault is told before a payload is waited for.
        let named = self.source.as_deref().map(|source| mapping(source, &texts)).transpose()?;
        let body = body(&payload)?;
        let headers: BTreeMap<String, String> = self.headers.into_iter().collect();
        let content_type = Some(headers.get("content-type").cloned().unwrap_or_else(|| "application/json".into()));
        let received_at = self.at.unwrap_or_else(wall_clock::now);
        let source = SourceId::from(named.as_ref().map_or("source", Mapping::name));
        let mut delivery = DeliveryMeta { source, content_type, headers, received_at };
        let mapping = match named {
            Some(mapping) => mapping,
            None => guessed(&texts, &book.vocabulary, &delivery, &body)?,
        };
        delivery.source = SourceId::from(mapping.name());
        match dry_run(&mapping, &book.vocabulary, &delivery, &body) {
            Ok(read) => {
                match output {
                    Output::Json => print_json(&read)?,
                    Output::Text => print_text(&read.to_string())?,
                }
                Ok(Exit::Done)
            }
            Err(unreadable) => {
                let (code, hint) = (unreadable.refusal.code(), unreadable.refusal.hint());
                let text = format!("error: {} would refuse it ({code}): {unreadable}", mapping.title());
                let hint = if unreadable.faults.is_empty() { format!("\nhint: {hint}") } else { String::new() };
                eprintln!("{}", harmless_text(&format!("{text}{hint}")));
                Ok(Exit::Faults)
            }
        }
    }
}

/// The mapping that fits best, with the reason on standard error.
fn guessed(texts: &[PackText], vocabulary: &Vocabulary, delivery: &DeliveryMeta, body: &[u8]) -> Result<Mapping, Fault> {
    let mappings = names(texts).into_iter().map(|name| mapping(name, texts)).collect::<Result<Vec<Mapping>, Fault>>()?;
    let all: Vec<&Mapping> = mappings.iter().collect();
    let guesses = guess(&all, vocabulary, delivery, body);
    let Some(best) = guesses.first() else {
        // Bytes that are no JSON are the same fault for every mapping.
        read_body_strictly(body)?;
        let hint = "name it with `--source`, or write a mapping of your own: rules/sources/README.md says how";
        return Err(format!("no mapping knows this payload\nhint: {hint}").into());
    };
    let mapping = mappings[best.nth].clone();
    eprintln!("no --source given; taken for {} (`--source {}`): {}", mapping.title(), mapping.name(), best.why);
    if let Some(second) = guesses.get(1) {
        eprintln!("next best is `--source {}`: {}", mappings[second.nth].name(), second.why);
    }
    Ok(mapping)
}

fn read_body_strictly(body: &[u8]) -> Result<(), Fault> {
    match read_strict(body) {
        Ok(_) => Ok(()),
        Err(unreadable) => {
            Err(format!("{unreadable} ({})\nhint: {}", unreadable.refusal.code(), unreadable.refusal.hint()).into())
        }
    }
}

/// A mapping of the rules by name, or a file.
fn mapping(source: &str, texts: &[PackText]) -> Result<Mapping, Fault> {
    let (file, text) = if source.ends_with(".toml") {
        (
            source.to_owned(),
            std::fs::read_to_string(source).map_err(|error| format!("cannot read the mapping `{source}`: {error}"))?,
        )
    } else {
        let mut paths = [Some(source), other_name(source)].into_iter().flatten().map(|name| format!("sources/{name}.toml"));
        match paths.find_map(|path| texts.iter().find(|text| text.path == path)) {
            Some(found) => (found.path.clone(), found.text.clone()),
            None => return Err(unknown(source, texts).into()),
        }
    };
    Mapping::parse(&text).map_err(|faults| {
        let shown = |fault: crate::domain::ingest::MappingFault| {
            PackFault { span: fault.span.clone(), ..PackFault::of_file(&file, fault.message) }.render(&text)
        };
        format!("the mapping has faults\n{}", faults.into_iter().map(shown).collect::<Vec<_>>().join("\n\n")).into()
    })
}

/// The mappings of the rules.
fn names(texts: &[PackText]) -> Vec<&str> {
    texts.iter().filter_map(|text| text.path.strip_prefix("sources/")?.strip_suffix(".toml")).collect()
}

fn unknown(source: &str, texts: &[PackText]) -> String {
    let known = names(texts);
    let likeness = |name: &str| strsim::jaro_winkler(name, source);
    let nearest = known.iter().copied().max_by(|a, b| likeness(a).total_cmp(&likeness(b))).filter(|name| likeness(name) > 0.7);
    let meant = nearest.map(|name| format!("did you mean `{name}`? ")).unwrap_or_default();
    format!("there is no mapping `{source}`\nhint: {meant}there are {}", known.join(", "))
}

fn body(file: &Path) -> Result<Vec<u8>, Fault> {
    if file.as_os_str() == "-" {
        let mut body = Vec::new();
        std::io::stdin().lock().read_to_end(&mut body).map_err(|error| format!("cannot read standard input: {error}"))?;
        return Ok(body);
    }
    std::fs::read(file).map_err(|error| format!("cannot read the payload `{}`: {error}", file.display()).into())
}
