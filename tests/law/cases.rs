//! The law, case by case: every worked case of every pack, and the packs' own health.

use crate::RULES;
use watchbell::domain::law::cases;
use watchbell::domain::law::coverage::coverage;

#[test]
fn every_worked_case_of_every_pack_comes_out_as_its_source_says() {
    let outcomes = cases::run(&RULES);
    let failed: Vec<_> = outcomes.iter().filter(|outcome| !outcome.failures.is_empty()).collect();
    for outcome in &failed {
        println!("{} {} ({})", outcome.pack, outcome.name, outcome.source);
        for failure in &outcome.failures {
            println!("    {failure}");
        }
    }
    println!("{} cases, {} expectations compared", outcomes.len(), outcomes.iter().map(|o| o.compared).sum::<usize>());
    assert!(failed.is_empty(), "{} of {} cases failed", failed.len(), outcomes.len());
}

#[test]
fn the_cases_take_every_turn_of_every_duty() {
    let coverage = coverage(&RULES);
    for unreached in &coverage.unreached {
        println!("{}: {} is reached by no case", unreached.duty, unreached.turn);
    }
    println!("{} turns", coverage.turns);
    assert!(coverage.unreached.is_empty(), "{} of {} turns are reached by no case", coverage.unreached.len(), coverage.turns);
}
