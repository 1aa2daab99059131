//! The notices of open clocks as files, for people who want to open them.
//!
//! Files are derived: the journal holds each draft's digest, and `watchbell notice show` renders
//! any of them again. A file is written beside and moved into place, so that nobody reads half a letter.

use super::render;
use crate::domain::incident::{ClockKey, Event, Incident};
use crate::domain::law::Rulebook;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::{fs, sync::Arc};

/// A folder of drafts.
#[derive(Clone, Debug)]
pub struct Drafts {
    folder: Arc<Path>,
}

impl Drafts {
    /// Drafts below a folder, which is made if it is not there.
    pub fn below(folder: &Path) -> io::Result<Self> {
        make_private_folder(folder)?;
        Ok(Self { folder: folder.into() })
    }

    /// Where the draft of a clock is, in one of its forms: `txt`, `html`.
    pub fn path(&self, incident: &Incident, key: &ClockKey, form: &str) -> PathBuf {
        self.folder.join(incident.id.as_str()).join(format!("{}.{form}", key.to_string().replace('~', ".")))
    }

    /// Writes every draft that these events changed. A failure is logged and shown by `doctor`; the
    /// draft itself is not lost with its file.
    pub fn write(&self, incident: &Incident, events: &[Event], rulebook: &Rulebook) {
        for event in events {
            let Event::Drafted { clock, .. } = event else { continue };
            let Some(Ok(draft)) = incident.draft(clock, rulebook) else { continue };
            for (form, content) in [("txt", render::text(&draft)), ("html", render::html(&draft))] {
                let path = self.path(incident, clock, form);
                if let Err(error) = replace(&path, content.as_bytes()) {
                    tracing::error!(path = %path.display(), %error, "a draft could not be written; `watchbell notice show` still renders it");
                }
            }
        }
    }
}

/// Makes a folder that only its owner may enter.
pub fn make_private_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Puts a file in place as a whole.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    make_private_folder(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(content)?;
    file.persist(path)?;
    Ok(())
}
