//! Reads the rules: those in the binary, and a folder that overrides them.

use crate::domain::law::{PackFault, PackText, Rulebook};
use include_dir::{Dir, include_dir};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

static BUILT_IN: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/rules");

/// Where a built-in file is said to come from.
pub const ORIGIN_BUILT_IN: &str = "built in";

/// Why the rules cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RulesFault {
    /// The folder cannot be read.
    #[error("cannot read the rules in {}\nhint: `rules_dir` names a folder with one folder per pack", path.display())]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The rules have faults.
    #[error("{}", render(faults, sources))]
    Faults {
        /// All of them.
        faults: Vec<PackFault>,
        /// The files by path.
        sources: BTreeMap<String, String>,
    },
}

/// Every file of the rules in the binary.
pub fn built_in() -> Vec<PackText> {
    let mut texts = Vec::new();
    collect_built_in(&BUILT_IN, &mut texts);
    texts
}

fn collect_built_in(dir: &Dir<'_>, texts: &mut Vec<PackText>) {
    for file in dir.files().filter(|file| is_rule(file.path())) {
        if let (Some(path), Some(text)) = (file.path().to_str(), file.contents_utf8()) {
            texts.push(PackText { path: path.replace('\\', "/"), text: text.to_owned(), origin: ORIGIN_BUILT_IN.to_owned() });
        }
    }
    for dir in dir.dirs() {
        collect_built_in(dir, texts);
    }
}

/// The built-in files with those of a folder laid over them. A pack folder there replaces the
/// built-in pack of that name as a whole; calendars, hints, mappings, `facts.toml` and `places.toml` are replaced file by file.
pub fn texts(rules_dir: Option<&Path>) -> Result<Vec<PackText>, RulesFault> {
    let mut texts = built_in();
    let Some(dir) = rules_dir else { return Ok(texts) };
    let mut own = Vec::new();
    collect_folder(dir, dir, &mut own)?;
    let shared = |path: &str| path.split_once('/').is_none_or(|(folder, _)| matches!(folder, "calendars" | "hints" | "sources"));
    let folder = |path: &str| path.split_once('/').map_or_else(String::new, |(folder, _)| folder.to_owned());
    texts.retain(|text| {
        own.iter().all(
            |mine: &PackText| {
                if shared(&text.path) { mine.path != text.path } else { folder(&mine.path) != folder(&text.path) }
            },
        )
    });
    texts.extend(own);
    Ok(texts)
}

/// Whether a file is part of the rules; schemas for editors and the like are not.
fn is_rule(path: &Path) -> bool {
    matches!(path.extension().and_then(|extension| extension.to_str()), Some("toml" | "j2" | "md"))
}

/// Every file of a folder that is complete in itself, without the built-in ones.
pub fn texts_of(dir: &Path) -> Result<Vec<PackText>, RulesFault> {
    let mut texts = Vec::new();
    collect_folder(dir, dir, &mut texts)?;
    Ok(texts)
}

fn collect_folder(root: &Path, dir: &Path, texts: &mut Vec<PackText>) -> Result<(), RulesFault> {
    let fault = |path: &Path| {
        let path = path.to_owned();
        move |source| RulesFault::Folder { path, source }
    };
    let mut entries: Vec<_> = fs::read_dir(dir).and_then(Iterator::collect::<io::Result<_>>).map_err(fault(dir))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if path.is_dir() {
            collect_folder(root, &path, texts)?;
        } else if is_rule(&path) {
            let text = fs::read_to_string(&path).map_err(fault(&path))?;
            let relative = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            texts.push(PackText { path: relative, text, origin: root.display().to_string() });
        }
    }
    Ok(())
}

/// The rules ready for use, or every fault in them.
pub fn load(rules_dir: Option<&Path>) -> Result<Rulebook, RulesFault> {
    check(&texts(rules_dir)?)
}

/// Texts made into a rulebook, or every fault in them.
pub fn check(texts: &[PackText]) -> Result<Rulebook, RulesFault> {
    let (rulebook, faults) = Rulebook::load(texts);
    if faults.is_empty() { Ok(rulebook) } else { Err(RulesFault::Faults { faults, sources: rulebook.sources }) }
}

/// Every fault with its file, line and caret, and how many there are.
pub fn render(faults: &[PackFault], sources: &BTreeMap<String, String>) -> String {
    let mut text = String::new();
    for fault in faults {
        text.push_str(&fault.render(sources.get(&fault.file).map_or("", String::as_str)));
        text.push_str("\n\n");
    }
    let plural = if faults.len() == 1 { "" } else { "s" };
    text.push_str(&format!("{} fault{plural} in the rules", faults.len()));
    text
}
