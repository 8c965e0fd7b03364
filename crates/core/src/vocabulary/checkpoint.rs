//! What there is of a vocabulary besides its options, as arrays and numbers like those of a table, and what it is restored from.

use sha2::{Digest, Sha256};

use super::admission::{Gate, Waiting};
use super::eviction::Record;
use super::key::{hash, is_key};
use super::{Vocabulary, VocabularyOptions};
use crate::checkpoint::{Part, read_numbers, refused, write_numbers};
use crate::error::Result;
use crate::memory::{Buffer, make_room};

const PURPOSE: &str = "a vocabulary that is loaded";
/// The length of a key that is not there.
const NO_KEY: u32 = u32::MAX;
/// Bytes that are hashed together.
const HASHED: usize = 1 << 16;

/// The numbers that are saved beside the arrays.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct VocabularyProgress {
    /// Batches so far.
    pub step: u64,
    /// The first row that was never given out.
    pub next: u32,
    /// Rows that are free again.
    pub free: u32,
    /// Bytes of all keys that have rows.
    pub key_bytes: u64,
    /// Keys that wait for admission.
    pub waiting: u32,
    /// Their bytes.
    pub waiting_bytes: u64,
    /// Refusals since a Bloom filter's counters were last halved.
    pub refused: u64,
}

/// What an array holds.
#[derive(Clone, Copy, PartialEq)]
enum Section {
    LastSteps,
    Counts,
    Free,
    Lengths,
    WaitingCounts,
    WaitingLengths,
    Keys,
    WaitingKeys,
    Counters,
}

impl Section {
    fn of(vocabulary: &Vocabulary) -> Vec<Self> {
        let mut sections = Vec::new();
        if vocabulary.records.is_some() {
            sections.extend([Self::LastSteps, Self::Counts, Self::Free]);
        }
        sections.push(Self::Lengths);
        if let Gate::Counting { .. } = vocabulary.gate {
            sections.extend([Self::WaitingCounts, Self::WaitingLengths, Self::Keys, Self::WaitingKeys]);
        } else {
            sections.push(Self::Keys);
        }
        if let Gate::Filter(_) = vocabulary.gate {
            sections.push(Self::Counters);
        }
        sections
    }

    fn part(self, vocabulary: &Vocabulary, progress: &VocabularyProgress) -> Part {
        let rows = u64::from(progress.next);
        let (name, dtype, length) = match self {
            Self::LastSteps => ("last_step", "U64", rows),
            Self::Counts => ("count", "U32", rows),
            Self::Free => ("free", "U32", progress.free.into()),
            Self::Lengths => ("key_length", "U32", rows),
            Self::WaitingCounts => ("waiting_count", "U32", progress.waiting.into()),
            Self::WaitingLengths => ("waiting_key_length", "U32", progress.waiting.into()),
            Self::Keys => ("key", "U8", progress.key_bytes),
            Self::WaitingKeys => ("waiting_key", "U8", progress.waiting_bytes),
            Self::Counters => ("counter", "U8", vocabulary.counters().len() as u64),
        };
        Part { name: name.into(), dtype, shape: vec![length] }
    }

    fn item_bytes(self) -> usize {
        match self {
            Self::LastSteps => 8,
            Self::Keys | Self::WaitingKeys | Self::Counters => 1,
            _ => 4,
        }
    }
}

impl Vocabulary {
    /// The arrays that are saved, in order.
    pub fn parts(&self) -> Vec<Part> {
        let progress = self.progress();
        Section::of(self).into_iter().map(|section| section.part(self, &progress)).collect()
    }

    /// The numbers that are saved.
    pub fn progress(&self) -> VocabularyProgress {
        let waiting = self.waiting();
        VocabularyProgress {
            step: self.step,
            next: self.next,
            free: self.free.len() as u32,
            key_bytes: self.keys.key_bytes(),
            waiting: waiting.map_or(0, |waiting| waiting.keys.len() as u32),
            waiting_bytes: waiting.map_or(0, |waiting| waiting.keys.key_bytes()),
            refused: if let Gate::Filter(filter) = &self.gate { filter.refused } else { 0 },
        }
    }

    fn waiting(&self) -> Option<&Waiting> {
        if let Gate::Counting { waiting, .. } = &self.gate { Some(waiting) } else { None }
    }

    fn counters(&self) -> &[u8] {
        if let Gate::Filter(filter) = &self.gate { &filter.counters } else { &[] }
    }

