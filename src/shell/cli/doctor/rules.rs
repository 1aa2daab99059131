//! Whether a person has looked at the law lately, and whether the holidays reach far enough.

use super::Finding;
use crate::domain::instant::{Datelike, Instant};
use crate::domain::law::Rulebook;
use crate::shell::cli::output::counted;

const AREA: &str = "rules";
/// Law that nobody has read against its sources for this long is stale.
const STALE_AFTER_DAYS: i64 = 365;

pub fn look(rulebook: &Rulebook, now: Instant) -> Vec<Finding> {
    let today = now.date_naive();
    let duties = counted(rulebook.duties().count(), "duty").replace("dutys", "duties");
    let mut findings = vec![Finding::ok(AREA, format!("{} with {duties}", counted(rulebook.packs.len(), "pack")))];
    for pack in &rulebook.packs {
        let days = (today - pack.head.reviewed).num_days();
        if days > STALE_AFTER_DAYS {
            let text =
                format!("pack `{}` was last read against its sources on {}, {days} days ago", pack.head.id, pack.head.reviewed);
            findings.push(Finding::warn(
                AREA,
                text,
                "have a lawyer read it again and set `reviewed`, or install a newer release",
            ));
        }
    }
    for calendar in rulebook.calendars.names().filter_map(|name| rulebook.calendars.get(name)) {
        if calendar.valid_through <= today.year() {
            let text = format!(
                "the holidays of `{}` reach to the end of {}; later business days count without them, the stricter way",
                calendar.name, calendar.valid_through
            );
            findings.push(Finding::warn(AREA, text, "add the next year to that calendar, or install a newer release"));
        }
    }
    findings
}
