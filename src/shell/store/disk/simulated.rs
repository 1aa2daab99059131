//! A disk in memory that loses power, fills up and fails, all from one seed.
//!
//! Every file has two images: the durable one, and the cache that reads see. A write changes the
//! cache and waits; a sync makes what waits durable. When the power is cut, each 512-byte sector
//! that waits is kept or lost by the toss of a coin, in any order, and one may be left as garbage;
//! the same goes for names. When a sync fails, what waited stays in the cache but is never written
//! again, as an operating system does it that marks failed pages clean.

use super::{Disk, DiskFile};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a disk keeps or loses whole.
const SECTOR: usize = 512;

/// What goes wrong at an operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The power goes, in the middle of the operation. Everything fails until it is back.
    PowerCut,
    /// A sync fails and what waited for it is dropped, silently; other operations go well.
    FailedSync,
    /// A write stops half way for want of space; other operations go well.
    FullWrite,
    /// A write stops half way with an error of the device; other operations go well.
    FailedWrite,
}

/// The disk; clones are the same disk.
#[derive(Clone)]
pub struct SimulatedDisk(Arc<Mutex<World>>);

struct World {
    random: Random,
    /// Counts the times power was restored: files opened before are void.
    era: u64,
    on: bool,
    /// Fault to come, and how many operations before it.
    planned: Option<(u64, Fault)>,
    /// Operations so far.
    operations: u64,
    capacity: u64,
    files: Vec<Content>,
    /// Names as seen, and as durable, by index into `files`.
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    /// Changes of names that wait for a sync of the folder.
    waiting_names: Vec<NameChange>,
}

#[derive(Default)]
struct Content {
    cache: Vec<u8>,
    durable: Vec<u8>,
    /// Writes that wait for a sync, in order.
    waiting: Vec<(usize, Vec<u8>)>,
}

enum NameChange {
    Create(String, usize),
    Rename(String, String, usize),
    Remove(String),
}

impl SimulatedDisk {
    /// An empty disk of unlimited size.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(World {
            random: Random(seed),
            era: 0,
            on: true,
            planned: None,
            operations: 0,
            capacity: u64::MAX,
            files: Vec::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            waiting_names: Vec::new(),
        })))
    }

    /// Plans a fault for the first operation it fits once `operations` more have gone well; replaces the plan before.
    pub fn plan(&self, operations: u64, fault: Fault) {
        self.world().planned = Some((operations, fault));
    }

    /// Forgets the planned fault.
    pub fn calm(&self) {
        self.world().planned = None;
    }

    /// Sets the size of the disk in bytes; files that are there stay.
    pub fn set_capacity(&self, bytes: u64) {
        self.world().capacity = bytes;
    }

    /// Writes, syncs and changes of names so far.
    pub fn operations(&self) -> u64 {
        self.world().operations
    }

    /// Whether the power is on.
    pub fn is_on(&self) -> bool {
        self.world().on
    }

    /// Cuts the power, unless it is off, and restores it: what was not synced is kept or lost by chance.
    pub fn power_cycle(&self) {
        let mut world = self.world();
        let World { random, files, names, durable_names, waiting_names, .. } = &mut *world;
        for change in waiting_names.drain(..).filter(|_| random.one_in(2)) {
            change.make(durable_names);
        }
        names.clone_from(durable_names);
        for content in files {
            content.lose_power(random);
        }
        world.era += 1;
        world.on = true;
        world.planned = None;
    }

    /// Changes one byte of a file on the disk and in the cache, as a failing medium does.
    pub fn flip(&self, name: &str, offset: usize) {
        let mut world = self.world();
        let index = world.names[name];
        let content = &mut world.files[index];
        content.cache[offset] ^= 0x40;
        content.durable[offset] ^= 0x40;
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What kind of operation a fault may meet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    Write,
    Sync,
    Name,
}

