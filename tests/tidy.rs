//! The import law of ARCHITECTURE.md: who may know whom. A failure says which line knows too much.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What the files below a path may import from this crate, by the first segments of the path.
/// The longest path that fits decides.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("domain/ids", &[]),
    ("domain/instant", &[]),
    ("domain/standard_webhooks", &[]),
    ("domain/quarantine", &["domain::ids", "domain::instant", "domain::payload"]),
    ("domain/payload", &[]),
    ("domain/redaction", &["domain::redaction"]),
    ("domain/escalation", &["domain::instant", "domain::escalation"]),
    ("domain/joining", &["domain::ids", "domain::instant"]),
    ("domain/clocks", &["domain::instant", "domain::clocks"]),
    ("domain/facts", &["domain::ids", "domain::instant", "domain::facts"]),
    ("domain/notices", &["domain::ids", "domain::instant", "domain::facts", "domain::notices"]),
    ("domain/journal", &["domain::ids", "domain::instant", "domain::journal"]),
    ("domain/ingest", &["domain::ids", "domain::instant", "domain::facts", "domain::standard_webhooks", "domain::ingest"]),
    ("domain/law", &["domain::ids", "domain::instant", "domain::clocks", "domain::facts", "domain::notices", "domain::law"]),
    ("domain/severity", &["domain::ids", "domain::instant", "domain::facts", "domain::law::sight", "domain::severity"]),
    (
        "domain/incident",
        &[
            "domain::ids",
            "domain::instant",
            "domain::clocks",
            "domain::escalation",
            "domain::facts",
            "domain::law",
            "domain::notices",
            "domain::payload",
            "domain::severity",
            "domain::incident",
        ],
    ),
    ("domain/board", &["domain::ids", "domain::instant", "domain::facts", "domain::incident", "domain::law", "domain::severity"]),
    ("domain/loaded", &["domain::ids", "domain::instant"]),
    (
        "domain/timeline",
        &[
            "domain::ids",
            "domain::instant",
            "domain::board",
            "domain::facts",
            "domain::incident",
            "domain::law",
            "domain::loaded",
            "domain::timeline",
        ],
    ),
    ("domain/delivery_log", &["domain::ids", "domain::instant", "domain::incident"]),
    ("domain", &[]),
    ("shell/store", &["domain::ids", "domain::instant", "domain::journal", "shell::store", "shell::wall_clock", "sim::disk"]),
    (
        "shell/delivery",
        &["domain::ids", "domain::instant", "domain::standard_webhooks", "shell::address_guard", "shell::delivery"],
    ),
    (
        "shell/render",
        &[
            "domain::board",
            "domain::instant",
            "domain::incident",
            "domain::notices",
            "domain::law",
            "domain::timeline",
            "shell::render",
        ],
    ),
    ("shell/wall_clock", &["domain::instant"]),
    ("shell/mint", &["domain::escalation", "domain::ids", "domain::quarantine"]),
    (
        "shell/web",
        &[
            "domain",
            "shell::address_guard",
            "shell::config",
            "shell::courier",
            "shell::desk",
            "shell::links",
            "shell::mint",
            "shell::operator",
            "shell::payload_keys",
            "shell::record",
            "shell::render",
            "shell::reunite",
            "shell::scheduler",
            "shell::telemetry",
            "shell::watch::Receipts",
            "shell::unique",
            "shell::wall_clock",
            "shell::web",
        ],
    ),
    ("shell", &["domain", "shell", "sim"]),
    ("sim/rehearsal", &["domain", "shell", "sim"]),
    ("sim/replay", &["domain", "shell::config", "sim::rehearsal", "sim::replay"]),
    ("sim", &["domain", "sim"]),
];

/// What everybody may know: it knows nobody.
const EVERYBODY: &[&str] = &["domain::hex", "domain::repeated"];

/// Crates that live in one place, and that place.
const ONE_ROOM: &[(&str, &[&str], &str)] = &[
    ("chrono_tz", &["domain/instant.rs"], "zones go through domain/instant.rs"),
    ("sled", &["shell/store/embedded/index"], "the index is the only user of sled"),
    ("lettre", &["shell/delivery/email.rs"], "mail goes through shell/delivery/email.rs"),
    (
        "getrandom",
        &["shell/mint.rs", "shell/store/embedded/store.rs"],
        "random ids are minted in shell/mint.rs, store ids in the store",
    ),
    ("minijinja", &["domain/notices"], "templates belong to domain/notices"),
    ("prometheus_client", &["shell/telemetry.rs"], "metrics are declared in shell/telemetry.rs"),
    ("icalendar", &["shell/web/calendar.rs"], "the calendar feed is the only user of icalendar"),
    ("clap", &["shell/cli"], "the command line belongs to shell/cli"),
    ("axum", &["shell/web", "sim/webhook_sink.rs"], "HTTP serving belongs to shell/web; sim/webhook_sink.rs plays a receiver"),
];

