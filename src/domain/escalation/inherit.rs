//! Ladders that extend one another, resolved into ladders that stand alone.

use super::ladder::{Ladder, Rung};
use super::when::When;
use std::collections::BTreeSet;

/// Why ladders cannot be used. Each names the ladder it stands in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LadderFault {
    /// Two have one name.
    #[error("two ladders are called `{ladder}`")]
    TwiceNamed {
        /// The name.
        ladder: String,
    },
    /// It extends one that is not there.
    #[error("ladder `{ladder}` extends `{parent}`, which there is not")]
    NoParent {
        /// The ladder.
        ladder: String,
        /// What it extends.
        parent: String,
    },
    /// It extends itself in the end.
    #[error("ladder `{ladder}` extends itself: {}", path.join(" → "))]
    Cycle {
        /// The ladder.
        ladder: String,
        /// The way round.
        path: Vec<String>,
    },
    /// It leaves out a rung that is not there.
    #[error("ladder `{ladder}` leaves out `{when}`, which it does not inherit")]
    NothingToLeaveOut {
        /// The ladder.
        ladder: String,
        /// The rung.
        when: When,
    },
    /// It has two rungs at one time.
    #[error("ladder `{ladder}` has two rungs at `{when}`")]
    TwoRungs {
        /// The ladder.
        ladder: String,
        /// The time.
        when: When,
    },
    /// A follow-up without its wait, or a wait without whom to reach.
    #[error("rung `{when}` of ladder `{ladder}` has half a follow-up")]
    HalfAFollowUp {
        /// The ladder.
        ladder: String,
        /// The rung.
        when: When,
    },
    /// It rings, and nobody hears it.
    #[error("ladder `{ladder}` reaches nobody")]
    Nobody {
        /// The ladder.
        ladder: String,
    },
}

impl LadderFault {
    /// The word in the configuration that is at fault.
    pub fn word(&self) -> &str {
        match self {
            Self::NoParent { parent, .. } => parent,
            Self::TwiceNamed { ladder }
            | Self::Cycle { ladder, .. }
            | Self::NothingToLeaveOut { ladder, .. }
            | Self::TwoRungs { ladder, .. }
            | Self::HalfAFollowUp { ladder, .. }
            | Self::Nobody { ladder } => ladder,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::TwiceNamed { .. } => "a name names one",
            Self::NoParent { .. } => "`extends` takes the `name` of another ladder",
            Self::Cycle { .. } => "let one of them stand alone",
            Self::NothingToLeaveOut { .. } => "`without` takes rungs of the ladder that is extended, written as there",
            Self::TwoRungs { .. } => "put the teams of both into one rung",
            Self::HalfAFollowUp { .. } => "`unless_acknowledged` says how long to wait, `then` whom to ring: give both",
            Self::Nobody { .. } => "give it a rung with teams in `to`",
        }
    }
}

