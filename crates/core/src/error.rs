//! What can be wrong with a call, as data: a stable code for programs, and a message that names the argument, the
//! position and the value for people. Doors pass both on unchanged.

use std::fmt;

/// Why a call was refused. Unless it says otherwise, the table is as it was before the call.
#[derive(Clone, Debug, PartialEq)]
pub enum Error {
    /// An id is negative or not below the number of rows.
    IdOutOfRange {
        /// Index into `ids`.
        position: usize,
        /// The id found there.
        id: i64,
        /// Number of rows of the table.
        rows: u64,
    },
    /// An array has the wrong number of elements.
    WrongLength {
        /// Name of the argument.
        argument: &'static str,
        /// The length it must have, in words: `"ids.length * dim = 12"`.
        expected: String,
        /// The length it has.
        found: usize,
    },
    /// The offsets of bags do not cut their ids into bags.
    Offsets {
        /// Index into `offsets`.
        position: usize,
        /// What must be there, in words: `"ids.length = 12"`.
        expected: String,
        /// What is there, if anything.
        found: Option<u32>,
    },
    /// A number that must be finite is not.
    NonFinite {
        /// Name of the argument.
        argument: &'static str,
        /// Index into it.
        position: usize,
        /// The value found there.
        value: f32,
        /// What must be finite: `"it"`, `"its product with scale"`, `"its square"`.
        what: &'static str,
    },
    /// The elements of a gradient and their squares are finite, but the sum of the squares is not.
    SquaresNotFinite {
        /// Index of the first element into `gradients`.
        first: usize,
        /// Index of the last element.
        last: usize,
    },
    /// A number to multiply with is not finite in float32, or rounds to 0 there.
    NotFinite {
        /// Its name.
        name: &'static str,
        /// Its value.
        value: f64,
    },
    /// All gradients are finite, but their sum for one row (or its square) is not.
    SumNotFinite {
        /// The row.
        row: u32,
    },
    /// The padding row was given something other than zeros.
    PaddingRow {
        /// Index into `values`.
        position: usize,
        /// The value found there.
        value: f32,
    },
    /// An option has a value outside its range.
    OptionValue {
        /// Dotted name: `"optimizer.lr"`.
        name: String,
        /// What it must be: `"a number above 0"`.
        expected: String,
        /// What it is.
        found: String,
    },
    /// An option without a default is missing.
    MissingOption {
        /// Dotted name.
        name: String,
    },
    /// Two options exclude each other.
    OptionConflict {
        /// The first, as `name: value`.
        one: String,
        /// The second, as `name: value`.
        other: String,
        /// Why they exclude each other.
        because: &'static str,
    },
    /// What was saved is not what a table, or whatever it is to become, can be.
    FileFormat {
        /// What is wrong where, in words.
        what: String,
    },
    /// Memory that is needed cannot be had.
    OutOfMemory {
        /// What it is for.
        what: &'static str,
        /// How many bytes were asked for.
        bytes: u128,
    },
    /// A step was cut off by a fault in the kernel. The table may be half updated and refuses to go on.
    Poisoned,
}

impl Error {
    /// An option whose value is out of range.
    pub(crate) fn option(name: &str, expected: &str, value: f64) -> Self {
        Error::OptionValue { name: name.into(), expected: expected.into(), found: shown(value) }
    }

    /// The stable code of this kind of error.
    pub fn code(&self) -> &'static str {
        match self {
            Error::IdOutOfRange { .. } => "ERR_ID_OUT_OF_RANGE",
            Error::WrongLength { .. } => "ERR_WRONG_LENGTH",
            Error::Offsets { .. } => "ERR_OFFSETS",
            Error::NonFinite { .. } | Error::NotFinite { .. } | Error::SquaresNotFinite { .. } | Error::SumNotFinite { .. } => {
                "ERR_NON_FINITE"
            }
            Error::PaddingRow { .. } => "ERR_PADDING_ROW",
            Error::OptionValue { .. } => "ERR_OPTION_VALUE",
            Error::MissingOption { .. } => "ERR_MISSING_OPTION",
            Error::OptionConflict { .. } => "ERR_OPTION_CONFLICT",
            Error::FileFormat { .. } => "ERR_FILE_FORMAT",
            Error::OutOfMemory { .. } => "ERR_OUT_OF_MEMORY",
            Error::Poisoned => "ERR_POISONED",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::IdOutOfRange { position, id, rows } => {
                write!(f, "ids[{position}] is {id}, but the table's rows are 0 to {}", rows - 1)
            }
            Error::WrongLength { argument, expected, found } => {
                write!(f, "{argument} must have {expected} elements, but has {found}")
            }
            Error::Offsets { position, expected, found: Some(found) } => {
                write!(f, "offsets[{position}] must be {expected}, but is {found}")
            }
            Error::Offsets { .. } => {
                write!(f, "offsets must have one entry more than there are bags, that is, at least one, but has none")
            }
            Error::NonFinite { argument, position, value, what } => {
                write!(f, "{argument}[{position}] is {}, but {what} must be finite in float32", shown(*value))
            }
            Error::NotFinite { name, value } => {
                write!(f, "{name} must be finite in float32, and not round to 0 there, but is {}", shown(*value))
            }
            Error::SquaresNotFinite { first, last } => {
                write!(f, "the squares of gradients[{first}] to gradients[{last}] must have a sum that is finite in float32")
            }
            Error::SumNotFinite { row } => {
                write!(f, "the gradients of row {row} are finite, but their sum or its square is not")
            }
            Error::PaddingRow { position, value } => {
                write!(f, "values[{position}] is {}, but the padding row holds only zeros", shown(*value))
            }
            Error::OptionValue { name, expected, found } => {
                write!(f, "{name} must be {expected}, but is {found}")
            }
            Error::MissingOption { name } => write!(f, "{name} is required"),
            Error::OptionConflict { one, other, because } => {
                write!(f, "{one} cannot be combined with {other}: {because}")
            }
            Error::FileFormat { what } => write!(f, "{what}"),
            Error::OutOfMemory { what, bytes } => {
                let gib = *bytes as f64 / (1u64 << 30) as f64;
                write!(f, "no memory for {what}: {bytes} bytes ({gib:.2} GiB) cannot be had")
            }
            Error::Poisoned => {
                write!(f, "an earlier step was cut off by a fault in the kernel; this table's weights cannot be trusted any more")
            }
        }
    }
}

impl std::error::Error for Error {}

/// A number as people write it: `Infinity`, `1e-300`, `3`.
pub(crate) fn shown(value: impl std::fmt::Debug) -> String {
    let text = format!("{value:?}");
    match text.trim_end_matches(".0") {
        "inf" => "Infinity".into(),
        "-inf" => "-Infinity".into(),
        number => number.into(),
    }
}

/// `Result` with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_as_people_write_them() {
        let texts = [f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 3.0, -0.5, 1e-300, 1e39].map(shown);
        assert_eq!(texts, ["Infinity", "-Infinity", "NaN", "3", "-0.5", "1e-300", "1e39"]);
        assert_eq!(shown(0.1f32), "0.1");
    }
}
