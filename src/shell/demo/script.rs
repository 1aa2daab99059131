//! What happens in the demo: one alert as Wazuh sends it, and what two people answer.
//!
//! The night is laid out backwards from now, so that every clock has just begun. Counts are
//! approximate and some questions stay unanswered, as on a real night.

use crate::domain::instant::{Duration, Instant, Zone, rfc3339};
use serde_json::{Value, json};

/// Duties of the EU, the US and India that must be found. Each is told on this incident.
pub const DUTIES: [&str; 9] = [
    "eu.gdpr.art33.authority",
    "eu.gdpr.art34.people",
    "us.hipaa.individuals",
    "us.hipaa.media",
    "us.hipaa.hhs",
    "in.cert_in.report",
    "in.dpdp.people",
    "in.dpdp.board.first",
    "in.dpdp.board.detailed",
];

/// Words of the incident that no alert may carry out of the house.
pub const NEVER_IN_AN_ALERT: [&str; 5] = ["ransom", "ehr-files-02", "RESTORE_FILES", "patients", "treatment"];

/// The notice that is shown.
pub const SHOWN_DRAFT: &str = "eu.gdpr.art33.authority";

/// The moments of the night.
#[derive(Clone, Copy, Debug)]
pub struct Night {
    /// The SIEM's rule fired.
    pub alarm: Instant,
    /// Somebody looked at it.
    pub noticed: Instant,
    /// It was clear that data had left the house.
    pub aware: Instant,
}

impl Night {
    /// The night that leads up to `now`.
    pub fn before(now: Instant) -> Self {
        let minutes_ago = |minutes| {
            let at = now - Duration::minutes(minutes);
            at - Duration::seconds(at.timestamp() % 60) - Duration::nanoseconds(i64::from(at.timestamp_subsec_nanos()))
        };
        Self { alarm: minutes_ago(43), noticed: minutes_ago(38), aware: minutes_ago(12) }
    }

    /// The alert, in the shape in which Wazuh's manager hands it to an integration.
    pub fn alert(&self) -> Value {
        // Wazuh writes milliseconds and an offset without a colon.
        let timestamp = format!("{}.214+0000", rfc3339(self.alarm).trim_end_matches('Z'));
        json!({
            "timestamp": timestamp,
            "rule": {
                "level": 15,
                "description": "Possible ransomware: 412 files renamed in a minute, note left",
                "id": "100305",
                "firedtimes": 1,
                "mail": true,
                "groups": ["syscheck", "ransomware"],
                "gdpr": ["II_5.1.f"],
                "hipaa": ["164.312.c.1", "164.312.c.2"]
            },
            "agent": { "id": "021", "name": "ehr-files-02", "ip": "192.0.2.21" },
            "manager": { "name": "wazuh-mercy" },
            "id": format!("{}.88213", self.alarm.timestamp()),
            "syscheck": { "path": "/srv/ehr/archive/RESTORE_FILES.txt", "event": "added" },
            "decoder": { "name": "syscheck_new_entry" },
            "location": "syscheck"
        })
    }

    /// What the person on call answers, and on what ground.
    pub fn on_call_says(&self) -> (Value, &'static str) {
        let facts = json!({ "breach.suspected": true });
        (facts, "seen on the file server of the patient record: files encrypted, a note left behind")
    }

    /// What the data protection officer answers: facts, as far as they are known.
    pub fn officer_says(&self) -> Value {
        json!({
            "breach.personal-data": true,
            "breach.security-failed": true,
            "breach.kinds": ["confidentiality", "availability"],
            "breach.nature": "Ransomware encrypted a file server of the patient record. Copies were taken before.",
            "breach.ongoing": false,
            "data.kinds": ["name", "birth-date", "health"],
            "data.in-words": "names, dates of birth and treatment records",
            "people.kinds": ["patients"],
            "people.total": { "about": 9910 },
            "people.by-place": { "DE": { "about": 1200 }, "US-OH": { "about": 8400 }, "IN": { "about": 310 } },
            "noticed.at": rfc3339(self.noticed),
            "gdpr.authorities": ["DE-BE"],
            "measures.taken": "The server is off the network; outgoing traffic of the segment is blocked.",
            "hipaa.phi": true,
            "hipaa.impermissible": true
        })
    }

