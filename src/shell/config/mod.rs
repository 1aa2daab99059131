//! The configuration: read as written, checked as a whole, then meant.
//!
//! Every fault is told with file, line and the nearest valid name; after the file's shape is
//! right, all faults of meaning are told at once. Secrets come from files and never leave types
//! that cannot be printed.

mod channels;
mod counsel;
mod credentials;
mod door;
mod heartbeat;
mod joins;
mod payloads;
mod raw;
mod raw_channels;
mod raw_credentials;
mod ringing;
mod secrets;
mod unready;

pub use credentials::Way;
pub use door::Door;
pub use heartbeat::Heartbeat;
pub use payloads::{Keep, Payloads};
pub use raw::{ForwardedHeader, LogFormat, May};

use crate::domain::facts::{Claim, Claimant, Value, Vocabulary};
use crate::domain::hex::hex;
use crate::domain::ids::{ChannelId, OrganisationId, PackId, SourceId};
use crate::domain::incident::{House, Profile};
use crate::domain::ingest::{self, Mapping, TokenDigest};
use crate::domain::instant::{Duration, Instant};
use crate::domain::joining::JoinRule;
use crate::domain::law::assess::COHORTS;
use crate::domain::law::{PackFault, PackText, Rulebook};
use crate::domain::repeated::Repeated;
use crate::shell::delivery::Channel;
use crate::shell::quota::Quota;
use crate::shell::rulebook::{self, RulesFault};
use ipnet::IpNet;
use raw::{RawConfig, RawSource};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The prefix of environment variables that override keys: `WATCHBELL__SERVER__LISTEN`.
pub const ENV_PREFIX: &str = "WATCHBELL__";

/// How many times its own size a body may take in the journal, quoted and with what was read from it.
pub const BODY_IN_RECORD: u64 = 3;

/// The configuration, ready for use.
pub struct Config {
    /// Where it was read.
    pub path: PathBuf,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
    /// The environment's variables that were laid over it.
    pub environment: BTreeSet<String>,
    /// The files whose secrets it took, for `doctor` to look at their permissions.
    pub secret_files: Vec<PathBuf>,
    /// What can be run and is not in order: placeholders of the example, an open door.
    pub unready: Vec<Unready>,
    /// How many ladders the house wrote; the operator's is made of `[operator]`.
    pub ladders_written: usize,
    /// Where the API listens.
    pub listen: SocketAddr,
    /// The address people reach the daemon at, for links in alerts.
    pub public_url: Option<String>,
    /// What the daemon lets in at a time, and how.
    pub door: Door,
    /// Where the store is.
    pub store: PathBuf,
    /// How large a journal segment is, in bytes.
    pub segment_bytes: u64,
    /// Where drafts are written.
    pub drafts: PathBuf,
    /// How log lines look.
    pub log_format: LogFormat,
    /// How much is logged.
    pub log_level: String,
    /// The law and the house's policy.
    pub rules: Arc<Rules>,
    /// Where events come from, by name.
    pub sources: BTreeMap<SourceId, Source>,
    /// By which rules reports join an incident of another name.
    pub joins: Vec<JoinRule>,
    /// How long messages are kept, and what is replaced in them before.
    pub payloads: Payloads,
    /// Who may use the API.
    pub people: Vec<Person>,
    /// How people are reached.
    pub channels: BTreeMap<ChannelId, Arc<dyn Channel>>,
    /// How many letters one recipient gets before those that may wait do.
    pub per_recipient: Option<Quota>,
    /// The heartbeat the daemon sends, if it is to.
    pub heartbeat: Option<Heartbeat>,
}

/// Something that can be run and is not in order.
#[derive(Clone, Debug)]
pub struct Unready {
    /// What it is, on one line.
    pub text: String,
    /// What to do about it.
    pub next: String,
    /// Both with the line of the file.
    pub shown: String,
}

/// The law and the house's policy, swapped together on a reload.
pub struct Rules {
    /// The law.
    pub rulebook: Rulebook,
    /// The policy.
    pub house: House,
    /// The organisations.
    pub organisations: BTreeMap<OrganisationId, Organisation>,
}

