//! The one way to change anything: load, decide, seal, append, and only then believe it.

use super::config::Rules;
use super::drafts::Drafts;
use super::record;
use super::store::{Append, AppendError, Store, StoreError, Wake};
use crate::domain::board::Card;
use crate::domain::escalation::{OVERRIDE_FORMAT, OVERRIDE_PREFIX, Override, RecordedOverride};
use crate::domain::ids::IncidentId;
use crate::domain::incident::{Command, Decision, Event, House, Incident, Moment, Refusal, codec, decide, next_wake};
use crate::domain::instant::{Duration, Instant};
use crate::domain::journal::{self, Head};
use crate::domain::loaded;
use crate::domain::quarantine::{self, Handled, Kept};
use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{Mutex as AsyncMutex, Notify};

/// Incidents kept in memory between commands.
const CACHE_MAX: usize = 8192;
/// Commands to one incident wait for each other on one of these.
const STRIPES: usize = 256;
/// Cards of kept messages read at once.
const KEPT_PAGE: usize = 500;
/// How often a decision is made anew because somebody else's came first.
const RACES_MAX: u32 = 8;
/// Cards of overrides read at once.
const OVERRIDES_AT_ONCE: usize = 500;

/// Takes commands to incidents.
pub struct Desk {
    store: Arc<dyn Store>,
    rules: RwLock<Arc<Rules>>,
    stripes: Vec<AsyncMutex<()>>,
    cache: Mutex<Cache>,
    drafts: Option<Drafts>,
    overrides: Mutex<Vec<Override>>,
    /// Rung when an append may have moved the next wake forward.
    agenda_changed: Notify,
}

