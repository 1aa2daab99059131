//! What a stopped daemon's journal says, read without the daemon.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use watchbell::domain::ids::IncidentId;
use watchbell::domain::incident::{Event, codec};
use watchbell::domain::instant::Instant;
use watchbell::domain::journal;
use watchbell::domain::quarantine;
use watchbell::shell::store::embedded::{self, EmbeddedStore, Options};
use watchbell::shell::store::{Position, Scanned, Store};

/// Every incident's events in order, with the instant of each decision.
pub type Record = BTreeMap<IncidentId, Vec<(Instant, Event)>>;

/// The record of a store nobody has open. The journal must verify, and index and journal agree.
pub fn record_of(store: &Path) -> Record {
    let verified = embedded::verify(store).expect("the journal can be read");
    assert_eq!(verified.fault, None, "the journal is damaged");
    let store = EmbeddedStore::open(store, Options::default(), &mut |_, _| ()).expect("the store opens");
    let check = store.check().expect("the store can be checked");
    assert_eq!(check.differences, Vec::<String>::new(), "index and journal");
    events_of(&store)
}

/// The record of an open store.
pub fn events_of(store: &dyn Store) -> Record {
    let mut record = Record::new();
    let visit = &mut |scanned: Scanned<'_>| {
        let envelope = journal::open(scanned.envelope).expect("a sound envelope");
        if envelope.format < quarantine::FORMAT {
            let events = codec::decode(envelope.format, &envelope.body).expect("a sound body");
            record.entry(envelope.stream).or_default().extend(events.into_iter().map(|event| (envelope.at, event)));
        }
        ControlFlow::Continue(())
    };
    store.scan(Position::START, visit).expect("the journal can be scanned");
    record
}
