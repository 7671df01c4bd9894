//! Elementary functions with the same bits on every machine, and the choice of vector instructions.
//!
//! Separate because the standard library's logarithm and exponential may differ between machines.

mod elementary;
mod vector;

pub use elementary::{exp_nonpositive, ln, ln_lower_bound, ln_normal, ln_upper_bound, open_unit};
pub use vector::vectorised;
