//! The keys under which messages are sealed, one a UTC day, each a file of the store until it is destroyed.
//!
//! A key is on disk before anything is sealed with it. To destroy one, a note that says when and why is
//! written first, then the key is overwritten and removed: what was sealed with it can be read by nobody
//! who has no copy of the file, and the record's chain still verifies.

use super::mint;
use crate::domain::hex::{hex, unhex};
use crate::domain::instant::{Duration, Instant, rfc3339};
use crate::domain::payload::Sealed;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use secrecy::{ExposeSecret, SecretBox};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const FOLDER: &str = "payload-keys";
const KEY_BYTES: usize = 32;
const DESTROYED: &str = "destroyed";
/// What is sealed is bound to this, to its day and to the digest of the message.
const PURPOSE: &str = "watchbell payload 1";

type Key = SecretBox<[u8; KEY_BYTES]>;

/// The keys of a store.
#[derive(Debug)]
pub struct PayloadKeys {
    /// None in a rehearsal, whose keys end with it.
    folder: Option<PathBuf>,
    in_use: Mutex<BTreeMap<String, Arc<Key>>>,
}

/// Why a message cannot be read any more.
#[derive(Debug, thiserror::Error)]
pub enum PayloadFault {
    /// Its key was destroyed.
    #[error("destroyed on {on} by the retention of {keep}")]
    Destroyed {
        /// When, a UTC day.
        on: String,
        /// How long messages were kept.
        keep: String,
    },
    /// The key is gone and nobody noted why.
    #[error("the key of {0} is not in the store's folder `payload-keys`\nhint: a backup may have it")]
    NoKey(String),
    /// The key is another one, or the record was changed.
    #[error("the message does not open with the key of {0}")]
    Damaged(String),
    /// The key cannot be read.
    #[error("the key of {day} cannot be read: {source}")]
    Unread {
        /// The day.
        day: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl PayloadKeys {
    /// The keys in a store's folder; theirs is made if it is not there, for its owner alone.
    pub fn in_store(store: &Path) -> io::Result<Self> {
        let folder = store.join(FOLDER);
        if !folder.is_dir() {
            let mut builder = fs::DirBuilder::new();
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.recursive(true).create(&folder)?;
            File::open(store)?.sync_all()?;
        }
        Ok(Self { folder: Some(folder), in_use: Mutex::default() })
    }

    /// Keys that are on no disk, for a store that is on none.
    pub fn in_memory() -> Self {
        Self { folder: None, in_use: Mutex::default() }
    }

    /// Seals a message whose SHA-256, in hex and before any redaction, is `sha256`.
    ///
    /// # Errors
    /// What the system says when the day's key can be neither read nor made.
    pub fn seal(&self, message: &[u8], sha256: &str, redacted: BTreeSet<String>, now: Instant) -> io::Result<Sealed> {
        let under = day(now);
        let key = self.of_today(&under)?;
        // A day's messages would have to be more than 2^32 before two random nonces are likely to be one.
        let nonce: [u8; NONCE_LEN] = mint::payload_nonce();
        let mut text = message.to_vec();
        aead(&key)
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), bound_to(&under, sha256), &mut text)
            .map_err(|_| io::Error::other("the message is too long to be sealed"))?;
        Ok(Sealed { under, nonce: hex(&nonce), text: STANDARD_NO_PAD.encode(text), redacted })
    }

    /// Has the key of a moment on disk, so that no message waits for it.
    ///
    /// # Errors
    /// What the system says.
    pub fn prepare(&self, at: Instant) -> io::Result<()> {
        self.of_today(&day(at)).map(drop)
    }

    /// Opens a message.
    ///
    /// # Errors
    /// Why it cannot be read any more.
    pub fn open(&self, sealed: &Sealed, sha256: &str) -> Result<Vec<u8>, PayloadFault> {
        let damaged = || PayloadFault::Damaged(sealed.under.clone());
        let key = self.of(&sealed.under)?;
        let nonce = unhex(&sealed.nonce).and_then(|nonce| <[u8; NONCE_LEN]>::try_from(nonce).ok()).ok_or_else(damaged)?;
        let mut text = STANDARD_NO_PAD.decode(&sealed.text).map_err(|_| damaged())?;
        let bound = bound_to(&sealed.under, sha256);
        let opened = aead(&key).open_in_place(Nonce::assume_unique_for_key(nonce), bound, &mut text);
        opened.map(|message| message.to_vec()).map_err(|_| match self.why_gone(&sealed.under) {
            // A clock that was set back may have made the day another key.
            gone @ PayloadFault::Destroyed { .. } => gone,
            _ => damaged(),
        })
    }

