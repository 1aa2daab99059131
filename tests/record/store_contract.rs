//! One suite for every store: what the contract promises, each store must keep.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use watchbell::domain::ids::IncidentId;
use watchbell::domain::instant::{DateTime, Instant};
use watchbell::domain::journal::{Head, seal, verify};
use watchbell::shell::store::embedded::{LogOptions, Options, ReopeningStore, reindex};
use watchbell::shell::store::{Append, AppendError, Appended, EmbeddedStore, MemoryStore, Position, Store, StoreError, Wake};

fn at_ms(ms: i64) -> Instant {
    DateTime::from_timestamp_millis(ms).expect("a valid instant")
}

fn envelope(prev: Option<&Head>, stream: &str, body: &[u8]) -> Append {
    Append::of(seal(prev, &stream.into(), at_ms(1), body))
}

fn wake(ms: i64) -> Option<Wake> {
    Some(Wake { at: at_ms(ms), why: format!("look at {ms}") })
}

/// Small segments and groups, so that rolls happen.
fn small() -> Options {
    Options { log: LogOptions { segment_bytes: 64 << 10, group_bytes: 16 << 10, prepare_ahead: true }, ..Options::default() }
}

fn open(dir: &Path) -> EmbeddedStore {
    EmbeddedStore::open(dir, small(), &mut |_, _| ()).expect("the store opens")
}

/// Runs a case on each kind of store.
fn on_each<F: Future<Output = ()>>(case: impl Fn(Arc<dyn Store>) -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("a runtime");
    runtime.block_on(case(Arc::new(MemoryStore::new())));
    let dir = tempfile::tempdir().expect("a folder");
    runtime.block_on(case(Arc::new(open(dir.path()))));
    let dir = tempfile::tempdir().expect("a folder");
    let reopening = ReopeningStore::open(dir.path(), small(), &mut |_, _| ()).expect("the store opens");
    runtime.block_on(case(Arc::new(reopening)));
}

async fn put(store: &dyn Store, append: Append) -> Appended {
    store.append(append).await.expect("the append is stored")
}

#[test]
fn what_was_appended_is_read_back_in_order_and_its_chain_holds() {
    on_each(|store| async move {
        let mut head = None;
        for body in 0..50_u8 {
            head = Some(put(&*store, envelope(head.as_ref(), "inc-a", &vec![body; 700])).await.head);
            put(&*store, envelope(None, &format!("inc-b{body}"), b"other")).await;
        }
        let envelopes = store.read(&"inc-a".into()).expect("readable");
        let chain = verify(&envelopes).expect("a whole chain");
        assert_eq!((chain.envelopes(), chain.heads().get("inc-a")), (50, head.as_ref()));
        assert_eq!(store.head(&"inc-a".into()), Ok(head));
        assert_eq!(store.head(&"inc-z".into()), Ok(None));
        assert_eq!(store.read(&"inc-z".into()), Ok(Vec::new()));
    });
}

#[test]
fn an_append_behind_an_old_head_conflicts_and_changes_nothing() {
    on_each(|store| async move {
        let first = put(&*store, envelope(None, "inc-a", b"1")).await.head;
        let second = put(&*store, Append { wake: wake(5), ..envelope(Some(&first), "inc-a", b"2") }).await.head;
        let late = Append {
            wake: wake(9),
            card: Some(b"late".to_vec()),
            unique: vec![b"k".to_vec()],
            ..envelope(Some(&first), "inc-a", b"x")
        };
        let refusal = store.append(late).await;
        assert_eq!(refusal, Err(AppendError::Conflict { stream: "inc-a".into(), head: Some(second) }));
        let again = store.append(envelope(None, "inc-a", b"x")).await;
        assert_eq!(again, Err(AppendError::Conflict { stream: "inc-a".into(), head: Some(second) }));
        let ahead = Head { seq: 7, hash: [1; 32] };
        let ahead = store.append(envelope(Some(&ahead), "inc-q", b"x")).await;
        assert_eq!(ahead, Err(AppendError::Conflict { stream: "inc-q".into(), head: None }));
        assert_eq!(store.lookup(b"k"), Ok(None));
        assert_eq!(store.cards(None, 10), Ok(Vec::new()));
        assert_eq!(store.next_wake(), Ok(Some((at_ms(5), "inc-a".into()))));
        assert_eq!(store.read(&"inc-a".into()).map(|envelopes| envelopes.len()), Ok(2));
    });
}

