//! The page an alert's link opens: what the clock is, how long is left, who holds it, and a button that takes it.
//!
//! Looking changes nothing, since mail programs and scanners look at every link; only the form's POST acknowledges.
//! The link itself is the permission, so that it stands in no log and is sent on to nobody.

mod html;
mod limit;

pub use limit::Limit;

use super::App;
use super::extract::Path;
use crate::domain::escalation::parse_length;
use crate::domain::facts::{Claim, Claimant, Value};
use crate::domain::incident::{Address, Alert, ClockKey, Command, Incident, Refusal, WouldBe};
use crate::domain::instant::{Duration, Instant};
use crate::shell::courier::{OPENING_CLOCK, at_stake};
use crate::shell::desk::SubmitError;
use crate::shell::links::LinkFault;
use crate::shell::wall_clock;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use html::Page;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A form has a name, a length or an answer with its ground; in bytes.
const FORM_MAX: usize = 16 << 10;
const NAME_MAX: usize = 80;
const GROUND_MAX: usize = 1000;
/// The question that a link may answer.
const OPENING_QUESTION: &str = "breach.suspected";
/// The longest lease that can be asked for here; the house and the limit may make it shorter.
const LEASE_MAX: Duration = Duration::hours(24);

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Form {
    /// Who takes it.
    name: String,
    /// For how long: empty for the house's usual lease.
    lease: String,
    /// What they answer to the opening question: `yes`, `no`, `unknown`; empty where they acknowledge.
    answer: String,
    /// On what ground.
    ground: String,
}

/// What a link opens: an alert, as it stands on record.
struct Opened {
    incident: Arc<Incident>,
    alert: Alert,
    /// Until when the link may be used.
    until: Instant,
    /// Whose address it was sent to, if it is one person's alone.
    person: Option<String>,
    /// The nearest limit in law that would run if the opening question were answered with yes.
    stake: Option<WouldBe>,
}

fn sent_to(alert: &Alert) -> Address {
    Address { channel: alert.queued.channel.clone(), to: alert.queued.to.clone() }
}

/// `GET|HEAD /a/{token}`: shows, and changes nothing.
pub async fn show(State(app): State<Arc<App>>, Path(token): Path) -> Response {
    let now = wall_clock::now();
    match open(&app, &token, now).await {
        Ok(opened) => answer(StatusCode::OK, html::clocks(&opened, None, now)),
        Err(refused) => refused,
    }
}

/// `POST /a/{token}`: acknowledges the clocks of the link, or answers the opening question, and shows how it stands then.
pub async fn take(State(app): State<Arc<App>>, Path(token): Path, body: Body) -> Response {
    let now = wall_clock::now();
    let opened = match open(&app, &token, now).await {
        Ok(opened) => opened,
        Err(refused) => return refused,
    };
    let again = |fault: &str| answer(StatusCode::UNPROCESSABLE_ENTITY, html::clocks(&opened, Some(fault), now));
    let Some(form) = read_form(body).await else { return again("The form could not be read. Fill it in again.") };
    // Who an address belongs to is known better than what is typed, and nobody is asked.
    let name = opened.person.clone().unwrap_or_else(|| form.name.split_whitespace().collect::<Vec<_>>().join(" "));
    if name.is_empty() || name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
        return again("Say who you are: your name goes into the record.");
    }
    if !form.answer.is_empty() {
        return match say(&app, &opened, &form, &name, now).await {
            Ok(()) => found_at(&token),
            Err(Unsaid::Fault(fault)) => again(fault),
            Err(Unsaid::Refused(fault)) => answer(StatusCode::CONFLICT, html::clocks(&opened, Some(fault), now)),
            Err(Unsaid::NotRecorded) => answer(StatusCode::SERVICE_UNAVAILABLE, html::not_recorded()),
        };
    }
    let lease = match form.lease.as_str() {
        "" => None,
        text => match parse_length(text).filter(|lease| *lease <= LEASE_MAX) {
            Some(lease) => Some(lease),
            None => return again("Choose one of the lengths."),
        },
    };
    let mut refused = None;
    let mut taken = false;
    let Opened { incident, alert, .. } = &opened;
    let sent_to = sent_to(alert);
    let mut lists = BTreeSet::new();
    for clock in alert.about.iter().map(|about| &about.clock).filter(|clock| is_open(incident, clock)) {
        let of_list = incident.of_same_list(clock).next().is_some();
        if of_list && !lists.insert(clock.whole()) {
            continue;
        }
        let via = sent_to.link_in_words();
        let rules = app.desk.rules();
        let team = rules.house.team_at(incident, clock, &sent_to);
        let (clock, by) = (clock.clone(), name.clone());
        let command = match of_list {
            true => Command::AcknowledgeEach { of: clock, by, team, lease, via },
            false => Command::Acknowledge { clock, by, team, lease, via },
        };
        match app.desk.submit(&incident.id, command, now).await {
            Ok(_) => taken = true,
            Err(SubmitError::Refused(refusal)) => refused = Some(refusal),
            Err(error) => {
                tracing::error!(incident = %incident.id, %error, "an acknowledgement by link could not be recorded");
                return answer(StatusCode::SERVICE_UNAVAILABLE, html::not_recorded());
            }
        }
    }
    match refused.filter(|_| !taken) {
        // Shown by a look, so that loading the page anew sends nothing twice. Relative: a proxy may serve us below a path.
        None => found_at(&token),
        Some(refusal) => answer(StatusCode::CONFLICT, html::clocks(&opened, Some(in_words(&refusal)), now)),
    }
}

