//! The notices, drafted before anybody asked for them.

use super::Story;
use crate::domain::board::Card;
use crate::shell::demo::checks::{self, Step};
use crate::shell::demo::screen::Ink;
use crate::shell::demo::script::SHOWN_DRAFT;

/// Lines that are shown above the first gap of a draft.
const ABOVE: usize = 3;
/// Lines that are shown from the first gap on: its mark takes two.
const BELOW: usize = 2;

impl Story {
    pub(super) async fn drafts(&mut self, card: &Card) {
        self.scene("The notices are drafted").await;
        let folder = self.house.path("drafts").join(card.incident.as_str());
        self.screen.say(&format!("{}/", folder.display()));
        let (mut outcome, mut shown) = (Ok(()), String::new());
        let open = card.clocks.iter().filter(|clock| clock.standing.is_open());
        let drafted: Vec<_> = open.filter_map(|clock| Some((clock, clock.gaps?))).collect();
        for (clock, gaps) in &drafted {
            let whole = clock.id.strip_prefix(&format!("{}~", card.incident)).unwrap_or(&clock.id);
            let name = format!("{}.txt", whole.replace('~', "."));
            let text = std::fs::read_to_string(folder.join(&name)).unwrap_or_default();
            outcome = outcome.and_then(|()| checks::draft(&name, &text, *gaps));
            let plural = if *gaps == 1 { "" } else { "s" };
            let lacks = if *gaps == 0 { "complete".to_owned() } else { format!("{gaps} gap{plural}") };
            self.screen.line(&format!("     {name:<42} {}", self.screen.ink(Ink::Faint, &lacks)));
            if clock.duty == SHOWN_DRAFT {
                shown = text;
            }
        }
        self.screen.line("");
        self.screen.quote(excerpt(&shown));
        let outcome = outcome.and_then(|()| if drafted.is_empty() { Err("nothing was drafted".into()) } else { Ok(()) });
        let seen = format!("{} notices as text and HTML; what the law asks for and nobody has said is marked", drafted.len());
        self.note(Step::Drafted, outcome, &seen);
    }
}

/// What a reader of the sheet sees first: that it is a draft, what is missing, and how a gap looks in its place.
fn excerpt(sheet: &str) -> Vec<&str> {
    let lines: Vec<&str> = sheet.lines().collect();
    let at = |wanted: &str| lines.iter().position(|line| line.contains(wanted));
    let (Some(banner), Some(list)) = (at("DRAFT"), at("Still missing")) else { return lines };
    let mut excerpt = vec![lines[banner], ""];
    // Up to the blank line behind the list; its rule stands two lines above it.
    excerpt.extend(lines.iter().skip(list).take_while(|line| !line.starts_with("Counsel")));
    if let Some(gap) = at("[MISSING") {
        excerpt.push("…");
        let place = lines.iter().skip(gap.saturating_sub(ABOVE)).skip_while(|line| line.is_empty());
        excerpt.extend(place.take(ABOVE + BELOW));
    }
    excerpt
}
