//! What no duty shows by itself: two of one name, two periods for one obligation, one that no case proves.

use crate::domain::ids::DutyId;
use crate::domain::law::fault::PackFault;
use crate::domain::law::load::Rulebook;
use crate::domain::law::pack::Duty;
use std::collections::{BTreeMap, BTreeSet};

/// An id names one duty.
pub(super) fn duplicates(book: &Rulebook, faults: &mut Vec<PackFault>) {
    let mut first: BTreeMap<&DutyId, &str> = BTreeMap::new();
    for (_, duty) in book.duties() {
        if let Some(other) = first.insert(&duty.text.id, &duty.file) {
            let source = book.sources.get(&duty.file).map_or("", String::as_str);
            let text = format!("the duty `{}` is also in {other}", duty.text.id);
            faults.push(PackFault::at_word(&duty.file, source, duty.text.id.as_str(), text).hint("an id names one duty"));
        }
    }
}

/// One obligation, told twice with different periods, is a fault: which one would run?
pub(super) fn conflicts(book: &Rulebook, faults: &mut Vec<PackFault>) {
    let mut first: BTreeMap<(&str, &str, &str), &Duty> = BTreeMap::new();
    for (_, duty) in book.duties() {
        let text = &duty.text;
        let obligation = (text.cite.as_str(), text.obliged.as_str(), text.addressee.as_str());
        let Some(other) = first.insert(obligation, duty) else { continue };
        let same =
            text.due.len() == other.text.due.len() && text.due.iter().zip(&other.text.due).all(|(a, b)| a.limit == b.limit);
        if !same {
            let source = book.sources.get(&duty.file).map_or("", String::as_str);
            let words = format!("`{}` and `{}` give different periods for {}", text.id, other.text.id, text.cite);
            faults.push(
                PackFault::at_word(&duty.file, source, &text.cite, words)
                    .hint("make it one duty with two due cases, or cite them apart"),
            );
        }
    }
}

/// Every duty has a case that expects something of it.
pub(super) fn missing_cases(book: &Rulebook, faults: &mut Vec<PackFault>) {
    for pack in &book.packs {
        let proved: BTreeSet<&DutyId> = book
            .cases
            .get(&pack.head.id)
            .into_iter()
            .flat_map(|file| &file.cases)
            .flat_map(|case| case.expect.keys().chain(case.then.iter().flat_map(|sequel| sequel.expect.keys())))
            .collect();
        for duty in &pack.duties {
            if !proved.contains(&duty.text.id) {
                let source = book.sources.get(&duty.file).map_or("", String::as_str);
                let text = format!("no case proves the duty `{}`", duty.text.id);
                let hint = format!("add one to {}/cases.toml", pack.head.id);
                faults.push(PackFault::at_word(&duty.file, source, duty.text.id.as_str(), text).hint(hint));
            }
        }
    }
}
