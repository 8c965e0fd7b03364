//! What native benches share: batches, the kernel's yardsticks (plain and bare loops) and what the machine's memory allows.

pub mod bare;
pub mod limit;
pub mod plain;
pub mod workload;
