//! A process that is killed in the middle of its work: nothing acknowledged may be missing after.
//!
//! The child is this very binary, told by its environment to append until it is killed. It prints
//! what was acknowledged; the parent kills it after a random number of lines and looks.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use watchbell::domain::ids::IncidentId;
use watchbell::domain::instant::DateTime;
use watchbell::domain::journal::{EnvelopeView, Head, seal, verify};
use watchbell::shell::store::embedded::{LogOptions, Options, verify as verify_folder};
use watchbell::shell::store::{Append, EmbeddedStore, Store, Wake};

const FOLDER: &str = "WATCHBELL_TEST_CRASH_FOLDER";
const CLIENTS: u64 = 8;

/// Small segments, so that some kills fall into a roll.
fn options() -> Options {
    Options { log: LogOptions { segment_bytes: 256 << 10, group_bytes: 64 << 10, prepare_ahead: true }, ..Options::default() }
}

fn open(dir: &Path) -> EmbeddedStore {
    EmbeddedStore::open(dir, options(), &mut |_, _| ()).expect("the store opens")
}

/// The work of the child. Under the test harness, without the folder in the environment, it does nothing.
#[test]
fn child_that_appends_until_it_is_killed() {
    let Some(dir) = std::env::var_os(FOLDER) else { return };
    let store: Arc<dyn Store> = Arc::new(open(Path::new(&dir)));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("a runtime");
    runtime.block_on(async {
        let clients: Vec<_> = (0..CLIENTS).map(|client| tokio::spawn(append_for_ever(store.clone(), client))).collect();
        for client in clients {
            client.await.expect("no panic");
        }
    });
}

async fn append_for_ever(store: Arc<dyn Store>, client: u64) {
    let streams: Vec<_> = (0..5).map(|n| IncidentId::new(format!("inc-{client}-{n}"))).collect();
    for round in 0_usize.. {
        let stream = &streams[round % streams.len()];
        let head = store.head(stream).expect("readable");
        let seq = head.map_or(1, |head| head.seq + 1);
        let append = append_of(head.as_ref(), stream, seq);
        let head = store.append(append).await.expect("stored").head;
        // One write, so that a kill cannot leave half a line that reads as a whole one.
        let line = format!("ack {stream} {} {}\n", head.seq, short(&head.hash));
        if std::io::stdout().write_all(line.as_bytes()).is_err() {
            return;
        }
    }
}

