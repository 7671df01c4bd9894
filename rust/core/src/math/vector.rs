//! Loops in the widest vectors that the machine has.

use pulp::Arch;

/// Runs a loop as it was compiled for the best instruction set of this machine.
///
/// Give it a closure that is always inlined, and call only inlined functions in it: others stay in the code of the
/// oldest machine. No multiplication is fused with an addition, so the bits are those of any machine.
#[inline]
pub fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    Arch::new().dispatch(work)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::elementary::{exp_nonpositive, ln};

    #[test]
    fn vectors_change_no_bit() {
        let xs: Vec<f64> = (0..1000).map(|i| f64::from(i) * 0.0137 + 1e-300).collect();
        let compute = |out: &mut [u64]| {
            for (slot, &x) in out.iter_mut().zip(&xs) {
                *slot = (exp_nonpositive(-x) * x + ln(x)).to_bits();
            }
        };
        let (mut plain, mut wide) = (vec![0; xs.len()], vec![0; xs.len()]);
        compute(&mut plain);
        vectorised(
            #[inline(always)]
            || compute(&mut wide),
        );
        assert_eq!(plain, wide);
    }
}
