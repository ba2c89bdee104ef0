//! One hidden layer with dropout on inputs and hidden units, ten classes: masks a second for every split of the units.
//!
//! `cargo run --release -p dropout-oracle-benches --bin one_hidden_layer [-- --quick | -- INPUTS HIDDEN]`

use dropout_oracle::kernel::enumerate;
use dropout_oracle::network::{Activation, PiecewiseLinear};
use dropout_oracle_benches::{median, one_hidden_layer, peak, time};
use rayon::ThreadPoolBuilder;

const RELU: Activation = Activation::PiecewiseLinear(PiecewiseLinear::Relu);

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let quick = arguments.iter().any(|argument| argument == "--quick");
    assert_answers();
    let (small, x) = one_hidden_layer(5, 5, RELU);
    let naive = median((0..5).map(|_| time(|| small.ensemble().predict(&x)).cpu / 1024.0).collect());
    println!("FMA peak of one thread {:.0} GFLOP/s; the definition's loop {:.2} Mmask/s", peak(), 1e-6 / naive);
    println!("| inputs + hidden | units | threads | ms | CPU ms | Mmask/s | Mmask/CPU s |");
    println!("|---|---|---|---|---|---|---|");
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    if let [inputs, hidden] = arguments.as_slice() {
        let [inputs, hidden] = [inputs, hidden].map(|units| units.parse().expect("a number of units"));
        row(inputs, hidden, "ReLU", RELU, threads, 1);
        return row(inputs, hidden, "tanh", Activation::Tanh, threads, 1);
    }
    let splits: &[_] = if quick {
        &[(6, 8), (8, 6)]
    } else {
        &[(8, 16), (10, 14), (12, 12), (13, 11), (14, 10), (16, 8), (20, 4), (20, 0)]
    };
    for &(inputs, hidden) in splits {
        for (name, unit) in [("ReLU", RELU), ("tanh", Activation::Tanh)] {
            for threads in [1, threads] {
                row(inputs, hidden, name, unit, threads, 3);
            }
        }
    }
    // Exact only because most of the masks differ in units without effect.
    let pruned: &[_] = if quick { &[(8, 16)] } else { &[(12, 24), (12, 40)] };
    for &(inputs, hidden) in pruned {
        row(inputs, hidden, "ReLU", RELU, threads, 1);
    }
}

/// The fast way against the definition, before anything is timed.
fn assert_answers() {
    for unit in [RELU, Activation::Tanh] {
        let (model, x) = one_hidden_layer(5, 6, unit);
        let (fast, slow) = (enumerate(&model, &x).unwrap(), model.ensemble().predict(&x).unwrap());
        let off = (&fast.arithmetic_mean - &slow.arithmetic_mean).component_div(&slow.arithmetic_mean).amax();
        assert!(off < 1e-13, "{unit:?}: AM off by {off:e}");
    }
}

fn row(inputs: usize, hidden: usize, name: &str, unit: Activation, threads: usize, rounds: usize) {
    let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let (model, x) = one_hidden_layer(inputs, hidden, unit);
    // Often enough at a time for the system's own clock ticks not to count.
    let repeats = if inputs + hidden > 24 { 1 } else { 16 };
    let all = || (0..repeats).for_each(|_| drop(std::hint::black_box(enumerate(&model, &x))));
    let once = |_| pool.install(|| time(all));
    let (wall, cpu): (Vec<_>, Vec<_>) = (0..rounds).map(once).map(|time| (time.wall, time.cpu)).unzip();
    let [wall, cpu] = [wall, cpu].map(|times| median(times) / f64::from(repeats));
    let masks = 2f64.powi((inputs + hidden) as i32) / 1e6;
    println!(
        "| {inputs} + {hidden} | {name} | {threads} | {:.2} | {:.2} | {:.0} | {:.0} |",
        wall * 1e3,
        cpu * 1e3,
        masks / wall,
        masks / cpu
    );
}
