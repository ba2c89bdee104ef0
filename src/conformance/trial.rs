//! One law held against one layer: asking, comparing, and the early ends of both.

use super::case::{Call, Case, Mode, NetworkCase, NetworkMeans, Samples, Sampling};
use super::dtype::Dtype;
use super::layer::Layer;
use super::subject::{AdapterFailure, Answer, Outcome, Subject};
use super::tensor::Tensor;
use super::verdict::{Distance, Evidence, Expected, Failure, Quantity};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

/// Drop rates of few bits: the same number in every format, so that none has rounded it.
pub const DYADIC: [f64; 4] = [0.25, 0.5, 0.875, 0.0625];

/// How much is spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effort {
    /// Under half a minute.
    Quick,
    /// A few minutes.
    #[default]
    Standard,
    /// As long as the smallest errors need.
    Thorough,
}

/// How laws are held against layers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Config {
    /// Decides every random choice of the oracle, and the seeds that it gives to the subject.
    pub seed: u64,
    /// How much is spent.
    pub effort: Effort,
}

/// Why a check ended before its end.
#[derive(Clone, Debug, PartialEq)]
pub enum Stop {
    /// A counterexample.
    Fails(Box<Failure>),
    /// Something that is needed is lacking.
    NotApplicable(String),
    /// The adapter failed.
    Adapter(String),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Fails(Box::new(failure))
    }
}

impl From<AdapterFailure> for Stop {
    fn from(failure: AdapterFailure) -> Self {
        Self::Adapter(failure.0)
    }
}

/// `Ok` where nothing speaks against the law.
pub type Check<T = ()> = Result<T, Stop>;

/// One law, held against one layer.
pub struct Trial<'a> {
    subject: &'a mut dyn Subject,
    /// The layer.
    pub layer: &'a Layer,
    /// How.
    pub config: Config,
    /// What was seen so far.
    pub evidence: Evidence,
    rng: ChaCha8Rng,
}

impl<'a> Trial<'a> {
    /// The trial of the law `id`: its random choices depend on the configuration, the law and the layer alone.
    pub fn new(subject: &'a mut dyn Subject, id: &str, layer: &'a Layer, config: Config) -> Self {
        let rng = ChaCha8Rng::from_seed(key(config.seed, id, &layer.id));
        Self { subject, layer, config, evidence: Evidence::default(), rng }
    }

    /// The random choices of this trial.
    pub fn rng(&mut self) -> &mut ChaCha8Rng {
        &mut self.rng
    }

    /// A seed for the subject, new at every call; none where the layer takes none.
    pub fn fresh_seed(&mut self) -> Option<u64> {
        // Small enough for every framework: some take 32 bits.
        self.layer.seed.then(|| u64::from(rand::Rng::next_u32(&mut self.rng) >> 1))
    }

