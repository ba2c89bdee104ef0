//! Steps a second of the optimised trainer, its share of the machine's peak, the share of the masks, and the reference.
//!
//! `cargo run --release -p dropout-oracle-benches --bin trainer [-- --quick] [-- --only SHAPE]`
//!
//! Everything is measured in one run, in rounds, and medians are reported: on a shared machine only ratios within a run
//! mean something. Threads that wait for each other lose half of their speed or more to whatever else runs: on a busy
//! machine put `chrt --fifo 1` before it. With `--peer` it is one of those that `benches/peers/train.py` compares, and
//! prints a line a shape: name, version, shape, milliseconds a step, share of the peak, share of the masks.

use dropout_oracle::data::Examples;
use dropout_oracle::kernel::InstructionSet;
use dropout_oracle::model::{Convention, HeadKind, Model};
use dropout_oracle::network::{Affine, Layer, Mlp, PiecewiseLinear};
use dropout_oracle::train::{Decay, Method, Training, initial::he_uniform};
use dropout_oracle::trainer::{Data, KeepProbability, Masks, Trainer};
use dropout_oracle_benches::median;
use nalgebra::{DMatrix, DVector};
use pulp::{Arch, Simd, WithSimd};
use std::hint::black_box;
use std::ops::ControlFlow;
use std::time::Instant;

/// Widths from input to output, KEEP probabilities of the input and of the hidden layers, examples a minibatch.
struct Shape {
    name: &'static str,
    widths: &'static [usize],
    input_keep: f64,
    hidden_keep: f64,
    batch: usize,
}

const SHAPES: [Shape; 5] = [
    Shape { name: "reference", widths: &[784, 800, 800, 10], input_keep: 0.8, hidden_keep: 0.5, batch: 100 },
    Shape { name: "wide", widths: &[256, 2048, 100], input_keep: 0.9, hidden_keep: 0.5, batch: 128 },
    Shape { name: "deep", widths: &[100, 256, 256, 256, 256, 10], input_keep: 1.0, hidden_keep: 0.7, batch: 64 },
    Shape { name: "odd", widths: &[77, 131, 97, 3], input_keep: 0.8, hidden_keep: 0.5, batch: 37 },
    Shape { name: "small", widths: &[64, 32, 10], input_keep: 0.8, hidden_keep: 0.5, batch: 32 },
];

/// The reference job at other widths.
const WIDTHS: [Shape; 4] = [
    Shape { name: "width 50", widths: &[784, 50, 50, 10], ..SHAPES[0] },
    Shape { name: "width 200", widths: &[784, 200, 200, 10], ..SHAPES[0] },
    Shape { name: "width 400", widths: &[784, 400, 400, 10], ..SHAPES[0] },
    Shape { name: "width 1600", widths: &[784, 1600, 1600, 10], ..SHAPES[0] },
];

impl Shape {
    fn model(&self) -> Model {
        let (mut layers, mut keep) = (Vec::new(), Vec::new());
        for (number, pair) in self.widths.windows(2).enumerate() {
            let p = if number == 0 { self.input_keep } else { self.hidden_keep };
            layers.push(Layer::dropout(pair[0]));
            keep.extend(vec![p; pair[0]]);
            layers.push(Layer::Affine(
                Affine::new(DMatrix::zeros(pair[1], pair[0]), DVector::zeros(pair[1])).expect("zeros are finite"),
            ));
            if number + 2 < self.widths.len() {
                layers.push(Layer::Unit(PiecewiseLinear::Relu.into()));
            }
        }
        let mut network = Mlp::new(self.widths[0], layers).expect("the widths fit");
        he_uniform(&mut network, 1);
        Model::new(network, HeadKind::Softmax, keep.into(), Convention::Inverted).expect("the head fits")
    }

