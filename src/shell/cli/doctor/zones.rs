//! The zone data in the binary against the system's.
//!
//! Parliaments change clocks faster than binaries are replaced. Where the two differ within the
//! next year and a bit, a civil deadline there may be off by the difference.

use super::Finding;
use crate::domain::instant::{DateTime, Duration, Instant, TZ_VERSION, Zone};
use crate::shell::cli::output::counted;
use crate::shell::config::Config;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const AREA: &str = "zones";
const AHEAD_DAYS: i64 = 400;
/// Every change of an offset in use falls on a half hour of UTC.
const STEP_MIN: i64 = 30;

/// Every zone that a deadline of this house may be meant in, by name.
pub fn of(config: &Config) -> BTreeMap<&'static str, Zone> {
    let organisations = config.rules.organisations.values().map(|organisation| organisation.profile.zone);
    let mut zones: BTreeMap<&'static str, Zone> = organisations.map(|zone| (zone.name(), zone)).collect();
    for (_, duty) in config.rules.rulebook.duties() {
        // Zones that a limit leaves to the organisation are above already.
        let of_limits = duty.text.due.iter().map(|due| due.limit.zone(Zone::UTC));
        zones.extend(of_limits.chain(duty.text.force.zone).map(|zone| (zone.name(), zone)));
    }
    zones
}

pub fn look(zones: &BTreeMap<&'static str, Zone>, zoneinfo: &Path, now: Instant) -> Vec<Finding> {
    let system = version(zoneinfo);
    let mut findings = Vec::new();
    let mut agree = 0;
    for zone in zones.values() {
        match compare(*zone, zoneinfo, now) {
            Ok(None) => agree += 1,
            Ok(Some(difference)) => findings.push(difference.finding(*zone, &system)),
            Err(problem) => {
                let text = format!("cannot compare {zone} with the system's zone data: {problem}");
                findings.push(Finding::warn(AREA, text, "install the system's tzdata, or name its folder with --zoneinfo"));
            }
        }
    }
    if agree > 0 {
        let text = format!(
            "{} in use: the binary's data ({TZ_VERSION}) agree with the system's ({system}) for the next {AHEAD_DAYS} days",
            counted(agree, "zone")
        );
        findings.insert(0, Finding::ok(AREA, text));
    }
    findings
}

/// The first moment from which the two offsets differ, in seconds east of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Difference {
    at: Instant,
    ours_s: i32,
    theirs_s: i32,
}

impl Difference {
    fn finding(self, zone: Zone, system: &str) -> Finding {
        let off_s = i64::from(self.theirs_s) - i64::from(self.ours_s);
        let text = format!(
            "{zone} differs at {}: the binary ({TZ_VERSION}) has {}, the system ({system}) {}; a civil deadline there may be {} off",
            Zone::UTC.in_words(self.at),
            offset(self.ours_s),
            offset(self.theirs_s),
            crate::domain::instant::length_in_words(Duration::seconds(off_s)),
        );
        Finding::warn(AREA, text, "bring the older of the two up to date; until then keep that much in hand")
    }
}

fn compare(zone: Zone, zoneinfo: &Path, now: Instant) -> Result<Option<Difference>, String> {
    let file = zoneinfo.join(zone.name());
    let bytes = fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let system = tz::TimeZone::from_tz_data(&bytes).map_err(|error| format!("{}: {error}", file.display()))?;
    let begin = DateTime::from_timestamp(now.timestamp() - now.timestamp() % (STEP_MIN * 60), 0).unwrap_or(now);
    for step in 0..AHEAD_DAYS * 24 * 60 / STEP_MIN {
        let at = begin + Duration::minutes(step * STEP_MIN);
        let theirs = system.find_local_time_type(at.timestamp()).map_err(|error| error.to_string())?.ut_offset();
        let ours = zone.offset_s(at);
        if ours != theirs {
            return Ok(Some(Difference { at, ours_s: ours, theirs_s: theirs }));
        }
    }
    Ok(None)
}

/// `UTC+05:30`
fn offset(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    format!("UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// What the system's data call themselves, such as `2026c`.
fn version(zoneinfo: &Path) -> String {
    let first_line =
        |name: &str| fs::read_to_string(zoneinfo.join(name)).ok().and_then(|text| text.lines().next().map(str::to_owned));
    let from_source = first_line("tzdata.zi").and_then(|line| line.strip_prefix("# version ").map(str::to_owned));
    from_source
        .or_else(|| first_line("+VERSION"))
        .map_or_else(|| "of unknown version".to_owned(), |version| version.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::instant::parse_rfc3339;

    /// A zone file of one rule and no history, as RFC 9636 lays it out.
    fn zone_file(rule: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        for _ in 0..2 {
            bytes.extend_from_slice(b"TZif2");
            bytes.extend_from_slice(&[0; 15]);
            // isutcnt, isstdcnt, leapcnt, timecnt, typecnt, charcnt
            for count in [0_u32, 0, 0, 0, 1, 4] {
                bytes.extend_from_slice(&count.to_be_bytes());
            }
            bytes.extend_from_slice(&0_i32.to_be_bytes());
            bytes.extend_from_slice(&[0, 0]);
            bytes.extend_from_slice(b"UTC\0");
        }
        bytes.extend_from_slice(format!("\n{rule}\n").as_bytes());
        bytes
    }

    fn finding(zone: &str, rule: &str) -> Finding {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join(zone);
        fs::create_dir_all(file.parent().expect("a zone has a folder")).expect("a folder");
        fs::write(&file, zone_file(rule)).expect("a file");
        fs::write(folder.path().join("tzdata.zi"), "# version 2031x\n").expect("a file");
        let zone = Zone::named(zone).expect("a zone");
        let now = parse_rfc3339("2026-11-21T10:10:10Z").expect("an instant");
        look(&BTreeMap::from([(zone.name(), zone)]), folder.path(), now).remove(0)
    }

    #[test]
    fn a_zone_with_the_same_rule_agrees() {
        assert_eq!(finding("Europe/Berlin", "CET-1CEST,M3.5.0,M10.5.0/3").level, super::super::Level::Ok);
    }

    #[test]
    fn a_zone_that_gives_up_summer_time_differs_from_its_first_spring_on() {
        let found = finding("Europe/Berlin", "CET-1");
        assert_eq!(found.level, super::super::Level::Warn);
        let expected = "Europe/Berlin differs at Sun 28 Mar 2027 01:00 UTC: the binary (OURS) has UTC+02:00, the system (2031x) UTC+01:00; a civil deadline there may be 1 h 0 min off";
        assert_eq!(found.text, expected.replace("OURS", TZ_VERSION));
    }

    #[test]
    fn a_zone_the_system_does_not_have_is_said() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let zones = BTreeMap::from([("Europe/Berlin", Zone::named("Europe/Berlin").expect("a zone"))]);
        let now = parse_rfc3339("2026-11-21T10:10:10Z").expect("an instant");
        let found = look(&zones, folder.path(), now);
        assert!(found[0].text.starts_with("cannot compare Europe/Berlin"), "{found:?}");
    }
}
