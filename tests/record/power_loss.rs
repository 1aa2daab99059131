//! The journal on a disk that loses power, fills up and fails: ten thousand lives from one seed.
//!
//! `WATCHBELL_SEED` runs one seed, `WATCHBELL_SEEDS` sets how many are run.
//!
//! In each life a store is opened, takes groups of appends, and ends: by a power cut in the middle
//! of any operation, by a kill, by a failed sync or write, or cleanly. Then it must hold every
//! acknowledged append, in order, none that was refused, and nothing half. At last the faults stop
//! and everything must go on as if nothing had been.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::oneshot;
use watchbell::domain::ids::IncidentId;
use watchbell::domain::instant::DateTime;
use watchbell::domain::journal::{Head, seal, verify};
use watchbell::shell::store::disk::{Disk, Fault, SimulatedDisk};
use watchbell::shell::store::embedded::{Log, LogOptions, MemoryIndex, Parts, Reader, Request, verify_disk};
use watchbell::shell::store::{Append, AppendError, Appended, Position, StoreError, Wake};

/// Seeds that found something once, and what.
const REGRESSIONS: &[(u64, &str)] = &[];

/// How many unique keys there are.
const KEYS: u8 = 120;

const SIZES: LogOptions = LogOptions { segment_bytes: 24 << 10, group_bytes: 8 << 10, prepare_ahead: false };

#[test]
fn no_power_cut_and_no_failing_disk_loses_reorders_or_halves_an_acknowledged_append() {
    let number = |name| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let base = 0x5eed_0000_u64;
    let seeds: Vec<u64> = match number("WATCHBELL_SEED") {
        Some(seed) => vec![seed],
        None => {
            REGRESSIONS.iter().map(|&(seed, _)| seed).chain(base..base + number("WATCHBELL_SEEDS").unwrap_or(10_000)).collect()
        }
    };
    println!("SEED={base:#x}, {} seeds", seeds.len());
    let next = AtomicU64::new(0);
    let tally = std::thread::scope(|scope| {
        let work = || {
            let mut tally = Tally::default();
            while let Some(&seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed) as usize) {
                let outcome = std::panic::catch_unwind(|| World::new(seed).run());
                tally.add(outcome.unwrap_or_else(|_| panic!("failed with WATCHBELL_SEED={seed}")));
            }
            tally
        };
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        let mut tally = Tally::default();
        for thread in threads {
            tally.add(thread.join().expect("a seed failed"));
        }
        tally
    });
    println!("{tally:?}");
    if seeds.len() >= 10_000 {
        // A simulation that meets nothing proves nothing.
        let Tally { acknowledged, cuts, torn, opens_cut, in_doubt_kept, in_doubt_lost, full, broken, rolls } = tally;
        for (what, met) in [
            ("acknowledged", acknowledged),
            ("power cuts", cuts),
            ("torn tails", torn),
            ("recoveries cut", opens_cut),
            ("unanswered appends kept", in_doubt_kept),
            ("unanswered appends lost", in_doubt_lost),
            ("refused as full", full),
            ("broken writers", broken),
            ("rolls", rolls),
        ] {
            assert!(met >= 500, "{what}: only {met}");
        }
    }
}

/// What the seeds have met.
#[derive(Default, Debug)]
struct Tally {
    acknowledged: u64,
    cuts: u64,
    torn: u64,
    opens_cut: u64,
    in_doubt_kept: u64,
    in_doubt_lost: u64,
    full: u64,
    broken: u64,
    rolls: u64,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.acknowledged += other.acknowledged;
        self.cuts += other.cuts;
        self.torn += other.torn;
        self.opens_cut += other.opens_cut;
        self.in_doubt_kept += other.in_doubt_kept;
        self.in_doubt_lost += other.in_doubt_lost;
        self.full += other.full;
        self.broken += other.broken;
        self.rolls += other.rolls;
    }
}

struct World {
    random: Random,
    disk: SimulatedDisk,
    index: Arc<MemoryIndex>,
    /// Acknowledged, or found by a recovery that ended well: these must stay, here and in this order.
    truth: Vec<(Position, Append)>,
    /// Unanswered when the store ended, or answered with `Broken`: these may be there or not.
    in_doubt: Vec<Append>,
    bodies: u64,
    tally: Tally,
}

