//! Secrets from files: tokens, signing keys, passwords.

use super::Reader;
use crate::domain::ingest::TokenDigest;
use crate::domain::standard_webhooks;
use secrecy::{SecretSlice, SecretString};
use std::fs;
use std::path::{Path, PathBuf};

impl Reader<'_> {
    /// A file beside the configuration, or in systemd's credentials folder.
    pub(super) fn secret_path(&self, file: &Path) -> PathBuf {
        let beside = self.path(file);
        match self.env.get("CREDENTIALS_DIRECTORY") {
            Some(folder) if file.is_relative() && !beside.exists() => Path::new(folder).join(file),
            _ => beside,
        }
    }

    /// The first line of a secret file.
    pub(super) fn secret_plain(&mut self, file: &Path) -> Option<String> {
        let path = self.secret_path(file);
        match fs::read_to_string(&path) {
            Ok(text) if !text.trim().is_empty() => {
                self.secret_files.push(path);
                Some(text.trim().to_owned())
            }
            Ok(_) => {
                self.fault(
                    &file.to_string_lossy(),
                    format!("the secret file `{}` is empty", file.display()),
                    "put the secret on its first line",
                );
                None
            }
            Err(error) => {
                let text = format!("cannot read the secret file `{}`: {error}", path.display());
                self.fault(
                    &file.to_string_lossy(),
                    text,
                    "paths are taken from the configuration's folder, then from $CREDENTIALS_DIRECTORY",
                );
                None
            }
        }
    }

    pub(super) fn secret_text(&mut self, file: &Path) -> Option<SecretString> {
        self.secret_plain(file).map(SecretString::from)
    }

    pub(super) fn webhook_secret(&mut self, file: &Path) -> Option<SecretSlice<u8>> {
        let text = self.secret_plain(file)?;
        match standard_webhooks::read_secret(&text) {
            Ok(secret) => Some(secret),
            Err(fault) => {
                self.fault(&file.to_string_lossy(), fault.to_string(), "make one with `watchbell token --webhook`");
                None
            }
        }
    }

    pub(super) fn token(&mut self, file: &Path) -> Option<TokenDigest> {
        self.secret_plain(file).map(|token| TokenDigest::of(&token))
    }

    pub(super) fn digests(&mut self, digests: &[String]) -> Vec<TokenDigest> {
        let mut read = Vec::new();
        for digest in digests {
            match TokenDigest::parse(digest) {
                Some(digest) => read.push(digest),
                None => self.fault(
                    digest,
                    "`token_sha256` takes the SHA-256 of a token in 64 hex digits",
                    "make a pair with `watchbell token`",
                ),
            }
        }
        read
    }
}