#[test]
fn of_ten_appends_that_race_for_one_key_exactly_one_wins() {
    on_each(|store| async move {
        for round in 0..20 {
            let key = format!("siem/{round}").into_bytes();
            let mut racers = Vec::new();
            for racer in 0..10 {
                let (store, key) = (store.clone(), key.clone());
                racers.push(tokio::spawn(async move {
                    let stream = format!("inc-{round}-{racer}");
                    store.append(Append { unique: vec![key], ..envelope(None, &stream, b"first") }).await
                }));
            }
            let mut winners = Vec::new();
            for (racer, outcome) in racers.into_iter().enumerate() {
                let stream: IncidentId = format!("inc-{round}-{racer}").as_str().into();
                match outcome.await.expect("no panic") {
                    Ok(_) => winners.push(stream),
                    Err(error) => {
                        assert!(matches!(error, AppendError::Taken { .. }), "{error}");
                        assert_eq!(store.head(&stream), Ok(None));
                    }
                }
            }
            assert_eq!(winners.len(), 1);
            assert_eq!(store.lookup(&key), Ok(winners.pop()));
        }
    });
}

#[test]
fn of_ten_appends_that_race_for_one_head_exactly_one_wins() {
    on_each(|store| async move {
        let mut racers = Vec::new();
        for racer in 0..10_u8 {
            let store = store.clone();
            racers.push(tokio::spawn(async move { store.append(envelope(None, "inc-a", &[racer])).await }));
        }
        let mut stored = 0;
        for outcome in racers {
            stored += usize::from(outcome.await.expect("no panic").is_ok());
        }
        assert_eq!((stored, store.read(&"inc-a".into()).map(|envelopes| envelopes.len())), (1, Ok(1)));
    });
}

#[test]
fn a_key_stays_with_the_stream_that_claimed_it_and_is_taken_even_for_that_stream() {
    on_each(|store| async move {
        let unique = vec![b"k".to_vec(), b"k".to_vec(), Vec::new()];
        let head = put(&*store, Append { unique, ..envelope(None, "inc-a", b"1") }).await.head;
        let again = store.append(Append { unique: vec![b"k".to_vec()], ..envelope(Some(&head), "inc-a", b"2") }).await;
        assert_eq!(again, Err(AppendError::Taken { key: b"k".to_vec(), by: "inc-a".into() }));
        let other = store.append(Append { unique: vec![b"new".to_vec(), Vec::new()], ..envelope(None, "inc-b", b"1") }).await;
        assert_eq!(other, Err(AppendError::Taken { key: Vec::new(), by: "inc-a".into() }));
        assert_eq!(store.lookup(b"new"), Ok(None), "nothing of a refused append is kept");
        assert_eq!(store.head(&"inc-a".into()), Ok(Some(head)));
    });
}

#[test]
fn an_append_replaces_the_wake_of_its_stream_and_wakes_come_in_order() {
    on_each(|store| async move {
        let a = put(&*store, Append { wake: wake(300), ..envelope(None, "inc-a", b"1") }).await.head;
        put(&*store, Append { wake: wake(200), ..envelope(None, "inc-c", b"1") }).await;
        put(&*store, Append { wake: wake(200), ..envelope(None, "inc-b", b"1") }).await;
        let d = put(&*store, Append { wake: wake(-50), ..envelope(None, "inc-d", b"1") }).await.head;
        let due = |until, limit| {
            let due = store.due(at_ms(until), limit).expect("readable");
            due.into_iter().map(|(at, stream)| (at.timestamp_millis(), stream.to_string())).collect::<Vec<_>>()
        };
        let named = |items: &[(i64, &str)]| items.iter().map(|(ms, stream)| (*ms, (*stream).to_owned())).collect::<Vec<_>>();
        assert_eq!(due(300, 9), named(&[(-50, "inc-d"), (200, "inc-b"), (200, "inc-c"), (300, "inc-a")]));
        assert_eq!(due(299, 2), named(&[(-50, "inc-d"), (200, "inc-b")]));
        assert_eq!(store.wake(&"inc-a".into()), Ok(wake(300)));

        let a = put(&*store, Append { wake: wake(100), ..envelope(Some(&a), "inc-a", b"2") }).await.head;
        put(&*store, envelope(Some(&d), "inc-d", b"2")).await;
        assert_eq!(due(999, 9), named(&[(100, "inc-a"), (200, "inc-b"), (200, "inc-c")]));
        assert_eq!(store.next_wake(), Ok(Some((at_ms(100), "inc-a".into()))));
        put(&*store, envelope(Some(&a), "inc-a", b"3")).await;
        assert_eq!(store.wake(&"inc-a".into()), Ok(None));
        assert_eq!(due(999, 9), named(&[(200, "inc-b"), (200, "inc-c")]));
    });
}

