//! What became of alerts, and sending one once more.

use super::App;
use super::api::damaged_is_told_of_on_the_board;
use super::auth::caller;
use super::extract::{Path, Query};
use super::problem::Problem;
use crate::domain::delivery_log::{self, AlertLine, AlertLog, AlertStanding};
use crate::domain::ids::{AlertId, IncidentId};
use crate::domain::incident::{Command, Incident};
use crate::shell::config::May;
use crate::shell::wall_clock;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

const CARDS_AT_ONCE: usize = 500;
const ALERTS_USUAL: usize = 200;
const ALERTS_MAX: usize = 1000;

/// Which alerts.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Which {
    /// Only those that are so far.
    state: Option<AlertStanding>,
    /// Only dead letters.
    dead: bool,
    /// Only those of this incident.
    incident: Option<String>,
    /// Behind this incident.
    after: Option<String>,
    /// About this many; an incident's alerts are not divided.
    limit: Option<usize>,
}

/// A part of the alerts, by incident.
#[derive(Debug, Serialize)]
pub struct Alerts {
    alerts: Vec<AlertLine>,
    /// Give this as `after` for what follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<IncidentId>,
}

/// `GET /v1/alerts`
pub async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Query(which): Query<Which>,
) -> Result<axum::Json<Alerts>, Problem> {
    caller(&app, &headers, May::Read)?;
    let now = wall_clock::now();
    let wanted = |line: &AlertLine| which.state.is_none_or(|state| line.standing == state) && (!which.dead || line.dead);
    let limit = which.limit.unwrap_or(ALERTS_USUAL).clamp(1, ALERTS_MAX);
    let mut found = Alerts { alerts: Vec::new(), next: None };
    if let Some(id) = &which.incident {
        let incident = app.desk.incident(&IncidentId::from(id.as_str())).await?.ok_or_else(no_incident)?;
        found.alerts.extend(delivery_log::lines(&incident, now).into_iter().filter(wanted));
        return Ok(axum::Json(found));
    }
    let mut after = which.after.as_deref().map(IncidentId::from);
    loop {
        let cards = app.desk.cards(after.as_ref(), CARDS_AT_ONCE)?;
        let Some((last, _)) = cards.last() else { return Ok(axum::Json(found)) };
        after = Some(last.clone());
        for (id, card) in cards {
            let card = app.desk.card(&id, &card).await.or_else(damaged_is_told_of_on_the_board)?;
            let Some(card) = card else { continue };
            // What fails stands on the card, so that no incident is read for nothing.
            if which.state == Some(AlertStanding::Failing) && card.failing.is_empty() {
                continue;
            }
            let Some(incident) = app.desk.incident(&id).await? else { continue };
            found.alerts.extend(delivery_log::lines(&incident, now).into_iter().filter(wanted));
            if found.alerts.len() >= limit {
                found.next = Some(id);
                return Ok(axum::Json(found));
            }
        }
    }
}

/// `GET /v1/incidents/{id}/alerts`: with every attempt.
pub async fn of_incident(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(id): Path,
) -> Result<axum::Json<Vec<AlertLog>>, Problem> {
    caller(&app, &headers, May::Read)?;
    logs(&app, &IncidentId::from(id.as_str())).await.map(axum::Json)
}

/// Why an alert is sent once more.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `reason`")]
struct Redeliver {
    reason: String,
}

/// `POST /v1/incidents/{id}/alerts/{alert}/redeliver`: the same alert, under the same id.
pub async fn redeliver(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    axum::extract::Path((id, alert)): axum::extract::Path<(String, String)>,
    body: Body,
) -> Result<axum::Json<AlertLog>, Problem> {
    let caller = caller(&app, &headers, May::Operate)?;
    let Redeliver { reason } = super::read_json(&app, body, &headers).await?;
    let (id, alert) = (IncidentId::from(id.as_str()), AlertId::new(alert));
    let command = Command::Redeliver { alert: alert.clone(), by: caller.name, reason };
    app.desk.submit(&id, command, wall_clock::now()).await?;
    let log = logs(&app, &id).await?.into_iter().find(|log| log.line.id == alert.as_str());
    log.map(axum::Json).ok_or_else(|| Problem::not_found("no-alert", "no such alert"))
}

async fn logs(app: &App, id: &IncidentId) -> Result<Vec<AlertLog>, Problem> {
    let events = app.desk.history(id).await?;
    // From the same events, so that no alert stands otherwise than its log says.
    let incident = Incident::replay(id, events.iter().map(|(at, event)| (*at, event))).ok_or_else(no_incident)?;
    Ok(delivery_log::logs(&incident, &events, wall_clock::now()))
}

fn no_incident() -> Problem {
    Problem::not_found("no-incident", "no such incident").hint("`GET /v1/incidents` lists them")
}