    /// What the data protection officer judges, and on what ground.
    pub fn officer_judges(&self) -> (Value, &'static str) {
        let facts = json!({ "aware.at": rfc3339(self.aware), "hipaa.discovered-at": rfc3339(self.noticed) });
        (facts, "first look: log of the shift; certain since the proxy log showed what was sent out")
    }
}

/// The zone a duty's deadline is shown in: that of the place whose law it is. The instant is the same in each.
pub fn zone_of(duty: &str, otherwise: Zone) -> Zone {
    let name = match duty.split('.').next() {
        Some("eu") => "Europe/Berlin",
        Some("us") => "America/New_York",
        Some("in") => "Asia/Kolkata",
        _ => return otherwise,
    };
    Zone::named(name).unwrap_or(otherwise)
}

/// The place whose law a duty is, in two letters.
pub fn place_of(duty: &str) -> String {
    duty.split('.').next().filter(|place| place.len() == 2).map_or_else(|| "--".into(), str::to_uppercase)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::facts::{Claim, Claimant};
    use crate::domain::ingest::{DeliveryMeta, Mapping};
    use crate::domain::instant::parse_rfc3339;
    use crate::shell::rulebook;

    fn night() -> Night {
        Night::before(parse_rfc3339("2026-11-21T02:30:41Z").expect("an instant"))
    }

    #[test]
    fn the_alert_is_read_by_the_wazuh_mapping_and_its_time_counts() {
        let texts = rulebook::built_in();
        let text = texts.iter().find(|text| text.path == "sources/wazuh.toml").expect("the mapping");
        let mapping = Mapping::parse(&text.text).expect("a sound mapping");
        let vocabulary = rulebook::load(None).expect("sound rules").vocabulary;
        let received_at = parse_rfc3339("2026-11-21T02:30:41Z").expect("an instant");
        let delivery = DeliveryMeta::json("wazuh".into(), received_at);
        let body = night().alert().to_string();
        let reports = crate::domain::ingest::read(&mapping, &vocabulary, &delivery, body.as_bytes()).expect("one report");
        let [report] = reports.as_slice() else { panic!("one report") };
        let detected = |claim: &&Claim| claim.key.as_str() == "event.detected-at";
        let claim = report.claims.iter().find(detected).expect("a time of detection");
        assert_eq!(claim.value.as_ref().map(ToString::to_string).as_deref(), Some("2026-11-21T01:47:00.214Z"));
        assert!(matches!(claim.by, Claimant::Product(_)), "{:?}", claim.by);
    }

    #[test]
    fn every_answer_is_one_the_vocabulary_takes() {
        let vocabulary = rulebook::load(None).expect("sound rules").vocabulary;
        let night = night();
        for answers in [night.on_call_says().0, night.officer_says(), night.officer_judges().0] {
            for (key, value) in answers.as_object().expect("an object") {
                vocabulary.read(key, value).unwrap_or_else(|fault| panic!("{fault}"));
            }
        }
    }

    #[test]
    fn each_place_has_its_zone() {
        let name = |duty| zone_of(duty, Zone::UTC).name();
        assert_eq!(name("eu.gdpr.art33.authority"), "Europe/Berlin");
        assert_eq!(name("us.hipaa.media"), "America/New_York");
        assert_eq!(name("in.cert_in.report"), "Asia/Kolkata");
        assert_eq!(name("house.triage"), "UTC");
        assert_eq!((place_of("in.dpdp.people"), place_of("house.triage")), ("IN".to_owned(), "--".to_owned()));
    }
}
