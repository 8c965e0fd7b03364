//! What native benches share: rules, batches, the kernel's yardsticks (plain and bare loops) and what the machine's memory allows.

pub mod bare;
pub mod cases;
pub mod limit;
pub mod plain;
pub mod workload;