impl World {
    fn new(seed: u64) -> Self {
        Self {
            random: Random(seed),
            disk: SimulatedDisk::new(seed ^ 0xd15c),
            index: Arc::default(),
            truth: Vec::new(),
            in_doubt: Vec::new(),
            bodies: 0,
            tally: Tally::default(),
        }
    }

    fn run(mut self) -> Tally {
        for _ in 0..2 + self.random.below(3) {
            let mut parts = self.open_among_faults();
            self.live(&mut parts);
            self.end(parts);
        }
        // The faults stop.
        self.disk.calm();
        self.disk.set_capacity(u64::MAX);
        self.disk.power_cycle();
        let mut parts = self.open().expect("opens on a healthy disk");
        self.examine(&parts);
        for _ in 0..3 {
            let group = self.group();
            for (append, outcome) in self.step(&mut parts, group) {
                assert!(
                    !matches!(outcome, Err(AppendError::Full { .. } | AppendError::Broken { .. })),
                    "{append:?}: {outcome:?}"
                );
            }
        }
        parts.writer.close();
        drop(parts);
        self.disk.power_cycle();
        let parts = self.open().expect("opens after a clean stop");
        assert_eq!(parts.recovery.cut, None, "nothing is torn after a clean stop");
        self.examine(&parts);
        self.tally
    }

    fn open(&mut self) -> Result<Parts, StoreError> {
        Parts::open(Arc::new(self.disk.clone()), self.index.clone(), SIZES, [7; 16], &mut |_, _| ())
    }

    /// Opens, while the power may go and syncs may fail, until it succeeds.
    fn open_among_faults(&mut self) -> Parts {
        for attempt in 0..4 {
            if attempt < 3 && self.random.one_in(3) {
                let fault = self.random.pick(&[
                    Fault::PowerCut,
                    Fault::PowerCut,
                    Fault::FailedSync,
                    Fault::FullWrite,
                    Fault::FailedWrite,
                ]);
                self.disk.plan(self.random.below(8), fault);
            }
            let opened = self.open();
            self.disk.calm();
            match opened {
                Ok(parts) => {
                    self.examine(&parts);
                    return parts;
                }
                Err(StoreError::Disk { .. } | StoreError::Full { .. }) => self.tally.opens_cut += 1,
                Err(error) => panic!("{error}"),
            }
            self.maybe_cut_power();
        }
        panic!("the last attempt had no fault")
    }

    fn live(&mut self, parts: &mut Parts) {
        let segment = parts.reader.status().segments;
        if self.random.one_in(5) {
            let used = segment * SIZES.segment_bytes;
            self.disk.set_capacity(used + self.random.below(2 * SIZES.segment_bytes));
        }
        let groups = 1 + self.random.below(10);
        if !self.random.one_in(4) {
            let fault = self.random.pick(&[
                Fault::PowerCut,
                Fault::PowerCut,
                Fault::PowerCut,
                Fault::FailedSync,
                Fault::FullWrite,
                Fault::FailedWrite,
            ]);
            self.disk.plan(self.random.below(groups * 3), fault);
        }
        for _ in 0..groups {
            let group = self.group();
            self.step(parts, group);
            if self.disk.is_on() && self.random.one_in(4) {
                self.check_reads(&parts.reader);
            }
            if parts.reader.status().broken.is_some() && self.random.one_in(2) {
                break;
            }
            if self.random.one_in(2) {
                parts.indexer.step_of(1 + self.random.below(6) as usize).expect("an index in memory does not fail");
            }
            if self.random.one_in(6) {
                self.disk.set_capacity(u64::MAX);
            }
        }
        self.tally.rolls += parts.reader.status().segments - segment;
        self.disk.set_capacity(u64::MAX);
    }

    fn end(&mut self, mut parts: Parts) {
        if self.random.one_in(4) {
            parts.writer.close();
        }
        drop(parts);
        self.disk.calm();
        self.maybe_cut_power();
        if self.random.one_in(3) {
            self.index = Arc::default();
        }
    }

    fn maybe_cut_power(&mut self) {
        if !self.disk.is_on() || self.random.one_in(2) {
            self.tally.cuts += 1;
            self.disk.power_cycle();
        }
    }

