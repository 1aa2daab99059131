//! What people and their tools ask of a running daemon.

use super::App;
use super::auth::caller;
use super::extract::{Path, Query};
use super::problem::Problem;
use super::taking;
use super::wire::{Ack, Answers, Determine, Meet, MeetEach, PauseClock, ReopenClock, ResumeClock};
use crate::domain::board::{Card, ClockLine, ClockView, IncidentView};
use crate::domain::facts::{Claim, Claimant, FactEntry, FactFault, Vocabulary};
use crate::domain::ids::{IncidentId, OrganisationId};
use crate::domain::incident::{
    Clock, ClockKey, Command, Evidence, HoldStatement, Incident, Moment, VIA_API, Word, notes_on_filing,
};
use crate::domain::instant::Instant;
use crate::domain::quarantine;
use crate::shell::config::{May, Rules};
use crate::shell::desk::SubmitError;
use crate::shell::mint;
use crate::shell::render;
use crate::shell::reunite;
use crate::shell::wall_clock;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) type Answer<T> = Result<axum::Json<T>, Problem>;

/// Which part of a list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Page {
    /// Behind this id.
    after: Option<String>,
    /// This many at most.
    limit: Option<usize>,
    /// Also those without an open clock.
    closed: bool,
}

/// A part of the board.
#[derive(Debug, Serialize)]
pub struct Board {
    cards: Vec<Card>,
    /// Give this as `after` for what follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<IncidentId>,
    /// Channels whose last attempt failed.
    channels: BTreeMap<String, ChannelState>,
    /// Messages in quarantine among the ids looked at.
    quarantined: usize,
    /// Incidents whose record is damaged, so that nothing of them can be shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    damaged: Vec<IncidentId>,
}

/// How a channel is doing.
#[derive(Debug, Serialize)]
pub struct ChannelState {
    failing_since: String,
    last_failure: String,
}

pub(super) const PAGE_MAX: usize = 1000;
pub(super) const PAGE_USUAL: usize = 200;

