//! What there is of a table besides its options, as named arrays in a fixed order and a few numbers: what is saved, and what a table is
//! restored from. Arrays are little-endian, rows in order, whatever the table's own layout. What comes in is not trusted: values that no table could
//! have reached, and that a later step would stumble over, are refused.
//!
//! Doors copy arrays out and in by pieces of any whole number of items (what there is of one row, mostly), so that nobody holds them twice.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::float_mode::standard;
use crate::memory::make_room;
use crate::missed::Missed;
use crate::narrow::Dtype;
use crate::options::Options;
use crate::parameters::{Counts, check_factor};
use crate::rule::{Rule, with_rule};
use crate::table::{Table, shape_of};
use crate::update::MeanSquare;

const _: () = assert!(cfg!(target_endian = "little"), "weights are saved as they lie in memory");

/// The most steps that a table may have taken: what a float64 counts.
const MOST_STEPS: u64 = 1 << 53;

/// An array of what is saved.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Its name: `"weight"`, as PyTorch's `nn.Embedding` has it.
    pub name: String,
    /// Its numbers, in the words of safetensors: `"F32"`.
    pub dtype: &'static str,
    /// Its shape; items are along the first axis.
    pub shape: Vec<u64>,
}

impl Part {
    /// All of `parts` as JSON: `[{ "name", "dtype", "shape" }]`.
    pub fn all_to_json(parts: &[Part]) -> String {
        let json = |Part { name, dtype, shape }: &Part| format!(r#"{{"name":{name:?},"dtype":{dtype:?},"shape":{shape:?}}}"#);
        format!("[{}]", parts.iter().map(json).collect::<Vec<_>>().join(","))
    }
}

/// The numbers that are saved beside the arrays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Steps taken.
    pub step: u64,
    /// The learning rate.
    pub lr: f64,
    /// What it is multiplied with besides its schedule.
    pub factor: f64,
    /// Runs of steps of one learning rate that rows may have missed.
    pub runs: usize,
}

/// What an array holds.
#[derive(Clone, Copy, PartialEq)]
enum Section {
    ExpectedCounts,
    MeanSquare,
    RunSteps,
    RunRates,
    LastSteps,
    DecayingTallies,
    TallySteps,
    Counts,
    RowState,
    /// Weights, or state an element.
    Plane(usize),
}

impl Section {
    /// Those of a table like `table`, in the order in which they are saved: what others are checked by comes first, and so does what is aligned
    /// to 8 bytes.
    fn of(table: &Table) -> Vec<Self> {
        let (counts, mean_square, (planes, row_state)) = with_rule!(&table.rule, rule =>
            (rule.counts().is_some(), rule.needs_mean_square().is_some(), shape_of(rule)));
        let missed = table.missed.is_some();
        let optional = [
            (counts, Self::ExpectedCounts),
            (mean_square, Self::MeanSquare),
            (missed, Self::RunSteps),
            (missed, Self::RunRates),
            (missed, Self::LastSteps),
            (table.tallies.decays(), Self::DecayingTallies),
            (table.tallies.decays(), Self::TallySteps),
            (!table.tallies.decays(), Self::Counts),
            (row_state, Self::RowState),
        ];
        let there = optional.into_iter().filter(|(there, _)| *there).map(|(_, section)| section);
        there.chain((0..=planes).map(Self::Plane)).collect()
    }

    fn name(self) -> String {
        match self {
            Self::ExpectedCounts => "expected_count".into(),
            Self::MeanSquare => "mean_square".into(),
            Self::RunSteps => "run_step".into(),
            Self::RunRates => "run_lr".into(),
            Self::LastSteps => "last_step".into(),
            Self::DecayingTallies | Self::Counts => "tally".into(),
            Self::TallySteps => "tally_step".into(),
            Self::RowState => "row_state".into(),
            Self::Plane(0) => "weight".into(),
            Self::Plane(plane) => format!("state.{}", plane - 1),
        }
    }

