//! Where the clock was when the daemon last looked at it: a clock set back while no daemon ran is noticed.

use crate::domain::instant::{Duration, Instant, parse_rfc3339, rfc3339};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::{fs, io};

/// The file beside the store.
const FILE: &str = "last-look";
/// It is written no more often than this by the wall clock.
const EVERY: Duration = Duration::seconds(10);

/// The note of the last look.
pub struct LastLook {
    file: PathBuf,
    written: Mutex<Option<Instant>>,
}

impl LastLook {
    /// The note in a store's folder.
    pub fn in_store(store: &Path) -> Self {
        Self { file: store.join(FILE), written: Mutex::default() }
    }

    /// Where the clock was when a daemon last looked; none before the first.
    pub fn read(&self) -> Option<Instant> {
        parse_rfc3339(fs::read_to_string(&self.file).ok()?.trim())
    }

    /// Notes where the clock is. A note that a crash loses only says less.
    pub fn note(&self, now: Instant) {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if written.is_some_and(|written| (now - written).abs() < EVERY) {
            return;
        }
        *written = Some(now);
        if let Err(error) = self.write(now) {
            tracing::warn!(%error, "where the clock is could not be noted");
        }
    }

    fn write(&self, now: Instant) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(self.file.parent().unwrap_or(Path::new(".")))?;
        writeln!(file, "{}", rfc3339(now))?;
        file.persist(&self.file)?;
        Ok(())
    }
}