    /// Appends that mostly fit, some in one stream behind another of the group, some that must be refused.
    fn group(&mut self) -> Vec<Append> {
        let mut heads: BTreeMap<IncidentId, Head> = BTreeMap::new();
        for (_, append) in &self.truth {
            heads.insert(append.sealed.stream().clone(), append.sealed.head());
        }
        let mut group = Vec::new();
        for _ in 0..1 + self.random.below(7) {
            let stream = IncidentId::new(format!("inc-{}", self.random.below(6)));
            self.bodies += 1;
            let mut body = self.bodies.to_be_bytes().to_vec();
            let longest = if self.random.one_in(16) { 6000 } else { 400 };
            body.resize(8 + self.random.below(longest) as usize, self.random.next() as u8);
            let behind = if self.random.one_in(12) { None } else { heads.get(&stream) };
            let at = DateTime::from_timestamp_millis(self.bodies as i64).expect("valid");
            let append = Append {
                sealed: seal(behind, &stream, at, &body),
                wake: (!self.random.one_in(3)).then(|| Wake {
                    at: DateTime::from_timestamp_millis(self.random.below(50) as i64).expect("valid"),
                    why: format!("because {}", self.bodies),
                }),
                card: self.random.one_in(2).then(|| self.bodies.to_be_bytes().to_vec()),
                unique: (0..self.random.below(3)).map(|_| vec![self.random.below(u64::from(KEYS)) as u8]).collect(),
            };
            heads.insert(stream, append.sealed.head());
            group.push(append);
        }
        group
    }

    fn step(&mut self, parts: &mut Parts, group: Vec<Append>) -> Vec<(Append, Result<Appended, AppendError>)> {
        let (requests, answers): (Vec<_>, Vec<_>) = group
            .iter()
            .map(|append| {
                let (answer, answered) = oneshot::channel();
                (Request { append: append.clone(), answer }, answered)
            })
            .unzip();
        let mut model = Model::of(&self.truth);
        parts.writer.step(requests);
        let mut outcomes = Vec::new();
        for (append, mut answered) in group.into_iter().zip(answers) {
            let outcome = answered.try_recv().expect("every append is answered by its step");
            match &outcome {
                Ok(appended) => {
                    assert_eq!(model.refusal(&append), None, "an append was stored that should not be");
                    model.take(&append);
                    self.truth.push((appended.position, append.clone()));
                    self.tally.acknowledged += 1;
                }
                Err(AppendError::Broken { .. }) => {
                    self.in_doubt.push(append.clone());
                    self.tally.broken += 1;
                }
                Err(AppendError::Full { .. }) => self.tally.full += 1,
                Err(AppendError::Conflict { .. } | AppendError::Taken { .. }) => {
                    assert!(model.refusal(&append).is_some(), "an append was refused that should not be: {outcome:?}");
                }
                Err(error) => panic!("{error}"),
            }
            outcomes.push((append, outcome));
        }
        outcomes
    }

    /// Compares a store that has just been opened with what must be there, and adopts what may.
    fn examine(&mut self, parts: &Parts) {
        if let Some(cut) = &parts.recovery.cut {
            self.tally.torn += 1;
            assert!(cut.bytes > 0);
        }
        let mut found = Vec::new();
        let scanned = parts.reader.scan(Position::START, &mut |scanned| {
            found.push((scanned.position, scanned.envelope.to_vec()));
            ControlFlow::Continue(())
        });
        scanned.expect("the journal can be read");

        let mut truth = std::mem::take(&mut self.truth).into_iter().peekable();
        let mut in_doubt = std::mem::take(&mut self.in_doubt);
        self.tally.in_doubt_lost += in_doubt.len() as u64;
        for (position, envelope) in found {
            if let Some(known) = truth.next_if(|(_, append)| append.sealed.bytes() == envelope) {
                assert_eq!(known.0, position, "an acknowledged envelope has moved");
                self.truth.push(known);
                continue;
            }
            let place = in_doubt.iter().position(|append| append.sealed.bytes() == envelope);
            let append = in_doubt.remove(place.expect("an envelope that was refused, or never handed in, is in the journal"));
            self.tally.in_doubt_kept += 1;
            self.tally.in_doubt_lost -= 1;
            self.truth.push((position, append));
        }
        assert_eq!(truth.next(), None, "an acknowledged envelope is lost");

        self.check_reads(&parts.reader);
        for (stream, known) in Model::of(&self.truth).streams {
            let envelopes = parts.reader.read(&stream).expect("readable");
            let chain = verify(&envelopes).expect("a whole chain");
            assert_eq!((chain.heads().get(&stream), chain.envelopes()), (Some(&known.head), known.head.seq));
        }
        assert_eq!(parts.reader.check().map(|check| check.differences), Ok(Vec::new()));
        let verification = verify_disk(&self.disk).expect("the disk can be read");
        assert_eq!((verification.fault, verification.torn), (None, None), "right after an open");
        assert_eq!(verification.envelopes, self.truth.len() as u64);
    }