    /// Drop rates to test, each of a few bits.
    pub fn rates(&self) -> &'static [f64] {
        &DYADIC[..if self.config.effort == Effort::Quick { 2 } else { 4 }]
    }

    /// Ranks of x to test: in haste the smallest and the largest.
    pub fn ranks(&self) -> Vec<usize> {
        let ranks = &self.layer.ranks;
        match (self.config.effort, ranks.iter().min(), ranks.iter().max()) {
            (Effort::Quick, Some(&least), Some(&most)) if least < most => vec![least, most],
            (Effort::Quick, Some(&only), _) => vec![only],
            _ => ranks.clone(),
        }
    }

    /// The widest format but f64, for laws that see the same in each.
    pub fn widest(&self) -> Dtype {
        let known = self.layer.dtypes.iter().copied().filter(|&dtype| dtype != Dtype::F64).max();
        known.unwrap_or(Dtype::F64)
    }

    /// A case of this layer at a **drop rate**, seeded if it can be.
    pub fn case(&mut self, mode: Mode, drop: f64, x: Tensor) -> Case {
        let seed = self.fresh_seed();
        Case::new(self.layer, mode, drop, x).seed(seed)
    }

    /// The calls of a case, whatever becomes of it: for laws about what must be rejected.
    pub fn attempt(&mut self, case: &Case) -> Check<Outcome<Vec<Call>>> {
        let answer = self.subject.run(case);
        self.counted(answer)
    }

    /// The calls of a legal case, with what was asked for in each, in the shape of x.
    pub fn calls(&mut self, case: &Case) -> Check<Vec<Call>> {
        let outcome = self.attempt(case)?;
        let calls = done(case, outcome)?;
        if calls.len() != case.calls {
            return Err(Stop::Adapter(format!("{} calls were answered by {}", case.calls, calls.len())));
        }
        for call in &calls {
            let lacking = [
                ("dx", case.gradient.is_some() && call.dx.is_none()),
                ("ddx", case.second_order && call.ddx.is_none()),
                ("x_after", case.check_alias && call.x_after.is_none()),
            ];
            if let Some((field, _)) = lacking.into_iter().find(|(_, lacking)| *lacking) {
                return Err(Stop::Adapter(format!("a result lacks {field}, which was asked for")));
            }
            for (name, tensor) in [("y", Some(&call.y)), ("dx", call.dx.as_ref()), ("ddx", call.ddx.as_ref())] {
                let Some(tensor) = tensor else { continue };
                if (tensor.dtype(), tensor.shape()) != (case.x.dtype(), case.x.shape()) {
                    // One law says that alone; the others cannot compare what differs in form.
                    return Err(Stop::NotApplicable(format!("{name} has another dtype or shape than x: see L14")));
                }
            }
        }
        Ok(calls)
    }

    /// The only call of a legal case.
    pub fn call(&mut self, case: &Case) -> Check<Call> {
        Ok(self.calls(case)?.swap_remove(0))
    }

    /// Many masks of a legal layer, as many and as long as asked for.
    pub fn sample(&mut self, sampling: &Sampling) -> Check<Samples> {
        let answer = self.subject.sample(sampling);
        let outcome = self.counted(answer)?;
        let samples = done(sampling, outcome)?;
        let masks = sampling.replicas.unwrap_or(sampling.calls);
        if samples.masks.len() != masks || samples.masks.iter().any(|mask| !mask.fit(sampling.bits())) {
            return Err(Stop::Adapter(format!("not {masks} masks of {} bits ({sampling})", sampling.bits())));
        }
        Ok(samples)
    }

    /// A small network of legal layers.
    pub fn network(&mut self, network: &NetworkCase) -> Check<NetworkMeans> {
        let answer = self.subject.network(network);
        let outcome = self.counted(answer)?;
        done(&format!("network, {:?}", network.mode), outcome)
    }

    fn counted<T>(&mut self, answer: Answer<T>) -> Check<Outcome<T>> {
        let outcome = answer?;
        self.evidence.requests += 1;
        Ok(outcome)
    }

    /// Runs a part of the check that may not apply, without giving up the rest; what is left out is noted.
    pub fn part(&mut self, name: &str, part: impl FnOnce(&mut Self) -> Check) -> Check {
        match part(self) {
            Err(Stop::NotApplicable(why)) => {
                let skipped = format!("{name}: {why}");
                if !self.evidence.skipped.contains(&skipped) {
                    self.evidence.skipped.push(skipped);
                }
                Ok(())
            }
            other => other,
        }
    }

    /// [`part`](Self::part) for each format of the layer.
    pub fn each_dtype(&mut self, mut part: impl FnMut(&mut Self, Dtype) -> Check) -> Check {
        let dtypes = self.layer.dtypes.clone();
        dtypes.into_iter().try_for_each(|dtype| self.part(&dtype.to_string(), |trial| part(trial, dtype)))
    }

    /// That element i of `got`, called `name`, lies in [lo, hi], numbers of its own format, both widened by `ulps`.
    pub fn within(
        &mut self,
        case: &Case,
        name: &str,
        got: &Tensor,
        i: usize,
        (lo, hi): (u64, u64),
        ulps: i64,
    ) -> Check {
        self.evidence.comparisons += 1;
        let dtype = got.dtype();
        let rank = |bits| dtype.rank(bits).expect("an enclosure is no NaN");
        let (low, high) = (rank(lo).min(rank(hi)) - ulps, rank(lo).max(rank(hi)) + ulps);
        let found = dtype.rank(got.bits()[i]);
        if found.is_some_and(|found| (low..=high).contains(&found)) {
            return Ok(());
        }
        let distance = found.map(|found| Distance::Ulps((low - found).max(found - high).unsigned_abs()));
        let end = |rank| Quantity::new(dtype, dtype.at_rank(rank));
        Err(Failure {
            case: case.to_string(),
            at: Some(got.index(i)),
            input: (i < case.x.len()).then(|| Quantity::new(dtype, case.x.bits()[i])),
            expected: Expected::Between(end(low), end(high)),
            got: format!("{name} = {}", Quantity::new(dtype, got.bits()[i])),
            distance,
            diagnosis: String::new(),
        }
        .into())
    }

    /// That element i of `got` has exactly these bits (any NaN for a NaN).
    pub fn same(&mut self, case: &Case, name: &str, got: &Tensor, i: usize, bits: u64) -> Check {
        self.evidence.comparisons += 1;
        let (dtype, found) = (got.dtype(), got.bits()[i]);
        if found == bits || (dtype.rank(found), dtype.rank(bits)) == (None, None) {
            return Ok(());
        }
        let expected = Quantity::new(dtype, bits);
        Err(Failure {
            case: case.to_string(),
            at: Some(got.index(i)),
            input: (i < case.x.len()).then(|| Quantity::new(dtype, case.x.bits()[i])),
            distance: dtype.rank(found).zip(dtype.rank(bits)).map(|(a, b)| Distance::Ulps(a.abs_diff(b))),
            expected: Expected::Between(expected.clone(), expected),
            got: format!("{name} = {}", Quantity::new(dtype, found)),
            diagnosis: String::new(),
        }
        .into())
    }
}

/// What was served, where it must be.
fn done<T>(case: &impl ToString, outcome: Outcome<T>) -> Check<T> {
    match outcome {
        Outcome::Done(done) => Ok(done),
        Outcome::Skipped(skipped) => Err(Stop::NotApplicable(skipped.message)),
        Outcome::Errored(errored) => Err(Stop::Adapter(format!("{} ({})", errored.context, case.to_string()))),
        Outcome::Rejected(rejected) => {
            let got = format!("rejected: {} {}", rejected.kind, rejected.message);
            Err(Failure::new(case.to_string(), "a result", got).because("a legal call is rejected").into())
        }
    }
}

/// The key of a trial's random choices: the seed, and the names folded into the other 24 bytes (FNV-1a).
fn key(seed: u64, law: &str, layer: &str) -> [u8; 32] {
    let fold = |text: &str| {
        text.bytes().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
    };
    let mut key = [0; 32];
    for (bytes, word) in key.chunks_exact_mut(8).zip([seed, fold(law), fold(layer)]) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    key
}
