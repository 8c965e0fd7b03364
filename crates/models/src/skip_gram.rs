//! Skip-gram with negative sampling (Mikolov et al., 2013): the words around a word predict it, against words drawn by chance.
//!
//! The negatives of a word are drawn once for all that predict it (Ji et al., "Parallelizing word2vec in shared and distributed memory", 2016). So a
//! word and its window are a small matrix product, and each row is read and written once for all its pairs.
//!
//! Every draw is a hash of the seed and the word's place in all that is read: it does not matter how the text is cut into batches, or who draws.

use std::sync::Mutex;

use tallygrad_core::error::{Error, Result};
use tallygrad_core::float_mode::standard;
use tallygrad_core::lanes::{LANES, Simd, dispatch};
use tallygrad_core::memory::{Buffer, make_room};
use tallygrad_core::pool;
use tallygrad_core::rng;
use tallygrad_core::shared::SharedSlice;
use tallygrad_core::table::{Ids, Ready, Table};

use crate::machine::threads_for;
use crate::noise::Noise;
use crate::pairs::{Centre, Learn};
use crate::spans::Spans;

const PURPOSE: &str = "a batch of words";
/// Words to each side in a window without bounds, so that a long sentence is not paired with itself as a whole.
pub const MOST_WINDOW: usize = 100;
/// Draws that may hit the word itself before its neighbour in the vocabulary is taken.
const MOST_DRAWS: u32 = 16;
/// What a draw is for: it is hashed with the rest.
const OF_WORD: u32 = 0;
const OF_NEGATIVES: u32 = 1;

/// What a model is like.
#[derive(Clone, Debug)]
pub struct Settings<'a> {
    /// Floats a vector.
    pub dim: usize,
    /// Words to each side, of which 1 to all are taken; 0: always all there are, up to [`MOST_WINDOW`].
    pub window: usize,
    /// Words drawn against each word.
    pub negatives: usize,
    /// Share of all words above which a word is thinned out; 0: none is.
    pub subsample: f64,
    /// Negatives are drawn in proportion to counts to this power.
    pub power: f64,
    /// Occurrences of each word.
    pub counts: &'a [f64],
    /// Seed of all draws.
    pub seed: u64,
}

/// What came of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Summed loss of the pairs, each with its negatives, whose loss was computed.
    pub loss: f64,
    /// How many those are.
    pub pairs: f64,
}

/// The model's arithmetic, and the space it works in.
pub struct SkipGram {
    dim: usize,
    window: usize,
    negatives: usize,
    seed: u64,
    words: u32,
    simd: Simd,
    /// For each word, how likely an occurrence is kept, in units of 2^-32.
    keep: Buffer<u32>,
    noise: Noise,
    /// The batch's words that were kept.
    kept: Vec<u32>,
    centres: Vec<Centre>,
    /// Rows of the first table, window by window; and of the second, word and negatives.
    inputs: Buffer<u32>,
    outputs: Buffer<u32>,
    /// Vectors of those, then their gradients.
    input_gradients: Buffer<f32>,
    output_gradients: Buffer<f32>,
    /// For each span space for a word's outputs and its pairs.
    space: Buffer<f32>,
    losses: Buffer<f64>,
}

impl SkipGram {
    /// A model of these settings.
    pub fn new(settings: &Settings) -> Result<Self> {
        let &Settings { dim, window, negatives, subsample, power, counts, seed } = settings;
        let total: f64 = counts.iter().sum();
        let mut keep = Buffer::zeroed(counts.len() as u128, "shares of words to keep")?;
        for (keep, count) in keep.iter_mut().zip(counts) {
            let frequent = count / total / subsample;
            let share = if subsample > 0.0 { (1.0 / frequent).sqrt() + 1.0 / frequent } else { 1.0 };
            // What is kept always is a draw that is always below.
            *keep = if share >= 1.0 { u32::MAX } else { (share * 4_294_967_296.0) as u32 };
        }
        let empty = || Buffer::zeroed(0, PURPOSE);
        Ok(Self {
            dim,
            window,
            negatives,
            seed,
            words: counts.len() as u32,
            simd: Simd::detect(),
            keep,
            noise: Noise::new(counts, power)?,
            kept: Vec::new(),
            centres: Vec::new(),
            inputs: Buffer::zeroed(0, PURPOSE)?,
            outputs: Buffer::zeroed(0, PURPOSE)?,
            input_gradients: empty()?,
            output_gradients: empty()?,
            space: empty()?,
            losses: Buffer::zeroed(0, PURPOSE)?,
        })
    }

    /// Makes the inner loops run on something else, for tests: the bits are the same.
    pub fn set_simd(&mut self, simd: Simd) {
        self.simd = simd;
    }

