use pulp::{Arch, Scalar512b, WithSimd};

/// Which vector instructions the kernels and the [optimised trainer](crate::trainer) run on.
///
/// They decide the speed and never the result: the sums have as many logical lanes everywhere, and every multiplication that
/// is followed by an addition is fused, which rounds correctly with or without an instruction for it.
///
/// ```
/// use dropout_oracle::kernel::InstructionSet;
/// println!("fastest here: {}", InstructionSet::detect());
/// assert_eq!(InstructionSet::available().last(), Some(&InstructionSet::detect()));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct InstructionSet(Arch);

impl InstructionSet {
    /// The fastest that this processor has.
    pub fn detect() -> Self {
        Self(Arch::new())
    }

    /// All that this processor has, the portable one first and the fastest last.
    pub fn available() -> Vec<Self> {
        let mut all = vec![Self(Arch::Scalar)];
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        {
            all.extend(pulp::x86::V3::try_new().map(|avx2| Self(Arch::V3(avx2))));
            all.extend(pulp::x86::V4::try_new().map(|avx512| Self(Arch::V4(avx512))));
        }
        #[cfg(target_arch = "aarch64")]
        all.extend(pulp::aarch64::Neon::try_new().map(|neon| Self(Arch::Neon(neon))));
        all
    }

    /// Runs `task`, compiled for these instructions.
    pub(crate) fn run<Task: WithSimd>(self, task: Task) -> Task::Output {
        self.0.dispatch(task)
    }

    /// The same with vectors of 64 bytes everywhere, of several registers where those are shorter.
    pub(crate) fn run_wide<Task: WithSimd>(self, task: Task) -> Task::Output {
        match self.0 {
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Arch::V4(avx512) => pulp::Simd::vectorize(avx512, task),
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Arch::V3(avx2) => pulp::Simd::vectorize(avx2, Paired(avx2, task)),
            _ => task.with_simd(Scalar512b),
        }
    }
}

/// A task that runs with vectors of 64 bytes where registers have 32.
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
struct Paired<Task>(pulp::x86::V3, Task);

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
impl<Task: WithSimd> WithSimd for Paired<Task> {
    type Output = Task::Output;
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> Self::Output {
        self.1.with_simd(pulp::x86::V3_512b(self.0))
    }
}

impl std::fmt::Display for InstructionSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            Arch::Scalar => "portable",
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Arch::V3(_) => "AVX2",
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Arch::V4(_) => "AVX-512",
            #[cfg(target_arch = "aarch64")]
            Arch::Neon(_) => "NEON",
            _ => "other",
        })
    }
}

impl PartialEq for InstructionSet {
    fn eq(&self, other: &Self) -> bool {
        std::mem::discriminant(&self.0) == std::mem::discriminant(&other.0)
    }
}

impl Eq for InstructionSet {}
