//! Links that let whoever got an alert acknowledge it: what they are for stands in them, under the store's own key.
//!
//! A link names an alert and when the link ends, and nobody's address. It opens a page and nothing else, and who has
//! it may do no more than acknowledge the clocks the alert is about. Deleting the key ends every link there is; the
//! next start makes another.

use super::mint;
use crate::domain::ids::{AlertId, IncidentId};
use crate::domain::instant::{DateTime, Instant};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretBox};
use sha2::Sha256;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

const FILE: &str = "link-key";
const KEY_BYTES: usize = 32;
/// Half of the code: a link must fit into a line of a letter, and 128 bits cannot be guessed.
const MAC_BYTES: usize = 16;
const EXPIRY_BYTES: usize = 8;
/// No link of ours is longer, in bytes.
const TOKEN_MAX: usize = 512;
/// What the code is over begins with this, so that the key can sign nothing else.
const PURPOSE: &[u8] = b"watchbell acknowledgement link 2\0";

/// Makes and reads links.
pub struct Links {
    key: SecretBox<[u8; KEY_BYTES]>,
}

/// What a link lets its reader do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// The incident.
    pub incident: IncidentId,
    /// The alert, which says which clocks it is about and where it went.
    pub alert: AlertId,
    /// Until when it may be used, in whole seconds.
    pub until: Instant,
}

/// Why a link opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkFault {
    /// Cut, mistyped, forged, or made with another key.
    #[error("the link is not one of ours, or was cut")]
    Unknown,
    /// It was good once.
    #[error("the link has ended")]
    Ended,
}

impl Links {
    /// With the key in a store's folder, which is made if there is none yet; only its owner may read it.
    ///
    /// # Errors
    /// What the system says, and `InvalidData` when the file holds something else.
    pub fn in_store(folder: &Path) -> io::Result<Self> {
        let path = folder.join(FILE);
        match fs::read(&path) {
            Ok(bytes) => Self::with_key(&bytes).ok_or_else(|| {
                let text = format!("{} does not hold a key; delete it, and another is made", path.display());
                io::Error::new(io::ErrorKind::InvalidData, text)
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key = mint::link_key();
                // A temporary file is readable by its owner alone, and is never found half written.
                let mut file = tempfile::NamedTempFile::new_in(folder)?;
                file.write_all(&key)?;
                file.as_file().sync_all()?;
                file.persist(&path)?;
                Ok(Self { key: SecretBox::new(Box::new(key)) })
            }
            Err(error) => Err(error),
        }
    }

    fn with_key(bytes: &[u8]) -> Option<Self> {
        Some(Self { key: SecretBox::new(Box::new(bytes.try_into().ok()?)) })
    }

    /// The last part of the link's address.
    pub fn token(&self, invitation: &Invitation) -> String {
        let mut said = invitation.until.timestamp().to_be_bytes().to_vec();
        said.extend_from_slice(format!("{}\0{}", invitation.incident, invitation.alert).as_bytes());
        let mut bytes = self.mac(&said).finalize().into_bytes()[..MAC_BYTES].to_vec();
        bytes.extend(said);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What a token of ours lets its bearer do at `now`.
    ///
    /// # Errors
    /// A [`LinkFault`] for a token that is not ours, or has ended.
    pub fn read(&self, token: &str, now: Instant) -> Result<Invitation, LinkFault> {
        let bytes = Some(token).filter(|token| token.len() <= TOKEN_MAX).and_then(|token| URL_SAFE_NO_PAD.decode(token).ok());
        let bytes = bytes.ok_or(LinkFault::Unknown)?;
        let (mac, said) = bytes.split_at_checked(MAC_BYTES).ok_or(LinkFault::Unknown)?;
        // Compares in constant time.
        self.mac(said).verify_truncated_left(mac).map_err(|_| LinkFault::Unknown)?;
        let invitation = read_said(said).ok_or(LinkFault::Unknown)?;
        if invitation.until < now { Err(LinkFault::Ended) } else { Ok(invitation) }
    }

    fn mac(&self, said: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.expose_secret()).expect("HMAC takes a key of any length");
        mac.update(PURPOSE);
        mac.update(said);
        mac
    }
}

fn read_said(said: &[u8]) -> Option<Invitation> {
    let (expiry, text) = said.split_at_checked(EXPIRY_BYTES)?;
    let until = DateTime::from_timestamp(i64::from_be_bytes(expiry.try_into().ok()?), 0)?;
    let (incident, alert) = std::str::from_utf8(text).ok()?.split_once('\0')?;
    Some(Invitation { incident: incident.into(), alert: alert.into(), until })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::instant::{Duration, parse_rfc3339};
    use std::os::unix::fs::PermissionsExt;

    fn invitation() -> Invitation {
        Invitation {
            incident: IncidentId::new("inc-7h3k9qd2w4xz8m5n"),
            alert: AlertId::new("alr-0c0047974b1ecc38a6c51207"),
            until: parse_rfc3339("2026-12-01T00:00:00Z").expect("an instant"),
        }
    }

    fn links(byte: u8) -> Links {
        Links::with_key(&[byte; KEY_BYTES]).expect("a key")
    }

    #[test]
    fn a_link_says_what_was_put_into_it_until_it_ends() {
        let (invitation, links) = (invitation(), links(1));
        let token = links.token(&invitation);
        assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')), "{token}");
        assert_eq!(links.read(&token, invitation.until), Ok(invitation.clone()));
        assert_eq!(links.read(&token, invitation.until + Duration::seconds(1)), Err(LinkFault::Ended));
        assert!(token.len() < 120, "it fits into a line: {token}");
        assert_eq!(token, links.token(&invitation), "a repeated letter has the same link");
    }

    #[test]
    fn no_change_of_any_byte_passes_nor_another_key() {
        let (invitation, ours) = (invitation(), links(1));
        let token = ours.token(&invitation);
        assert_eq!(links(2).read(&token, invitation.until), Err(LinkFault::Unknown));
        let bytes = URL_SAFE_NO_PAD.decode(&token).expect("base64");
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            assert_eq!(ours.read(&URL_SAFE_NO_PAD.encode(changed), invitation.until), Err(LinkFault::Unknown), "{place}");
        }
        for length in 0..token.len() {
            assert_eq!(ours.read(&token[..length], invitation.until), Err(LinkFault::Unknown), "{length}");
        }
        for junk in ["", "%", "a b", &"A".repeat(TOKEN_MAX + 1)] {
            assert_eq!(ours.read(junk, invitation.until), Err(LinkFault::Unknown));
        }
    }

    #[test]
    fn the_key_is_made_once_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = Links::in_store(folder.path()).expect("a key is made");
        let again = Links::in_store(folder.path()).expect("and found");
        assert_eq!(first.token(&invitation()), again.token(&invitation()));
        let mode = fs::metadata(folder.path().join(FILE)).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::write(folder.path().join(FILE), "short").expect("written");
        assert_eq!(Links::in_store(folder.path()).err().map(|error| error.kind()), Some(io::ErrorKind::InvalidData));
    }
}
