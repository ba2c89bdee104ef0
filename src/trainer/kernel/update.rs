//! The gradient of a panel of weights, and the step that it causes.

use super::Multipliers;
use crate::trainer::columns::Columns;
use crate::trainer::float::Float;
use crate::trainer::panel::Panel;
use pulp::{Simd, WithSimd};

/// How a weight moves: \\(g \mathrel{+}= \lambda_2 w + \lambda_1 \mathrm{sign}\\,w,\quad v \leftarrow m v - \eta g\\), then
/// \\(w \leftarrow w + v\\), or with Nesterov's momentum \\(w \leftarrow w + m v - \eta g\\).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule<F> {
    pub(crate) learning_rate: F,
    pub(crate) momentum: F,
    pub(crate) nesterov: bool,
    pub(crate) l2: F,
    pub(crate) l1: Option<F>,
    pub(crate) max_norm: Option<F>,
}

/// One step of a panel down \\(\mu \circ (H^\top E)\\), where μ is 1 unless the weights are `NOISY`: known when the
/// kernel is compiled, so that the sums stay in registers.
pub(crate) struct Update<'a, F: Float, const NOISY: bool> {
    /// H.
    pub(crate) input: &'a [F],
    /// The columns of H.
    pub(crate) inputs: Columns,
    /// E of this panel.
    pub(crate) error: &'a [F],
    /// W, b and their velocities.
    pub(crate) panel: &'a mut Panel<F>,
    /// μ: what multiplied the weights in this step.
    pub(crate) multipliers: Multipliers<'a, F>,
    pub(crate) rule: Rule<F>,
}

impl<F: Float, const NOISY: bool> WithSimd for Update<'_, F, NOISY> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        match self.panel.bias.len() / F::LANES {
            _ if S::REGISTER_COUNT < 32 => self.weights::<S, 4, 1>(simd),
            5 => self.weights::<S, 4, 5>(simd),
            4 => self.weights::<S, 4, 4>(simd),
            3 => self.weights::<S, 8, 3>(simd),
            2 => self.weights::<S, 8, 2>(simd),
            _ => self.weights::<S, 8, 1>(simd),
        }
        self.biases(simd);
        self.shrink(simd);
    }
}