/// `GET /v1/board`, `GET /v1/incidents`
pub async fn board(State(app): State<Arc<App>>, headers: HeaderMap, Query(page): Query<Page>) -> Answer<Board> {
    caller(&app, &headers, May::Read)?;
    let limit = page.limit.unwrap_or(PAGE_USUAL).clamp(1, PAGE_MAX);
    let mut after = page.after.as_deref().map(IncidentId::from);
    let mut board = Board { cards: Vec::new(), next: None, channels: channels(&app), quarantined: 0, damaged: Vec::new() };
    loop {
        let cards = app.desk.cards(after.as_ref(), PAGE_MAX)?;
        let more = cards.len() == PAGE_MAX;
        for (id, bytes) in cards {
            after = Some(id.clone());
            if id.as_str().starts_with(quarantine::PREFIX) {
                let kept = serde_json::from_slice::<quarantine::Kept>(&bytes);
                // One that cannot be read waits, as far as anybody knows.
                board.quarantined += usize::from(kept.map_or(true, |kept| kept.waits()));
                continue;
            }
            let card = match app.desk.card(&id, &bytes).await {
                Ok(Some(card)) => card,
                Ok(None) => continue,
                Err(SubmitError::Damaged { incident, .. }) => {
                    board.damaged.push(incident);
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            if page.closed || card.clocks.iter().any(|clock| clock.standing.is_open()) {
                board.cards.push(card);
            }
            if board.cards.len() == limit {
                board.next = Some(id);
                return Ok(axum::Json(board));
            }
        }
        if !more {
            return Ok(axum::Json(board));
        }
    }
}

/// Channels whose last attempt failed.
pub fn channels(app: &App) -> BTreeMap<String, ChannelState> {
    let failing = app.courier.health().into_iter().filter_map(|(id, health)| {
        let failing_since = crate::domain::instant::rfc3339(health.failing_since?);
        Some((id.to_string(), ChannelState { failing_since, last_failure: health.last_failure.unwrap_or_default() }))
    });
    failing.collect()
}

pub(super) async fn incident(app: &App, id: &str) -> Result<Arc<Incident>, Problem> {
    let found = app.desk.incident(&incident_id(app, id)?).await?;
    found.ok_or_else(|| Problem::not_found("no-incident", "no such incident").hint("`GET /v1/incidents` lists them"))
}

/// The incident that is meant: by its own id, or by the id it has at its sender, alone or as `SOURCE:ID`. What names
/// none is given back, to be refused as it was written.
pub(super) fn incident_id(app: &App, named: &str) -> Result<IncidentId, Problem> {
    if named.starts_with(mint::INCIDENT_PREFIX) {
        return Ok(named.into());
    }
    let live = app.live();
    let mut found: BTreeMap<IncidentId, &str> = BTreeMap::new();
    for source in live.sources.keys() {
        let of_source = named.split_once(':').filter(|(name, _)| *name == source.as_str()).map(|(_, id)| id);
        for id in [Some(named), of_source].into_iter().flatten() {
            if let Some(incident) = app.desk.lookup(&taking::incident_key(source, "", id))? {
                found.insert(incident, source.as_str());
            }
        }
    }
    let mut all = found.into_iter();
    match (all.next(), all.next()) {
        (None, _) => Ok(named.into()),
        (Some((incident, _)), None) => Ok(incident),
        (Some((one, of_one)), Some((other, of_other))) => {
            let detail = format!("that names {one} of {of_one} and {other} of {of_other}");
            Err(Problem::conflict("several-incidents", detail).hint("give the incident's own id, or SOURCE:ID"))
        }
    }
}

pub(super) fn view_of(incident: &Incident, rules: &Rules) -> IncidentView {
    let moment = Moment { now: wall_clock::now(), rulebook: &rules.rulebook, house: &rules.house };
    IncidentView::of(incident, &moment).with_rules(&rules.rulebook)
}

/// `GET /v1/incidents/{id}`
pub async fn show_incident(State(app): State<Arc<App>>, headers: HeaderMap, Path(id): Path) -> Answer<IncidentView> {
    caller(&app, &headers, May::Read)?;
    let incident = incident(&app, &id).await?;
    Ok(axum::Json(view_of(&incident, &app.desk.rules())))
}

/// `POST /v1/incidents/{id}/claims`
pub async fn answer(State(app): State<Arc<App>>, headers: HeaderMap, Path(id): Path, body: Body) -> Answer<IncidentView> {
    let caller = caller(&app, &headers, May::Act)?;
    let answers: Answers = super::read_json(&app, body, &headers).await?;
    let now = wall_clock::now();
    let rules = app.desk.rules();
    let concerned = incident(&app, &id).await?;
    let of = Of { concerned: concerned.opened.organisations.keys().collect(), organisation: answers.organisation.as_deref() };
    let mut claims = self::answers(&rules, &answers.facts, &of, &caller.name, answers.ground.as_deref(), now)?;
    claims.iter_mut().for_each(|claim| claim.settles = answers.settles);
    if claims.is_empty() {
        return Err(Problem::invalid("no-facts", "`facts` is empty").hint("`GET /v1/incidents/{id}` lists the questions"));
    }
    let notes = counting_for_each(&claims, &concerned, &rules.rulebook.vocabulary).into_iter().collect();
    let submitted = app.desk.submit(&concerned.id, although(answers.although, Command::Answer { claims }), now).await?;
    Ok(axum::Json(IncidentView { notes, ..view_of(&submitted.incident, &rules) }))
}

/// Of whom something is said.
pub(super) struct Of<'a> {
    /// The organisations there are.
    pub concerned: Vec<&'a OrganisationId>,
    /// The one it is said of, where it is said of one.
    pub organisation: Option<&'a str>,
}

/// What a person answers, as claims; every fault at once.
pub(super) fn answers(
    rules: &Rules,
    facts: &BTreeMap<String, serde_json::Value>,
    of: &Of<'_>,
    by: &str,
    ground: Option<&str>,
    at: Instant,
) -> Result<Vec<Claim>, Problem> {
    let mut claims = Vec::new();
    let mut faults = Vec::new();
    for (key, value) in facts {
        let of_key = key.split_once('@').filter(|(_, word)| of.concerned.iter().any(|known| known.as_str() == *word));
        let (key, of_key) = of_key.map_or((key.as_str(), None), |(key, organisation)| (key, Some(organisation)));
        if let (Some(one), Some(other)) = (of_key, of.organisation.filter(|other| Some(*other) != of_key)) {
            let text = format!("`{key}@{one}` is said of `{one}`, and `organisation` is `{other}`");
            return Err(Problem::invalid("two-organisations", text).hint("name the organisation once"));
        }
        let value = match value {
            serde_json::Value::Null if rules.rulebook.vocabulary.get(key).is_some() => None,
            value => match rules.rulebook.vocabulary.read(key, value) {
                Ok(value) => Some(value),
                Err(fault) => {
                    faults.push(fault);
                    continue;
                }
            },
        };
        claims.push(Claim {
            ground: ground.map(str::to_owned),
            organisations: of_key.or(of.organisation).map(OrganisationId::from).into_iter().collect(),
            ..Claim::of(key, value, Claimant::Person(by.to_owned()), at)
        });
    }
    if faults.is_empty() { Ok(claims) } else { Err(fact_problem(&faults)) }
}

/// What is said of answers that count for each of several organisations, although each may have one of its own.
fn counting_for_each(claims: &[Claim], incident: &Incident, vocabulary: &Vocabulary) -> Option<String> {
    let organisations: Vec<&OrganisationId> = incident.opened.organisations.keys().collect();
    let is_of_each = |key: &str| vocabulary.get(key).is_some_and(FactEntry::is_of_each_organisation);
    let said = claims.iter().filter(|claim| claim.organisations.is_empty() && is_of_each(claim.key.as_str()));
    let of = |claim: &Claim| {
        let apart = |id: &&&OrganisationId| incident.book.speaks_apart(id, claim.key.as_str());
        let (apart, counts): (Vec<_>, Vec<_>) = organisations.iter().partition(apart);
        let join = |ids: Vec<&&OrganisationId>| ids.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(", ");
        match (counts.is_empty(), apart.is_empty()) {
            (_, true) => format!("`{}` counts for each of {}", claim.key, join(counts)),
            (false, false) => format!("`{}` counts for {}; {} answered apart", claim.key, join(counts), join(apart)),
            (true, false) => format!("`{}` counts for nobody: {} answered apart", claim.key, join(apart)),
        }
    };
    let said: Vec<String> = said.filter(|_| organisations.len() > 1).map(of).collect();
    (!said.is_empty()).then(|| {
        format!("{}\nhint: say it of one of them with `--for ORGANISATION` (`organisation` in the API)", said.join("\n"))
    })
}

fn fact_problem(faults: &[FactFault]) -> Problem {
    let details: Vec<serde_json::Value> = faults
        .iter()
        .map(|fault| match fault {
            FactFault::UnknownKey { key, nearest } => {
                serde_json::json!({ "key": key, "problem": "unknown-key", "nearest": nearest })
            }
            FactFault::WrongType { key, fault } => serde_json::json!({
                "key": key, "problem": "wrong-type", "expected": fault.expected, "got": fault.got, "example": fault.example,
            }),
            FactFault::NoPlace { key, fault } => {
                serde_json::json!({ "key": key, "problem": "no-place", "got": fault.word, "nearest": fault.nearest })
            }
            FactFault::NotListed { key, word, nearest, .. } => {
                serde_json::json!({ "key": key, "problem": "not-listed", "got": word, "nearest": nearest })
            }
            FactFault::OfEach { key } => serde_json::json!({ "key": key, "problem": "of-each-place" }),
        })
        .collect();
    let text: Vec<String> = faults.iter().map(ToString::to_string).collect();
    Problem::invalid("wrong-facts", text.join("; ")).with("faults", details).hint("`watchbell facts` lists keys and types")
}

/// How much of the list of clocks.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Most {
    /// This many at most, the most urgent; all unless said.
    limit: Option<usize>,
    /// Also those of incidents without an open clock.
    closed: bool,
}