/// A legal entity the house answers for.
#[derive(Clone, Debug)]
pub struct Organisation {
    /// Its profile; the claims carry the moment of reading the configuration.
    pub profile: Repeated<Profile>,
}

/// Where events come from.
pub struct Source {
    /// The name, as in `/v1/events/{name}`.
    pub name: SourceId,
    /// How its payload is read.
    pub mapping: Mapping,
    /// Whom its incidents concern.
    pub organisations: Vec<OrganisationId>,
    /// How it may prove itself.
    pub ways: Vec<Way>,
    /// The names of the ways it must use, all of them; empty: any one will do.
    pub require: BTreeSet<String>,
    /// The networks it posts from; empty: any.
    pub addresses: Vec<IpNet>,
    /// The origins that may ask for leave to deliver CloudEvents here.
    pub allowed_origins: Vec<String>,
    /// How long it may be silent before the operator is rung; for ever, if none.
    pub heartbeat: Option<Duration>,
    /// The SNS topics whose subscriptions are confirmed.
    pub sns_topics: Vec<String>,
    /// What the house's policy claims of everything it reports.
    pub claims: Vec<Claim>,
}

/// Somebody who may use the API.
pub struct Person {
    /// The name that goes into the record.
    pub name: String,
    /// Their tokens.
    pub tokens: Vec<TokenDigest>,
    /// Tokens that open their calendar and nothing else.
    pub calendar_tokens: Vec<TokenDigest>,
    /// What they may do.
    pub may: BTreeSet<May>,
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigFault {
    /// The file cannot be read.
    #[error("cannot read the configuration {}: {source}\nhint: start from config.example.toml, or run `watchbell demo` to look around without one", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// It has faults.
    #[error("{0}")]
    Faults(String),
    /// The rules have faults.
    #[error(transparent)]
    Rules(#[from] RulesFault),
}

/// Reads a configuration file, with environment variables laid over it.
pub fn read(path: &Path, env: &BTreeMap<String, String>, now: Instant) -> Result<Config, ConfigFault> {
    let text = fs::read_to_string(path).map_err(|source| ConfigFault::File { path: path.to_owned(), source })?;
    parse(path, &text, env, now)
}

/// The environment's variables that concern the configuration.
pub fn environment() -> BTreeMap<String, String> {
    std::env::vars().filter(|(name, _)| name.starts_with(ENV_PREFIX) || name == "CREDENTIALS_DIRECTORY").collect()
}

/// Reads a configuration text. Relative paths are taken from the folder of `path`.
pub fn parse(path: &Path, text: &str, env: &BTreeMap<String, String>, now: Instant) -> Result<Config, ConfigFault> {
    let (raw, table) = (read_raw(path, text, env)?, read_table(path, text, env)?);
    let shown = path.display().to_string();
    let mut reader = Reader::new(path, &shown, text, env, now);
    let unready = reader.unready(&raw, &table);
    let config = reader.config(raw)?;
    reader.faults()?;
    Ok(Config {
        path: path.to_owned(),
        sha256: hex(&Sha256::digest(text)),
        environment: env.keys().filter(|name| name.starts_with(ENV_PREFIX)).cloned().collect(),
        secret_files: reader.secret_files,
        unready,
        ..config
    })
}

/// The law alone as a configuration file has it: the files of the rules, and the rulebook with the
/// house's own facts. Reads no secret, so that whoever may read the file may ask.
pub fn read_law(path: &Path, env: &BTreeMap<String, String>, now: Instant) -> Result<(Vec<PackText>, Rulebook), ConfigFault> {
    let text = fs::read_to_string(path).map_err(|source| ConfigFault::File { path: path.to_owned(), source })?;
    let raw = read_raw(path, &text, env)?;
    let shown = path.display().to_string();
    let mut reader = Reader::new(path, &shown, &text, env, now);
    let law = reader.law(&raw)?;
    reader.faults()?;
    Ok(law)
}

/// The files of the rules a configuration names, whatever is wrong with them.
pub fn law_texts(path: &Path, env: &BTreeMap<String, String>, now: Instant) -> Result<Vec<PackText>, ConfigFault> {
    let text = fs::read_to_string(path).map_err(|source| ConfigFault::File { path: path.to_owned(), source })?;
    let raw = read_raw(path, &text, env)?;
    let shown = path.display().to_string();
    let dir = raw.rules.dir.as_ref().map(|dir| Reader::new(path, &shown, &text, env, now).path(dir));
    Ok(rulebook::texts(dir.as_deref())?)
}

/// The file as written, with the environment laid over it.
fn read_raw(path: &Path, text: &str, env: &BTreeMap<String, String>) -> Result<RawConfig, ConfigFault> {
    let raw: RawConfig = toml::from_str(text).map_err(|error| in_file(path, text, &error))?;
    if !env.keys().any(|name| name.starts_with(ENV_PREFIX)) {
        return Ok(raw);
    }
    read_table(path, text, env)?.try_into().map_err(|error: toml::de::Error| {
        let fault = PackFault::of_toml("", &error);
        let hint = fault.hint.map(|hint| format!("{hint}; ")).unwrap_or_default();
        ConfigFault::Faults(format!("{}\nhint: {hint}look at the variables that begin with {ENV_PREFIX}", fault.text))
    })
}

/// The same before anything is made of it.
fn read_table(path: &Path, text: &str, env: &BTreeMap<String, String>) -> Result<toml::Table, ConfigFault> {
    let mut table: toml::Table = toml::from_str(text).map_err(|error| in_file(path, text, &error))?;
    overlay(&mut table, env);
    Ok(table)
}

fn in_file(path: &Path, text: &str, error: &toml::de::Error) -> ConfigFault {
    ConfigFault::Faults(PackFault::of_toml(&path.display().to_string(), error).render(text))
}

/// `WATCHBELL__SERVER__LISTEN=…` sets `server.listen`. Values are read as TOML if they are, else as text.
fn overlay(table: &mut toml::Table, env: &BTreeMap<String, String>) {
    for (name, value) in env {
        let Some(keys) = name.strip_prefix(ENV_PREFIX) else { continue };
        let keys: Vec<String> = keys.to_lowercase().split("__").map(str::to_owned).collect();
        let value = toml::from_str::<toml::Table>(&format!("v = {value}"))
            .ok()
            .and_then(|mut table| table.remove("v"))
            .unwrap_or_else(|| toml::Value::String(value.clone()));
        let Some((last, path)) = keys.split_last() else { continue };
        let mut at = &mut *table;
        for key in path {
            let entry = at.entry(key.clone()).or_insert_with(|| toml::Value::Table(toml::Table::new()));
            if !entry.is_table() {
                *entry = toml::Value::Table(toml::Table::new());
            }
            at = entry.as_table_mut().expect("made a table above");
        }
        at.insert(last.clone(), value);
    }
}

struct Reader<'a> {
    base: &'a Path,
    env: &'a BTreeMap<String, String>,
    now: Instant,
    faults: Vec<PackFault>,
    secret_files: Vec<PathBuf>,
    file: &'a str,
    text: &'a str,
}

impl<'a> Reader<'a> {
    fn new(path: &'a Path, file: &'a str, text: &'a str, env: &'a BTreeMap<String, String>, now: Instant) -> Self {
        let base = path.parent().unwrap_or(Path::new("."));
        Self { base, env, now, faults: Vec::new(), secret_files: Vec::new(), file, text }
    }

