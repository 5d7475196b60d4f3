//! Objects by id. An id is never given again soon, so that the use of a destroyed one is seen.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// How many objects of a kind were made and not destroyed by the client, in this process.
#[derive(Debug, Default)]
pub(crate) struct Census {
    alive: AtomicU64,
    peak: AtomicU64,
}

impl Census {
    pub(crate) const fn new() -> Self {
        Self { alive: AtomicU64::new(0), peak: AtomicU64::new(0) }
    }

    fn born(&self) {
        let alive = self.alive.fetch_add(1, Ordering::Relaxed) + 1;
        self.peak.fetch_max(alive, Ordering::Relaxed);
    }

    fn died(&self) {
        self.alive.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn alive(&self) -> u64 {
        self.alive.load(Ordering::Relaxed)
    }

    pub(crate) fn peak(&self) -> u64 {
        self.peak.load(Ordering::Relaxed)
    }
}

#[derive(Debug)]
struct Slot<T> {
    generation: u32,
    object: Option<Arc<T>>,
}

#[derive(Debug)]
struct Slots<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
}

/// The objects of a kind of one display. An id is kind (4 bits), generation (12), index (16).
#[derive(Debug)]
pub(crate) struct Table<T> {
    kind: u32,
    census: &'static Census,
    slots: RwLock<Slots<T>>,
}

/// Why an id names no object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It was destroyed.
    Destroyed,
    /// It never named one of this kind.
    Unknown,
}

const INDEX_BITS: u32 = 16;
const GENERATIONS: u32 = 1 << 12;

impl<T> Table<T> {
    /// An empty table; `kind` tells its ids from those of other tables.
    pub(crate) fn new(kind: u32, census: &'static Census) -> Self {
        Self { kind, census, slots: RwLock::new(Slots { slots: Vec::new(), free: Vec::new() }) }
    }

    /// Adds an object; `None` when there are too many.
    pub(crate) fn add(&self, object: Arc<T>) -> Option<u32> {
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        let index = match slots.free.pop() {
            Some(index) => index,
            None if slots.slots.len() < 1 << INDEX_BITS => {
                slots.slots.push(Slot { generation: 0, object: None });
                slots.slots.len() as u32 - 1
            }
            None => return None,
        };
        let slot = &mut slots.slots[index as usize];
        slot.object = Some(object);
        let id = self.kind << 28 | slot.generation << INDEX_BITS | index;
        drop(slots);
        self.census.born();
        Some(id)
    }

    /// The object of an id.
    pub(crate) fn get(&self, id: u32) -> Result<Arc<T>, Missing> {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        match self.find(&slots, id) {
            Ok(index) => slots.slots[index].object.clone().ok_or(Missing::Destroyed),
            Err(missing) => Err(missing),
        }
    }

    /// Takes the object of an id out.
    pub(crate) fn remove(&self, id: u32) -> Result<Arc<T>, Missing> {
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        let index = self.find(&slots, id)?;
        let slot = &mut slots.slots[index];
        let object = slot.object.take().ok_or(Missing::Destroyed)?;
        slot.generation = (slot.generation + 1) % GENERATIONS;
        slots.free.push(index as u32);
        drop(slots);
        self.census.died();
        Ok(object)
    }

    fn find(&self, slots: &Slots<T>, id: u32) -> Result<usize, Missing> {
        let index = (id & ((1 << INDEX_BITS) - 1)) as usize;
        if id >> 28 != self.kind {
            return Err(Missing::Unknown);
        }
        let slot = slots.slots.get(index).ok_or(Missing::Unknown)?;
        let generation = (id >> INDEX_BITS) % GENERATIONS;
        match slot.generation == generation {
            true => Ok(index),
            // Generations count up: an older one was given once.
            false if slot.generation.wrapping_sub(generation) % GENERATIONS < GENERATIONS / 2 => {
                Err(Missing::Destroyed)
            }
            false => Err(Missing::Unknown),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_the_dead_are_told_from_those_never_given() {
        static CENSUS: Census = Census::new();
        let table = Table::new(3, &CENSUS);
        let first = table.add(Arc::new("a")).expect("room");
        let second = table.add(Arc::new("b")).expect("room");
        assert_eq!((first >> 28, *table.get(second).expect("alive")), (3, "b"));
        assert_eq!(*table.remove(first).expect("alive"), "a");
        assert_eq!(table.get(first), Err(Missing::Destroyed));
        let third = table.add(Arc::new("c")).expect("room");
        assert_ne!(third, first);
        assert_eq!(table.remove(first), Err(Missing::Destroyed));
        assert_eq!(table.get(third + 1000), Err(Missing::Unknown));
        assert_eq!(table.get(third ^ 7 << 28), Err(Missing::Unknown));
        assert_eq!((CENSUS.alive(), CENSUS.peak()), (2, 2));
    }

    #[test]
    fn a_full_table_says_so() {
        static CENSUS: Census = Census::new();
        let table = Table::new(1, &CENSUS);
        for _ in 0..1 << INDEX_BITS {
            assert!(table.add(Arc::new(())).is_some());
        }
        assert_eq!(table.add(Arc::new(())), None);
    }
}
