//! Words drawn in proportion to count^power, by Walker's alias method as Vose has it (1991): two random words a draw.

use tallygrad_core::error::Result;
use tallygrad_core::memory::Buffer;

const PURPOSE: &str = "a table of negatives";

/// A distribution over words.
pub(crate) struct Noise {
    /// For each word the share of its column that is its own, in units of 2^-32.
    own: Buffer<u32>,
    /// The word that has the rest.
    other: Buffer<u32>,
}

impl Noise {
    /// In proportion to `counts`, each to this power. There is one word at least, and a count above 0.
    pub fn new(counts: &[f64], power: f64) -> Result<Self> {
        let words = counts.len();
        let mut own = Buffer::zeroed(words as u128, PURPOSE)?;
        let mut other = Buffer::zeroed(words as u128, PURPOSE)?;
        let mut shares = Buffer::<f64>::zeroed(words as u128, PURPOSE)?;
        let mut order = Buffer::<u32>::zeroed(words as u128, PURPOSE)?;
        shares
            .iter_mut()
            .zip(counts)
            .for_each(|(share, &count)| *share = if count > 0.0 { libm::pow(count, power) } else { 0.0 });
        let total: f64 = shares.iter().sum();
        shares.iter_mut().for_each(|share| *share *= words as f64 / total);
        // Words below their fair share from the front, those above from the back.
        let (mut small, mut large) = (0, words);
        for (word, &share) in shares.iter().enumerate() {
            if share < 1.0 {
                order[small] = word as u32;
                small += 1;
            } else {
                large -= 1;
                order[large] = word as u32;
            }
        }
        let mut next = 0;
        while next < small && large < words {
            let (poor, rich) = (order[next] as usize, order[large] as usize);
            own[poor] = (shares[poor] * 4_294_967_296.0) as u32;
            other[poor] = rich as u32;
            shares[rich] -= 1.0 - shares[poor];
            next += 1;
            if shares[rich] < 1.0 {
                // It joins those that are still to be filled; there is room behind them, where filled ones were.
                order[small] = rich as u32;
                small += 1;
                large += 1;
            }
        }
        // Whoever is left has all of a column, but for rounding.
        let rest = order[next..small].iter().chain(order[large..].iter());
        for &word in rest {
            (own[word as usize], other[word as usize]) = (u32::MAX, word);
        }
        Ok(Self { own, other })
    }

    /// Bytes held.
    pub fn bytes(&self) -> u64 {
        self.own.bytes() + self.other.bytes()
    }

    /// The word that two random words stand for.
    #[inline(always)]
    pub fn draw(&self, column: u32, share: u32) -> u32 {
        let column = ((u64::from(column) * self.own.len() as u64) >> 32) as u32;
        if share < self.own[column as usize] { column } else { self.other[column as usize] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goes through all columns and adds up what each word has of them.
    #[test]
    fn shares_are_as_counts_say() {
        for counts in
            [vec![5.0], vec![1.0, 1.0], vec![100.0, 1.0, 7.0, 0.0, 3.0, 50.0], (1..999).map(|n| 1e6 / f64::from(n)).collect()]
        {
            for power in [1.0, 0.75, 0.0] {
                let noise = Noise::new(&counts, power).unwrap();
                let mut shares = vec![0.0; counts.len()];
                for word in 0..counts.len() {
                    let own = f64::from(noise.own[word]) / 4_294_967_296.0;
                    shares[word] += own;
                    shares[noise.other[word] as usize] += 1.0 - own;
                }
                let weights: Vec<f64> = counts.iter().map(|&count| if count > 0.0 { count.powf(power) } else { 0.0 }).collect();
                let total: f64 = weights.iter().sum();
                for (share, weight) in shares.iter().zip(&weights) {
                    let expected = weight / total * counts.len() as f64;
                    assert!((share - expected).abs() < 1e-6 * (1.0 + expected), "{share}, but {expected}");
                }
            }
        }
    }

    #[test]
    fn draws_reach_all_columns() {
        let noise = Noise::new(&[1.0, 1.0, 1.0], 1.0).unwrap();
        assert_eq!([0, u32::MAX / 2, u32::MAX].map(|column| noise.draw(column, 0)), [0, 1, 2]);
    }
}