    /// Whether every read says what a replay of the truth says.
    fn check_reads(&self, reader: &Reader) {
        let model = Model::of(&self.truth);
        for (stream, known) in &model.streams {
            let entry = reader.entry(stream).expect("readable").expect("there");
            assert_eq!(entry.head, known.head);
            assert_eq!(entry.wake, known.wake);
            assert_eq!(entry.card, known.card);
        }
        let wakes = model.streams.iter().filter_map(|(stream, known)| Some((known.wake.as_ref()?.0, stream.clone())));
        let wakes: BTreeSet<_> = wakes.collect();
        assert_eq!(reader.due(i64::MAX, usize::MAX), Ok(wakes.into_iter().collect()));
        let cards = model.streams.iter().filter_map(|(stream, known)| Some((stream.clone(), known.card.clone()?)));
        assert_eq!(reader.cards(None, usize::MAX), Ok(cards.collect()));
        for key in 0..KEYS {
            assert_eq!(reader.holder(&[key]), Ok(model.keys.get(&vec![key]).cloned()));
        }
    }
}

/// What a plain replay of appends comes to.
#[derive(Default)]
struct Model {
    streams: BTreeMap<IncidentId, Known>,
    keys: BTreeMap<Vec<u8>, IncidentId>,
}

struct Known {
    head: Head,
    wake: Option<(i64, String)>,
    card: Option<Vec<u8>>,
}

impl Model {
    fn of(truth: &[(Position, Append)]) -> Self {
        let mut model = Self::default();
        truth.iter().for_each(|(_, append)| model.take(append));
        model
    }

    fn take(&mut self, append: &Append) {
        let stream = append.sealed.stream();
        let wake = append.wake.as_ref().map(|wake| (wake.at.timestamp_millis(), wake.why.clone()));
        let card = append.card.clone().or_else(|| self.streams.get(stream).and_then(|known| known.card.clone()));
        self.streams.insert(stream.clone(), Known { head: append.sealed.head(), wake, card });
        self.keys.extend(append.unique.iter().map(|key| (key.clone(), stream.clone())));
    }

    fn refusal(&self, append: &Append) -> Option<&'static str> {
        let head = self.streams.get(append.sealed.stream()).map(|known| known.head);
        if head != append.sealed.follows() {
            return Some("conflict");
        }
        append.unique.iter().any(|key| self.keys.contains_key(key)).then_some("taken")
    }
}

/// splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn one_in(&mut self, bound: u64) -> bool {
        self.below(bound) == 0
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }
}

fn open(disk: &SimulatedDisk, index: &Arc<MemoryIndex>) -> Result<Parts, StoreError> {
    Parts::open(Arc::new(disk.clone()), index.clone(), SIZES, [7; 16], &mut |_, _| ())
}

/// Appends one envelope to a stream of its own.
fn append_one(parts: &mut Parts, stream: &str, len: usize) -> Result<Appended, AppendError> {
    let (answer, mut answered) = oneshot::channel();
    let at = DateTime::from_timestamp_millis(1).expect("valid");
    let append = Append::of(seal(None, &stream.into(), at, &vec![9; len]));
    parts.writer.step([Request { append, answer }]);
    answered.try_recv().expect("answered")
}

