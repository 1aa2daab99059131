//! The notices of open clocks as files, for people who want to open them.
//!
//! Files are derived: the journal holds each draft's digest, and `watchbell notice show` renders
//! any of them again. A file is written beside and moved into place, so that nobody reads half a letter.

use super::render;
use crate::domain::incident::{ClockKey, Event, Incident, Standing};
use crate::domain::law::Rulebook;
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::{fs, sync::Arc};

/// The forms of a draft, by the ends of their files' names.
const FORMS: [&str; 2] = ["txt", "html"];

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

    /// Writes every draft that these events changed, and takes away those of clocks on which nothing is owed. A
    /// failure is logged and shown by `doctor`; the draft itself is not lost with its file.
    pub fn keep(&self, incident: &Incident, events: &[Event], rulebook: &Rulebook) {
        let drafted: BTreeSet<&ClockKey> =
            events.iter().filter_map(|event| if let Event::Drafted { clock, .. } = event { Some(clock) } else { None }).collect();
        // Rungs and deliveries change no draft.
        if drafted.is_empty() && events.iter().all(says_nothing_of_drafts) {
            return;
        }
        for (key, clock) in &incident.clocks {
            let is_void = clock.standing == Standing::Void;
            // A clock that was void and runs again has its draft, and no file of it.
            let lacks_file = || clock.draft.is_some() && !self.path(incident, key, FORMS[0]).exists();
            if is_void {
                self.take_away(incident, key);
            } else if drafted.contains(key) || (clock.standing.is_open() && lacks_file()) {
                self.write(incident, key, rulebook);
            }
        }
    }

    fn write(&self, incident: &Incident, key: &ClockKey, rulebook: &Rulebook) {
        let Some(Ok(draft)) = incident.draft(key, rulebook) else { return };
        for (form, content) in FORMS.into_iter().zip([render::text(&draft), render::html(&draft)]) {
            let path = self.path(incident, key, form);
            if let Err(error) = replace(&path, content.as_bytes()) {
                tracing::error!(path = %path.display(), %error, "a draft could not be written; `watchbell notice show` still renders it");
            }
        }
    }

    fn take_away(&self, incident: &Incident, key: &ClockKey) {
        for path in FORMS.map(|form| self.path(incident, key, form)) {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    tracing::error!(path = %path.display(), %error, "the draft of a clock on which nothing is owed could not be taken away");
                }
                _ => {}
            }
        }
    }
}

fn says_nothing_of_drafts(event: &Event) -> bool {
    matches!(
        event,
        Event::RungFell { .. }
            | Event::RungsSkipped { .. }
            | Event::Acknowledged { .. }
            | Event::DeliveryStarted { .. }
            | Event::DeliveryEnded { .. }
            | Event::DeliveryHeld { .. }
            | Event::Redelivered { .. }
            | Event::NothingDue {}
    )
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
