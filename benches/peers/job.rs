//! The training jobs of `benches/src/bin/trainer.rs`, for the Rust peers: shapes, data, and how a step is timed.

use std::time::Instant;

/// Widths from input to output, DROP rates of the input and of hidden layers, examples a minibatch.
pub struct Shape {
    pub name: &'static str,
    pub widths: &'static [usize],
    pub drop_input: f64,
    pub drop_hidden: f64,
    pub batch: usize,
}

pub const SHAPES: [Shape; 9] = [
    Shape { name: "reference", widths: &[784, 800, 800, 10], drop_input: 0.2, drop_hidden: 0.5, batch: 100 },
    Shape { name: "wide", widths: &[256, 2048, 100], drop_input: 0.1, drop_hidden: 0.5, batch: 128 },
    Shape { name: "deep", widths: &[100, 256, 256, 256, 256, 10], drop_input: 0.0, drop_hidden: 0.3, batch: 64 },
    Shape { name: "odd", widths: &[77, 131, 97, 3], drop_input: 0.2, drop_hidden: 0.5, batch: 37 },
    Shape { name: "small", widths: &[64, 32, 10], drop_input: 0.2, drop_hidden: 0.5, batch: 32 },
    Shape { name: "width 50", widths: &[784, 50, 50, 10], drop_input: 0.2, drop_hidden: 0.5, batch: 100 },
    Shape { name: "width 200", widths: &[784, 200, 200, 10], drop_input: 0.2, drop_hidden: 0.5, batch: 100 },
    Shape { name: "width 400", widths: &[784, 400, 400, 10], drop_input: 0.2, drop_hidden: 0.5, batch: 100 },
    Shape { name: "width 1600", widths: &[784, 1600, 1600, 10], drop_input: 0.2, drop_hidden: 0.5, batch: 100 },
];

pub const RATE: f64 = 0.05;
pub const MOMENTUM: f64 = 0.9;
pub const MAX_NORM: f64 = 3.0;

impl Shape {
    /// The DROP rate before affine layer `layer`.
    pub fn drop(&self, layer: usize) -> f64 {
        if layer == 0 { self.drop_input } else { self.drop_hidden }
    }

    /// Inputs, row by row, and classes: prototypes with noise.
    pub fn examples(&self) -> (Vec<f32>, Vec<u32>) {
        let (inputs, classes) = (self.widths[0], self.widths[self.widths.len() - 1]);
        let noise = |n: usize, i: usize| {
            let hash = ((n * 1_000_003 + i) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            (hash >> 40) as f32 / (1 << 24) as f32
        };
        let row = |n| (0..inputs).map(move |i| 0.5 * noise(n % classes, i) + 0.5 * noise(n + classes, i));
        ((0..self.batch).flat_map(row).collect(), (0..self.batch).map(|n| (n % classes) as u32).collect())
    }

    /// The products of a step.
    fn flop(&self) -> f64 {
        let products = self.widths.windows(2).map(|pair| pair[0] * pair[1]).sum::<usize>();
        6.0 * (self.batch * products) as f64
    }
}

/// Seconds that all threads of this program have spent on a processor (Linux).
fn busy_seconds() -> f64 {
    std::thread::yield_now(); // brings the account up to date
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let spent = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("schedstat")).ok());
    spent.filter_map(|text| text.split_whitespace().next()?.parse::<f64>().ok()).sum::<f64>() * 1e-9
}

/// Times the steps that `make` gives for each shape, each of which returns its loss: one line a shape, the median of
/// five rounds. On one thread (`RAYON_NUM_THREADS=1`) that is time of the processor, so that a busy machine does not count
/// against a peer, else of the clock. `--only SHAPE` chooses.
pub fn run<S: FnMut() -> f32>(peer: &str, version: &str, make: impl Fn(&Shape) -> S) {
    let only = std::env::args().skip_while(|argument| argument != "--only").nth(1);
    let alone = std::env::var("RAYON_NUM_THREADS").is_ok_and(|threads| threads == "1");
    let start = Instant::now();
    let now = || if alone { busy_seconds() } else { start.elapsed().as_secs_f64() };
    for shape in SHAPES.iter().filter(|shape| only.as_deref().is_none_or(|only| only == shape.name)) {
        let mut step = make(shape);
        let first = step();
        let count = ((5e9 / shape.flop()) as u32).clamp(10, 300);
        let mut last = first;
        let mut rounds: Vec<f64> = (0..5)
            .map(|_| {
                let before = now();
                (0..count).for_each(|_| last = step());
                (now() - before) / f64::from(count) * 1e3
            })
            .collect();
        assert!(last < first, "{}: the loss went from {first} to {last}", shape.name);
        rounds.sort_by(f64::total_cmp);
        println!("{peer},{version},{},{:.3}", shape.name, rounds[2]);
    }
}
