//! A ladder: by which steps a clock gets louder, and for which clocks it is.

use super::length::Length;
use super::when::{Target, When};
use serde::{Deserialize, Serialize};

/// Steps by which a clock gets louder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ladder {
    /// The name.
    pub name: String,
    /// The ladder it takes everything from that it does not say itself; [`inherit`](super::inherit) resolves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extends: Option<String>,
    /// The duties it is for: ids or beginnings of ids such as `house.`; empty for all others.
    #[serde(default, rename = "for")]
    pub duties: Vec<String>,
    /// The packs whose duties it is for; empty for all.
    #[serde(default, rename = "pack", skip_serializing_if = "Vec::is_empty")]
    pub packs: Vec<String>,
    /// The severities of incidents it is for, such as `critical`; empty for all.
    #[serde(default, rename = "severity", skip_serializing_if = "Vec::is_empty")]
    pub severities: Vec<String>,
    /// Rungs of the ladder it extends that it leaves out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<When>,
    /// The house's own goal before the limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// Teams of which each must acknowledge; empty when anybody's acknowledgement covers all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acknowledge: Vec<String>,
    /// The steps, in any order.
    #[serde(default, rename = "rung")]
    pub rungs: Vec<Rung>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rung {
    /// When it falls due.
    pub when: When,
    /// The teams it reaches.
    pub to: Vec<String>,
    /// How long after it rang its follow-up rings, unless who had to acknowledge did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unless_acknowledged: Option<Length>,
    /// The teams the follow-up reaches.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub then: Vec<String>,
}

/// What a ladder is looked for.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The duty's id.
    pub duty: &'a str,
    /// The pack's id.
    pub pack: &'a str,
    /// The severity of the incident.
    pub severity: &'a str,
}

impl Ladder {
    /// Every team it names, to reach or to acknowledge.
    pub fn teams(&self) -> impl Iterator<Item = &String> {
        let of_rungs = self.rungs.iter().flat_map(|rung| rung.to.iter().chain(&rung.then));
        of_rungs.chain(&self.acknowledge)
    }

    /// How closely it names a subject: by duty before pack before severity; `None` when it is not for it.
    fn closeness(&self, subject: &Subject<'_>) -> Option<(usize, bool, bool)> {
        let by_duty = |wanted: &String| match wanted {
            _ if wanted == subject.duty => Some(usize::MAX),
            _ if wanted.ends_with('.') && subject.duty.starts_with(wanted.as_str()) => Some(wanted.len()),
            _ => None,
        };
        let duty = if self.duties.is_empty() { 0 } else { self.duties.iter().filter_map(by_duty).max()? };
        let named = |names: &[String], name: &str| names.iter().any(|wanted| wanted.eq_ignore_ascii_case(name));
        let for_pack = self.packs.is_empty() || named(&self.packs, subject.pack);
        let for_severity = self.severities.is_empty() || named(&self.severities, subject.severity);
        (for_pack && for_severity).then_some((duty, !self.packs.is_empty(), !self.severities.is_empty()))
    }
}

/// The ladder of a subject: the one that names it most closely, of several the first.
pub fn choose<'a>(ladders: &'a [Ladder], subject: &Subject<'_>) -> Option<&'a Ladder> {
    let mut best: Option<(&Ladder, (usize, bool, bool))> = None;
    for ladder in ladders {
        let Some(closeness) = ladder.closeness(subject) else { continue };
        if best.is_none_or(|(_, before)| closeness > before) {
            best = Some((ladder, closeness));
        }
    }
    best.map(|(ladder, _)| ladder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ladders() -> Vec<Ladder> {
        #[derive(Deserialize)]
        struct All {
            ladder: Vec<Ladder>,
        }
        let text = r#"
            [[ladder]]
            name = "all"
            [[ladder]]
            name = "grave"
            severity = ["critical", "high"]
            [[ladder]]
            name = "hipaa"
            pack = ["us-hipaa"]
            [[ladder]]
            name = "hipaa grave"
            pack = ["us-hipaa"]
            severity = ["critical"]
            [[ladder]]
            name = "us"
            for = ["us."]
            [[ladder]]
            name = "hhs"
            for = ["us.hipaa.hhs"]
            [[ladder]]
            name = "us once more"
            for = ["us."]
        "#;
        toml::from_str::<All>(text).expect("ladders").ladder
    }

    #[test]
    fn the_ladder_that_names_a_clock_most_closely_is_used_and_of_several_the_first() {
        let ladders = ladders();
        let chosen = |ladders: &[Ladder], duty, pack, severity| {
            choose(ladders, &Subject { duty, pack, severity }).map_or("none".to_owned(), |ladder| ladder.name.clone())
        };
        let cases = [
            ("eu.gdpr.art33.authority", "eu-gdpr", "low", "all"),
            ("eu.gdpr.art33.authority", "eu-gdpr", "high", "grave"),
            ("us.hipaa.hhs", "us-hipaa", "critical", "hhs"),
            ("us.hipaa.media", "us-hipaa", "critical", "us"),
            ("us.ftc.people", "us-ftc", "low", "us"),
        ];
        for (duty, pack, severity, name) in cases {
            assert_eq!(chosen(&ladders, duty, pack, severity), name, "{duty} of {pack}, {severity}");
        }
        let by_pack = &ladders[..4];
        assert_eq!(chosen(by_pack, "us.hipaa.media", "us-hipaa", "low"), "hipaa");
        assert_eq!(chosen(by_pack, "us.hipaa.media", "us-hipaa", "critical"), "hipaa grave");
        assert_eq!(chosen(&ladders[1..2], "us.hipaa.media", "us-hipaa", "low"), "none");
    }
}