    fn part(self, table: &Table, rows: u32, runs: usize) -> Part {
        let (rows, runs) = (u64::from(rows), runs as u64);
        let (dtype, shape) = match self {
            Self::MeanSquare => ("F64", vec![2]),
            Self::RunSteps => ("U64", vec![runs]),
            Self::RunRates => ("F64", vec![runs]),
            Self::ExpectedCounts | Self::DecayingTallies => ("F64", vec![rows]),
            Self::LastSteps | Self::TallySteps => ("U64", vec![rows]),
            Self::Counts => ("U32", vec![rows]),
            Self::RowState => ("F32", vec![rows]),
            Self::Plane(plane) => (table.storage.layout.dtype(plane).saved_name(), vec![rows, table.dim as u64]),
        };
        Part { name: self.name(), dtype, shape }
    }

    fn item_bytes(self, table: &Table) -> usize {
        match self {
            Self::Counts | Self::RowState => 4,
            Self::Plane(plane) => table.dim * table.storage.layout.dtype(plane).bytes(),
            _ => 8,
        }
    }
}

impl Dtype {
    fn saved_name(self) -> &'static str {
        match self {
            Dtype::F32 => "F32",
            Dtype::F16 => "F16",
            Dtype::Bf16 => "BF16",
        }
    }
}

impl Table {
    /// The arrays that are saved, in order.
    pub fn parts(&self) -> Result<Vec<Part>> {
        let runs = self.progress()?.runs;
        Ok(Section::of(self).into_iter().map(|section| section.part(self, self.rows, runs)).collect())
    }

    /// The numbers that are saved.
    pub fn progress(&self) -> Result<Progress> {
        self.check_whole()?;
        let runs = self.missed.as_ref().map_or(0, |missed| missed.visits.rates().count());
        Ok(Progress { step: self.step, lr: self.lr, factor: self.factor, runs })
    }

    /// Copies items of array number `part`, from number `first` on, to `out`, which holds a whole number of them.
    pub fn read_part(&self, part: usize, first: u64, out: &mut [u8]) -> Result<()> {
        self.check_whole()?;
        let section = Section::of(self)[part];
        let rows = first as u32..;
        match section {
            Section::Plane(plane) => {
                for (row, out) in rows.zip(out.chunks_exact_mut(section.item_bytes(self))) {
                    out.copy_from_slice(self.storage.plane(row, plane));
                }
            }
            Section::RowState => write_numbers(out, rows.map(|row| self.storage.row_state(row).to_le_bytes())),
            Section::Counts => write_numbers(out, rows.map(|row| (self.tallies.stored(row).0 as u32).to_le_bytes())),
            Section::DecayingTallies => write_numbers(out, rows.map(|row| self.tallies.stored(row).0.to_le_bytes())),
            Section::TallySteps => write_numbers(out, rows.map(|row| self.tallies.stored(row).1.unwrap_or(0).to_le_bytes())),
            Section::ExpectedCounts => {
                let counts = with_rule!(&self.rule, rule => rule.counts()).expect("a section of the rule's");
                write_numbers(out, counts[first as usize..].iter().map(|count| count.to_le_bytes()));
            }
            Section::MeanSquare => {
                let MeanSquare { sum, count } = self.mean_square;
                write_numbers(out, [sum, count].into_iter().skip(first as usize).map(f64::to_le_bytes));
            }
            Section::LastSteps => write_numbers(out, rows.map(|row| self.missed().last(row).to_le_bytes())),
            Section::RunSteps => {
                write_numbers(out, self.missed().visits.rates().skip(first as usize).map(|(step, _)| step.to_le_bytes()));
            }
            Section::RunRates => {
                write_numbers(out, self.missed().visits.rates().skip(first as usize).map(|(_, lr)| lr.to_le_bytes()));
            }
        }
        Ok(())
    }

    fn missed(&self) -> &Missed {
        self.missed.as_ref().expect("a section of tables whose rows miss steps")
    }
}

/// Copies numbers to as many bytes as there are.
pub(crate) fn write_numbers<const N: usize>(out: &mut [u8], numbers: impl Iterator<Item = [u8; N]>) {
    out.chunks_exact_mut(N).zip(numbers).for_each(|(out, number)| out.copy_from_slice(&number));
}