/// `GET /v1/clocks`: of all incidents, the most urgent first.
pub async fn list_clocks(State(app): State<Arc<App>>, headers: HeaderMap, Query(most): Query<Most>) -> Answer<Vec<ClockLine>> {
    caller(&app, &headers, May::Read)?;
    let mut clocks: Vec<ClockLine> = Vec::new();
    let mut after: Option<IncidentId> = None;
    loop {
        let cards = app.desk.cards(after.as_ref(), PAGE_MAX)?;
        let Some((last, _)) = cards.last() else { break };
        after = Some(last.clone());
        for (id, bytes) in &cards {
            let card = app.desk.card(id, bytes).await.or_else(damaged_is_told_of_on_the_board)?;
            let wanted = |card: &Card| most.closed || card.clocks.iter().any(|clock| clock.standing.is_open());
            clocks.extend(card.filter(wanted).into_iter().flat_map(|card| card.clocks));
        }
    }
    clocks.sort_by_key(|clock| (!clock.standing.is_open(), clock.due.or(clock.target), clock.id.clone()));
    clocks.truncate(most.limit.unwrap_or(usize::MAX));
    Ok(axum::Json(clocks))
}

/// A list goes on without an incident whose record is damaged; the board names it, and the self-check rings for it.
pub(super) fn damaged_is_told_of_on_the_board(error: SubmitError) -> Result<Option<Card>, SubmitError> {
    match error {
        SubmitError::Damaged { .. } => Ok(None),
        error => Err(error),
    }
}

