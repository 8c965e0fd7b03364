//! Models over the tables of `tallygrad-core`: what they predict for a batch, and the gradients that the tables then learn from.
//!
//! [`machine`] is the factorization machine, with or without the network that makes it a DeepFM; [`skip_gram`] learns word vectors. Tables belong to the
//! caller, who has them step, look up and save like any other; a model here is arithmetic and the working space for it. docs/models.md has every
//! formula. Work goes in spans of a batch that do not depend on threads, so that nothing that is computed does.

mod block;
pub mod loss;
pub mod machine;
mod network;
mod noise;
mod pairs;
pub mod skip_gram;
mod spans;
