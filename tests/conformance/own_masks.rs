//! The masks that this project's own trainers draw, held against every law; `adapters/rust/own` serves them.

use dropout_oracle::conformance::case::{Call, Case, Mode, Samples, Sampling};
use dropout_oracle::conformance::layer::{
    Declared, Implementation, Kind, Layer, Level, Means, NonFinite, Probability, Scaling,
};
use dropout_oracle::conformance::{AdapterFailure, Answer, Description, Dtype, Outcome, Rejected, Subject, Tensor};
use dropout_oracle::law::{Independent, Law};
use dropout_oracle::model::Convention;
use dropout_oracle::random::{Purpose, stream};
use dropout_oracle::trainer::{KeepProbability, Masks};
use nalgebra::DVector;

/// What [`dropout_oracle::train::Training::run`] multiplies by (layer `train`), and what the optimised
/// [`Trainer`](dropout_oracle::trainer::Trainer) does (layer `trainer`): both name a mask by seed, step and row; here one
/// row a step.
#[derive(Default)]
pub struct TrainersMasks {
    seed: u64,
    step: u64,
}

const OPTIMISED: &str = "trainer";

impl TrainersMasks {
    fn multipliers(
        &mut self,
        layer: &str,
        mode: Mode,
        drop: f64,
        units: usize,
    ) -> Result<DVector<f64>, dropout_oracle::Error> {
        let keep = 1.0 - drop;
        let law = Convention::Inverted.law(Independent::new(DVector::from_element(units, keep))?)?;
        if mode == Mode::Eval {
            return Ok(law.mean());
        }
        self.step += 1;
        if layer == OPTIMISED {
            let words = Masks::new(self.seed).mask(self.step - 1, 0, 0, KeepProbability::new(keep)?, units);
            let bit = |i: usize, _| (words[i / 64] >> (i % 64) & 1) as f64 / keep;
            return Ok(DVector::from_fn(units, bit));
        }
        Ok(law.sample(&mut stream(self.seed, Purpose::Mask, self.step - 1, 0)))
    }

    fn call(&mut self, case: &Case) -> Result<Call, dropout_oracle::Error> {
        let multipliers = self.multipliers(&case.layer, case.mode, case.p.0, case.x.len())?;
        let times = |t: &Tensor| {
            let values = t.values().into_iter().zip(&multipliers).map(|(v, m)| v * m).collect::<Vec<_>>();
            Tensor::new(t.dtype(), t.shape(), &values)
        };
        let ddx = case.second_order.then(|| times(&times(&Tensor::filled(Dtype::F64, case.x.shape(), 2.0))));
        Ok(Call {
            y: times(&case.x),
            dx: case.gradient.as_ref().map(times),
            mask: None,
            ddx,
            x_after: case.check_alias.then(|| case.x.clone()),
            same_object: case.check_alias.then_some(false),
        })
    }
}

impl Subject for TrainersMasks {
    fn describe(&mut self) -> Result<Description, AdapterFailure> {
        let layer = |id: &str| Layer {
            id: id.into(),
            kind: Kind::Dropout,
            levels: vec![Level::C0, Level::C1, Level::C2],
            dtypes: vec![Dtype::F64],
            p: Probability { means: Means::Drop, accepts_zero: true, accepts_one: false },
            scaling: Scaling::Inverted,
            mask: Vec::new(),
            seed: true,
            second_order: true,
            shared_axes: Vec::new(),
            ranks: vec![1],
            declared: Declared {
                identity_returns_input: Some(false),
                non_finite_dropped: Some(NonFinite::Nan),
                eval_touches_seed: Some(false),
            },
            steps: None,
            mesh: None,
            acts: Vec::new(),
            random_access: false,
        };
        let implementation = Implementation {
            name: "dropout-oracle".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            language: "Rust".into(),
            device: "cpu".into(),
        };
        Ok(Description { implementation, layers: vec![layer("train"), layer(OPTIMISED)] })
    }

    fn run(&mut self, case: &Case) -> Answer<Vec<Call>> {
        if let Some(seed) = case.seed {
            (self.seed, self.step) = (seed, 0);
        }
        let calls = |masks: &mut Self| {
            for before in &case.before {
                masks.multipliers(&case.layer, before.mode, before.p.0, case.x.len())?;
            }
            (0..case.calls).map(|_| masks.call(case)).collect()
        };
        Ok(match calls(self) {
            Ok(calls) => Outcome::Done(calls),
            Err(error) => Outcome::Rejected(Rejected { kind: "Error".into(), message: error.to_string() }),
        })
    }

    fn sample(&mut self, sampling: &Sampling) -> Answer<Samples> {
        if let Some(seed) = sampling.seed {
            (self.seed, self.step) = (seed, 0);
        }
        let mask = |_| {
            let multipliers = self.multipliers(&sampling.layer, Mode::Train, sampling.p.0, sampling.bits())?;
            Ok(multipliers.iter().map(|m| *m != 0.0).collect())
        };
        Ok(match (0..sampling.calls).map(mask).collect::<Result<_, dropout_oracle::Error>>() {
            Ok(masks) => Outcome::Done(Samples { masks, values: Vec::new() }),
            Err(error) => Outcome::Rejected(Rejected { kind: "Error".into(), message: error.to_string() }),
        })
    }
}

dropout_oracle::conformance_tests!(TrainersMasks::default());