#[test]
fn a_wake_between_two_milliseconds_is_kept_at_the_later_one() {
    on_each(|store| async move {
        let at = DateTime::from_timestamp(10, 1_000_001).expect("valid");
        let wake = Some(Wake { at, why: String::new() });
        put(&*store, Append { wake, ..envelope(None, "inc-a", b"1") }).await;
        assert_eq!(store.due(at, 1), Ok(Vec::new()), "never early");
        assert_eq!(store.next_wake(), Ok(Some((at_ms(10_002), "inc-a".into()))));
    });
}

#[test]
fn cards_come_by_name_page_by_page_and_stay_until_replaced() {
    on_each(|store| async move {
        let mut expected = BTreeMap::new();
        for n in (0..60).rev() {
            let stream = format!("inc-{n:02}");
            let head = put(&*store, Append { card: Some(vec![n; 3]), ..envelope(None, &stream, b"1") }).await.head;
            let card = if n % 3 == 0 { Some(Vec::new()) } else { None };
            put(&*store, Append { card: card.clone(), ..envelope(Some(&head), &stream, b"2") }).await;
            put(&*store, envelope(None, &format!("inc-{n:02}x"), b"no card")).await;
            expected.insert(IncidentId::new(stream), card.unwrap_or(vec![n; 3]));
        }
        for page_len in [1, 7, 100] {
            let mut found: Vec<(IncidentId, Vec<u8>)> = Vec::new();
            loop {
                let page = store.cards(found.last().map(|(stream, _)| stream), page_len).expect("readable");
                assert!(page.len() <= page_len);
                if page.is_empty() {
                    break;
                }
                found.extend(page);
            }
            assert_eq!(found, expected.clone().into_iter().collect::<Vec<_>>());
        }
    });
}

#[test]
fn a_scan_meets_every_envelope_once_and_goes_on_from_anywhere() {
    on_each(|store| async move {
        let mut expected = Vec::new();
        for n in 0..80_u32 {
            let append = envelope(None, &format!("inc-{n}"), &vec![7; (n * 31 % 3000) as usize]);
            let bytes = append.sealed.bytes().to_vec();
            expected.push((put(&*store, append).await.position, bytes));
        }
        let mut met = Vec::new();
        let mut nexts = vec![Position::START];
        let end = store.scan(Position::START, &mut |scanned| {
            met.push((scanned.position, scanned.envelope.to_vec()));
            nexts.push(scanned.next);
            ControlFlow::Continue(())
        });
        assert_eq!(met, expected);
        let end = end.expect("readable");
        for (skipped, next) in nexts.into_iter().enumerate() {
            let mut rest = 0;
            let mut first = None;
            let outcome = store.scan(next, &mut |scanned| {
                first.get_or_insert(scanned.position);
                rest += 1;
                ControlFlow::Continue(())
            });
            assert_eq!((outcome, rest), (Ok(end), expected.len() - skipped));
            assert_eq!(first, expected.get(skipped).map(|(position, _)| *position));
        }
        let stopped = store.scan(Position::START, &mut |_| ControlFlow::Break(())).expect("readable");
        assert_eq!(store.scan(stopped, &mut |_| ControlFlow::Continue(())), Ok(end));
    });
}

#[test]
fn a_closed_store_refuses_appends_and_still_answers() {
    on_each(|store| async move {
        let head = put(&*store, envelope(None, "inc-a", b"1")).await.head;
        let closing = store.clone();
        tokio::task::spawn_blocking(move || closing.close().and_then(|()| closing.close()))
            .await
            .expect("no panic")
            .expect("closes twice");
        assert_eq!(store.append(envelope(Some(&head), "inc-a", b"2")).await, Err(AppendError::Closed));
        assert_eq!(store.head(&"inc-a".into()), Ok(Some(head)));
        assert_eq!(store.check().map(|check| check.differences), Ok(Vec::new()));
    });
}