    /// Class prototypes with noise.
    fn examples(&self, count: usize) -> Examples {
        let (inputs, classes) = (self.widths[0], self.widths[self.widths.len() - 1]);
        let noise = |n: usize, i: usize| {
            let hash = ((n * 1_000_003 + i) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            (hash >> 40) as f64 / f64::from(1 << 24)
        };
        let input =
            |n: usize| DVector::from_fn(inputs, |i, _| 0.5 * noise(n % classes, i) + 0.5 * noise(n + classes, i));
        let labels: Vec<_> = (0..count).map(|n| n % classes).collect();
        Examples::classes((0..count).map(input).collect(), &labels, classes).expect("labels are below the classes")
    }

    fn training(&self, steps: u64) -> Training {
        Training::new(steps).batch(self.batch).learning_rate(0.05).momentum(0.9).decay(Decay::Constant).max_norm(3.0)
    }

    /// Floating-point operations of the products of a step: forward, gradient of the weights, errors of all but the first
    /// layer's inputs.
    fn flop(&self) -> f64 {
        let products: Vec<usize> = self.widths.windows(2).map(|pair| pair[0] * pair[1]).collect();
        2.0 * self.batch as f64 * (3 * products.iter().sum::<usize>() - products[0]) as f64
    }

    /// Draws all masks of a step.
    fn masks(&self, step: u64) {
        let mut words = vec![0; self.widths.iter().max().expect("there are widths").div_ceil(64)];
        for (layer, &width) in self.widths[..self.widths.len() - 1].iter().enumerate() {
            let p = if layer == 0 { self.input_keep } else { self.hidden_keep };
            let keep = KeepProbability::new(p).expect("a probability");
            if p < 1.0 {
                for row in 0..self.batch {
                    Masks::new(0).fill(step, layer, row, keep, &mut words[..width.div_ceil(64)]);
                    black_box(&words);
                }
            }
        }
    }
}

/// Fused multiply-adds of independent numbers in registers: the number of operations.
struct Peak(usize);

impl WithSimd for Peak {
    type Output = f64;
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let (x, y) = (simd.splat_f32s(black_box(0.5)), simd.splat_f32s(black_box(0.25)));
        let mut sums = [simd.splat_f32s(black_box(1.0)); 12];
        for _ in 0..self.0 {
            for sum in &mut sums {
                *sum = simd.mul_add_f32s(*sum, x, y);
            }
        }
        let total = sums.iter().fold(0.0, |total, &sum| total + simd.reduce_sum_f32s(sum));
        black_box(total);
        2.0 * (12 * self.0 * S::F32_LANES) as f64
    }
}

fn peak(threads: usize) -> f64 {
    let one = || {
        let (seconds, operations) = timed(threads, || Arch::new().dispatch(Peak(5_000_000)));
        operations / seconds
    };
    rayon::broadcast(|_| one()).iter().sum()
}

/// Seconds of this thread on a processor, where the system tells (Linux); else seconds of the clock. On a busy machine
/// the first says what a step of one thread costs.
fn busy_seconds(since: Instant) -> f64 {
    std::thread::yield_now(); // brings the account up to date
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok());
    nanoseconds.map_or_else(|| since.elapsed().as_secs_f64(), |nanoseconds| nanoseconds * 1e-9)
}

/// Runs `work`, and gives the seconds it took: of the thread if it is the only one, else of the clock.
fn timed<T>(threads: usize, work: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let before = busy_seconds(start);
    let result = work();
    let seconds = if threads == 1 { busy_seconds(start) - before } else { start.elapsed().as_secs_f64() };
    (seconds, result)
}

/// Without noise two steps agree with the reference, and with noise all instruction sets give the same bits.
fn check(shape: &Shape) {
    let (mut model, examples) = (shape.model(), shape.examples(shape.batch));
    let data = Data::<f32>::from_examples(&examples).expect("finite numbers");
    let plain = shape.training(2).method(Method::Plain);
    let mut trainer = Trainer::<f32>::new(&model, plain.clone()).expect("a network of the trainer");
    trainer.run(&data, |_| ControlFlow::Continue(())).expect("two steps");
    plain.run(&mut model, &examples, |_| ControlFlow::Continue(())).expect("two steps");
    for (ours, reference) in trainer.state().parameters.iter().zip(model.network().affine()) {
        let gap = (ours.weight.map(f64::from) - &reference.weight).amax();
        assert!(gap < 1e-5, "{}: off by {gap:e}", shape.name);
    }
    let bits = |set: InstructionSet| {
        let trainer = Trainer::<f32>::new(&shape.model(), shape.training(3)).expect("a network of the trainer");
        let mut trainer = trainer.with_instructions(set);
        trainer.run(&data, |_| ControlFlow::Continue(())).expect("three steps");
        trainer.state()
    };
    let sets = InstructionSet::available().into_iter().skip(1); // the portable one takes too long
    sets.for_each(|set| assert_eq!(bits(set), bits(InstructionSet::detect()), "{}", shape.name));
}