    /// The days that have a key.
    pub fn days(&self) -> io::Result<BTreeSet<String>> {
        let Some(folder) = &self.folder else { return Ok(self.lock().keys().cloned().collect()) };
        let mut days = BTreeSet::new();
        for entry in fs::read_dir(folder)? {
            let name = entry?.file_name();
            days.extend(name.to_str().filter(|name| is_day(name)).map(str::to_owned));
        }
        Ok(days)
    }

    /// Destroys the key of a day, of messages that were kept for `keep`.
    ///
    /// # Errors
    /// What the system says; destroying it once more is safe.
    pub fn destroy(&self, of: &str, keep: &str, now: Instant) -> io::Result<()> {
        let Some(folder) = &self.folder else {
            self.lock().remove(of);
            return Ok(());
        };
        let note = format!("{} {keep}\n", day(now));
        write_new(folder, &format!("{of}.{DESTROYED}"), note.as_bytes())?;
        self.lock().remove(of);
        let path = folder.join(of);
        let mut file = OpenOptions::new().write(true).open(&path)?;
        file.write_all(&[0; KEY_BYTES])?;
        file.sync_all()?;
        fs::remove_file(&path)?;
        File::open(folder)?.sync_all()
    }

    /// The key of today, made if there is none yet.
    fn of_today(&self, today: &str) -> io::Result<Arc<Key>> {
        let mut in_use = self.lock();
        if let Some(key) = in_use.get(today) {
            return Ok(Arc::clone(key));
        }
        let key = match &self.folder {
            None => SecretBox::new(Box::new(mint::payload_key())),
            Some(folder) => match fs::symlink_metadata(folder.join(today)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    write_new(folder, today, &mint::payload_key())?;
                    read(&folder.join(today))?
                }
                Err(error) => return Err(error),
                Ok(_) => read(&folder.join(today))?,
            },
        };
        let key = Arc::new(key);
        in_use.insert(today.to_owned(), Arc::clone(&key));
        Ok(key)
    }

    fn of(&self, under: &str) -> Result<Arc<Key>, PayloadFault> {
        if !is_day(under) {
            return Err(PayloadFault::Damaged(under.to_owned()));
        }
        let mut in_use = self.lock();
        if let Some(key) = in_use.get(under) {
            return Ok(Arc::clone(key));
        }
        let Some(folder) = &self.folder else { return Err(PayloadFault::NoKey(under.to_owned())) };
        match read(&folder.join(under)) {
            Ok(key) => Ok(Arc::clone(in_use.entry(under.to_owned()).or_insert(Arc::new(key)))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(self.why_gone(under)),
            Err(source) => Err(PayloadFault::Unread { day: under.to_owned(), source }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Key>>> {
        self.in_use.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn why_gone(&self, under: &str) -> PayloadFault {
        let note = self.folder.as_ref().and_then(|folder| fs::read_to_string(folder.join(format!("{under}.{DESTROYED}"))).ok());
        let note = note.unwrap_or_default();
        match note.trim().split_once(' ') {
            Some((on, keep)) => PayloadFault::Destroyed { on: on.to_owned(), keep: keep.to_owned() },
            None => PayloadFault::NoKey(under.to_owned()),
        }
    }
}

/// The first moment at which everything sealed under the key of a day is older than `keep`.
pub fn is_over(of: &str, keep: Duration, now: Instant) -> bool {
    let end = crate::domain::instant::parse_rfc3339(&format!("{of}T00:00:00Z"))
        .and_then(|begin| begin.checked_add_signed(Duration::days(1)));
    end.and_then(|end| end.checked_add_signed(keep)).is_some_and(|over| over <= now)
}

/// The UTC day: `2026-11-22`.
fn day(now: Instant) -> String {
    rfc3339(now).chars().take(10).collect()
}

fn is_day(name: &str) -> bool {
    name.len() == 10
        && name.bytes().enumerate().all(|(at, byte)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() })
}

fn bound_to(under: &str, sha256: &str) -> Aad<Vec<u8>> {
    Aad::from(format!("{PURPOSE}\0{under}\0{sha256}").into_bytes())
}

fn aead(key: &Key) -> LessSafeKey {
    let unbound = UnboundKey::new(&CHACHA20_POLY1305, key.expose_secret());
    LessSafeKey::new(unbound.expect("a key of ChaCha20-Poly1305 has 32 bytes"))
}

fn read(path: &Path) -> io::Result<Key> {
    let bytes = fs::read(path)?;
    let key = bytes.try_into().map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it does not hold a key"))?;
    Ok(SecretBox::new(Box::new(key)))
}

/// A file of its owner alone, whole and durable before this returns. One that is there is replaced.
fn write_new(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(folder.join(name))?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::instant::parse_rfc3339;

    fn at(text: &str) -> Instant {
        parse_rfc3339(text).expect("an instant")
    }

    fn sealed(keys: &PayloadKeys, message: &str, now: &str) -> Sealed {
        keys.seal(message.as_bytes(), "digest", BTreeSet::new(), at(now)).expect("it seals")
    }

    #[test]
    fn a_message_opens_until_the_key_of_its_day_is_destroyed_and_then_says_so() {
        let store = tempfile::tempdir().expect("a folder");
        let keys = PayloadKeys::in_store(store.path()).expect("keys");
        let first = sealed(&keys, "one", "2026-11-21T23:59:59Z");
        let second = sealed(&keys, "two", "2026-11-22T00:00:00Z");
        assert!(!first.text.contains("one") && first.under == "2026-11-21" && second.under == "2026-11-22");
        let keys = PayloadKeys::in_store(store.path()).expect("keys after a restart");
        assert_eq!(keys.open(&first, "digest").expect("it opens"), b"one");
        assert!(matches!(keys.open(&first, "another"), Err(PayloadFault::Damaged(_))), "it is bound to its digest");
        let moved = Sealed { under: second.under.clone(), ..first.clone() };
        assert!(matches!(keys.open(&moved, "digest"), Err(PayloadFault::Damaged(_))), "and to its day");
        keys.destroy("2026-11-21", "90d", at("2027-02-20T00:00:00Z")).expect("it is destroyed");
        let gone = keys.open(&first, "digest").expect_err("it is gone").to_string();
        assert_eq!(gone, "destroyed on 2027-02-20 by the retention of 90d");
        assert_eq!(keys.open(&second, "digest").expect("the next day's stays"), b"two");
        assert_eq!(keys.days().expect("days"), BTreeSet::from(["2026-11-22".to_owned()]));
        let elsewhere = Sealed { under: "../link-key".into(), ..second };
        assert!(matches!(keys.open(&elsewhere, "digest"), Err(PayloadFault::Damaged(_))), "a name is no path");
    }

    #[test]
    fn a_key_is_for_its_owner_alone_and_a_broken_one_is_not_used() {
        use std::os::unix::fs::PermissionsExt;
        let store = tempfile::tempdir().expect("a folder");
        let keys = PayloadKeys::in_store(store.path()).expect("keys");
        sealed(&keys, "one", "2026-11-21T12:00:00Z");
        let path = store.path().join(FOLDER).join("2026-11-21");
        assert_eq!(fs::metadata(&path).expect("it is there").permissions().mode() & 0o777, 0o600);
        fs::write(&path, "short").expect("written");
        let keys = PayloadKeys::in_store(store.path()).expect("keys");
        assert!(keys.seal(b"two", "digest", BTreeSet::new(), at("2026-11-21T13:00:00Z")).is_err(), "no key is overwritten");
    }

    #[test]
    fn a_day_is_over_once_its_last_message_is_older_than_what_is_kept() {
        let keep = Duration::days(90);
        assert!(!is_over("2026-11-21", keep, at("2027-02-19T23:59:59Z")));
        assert!(is_over("2026-11-21", keep, at("2027-02-20T00:00:00Z")));
        assert!(!is_over("2026-11-21", Duration::MAX, at("2027-02-20T00:00:00Z")));
        assert!(!is_over("no day", keep, at("2027-02-20T00:00:00Z")));
    }
}
