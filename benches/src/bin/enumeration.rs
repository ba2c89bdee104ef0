//! Softmax regression, ten classes, all 2^n masks: time a mask, share of the peak, ratio to the definition's own loop.
//!
//! `cargo run --release -p dropout-oracle-benches --bin enumeration [-- --quick]`

use dropout_oracle::kernel::{Enumeration, InstructionSet, Subtree, enumerate};
use dropout_oracle_benches::{median, peak, regression, time};
use rayon::ThreadPoolBuilder;

const CLASSES: usize = 10;
/// A multiplication and an addition for s, and for the mean, of each class.
const FLOPS: f64 = 4.0 * CLASSES as f64;

fn main() {
    let arguments: Vec<_> = std::env::args().collect();
    if let [_, peer, n] = arguments.as_slice()
        && peer == "--peer"
    {
        return peer_row(n.parse().expect("a number of inputs"));
    }
    let quick = std::env::args().any(|argument| argument == "--quick");
    assert_answers();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (sizes, rounds) = if quick { (vec![10, 16, 20], 3) } else { ((10..=30).step_by(2).collect(), 7) };
    println!(
        "softmax regression, {CLASSES} classes, keep 0.8; {}; medians of {rounds} rounds",
        InstructionSet::detect()
    );
    println!(
        "| n | threads | ms | CPU ns/mask | GFLOP/CPU s | of the peak then | against the definition's loop (at n ≤ 16) |"
    );
    println!("|---|---|---|---|---|---|---|");
    for n in sizes {
        for threads in [1, threads] {
            row(n, threads, if n > 26 { rounds.min(3) } else { rounds });
        }
    }
    portability(if quick { 18 } else { 22 });
}

/// Our row of the table of `peers/run.sh`.
fn peer_row(n: usize) {
    let (small, small_x) = regression(10, CLASSES, 0.8);
    let truth = small.ensemble().predict(&small_x).unwrap().arithmetic_mean;
    let off = enumerate(&small, &small_x).unwrap().arithmetic_mean.component_div(&truth).add_scalar(-1.0).amax();
    let (model, x) = regression(n, CLASSES, 0.8);
    let repeats = (1usize << 30 >> n.min(30)).clamp(1, 256);
    let all = || (0..repeats).for_each(|_| drop(std::hint::black_box(enumerate(&model, &x))));
    let (wall, cpu): (Vec<_>, Vec<_>) = (0..3).map(|_| time(all)).map(|time| (time.wall, time.cpu)).unzip();
    let [wall, cpu] = [wall, cpu].map(|times| median(times) / repeats as f64);
    let masks = (1u64 << n) as f64 / 1e6;
    let version = env!("CARGO_PKG_VERSION");
    println!(
        "| dropout-oracle | {version} | {n} | {:.1} | {:.1} | {:.2} | {:.2} | {off:.0e} |",
        wall * 1e3,
        cpu * 1e3,
        masks / wall,
        masks / cpu
    );
}

/// The fast way against the definition, before anything is timed.
fn assert_answers() {
    for n in [7, 12, 13] {
        let (model, x) = regression(n, CLASSES, 0.8);
        let (fast, slow) = (enumerate(&model, &x).unwrap(), model.ensemble().predict(&x).unwrap());
        let off = (&fast.arithmetic_mean - &slow.arithmetic_mean).component_div(&slow.arithmetic_mean).amax();
        assert!(off < 1e-14, "n = {n}: AM off by {off:e}");
        assert!((fast.geometric_mean.log_mass - slow.geometric_mean.log_mass).abs() < 1e-13);
    }
}

fn row(n: usize, threads: usize, rounds: usize) {
    let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let (model, x) = regression(n, CLASSES, 0.8);
    let affordable = n.min(16);
    let (small, small_x) = regression(affordable, CLASSES, 0.8);
    // Enough at a time for the system's own clock ticks not to count.
    let repeats = (1usize << 27 >> n.max(14)).max(1);
    let all = || (0..repeats).for_each(|_| drop(std::hint::black_box(enumerate(&model, &x))));
    let (mut peaks, mut wall, mut cpu, mut naive) = (vec![], vec![], vec![], vec![]);
    for _ in 0..rounds {
        peaks.push(pool.install(peak));
        naive.push(pool.install(|| time(|| small.ensemble().predict(&small_x))).cpu / (1 << affordable) as f64);
        let time = pool.install(|| time(all));
        wall.push(time.wall / repeats as f64);
        cpu.push(time.cpu / repeats as f64 / (1u64 << n) as f64);
    }
    let [peak, wall, cpu, naive] = [peaks, wall, cpu, naive].map(median);
    let gflops = FLOPS / cpu / 1e9;
    println!(
        "| {n} | {threads} | {:.3} | {:.3} | {gflops:.1} | {:.0} % of {peak:.0} | {:.0} |",
        wall * 1e3,
        cpu * 1e9,
        100.0 * gflops / peak,
        naive / cpu
    );
}

/// The same sum on every instruction set that this processor has: the same bits, another speed.
fn portability(n: usize) {
    let (model, x) = regression(n, CLASSES, 0.8);
    let pool = ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let enumeration = |instructions| Enumeration::new(&model, &x).unwrap().with_instructions(instructions);
    let expected = enumeration(InstructionSet::detect()).sums(Subtree::ROOT).unwrap();
    println!("\none thread, n = {n}:");
    for instructions in InstructionSet::available() {
        let enumeration = enumeration(instructions);
        let sums = || enumeration.sums(Subtree::ROOT).unwrap();
        assert_eq!(pool.install(sums), expected);
        let sixteen = || (0..16).for_each(|_| drop(std::hint::black_box(sums())));
        let cpu = median((0..3).map(|_| pool.install(|| time(sixteen)).cpu / 16.0).collect());
        println!("  {instructions}: {:.3} ns/mask, same bits", cpu / (1u64 << n) as f64 * 1e9);
    }
}