    /// Every fault found so far as one, if there are any.
    fn faults(&self) -> Result<(), ConfigFault> {
        if self.faults.is_empty() {
            return Ok(());
        }
        let mut lines: Vec<String> = self.faults.iter().map(|fault| fault.render(self.text)).collect();
        let plural = if lines.len() == 1 { "" } else { "s" };
        lines.push(format!("{} fault{plural} in the configuration", lines.len()));
        Err(ConfigFault::Faults(lines.join("\n\n")))
    }

    fn fault(&mut self, word: &str, text: impl Into<String>, hint: impl Into<String>) {
        self.faults.push(PackFault::at_word(self.file, self.text, word, text).hint(hint));
    }

    fn path(&self, path: &Path) -> PathBuf {
        self.base.join(path)
    }

    fn config(&mut self, raw: RawConfig) -> Result<Config, ConfigFault> {
        let (texts, rulebook) = self.law(&raw)?;
        self.sizes(&raw);
        let door = self.door(&raw.server);
        let organisations = self.organisations(&raw, &rulebook.vocabulary);
        let channels = self.channels(&raw.channels);
        let ringing = self.ringing(&raw, &rulebook);
        let per_recipient = self.quota(raw.escalation.per_recipient.as_deref());
        let sources = self.sources(&raw, &texts, &organisations, &rulebook.vocabulary);
        let joins = self.joins(&raw.joins, &sources);
        let payloads = self.payloads(&raw.payloads);
        let people = self.people(&raw);
        let heartbeat = raw.heartbeat.as_ref().and_then(|heartbeat| self.heartbeat(heartbeat));
        let with_packs = self.packs(&raw.rules.with, &rulebook);
        let without_packs = self.packs(&raw.rules.without, &rulebook);
        let house = House {
            lease: raw.acknowledge.lease.0,
            last_call: raw.acknowledge.last_call.0,
            with_packs,
            without_packs,
            ring_shadow: raw.escalation.ring_shadow,
            read_at: Some(self.now),
            ..ringing
        };
        let store = self.path(&raw.store.path);
        Ok(Config {
            path: PathBuf::new(),
            sha256: String::new(),
            environment: BTreeSet::new(),
            secret_files: Vec::new(),
            unready: Vec::new(),
            ladders_written: raw.ladders.len(),
            listen: raw.server.listen,
            public_url: raw.server.public_url.map(|url| url.trim_end_matches('/').to_owned()),
            door,
            segment_bytes: u64::from(raw.store.segment_mib.clamp(1, 4096)) * 1024 * 1024,
            drafts: raw.drafts.path.map_or_else(|| store.join("drafts"), |path| self.path(&path)),
            store,
            log_format: raw.log.format,
            log_level: raw.log.level,
            rules: Arc::new(Rules { rulebook, house, organisations }),
            sources,
            joins,
            payloads,
            people,
            channels,
            per_recipient,
            heartbeat,
        })
    }