/// The beginning of a hash, for a line.
fn short(hash: &[u8; 32]) -> String {
    hash[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Everything follows from stream and sequence, so that the parent knows what must be there.
fn append_of(head: Option<&Head>, stream: &IncidentId, seq: u64) -> Append {
    let at = DateTime::from_timestamp_millis(seq as i64).expect("valid");
    let body = vec![seq as u8; (seq * 377 % 2500) as usize];
    Append {
        sealed: seal(head, stream, at, &body),
        wake: wake_of(seq),
        card: Some(seq.to_be_bytes().to_vec()),
        unique: vec![format!("{stream}/{seq}").into_bytes()],
    }
}

fn wake_of(seq: u64) -> Option<Wake> {
    let at = DateTime::from_timestamp_millis((seq * 7919 % 1000) as i64).expect("valid");
    (!seq.is_multiple_of(4)).then(|| Wake { at, why: seq.to_string() })
}

#[test]
fn thirty_kills_at_random_moments_lose_nothing_that_was_acknowledged() {
    let dir = tempfile::tempdir().expect("a folder");
    let seed = std::env::var("WATCHBELL_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0x5eed_u64);
    println!("SEED={seed}");
    let mut random = seed;
    let mut acknowledged: BTreeMap<IncidentId, (u64, String)> = BTreeMap::new();
    for round in 0..30 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let lines = 1 + (random >> 33) % 600;
        for (stream, seq, hash) in run_and_kill(dir.path(), lines) {
            acknowledged.insert(stream, (seq, hash));
        }
        let store = open(dir.path());
        assert_eq!(store.recovery().rebuilt, None, "round {round}: a kill without a reboot must not cost a rebuild");
        examine(&store, &mut acknowledged, round);
        if round % 7 == 6 {
            store.close().expect("closes");
        }
        drop(store);
        let verification = verify_folder(dir.path()).expect("readable");
        assert_eq!((verification.fault, verification.torn), (None, None), "round {round}");
    }
    assert!(acknowledged.len() as u64 == CLIENTS * 5, "every stream was written to");
}

/// Lets a child run until it has printed so many lines, kills it, and returns all it has printed.
fn run_and_kill(dir: &Path, lines: u64) -> Vec<(IncidentId, u64, String)> {
    let mut child = Command::new(std::env::current_exe().expect("this binary"))
        .args(["store_crash::child_that_appends_until_it_is_killed", "--exact", "--nocapture", "--test-threads=1"])
        .env(FOLDER, dir)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the child starts");
    let output = BufReader::new(child.stdout.take().expect("piped"));
    let mut acknowledged = Vec::new();
    for line in output.lines() {
        let line = line.expect("text");
        // The harness prints its own words, and ends the first line with ours.
        let Some(words) = line.split_once("ack ").map(|(_, words)| words.split(' ').collect::<Vec<_>>()) else { continue };
        let [stream, seq, hash] = words[..] else { panic!("`{line}` is half a line") };
        acknowledged.push((IncidentId::new(stream), seq.parse().expect("a number"), hash.to_owned()));
        if acknowledged.len() as u64 == lines {
            // What is in the pipe by now is read to its end below.
            child.kill().expect("killed");
        }
    }
    child.wait().expect("reaped");
    assert!(acknowledged.len() as u64 >= lines, "the child ended by itself after {} lines", acknowledged.len());
    acknowledged
}

/// Checks what is there against what was acknowledged, and takes it as acknowledged from here on.
fn examine(store: &EmbeddedStore, acknowledged: &mut BTreeMap<IncidentId, (u64, String)>, round: usize) {
    let mut wakes = Vec::new();
    for (stream, (seq, hash)) in acknowledged.iter_mut() {
        let envelopes = store.read(stream).expect("readable");
        verify(&envelopes).expect("a whole chain");
        let head = store.head(stream).expect("readable").expect("there");
        // Each client waits for its answer, so at most one append was under way in each stream.
        assert!(
            (*seq..=*seq + 1).contains(&head.seq),
            "round {round}: `{stream}` has {} envelopes, {seq} were acknowledged",
            head.seq
        );
        let follower = envelopes.get(*seq as usize).map(|bytes| EnvelopeView::read(bytes).expect("an envelope").prev_hash);
        let found = follower.unwrap_or(head.hash);
        assert_eq!(&short(&found), hash, "round {round}: `{stream}`");

        assert_eq!(store.wake(stream), Ok(wake_of(head.seq)), "the wake belongs to the last envelope");
        wakes.extend(wake_of(head.seq).map(|wake| (wake.at, stream.clone())));
        for seq in 1..=head.seq + 1 {
            let holder = (seq <= head.seq).then(|| stream.clone());
            assert_eq!(store.lookup(format!("{stream}/{seq}").as_bytes()), Ok(holder));
        }
        let card = store.cards(None, usize::MAX).expect("readable").into_iter().find(|(name, _)| name == stream);
        assert_eq!(card.map(|(_, card)| card), Some(head.seq.to_be_bytes().to_vec()));
        (*seq, *hash) = (head.seq, short(&head.hash));
    }
    let due = store.due(DateTime::from_timestamp_millis(10_000).expect("valid"), usize::MAX).expect("readable");
    wakes.sort();
    wakes.retain(|wake| due.contains(wake) || panic!("round {round}: {wake:?} is not in the agenda"));
    assert_eq!(store.check().map(|check| check.differences), Ok(Vec::new()), "round {round}");
}
