//! What both kinds of tile do with s = Σ_y e^η: four masks share one division, and the means are products of matrices.

use pulp::Simd;

/// How many masks share a division.
pub(super) const QUAD: usize = 4;
/// How many rows of a product are summed at a time: what the registers hold.
pub(super) const ROWS: usize = 5;

/// An entry of a matrix that vectors are multiplied by.
pub(super) trait Entry<S: Simd>: Copy {
    /// What it is in each lane.
    fn vector(self, simd: S) -> S::f64s;
}

/// The same number in each lane.
impl<S: Simd> Entry<S> for f64 {
    #[inline(always)]
    fn vector(self, simd: S) -> S::f64s {
        simd.splat_f64s(self)
    }
}

/// A number of its own in each lane.
#[derive(Clone, Copy, Debug)]
pub(super) struct Own<S: Simd>(pub S::f64s);

impl<S: Simd> Entry<S> for Own<S> {
    #[inline(always)]
    fn vector(self, _: S) -> S::f64s {
        self.0
    }
}

/// 1/s of four masks, and the product of the four s: \\(1/s_0 = (s_0 s_1 s_2 s_3)^{-1} s_1 \cdot s_2 s_3\\).
#[inline(always)]
pub(super) fn reciprocals<S: Simd>(simd: S, s: [S::f64s; QUAD]) -> ([S::f64s; QUAD], S::f64s) {
    let (s01, s23) = (simd.mul_f64s(s[0], s[1]), simd.mul_f64s(s[2], s[3]));
    let all = simd.mul_f64s(s01, s23);
    let inverse = simd.div_f64s(simd.splat_f64s(1.0), all);
    let (i01, i23) = (simd.mul_f64s(inverse, s23), simd.mul_f64s(inverse, s01));
    let each = [simd.mul_f64s(i01, s[1]), simd.mul_f64s(i01, s[0]), simd.mul_f64s(i23, s[3]), simd.mul_f64s(i23, s[2])];
    (each, all)
}

/// `sums[row] += Σ_m r[m] · matrix[m][row]` for up to [`ROWS`] rows, those at the start of each `stride` entries.
#[inline(always)]
pub(super) fn multiply<S: Simd, E: Entry<S>, const V: usize>(
    simd: S,
    r: &[[S::f64s; V]],
    matrix: &[E],
    stride: usize,
    sums: &mut [[S::f64s; V]],
) {
    match sums.len() {
        1 => multiply_rows::<S, E, V, 1>(simd, r, matrix, stride, sums),
        2 => multiply_rows::<S, E, V, 2>(simd, r, matrix, stride, sums),
        3 => multiply_rows::<S, E, V, 3>(simd, r, matrix, stride, sums),
        4 => multiply_rows::<S, E, V, 4>(simd, r, matrix, stride, sums),
        _ => multiply_rows::<S, E, V, ROWS>(simd, r, matrix, stride, sums),
    }
}

/// The same for R rows.
#[inline(always)]
fn multiply_rows<S: Simd, E: Entry<S>, const V: usize, const R: usize>(
    simd: S,
    r: &[[S::f64s; V]],
    matrix: &[E],
    stride: usize,
    sums: &mut [[S::f64s; V]],
) {
    let mut part = [[simd.splat_f64s(0.0); V]; R];
    for (m, r) in r.iter().enumerate() {
        let entries = &matrix[m * stride..][..R];
        for row in 0..R {
            let entry = entries[row].vector(simd);
            for v in 0..V {
                part[row][v] = simd.mul_add_f64s(r[v], entry, part[row][v]);
            }
        }
    }
    for (sum, part) in sums.iter_mut().zip(&part) {
        for v in 0..V {
            sum[v] = simd.add_f64s(sum[v], part[v]);
        }
    }
}