/// The ladders with everything they inherit, in the same order; or every fault.
pub fn inherit(ladders: &[Ladder]) -> Result<Vec<Ladder>, Vec<LadderFault>> {
    let (mut whole, mut faults) = (Vec::with_capacity(ladders.len()), Vec::new());
    let mut names = BTreeSet::new();
    for ladder in ladders {
        if !names.insert(&ladder.name) {
            faults.push(LadderFault::TwiceNamed { ladder: ladder.name.clone() });
        }
        faults.extend(faults_of(ladder));
        match resolve(ladder, ladders, &mut Vec::new()) {
            Ok(ladder) if ladder.rungs.iter().all(|rung| rung.to.is_empty()) => {
                faults.push(LadderFault::Nobody { ladder: ladder.name });
            }
            Ok(ladder) => whole.push(ladder),
            // One that leads into a circle tells of the same circle.
            Err(fault) if faults.contains(&fault) => {}
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() { Ok(whole) } else { Err(faults) }
}

fn faults_of(ladder: &Ladder) -> Vec<LadderFault> {
    let mut faults = Vec::new();
    let mut times = BTreeSet::new();
    for rung in &ladder.rungs {
        if !times.insert(rung.when) {
            faults.push(LadderFault::TwoRungs { ladder: ladder.name.clone(), when: rung.when });
        }
        if rung.unless_acknowledged.is_some() == rung.then.is_empty() {
            faults.push(LadderFault::HalfAFollowUp { ladder: ladder.name.clone(), when: rung.when });
        }
    }
    faults
}

fn resolve<'a>(ladder: &'a Ladder, all: &'a [Ladder], path: &mut Vec<&'a str>) -> Result<Ladder, LadderFault> {
    path.push(&ladder.name);
    let Some(parent) = &ladder.extends else {
        return match ladder.without.first() {
            Some(when) => Err(LadderFault::NothingToLeaveOut { ladder: ladder.name.clone(), when: *when }),
            None => Ok(ladder.clone()),
        };
    };
    if let Some(begins) = path.iter().position(|name| name == parent) {
        let round = path[begins..].iter().copied().chain([parent.as_str()]).map(str::to_owned).collect();
        return Err(LadderFault::Cycle { ladder: parent.clone(), path: round });
    }
    let no_parent = || LadderFault::NoParent { ladder: ladder.name.clone(), parent: parent.clone() };
    let parent = all.iter().find(|other| other.name == *parent).ok_or_else(no_parent)?;
    let parent = resolve(parent, all, path)?;
    if let Some(when) = ladder.without.iter().find(|when| parent.rungs.iter().all(|rung| rung.when != **when)) {
        return Err(LadderFault::NothingToLeaveOut { ladder: ladder.name.clone(), when: *when });
    }
    Ok(Ladder {
        rungs: rungs(parent.rungs, ladder),
        target: ladder.target.or(parent.target),
        acknowledge: if ladder.acknowledge.is_empty() { parent.acknowledge } else { ladder.acknowledge.clone() },
        extends: None,
        without: Vec::new(),
        ..ladder.clone()
    })
}

/// Inherited rungs, of which those at the same time are replaced, and then its own.
fn rungs(inherited: Vec<Rung>, ladder: &Ladder) -> Vec<Rung> {
    let own = |when: When| ladder.rungs.iter().find(|rung| rung.when == when);
    let kept = inherited.into_iter().filter(|rung| !ladder.without.contains(&rung.when));
    let mut rungs: Vec<Rung> = kept.map(|rung| own(rung.when).cloned().unwrap_or(rung)).collect();
    for rung in &ladder.rungs {
        if rungs.iter().all(|before| before.when != rung.when) {
            rungs.push(rung.clone());
        }
    }
    rungs
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    fn read(text: &str) -> Vec<Ladder> {
        #[derive(Deserialize)]
        struct All {
            ladder: Vec<Ladder>,
        }
        toml::from_str::<All>(text).unwrap_or_else(|error| panic!("{error}")).ladder
    }

    const BASE: &str = r#"
        [[ladder]]
        name = "statutory"
        target = "48h"
        acknowledge = ["soc", "privacy"]
        rung = [
          { when = "start", to = ["soc"] },
          { when = "50% left", to = ["privacy"] },
          { when = "expiry", to = ["soc", "privacy"] },
        ]
    "#;

    fn faults(more: &str) -> Vec<String> {
        inherit(&read(&format!("{BASE}\n{more}"))).expect_err("there is a fault").iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_ladder_takes_the_rungs_it_does_not_replace_or_leave_out() {
        let child = r#"
            [[ladder]]
            name = "cert-in"
            for = ["in.cert_in."]
            extends = "statutory"
            without = ["50% left"]
            rung = [{ when = "start", to = ["soc", "lead"] }, { when = "1h left", to = ["lead"] }]
            [[ladder]]
            name = "grandchild"
            for = ["in.cert_in.report"]
            extends = "cert-in"
            target = "2h before"
        "#;
        let whole = inherit(&read(&format!("{BASE}\n{child}"))).expect("they are sound");
        let shown = |ladder: &Ladder| -> Vec<String> {
            ladder.rungs.iter().map(|rung| format!("{} to {}", rung.when, rung.to.join(" and "))).collect()
        };
        assert_eq!(shown(&whole[0]).len(), 3, "the parent stays as it was");
        let expected = ["start to soc and lead", "expiry to soc and privacy", "1h left to lead"];
        assert_eq!(shown(&whole[1]), expected);
        assert_eq!(shown(&whole[2]), expected, "over two generations");
        assert_eq!(whole[2].acknowledge, ["soc", "privacy"]);
        assert_eq!(
            whole.iter().map(|l| l.target.map(|t| t.to_string())).collect::<Vec<_>>(),
            [Some("2d".into()), Some("2d".into()), Some("2h before".into())]
        );
        assert_eq!((&whole[1].duties, &whole[2].extends), (&vec!["in.cert_in.".to_owned()], &None));
    }

    #[test]
    fn every_fault_is_told() {
        let cases = [
            ("[[ladder]]\nname = \"a\"\nextends = \"statutry\"", "ladder `a` extends `statutry`, which there is not"),
            (
                "[[ladder]]\nname = \"a\"\nextends = \"b\"\n[[ladder]]\nname = \"b\"\nextends = \"a\"",
                "ladder `b` extends itself: b → a → b",
            ),
            (
                "[[ladder]]\nname = \"a\"\nextends = \"statutory\"\nwithout = [\"4h left\"]",
                "ladder `a` leaves out `4h left`, which it does not inherit",
            ),
            ("[[ladder]]\nname = \"a\"\nrung = [{ when = \"start\", to = [] }]", "ladder `a` reaches nobody"),
            (
                "[[ladder]]\nname = \"a\"\nrung = [{ when = \"start\", to = [\"soc\"], then = [\"soc\"] }]",
                "rung `start` of ladder `a` has half a follow-up",
            ),
            (
                "[[ladder]]\nname = \"a\"\nrung = [{ when = \"60m left\", to = [\"x\"] }, { when = \"1h left\", to = [\"x\"] }]",
                "ladder `a` has two rungs at `1h left`",
            ),
            ("[[ladder]]\nname = \"statutory\"\nextends = \"statutory\"", "two ladders are called `statutory`"),
        ];
        for (more, fault) in cases {
            let found = faults(more);
            assert!(found.iter().any(|line| line == fault), "`{fault}` is not in {found:#?}");
        }
    }
}
