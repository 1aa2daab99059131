//! `client.toml`: where the daemon is and where one's token lies, for whoever would rather not set variables.
//!
//! One's own file stands before the machine's. A token goes to the daemon that the same file names, and to no other.

use super::client::DEFAULT_URL;
use crate::domain::law::PackFault;
use reqwest::Url;
use serde::Deserialize;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The bits of a mode that let others than the owner in.
const OTHERS: u32 = 0o077;
/// The file's name in its folder.
const FILE: &str = "watchbell/client.toml";

/// What the file says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientSettings {
    /// Where the daemon answers.
    pub url: Option<String>,
    /// The file with the token on its first line; relative to the folder of this one.
    token_file: Option<PathBuf>,
    #[serde(skip)]
    folder: PathBuf,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsFault {
    /// It has faults.
    #[error("{0}")]
    Faulty(String),
    /// It cannot be read.
    #[error("cannot read `{}`: {problem}", path.display())]
    Unread {
        /// The file.
        path: PathBuf,
        /// What the system said.
        problem: io::Error,
    },
    /// Others may read the token.
    #[error("others than you can read the token in `{}` (mode {mode:o})\nhint: chmod 600 {}", path.display(), path.display())]
    Open {
        /// The file with the token.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
}

impl ClientSettings {
    /// The first file there is, else nothing.
    pub fn find() -> Result<Self, SettingsFault> {
        let own = std::env::var_os("XDG_CONFIG_HOME").filter(|folder| !folder.is_empty()).map(PathBuf::from);
        let own = own.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".config")));
        for folder in own.into_iter().chain([PathBuf::from("/etc")]) {
            if let Some(settings) = Self::read(&folder.join(FILE))? {
                return Ok(settings);
            }
        }
        Ok(Self::default())
    }

    fn read(path: &Path) -> Result<Option<Self>, SettingsFault> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(None),
            Err(problem) => return Err(SettingsFault::Unread { path: path.to_owned(), problem }),
        };
        let settings: Self = toml::from_str(&text)
            .map_err(|error| SettingsFault::Faulty(PackFault::of_toml(&path.display().to_string(), &error).render(&text)))?;
        Ok(Some(Self { folder: path.parent().unwrap_or(Path::new(".")).to_owned(), ..settings }))
    }

    /// The file with the token for a daemon: of the one the settings name, and only if nobody else may read it.
    pub fn token_for(&self, base: &str) -> Result<Option<PathBuf>, SettingsFault> {
        let same = |url: &str| Url::parse(url).is_ok_and(|url| url.as_str() == base);
        let Some(file) = self.token_file.as_ref().filter(|_| same(self.url.as_deref().unwrap_or(DEFAULT_URL))) else {
            return Ok(None);
        };
        let path = self.folder.join(file);
        let mode = std::fs::metadata(&path).map_err(|problem| SettingsFault::Unread { path: path.clone(), problem })?;
        match mode.permissions().mode() & 0o777 {
            mode if mode & OTHERS != 0 => Err(SettingsFault::Open { path, mode }),
            _ => Ok(Some(path)),
        }
    }
}
