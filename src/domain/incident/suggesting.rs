//! An incident held against ENISA's method: what it suggests to the person who judges the risk.

use super::command::Moment;
use super::event::Event;
use super::state::Incident;
use crate::domain::law::Sight;
use crate::domain::severity::{subjects, suggest};

/// The suggestions that differ from the last ones on record; none before a person stated an input.
pub fn suggest_risks(incident: &Incident, moment: &Moment<'_>) -> Vec<Event> {
    let sight = Sight::new(&moment.rulebook.vocabulary, &incident.book);
    let suggestions = subjects(&incident.book).into_iter().map(|cohort| suggest(&sight, cohort.as_deref()));
    let news = suggestions.filter(|suggestion| match incident.suggestions.get(&suggestion.cohort) {
        Some((last, _)) => last != suggestion,
        None => !suggestion.inputs.is_empty(),
    });
    news.map(Event::RiskSuggested).collect()
}