/// Why an answer is not on record.
enum Unsaid {
    /// It was filled in wrong.
    Fault(&'static str),
    /// It makes no sense as things stand.
    Refused(&'static str),
    /// The record does not take it.
    NotRecorded,
}

/// Puts an answer to the opening question on record as the word of whoever reads at the address of the link.
async fn say(app: &App, opened: &Opened, form: &Form, name: &str, now: Instant) -> Result<(), Unsaid> {
    let Opened { incident, alert, person, .. } = opened;
    if !opened.asks() {
        return Err(Unsaid::Refused("The question has been answered meanwhile."));
    }
    let value = match form.answer.as_str() {
        "yes" => Some(Value::YesNo(true)),
        "no" => Some(Value::YesNo(false)),
        "unknown" => None,
        _ => return Err(Unsaid::Fault("Choose one of the answers.")),
    };
    let ground = form.ground.split_whitespace().collect::<Vec<_>>().join(" ");
    if ground.is_empty() || ground.chars().count() > GROUND_MAX || ground.chars().any(char::is_control) {
        return Err(Unsaid::Fault("Say on what ground, in a sentence or two: it goes into the record with your answer."));
    }
    let from = sent_to(alert);
    let via = from.link_in_words();
    // A name that was typed is no more than the word of whoever reads there.
    let by = if person.is_some() { name.to_owned() } else { format!("{name}, by the {via}") };
    let claim = Claim {
        ground: Some(format!("{ground} (by the {via})")),
        ..Claim::of(OPENING_QUESTION, value, Claimant::Person(by), now)
    };
    let command = Box::new(Command::Answer { claims: vec![claim] });
    match app.desk.submit(&incident.id, Command::SaidAt { from, command }, now).await {
        Ok(_) => Ok(()),
        Err(SubmitError::Refused(_)) => Err(Unsaid::Refused("It could not be answered as things stand.")),
        Err(error) => {
            tracing::error!(incident = %incident.id, %error, "an answer by link could not be recorded");
            Err(Unsaid::NotRecorded)
        }
    }
}

impl Opened {
    /// Whether the opening question waits for an answer, and the alert was about it.
    fn asks(&self) -> bool {
        let mut clocks = self.alert.about.iter().map(|about| &about.clock);
        clocks.any(|clock| clock.duty.as_str() == OPENING_CLOCK && is_open(&self.incident, clock))
    }
}

fn is_open(incident: &Incident, clock: &ClockKey) -> bool {
    incident.clocks.get(clock).is_some_and(|clock| clock.standing.is_open())
}

fn in_words(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::LastCall => {
            "So close to the limit nothing holds the bell: meet the duty, or have it determined with a ground that nothing is owed."
        }
        Refusal::Closed(_) => "The clock has been closed meanwhile.",
        _ => "It could not be acknowledged as things stand.",
    }
}

/// What the link opens.
async fn open(app: &App, token: &str, now: Instant) -> Result<Opened, Response> {
    let read = app.courier.links().ok_or(LinkFault::Unknown).and_then(|links| links.read(token, now));
    let subject = read.as_ref().ok().map(|invitation| invitation.incident.as_str());
    if !app.page_limit.allows(subject, now) {
        return Err(answer(StatusCode::TOO_MANY_REQUESTS, html::too_many()));
    }
    let invitation = read.map_err(|fault| match fault {
        LinkFault::Ended => answer(StatusCode::GONE, html::ended()),
        LinkFault::Unknown => answer(StatusCode::NOT_FOUND, html::unknown()),
    })?;
    match app.desk.incident(&invitation.incident).await {
        Ok(Some(incident)) if let Some(alert) = incident.alerts.get(&invitation.alert).cloned() => {
            let (rules, sent_to) = (app.desk.rules(), sent_to(&alert));
            let house = &rules.house;
            // A link dies with the address it was sent to.
            if !house.reaches(&sent_to) {
                return Err(answer(StatusCode::GONE, html::ended()));
            }
            let person = house.person_at(&sent_to).map(str::to_owned);
            let stake = at_stake(&incident, &rules, now);
            Ok(Opened { incident, alert, until: invitation.until, person, stake })
        }
        Ok(_) => Err(answer(StatusCode::NOT_FOUND, html::unknown())),
        Err(_) => Err(answer(StatusCode::SERVICE_UNAVAILABLE, html::not_recorded())),
    }
}

async fn read_form(body: Body) -> Option<Form> {
    let bytes = axum::body::to_bytes(body, FORM_MAX).await.ok()?;
    let uri = Uri::builder().path_and_query(format!("/?{}", std::str::from_utf8(&bytes).ok()?)).build().ok()?;
    axum::extract::Query::<Form>::try_from_uri(&uri).ok().map(|form| form.0)
}

fn found_at(token: &str) -> Response {
    let mut response = answer(StatusCode::SEE_OTHER, html::taken());
    if let Ok(location) = HeaderValue::from_str(token) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// Nothing is loaded, framed, kept, indexed, or told to another site.
fn answer(status: StatusCode, page: Page) -> Response {
    let fixed: [(HeaderName, &'static str); 6] = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("x-robots-tag"), "noindex, nofollow, noarchive"),
    ];
    let mut response = (status, page.html).into_response();
    let headers = response.headers_mut();
    // Inserted, since `extend` would stand beside what the body brought along.
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::from_str(html::POLICY.as_str()) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}
