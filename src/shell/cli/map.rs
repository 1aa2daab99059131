//! `watchbell map`

use super::Outcome;
use super::exit::Exit;
use super::instant_arg::instant;
use super::law_source::LawSource;
use super::output::{Output, print_json, print_text};
use crate::domain::ids::SourceId;
use crate::domain::ingest::{DeliveryMeta, Mapping, dry_run};
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
/// Shows what would be claimed, kept as a hint, and not used. Nothing is stored and no daemon is asked. Exit code 3 says that the payload would be refused.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchbell map --source wazuh alert.json
  watchbell map --source ./my-product.toml alert.json       a mapping you are writing
  curl -s https://siem.example.org/alert/7 | watchbell map --source splunk -")]
pub struct Map {
    /// A mapping by name, such as wazuh or native, or a mapping's file ending in .toml
    #[arg(long, value_name = "MAPPING")]
    source: String,
    /// The payload; `-` is standard input
    #[arg(value_name = "FILE")]
    payload: PathBuf,
    /// When it is taken to have come in; now unless given
    #[arg(long, value_name = "TIME", value_parser = instant)]
    at: Option<Instant>,
    /// A header it came with; may be given again
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = header)]
    headers: Vec<(String, String)>,
    #[command(flatten)]
    law: LawSource,
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("write it as `name: value`")?;
    Ok((name.trim().to_lowercase(), value.trim().to_owned()))
}

impl Map {
    pub fn run(self, output: Output) -> Outcome {
        let (texts, book) = self.law.read()?;
        let mapping = mapping(&self.source, &texts)?;
        let body = body(&self.payload)?;
        let headers: BTreeMap<String, String> = self.headers.into_iter().collect();
        let content_type = Some(headers.get("content-type").cloned().unwrap_or_else(|| "application/json".into()));
        let received_at = self.at.unwrap_or_else(wall_clock::now);
        let delivery = DeliveryMeta { source: SourceId::from(mapping.name()), content_type, headers, received_at };
        match dry_run(&mapping, &book.vocabulary, &delivery, &body) {
            Ok(read) => {
                match output {
                    Output::Json => print_json(&read)?,
                    Output::Text => print_text(&read.to_string())?,
                }
                Ok(Exit::Done)
            }
            Err(unreadable) => {
                eprintln!("error: {} would refuse it ({}): {unreadable}", mapping.title(), unreadable.refusal.code());
                Ok(Exit::Faults)
            }
        }
    }
}

/// A mapping of the rules by name, or a file.
fn mapping(source: &str, texts: &[PackText]) -> Result<Mapping, Box<dyn Error + Send + Sync>> {
    let (file, text) = if source.ends_with(".toml") {
        (
            source.to_owned(),
            std::fs::read_to_string(source).map_err(|error| format!("cannot read the mapping `{source}`: {error}"))?,
        )
    } else {
        let path = format!("sources/{source}.toml");
        match texts.iter().find(|text| text.path == path) {
            Some(found) => (path, found.text.clone()),
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

fn unknown(source: &str, texts: &[PackText]) -> String {
    let known: Vec<&str> = texts.iter().filter_map(|text| text.path.strip_prefix("sources/")?.strip_suffix(".toml")).collect();
    let likeness = |name: &str| strsim::jaro_winkler(name, source);
    let nearest = known.iter().copied().max_by(|a, b| likeness(a).total_cmp(&likeness(b))).filter(|name| likeness(name) > 0.7);
    let meant = nearest.map(|name| format!("did you mean `{name}`? ")).unwrap_or_default();
    format!("there is no mapping `{source}`\nhint: {meant}there are {}", known.join(", "))
}

fn body(file: &Path) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
    if file.as_os_str() == "-" {
        let mut body = Vec::new();
        std::io::stdin().lock().read_to_end(&mut body).map_err(|error| format!("cannot read standard input: {error}"))?;
        return Ok(body);
    }
    std::fs::read(file).map_err(|error| format!("cannot read the payload `{}`: {error}", file.display()).into())
}