    /// Bytes of working space and of what is known of words.
    pub fn bytes(&self) -> u64 {
        let floats = [&self.input_gradients, &self.output_gradients, &self.space].map(|buffer| buffer.bytes());
        let integers = [&self.keep, &self.inputs, &self.outputs].map(|buffer| buffer.bytes());
        let lists = size_of::<Centre>() * self.centres.capacity() + 4 * self.kept.capacity();
        floats.iter().chain(&integers).sum::<u64>() + self.losses.bytes() + self.noise.bytes() + lists as u64
    }

    /// Computes the gradients of a batch: sentences one behind the other, each from one of `starts` to the next, which begin with 0 and end with the
    /// number of words. `place` is how many words were read before. Nothing changes that anybody can see.
    pub fn compute(&mut self, inputs: &Table, outputs: &Table, words: &[u32], starts: &[u32], place: u64) -> Result<Outcome> {
        assert!(starts.is_sorted() && starts.first() == Some(&0) && starts.last() == Some(&(words.len() as u32)));
        for table in [inputs, outputs] {
            assert!(table.rows() == self.words && table.dim() == self.dim);
            table.check(Ids::from(words))?;
        }
        let windows = self.find_windows(words, starts, place)?;
        let (targets, dim) = (1 + self.negatives, self.dim);
        self.inputs.reserve(windows, PURPOSE)?;
        self.outputs.reserve(self.centres.len() * targets, PURPOSE)?;
        self.input_gradients.reserve(windows * dim, PURPOSE)?;
        self.output_gradients.reserve(self.centres.len() * targets * dim, PURPOSE)?;
        let spans = Spans::of(self.centres.len());
        let widest = if self.window == 0 { 2 * MOST_WINDOW } else { 2 * self.window };
        let space = targets * dim + (widest * targets).next_multiple_of(LANES);
        self.space.reserve(space * spans.count, PURPOSE)?;
        self.losses.reserve(2 * spans.count, PURPOSE)?;
        standard(|| self.run(inputs, outputs, spans, space))?;
        let losses = self.losses[..2 * spans.count].chunks_exact(2);
        let outcome =
            losses.fold(Outcome::default(), |sum, part| Outcome { loss: sum.loss + part[0], pairs: sum.pairs + part[1] });
        if outcome.loss.is_finite() {
            return Ok(outcome);
        }
        Err(Error::NotFinite { name: "the loss of what the model predicts for this batch", value: outcome.loss })
    }

    /// Has the tables take the step that [`SkipGram::compute`] has found: both, or none. Gives the number of rows that were skipped.
    pub fn apply(&self, inputs: &mut Table, outputs: &mut Table) -> Result<u64> {
        let ready = [self.prepare(false, inputs)?, self.prepare(true, outputs)?];
        let skipped =
            self.finish(false, inputs, ready[0]).and_then(|skipped| Ok(skipped + self.finish(true, outputs, ready[1])?));
        if skipped.is_err() {
            inputs.poison();
            outputs.poison();
        }
        skipped
    }

    /// The first half of a table's part in [`SkipGram::apply`], which refuses what is to be refused.
    pub fn prepare(&self, second: bool, table: &mut Table) -> Result<Ready> {
        let (ids, gradients) = self.gradients(second);
        table.prepare(Ids::from(ids), gradients, 1.0, threads_for(table, Ids::from(ids)))
    }

    /// The second half.
    pub fn finish(&self, second: bool, table: &mut Table, ready: Ready) -> Result<u64> {
        table.finish(ready, self.gradients(second).1, 1.0)
    }

    /// What the last batch came to: for each word that is predicted, the words of its window; and it itself with its negatives.
    pub fn windows(&self) -> impl Iterator<Item = (&[u32], &[u32])> {
        let targets = self.outputs.chunks_exact(1 + self.negatives);
        self.centres.iter().zip(targets).map(|(centre, targets)| {
            let start = centre.start as usize;
            (&self.inputs[start..start + (centre.before + centre.behind) as usize], targets)
        })
    }

    /// Rows of a table, and their gradients.
    fn gradients(&self, second: bool) -> (&[u32], &[f32]) {
        let windows: usize = self.centres.last().map_or(0, |last| (last.start + last.before + last.behind) as usize);
        let targets = self.centres.len() * (1 + self.negatives);
        if second {
            (&self.outputs[..targets], &self.output_gradients[..targets * self.dim])
        } else {
            (&self.inputs[..windows], &self.input_gradients[..windows * self.dim])
        }
    }

