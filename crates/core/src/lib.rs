//! The kernel of tallygrad: sparse embedding tables that learn at the right speed for every row.
//!
//! It reads top-down: [`table`] is the public face; a step goes through `plan` (check and group a batch), `update` (inspect, sum, apply;
//! `update::reference` is its specification), [`rule`] (one optimizer a file) and [`lanes`] (eight-lane arithmetic). `tally`, `storage` and
//! `memory` hold the data; `pool` has the threads. Nothing here knows of JavaScript.
//!
//! ```
//! use tallygrad_core::options::Options;
//! use tallygrad_core::table::{Ids, Table};
//!
//! let mut table = Table::new(Options { rows: 1000, dim: 4, ..Options::default() })?;
//! let ids = [7, 42, 7];
//! table.update(Ids::from(&ids[..]), &[0.5; 12], 1.0)?;
//! let mut tallies = [0.0; 2];
//! table.tallies(Some(Ids::from(&[7, 42][..])), &mut tallies)?;
//! assert_eq!(tallies, [2.0, 1.0]);
//! # Ok::<(), tallygrad_core::error::Error>(())
//! ```

pub mod bags;
pub mod checkpoint;
pub mod error;
pub mod fingerprint;
pub mod float_mode;
mod growth;
mod history;
pub mod init;
pub mod lanes;
mod lookup;
pub mod memory;
mod missed;
pub mod narrow;
pub mod options;
pub mod parameters;
mod plan;
pub mod pool;
mod prefetch;
pub mod ranking;
pub mod rng;
pub mod rule;
mod scalar;
pub mod schedule;
pub mod shared;
mod storage;
pub mod table;
pub mod tally;
pub mod together;
mod update;
pub mod vocabulary;
mod width;