#[test]
fn streams_under_load_from_many_clients_agree_with_index_and_chain() {
    on_each(|store| async move {
        let mut clients = Vec::new();
        for client in 0..16 {
            let client_store = store.clone();
            clients.push(tokio::spawn(async move {
                let store = client_store;
                let stream = format!("inc-{client}");
                let mut head = None;
                for n in 0..100_i64 {
                    let unique = vec![format!("{client}/{n}").into_bytes()];
                    let append = Append {
                        wake: wake(n * 7 % 40),
                        card: Some(vec![1; 50]),
                        unique,
                        ..envelope(head.as_ref(), &stream, &[2; 600])
                    };
                    head = Some(store.append(append).await.expect("stored").head);
                    assert_eq!(store.head(&stream.as_str().into()), Ok(head), "an acknowledged append is seen at once");
                }
            }));
            if client == 8 {
                assert_eq!(store.check().map(|check| check.differences), Ok(Vec::new()), "while appends run");
            }
        }
        for client in clients {
            client.await.expect("no panic");
        }
        let check = store.check().expect("readable");
        assert_eq!((check.envelopes, check.streams, check.differences), (1600, 16, Vec::new()));
        assert_eq!(store.due(at_ms(99 * 7), 99).map(|due| due.len()), Ok(16));
        for client in 0..16 {
            let stream = IncidentId::new(format!("inc-{client}"));
            verify(store.read(&stream).expect("readable")).expect("a whole chain");
            assert_eq!(store.lookup(format!("{client}/99").as_bytes()), Ok(Some(stream)));
        }
    });
}

/// All that can be read of a store.
#[derive(PartialEq, Debug)]
struct Picture {
    envelopes: Vec<(Position, Vec<u8>)>,
    wakes: Vec<(Instant, IncidentId)>,
    whys: Vec<Option<Wake>>,
    cards: Vec<(IncidentId, Vec<u8>)>,
    keys: Vec<Option<IncidentId>>,
}

fn picture(store: &dyn Store) -> Picture {
    let mut envelopes = Vec::new();
    store
        .scan(Position::START, &mut |scanned| {
            envelopes.push((scanned.position, scanned.envelope.to_vec()));
            ControlFlow::Continue(())
        })
        .expect("readable");
    Picture {
        envelopes,
        wakes: store.due(at_ms(1 << 40), usize::MAX).expect("readable"),
        whys: (0..40).map(|n| store.wake(&IncidentId::new(format!("inc-{n}"))).expect("readable")).collect(),
        cards: store.cards(None, usize::MAX).expect("readable"),
        keys: (0..200).map(|n| store.lookup(format!("key-{n}").as_bytes()).expect("readable")).collect(),
    }
}

/// Two hundred appends over forty streams, wakes and cards coming and going.
fn fill(store: &dyn Store, round: i64) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        for n in 0..200_i64 {
            let stream = format!("inc-{}", n % 40);
            let head = store.head(&stream.as_str().into()).expect("readable");
            let append = Append {
                wake: if n % 5 == 0 { None } else { wake(n * 13 % 97 + round) },
                card: (n % 3 == 0).then(|| format!("card {n} {round}").into_bytes()),
                unique: if round == 0 { vec![format!("key-{n}").into_bytes()] } else { Vec::new() },
                ..envelope(head.as_ref(), &stream, &vec![3; (n * 17 % 900) as usize])
            };
            put(store, append).await;
        }
    });
}

#[test]
fn a_reopened_store_is_as_it_was_and_goes_on() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut before = None;
    for round in 0..3 {
        let store = open(dir.path());
        if let Some(before) = before {
            assert_eq!(picture(&store), before);
            assert_eq!((&store.recovery().cut, &store.recovery().rebuilt), (&None, &None));
        }
        fill(&store, round);
        before = Some(picture(&store));
        store.close().expect("closes");
    }
}

#[test]
fn a_missing_or_ruined_or_foreign_index_is_made_anew_with_the_same_content() {
    let dir = tempfile::tempdir().expect("a folder");
    let foreign = tempfile::tempdir().expect("a folder");
    let other = open(foreign.path());
    fill(&other, 0);
    other.close().expect("closes");
    drop(other);
    let store = open(dir.path());
    fill(&store, 0);
    fill(&store, 1);
    let before = picture(&store);
    store.close().expect("closes");
    drop(store);

    let index = dir.path().join("index");
    let ruins: [&dyn Fn(); 4] = [
        &|| std::fs::remove_dir_all(&index).expect("removed"),
        &|| std::fs::write(index.join("db"), vec![0x5a; 300_000]).expect("written"),
        &|| {
            let bytes = std::fs::read(index.join("db")).expect("read");
            let flipped: Vec<u8> =
                bytes.iter().enumerate().map(|(at, byte)| if at % 97 == 5 { byte ^ 0x55 } else { *byte }).collect();
            std::fs::write(index.join("db"), flipped).expect("written");
        },
        &|| {
            for name in ["db", "conf"] {
                std::fs::copy(foreign.path().join("index").join(name), index.join(name)).expect("copied");
            }
            for entry in std::fs::read_dir(&index).expect("listed").flatten() {
                if entry.file_name().to_string_lossy().starts_with("snap") {
                    std::fs::remove_file(entry.path()).expect("removed");
                }
            }
        },
    ];
    for (place, ruin) in ruins.iter().enumerate() {
        ruin();
        let mut last = (0, 0);
        let store = EmbeddedStore::open(dir.path(), small(), &mut |done, total| last = (done, total)).expect("opens");
        assert_eq!(picture(&store), before, "ruin {place}");
        assert_eq!(store.check().map(|check| check.differences), Ok(Vec::new()), "ruin {place}");
        assert!(last.0 > 0 && last.0 == last.1, "progress ends at its total, {last:?}");
        assert_eq!(store.recovery().replayed, 400, "ruin {place}");
        store.close().expect("closes");
    }
}

