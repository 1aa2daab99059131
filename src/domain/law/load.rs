//! From the texts of the rules folder to a [`Rulebook`], or to every fault at once.

use super::fault::PackFault;
use super::hints::Hints;
use super::lint;
use super::overlay::{Overlay, OverlayText};
use super::pack::{Duty, DutyText, Pack, PackHead};
use super::uncovered::StandingWord;
use crate::domain::clocks::Calendars;
use crate::domain::facts::{FactEntry, Places, Vocabulary};
use crate::domain::hex::hex;
use crate::domain::ids::{DutyId, PackId};
use crate::domain::instant::NaiveDate;
use crate::domain::law::cases::CaseFile;
use crate::domain::repeated::Repeated;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// One file of the rules folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackText {
    /// The path below the rules folder, with `/`.
    pub path: String,
    /// The content.
    pub text: String,
    /// Where it came from: `built in` or a folder.
    pub origin: String,
}

/// All packs, the vocabulary and the calendars.
#[derive(Clone, Debug, Default)]
pub struct Rulebook {
    /// Every fact there is to ask for.
    pub vocabulary: Vocabulary,
    /// Every pack, in the order of ids; also those that are not enabled.
    pub packs: Vec<Pack>,
    /// The digests of the packs that are enabled by themselves, as incidents record them.
    pub pins: Repeated<BTreeMap<PackId, String>>,
    /// The holidays by calendar.
    pub calendars: Calendars,
    /// What is known of law that no pack models.
    pub hints: Hints,
    /// The standing words of counsel, which the configuration has.
    pub counsel: Vec<StandingWord>,
    /// Worked cases by pack.
    pub cases: BTreeMap<PackId, CaseFile>,
    /// Every file as read, for rendering faults and for `rules explain`.
    pub sources: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FactsFile {
    fact: Vec<FactEntry>,
}

impl Rulebook {
    /// Reads every file of a rules folder; gives the book and every fault found. A book with faults
    /// is for showing them, not for running.
    ///
    /// Holidays must reach as far as a clock may run that starts on the day a pack was reviewed: what was sound when it was
    /// reviewed is not refused because years went by.
    pub fn load(files: &[PackText]) -> (Self, Vec<PackFault>) {
        Self::load_as_of(files, NaiveDate::MIN)
    }

    /// The same, and holidays must reach as far as a clock may run that starts `today`.
    pub fn load_as_of(files: &[PackText], today: NaiveDate) -> (Self, Vec<PackFault>) {
        let mut book = Self::default();
        let mut faults = Vec::new();
        let mut folders: BTreeMap<&str, Vec<&PackText>> = BTreeMap::new();
        let mut calendars = Vec::new();
        for file in files {
            book.sources.insert(file.path.clone(), file.text.clone());
            match file.path.split_once('/') {
                None if file.path == "facts.toml" => read_vocabulary(file, &mut book.vocabulary, &mut faults),
                None if file.path == "places.toml" => match toml::from_str::<Places>(&file.text) {
                    Ok(places) => book.vocabulary.set_places(places),
                    Err(error) => faults.push(PackFault::of_toml(&file.path, &error)),
                },
                Some(("hints", name)) if name.ends_with(".toml") => faults.extend(book.hints.read(&file.path, &file.text)),
                Some(("calendars", name)) if name.ends_with(".toml") => calendars.push((file.path.as_str(), file.text.as_str())),
                Some(("sources" | "hints", _)) | None => {}
                Some((folder, _)) => folders.entry(folder).or_default().push(file),
            }
        }
        let (calendars, found) = Calendars::read(calendars.iter().map(|(path, text)| (*path, *text)));
        book.calendars = calendars;
        faults.extend(found.into_iter().map(|(file, fault)| PackFault::told(&file, fault.span, &fault.text)));
        book.hints.regimes().for_each(|regime| book.vocabulary.add_regime(&regime.id));
        for (folder, files) in folders {
            read_pack(folder, &files, &mut book, &mut faults);
        }
        book.pins = Self::pins_of(book.enabled(&[]));
        lint::lint(&book, today, &mut faults);
        faults.sort_by(|a, b| (&a.file, a.span.as_ref().map(|s| s.start)).cmp(&(&b.file, b.span.as_ref().map(|s| s.start))));
        // What is cited in several places is told of once.
        let mut told: Vec<PackFault> = Vec::new();
        for fault in std::mem::take(&mut faults) {
            let before = told.iter().rev().take_while(|before| before.file == fault.file);
            if before.into_iter().all(|before| *before != fault) {
                told.push(fault);
            }
        }
        let faults = told;
        (book, faults)
    }