    fn law(&mut self, raw: &RawConfig) -> Result<(Vec<PackText>, Rulebook), ConfigFault> {
        let dir = raw.rules.dir.as_ref().map(|dir| self.path(dir));
        let texts = rulebook::texts(dir.as_deref())?;
        let mut rulebook = rulebook::check(&texts)?;
        for fact in raw.facts.clone() {
            if let Some(before) = rulebook.vocabulary.insert(fact) {
                self.fault(before.key.as_str(), format!("the fact `{}` exists already", before.key), "give yours another key");
            }
        }
        rulebook.counsel = self.counsel(raw, &rulebook);
        Ok((texts, rulebook))
    }

    /// A body is kept whole in the record, quoted, which may double it.
    fn sizes(&mut self, raw: &RawConfig) {
        let (body_kib, segment_kib) =
            (u64::from(raw.server.body_limit_kib), u64::from(raw.store.segment_mib.clamp(1, 4096)) * 1024);
        if body_kib == 0 || body_kib * BODY_IN_RECORD > segment_kib {
            let text = format!("`body_limit_kib` is {body_kib}, which does not go into a journal segment of {segment_kib} KiB");
            let most = segment_kib / BODY_IN_RECORD;
            let fault = PackFault::of_file(self.file, text);
            self.faults.push(fault.hint(format!("set it to 1 to {most}, or raise `segment_mib` under [store]")));
        }
    }

    fn packs(&mut self, names: &[String], rulebook: &Rulebook) -> Vec<PackId> {
        for name in names {
            if rulebook.pack(&PackId::from(name.as_str())).is_none() {
                let known: Vec<&str> = rulebook.packs.iter().map(|pack| pack.head.id.as_str()).collect();
                self.fault(name, format!("there is no pack `{name}`"), there_are(&known, name));
            }
        }
        names.iter().map(|name| PackId::from(name.as_str())).collect()
    }