pub(super) fn clock_key(app: &App, public: &str) -> Result<(IncidentId, ClockKey), Problem> {
    let parsed = ClockKey::parse(public).ok_or_else(|| {
        Problem::not_found("no-clock", "that is no clock")
            .hint("a clock is named <incident>~<duty>~<organisation>; `GET /v1/clocks` lists them")
    })?;
    Ok((incident_id(app, parsed.0.as_str())?, parsed.1))
}

/// `GET /v1/clocks/{id}`
pub async fn show_clock(State(app): State<Arc<App>>, headers: HeaderMap, Path(public): Path) -> Answer<ClockView> {
    caller(&app, &headers, May::Read)?;
    let (id, key) = clock_key(&app, &public)?;
    view(&app, &*incident(&app, id.as_str()).await?, &key)
}

fn view(app: &App, incident: &Incident, key: &ClockKey) -> Answer<ClockView> {
    let law = incident.clocks.get(key).map(|clock| &clock.law);
    let view = ClockView::of(incident, key).zip(law).map(|(view, law)| view.with_rules(law, &app.desk.rules().rulebook));
    view.map(axum::Json).ok_or_else(|| crate::domain::incident::Refusal::NoClock(key.clone()).into())
}

pub(super) async fn act(app: &App, id: &IncidentId, key: &ClockKey, command: Command) -> Answer<ClockView> {
    let submitted = app.desk.submit(id, command, wall_clock::now()).await?;
    view(app, &submitted.incident, key)
}

/// Files something, and says what whoever filed it should know.
async fn filed(app: &App, id: &IncidentId, key: &ClockKey, evidence: &Evidence, command: Command) -> Answer<ClockView> {
    let now = wall_clock::now();
    let submitted = app.desk.submit(id, command, now).await?;
    let rules = app.desk.rules();
    let moment = Moment { now, rulebook: &rules.rulebook, house: &rules.house };
    let notes = notes_on_filing(&submitted.incident, key, evidence, &moment);
    let axum::Json(view) = view(app, &submitted.incident, key)?;
    Ok(axum::Json(ClockView { notes, ..view }))
}