    /// Packs by their digests, as an incident records them.
    pub fn pins_of<'p>(packs: impl Iterator<Item = &'p Pack>) -> Repeated<BTreeMap<PackId, String>> {
        packs.map(|pack| (pack.head.id.clone(), pack.digest.clone())).collect::<BTreeMap<_, _>>().into()
    }

    /// The packs that are enabled, or named.
    pub fn enabled<'a>(&'a self, with: &'a [PackId]) -> impl Iterator<Item = &'a Pack> {
        self.packs.iter().filter(move |pack| pack.head.enabled || with.contains(&pack.head.id))
    }

    /// A duty and its pack.
    pub fn duty(&self, id: &DutyId) -> Option<(&Pack, &Duty)> {
        self.packs.iter().find_map(|pack| pack.duties.iter().find(|duty| duty.text.id == *id).map(|duty| (pack, duty)))
    }

    /// A pack by id.
    pub fn pack(&self, id: &PackId) -> Option<&Pack> {
        self.packs.iter().find(|pack| pack.head.id == *id)
    }

    /// Every duty with its pack.
    pub fn duties(&self) -> impl Iterator<Item = (&Pack, &Duty)> {
        self.packs.iter().flat_map(|pack| pack.duties.iter().map(move |duty| (pack, duty)))
    }
}

fn read_vocabulary(file: &PackText, vocabulary: &mut Vocabulary, faults: &mut Vec<PackFault>) {
    match toml::from_str::<FactsFile>(&file.text) {
        Ok(facts) => add_facts(facts.fact, file, vocabulary, faults),
        Err(error) => faults.push(PackFault::of_toml(&file.path, &error)),
    }
}

fn add_facts(facts: Vec<FactEntry>, file: &PackText, vocabulary: &mut Vocabulary, faults: &mut Vec<PackFault>) {
    for entry in facts {
        if let Some(before) = vocabulary.insert(entry) {
            let text = format!("the fact `{}` is declared twice", before.key);
            faults.push(PackFault::at_word(&file.path, &file.text, before.key.as_str(), text).hint("keep one of the two"));
        }
    }
}

fn read_pack(folder: &str, files: &[&PackText], book: &mut Rulebook, faults: &mut Vec<PackFault>) {
    let head_path = format!("{folder}/pack.toml");
    let Some(head_file) = files.iter().find(|file| file.path == head_path) else {
        faults.push(
            PackFault::of_file(&head_path, format!("the folder `{folder}` has no pack.toml"))
                .hint("a pack is a folder with a pack.toml"),
        );
        return;
    };
    let head: PackHead = match toml::from_str(&head_file.text) {
        Ok(head) => head,
        Err(error) => {
            faults.push(PackFault::of_toml(&head_path, &error));
            // The duties are still read, so that their faults are told in the same run.
            for file in duty_files(files) {
                if let Err(error) = toml::from_str::<DutyText>(&file.text) {
                    faults.push(PackFault::of_toml(&file.path, &error));
                }
            }
            return;
        }
    };
    if head.id.as_str() != folder {
        let text = format!("the pack calls itself `{}` and lies in the folder `{folder}`", head.id);
        faults.push(PackFault::at_word(&head_path, &head_file.text, head.id.as_str(), text).hint("use one name for both"));
    }
    add_facts(head.facts.clone(), head_file, &mut book.vocabulary, faults);
    read_lists(&head.facts, folder, files, book, faults);
    let mut duties = Vec::new();
    for file in duty_files(files) {
        let text: DutyText = match toml::from_str(&file.text) {
            Ok(text) => text,
            Err(error) => {
                faults.push(PackFault::of_toml(&file.path, &error));
                continue;
            }
        };
        let template = text.notice.as_ref().and_then(|name| {
            let path = format!("{folder}/notices/{name}");
            let found = files.iter().find(|file| file.path == path).map(|file| file.text.clone());
            if found.is_none() {
                let fault = PackFault::at_word(&file.path, &file.text, name, format!("there is no template `{path}`"));
                faults.push(fault.hint("add the file, or take the line `notice` out"));
            }
            found
        });
        duties.push(Duty { text, pack: head.id.clone(), template, file: file.path.clone(), overlays: Vec::new() });
    }
    read_overlays(folder, files, &mut duties, book, faults);
    duties.sort_by(|a, b| a.text.id.cmp(&b.text.id));
    if let Some(file) = files.iter().find(|file| file.path == format!("{folder}/cases.toml")) {
        match toml::from_str::<CaseFile>(&file.text) {
            Ok(cases) => {
                book.cases.insert(head.id.clone(), cases);
            }
            Err(error) => faults.push(PackFault::of_toml(&file.path, &error)),
        }
    }
    book.packs.push(Pack { head, duties, digest: digest(files), origin: head_file.origin.clone() });
}

