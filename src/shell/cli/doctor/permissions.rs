//! Who else can read secrets and personal data.

use super::Finding;
use crate::shell::config::Config;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const AREA: &str = "secrets";
const GROUP: u32 = 0o070;
const OTHERS: u32 = 0o007;

pub fn look(config: &Config) -> Vec<Finding> {
    let mut findings: Vec<Finding> = config.secret_files.iter().filter_map(|file| open_to(file, "600")).collect();
    let folders = [&config.store, &config.drafts];
    findings.extend(folders.into_iter().filter(|folder| folder.is_dir()).filter_map(|folder| open_to(folder, "700")));
    if findings.is_empty() {
        findings.push(Finding::ok(AREA, "secret files, store and drafts are their owner's alone"));
    }
    findings
}

fn open_to(path: &Path, mend: &str) -> Option<Finding> {
    let shown = path.display();
    let mode = match fs::metadata(path) {
        Ok(metadata) => metadata.permissions().mode() & 0o777,
        Err(error) => {
            return Some(Finding::fail(AREA, format!("cannot look at {shown}: {error}"), "run this as the daemon's user"));
        }
    };
    let next = format!("chmod {mend} {shown}");
    if mode & OTHERS != 0 {
        return Some(Finding::fail(AREA, format!("every user of this machine can get at {shown} (mode {mode:o})"), next));
    }
    (mode & GROUP != 0).then(|| Finding::warn(AREA, format!("its group can get at {shown} (mode {mode:o})"), next))
}
