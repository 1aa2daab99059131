//! The policies a seed chooses from: the example's law with ladders of chance and two channels.

use super::support::ConfigText;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use watchbell::domain::instant::{Instant, parse_rfc3339};
use watchbell::domain::law::Mode;
use watchbell::shell::config::{self, Config, Rules};
use watchbell::sim::dice::Dice;

/// How many policies there are.
const POLICIES: u64 = 12;

pub fn start() -> Instant {
    parse_rfc3339("2026-11-20T08:00:00Z").expect("an instant")
}

/// The example configuration with a second channel.
pub static EXAMPLE: LazyLock<Config> = LazyLock::new(|| {
    let mut text = ConfigText::example(Path::new("/nowhere"), SocketAddr::from(([127, 0, 0, 1], 9)));
    text.replace(
        r#"members = [{ channel = "mail", to = "soc@example.org" }]"#,
        r#"members = [{ channel = "mail", to = "soc@example.org" }, { channel = "mail-2", to = "soc-2@example.org" }]"#,
    );
    text.add("[[channel]]\nid = \"mail-2\"\n[channel.email]\nhost = \"127.0.0.1\"\nfrom = \"Watchbell <w@example.org>\"\n");
    let path = Path::new("/nowhere/watchbell.toml");
    config::parse(path, text.text(), &BTreeMap::new(), start()).unwrap_or_else(|fault| panic!("{fault}"))
});

static RULES: LazyLock<Vec<Arc<Rules>>> = LazyLock::new(|| (0..POLICIES).map(|seed| Arc::new(policy(seed))).collect());

/// One of the policies.
pub fn rules(dice: &mut Dice) -> Arc<Rules> {
    dice.pick(&RULES).cloned().expect("there are policies")
}

fn policy(seed: u64) -> Rules {
    let mut dice = Dice::of(0xbe11 + seed);
    let Rules { rulebook, house, organisations } = &*EXAMPLE.rules;
    let mut house = house.clone();
    let triage = ["start", "75% left", "50% left", "33% left", "17m left", "5m left", "expiry"];
    let statutory = ["start", "75% left", "50% left", "25% left", "24h left", "4h left", "1h left", "expiry"];
    house.ladders = vec![
        ladder("triage", &["house."], &triage, &["5m", "7m", "20m", "55m"], &mut dice),
        ladder("statutory", &[], &statutory, &["1h", "3h", "6h"], &mut dice),
    ];
    // A few packs are enough for clocks of every kind, and many times as fast.
    let kept: BTreeSet<&str> = BTreeSet::from(["house", "eu-gdpr", "in-cert-in"]);
    let others = rulebook.packs.iter().map(|pack| pack.head.id.clone()).filter(|id| !kept.contains(id.as_str()));
    house.without_packs = others.collect();
    Rules { rulebook: rulebook.clone(), house, organisations: organisations.clone() }
}

fn ladder(name: &str, duties: &[&str], once: &[&str], every: &[&str], dice: &mut Dice) -> watchbell::domain::escalation::Ladder {
    let mut rungs: BTreeSet<String> = (0..1 + dice.below(6)).filter_map(|_| dice.pick(once)).map(|when| (*when).into()).collect();
    if dice.one_in(2) {
        rungs.extend(dice.pick(every).map(|every| format!("every {every} overdue")));
    }
    let rungs: Vec<String> = rungs
        .into_iter()
        .map(|when| {
            let to = dice.pick(&["\"soc\"", "\"privacy\"", "\"privacy\"", "\"soc\", \"privacy\""]).copied().unwrap_or_default();
            format!("{{ when = \"{when}\", to = [{to}] }}")
        })
        .collect();
    let text = format!("name = \"{name}\"\nfor = {duties:?}\nrung = [{}]\n", rungs.join(", "));
    toml::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Whether clocks of this mode ring in these houses.
pub fn rings(mode: Mode) -> bool {
    mode != Mode::Shadow
}