/// A command that was carried out.
pub struct Submitted {
    /// The incident as it is.
    pub incident: Arc<Incident>,
    /// What was decided; empty when the command changed nothing.
    pub events: Vec<Event>,
}

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// The incident refuses it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Another incident has claimed a unique key.
    #[error("already known as {by}")]
    Taken {
        /// Which.
        by: IncidentId,
    },
    /// The store does not take it now.
    #[error("the record cannot be written")]
    Unwritten(#[source] AppendError),
    /// It is longer than the store takes at once.
    #[error("it has {bytes} bytes in the record, which takes {limit} at once")]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The store cannot be read.
    #[error("the record cannot be read")]
    Unread(#[source] StoreError),
    /// What the store holds of this incident makes no sense.
    #[error("the record of {incident} is damaged: {text}\nhint: `watchbell journal verify` names the place")]
    Damaged {
        /// Which incident.
        incident: IncidentId,
        /// What is wrong.
        text: String,
    },
    /// Others kept changing the incident.
    #[error("the incident kept changing meanwhile")]
    Contended,
    /// Deciding went wrong in a way that is an error of ours; what was decided may or may not be on record.
    #[error("{incident} cannot be worked on: an error of ours")]
    Panicked {
        /// Which incident.
        incident: IncidentId,
    },
}

#[derive(Clone)]
struct Loaded {
    incident: Arc<Incident>,
    head: Head,
}

#[derive(Default)]
struct Cache {
    loaded: HashMap<IncidentId, Loaded>,
    oldest: VecDeque<IncidentId>,
}

impl Cache {
    /// What a slow reader loaded does not take the place of what was decided meanwhile.
    fn put(&mut self, id: &IncidentId, loaded: Loaded) {
        if self.loaded.get(id).is_some_and(|kept| kept.head.seq > loaded.head.seq) {
            return;
        }
        if self.loaded.insert(id.clone(), loaded).is_none() {
            self.oldest.push_back(id.clone());
            if self.oldest.len() > CACHE_MAX
                && let Some(oldest) = self.oldest.pop_front()
            {
                self.loaded.remove(&oldest);
            }
        }
    }

    fn forget(&mut self, id: &IncidentId) {
        if self.loaded.remove(id).is_some() {
            self.oldest.retain(|kept| kept != id);
        }
    }
}

impl Desk {
    /// A desk over a store. With `drafts`, the notices of open clocks are kept as files.
    pub fn new(store: Arc<dyn Store>, rules: Arc<Rules>, drafts: Option<Drafts>) -> Self {
        Self {
            store,
            rules: RwLock::new(rules),
            stripes: (0..STRIPES).map(|_| AsyncMutex::new(())).collect(),
            cache: Mutex::default(),
            drafts,
            overrides: Mutex::default(),
            agenda_changed: Notify::new(),
        }
    }

    /// The law and the policy in use.
    pub fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts other law and policy in use; open incidents are to be reassessed by the caller.
    pub fn swap_rules(&self, rules: Arc<Rules>) {
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = with_overrides(rules, &self.overrides());
        self.agenda_changed.notify_one();
    }

    /// Who stands in for whom by the rotas, as recorded.
    fn overrides(&self) -> Vec<Override> {
        self.overrides.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the overrides on record into the policy in use. Those that are over are left out.
    pub fn load_overrides(&self, now: Instant) -> Result<(), SubmitError> {
        let mut standing = Vec::new();
        let mut after = Some(IncidentId::from(OVERRIDE_PREFIX));
        loop {
            let cards = self.cards(after.as_ref(), OVERRIDES_AT_ONCE)?;
            let ours = cards.iter().take_while(|(id, _)| id.as_str().starts_with(OVERRIDE_PREFIX));
            let decode = |(id, card): &(IncidentId, Vec<u8>)| {
                let read = RecordedOverride::decode(card);
                if read.is_none() {
                    tracing::error!(stream = %id, "an override of a rota cannot be read by this version; nobody stands in by it");
                }
                read
            };
            let read: Vec<RecordedOverride> = ours.clone().filter_map(decode).collect();
            after = ours.last().map(|(id, _)| id.clone());
            let stands = |entry: &RecordedOverride| entry.withdrawn.is_none() && entry.stands_in.until > now;
            standing.extend(read.into_iter().filter(stands).map(|entry| entry.stands_in));
            if after.is_none() {
                break;
            }
        }
        *self.overrides.lock().unwrap_or_else(PoisonError::into_inner) = standing;
        self.swap_rules(self.rules());
        Ok(())
    }

    /// Puts an override of a rota on record, or what became of it, and into the policy in use.
    pub async fn record_override(&self, entry: &RecordedOverride, now: Instant) -> Result<(), SubmitError> {
        let id = IncidentId::from(entry.stands_in.id.as_str());
        let _turn = self.stripes[stripe(&id)].lock().await;
        let envelopes = self.store.read(&id).map_err(SubmitError::Unread)?;
        let damaged = |text: String| SubmitError::Damaged { incident: id.clone(), text };
        let chain = journal::verify(&envelopes).map_err(|fault| damaged(fault.to_string()))?;
        let body = entry.encode();
        let sealed = journal::seal_as(chain.heads().get(&id), &id, now, OVERRIDE_FORMAT, 0, &body);
        self.store.append(Append { card: Some(body), ..Append::of(sealed) }).await.map_err(unwritten)?;
        {
            let mut overrides = self.overrides.lock().unwrap_or_else(PoisonError::into_inner);
            overrides.retain(|over| over.id != entry.stands_in.id && over.until > now);
            overrides.extend(entry.withdrawn.is_none().then(|| entry.stands_in.clone()));
        }
        self.swap_rules(self.rules());
        Ok(())
    }

    /// Resolves when the next wake may have moved forward.
    pub async fn agenda_changed(&self) {
        self.agenda_changed.notified().await;
    }

    /// Carries out a command. When it returns, what was decided survives a power cut, and the
    /// drafts it changed are written. A caller who goes away does not stop it half-way.
    pub async fn submit(self: &Arc<Self>, id: &IncidentId, command: Command, now: Instant) -> Result<Submitted, SubmitError> {
        self.submit_claiming(id, command, Vec::new(), now).await
    }

    /// The same, claiming unique keys for the incident in the same append.
    pub async fn submit_claiming(
        self: &Arc<Self>,
        id: &IncidentId,
        command: Command,
        unique: Vec<Vec<u8>>,
        now: Instant,
    ) -> Result<Submitted, SubmitError> {
        let (this, stream) = (Arc::clone(self), id.clone());
        let carried = tokio::spawn(async move { this.carry_out(&stream, command, unique, now).await });
        carried.await.unwrap_or_else(|_| {
            self.lock_cache().forget(id);
            Err(SubmitError::Panicked { incident: id.clone() })
        })
    }

    async fn carry_out(
        &self,
        id: &IncidentId,
        command: Command,
        unique: Vec<Vec<u8>>,
        now: Instant,
    ) -> Result<Submitted, SubmitError> {
        let _turn = self.stripes[stripe(id)].lock().await;
        let rules = self.rules();
        let moment = Moment { now, rulebook: &rules.rulebook, house: &rules.house };
        if matches!(command, Command::Open(_) | Command::OpenSplit { .. }) {
            // A new id has no past; a conflict says otherwise.
            let decision = decide(id, None, command, &moment)?;
            return self.append(id, None, decision, unique, &moment).await.map_err(|error| match error {
                SubmitError::Unwritten(AppendError::Conflict { .. }) => Refusal::Exists.into(),
                error => error,
            });
        }
        for _ in 0..RACES_MAX {
            let loaded = self.load(id).await?;
            let mut decision = decide(id, loaded.as_ref().map(|l| &*l.incident), command.clone(), &moment)?;
            if let Some(loaded) = &loaded
                && decision.events.is_empty()
                && self.must_move_on(id, &loaded.incident, &command, &moment)?
            {
                decision.events.push(Event::NothingDue {});
            }
            match self.append(id, loaded, decision, unique.clone(), &moment).await {
                Ok(submitted) => return Ok(submitted),
                Err(SubmitError::Unwritten(AppendError::Conflict { .. })) => self.lock_cache().forget(id),
                Err(error) => {
                    // What was decided may or may not be on disk: look again before deciding further.
                    self.lock_cache().forget(id);
                    return Err(error);
                }
            }
        }
        Err(SubmitError::Contended)
    }

    /// Whether a command that changes nothing must still be recorded, because the wake on the agenda
    /// is not, or no more, the incident's: policy changed since it was set.
    fn must_move_on(
        &self,
        id: &IncidentId,
        incident: &Incident,
        command: &Command,
        moment: &Moment<'_>,
    ) -> Result<bool, SubmitError> {
        match command {
            Command::Wake => Ok(incident.due_alerts(moment.now).is_empty()),
            Command::Reassess => {
                let noted = self.store.wake(id).map_err(SubmitError::Unread)?;
                Ok(noted.map(|wake| wake.at) != next_wake(incident, moment.house, moment.now).map(|wake| wake.at))
            }
            _ => Ok(false),
        }
    }

    async fn append(
        &self,
        id: &IncidentId,
        loaded: Option<Loaded>,
        decision: Decision,
        unique: Vec<Vec<u8>>,
        moment: &Moment<'_>,
    ) -> Result<Submitted, SubmitError> {
        let (now, events) = (moment.now, decision.events);
        let head = loaded.as_ref().map(|loaded| loaded.head);
        let unchanged = loaded.map(|loaded| loaded.incident);
        let incident = decision.incident.map(Arc::new).or(unchanged).ok_or(Refusal::NoIncident)?;
        if events.is_empty() {
            return Ok(Submitted { incident, events });
        }
        let wake = next_wake(&incident, moment.house, now).map(|wake| Wake { at: wake.at, why: wake.why });
        let wakes_soon = wake.as_ref().is_some_and(|wake| wake.at <= now + Duration::seconds(60));
        let card = serde_json::to_vec(&Card::of(&incident)).ok();
        let sealed = journal::seal_as(head.as_ref(), id, now, codec::FORMAT, 0, &codec::encode(&events));
        let append = Append { sealed, wake, card, unique };
        let appended = self.store.append(append).await.map_err(|error| match error {
            AppendError::Taken { by, .. } => SubmitError::Taken { by },
            error => unwritten(error),
        })?;
        // Of most alerts nothing is heard for a while: an incident is kept in memory once it changes, or is about to.
        if head.is_some() || wakes_soon {
            self.lock_cache().put(id, Loaded { incident: Arc::clone(&incident), head: appended.head });
        }
        if wakes_soon {
            self.agenda_changed.notify_one();
        }
        if let Some(drafts) = &self.drafts {
            drafts.keep(&incident, &events, moment.rulebook);
        }
        Ok(Submitted { incident, events })
    }

    /// Keeps a message outside any incident, under a unique key; gives the id it is kept under, which
    /// is an earlier one if the same message was kept before.
    pub async fn keep(&self, id: IncidentId, kept: Kept, unique: Vec<u8>, now: Instant) -> Result<IncidentId, SubmitError> {
        self.keep_claiming(id, kept, vec![unique], now).await
    }

    /// The same, claiming several keys; who holds one of them is the message that is kept.
    pub async fn keep_claiming(
        &self,
        id: IncidentId,
        kept: Kept,
        unique: Vec<Vec<u8>>,
        now: Instant,
    ) -> Result<IncidentId, SubmitError> {
        let card = kept.card();
        let sealed = journal::seal_as(None, &id, now, quarantine::FORMAT, 0, &kept.encode());
        let append = Append { card: Some(card), unique, ..Append::of(sealed) };
        match self.store.append(append).await {
            Ok(_) => Ok(id),
            Err(AppendError::Taken { by, .. }) => Ok(by),
            Err(error) => Err(unwritten(error)),
        }
    }

    /// A kept message in full, with what became of it; `None` if there is none of this id.
    pub async fn kept(&self, id: &IncidentId) -> Result<Option<Kept>, SubmitError> {
        Ok(self.kept_at(id).await?.map(|(kept, _)| kept))
    }

    /// Records what became of a kept message; gives the message. What is on record first stands.
    pub async fn handle(&self, id: &IncidentId, handled: Handled, now: Instant) -> Result<Option<Kept>, SubmitError> {
        let _turn = self.stripes[stripe(id)].lock().await;
        let Some((mut kept, head)) = self.kept_at(id).await? else { return Ok(None) };
        if kept.handled.is_some() {
            return Ok(Some(kept));
        }
        let sealed = journal::seal_as(Some(&head), id, now, quarantine::HANDLED_FORMAT, 0, &handled.encode());
        kept.handled = Some(handled);
        let append = Append { card: Some(kept.card()), ..Append::of(sealed) };
        match self.store.append(append).await {
            Ok(_) => Ok(Some(kept)),
            // Another daemon was first.
            Err(AppendError::Conflict { .. }) => self.kept(id).await,
            Err(error) => Err(unwritten(error)),
        }
    }

    async fn kept_at(&self, id: &IncidentId) -> Result<Option<(Kept, Head)>, SubmitError> {
        if !id.as_str().starts_with(quarantine::PREFIX) {
            return Ok(None);
        }
        let envelopes = self.read(id).await?;
        replay_kept(id, &envelopes)
    }

    /// Cards of kept messages, the oldest id first. One that cannot be read as it is kept is made anew from the record.
    pub async fn kept_cards(&self) -> Result<Vec<(IncidentId, Kept)>, SubmitError> {
        let mut kept = Vec::new();
        let mut after = Some(IncidentId::from(quarantine::PREFIX));
        loop {
            let page = self.cards(after.as_ref(), KEPT_PAGE)?;
            let Some((last, _)) = page.last() else { return Ok(kept) };
            after = Some(last.clone());
            for (id, card) in page {
                if !id.as_str().starts_with(quarantine::PREFIX) {
                    return Ok(kept);
                }
                let read = match serde_json::from_slice(&card) {
                    Ok(read) => Some(read),
                    Err(_) => self.kept_at(&id).await?.map(|(kept, _)| kept),
                };
                kept.extend(read.map(|read| (id, read)));
            }
        }
    }

    /// The incident that claimed a unique key.
    pub fn lookup(&self, unique: &[u8]) -> Result<Option<IncidentId>, SubmitError> {
        self.store.lookup(unique).map_err(SubmitError::Unread)
    }

    /// Cards of incidents and kept messages by id, behind `after`, `limit` at most.
    pub fn cards(&self, after: Option<&IncidentId>, limit: usize) -> Result<Vec<(IncidentId, Vec<u8>)>, SubmitError> {
        self.store.cards(after, limit).map_err(SubmitError::Unread)
    }

    /// The board's line of an incident, given its card: made anew from the record where the card cannot be read, as when
    /// another version wrote it. `None` for what is no incident.
    pub async fn card(&self, id: &IncidentId, bytes: &[u8]) -> Result<Option<Card>, SubmitError> {
        if !id.is_incident() {
            return Ok(None);
        }
        match serde_json::from_slice(bytes) {
            Ok(card) => Ok(Some(card)),
            Err(_) => Ok(self.incident(id).await?.map(|incident| Card::of(&incident))),
        }
    }

    /// Incidents whose wake is at or before `until`, earliest first, `limit` at most.
    pub fn due(&self, until: Instant, limit: usize) -> Result<Vec<(Instant, IncidentId)>, SubmitError> {
        self.store.due(until, limit).map_err(SubmitError::Unread)
    }

    /// Why the record takes no writes now, when it does not.
    pub fn unwritable(&self) -> Option<String> {
        let status = self.store.status();
        status.broken.or(status.no_room)
    }

    /// An incident as it is; `None` if there is none.
    pub async fn incident(&self, id: &IncidentId) -> Result<Option<Arc<Incident>>, SubmitError> {
        Ok(self.load(id).await?.map(|loaded| loaded.incident))
    }

    /// Everything that happened to an incident, in order, each with the moment it was recorded. It is
    /// read anew and its chain checked; nothing for an incident that is not there.
    pub async fn history(&self, id: &IncidentId) -> Result<Vec<(Instant, Event)>, SubmitError> {
        let envelopes = self.read(id).await?;
        journal::verify(&envelopes).map_err(|fault| damaged(id, fault))?;
        let mut history = Vec::new();
        for bytes in &envelopes {
            let (at, events) = read_events(id, bytes)?;
            history.extend(events.into_iter().map(|event| (at, event)));
        }
        Ok(history)
    }

    /// The envelopes of a stream, as they are stored.
    pub async fn envelopes(&self, id: &IncidentId) -> Result<Vec<Vec<u8>>, SubmitError> {
        self.read(id).await
    }

    /// Puts a configuration that was loaded on record, unless it is the one that was loaded last.
    pub async fn record_loaded(&self, loaded: &loaded::Loaded, now: Instant) -> Result<(), SubmitError> {
        let id = loaded::stream();
        let _turn = self.stripes[stripe(&id)].lock().await;
        let envelopes = self.read(&id).await?;
        if record::loaded(&envelopes)?.last().is_some_and(|last| last.loaded == *loaded) {
            return Ok(());
        }
        let chain = journal::verify(&envelopes).map_err(|fault| damaged(&id, fault))?;
        let sealed = journal::seal_as(chain.heads().get(&id), &id, now, loaded::FORMAT, 0, &loaded.encode());
        self.store.append(Append::of(sealed)).await.map_err(unwritten)?;
        Ok(())
    }

    /// When the agenda would wake an incident.
    pub fn noted_wake(&self, id: &IncidentId) -> Result<Option<Instant>, SubmitError> {
        Ok(self.store.wake(id).map_err(SubmitError::Unread)?.map(|wake| wake.at))
    }

    async fn load(&self, id: &IncidentId) -> Result<Option<Loaded>, SubmitError> {
        // Kept messages and overrides have streams of their own and are no incidents.
        if !id.is_incident() {
            return Ok(None);
        }
        if let Some(loaded) = self.lock_cache().loaded.get(id) {
            return Ok(Some(loaded.clone()));
        }
        let loaded = replay(id, &self.read(id).await?)?;
        if let Some(loaded) = &loaded {
            self.lock_cache().put(id, loaded.clone());
        }
        Ok(loaded)
    }

    /// Reads a stream off the async threads. A runtime with one thread has nobody to keep waiting, and
    /// goes the same way every time if no other thread takes part.
    async fn read(&self, id: &IncidentId) -> Result<Vec<Vec<u8>>, SubmitError> {
        if Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread {
            return self.store.read(id).map_err(SubmitError::Unread);
        }
        let (store, stream) = (Arc::clone(&self.store), id.clone());
        tokio::task::spawn_blocking(move || store.read(&stream))
            .await
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
            .map_err(SubmitError::Unread)
    }

    fn lock_cache(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The same rules with these overrides in the house's policy.
fn with_overrides(rules: Arc<Rules>, overrides: &[Override]) -> Arc<Rules> {
    if rules.house.overrides == overrides {
        return rules;
    }
    let house = House { overrides: overrides.to_vec(), ..rules.house.clone() };
    Arc::new(Rules { rulebook: rules.rulebook.clone(), house, organisations: rules.organisations.clone() })
}

/// An incident from its envelopes, each checked against the one before.
fn replay(id: &IncidentId, envelopes: &[Vec<u8>]) -> Result<Option<Loaded>, SubmitError> {
    let chain = journal::verify(envelopes).map_err(|fault| damaged(id, fault))?;
    let mut incident: Option<Incident> = None;
    for bytes in envelopes {
        let (at, events) = read_events(id, bytes)?;
        for event in &events {
            match &mut incident {
                Some(incident) => incident.apply(event, at),
                None => incident = Incident::open(id.clone(), event, at),
            }
        }
    }
    Ok(match (incident, chain.heads().get(id)) {
        (Some(incident), Some(head)) => Some(Loaded { incident: Arc::new(incident), head: *head }),
        _ => None,
    })
}

/// What one envelope of an incident says, and when it was recorded.
pub(super) fn read_events(id: &IncidentId, bytes: &[u8]) -> Result<(Instant, Vec<Event>), SubmitError> {
    let envelope = journal::open(bytes).map_err(|fault| damaged(id, fault))?;
    let events = codec::decode(envelope.format, &envelope.body).map_err(|fault| damaged(id, fault))?;
    Ok((envelope.at, events))
}

pub(super) fn damaged(id: &IncidentId, fault: impl std::fmt::Display) -> SubmitError {
    SubmitError::Damaged { incident: id.clone(), text: fault.to_string() }
}

/// A kept message from its envelopes: the message, then what became of it.
fn replay_kept(id: &IncidentId, envelopes: &[Vec<u8>]) -> Result<Option<(Kept, Head)>, SubmitError> {
    let chain = journal::verify(envelopes).map_err(|fault| damaged(id, fault))?;
    let mut kept: Option<Kept> = None;
    for bytes in envelopes {
        let envelope = journal::open(bytes).map_err(|fault| damaged(id, fault))?;
        match (envelope.format, &mut kept) {
            (quarantine::FORMAT, None) => {
                kept = Some(serde_json::from_slice(&envelope.body).map_err(|fault| damaged(id, fault))?);
            }
            (quarantine::HANDLED_FORMAT, Some(kept)) => {
                kept.handled = Some(serde_json::from_slice(&envelope.body).map_err(|fault| damaged(id, fault))?);
            }
            (format, _) => return Err(damaged(id, format!("a kept message does not go on with format {format}"))),
        }
    }
    Ok(kept.zip(chain.heads().get(id).copied()))
}

fn unwritten(error: AppendError) -> SubmitError {
    match error {
        AppendError::TooLarge { bytes, limit } => SubmitError::TooLarge { bytes, limit },
        error => SubmitError::Unwritten(error),
    }
}

fn stripe(id: &IncidentId) -> usize {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    usize::try_from(hasher.finish() % STRIPES as u64).expect("less than the number of stripes")
}
