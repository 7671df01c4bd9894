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
