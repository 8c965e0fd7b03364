//! How a batch is cut for the threads: at places that depend on its length alone.

use std::ops::Range;

use tallygrad_core::pool::TASKS;

/// Examples that are worked on side by side.
pub(crate) const BLOCK: usize = 64;

/// Parts of a batch, whole blocks each but for the last.
#[derive(Clone, Copy)]
pub(crate) struct Spans {
    examples: usize,
    pub count: usize,
}

impl Spans {
    /// At least one, which may be empty.
    pub fn of(examples: usize) -> Self {
        Self { examples, count: examples.div_ceil(BLOCK).clamp(1, TASKS) }
    }

    /// The blocks of a span.
    pub fn blocks(self, span: usize) -> impl Iterator<Item = Range<usize>> {
        let blocks = self.examples.div_ceil(BLOCK);
        let range = span * blocks / self.count..(span + 1) * blocks / self.count;
        range.map(move |block| block * BLOCK..((block + 1) * BLOCK).min(self.examples))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_the_batch_in_order() {
        for examples in [0, 1, 63, 64, 65, 1024, 4095, 4096, 4097, 100_000] {
            let spans = Spans::of(examples);
            let mut next = 0;
            for span in 0..spans.count {
                for block in spans.blocks(span) {
                    assert!(block.start == next && block.len() <= BLOCK && !block.is_empty());
                    next = block.end;
                }
            }
            assert_eq!(next, examples);
        }
    }
}