    /// Copies items of array number `part`, from number `first` on, to `out`, which holds a whole number of them.
    pub fn read_part(&self, part: usize, first: u64, out: &mut [u8]) {
        let first = first as usize;
        let length = |key: Option<&[u8]>| key.map_or(NO_KEY, |key| key.len() as u32);
        match Section::of(self)[part] {
            Section::LastSteps => self.copy_records(first, out, |record| record.last.to_le_bytes()),
            Section::Counts => self.copy_records(first, out, |record| record.count.to_le_bytes()),
            Section::Free => write_numbers(out, self.free.iter().skip(first).map(|row| row.to_le_bytes())),
            Section::Lengths => {
                write_numbers(out, (first as u32..).map(|row| length(self.keys.get(row)).to_le_bytes()));
            }
            Section::Keys => copy_bytes(self.keys.all().map(|(_, key)| key), first, out),
            Section::Counters => out.copy_from_slice(&self.counters()[first..first + out.len()]),
            section => {
                let waiting = self.waiting().expect("a section of vocabularies where keys wait").all();
                match section {
                    Section::WaitingCounts => write_numbers(out, waiting.skip(first).map(|(_, count)| count.to_le_bytes())),
                    Section::WaitingLengths => {
                        write_numbers(out, waiting.skip(first).map(|(key, _)| length(Some(key)).to_le_bytes()));
                    }
                    _ => copy_bytes(waiting.map(|(key, _)| key), first, out),
                }
            }
        }
    }

    fn copy_records<const N: usize>(&self, first: usize, out: &mut [u8], number: impl Fn(Record) -> [u8; N]) {
        let records = self.records.as_ref().expect("a section of vocabularies that evict");
        // A row that was never given out may have no record yet.
        write_numbers(out, (first..).map(|row| number(records.of.get(row).copied().unwrap_or_default())));
    }

    /// SHA-256 of all that there is of it besides its options, as lower-case hex digits.
    pub fn fingerprint(&self) -> String {
        let mut sha = Sha256::new();
        let VocabularyProgress { step, next, refused, .. } = self.progress();
        [self.capacity.into(), step, next.into(), refused].into_iter().for_each(|number: u64| sha.update(number.to_le_bytes()));
        let mut room = vec![0; HASHED];
        for (number, (part, section)) in self.parts().iter().zip(Section::of(self)).enumerate() {
            let items = part.shape[0];
            sha.update(items.to_le_bytes());
            let most = (HASHED / section.item_bytes()) as u64;
            for first in (0..items).step_by(most as usize) {
                let piece = &mut room[..most.min(items - first) as usize * section.item_bytes()];
                self.read_part(number, first, piece);
                sha.update(piece);
            }
        }
        sha.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Copies those bytes of keys, one behind the other, that lie from byte `first` on.
fn copy_bytes<'a>(keys: impl Iterator<Item = &'a [u8]>, first: usize, out: &mut [u8]) {
    let mut start = 0;
    for key in keys {
        let end = start + key.len();
        if start >= first + out.len() {
            return;
        }
        if end > first {
            let (from, to) = (first.max(start), end.min(first + out.len()));
            out[from - first..to - first].copy_from_slice(&key[from - start..to - start]);
        }
        start = end;
    }
}

/// A vocabulary whose arrays are on their way. They come in the order of [`Vocabulary::parts`], by pieces.
pub struct RestoringVocabulary {
    vocabulary: Vocabulary,
    progress: VocabularyProgress,
    sections: Vec<Section>,
    at: usize,
    /// The bytes of each section that have come.
    contents: Vec<Vec<u8>>,
}

impl RestoringVocabulary {
    /// A vocabulary with these options, to which that is to come that had reached this.
    pub fn new(options: VocabularyOptions, progress: VocabularyProgress) -> Result<Self> {
        let VocabularyProgress { step, next, refused: since, .. } = progress;
        if !(1..=options.capacity).contains(&next) {
            return Err(refused(format!("next is {next}, but must be from 1 to the capacity, {}", options.capacity)));
        }
        let mut vocabulary = Vocabulary::new(options)?;
        (vocabulary.step, vocabulary.next) = (step, next);
        if let Gate::Filter(filter) = &mut vocabulary.gate {
            filter.refused = since;
        }
        let sections = Section::of(&vocabulary);
        Ok(Self { contents: vec![Vec::new(); sections.len()], vocabulary, progress, sections, at: 0 })
    }

    /// The arrays that must come.
    pub fn parts(&self) -> Vec<Part> {
        self.sections.iter().map(|section| section.part(&self.vocabulary, &self.progress)).collect()
    }

    /// Takes on a piece: a whole number of items of the array that is next.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.skip_full();
        let size = self.size_at(self.at).ok_or_else(|| refused("there are more bytes than the vocabulary has".into()))?;
        let content = &mut self.contents[self.at];
        if (content.len() + bytes.len()) as u64 > size {
            return Err(refused(format!("{} bytes do not fit", bytes.len())));
        }
        make_room(PURPOSE, bytes.len(), || content.try_reserve(bytes.len()))?;
        content.extend_from_slice(bytes);
        Ok(())
    }

    fn size_at(&self, at: usize) -> Option<u64> {
        let section = *self.sections.get(at)?;
        Some(section.part(&self.vocabulary, &self.progress).shape[0] * section.item_bytes() as u64)
    }

    fn skip_full(&mut self) {
        while self.size_at(self.at).is_some_and(|size| self.contents[self.at].len() as u64 == size) {
            self.at += 1;
        }
    }

