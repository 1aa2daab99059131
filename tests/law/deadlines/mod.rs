//! The arithmetic of deadlines: worked cases as data, what the derivation says, and laws that hold for every case.

mod derivations;
mod golden;
mod properties;

use std::path::Path;
use watchbell::domain::clocks::{Calendars, Context, Deadline, Limit, deadline};
use watchbell::domain::instant::{Instant, Zone, parse_rfc3339};

/// The calendars of `rules/calendars`.
fn calendars() -> Calendars {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/calendars");
    let mut files: Vec<(String, String)> = std::fs::read_dir(&folder)
        .expect("the folder of calendars")
        .map(|entry| entry.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .map(|path| (path.display().to_string(), std::fs::read_to_string(&path).expect("text")))
        .collect();
    files.sort();
    Calendars::load(files.iter().map(|(file, text)| (file.as_str(), text.as_str()))).expect("calendars without faults")
}

/// A limit as a pack writes it.
fn limit(toml: &str) -> Limit {
    #[derive(serde::Deserialize)]
    struct Duty {
        limit: Limit,
    }
    toml::from_str::<Duty>(&format!("limit = {toml}")).unwrap_or_else(|error| panic!("{toml}: {error}")).limit
}

fn instant(text: &str) -> Instant {
    parse_rfc3339(text).unwrap_or_else(|| panic!("`{text}` is no instant with an offset"))
}

fn zone(name: &str) -> Zone {
    Zone::named(name).unwrap_or_else(|| panic!("no zone `{name}`"))
}

fn counted(toml: &str, start: &str, zone_name: &str) -> Deadline {
    let calendars = calendars();
    let ctx = Context { organisation_zone: zone(zone_name), calendars: &calendars };
    deadline(&limit(toml), instant(start), &ctx).expect("a deadline")
}
