//! The floating-point mode of a thread: tallygrad's bits assume round-to-nearest and subnormals, but a host program may have
//! switched on flush-to-zero for its own speed. [`standard`] runs a computation in the standard mode and puts the caller's
//! mode back.

/// Runs `work` with subnormals and round-to-nearest, whatever mode the calling thread was in.
pub fn standard<T>(work: impl FnOnce() -> T) -> T {
    let _restore = Standard::enter();
    call(work)
}

/// Keeps the compiler from moving arithmetic over a change of mode, which it does not know about.
#[inline(never)]
fn call<T>(work: impl FnOnce() -> T) -> T {
    work()
}

/// While it lives, the thread is in the standard mode; then it is as before, also when unwinding.
struct Standard {
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    before: control::Register,
}

impl Standard {
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    fn enter() -> Self {
        let before = control::read();
        if before & control::MODES != 0 {
            control::write(before & !control::MODES);
        }
        Self { before }
    }

    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    fn enter() -> Self {
        Self {}
    }
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
impl Drop for Standard {
    fn drop(&mut self) {
        if self.before & control::MODES != 0 {
            control::write(self.before);
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod control {
    use std::arch::asm;

    /// MXCSR.
    pub type Register = u32;
    /// Flush-to-zero (bit 15), rounding (14, 13), denormals-are-zero (6).
    pub const MODES: Register = 0xE040;

    pub fn read() -> Register {
        let mut value: Register = 0;
        // SAFETY: stores four bytes at the address of `value`.
        unsafe { asm!("stmxcsr [{0}]", in(reg) &raw mut value, options(nostack)) };
        value
    }

    pub fn write(value: Register) {
        // SAFETY: the value was read from the register, with mode bits cleared at most, so no reserved bit is set.
        unsafe { asm!("ldmxcsr [{0}]", in(reg) &raw const value, options(nostack)) };
    }
}

#[cfg(target_arch = "aarch64")]
mod control {
    use std::arch::asm;

    /// FPCR.
    pub type Register = u64;
    /// Default NaN (bit 25), flush-to-zero (24), rounding (23, 22), half-precision flush (19).
    pub const MODES: Register = 0x03C8_0000;

    pub fn read() -> Register {
        let value: Register;
        // SAFETY: reads a control register.
        unsafe { asm!("mrs {0}, fpcr", out(reg) value, options(nostack)) };
        value
    }

    pub fn write(value: Register) {
        // SAFETY: the value was read from the register, with mode bits cleared at most.
        unsafe { asm!("msr fpcr, {0}", in(reg) value, options(nostack)) };
    }
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use std::hint::black_box;

    use super::*;

    #[test]
    fn a_flushing_thread_computes_with_subnormals_inside_and_flushes_again_outside() {
        let before = control::read();
        control::write(before | 0x8040);
        let half = |x: f32| black_box(x) * black_box(0.5);
        let outside = half(f32::MIN_POSITIVE);
        let inside = standard(|| half(f32::MIN_POSITIVE));
        let outside_again = half(f32::MIN_POSITIVE);
        control::write(before);
        assert_eq!((outside, outside_again), (0.0, 0.0));
        assert_eq!(inside.to_bits(), 1 << 22);
    }
}