/// `POST /v1/clocks/{id}/ack`
pub async fn ack(State(app): State<Arc<App>>, headers: HeaderMap, Path(public): Path, body: Body) -> Answer<ClockView> {
    let caller = caller(&app, &headers, May::Act)?;
    let (id, key) = clock_key(&app, &public)?;
    let bytes = app.room.read(body, &headers, app.body_limit).await?.bytes;
    let ack: Ack = if bytes.is_empty() { Ack::default() } else { super::parse_json(&bytes)? };
    let (lease, team) = (ack.lease.map(|lease| lease.0), ack.team);
    let (by, via) = (caller.name, VIA_API.to_owned());
    // Under the name without a number all of a list are taken that still ask for something.
    let found = incident(&app, id.as_str()).await?;
    let of_list = |(other, clock): &(&ClockKey, &Clock)| other.target.is_some() && clock.standing.is_open();
    let first = found.of_same_list(&key).find(of_list).map(|(first, _)| first.clone()).filter(|_| key.target.is_none());
    match first {
        Some(first) => act(&app, &id, &first, Command::AcknowledgeEach { of: key, by, team, lease, via }).await,
        None => act(&app, &id, &key, Command::Acknowledge { clock: key.clone(), by, team, lease, via }).await,
    }
}

/// What shows that something was filed, put on record as what the command makes of it.
async fn file_as(
    app: &App,
    headers: HeaderMap,
    public: &str,
    body: Body,
    command: impl FnOnce(ClockKey, Evidence) -> Command,
) -> Answer<ClockView> {
    let caller = caller(app, &headers, May::Act)?;
    let (id, key) = clock_key(app, public)?;
    let meet: Meet = super::read_json(app, body, &headers).await?;
    let evidence = Evidence {
        by: caller.name,
        what: meet.what,
        filed_at: meet.filed_at.0,
        reference: meet.reference,
        told: meet.told,
        known_then: None,
    };
    let command = command(key.clone(), evidence.clone());
    filed(app, &id, &key, &evidence, although(meet.although, command)).await
}

/// `POST /v1/clocks/{id}/meet`
pub async fn meet(State(app): State<Arc<App>>, headers: HeaderMap, Path(public): Path, body: Body) -> Answer<ClockView> {
    file_as(&app, headers, &public, body, |clock, evidence| Command::Meet { clock, evidence }).await
}

/// What became of several that were told of a list.
#[derive(Debug, Serialize)]
pub struct EachMet {
    /// How many clocks were met.
    met: usize,
    /// How many of the list still run.
    open: usize,
}

/// `POST /v1/clocks/{id}/meet-each`: several of a list were told, each with a time and a reference. All are met, or none.
pub async fn meet_each(State(app): State<Arc<App>>, headers: HeaderMap, Path(public): Path, body: Body) -> Answer<EachMet> {
    let caller = caller(&app, &headers, May::Act)?;
    let (id, key) = clock_key(&app, &public)?;
    let MeetEach { what, each, although: because } = super::read_json(&app, body, &headers).await?;
    let told: Vec<(String, Evidence)> = each
        .into_iter()
        .map(|one| {
            let evidence = Evidence {
                by: caller.name.clone(),
                what: what.clone(),
                filed_at: one.filed_at.0,
                reference: one.reference,
                told: None,
                known_then: None,
            };
            (one.who, evidence)
        })
        .collect();
    let met = told.len();
    let command = although(because, Command::MeetEach { of: key.clone(), told });
    let submitted = app.desk.submit(&id, command, wall_clock::now()).await?;
    let open = submitted.incident.of_same_list(&key).filter(|(_, clock)| clock.standing.is_open()).count();
    Ok(axum::Json(EachMet { met, open }))
}

/// `POST /v1/clocks/{id}/file`: a part or a further notice, which ends nothing.
pub async fn file(State(app): State<Arc<App>>, headers: HeaderMap, Path(public): Path, body: Body) -> Answer<ClockView> {
    file_as(&app, headers, &public, body, |clock, evidence| Command::File { clock, evidence }).await
}

