//! The batches that every bench of this project times: shapes by name, ids by Zipf's law, gradients of unit size.

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
    /// Steps a contestant takes before the next one's turn: enough for caches to be as they are in a training loop.
    pub steps_a_turn: usize,
}

/// The shapes.
pub const SHAPES: [Shape; 3] = [
    Shape { name: "W1", rows: 1_000_000, dim: 64, ids: 65_536, zipf: 1.05, steps_a_turn: 8 },
    Shape { name: "W2", rows: 100_000, dim: 16, ids: 4_096, zipf: 1.05, steps_a_turn: 64 },
    Shape { name: "W4", rows: 1_000_000, dim: 64, ids: 65_536, zipf: 0.0, steps_a_turn: 8 },
];

/// One batch.
pub struct Batch {
    /// Row of each occurrence.
    pub ids: Vec<u32>,
    /// `dim` elements for each occurrence.
    pub gradients: Vec<f32>,
}

/// SplitMix64.
struct Random(u64);

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
    let mut rows: Vec<u32> = (0..shape.rows as u32).collect();
    for at in (1..shape.rows).rev() {
        rows.swap(at, (random.next() % (at as u64 + 1)) as usize);
    }
    let batch = |random: &mut Random| {
        let mut id = || rows[cumulative.partition_point(|&c| c < random.unit() * sum).min(shape.rows - 1)];
        let ids = (0..shape.ids).map(|_| id()).collect();
        let gradients = (0..shape.ids * shape.dim).map(|_| (random.unit() * 2.0 - 1.0) as f32).collect();
        Batch { ids, gradients }
    };
    (0..BATCHES).map(|_| batch(&mut random)).collect()
}

/// Zeros on pages like the kernel's: huge ones where the system has them, touched already.
pub fn zeros(count: usize) -> Vec<f32> {
    let mut zeros: Vec<f32> = Vec::with_capacity(count);
    #[cfg(target_os = "linux")]
    // SAFETY: advice about pages of this allocation changes nothing that is in them. Where they cannot be huge, it is refused.
    unsafe {
        const HUGE_PAGE: usize = 2 << 20;
        let start = (zeros.as_ptr() as usize).next_multiple_of(HUGE_PAGE);
        let end = zeros.as_ptr() as usize + count * size_of::<f32>();
        if start < end {
            libc::madvise(start as *mut libc::c_void, end - start, libc::MADV_HUGEPAGE);
        }
    }
    zeros.resize(count, -0.0);
    zeros
}