/// The lists of codes that facts of the pack take their words from.
fn read_lists(facts: &[FactEntry], folder: &str, files: &[&PackText], book: &mut Rulebook, faults: &mut Vec<PackFault>) {
    for fact in facts {
        let Some(name) = &fact.listed_in else { continue };
        let path = format!("{folder}/{name}");
        let codes = files.iter().find(|file| file.path == path).map(|file| codes(&file.text));
        match codes {
            Some(codes) if !codes.is_empty() => book.vocabulary.set_list(&fact.key, codes),
            _ => {
                let head = format!("{folder}/pack.toml");
                let text = book.sources.get(&head).map_or("", String::as_str);
                let says = format!("`{}` takes its words from `{path}`, which lists none", fact.key);
                faults
                    .push(PackFault::at_word(&head, text, name, says).hint("add the file, with a `code` in each of its tables"));
            }
        }
    }
}

/// Every `code` in the tables of a list.
fn codes(text: &str) -> BTreeSet<String> {
    let tables = toml::from_str::<toml::Table>(text).unwrap_or_default();
    let rows = tables.into_iter().filter_map(|(_, value)| if let toml::Value::Array(rows) = value { Some(rows) } else { None });
    rows.flatten().filter_map(|row| Some(row.get("code")?.as_str()?.to_owned())).collect()
}

/// Lays the overlays of a pack over the duties they name.
fn read_overlays(folder: &str, files: &[&PackText], duties: &mut [Duty], book: &mut Rulebook, faults: &mut Vec<PackFault>) {
    for file in files {
        let name = file.path.strip_prefix(folder).and_then(|path| path.strip_prefix("/overlays/")?.strip_suffix(".toml"));
        let Some(name) = name else { continue };
        let text: OverlayText = match toml::from_str(&file.text) {
            Ok(text) => text,
            Err(error) => {
                faults.push(PackFault::of_toml(&file.path, &error));
                continue;
            }
        };
        add_facts(text.facts.clone(), file, &mut book.vocabulary, faults);
        for (id, overlay) in Overlay::of_file(name, &file.path, text) {
            match duties.iter_mut().find(|duty| duty.text.id == id) {
                Some(duty) => duty.overlays.push(overlay),
                None => {
                    let text = format!("there is no duty `{id}` in the pack `{folder}`");
                    let hint = "an overlay amends the duties of its own pack; `watchbell rules list` names them";
                    faults.push(PackFault::at_word(&file.path, &file.text, id.as_str(), text).hint(hint));
                }
            }
        }
    }
    for duty in duties {
        duty.overlays.sort_by(|a, b| a.id.cmp(&b.id));
    }
}

fn duty_files<'f>(files: &'f [&'f PackText]) -> impl Iterator<Item = &'f &'f PackText> {
    files.iter().filter(|file| {
        let name = file.path.split_once('/').map_or("", |(_, name)| name);
        name.ends_with(".toml") && !name.contains('/') && !matches!(name, "pack.toml" | "cases.toml" | "authorities.toml")
    })
}

/// SHA-256 over the paths and contents of what decides an outcome, in hex.
fn digest(files: &[&PackText]) -> String {
    let mut sorted: Vec<_> =
        files.iter().filter(|file| !file.path.ends_with(".md") && !file.path.ends_with("cases.toml")).collect();
    sorted.sort_by(|a, b| a.path.cmp(&b.path));
    let mut hash = Sha256::new();
    for file in sorted {
        hash.update((file.path.len() as u64).to_be_bytes());
        hash.update(&file.path);
        hash.update((file.text.len() as u64).to_be_bytes());
        hash.update(&file.text);
    }
    hex(&hash.finalize())
}
