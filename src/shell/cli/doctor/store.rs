//! The store: room on its disk, who has it open, and whether its journal is whole.

use super::Finding;
use crate::shell::cli::output::counted;
use crate::shell::config::Config;
use crate::shell::store::embedded::verify;
use indicatif::HumanBytes;
use std::fs::{self, File, TryLockError};
use std::path::Path;

const AREA: &str = "store";
/// A journal beyond this many bytes is not read here.
const READ_MAX_BYTES: u64 = 1 << 30;
/// Less room than this is worth a word, even where it holds several segments.
const LITTLE_ROOM_BYTES: u64 = 1 << 30;

pub fn look(config: &Config) -> Vec<Finding> {
    let store = &config.store;
    let mut findings = vec![room(store, config.segment_bytes)];
    if !store.join("journal").is_dir() {
        findings.push(Finding::ok(AREA, format!("there is none yet in {}; the first start makes it", store.display())));
        return findings;
    }
    findings.push(holder(&store.join("lock")));
    findings.push(journal(store));
    findings
}

/// Free room for the daemon's user; an append needs a whole segment at times.
fn room(store: &Path, segment_bytes: u64) -> Finding {
    let there =
        store.ancestors().find(|path| path.exists()).filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let free = match rustix::fs::statvfs(there) {
        Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize),
        Err(error) => {
            return Finding::warn(
                AREA,
                format!("cannot tell the room left for {}: {error}", store.display()),
                "look at it with `df`",
            );
        }
    };
    let text = format!("{} free for {}", HumanBytes(free), store.display());
    if free < segment_bytes.saturating_mul(2) {
        return Finding::fail(AREA, format!("only {text}; events are refused when it is full"), "free some space now");
    }
    if free < LITTLE_ROOM_BYTES {
        return Finding::warn(AREA, format!("only {text}"), "free some space before it is needed");
    }
    Finding::ok(AREA, text)
}

/// Who has the store open. A free lock is held for an instant, shared.
fn holder(lock: &Path) -> Finding {
    let pid = || fs::read_to_string(lock).unwrap_or_default().trim().to_owned();
    match File::open(lock).map(|file| file.try_lock_shared()) {
        Ok(Err(TryLockError::WouldBlock)) => Finding::ok(AREA, format!("in use by process {}: the daemon runs", pid())),
        Ok(Ok(())) => Finding::warn(AREA, "no daemon has it open: nothing rings", "start it with `watchbell serve`"),
        Ok(Err(TryLockError::Error(error))) | Err(error) => {
            Finding::warn(AREA, format!("cannot tell who has it open: {error}"), "run this as the daemon's user")
        }
    }
}

fn journal(store: &Path) -> Finding {
    let path = store.join("journal");
    let by_hand = format!("watchbell journal verify --store {}", store.display());
    let size: u64 =
        fs::read_dir(&path).into_iter().flatten().flatten().filter_map(|file| Some(file.metadata().ok()?.len())).sum();
    if size > READ_MAX_BYTES {
        return Finding::ok(AREA, format!("the journal has {} and was not read here; `{by_hand}` does", HumanBytes(size)));
    }
    match verify(store) {
        Ok(found) => match found.fault {
            None => {
                let text = format!(
                    "the journal is whole: {} in {}",
                    counted(usize::try_from(found.envelopes).unwrap_or(usize::MAX), "envelope"),
                    counted(found.heads.len(), "chain")
                );
                Finding::ok(AREA, text)
            }
            Some(fault) => {
                let text = fault.to_string();
                let (text, hint) = text.split_once("\nhint: ").unwrap_or((text.as_str(), by_hand.as_str()));
                Finding::fail(AREA, text, hint)
            }
        },
        Err(error) => Finding::fail(AREA, error.to_string(), "run this as the daemon's user"),
    }
}