    /// Thins out the words, and finds the window of each that is left; gives the windows' words in all.
    fn find_windows(&mut self, words: &[u32], starts: &[u32], place: u64) -> Result<usize> {
        self.kept.clear();
        self.centres.clear();
        make_room(PURPOSE, size_of::<Centre>() * words.len(), || {
            self.kept.try_reserve(words.len())?;
            self.centres.try_reserve(words.len())
        })?;
        let mut end = 0;
        for sentence in starts.windows(2) {
            let first = self.centres.len();
            let first_kept = self.kept.len();
            for at in sentence[0]..sentence[1] {
                let (word, place) = (words[at as usize], place + u64::from(at));
                let draws = rng::words(self.seed, place, OF_WORD, 0);
                if draws[0] <= self.keep[word as usize] {
                    let reach = if self.window == 0 {
                        MOST_WINDOW
                    } else {
                        1 + ((u64::from(draws[1]) * self.window as u64) >> 32) as usize
                    };
                    let (kept, reach) = (self.kept.len() as u32, reach as u32);
                    let before = reach.min(kept - first_kept as u32);
                    self.centres.push(Centre { word, before, behind: reach, place, kept, start: 0 });
                    self.kept.push(word);
                }
            }
            let length = self.kept.len();
            for centre in &mut self.centres[first..] {
                centre.behind = centre.behind.min((length - 1) as u32 - centre.kept);
                centre.start = end;
                end += centre.before + centre.behind;
            }
        }
        // A word alone predicts nothing.
        self.centres.retain(|centre| centre.before + centre.behind > 0);
        Ok(end as usize)
    }

    fn run(&mut self, inputs: &Table, outputs: &Table, spans: Spans, space: usize) -> Result<()> {
        let (dim, negatives, targets) = (self.dim, self.negatives, 1 + self.negatives);
        let (centres, kept, noise, simd) = (&self.centres[..], &self.kept[..], &self.noise, self.simd);
        let (seed, words) = (self.seed, self.words);
        let (all_inputs, all_outputs) = (SharedSlice::new(&mut self.inputs), SharedSlice::new(&mut self.outputs));
        let input_gradients = SharedSlice::new(&mut self.input_gradients);
        let output_gradients = SharedSlice::new(&mut self.output_gradients);
        let (all_space, losses) = (SharedSlice::new(&mut self.space), SharedSlice::new(&mut self.losses));
        let failed = Mutex::new(None);
        let span = |span: usize| {
            // SAFETY: each span has space and losses of its own.
            let (space, losses) =
                unsafe { (all_space.range(span * space..(span + 1) * space), losses.range(2 * span..2 * span + 2)) };
            losses.fill(0.0);
            for block in spans.blocks(span) {
                let numbers = block.clone();
                let block = &centres[block];
                let (Some(first), Some(last)) = (block.first(), block.last()) else { continue };
                let windows = first.start as usize..(last.start + last.before + last.behind) as usize;
                let targets = numbers.start * targets..numbers.end * targets;
                // SAFETY: each block has occurrences of its own.
                let (input_ids, output_ids, input_rows, output_rows) = unsafe {
                    (
                        all_inputs.range(windows.clone()),
                        all_outputs.range(targets.clone()),
                        input_gradients.range(windows.start * dim..windows.end * dim),
                        output_gradients.range(targets.start * dim..targets.end * dim),
                    )
                };
                for (centre, targets) in block.iter().zip(output_ids.chunks_exact_mut(1 + negatives)) {
                    let at = centre.kept as usize;
                    let window =
                        &mut input_ids[centre.start as usize - windows.start..][..(centre.before + centre.behind) as usize];
                    let (before, behind) = window.split_at_mut(centre.before as usize);
                    before.copy_from_slice(&kept[at - before.len()..at]);
                    behind.copy_from_slice(&kept[at + 1..at + 1 + behind.len()]);
                    targets[0] = centre.word;
                    draw_negatives(noise, seed, centre, words, &mut targets[1..]);
                }
                let read = inputs.lookup(Ids::from(&*input_ids), input_rows);
                if let Err(error) = read.and_then(|()| outputs.lookup(Ids::from(&*output_ids), output_rows)) {
                    *failed.lock().expect("nothing panics while it is held") = Some(error);
                    return;
                }
                let learn = Learn { dim, negatives, centres: block, first: numbers.start, input_rows, output_rows, space };
                let (loss, pairs) = dispatch(simd, learn);
                losses[0] += loss;
                losses[1] += pairs;
            }
        };
        let threads = if spans.count < 2 { 1 } else { inputs.threads() };
        pool::run(threads, spans.count, &span).map_err(|_| Error::Poisoned)?;
        failed.into_inner().expect("nothing panics while it is held").map_or(Ok(()), Err)
    }
}

/// Draws words that are not the centre itself.
fn draw_negatives(noise: &Noise, seed: u64, centre: &Centre, words: u32, negatives: &mut [u32]) {
    let (mut block, mut draws, mut next) = (0, [0; rng::WORDS], rng::WORDS);
    for negative in negatives {
        let mut drawn = centre.word;
        for _ in 0..MOST_DRAWS {
            if next == rng::WORDS {
                (draws, next) = (rng::words(seed, centre.place, OF_NEGATIVES, block), 0);
                block += 1;
            }
            drawn = noise.draw(draws[next], draws[next + 1]);
            next += 2;
            if drawn != centre.word {
                break;
            }
        }
        *negative = if drawn == centre.word { (drawn + 1) % words } else { drawn };
    }
}
