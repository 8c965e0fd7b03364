//! Widths of rows: loops over rows are compiled for those that are common, and once for all others.

/// How many elements a row has: a constant for common widths, so that loops over a row are unrolled, or any number.
pub(crate) trait Width: Copy {
    /// Whether rows are floats in place that are left to their rule; else more is to be done.
    const PLAIN: bool = true;

    fn dim(self) -> usize;
}

/// A width known to the compiler.
#[derive(Clone, Copy)]
pub(crate) struct Fixed<const DIM: usize>;

impl<const DIM: usize> Width for Fixed<DIM> {
    #[inline(always)]
    fn dim(self) -> usize {
        DIM
    }
}

/// Any other width.
#[derive(Clone, Copy)]
pub(crate) struct Any(pub usize);

impl Width for Any {
    #[inline(always)]
    fn dim(self) -> usize {
        self.0
    }
}

/// Any width, of rows that are stored in less than float32, are treated otherwise than by their rule, or have missed steps.
#[derive(Clone, Copy)]
pub(crate) struct Treated(pub usize);

impl Width for Treated {
    const PLAIN: bool = false;

    #[inline(always)]
    fn dim(self) -> usize {
        self.0
    }
}

/// Evaluates an expression with `$width` as what fits rows of `$dim` elements that are plain, or not.
macro_rules! with_width {
    ($dim:expr, $plain:expr, $width:ident => $body:expr) => {
        match $dim {
            dim if !$plain => with_width!(@ $crate::width::Treated(dim), $width => $body),
            1 => with_width!(@ $crate::width::Fixed::<1>, $width => $body),
            16 => with_width!(@ $crate::width::Fixed::<16>, $width => $body),
            32 => with_width!(@ $crate::width::Fixed::<32>, $width => $body),
            64 => with_width!(@ $crate::width::Fixed::<64>, $width => $body),
            dim => with_width!(@ $crate::width::Any(dim), $width => $body),
        }
    };
    (@ $value:expr, $width:ident => $body:expr) => {{
        let $width = $value;
        $body
    }};
}
pub(crate) use with_width;