impl World {
    fn check_power(&self) -> io::Result<()> {
        if self.on { Ok(()) } else { Err(io::Error::other("the power is off")) }
    }

    /// Counts an operation and says which fault meets it.
    fn meet(&mut self, operation: Operation) -> io::Result<Option<Fault>> {
        self.check_power()?;
        self.operations += 1;
        let Some((left, fault)) = &mut self.planned else { return Ok(None) };
        let fits = match fault {
            Fault::PowerCut => true,
            Fault::FailedSync => operation == Operation::Sync,
            Fault::FullWrite | Fault::FailedWrite => operation == Operation::Write,
        };
        if !fits {
            return Ok(None);
        }
        if *left > 0 {
            *left -= 1;
            return Ok(None);
        }
        let fault = *fault;
        self.planned = None;
        if fault == Fault::PowerCut {
            self.on = false;
        }
        Ok(Some(fault))
    }

    fn change_names(&mut self, change: NameChange) -> io::Result<()> {
        let fault = self.meet(Operation::Name)?;
        if fault != Some(Fault::PowerCut) || self.random.one_in(2) {
            change.make(&mut self.names);
            self.waiting_names.push(change);
        }
        self.check_power()
    }

    fn index_of(&self, name: &str) -> io::Result<usize> {
        self.check_power()?;
        self.names.get(name).copied().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    fn used(&self) -> u64 {
        self.names.values().map(|&index| self.files[index].cache.len() as u64).sum()
    }
}

impl NameChange {
    fn make(&self, names: &mut BTreeMap<String, usize>) {
        match self {
            Self::Create(name, index) => _ = names.insert(name.clone(), *index),
            Self::Rename(from, to, index) => {
                names.retain(|name, known| !(name == from && known == index));
                names.insert(to.clone(), *index);
            }
            Self::Remove(name) => _ = names.remove(name),
        }
    }
}

impl Content {
    fn write(&mut self, offset: usize, bytes: &[u8]) {
        self.cache[offset..offset + bytes.len()].copy_from_slice(bytes);
        self.waiting.push((offset, bytes.to_vec()));
    }

    fn sync(&mut self) {
        for (offset, bytes) in self.waiting.drain(..) {
            self.durable[offset..offset + bytes.len()].copy_from_slice(&bytes);
        }
    }