/// What the pure half must not touch.
const NOT_IN_DOMAIN: &[&str] = &[
    "tokio::",
    "std::fs",
    "std::net",
    "std::io",
    "std::thread",
    "std::env",
    "std::process",
    "tracing::",
    "reqwest::",
    "HashMap",
    "HashSet",
    "SystemTime",
    "async fn",
    ".await",
];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every source file by its path below `src`, with its lines numbered, comments and tests taken out.
fn files() -> BTreeMap<String, Vec<(usize, String)>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![source()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("src is readable") {
            let path = entry.expect("src is readable").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let name = path.strip_prefix(source()).expect("below src").to_string_lossy().into_owned();
                let text = fs::read_to_string(&path).expect("source is text");
                let code = text.split("#[cfg(test)]").next().unwrap_or_default();
                let lines = code.lines().enumerate().map(|(nth, line)| (nth + 1, strip_comment(line).to_owned())).collect();
                files.insert(name, lines);
            }
        }
    }
    files
}

fn strip_comment(line: &str) -> &str {
    if line.trim_start().starts_with("//") { "" } else { line.split(" // ").next().unwrap_or(line) }
}

fn module_of(file: &str) -> String {
    file.trim_end_matches(".rs").trim_end_matches("/mod").to_owned()
}

/// Every path into this crate that a line names, with `super` resolved.
fn imports(file: &str, line: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (start, _) in line.match_indices("crate::") {
        found.push(line[start + 7..].chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':')).collect::<String>());
    }
    for (start, _) in line.match_indices("super::").filter(|(start, _)| !line[..*start].ends_with("super::")) {
        let mut here: Vec<String> = module_of(file).split('/').map(str::to_owned).collect();
        let mut rest = &line[start..];
        while let Some(after) = rest.strip_prefix("super::") {
            here.pop();
            rest = after;
        }
        let tail: String = rest.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':')).collect();
        found.push([here.join("::"), tail].iter().filter(|s| !s.is_empty()).cloned().collect::<Vec<_>>().join("::"));
    }
    found.retain(|path| path.starts_with("domain") || path.starts_with("shell") || path.starts_with("sim"));
    found
}

#[test]
fn everyone_knows_only_whom_they_may() {
    let mut trespasses = Vec::new();
    for (file, lines) in files() {
        let rule = MAY_KNOW
            .iter()
            .filter(|(place, _)| file == format!("{place}.rs") || file.starts_with(&format!("{place}/")))
            .max_by_key(|(place, _)| place.len());
        let Some((place, allowed)) = rule else { continue };
        for (number, line) in &lines {
            for path in imports(&file, line) {
                let within = |root: &str| path == root || path.starts_with(&format!("{root}::"));
                if !allowed.iter().chain(EVERYBODY).any(|root| within(root)) {
                    trespasses.push(format!(
                        "src/{file}:{number}: {place} must not know `{path}`; move what is needed to a room both may enter"
                    ));
                }
            }
        }
    }
    assert!(trespasses.is_empty(), "\n{}", trespasses.join("\n"));
}

#[test]
fn the_domain_is_pure() {
    let mut stains = Vec::new();
    for (file, lines) in files().into_iter().filter(|(file, _)| file.starts_with("domain/")) {
        for (number, line) in lines {
            for word in NOT_IN_DOMAIN.iter().filter(|word| line.contains(*word)) {
                stains.push(format!(
                    "src/{file}:{number}: the domain must not touch `{word}`; take it as an argument from the shell"
                ));
            }
        }
    }
    assert!(stains.is_empty(), "\n{}", stains.join("\n"));
}

#[test]
fn a_crate_that_has_one_room_stays_in_it() {
    let mut strays = Vec::new();
    for (file, lines) in files() {
        for (name, rooms, why) in ONE_ROOM {
            let at_home = rooms.iter().any(|room| file.starts_with(room));
            for (number, line) in lines.iter().filter(|_| !at_home) {
                let names = line.contains(&format!("{name}::")) || line.contains(&format!("use {name};"));
                if names {
                    strays.push(format!("src/{file}:{number}: {why}"));
                }
            }
        }
    }
    assert!(strays.is_empty(), "\n{}", strays.join("\n"));
}

#[test]
fn only_the_desk_decides() {
    let callers: Vec<String> = files()
        .into_iter()
        .filter(|(file, _)| file.starts_with("shell/") && file != "shell/desk.rs")
        .flat_map(|(file, lines)| {
            let calls = |line: &String| line.contains("incident::decide") || line.contains(" decide(");
            lines.into_iter().filter(move |(_, line)| calls(line)).map(move |(number, _)| format!("src/{file}:{number}"))
        })
        .collect();
    assert!(callers.is_empty(), "decide is called outside shell/desk.rs; submit a command instead: {callers:?}");
}

#[test]
fn nothing_is_left_to_be_done_and_nothing_is_unsafe() {
    let marks = ["todo!(", "unimplemented!(", "TODO", "FIXME", "XXX", "unsafe {", "unsafe fn", "dbg!("];
    let mut found = Vec::new();
    for (file, lines) in files() {
        for (number, line) in lines {
            for mark in marks.iter().filter(|mark| line.contains(*mark)) {
                found.push(format!("src/{file}:{number}: `{mark}`"));
            }
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn the_map_names_every_room() {
    let map =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md")).expect("there is an ARCHITECTURE.md");
    let mut missing = Vec::new();
    for half in ["domain", "shell"] {
        for entry in fs::read_dir(source().join(half)).expect("src is readable") {
            let name = entry.expect("src is readable").file_name().to_string_lossy().trim_end_matches(".rs").to_owned();
            if name != "mod" && !map.contains(&format!("`{name}`")) {
                missing.push(format!("{half}/{name}"));
            }
        }
    }
    assert!(missing.is_empty(), "ARCHITECTURE.md does not name: {missing:?}");
}