pub(crate) fn read_numbers<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> {
    bytes.chunks_exact(N).map(|number| number.try_into().expect("a chunk of N bytes"))
}

/// The arrays of a table with these options and so many runs, without making it.
pub fn parts_of(options: &Options, runs: usize) -> Result<Vec<Part>> {
    standard(|| {
        // What there is of a row does not depend on how many rows there are.
        let one = Options { rows: 1, padding: None, ..options.clone() };
        let table = Table::blank(&one, one.check_with(Counts::Later)?)?;
        Ok(Section::of(&table).into_iter().map(|section| section.part(&table, options.rows, runs)).collect())
    })
}

/// A table whose arrays are on their way. They come in the order of [`Table::parts`], by pieces.
pub struct Restoring {
    table: Table,
    sections: Vec<Section>,
    progress: Progress,
    /// The section that the next piece belongs to, and how much of it there is.
    at: usize,
    item: u64,
    runs: Vec<(u64, f64)>,
}

impl Restoring {
    /// A table with these options, in place of whose first weights and counts others are to come.
    pub fn new(options: &Options, progress: Progress) -> Result<Self> {
        standard(|| {
            let Progress { step, lr, factor, runs } = progress;
            if step > MOST_STEPS {
                return Err(refused(format!("step is {step}, but no table takes more than {MOST_STEPS}")));
            }
            let mut table = Table::blank(options, options.check_with(Counts::Later)?)?;
            table.step = step;
            table.lr = check_factor("lr", lr)?;
            table.factor = check_factor("factor", factor)?;
            let mut room = Vec::new();
            let bytes = size_of::<(u64, f64)>().saturating_mul(runs);
            make_room("the learning rates of steps", bytes, || room.try_reserve_exact(runs))?;
            Ok(Self { sections: Section::of(&table), table, progress, at: 0, item: 0, runs: room })
        })
    }