#[test]
fn a_reindexed_store_is_as_it_was_and_its_old_index_is_kept_aside() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = open(dir.path());
    fill(&store, 0);
    let before = picture(&store);
    drop(store);
    let recovery = reindex(dir.path(), small(), &mut |_, _| ()).expect("reindexed");
    assert_eq!((recovery.replayed, recovery.cut), (200, None));
    assert!(dir.path().join("index.broken-1").is_dir());
    let store = open(dir.path());
    assert_eq!((picture(&store), store.recovery().replayed), (before, 0));
}

#[test]
fn an_index_from_before_a_reboot_is_trusted_only_after_a_clean_stop() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = open(dir.path());
    fill(&store, 0);
    let before = picture(&store);
    store.close().expect("closes");
    drop(store);
    let state = dir.path().join("index.state");
    for (content, rebuilt) in [("boot=another\nclean=yes\n", false), ("boot=another\nclean=no\n", true), ("", true)] {
        std::fs::write(&state, content).expect("written");
        let store = open(dir.path());
        assert_eq!((store.recovery().rebuilt.is_some(), picture(&store) == before), (rebuilt, true), "{content}");
        store.close().expect("closes");
    }
}

#[test]
fn a_second_open_fails_at_once_and_names_the_process() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = open(dir.path());
    let second = EmbeddedStore::open(dir.path(), small(), &mut |_, _| ()).err().expect("refused");
    assert!(matches!(&second, StoreError::InUse { .. }), "{second}");
    assert!(second.to_string().contains(&format!("process {}", std::process::id())), "{second}");
    drop(store);
    open(dir.path());
}

#[test]
fn nobody_else_may_look_into_the_folder() {
    use std::os::unix::fs::PermissionsExt;
    fn modes(dir: &Path, found: &mut Vec<(String, u32)>) {
        for entry in std::fs::read_dir(dir).expect("listed").flatten() {
            let mode = entry.metadata().expect("there").permissions().mode() & 0o777;
            found.push((entry.file_name().to_string_lossy().into_owned(), mode));
            if entry.path().is_dir() {
                modes(&entry.path(), found);
            }
        }
    }
    let parent = tempfile::tempdir().expect("a folder");
    let dir = parent.path().join("store");
    let store = open(&dir);
    fill(&store, 0);
    let mut found = Vec::new();
    modes(parent.path(), &mut found);
    for (name, mode) in found {
        let due = if ["store", "journal", "index", "blobs"].contains(&name.as_str()) { 0o700 } else { 0o600 };
        assert_eq!(mode, due, "{name} has mode {mode:o}");
    }
}

#[test]
fn an_append_that_is_too_long_is_refused_and_the_longest_is_not() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = open(dir.path());
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let refusal = runtime.block_on(store.append(envelope(None, "inc-a", &[0; 16 << 10]))).expect_err("too long");
    let AppendError::TooLarge { bytes, limit } = refusal else { panic!("{refusal}") };
    let longest = (16 << 10) - (bytes - limit);
    runtime.block_on(store.append(envelope(None, "inc-a", &vec![0; longest]))).expect("stored");
    assert!(runtime.block_on(store.append(envelope(None, "inc-b", &vec![0; longest + 1]))).is_err());
    let long_key = Append { unique: vec![vec![0; 1025]], ..envelope(None, "inc-b", b"") };
    assert_eq!(runtime.block_on(store.append(long_key)), Err(AppendError::TooLarge { bytes: 1025, limit: 1024 }));
}