    fn organisations(&mut self, raw: &RawConfig, vocabulary: &Vocabulary) -> BTreeMap<OrganisationId, Organisation> {
        let mut organisations = BTreeMap::new();
        for organisation in &raw.organisations {
            if !is_name(&organisation.id) {
                self.fault(&organisation.id, format!("`{}` is no id", organisation.id), "use small letters, digits and `-`");
            }
            let place = format!("organisation {}", organisation.id);
            let mut claims = self.claims(&organisation.facts, &place, vocabulary, true);
            let mut say = |key: &str, text: &str| {
                if !organisation.facts.contains_key(key) {
                    claims.extend(self.claim(key, &toml::Value::String(text.to_owned()), &place, vocabulary, true));
                }
            };
            say("organisation.name", &organisation.name);
            say("organisation.zone", organisation.zone.name());
            let (name, claims) = (organisation.name.clone(), claims.into_iter().collect());
            let profile = Profile { name, zone: organisation.zone, claims }.into();
            if organisations.insert(OrganisationId::from(organisation.id.as_str()), Organisation { profile }).is_some() {
                self.fault(&organisation.id, format!("two organisations are called `{}`", organisation.id), "an id names one");
            }
        }
        if organisations.is_empty() {
            let fault = PackFault::of_file(self.file, "no organisation is configured");
            self.faults
                .push(fault.hint("add an [[organisation]] with id, name, zone and facts; duties are found per organisation"));
        }
        organisations
    }

    fn claims(
        &mut self,
        facts: &BTreeMap<String, toml::Value>,
        place: &str,
        vocabulary: &Vocabulary,
        of_organisation: bool,
    ) -> Vec<Claim> {
        facts.iter().filter_map(|(key, value)| self.claim(key, value, place, vocabulary, of_organisation)).collect()
    }

    fn claim(
        &mut self,
        key: &str,
        value: &toml::Value,
        place: &str,
        vocabulary: &Vocabulary,
        of_organisation: bool,
    ) -> Option<Claim> {
        let json = serde_json::to_value(value).ok()?;
        let entry = vocabulary.get(key).filter(|entry| of_organisation && !entry.of_organisation);
        if entry.is_some() {
            let text = format!("`{key}` is a fact of an incident, not of an organisation");
            self.fault(key, text, "see `watchbell facts` for those of organisations");
            return None;
        }
        match vocabulary.read(key, &json) {
            Ok(value) => Some(Claim::of(key, Some(value), Claimant::Policy(place.to_owned()), self.now)),
            Err(fault) => {
                self.fault(key, fault.to_string(), "see `watchbell facts` for keys and types");
                None
            }
        }
    }

    fn sources(
        &mut self,
        raw: &RawConfig,
        texts: &[PackText],
        organisations: &BTreeMap<OrganisationId, Organisation>,
        vocabulary: &Vocabulary,
    ) -> BTreeMap<SourceId, Source> {
        let mut sources = BTreeMap::new();
        for source in &raw.sources {
            if !is_name(&source.name) {
                self.fault(
                    &source.name,
                    format!("`{}` is no name for a source", source.name),
                    "use small letters, digits and `-`; it stands in the URL",
                );
            }
            for organisation in &source.organisations {
                if !organisations.contains_key(organisation.as_str()) {
                    let known: Vec<&str> = organisations.keys().map(OrganisationId::as_str).collect();
                    self.fault(
                        organisation,
                        format!("there is no organisation `{organisation}`"),
                        there_are(&known, organisation),
                    );
                }
            }
            if source.organisations.is_empty() {
                self.fault(
                    &source.name,
                    format!("source `{}` concerns no organisation", source.name),
                    "list at least one in `organisations`",
                );
            }
            let mapping = self.mapping(source, texts);
            let ways = self.ways(source, raw.server.tls.as_ref());
            let place = format!("source {}", source.name);
            let claims = self.claims(&source.facts, &place, vocabulary, false);
            self.groups_are_no_organisations(&claims, organisations, &place);
            let Some(mapping) = mapping else { continue };
            let made = Source {
                name: source.name.as_str().into(),
                mapping,
                organisations: source.organisations.iter().map(|id| id.as_str().into()).collect(),
                ways,
                require: source.require.iter().cloned().collect(),
                addresses: source.addresses.iter().map(|network| network.0).collect(),
                allowed_origins: source.allowed_origins.clone(),
                heartbeat: source.heartbeat.map(|length| length.0),
                sns_topics: source.sns_topics.clone(),
                claims,
            };
            if sources.insert(made.name.clone(), made).is_some() {
                self.fault(&source.name, format!("two sources are called `{}`", source.name), "a name names one");
            }
        }
        sources
    }

