//! Which vector instructions the kernels use, decided at run time.

use pulp::{Scalar512b, Simd, WithSimd};

/// The vector instructions that the trainer computes with. They change the speed and no bit of any result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstructionSet {
    /// AVX-512.
    Avx512,
    /// AVX2 with FMA.
    Avx2,
    /// Whatever the compiler targets; on x86 without FMA, fused operations are computed in software and slow.
    Portable,
}

impl InstructionSet {
    /// The fastest that this machine has.
    pub fn best() -> Self {
        [Self::Avx512, Self::Avx2].into_iter().find(|set| set.is_available()).unwrap_or(Self::Portable)
    }

    /// Whether this machine has it.
    pub fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => pulp::x86::V4::is_available(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => pulp::x86::V3::is_available(),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx512 | Self::Avx2 => false,
            Self::Portable => true,
        }
    }

    /// Runs a kernel with vectors of 64 bytes; with portable code where the machine lacks the instructions.
    pub(super) fn run<Kernel: WithSimd>(self, kernel: Kernel) -> Kernel::Output {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => match pulp::x86::V4::try_new() {
                Some(simd) => Simd::vectorize(simd, kernel),
                None => kernel.with_simd(Scalar512b),
            },
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => match pulp::x86::V3::try_new() {
                Some(simd) => Simd::vectorize(simd, Paired(pulp::x86::V3_512b(simd), kernel)),
                None => kernel.with_simd(Scalar512b),
            },
            _ => kernel.with_simd(Scalar512b),
        }
    }
}

/// A kernel that runs with vectors of 64 bytes where registers have 32.
#[cfg(target_arch = "x86_64")]
struct Paired<Kernel>(pulp::x86::V3_512b, Kernel);

#[cfg(target_arch = "x86_64")]
impl<Kernel: WithSimd> WithSimd for Paired<Kernel> {
    type Output = Kernel::Output;
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Self::Output {
        self.1.with_simd(self.0)
    }
}