#[test]
fn a_changed_byte_in_an_acknowledged_frame_is_an_error_that_names_file_and_offset() {
    let disk = SimulatedDisk::new(1);
    let mut parts = open(&disk, &Arc::default()).expect("opens");
    let positions: Vec<u64> =
        (0..30).map(|n| append_one(&mut parts, &format!("inc-{n}"), 2000).expect("stored").position.as_u64()).collect();
    assert!(parts.reader.status().segments > 2);
    drop(parts);
    for (n, position) in positions.iter().enumerate() {
        let (file, offset) = (format!("{:08}.wbj", position >> 32), position & 0xffff_ffff);
        let in_frame = offset as usize + (n * 67) % 1900;
        disk.flip(&file, in_frame);
        let found = verify_disk(&disk).expect("the disk can be read");
        let opened = open(&disk, &Arc::default());
        if n == 29 {
            // Nothing was written behind the last one, so nothing bears witness: see the next test.
            assert_eq!((found.fault, opened.is_ok()), (None, true));
            break;
        }
        let Err(error) = opened else { panic!("{file}, frame at {offset}, byte {in_frame}: opened") };
        let StoreError::Damaged { file: named, offset: at, .. } = &error else { panic!("{error}") };
        assert_eq!((named, *at), (&file, offset), "{error}");
        let Some(StoreError::Damaged { file: named, offset: at, .. }) = found.fault else { panic!("verified") };
        assert_eq!((&named, at), (&file, offset));
        disk.flip(&file, in_frame);
    }
}

#[test]
fn the_last_acknowledged_frame_has_two_witnesses_the_index_and_the_mark_of_a_clean_stop() {
    let disk = SimulatedDisk::new(2);
    let index = Arc::<MemoryIndex>::default();
    let mut parts = open(&disk, &index).expect("opens");
    let offset = append_one(&mut parts, "inc-1", 500).expect("stored").position.as_u64() & 0xffff_ffff;
    parts.indexer.step().expect("indexed");
    drop(parts);
    disk.flip("00000001.wbj", offset as usize + 100);
    let error = open(&disk, &index).err().expect("the index has seen it");
    assert!(matches!(&error, StoreError::Damaged { offset: at, .. } if *at == offset), "{error}");

    disk.flip("00000001.wbj", offset as usize + 100);
    let mut parts = open(&disk, &index).expect("opens");
    parts.writer.close();
    drop(parts);
    disk.flip("00000001.wbj", offset as usize + 100);
    let error = open(&disk, &Arc::default()).err().expect("the mark behind it says it was durable");
    assert!(matches!(&error, StoreError::Damaged { offset: at, .. } if *at == offset), "{error}");
}

#[test]
fn a_missing_or_exchanged_segment_is_an_error() {
    let disk = SimulatedDisk::new(3);
    let mut parts = open(&disk, &Arc::default()).expect("opens");
    for n in 0..60 {
        append_one(&mut parts, &format!("inc-{n}"), 2000).expect("stored");
    }
    assert!(parts.reader.status().segments >= 4);
    drop(parts);
    disk.rename("00000002.wbj", "aside").expect("renamed");
    let error = open(&disk, &Arc::default()).err().expect("refused");
    assert!(matches!(&error, StoreError::Damaged { file, .. } if file == "00000002.wbj"), "{error}");
    disk.rename("00000003.wbj", "00000002.wbj").expect("renamed");
    disk.rename("aside", "00000003.wbj").expect("renamed");
    let error = open(&disk, &Arc::default()).err().expect("refused");
    assert!(matches!(&error, StoreError::Damaged { file, .. } if file == "00000002.wbj"), "{error}");
}

#[test]
fn a_full_disk_refuses_and_goes_on_when_there_is_room_again() {
    let disk = SimulatedDisk::new(4);
    let mut parts = open(&disk, &Arc::default()).expect("opens");
    disk.set_capacity(SIZES.segment_bytes);
    let mut stored = 0;
    let refusal = loop {
        match append_one(&mut parts, &format!("inc-{stored}"), 3000) {
            Ok(_) => stored += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refusal, AppendError::Full { .. }), "{refusal}");
    assert!(matches!(append_one(&mut parts, "inc-more", 3000), Err(AppendError::Full { .. })));
    assert_eq!(parts.reader.status().broken, None);
    disk.set_capacity(u64::MAX);
    append_one(&mut parts, "inc-more", 3000).expect("there is room again");

    disk.plan(0, Fault::FullWrite);
    assert!(matches!(append_one(&mut parts, "inc-x", 3000), Err(AppendError::Full { .. })));
    append_one(&mut parts, "inc-y", 10).expect("the writer goes on");
    drop(parts);
    let parts = open(&disk, &Arc::default()).expect("opens");
    assert_eq!(parts.recovery.replayed, stored + 2);
    assert_eq!(parts.reader.entry(&"inc-x".into()), Ok(None), "what was refused as full is not there");
}