    fn take(&mut self, section: Section) -> Vec<u8> {
        let at = self.sections.iter().position(|&other| other == section).expect("a section of this vocabulary");
        std::mem::take(&mut self.contents[at])
    }

    /// The vocabulary, all of whose arrays have come.
    pub fn finish(mut self) -> Result<Vocabulary> {
        self.skip_full();
        if self.at < self.sections.len() {
            return Err(refused("not all of the vocabulary is there".into()));
        }
        let (lengths, keys) = (self.take(Section::Lengths), self.take(Section::Keys));
        let vocabulary = &mut self.vocabulary;
        vocabulary.keys.reserve(lengths.len() / 4, vocabulary.next as usize, keys.len())?;
        let mut rest = &keys[..];
        for (row, length) in (0..).zip(read_numbers(&lengths).map(u32::from_le_bytes)) {
            if length == NO_KEY {
                continue;
            }
            let key = split(&mut rest, length).filter(|_| row > 0);
            let key = key.ok_or_else(|| refused(format!("key_length[{row}] is {length}, which no key has there")))?;
            if vocabulary.keys.find(hash(key), key) != 0 {
                return Err(refused(format!("the key of row {row} has another row as well")));
            }
            vocabulary.keys.insert(hash(key), key, row);
        }
        if !rest.is_empty() {
            return Err(refused(format!("{} bytes of keys belong to no row", rest.len())));
        }
        self.finish_records()?;
        self.finish_gate()?;
        Ok(self.vocabulary)
    }

    fn finish_records(&mut self) -> Result<()> {
        if self.vocabulary.records.is_none() {
            let rows = self.vocabulary.next as usize - 1;
            let all = self.vocabulary.keys.len() == rows;
            return if all { Ok(()) } else { Err(refused("a row has no key, but none can have lost it".into())) };
        }
        let [last, counts, free] = [Section::LastSteps, Section::Counts, Section::Free].map(|section| self.take(section));
        let (step, vocabulary) = (self.vocabulary.step, &mut self.vocabulary);
        let mut seen = Buffer::<u32>::zeroed(vocabulary.next.into(), PURPOSE)?;
        make_room(PURPOSE, free.len(), || vocabulary.free.try_reserve(free.len() / 4))?;
        for (position, row) in read_numbers(&free).map(u32::from_le_bytes).enumerate() {
            let is_free = (1..vocabulary.next).contains(&row) && vocabulary.keys.get(row).is_none();
            if !is_free || std::mem::replace(&mut seen[row as usize], 1) == 1 {
                return Err(refused(format!("free[{position}] is {row}, which is not a free row")));
            }
            vocabulary.free.push_back(row);
        }
        if vocabulary.keys.len() + vocabulary.free.len() + 1 != vocabulary.next as usize {
            return Err(refused("a row has no key, and is not free either".into()));
        }
        let records = vocabulary.records.as_mut().expect("it evicts");
        records.reserve(vocabulary.next as usize)?;
        let numbers = read_numbers(&counts).map(u32::from_le_bytes).zip(read_numbers(&last).map(u64::from_le_bytes));
        for (row, (count, last)) in numbers.enumerate() {
            if last > step {
                return Err(refused(format!("last_step[{row}] is {last}, but there were {step} steps")));
            }
            records.of[row] = Record { last, count };
        }
        Ok(())
    }

    fn finish_gate(&mut self) -> Result<()> {
        match self.vocabulary.gate {
            Gate::Counting { .. } => {}
            Gate::Filter(_) => {
                let content = self.take(Section::Counters);
                if let Gate::Filter(filter) = &mut self.vocabulary.gate {
                    filter.counters = content;
                }
                return Ok(());
            }
            _ => return Ok(()),
        }
        let [lengths, counts, keys] =
            [Section::WaitingLengths, Section::WaitingCounts, Section::WaitingKeys].map(|section| self.take(section));
        let Gate::Counting { waiting, .. } = &mut self.vocabulary.gate else { return Ok(()) };
        waiting.reserve(lengths.len() / 4, keys.len())?;
        let mut rest = &keys[..];
        let numbers = read_numbers(&lengths).map(u32::from_le_bytes).zip(read_numbers(&counts).map(u32::from_le_bytes));
        for (position, (length, count)) in numbers.enumerate() {
            let wrong = || refused(format!("waiting_key_length[{position}] is {length}, which no key has there"));
            let key = split(&mut rest, length).ok_or_else(wrong)?;
            if waiting.keys.find(hash(key), key) != 0 || self.vocabulary.keys.find(hash(key), key) != 0 {
                return Err(refused(format!("the waiting key {position} is there twice")));
            }
            waiting.add(hash(key), key, count);
        }
        if rest.is_empty() { Ok(()) } else { Err(refused(format!("{} bytes belong to no waiting key", rest.len()))) }
    }
}

/// Takes a key of `length` bytes from the front, if there is one.
fn split<'a>(rest: &mut &'a [u8], length: u32) -> Option<&'a [u8]> {
    let (key, behind) = rest.split_at_checked(length as usize)?;
    *rest = behind;
    is_key(key).then_some(key)
}