/// `POST /v1/clocks/{id}/reopen`: takes back that the clock was met, or determined not to be owed.
pub async fn reopen(State(app): State<Arc<App>>, headers: HeaderMap, Path(public): Path, body: Body) -> Answer<ClockView> {
    let caller = caller(&app, &headers, May::Act)?;
    let (id, key) = clock_key(&app, &public)?;
    let ReopenClock { because } = super::read_json(&app, body, &headers).await?;
    let now = wall_clock::now();
    let command = Command::Reopen { clock: key.clone(), by: caller.name.clone(), because: because.clone() };
    let submitted = app.desk.submit(&id, command, now).await?;
    // Where the incident goes on in another, the clock goes on there if the other has it no later.
    let Some(into) = submitted.incident.relations.merged_into.clone() else { return view(&app, &submitted.incident, &key) };
    reunite::merge(&app.desk, &id, &into, &Word { by: caller.name, because }, now).await?;
    view(&app, &*incident(&app, id.as_str()).await?, &key)
}

/// The command of somebody who says why, although facts on record speak against it.
fn although(because: Option<String>, command: Command) -> Command {
    match because {
        Some(because) => Command::Although { because, command: Box::new(command) },
        None => command,
    }
}

/// `POST /v1/clocks/{id}/determine`
pub async fn determine(State(app): State<Arc<App>>, headers: HeaderMap, Path(public): Path, body: Body) -> Answer<ClockView> {
    let caller = caller(&app, &headers, May::Act)?;
    let (id, key) = clock_key(&app, &public)?;
    let determine: Determine = super::read_json(&app, body, &headers).await?;
    let Determine { ground, cite, although: because } = determine;
    let command = Command::Determine { clock: key.clone(), by: caller.name, ground, cite };
    act(&app, &id, &key, although(because, command)).await
}

/// `POST /v1/clocks/{id}/pause`
pub async fn pause(State(app): State<Arc<App>>, headers: HeaderMap, Path(public): Path, body: Body) -> Answer<ClockView> {
    let caller = caller(&app, &headers, May::Act)?;
    let (id, key) = clock_key(&app, &public)?;
    let pause: PauseClock = super::read_json(&app, body, &headers).await?;
    let statement = HoldStatement {
        rule: pause.rule,
        official: pause.official,
        from: pause.from.0,
        until: pause.until.map(|until| until.0),
        words: pause.words,
    };
    act(&app, &id, &key, Command::Pause { clock: key.clone(), by: caller.name, statement }).await
}

/// `POST /v1/clocks/{id}/resume`
pub async fn resume(State(app): State<Arc<App>>, headers: HeaderMap, Path(public): Path, body: Body) -> Answer<ClockView> {
    let caller = caller(&app, &headers, May::Act)?;
    let (id, key) = clock_key(&app, &public)?;
    let ResumeClock { hold, at, ground } = super::read_json(&app, body, &headers).await?;
    act(&app, &id, &key, Command::Resume { clock: key.clone(), by: caller.name, hold, at: at.0, ground }).await
}

/// In which form a notice is wanted.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Form {
    /// `text`, `html` or `json`.
    format: Option<String>,
}

/// `GET /v1/clocks/{id}/notice?format=text|html|json`
pub async fn notice(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(public): Path,
    Query(form): Query<Form>,
) -> Result<Response, Problem> {
    caller(&app, &headers, May::Read)?;
    let (id, key) = clock_key(&app, &public)?;
    let incident = incident(&app, id.as_str()).await?;
    if !incident.clocks.contains_key(&key) {
        return Err(crate::domain::incident::Refusal::NoClock(key).into());
    }
    let draft = incident.draft(&key, &app.desk.rules().rulebook).ok_or_else(|| {
        Problem::not_found("no-notice", format!("the duty {} has no notice", key.duty)).hint("not every duty is met by a letter")
    })?;
    let draft = draft.map_err(|fault| {
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "template-fault",
            "the template cannot be drafted from",
            fault.to_string(),
        )
        .hint("`watchbell rules check` names the place")
    })?;
    Ok(match form.format.as_deref().unwrap_or("text") {
        "text" => ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], render::text(&draft)).into_response(),
        "html" => Html(render::html(&draft)).into_response(),
        "json" => axum::Json(draft).into_response(),
        other => {
            let shown: String = other.chars().take(20).collect();
            return Err(Problem::invalid("no-format", format!("there is no format `{shown}`")).hint("use text, html or json"));
        }
    })
}
