//! The folder of a store: its lock, its permissions, and whether its index can be trusted.
//!
//! | name | what |
//! |---|---|
//! | `lock` | held while the store is open; says by which process |
//! | `journal/` | the segments: the truth |
//! | `index/` | derived from them |
//! | `index.broken-1` | the last index that was set aside |
//! | `index.state` | the boot the index was last written in, and whether it was closed cleanly |

use super::super::StoreError;
use super::super::disk::sync_folder;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The folder of the segments.
pub(super) const JOURNAL: &str = "journal";
const INDEX: &str = "index";
const BROKEN: &str = "index.broken-1";
const STATE: &str = "index.state";
const LOCK: &str = "lock";

/// A number the kernel draws at each boot.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// A folder that is ours until this is dropped.
pub(super) struct Folder {
    dir: PathBuf,
    /// Holds the lock.
    _lock: File,
}

impl Folder {
    /// Makes the folder when it is missing, and locks it.
    pub fn lock(dir: &Path) -> Result<Self, StoreError> {
        let failed = |action, error: &io::Error| StoreError::disk(action, dir.display().to_string(), error);
        make_private(dir).map_err(|error| failed("make", &error))?;
        let path = dir.join(LOCK);
        let mut options = OpenOptions::new();
        let opened = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        let mut lock = opened.map_err(|error| failed("open the lock of", &error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                let _ = lock.read_to_string(&mut pid);
                let holder = if pid.trim().is_empty() { "another process".to_owned() } else { format!("process {}", pid.trim()) };
                return Err(StoreError::InUse { dir: dir.to_owned(), holder });
            }
            Err(TryLockError::Error(error)) => return Err(failed("lock", &error)),
        }
        let pid = format!("{}\n", std::process::id());
        lock.set_len(0).and_then(|()| lock.write_all(pid.as_bytes())).map_err(|error| failed("lock", &error))?;
        Ok(Self { dir: dir.to_owned(), _lock: lock })
    }

    pub fn journal(&self) -> PathBuf {
        self.dir.join(JOURNAL)
    }

    pub fn index(&self) -> PathBuf {
        self.dir.join(INDEX)
    }

    /// Why the index cannot be trusted, if it cannot: the machine went down with the store open.
    pub fn index_doubt(&self) -> Option<String> {
        if !self.index().is_dir() {
            return None;
        }
        let state = fs::read_to_string(self.dir.join(STATE)).unwrap_or_default();
        let same_boot = boot_id().is_some_and(|boot| state.lines().any(|line| line == format!("boot={boot}")));
        let trusted = same_boot || state.lines().any(|line| line == "clean=yes");
        (!trusted).then(|| "the machine went down while the store was open".to_owned())
    }

    /// Says durably that the index is being written to in this boot.
    pub fn mark_open(&self) -> Result<(), StoreError> {
        self.mark(false)
    }

    /// Makes every file of the index durable, then says so.
    pub fn mark_clean(&self) -> Result<(), StoreError> {
        sync_tree(&self.index()).map_err(|error| StoreError::disk("sync", INDEX, &error))?;
        self.mark(true)
    }

    fn mark(&self, clean: bool) -> Result<(), StoreError> {
        let state = format!("boot={}\nclean={}\n", boot_id().unwrap_or_default(), if clean { "yes" } else { "no" });
        let path = self.dir.join(format!("{STATE}.new"));
        let write = || {
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
            file.write_all(state.as_bytes())?;
            file.sync_all()?;
            fs::rename(&path, self.dir.join(STATE))?;
            sync_folder(&self.dir)
        };
        write().map_err(|error| StoreError::disk("write", STATE, &error))
    }

    /// Puts the index out of the way, in place of the one put there before.
    pub fn set_index_aside(&self) -> Result<(), StoreError> {
        let aside = self.dir.join(BROKEN);
        let moved = match fs::remove_dir_all(&aside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => match fs::rename(self.index(), &aside) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                renamed => renamed,
            },
        };
        moved.map_err(|error| StoreError::disk("set aside", INDEX, &error))
    }

    /// Takes the index from the eyes of others; sled makes its files as the umask has it.
    pub fn close_index_to_others(&self) -> Result<(), StoreError> {
        restrict_tree(&self.index()).map_err(|error| StoreError::disk("restrict", INDEX, &error))
    }
}

fn boot_id() -> Option<String> {
    fs::read_to_string(BOOT_ID).ok().map(|id| id.trim().to_owned()).filter(|id| !id.is_empty())
}

/// Makes a folder for its owner alone, durably.
fn make_private(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    dir.parent().map_or(Ok(()), sync_folder)
}

fn sync_tree(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_tree(&entry.path())?;
        } else {
            File::open(entry.path())?.sync_all()?;
        }
    }
    sync_folder(dir)
}

fn restrict_tree(dir: &Path) -> io::Result<()> {
    fs::set_permissions(dir, Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            restrict_tree(&entry.path())?;
        } else {
            fs::set_permissions(entry.path(), Permissions::from_mode(0o600))?;
        }
    }
    Ok(())
}