#[test]
fn after_a_failed_sync_nothing_is_acknowledged_and_nothing_of_it_survives_a_restart() {
    let disk = SimulatedDisk::new(5);
    let mut parts = open(&disk, &Arc::default()).expect("opens");
    append_one(&mut parts, "inc-1", 100).expect("stored");
    disk.plan(0, Fault::FailedSync);
    let refusal = append_one(&mut parts, "inc-2", 5000).expect_err("not durable");
    assert!(matches!(refusal, AppendError::Broken { .. }), "{refusal}");
    let operations = disk.operations();
    for n in 3..10 {
        let refusal = append_one(&mut parts, &format!("inc-{n}"), 100).expect_err("the writer has stopped");
        assert!(matches!(refusal, AppendError::Broken { .. }), "{refusal}");
    }
    parts.writer.close();
    assert_eq!(disk.operations(), operations, "a failed sync is not tried again");
    assert!(parts.reader.status().broken.is_some_and(|reason| reason.contains("00000001.wbj")));
    assert_eq!(parts.reader.entry(&"inc-2".into()), Ok(None), "readers never see what is not durable");
    drop(parts);

    // The machine goes on: its cache may still show the group that the disk has not got.
    let mut parts = open(&disk, &Arc::default()).expect("opens");
    assert_eq!(parts.reader.entry(&"inc-2".into()), Ok(None));
    append_one(&mut parts, "inc-3", 100).expect("stored");
    drop(parts);
    disk.power_cycle();
    let parts = open(&disk, &Arc::default()).expect("opens");
    assert!(parts.reader.entry(&"inc-3".into()).is_ok_and(|entry| entry.is_some()));
}

#[test]
fn a_segment_whose_name_was_never_made_durable_is_not_lost_after_a_restart_that_used_it() {
    for seed in 0..20 {
        let disk = SimulatedDisk::new(seed);
        let mut parts = open(&disk, &Arc::default()).expect("opens");
        let mut stored = 0;
        // The fifth append fills the segment; the next rolls: content and header are synced, then the folder.
        while append_one(&mut parts, &format!("inc-{stored}"), 3000).is_ok() {
            stored += 1;
            if stored == 5 {
                disk.plan(2, Fault::FailedSync);
            }
        }
        assert!(parts.reader.status().broken.is_some_and(|reason| reason.contains("00000002.wbj")));
        drop(parts);
        let mut parts = open(&disk, &Arc::default()).expect("opens");
        append_one(&mut parts, "inc-last", 3000).expect("stored");
        drop(parts);
        disk.power_cycle();
        let parts = open(&disk, &Arc::default()).expect("opens");
        assert!(parts.reader.entry(&"inc-last".into()).is_ok_and(|entry| entry.is_some()), "seed {seed}");
    }
}

#[test]
fn an_append_is_not_refused_for_the_sake_of_one_that_was_refused_itself() {
    let disk = SimulatedDisk::new(7);
    let mut parts = open(&disk, &Arc::default()).expect("opens");
    disk.plan(0, Fault::FullWrite);
    let at = DateTime::from_timestamp_millis(1).expect("valid");
    let rivals: Vec<_> = (0..2)
        .map(|n| Append { unique: vec![b"k".to_vec()], ..Append::of(seal(None, &format!("inc-{n}").as_str().into(), at, b"x")) })
        .collect();
    let (requests, answers): (Vec<_>, Vec<_>) = rivals
        .into_iter()
        .map(|append| {
            let (answer, answered) = oneshot::channel();
            (Request { append, answer }, answered)
        })
        .unzip();
    parts.writer.step(requests);
    for mut answered in answers {
        let outcome = answered.try_recv().expect("answered");
        assert!(matches!(outcome, Err(AppendError::Full { .. })), "{outcome:?}");
    }
    assert_eq!(parts.reader.holder(b"k"), Ok(None));
}

#[test]
fn a_raw_log_takes_frames_and_finds_its_end_again() {
    let disk = Arc::new(SimulatedDisk::new(6));
    let mut log = Log::open(disk.clone(), SIZES, [1; 16]).expect("opens");
    for n in 0..100 {
        if !log.fits(600) {
            log.commit().expect("durable");
        }
        if !log.fits(600) {
            log.roll().expect("rolls");
        }
        log.push(|buffer| buffer.extend([n; 600]));
    }
    log.commit().expect("durable");
    let end = log.durable();
    drop(log);
    disk.power_cycle();
    assert_eq!(Log::open(disk, SIZES, [2; 16]).expect("opens").durable(), end);
}