    /// Keeps a random choice of the sectors that wait, in any order, and leaves at most one as garbage.
    fn lose_power(&mut self, random: &mut Random) {
        let keep_all = random.one_in(8);
        let mut sectors: Vec<(usize, Vec<u8>)> = Vec::new();
        for (offset, bytes) in self.waiting.drain(..) {
            let mut start = 0;
            while start < bytes.len() {
                let end = bytes.len().min(start + SECTOR - (offset + start) % SECTOR);
                if keep_all || random.one_in(2) {
                    sectors.push((offset + start, bytes[start..end].to_vec()));
                }
                start = end;
            }
        }
        if !keep_all && random.one_in(3) {
            random.shuffle(&mut sectors);
        }
        let torn = sectors.last().map(|(offset, _)| offset / SECTOR * SECTOR).filter(|_| random.one_in(4));
        for (offset, bytes) in sectors {
            self.durable[offset..offset + bytes.len()].copy_from_slice(&bytes);
        }
        if let Some(start) = torn {
            // The whole sector is gone, with what was durable in it before.
            let end = self.durable.len().min(start + SECTOR);
            self.durable[start..end].fill_with(|| random.next() as u8);
        }
        self.cache.clone_from(&self.durable);
    }
}

impl Disk for SimulatedDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        let world = self.world();
        world.check_power()?;
        Ok(world.names.keys().cloned().collect())
    }

    fn create(&self, name: &str, len: u64) -> io::Result<Arc<dyn DiskFile>> {
        let mut world = self.world();
        let replaced = world.names.get(name).map_or(0, |&index| world.files[index].cache.len() as u64);
        let room = world.capacity.saturating_sub(world.used() - replaced);
        let index = world.files.len();
        let len = usize::try_from(len).map_err(io::Error::other)?;
        // A file that did not get its room is there nevertheless, as on a real disk.
        let granted = len.min(usize::try_from(room).unwrap_or(usize::MAX));
        world.files.push(Content { cache: vec![0; granted], durable: vec![0; granted], waiting: Vec::new() });
        world.change_names(NameChange::Create(name.to_owned(), index))?;
        if granted < len {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        let era = world.era;
        Ok(Arc::new(SimulatedFile { disk: self.clone(), index, era }))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let world = self.world();
        let index = world.index_of(name)?;
        Ok(Arc::new(SimulatedFile { disk: self.clone(), index, era: world.era }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut world = self.world();
        let index = world.index_of(from)?;
        world.change_names(NameChange::Rename(from.to_owned(), to.to_owned(), index))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut world = self.world();
        world.index_of(name)?;
        world.change_names(NameChange::Remove(name.to_owned()))
    }

    fn sync_dir(&self) -> io::Result<()> {
        let mut world = self.world();
        match world.meet(Operation::Sync)? {
            None | Some(Fault::FullWrite | Fault::FailedWrite) => {
                let World { durable_names, waiting_names, .. } = &mut *world;
                for change in waiting_names.drain(..) {
                    change.make(durable_names);
                }
                Ok(())
            }
            Some(Fault::PowerCut) => world.check_power(),
            Some(Fault::FailedSync) => Err(io::Error::other("the folder could not be synced")),
        }
    }
}

struct SimulatedFile {
    disk: SimulatedDisk,
    index: usize,
    era: u64,
}

impl SimulatedFile {
    fn with<T>(&self, act: impl FnOnce(&mut World) -> io::Result<T>) -> io::Result<T> {
        let mut world = self.disk.world();
        world.check_power()?;
        if world.era != self.era {
            return Err(io::Error::other("the file was opened before the power went"));
        }
        act(&mut world)
    }
}

impl DiskFile for SimulatedFile {
    fn len(&self) -> io::Result<u64> {
        self.with(|world| Ok(world.files[self.index].cache.len() as u64))
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.with(|world| {
            let start = usize::try_from(offset).map_err(io::Error::other)?;
            let cache = &world.files[self.index].cache;
            let found = start.checked_add(buffer.len()).and_then(|end| cache.get(start..end));
            buffer.copy_from_slice(found.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?);
            Ok(())
        })
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.with(|world| {
            let offset = usize::try_from(offset).map_err(io::Error::other)?;
            let fault = world.meet(Operation::Write)?;
            let written = if fault.is_none() { bytes.len() } else { world.random.below(bytes.len() as u64 + 1) as usize };
            world.files[self.index].write(offset, &bytes[..written]);
            match fault {
                Some(Fault::FullWrite) => Err(io::Error::from(io::ErrorKind::StorageFull)),
                Some(Fault::FailedWrite) => Err(io::Error::other("the device failed")),
                _ => world.check_power(),
            }
        })
    }

    fn sync_data(&self) -> io::Result<()> {
        self.with(|world| match world.meet(Operation::Sync)? {
            Some(Fault::PowerCut) => world.check_power(),
            Some(Fault::FailedSync) => {
                // Some of it got through; the rest stays in the cache alone, and is never tried again.
                let World { random, files, .. } = world;
                let content = &mut files[self.index];
                let cache = content.cache.clone();
                content.lose_power(random);
                content.cache = cache;
                Err(io::Error::other("the device could not write what it was given"))
            }
            None | Some(_) => {
                world.files[self.index].sync();
                Ok(())
            }
        })
    }
}

/// splitmix64: small, and the same on every machine.
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
        self.next() % bound.max(1)
    }

    fn one_in(&mut self, bound: u64) -> bool {
        self.below(bound) == 0
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}
