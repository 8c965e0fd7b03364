//! The batches that native benches time: shapes by name, ids by Zipf's law, gradients of unit size; or those that bench/suite wrote to
//! files, so that contestants in other languages have the same.

/// Batches that take turns, so that nothing is learned by heart.
pub const BATCHES: usize = 8;

/// A table's size and what a batch of it looks like.
#[derive(Clone, Copy)]
pub struct Shape {
    /// Its name in the issues and records.
    pub name: &'static str,
    /// Rows of the table.
    pub rows: usize,
    /// Weights a row.
    pub dim: usize,
    /// Occurrences in a batch.
    pub ids: usize,
    /// Exponent of Zipf's law; 0 is uniform.
    pub zipf: f64,
    /// The share of occurrences that are all of one row.
    pub hot: f64,
    /// Steps a contestant takes before the next one's turn: enough for caches to be as they are in a training loop.
    pub steps_a_turn: usize,
}

/// The shapes.
pub const SHAPES: [Shape; 5] = [
    Shape { name: "W1", rows: 1_000_000, dim: 64, ids: 65_536, zipf: 1.05, hot: 0.0, steps_a_turn: 8 },
    Shape { name: "W2", rows: 100_000, dim: 16, ids: 4_096, zipf: 1.05, hot: 0.0, steps_a_turn: 64 },
    Shape { name: "W4", rows: 1_000_000, dim: 64, ids: 65_536, zipf: 0.0, hot: 0.0, steps_a_turn: 8 },
    Shape { name: "hot 0.5", rows: 1_000_000, dim: 64, ids: 65_536, zipf: 1.05, hot: 0.5, steps_a_turn: 8 },
    Shape { name: "hot 0.8", rows: 1_000_000, dim: 64, ids: 65_536, zipf: 1.05, hot: 0.8, steps_a_turn: 8 },
];

/// One batch.
pub struct Batch {
    /// Row of each occurrence.
    pub ids: Vec<u32>,
    /// `dim` elements for each occurrence.
    pub gradients: Vec<f32>,
}

/// SplitMix64.
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// The numbers below `count` in random order.
    pub fn permutation(&mut self, count: usize) -> Vec<u32> {
        let mut order: Vec<u32> = (0..count as u32).collect();
        for at in (1..count).rev() {
            order.swap(at, (self.next() % (at as u64 + 1)) as usize);
        }
        order
    }
}

/// The batches of a shape. Which rows are popular is a random choice.
pub fn batches(shape: Shape) -> Vec<Batch> {
    let mut random = Random(42);
    let mut sum = 0.0;
    let cumulative: Vec<f64> = (1..=shape.rows)
        .map(|rank| {
            sum += (rank as f64).powf(-shape.zipf);
            sum
        })
        .collect();
    let rows = random.permutation(shape.rows);
    let batch = |random: &mut Random| {
        let mut id = || {
            if shape.hot > 0.0 && random.unit() < shape.hot {
                rows[0]
            } else {
                rows[cumulative.partition_point(|&c| c < random.unit() * sum).min(shape.rows - 1)]
            }
        };
        let ids = (0..shape.ids).map(|_| id()).collect();
        let gradients = (0..shape.ids * shape.dim).map(|_| (random.unit() * 2.0 - 1.0) as f32).collect();
        Batch { ids, gradients }
    };
    (0..BATCHES).map(|_| batch(&mut random)).collect()
}

/// The batches in files that bench/suite wrote: `NAME.ids` and `NAME.gradients` in a folder, one batch after the other.
pub fn read_batches(folder: &str, name: &str, count: usize, dim: usize) -> std::io::Result<Vec<Batch>> {
    let read = |kind: &str| std::fs::read(format!("{folder}/{name}.{kind}"));
    let (ids, gradients) = (read("ids")?, read("gradients")?);
    let word = |bytes: &[u8]| <[u8; 4]>::try_from(bytes).expect("chunks of four bytes");
    Ok(ids
        .chunks_exact(4 * count)
        .zip(gradients.chunks_exact(4 * count * dim))
        .map(|(ids, gradients)| Batch {
            ids: ids.chunks_exact(4).map(|bytes| u32::from_le_bytes(word(bytes))).collect(),
            gradients: gradients.chunks_exact(4).map(|bytes| f32::from_le_bytes(word(bytes))).collect(),
        })
        .collect())
}

/// What memory is mapped with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Pages {
    /// Those of 4 KiB, even where the system would give huge ones by itself.
    Small,
    /// Huge ones where the system has them.
    Huge,
}

/// Zeros on pages like the kernel's.
pub fn zeros(count: usize) -> Vec<f32> {
    floats(count, Pages::Huge)
}

/// Zeros on pages of a kind, touched already.
pub fn floats(count: usize, pages: Pages) -> Vec<f32> {
    let mut zeros: Vec<f32> = Vec::with_capacity(count);
    #[cfg(target_os = "linux")]
    // SAFETY: advice about pages of this allocation changes nothing that is in them. Where it cannot be followed, it is refused.
    unsafe {
        let (size, advice) = match pages {
            Pages::Small => (4 << 10, libc::MADV_NOHUGEPAGE),
            Pages::Huge => (2 << 20, libc::MADV_HUGEPAGE),
        };
        let start = (zeros.as_ptr() as usize).next_multiple_of(size);
        let end = zeros.as_ptr() as usize + count * size_of::<f32>();
        if start < end {
            libc::madvise(start as *mut libc::c_void, end - start, advice);
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = pages;
    zeros.resize(count, -0.0);
    zeros
}