impl<F: Float, const NOISY: bool> Update<'_, F, NOISY> {
    /// `ROWS` divides the number of lanes, so no tile reaches over the end of a panel of inputs.
    #[inline(always)]
    fn weights<S: Simd, const ROWS: usize, const VECTORS: usize>(&mut self, simd: S) {
        self.panel.squares.fill(F::zero());
        let width = self.panel.bias.len();
        let batch = self.error.len() / width;
        for vector in (0..width / F::LANES).step_by(VECTORS) {
            for p in 0..self.inputs.panels() {
                let input = &self.input[p * batch * self.inputs.panel..][..batch * self.inputs.panel];
                for row in (0..self.inputs.filled(p)).step_by(ROWS) {
                    let gradient = self.gradient::<S, ROWS, VECTORS>(simd, input, row, vector);
                    self.step(simd, gradient, p * self.inputs.panel + row, vector);
                }
            }
        }
    }

    #[inline(always)]
    fn gradient<S: Simd, const ROWS: usize, const VECTORS: usize>(
        &self,
        simd: S,
        input: &[F],
        row: usize,
        vector: usize,
    ) -> [[F::Vector<S>; VECTORS]; ROWS] {
        let stride = self.panel.bias.len() / F::LANES;
        let mut sums = [[F::splat(simd, F::zero()); VECTORS]; ROWS];
        let errors = F::vectors::<S>(self.error).chunks_exact(stride);
        for (h, e) in input.chunks_exact(self.inputs.panel).zip(errors) {
            let (h, e) = (&h[row..row + ROWS], &e[vector..vector + VECTORS]);
            for i in 0..ROWS {
                let x = F::splat(simd, h[i]);
                for v in 0..VECTORS {
                    sums[i][v] = F::mul_add(simd, x, e[v], sums[i][v]);
                }
            }
        }
        sums
    }

    #[inline(always)]
    fn step<S: Simd, const ROWS: usize, const VECTORS: usize>(
        &mut self,
        simd: S,
        gradient: [[F::Vector<S>; VECTORS]; ROWS],
        row: usize,
        vector: usize,
    ) {
        let stride = self.panel.bias.len() / F::LANES;
        let weight = F::vectors_mut::<S>(&mut self.panel.weight);
        let velocity = F::vectors_mut::<S>(&mut self.panel.velocity);
        let squares = &mut F::vectors_mut::<S>(&mut self.panel.squares)[vector..vector + VECTORS];
        for i in 0..ROWS {
            let range = (row + i) * stride + vector..(row + i) * stride + vector + VECTORS;
            let (weight, velocity) = (&mut weight[range.clone()], &mut velocity[range]);
            for v in 0..VECTORS {
                let mut gradient = gradient[i][v];
                if NOISY {
                    gradient = self.multipliers.times(simd, row + i, vector + v, gradient);
                }
                let gradient = self.rule.penalised(simd, gradient, weight[v]);
                (weight[v], velocity[v]) = self.rule.moved(simd, weight[v], velocity[v], gradient);
                squares[v] = F::mul_add(simd, weight[v], weight[v], squares[v]);
            }
        }
    }

    /// The sums of the errors over the rows, and the step of the biases.
    #[inline(always)]
    fn biases<S: Simd>(&mut self, simd: S) {
        let stride = self.panel.bias.len() / F::LANES;
        let bias = F::vectors_mut::<S>(&mut self.panel.bias);
        let velocity = F::vectors_mut::<S>(&mut self.panel.bias_velocity);
        for (v, (b, velocity)) in bias.iter_mut().zip(velocity).enumerate() {
            let mut sum = F::splat(simd, F::zero());
            for e in F::vectors::<S>(self.error).chunks_exact(stride) {
                sum = F::plus(simd, sum, e[v]);
            }
            (*b, *velocity) = self.rule.moved(simd, *b, *velocity, sum);
        }
    }

    /// Restores the max-norm constraint, and says whether all numbers are finite: a weight that is not, or whose square
    /// overflows, makes its unit's norm infinite or NaN.
    #[inline(always)]
    fn shrink<S: Simd>(&mut self, simd: S) {
        let Panel { weight, bias, squares, finite, .. } = &mut *self.panel;
        *finite = squares.iter().chain(bias.iter()).all(|x| x.is_finite());
        let Some(limit) = self.rule.max_norm else { return };
        if !squares.iter().any(|&square| square.sqrt() > limit) {
            return;
        }
        let factor = |square: F| if square.sqrt() > limit { limit / square.sqrt() } else { F::one() };
        squares.iter_mut().for_each(|square| *square = factor(*square));
        let (stride, factors) = (bias.len() / F::LANES, F::vectors::<S>(squares));
        for row in F::vectors_mut::<S>(weight).chunks_exact_mut(stride) {
            for (w, &factor) in row.iter_mut().zip(factors) {
                *w = F::times(simd, *w, factor);
            }
        }
    }
}

impl<F: Float> Rule<F> {
    /// The gradient with that of the penalties.
    #[inline(always)]
    fn penalised<S: Simd>(&self, simd: S, gradient: F::Vector<S>, weight: F::Vector<S>) -> F::Vector<S> {
        let gradient = F::mul_add(simd, F::splat(simd, self.l2), weight, gradient);
        let Some(l1) = self.l1 else { return gradient };
        let minus = F::times(simd, F::splat(simd, -F::one()), weight);
        let up = F::where_positive(simd, weight, F::splat(simd, l1));
        let down = F::where_positive(simd, minus, F::splat(simd, -l1));
        F::plus(simd, gradient, F::plus(simd, up, down))
    }

    /// A number and its velocity after the step.
    ///
    /// A velocity below the least normal number counts as 0. Without a gradient it would never get there by itself (.9 of
    /// the least subnormal number rounds to that number), and processors take a hundred cycles to multiply by it: a
    /// network with dead units would train at a fraction of the speed.
    #[inline(always)]
    fn moved<S: Simd>(
        &self,
        simd: S,
        number: F::Vector<S>,
        velocity: F::Vector<S>,
        gradient: F::Vector<S>,
    ) -> (F::Vector<S>, F::Vector<S>) {
        let momentum = F::splat(simd, self.momentum);
        let step = F::times(simd, F::splat(simd, -self.learning_rate), gradient);
        let velocity = F::normal(simd, F::mul_add(simd, momentum, velocity, step));
        let way = if self.nesterov { F::mul_add(simd, momentum, velocity, step) } else { velocity };
        (F::plus(simd, number, way), velocity)
    }
}