/// What a step takes.
struct Cost {
    seconds: f64,
    /// Share of the machine's peak.
    of_peak: f64,
    /// Share of drawing the masks.
    masks: f64,
}

/// Medians over rounds of `count` steps, on the threads of this pool.
fn cost(shape: &Shape, data: &Data<f32>, set: InstructionSet, rounds: usize, count: u64) -> Cost {
    let threads = rayon::current_num_threads();
    let trainer = Trainer::<f32>::new(&shape.model(), shape.training(u64::MAX)).expect("a trainable network");
    let mut trainer = trainer.with_instructions(set);
    let rows: Vec<usize> = (0..shape.batch).collect();
    let (mut seconds, mut peaks, mut masks) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        peaks.push(peak(threads));
        let steps = || (0..count).try_for_each(|_| trainer.step_on(data, &rows).map(|_| ()));
        let (time, result) = timed(threads, steps);
        result.expect("finite losses");
        seconds.push(time / count as f64);
        masks.push(timed(1, || (0..50).for_each(|step| shape.masks(step))).0 / 50.0);
    }
    let seconds = median(seconds);
    Cost { seconds, of_peak: shape.flop() / seconds / median(peaks), masks: median(masks) / (threads as f64 * seconds) }
}

/// Steps a round, so that it takes a fraction of a second.
fn steps(shape: &Shape) -> u64 {
    ((2e10 / shape.flop()) as u64).clamp(20, 2000)
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let given = |name: &str| arguments.iter().any(|argument| argument == name);
    let only = arguments.iter().position(|argument| argument == "--only").map(|at| arguments[at + 1].clone());
    let chosen = |shape: &&Shape| only.as_deref().is_none_or(|only| only == shape.name);
    if given("--peer") {
        for shape in SHAPES.iter().chain(&WIDTHS).filter(chosen) {
            let data = Data::from_examples(&shape.examples(shape.batch)).expect("finite numbers");
            let Cost { seconds, of_peak, masks } = cost(shape, &data, InstructionSet::detect(), 5, steps(shape));
            let version = env!("CARGO_PKG_VERSION");
            println!("ours,{version},{},{:.4},{of_peak:.3},{masks:.4}", shape.name, seconds * 1e3);
        }
    } else {
        table(given("--quick"), SHAPES.iter().filter(chosen));
    }
}

fn table<'a>(quick: bool, shapes: impl Iterator<Item = &'a Shape>) {
    let rounds = if quick { 1 } else { 7 };
    let threads: Vec<usize> = [1, 2, 4, 8].into_iter().filter(|&t| t <= rayon::current_num_threads()).collect();
    println!("best instruction set: {}", InstructionSet::detect());
    println!("shape\tthreads\tset\tsteps/s\tms/step\tGFLOP/s\tof peak\tmasks\treference ms/step\ttimes reference");
    for shape in shapes {
        let examples = shape.examples(1000.max(shape.batch));
        if shape.flop() < 2e8 || !quick {
            check(shape);
        }
        let data = Data::from_examples(&examples).expect("finite numbers");
        let reference = (!quick || shape.flop() < 1e8).then(|| {
            let mut model = shape.model();
            let steps = if shape.flop() > 1e8 { 2 } else { 10 };
            let run = || shape.training(steps).run(&mut model, &examples, |_| ControlFlow::Continue(()));
            let (seconds, summary) = timed(1, run);
            summary.expect("a few steps");
            seconds / steps as f64
        });
        for &threads in &threads {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
            for set in InstructionSet::available().into_iter().skip(1) {
                let count = if quick { 3 } else { steps(shape) };
                let Cost { seconds, of_peak, masks } = pool.install(|| cost(shape, &data, set, rounds, count));
                println!(
                    "{}\t{threads}\t{set}\t{:.1}\t{:.3}\t{:.1}\t{:.0} %\t{:.1} %\t{:.1}\t{:.0}",
                    shape.name,
                    1.0 / seconds,
                    seconds * 1e3,
                    shape.flop() / seconds / 1e9,
                    100.0 * of_peak,
                    100.0 * masks,
                    reference.unwrap_or(f64::NAN) * 1e3,
                    reference.unwrap_or(f64::NAN) / seconds,
                );
            }
        }
    }
}
