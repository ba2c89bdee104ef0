//! Softmax regression, ten classes, all 2^n masks: time a mask, share of the peak, ratio to the definition's own loop.
//!
//! `cargo run --release -p dropout-oracle-benches --bin enumeration [-- --quick]`

use dropout_oracle::kernel::{Enumeration, InstructionSet, Subtree, enumerate};
use dropout_oracle_benches::{median, peak, regression, seconds};
use rayon::ThreadPoolBuilder;

const CLASSES: usize = 10;
/// A multiplication and an addition for s, and for the mean, of each class.
const FLOPS: f64 = 4.0 * CLASSES as f64;

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    assert_answers();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (sizes, rounds) = if quick { (vec![10, 16, 20], 3) } else { ((10..=30).step_by(2).collect(), 7) };
    println!(
        "softmax regression, {CLASSES} classes, keep 0.8; {}; medians of {rounds} rounds",
        InstructionSet::detect()
    );
    println!("| n | threads | ms | ns/mask | Gmask/s | GFLOP/s | of the peak then | against the definition's loop |");
    println!("|---|---|---|---|---|---|---|---|");
    for n in sizes {
        for threads in [1, threads] {
            row(n, threads, if n > 26 { rounds.min(3) } else { rounds });
        }
    }
    portability(if quick { 16 } else { 20 });
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
    let (small, small_x) = regression(10, CLASSES, 0.8);
    let repeats = (1usize << 20 >> n.min(20)).max(1);
    let (mut peaks, mut times, mut naive) = (vec![], vec![], vec![]);
    for _ in 0..rounds {
        // As many at once as work: what one thread reaches alone, it may not reach beside others.
        peaks.push(pool.broadcast(|_| peak()).iter().sum::<f64>());
        naive.push(pool.install(|| seconds(|| small.ensemble().predict(&small_x))) / 1024.0);
        let all = || (0..repeats).for_each(|_| drop(std::hint::black_box(enumerate(&model, &x))));
        times.push(pool.install(|| seconds(all)) / repeats as f64);
    }
    let (peak, time, naive) = (median(peaks), median(times), median(naive));
    let masks = (1u64 << n) as f64;
    let gflops = FLOPS * masks / time / 1e9;
    println!(
        "| {n} | {threads} | {:.3} | {:.3} | {:.3} | {gflops:.1} | {:.0} % of {peak:.0} | {:.0} |",
        time * 1e3,
        time / masks * 1e9,
        masks / time / 1e9,
        100.0 * gflops / peak,
        naive / (time / masks)
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
        let time = median((0..3).map(|_| pool.install(|| seconds(sums))).collect());
        println!("  {instructions}: {:.3} ns/mask, same bits", time / (1u64 << n) as f64 * 1e9);
    }
}
