//! A disk that is full, a store that is taken, a journal that is damaged.

use super::faults::{incidents, lives_on, open, refused};
use super::support::{Daemon, record_of, wait_for, watchbell};
use serde_json::json;
use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A small file system in memory; only root may mount one.
struct SmallDisk {
    root: PathBuf,
    _folder: TempDir,
}

impl SmallDisk {
    fn mount(mib: u32) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().join("disk");
        fs::create_dir(&root).expect("a folder");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={mib}m"), "tmpfs"]).arg(&root).output();
        mounted.is_ok_and(|output| output.status.success()).then(|| Self { root, _folder: folder })
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.root).status();
    }
}

#[test]
fn a_full_disk_takes_nothing_says_so_and_goes_on_when_there_is_room() {
    let Some(disk) = SmallDisk::mount(12) else {
        println!("skipped: only root may mount a small disk");
        return;
    };
    let store = disk.root.join("store");
    let mut daemon = Daemon::start(|config| {
        config.replace("segment_mib = 64", "segment_mib = 1");
        config.replace("body_limit_kib = 1024", "body_limit_kib = 256");
        let usual = format!("path = {:?}", config.folder().join("store"));
        config.replace(&usual, &format!("path = {store:?}"));
    });
    let ballast = disk.root.join("ballast");
    let first = open(&daemon, "first");
    fill(&ballast);
    // What has room already is still taken: the segment was made at its full length.
    let mut taken = vec![first];
    let problem = loop {
        let n = taken.len();
        assert!(n < 1000, "the disk never got full");
        let answer = daemon.post("native", &json!({ "id": n.to_string(), "title": "t", "note": "x".repeat(19_000) }));
        if answer.status == 202 {
            taken.push(answer.json()["incident"].as_str().expect("an id").to_owned());
            continue;
        }
        break refused(&answer, 503, "store-unavailable");
    };
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("full")), "{problem}");
    assert!(taken.len() > 5, "a megabyte takes more than {} events of twenty kilobytes", taken.len());
    refused(&daemon.post("native", &json!({ "id": "more", "title": "t", "note": "x".repeat(19_000) })), 503, "store-unavailable");
    assert_eq!(daemon.get("/-/healthy").status, 200);
    let sorted = |mut ids: Vec<String>| {
        ids.sort();
        ids
    };
    let read = daemon.get("/v1/incidents");
    if read.status != 200 {
        refused(&read, 503, "store-unavailable");
    }

    fs::remove_file(&ballast).expect("removed");
    let answer = wait_for("room is made use of", || {
        let answer = daemon.post("native", &json!({ "id": "after", "title": "There is room again" }));
        (answer.status == 202).then_some(answer)
    });
    taken.push(answer.json()["incident"].as_str().expect("an id").to_owned());
    assert_eq!(sorted(incidents(&daemon)), sorted(taken.clone()));
    lives_on(&daemon);
    daemon.restart();
    assert_eq!(sorted(incidents(&daemon)), sorted(taken), "nothing acknowledged is lost");
    assert!(daemon.stop().success(), "{}", daemon.log());
    record_of(&store);
}

/// Takes all the room there is.
fn fill(path: &Path) {
    let mut file = fs::File::create(path).expect("a file");
    let mut block = vec![0_u8; 1 << 16];
    while !block.is_empty() {
        match file.write_all(&block) {
            Ok(()) => {}
            Err(_) => block.truncate(block.len() / 2),
        }
    }
}

#[test]
fn a_store_in_use_is_not_opened_twice_and_the_complaint_names_the_process() {
    let daemon = Daemon::start(|_| ());
    let output = watchbell().arg("serve").arg("--config").arg(daemon.config()).output().expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(text.contains(&format!("in use by process {}", daemon.pid())) && text.contains("hint: "), "{text}");
    lives_on(&daemon);
}

#[test]
fn a_damaged_segment_is_named_with_file_and_offset_and_the_daemon_does_not_start_on_it() {
    let mut daemon = Daemon::start(|_| ());
    for n in 0..20 {
        open(&daemon, &n.to_string());
    }
    assert!(daemon.stop().success());
    let journal = daemon.store().join("journal");
    let segment = fs::read_dir(&journal).expect("a journal").flatten().map(|file| file.path()).min().expect("a segment");
    let mut file = fs::File::options().read(true).write(true).open(&segment).expect("the segment");
    let at = 4096 * 4 + 100;
    let mut byte = [0];
    file.seek(SeekFrom::Start(at)).and_then(|_| file.read_exact(&mut byte)).expect("read");
    file.seek(SeekFrom::Start(at)).and_then(|_| file.write_all(&[byte[0] ^ 0x55])).expect("written");
    let output = watchbell().arg("serve").arg("--config").arg(daemon.config()).output().expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).expect("UTF-8");
    let name = segment.file_name().expect("a name").to_string_lossy().into_owned();
    for words in [name.as_str(), "damaged", "offset", "hint: restore"] {
        assert!(text.contains(words), "no `{words}` in {text}");
    }
    assert!(!text.contains("panicked"), "{text}");
}