    /// `KEY@word` says of an organisation or of a group of people, so that no word may name both.
    fn groups_are_no_organisations(
        &mut self,
        claims: &[Claim],
        organisations: &BTreeMap<OrganisationId, Organisation>,
        place: &str,
    ) {
        let mut groups: BTreeSet<&str> = claims.iter().filter_map(|claim| Some(claim.key.as_str().split_once('@')?.1)).collect();
        for claim in claims.iter().filter(|claim| claim.key.as_str() == COHORTS) {
            if let Some(Value::Set(named)) = &claim.value {
                groups.extend(named.iter().map(String::as_str));
            }
        }
        for group in groups.into_iter().filter(|group| organisations.contains_key(*group)) {
            let text = format!("{place}: `{group}` names both an organisation and a group of people");
            self.fault(group, text, "give the group of people, or the organisation, another name");
        }
    }

    fn mapping(&mut self, source: &RawSource, texts: &[PackText]) -> Option<Mapping> {
        let file = |name: &str| format!("sources/{name}.toml");
        let names = [Some(source.mapping.as_str()), ingest::other_name(&source.mapping)];
        let mut paths = names.into_iter().flatten().map(file);
        let Some(text) = paths.find_map(|path| texts.iter().find(|text| text.path == path)) else {
            let known: Vec<&str> =
                texts.iter().filter_map(|text| text.path.strip_prefix("sources/")?.strip_suffix(".toml")).collect();
            self.fault(&source.mapping, format!("there is no mapping `{}`", source.mapping), there_are(&known, &source.mapping));
            return None;
        };
        match Mapping::parse(&text.text) {
            Ok(mapping) => Some(mapping),
            Err(faults) => {
                for fault in faults {
                    let shown =
                        PackFault { file: text.path.clone(), span: fault.span.clone(), text: fault.message.clone(), hint: None };
                    let says = format!("the mapping `{}` has a fault:\n{}", source.mapping, shown.render(&text.text));
                    // Once, however many sources are read by it.
                    if self.faults.iter().all(|before| before.text != says) {
                        self.fault(&source.mapping, says, "mend the mapping");
                    }
                }
                None
            }
        }
    }

    fn people(&mut self, raw: &RawConfig) -> Vec<Person> {
        let mut people = Vec::new();
        for person in &raw.people {
            let mut tokens = self.digests(&person.token_sha256);
            tokens.extend(person.token_files.iter().filter_map(|file| self.token(file)));
            if tokens.is_empty() && person.reach.is_empty() {
                self.fault(
                    &person.name,
                    format!("`{}` has neither a token nor a way to be reached", person.name),
                    "set `token_sha256` or `token_files`, which `watchbell token` makes, or `reach`",
                );
            }
            if person.name.trim().is_empty() {
                self.fault(&person.name, "a person has no name", "the name goes into the record");
            }
            let mut may: BTreeSet<May> = person.may.iter().copied().collect();
            if may.is_empty() || may.contains(&May::Act) {
                may.insert(May::Read);
            }
            let calendar_tokens = self.digests(&person.calendar_token_sha256);
            people.push(Person { name: person.name.clone(), tokens, calendar_tokens, may });
        }
        people
    }
}

/// What to write instead of a wrong name: the one most like it, and all there are.
fn there_are(known: &[&str], wrong: &str) -> String {
    let likeness = |name: &&&str| strsim::jaro_winkler(name, wrong);
    let nearest = known.iter().filter(|name| likeness(name) > 0.8).max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    let nearest = nearest.map(|name| format!("did you mean `{name}`? ")).unwrap_or_default();
    format!("{nearest}there are {}", known.join(", "))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 64 && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