    /// Takes on a piece: a whole number of items of the array that is next.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.skip_full();
        let Some(&section) = self.sections.get(self.at) else {
            return Err(refused("there are more bytes than the table has".into()));
        };
        let (items, rest) = (bytes.len() / section.item_bytes(&self.table), bytes.len() % section.item_bytes(&self.table));
        if rest > 0 || self.item + items as u64 > self.length_of(section) {
            return Err(refused(format!("{} bytes of {} do not fit", bytes.len(), section.name())));
        }
        self.put(section, bytes)?;
        self.item += items as u64;
        self.skip_full();
        Ok(())
    }

    /// The table, all of whose arrays have come.
    pub fn finish(mut self) -> Result<Table> {
        self.skip_full();
        if let Some(section) = self.sections.get(self.at) {
            return Err(refused(format!("{} is not there, or not all of it", section.name())));
        }
        let Self { table, runs, .. } = &mut self;
        if let Some(missed) = &mut table.missed {
            with_rule!(&table.rule, rule => missed.visits.restore(rule, runs, table.step))?;
        }
        Ok(self.table)
    }

    fn length_of(&self, section: Section) -> u64 {
        section.part(&self.table, self.table.rows, self.progress.runs).shape[0]
    }

    fn skip_full(&mut self) {
        while self.sections.get(self.at).is_some_and(|&section| self.item == self.length_of(section)) {
            (self.at, self.item) = (self.at + 1, 0);
        }
    }

    fn put(&mut self, section: Section, bytes: &[u8]) -> Result<()> {
        let items = self.item..;
        let step = self.table.step;
        let wrong = |item: u64, what: String| Err(refused(format!("{}[{item}] {what}", section.name())));
        match section {
            Section::Plane(plane) => return self.put_rows(plane, bytes),
            Section::ExpectedCounts => return self.put_counts(bytes),
            Section::RowState => {
                for (row, state) in items.zip(read_numbers(bytes)) {
                    self.table.storage.set_row_state(row as u32, f32::from_le_bytes(state));
                }
            }
            Section::MeanSquare => {
                for (item, number) in items.zip(read_numbers(bytes).map(f64::from_le_bytes)) {
                    if number < 0.0 || (item == 1 && !number.is_finite()) {
                        return wrong(item, format!("is {number}, which no sum of squares or count is"));
                    }
                    let MeanSquare { sum, count } = &mut self.table.mean_square;
                    *(if item == 0 { sum } else { count }) = number;
                }
            }
            Section::RunSteps => {
                for (item, first) in items.zip(read_numbers(bytes).map(u64::from_le_bytes)) {
                    let least = self.runs.last().map_or(1, |&(before, _)| before + 1);
                    if !(least..=step).contains(&first) {
                        return wrong(item, format!("is {first}, but must be from {least} to the table's step, {step}"));
                    }
                    self.runs.push((first, f64::NAN));
                }
            }
            Section::RunRates => {
                for (item, lr) in items.zip(read_numbers(bytes).map(f64::from_le_bytes)) {
                    let same = item > 0 && self.runs[item as usize - 1].1 == lr;
                    if !lr.is_finite() || lr < 0.0 || same {
                        return wrong(item, format!("is {lr}, but must be finite, at least 0, and not the rate before it"));
                    }
                    self.runs[item as usize].1 = lr;
                }
            }
            Section::LastSteps => {
                let known = self.runs.first().map_or(step, |&(first, _)| first - 1);
                for (row, last) in items.zip(read_numbers(bytes).map(u64::from_le_bytes)) {
                    if !(known..=step).contains(&last) {
                        return wrong(row, format!("is {last}, but must be from {known} to the table's step, {step}"));
                    }
                    if let Some(missed) = &mut self.table.missed {
                        missed.set_last(row as u32, last);
                    }
                }
            }
            Section::Counts => {
                for (row, count) in items.zip(read_numbers(bytes).map(u32::from_le_bytes)) {
                    self.table.tallies.store(row as u32, count.into(), 0);
                }
            }
            Section::DecayingTallies => {
                for (row, tally) in items.zip(read_numbers(bytes).map(f64::from_le_bytes)) {
                    if !(tally >= 0.0 && tally.is_finite()) {
                        return wrong(row, format!("is {tally}, but must be finite and at least 0"));
                    }
                    self.table.tallies.store(row as u32, tally, 0);
                }
            }
            Section::TallySteps => {
                for (row, last) in items.zip(read_numbers(bytes).map(u64::from_le_bytes)) {
                    if last > step {
                        return wrong(row, format!("is {last}, but the table has taken {step} steps"));
                    }
                    let tally = self.table.tallies.stored(row as u32).0;
                    self.table.tallies.store(row as u32, tally, last);
                }
            }
        }
        Ok(())
    }

    /// Weights and state may be anything that a step can have made of them, but for the padding row's.
    fn put_rows(&mut self, plane: usize, bytes: &[u8]) -> Result<()> {
        let item_bytes = Section::Plane(plane).item_bytes(&self.table);
        for (row, bytes) in (self.item as u32..).zip(bytes.chunks_exact(item_bytes)) {
            if plane == 0 && self.table.padding == Some(row) && bytes.iter().any(|&byte| byte != 0) {
                return Err(refused(format!("weight[{row}] is the padding row, but not zeros")));
            }
            self.table.storage.plane_mut(row, plane).copy_from_slice(bytes);
        }
        Ok(())
    }

    fn put_counts(&mut self, bytes: &[u8]) -> Result<()> {
        with_rule!(&mut self.table.rule, rule => {
            for (row, count) in (self.item as usize..).zip(read_numbers(bytes).map(f64::from_le_bytes)) {
                if let Some(expected) = rule.refuses_count(count) {
                    return Err(refused(format!("expected_count[{row}] must be {expected}, but is {count}")));
                }
                let counts = rule.counts_mut().and_then(Arc::get_mut).expect("nobody else has a table that is not there yet");
                counts[row] = count;
            }
        });
        Ok(())
    }
}

pub(crate) fn refused(what: String) -> Error {
    Error::FileFormat { what }
}
