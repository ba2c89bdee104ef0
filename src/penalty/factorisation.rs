//! Dropout of the one hidden layer of a linear network, and of matrix factorisation.

use crate::error::{Error, Result};
use crate::law::Independent;
use crate::scalar::{Real, Scalar, dot};
use nalgebra::{DMatrix, DVector};

/// What inverted dropout of the hidden units adds to the squared loss of a linear network with one hidden layer:
///
/// \\[ \mathbb E \sum_n \\|y_n - U(\mu_n \circ V^\top x_n)\\|^2 = \sum_n \\|y_n - U V^\top x_n\\|^2 +
///    \sum_i \frac{1-\theta_i}{\theta_i}\\, \\|u_i\\|^2\\, v_i^\top X^\top X\\, v_i \\]
///
/// with one row of X (examples × inputs) an example, hidden unit i reading v_i (column i of V, inputs × hidden),
/// writing u_i (column i of U, outputs × hidden) and kept with probability θ_i, independently of the others. The loss
/// is a SUM over examples. With X the identity it is the factorisation M ≈ UVᵀ (claim deep.linear-one-hidden).
///
/// ```
/// use dropout_oracle::penalty::factorisation::hidden_penalty;
/// use nalgebra::{dmatrix, dvector};
/// let (u, v, x) = (dmatrix![2.0], dmatrix![3.0], dmatrix![1.0; 1.0]);
/// assert_eq!(hidden_penalty(&u, &v, &x, dvector![0.5])?, 4.0 * 9.0 * 2.0);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
///
/// # Errors
/// [`Error::Shape`] where the matrices do not fit, [`Error::KeepProbability`] unless every θ lies in (0, 1],
/// [`Error::NotFinite`] for an entry that is NaN or infinite.
pub fn hidden_penalty<T: Scalar>(u: &DMatrix<T>, v: &DMatrix<T>, x: &DMatrix<T>, keep: DVector<T>) -> Result<T> {
    Error::shape("columns of V, one a hidden unit as in U", u.ncols(), v.ncols())?;
    Error::shape("rows of V, one an input", x.ncols(), v.nrows())?;
    Error::shape("keep probabilities of the hidden units", u.ncols(), keep.len())?;
    [u, v, x].into_iter().try_for_each(finite)?;
    let keep = Independent::new(keep)?;
    Ok(keep.keep().iter().enumerate().fold(T::zero(), |penalty, (i, p)| {
        let (u, v) = (u.column(i).into_owned(), v.column(i).into_owned());
        let activity = x.row_iter().fold(T::zero(), |sum, row| {
            let h = dot(&row.transpose(), &v);
            sum + h.clone() * h
        });
        penalty + (T::one() - p.clone()) / p.clone() * dot(&u, &u) * activity
    }))
}

/// The least penalty \\(\lambda \sum_i \\|u_i\\|^2\\|v_i\\|^2\\) over all factorisations M = UVᵀ into `columns`
/// columns: \\(\lambda \\|M\\|_\ast^2/r\\) with the nuclear norm of M, r the columns and λ = (1−θ)/θ.
///
/// Twice Cauchy–Schwarz: \\(\sum_i \\|u_i\\|^2\\|v_i\\|^2 \ge \frac1r (\sum_i \\|u_i\\|\\|v_i\\|)^2 \ge \frac1r
/// \\|M\\|_\ast^2\\). [`balanced`] attains it. Dropout of factorisation therefore prefers a small nuclear norm.
///
/// # Errors
/// As [`balanced`], and [`Error::KeepProbability`] unless θ lies in (0, 1].
pub fn least_penalty<T: Real>(m: &DMatrix<T>, columns: usize, keep: T) -> Result<T> {
    Independent::new(DVector::from_element(1, keep))?;
    let (u, v) = balanced(m, columns)?;
    let nuclear = (0..columns).fold(T::zero(), |sum, i| sum + norm(&u, i) * norm(&v, i));
    Ok((T::one() - keep) / keep * nuclear * nuclear / T::ratio(columns as i64, 1))
}

/// A factorisation M = UVᵀ into `columns` columns whose terms all have the same \\(\\|u_i\\| = \\|v_i\\|\\): one of
/// least dropout penalty.
///
/// From the singular value decomposition: \\(U = A\sqrt S Q\\) and \\(V = B\sqrt S Q\\), with Q a product of fewer than r
/// rotations, each of which brings one diagonal entry of \\(Q^\top S Q\\) to the mean.
///
/// ```
/// use dropout_oracle::penalty::factorisation::balanced;
/// use nalgebra::dmatrix;
/// let (u, v) = balanced(&dmatrix![3.0f64, 0.0; 0.0, 1.0], 2)?;
/// assert!((u.column(0).norm_squared() - 2.0).abs() < 1e-14); // (3 + 1)/2
/// assert!((v.column(1).norm_squared() - 2.0).abs() < 1e-14);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
///
/// # Errors
/// [`Error::Domain`] if there are fewer columns than singular values above the rounding of the largest,
/// [`Error::NotFinite`] for an entry that is NaN or infinite.
pub fn balanced<T: Real>(m: &DMatrix<T>, columns: usize) -> Result<(DMatrix<T>, DMatrix<T>)> {
    let (scaled, right) = jacobi(m)?;
    let values = DVector::from_fn(scaled.ncols(), |k, _| norm(&scaled, k));
    // Each rotation rounds a column by a few units in the last place of the largest.
    let noise = values.iter().copied().fold(T::zero(), T::maximum)
        * T::unit_roundoff()
        * T::ratio((16 * m.len()).try_into().unwrap_or(i64::MAX), 1);
    let kept: Vec<usize> = (0..values.len()).filter(|&k| values[k] > noise).collect();
    if columns < kept.len() || columns == 0 {
        let what = format!("columns of a factorisation of a matrix of rank {}", kept.len());
        return Err(Error::Domain { what, value: columns.to_string(), must: "positive and at least the rank" });
    }
    let mut u = DMatrix::zeros(m.nrows(), columns);
    let mut v = DMatrix::zeros(m.ncols(), columns);
    for (i, &k) in kept.iter().enumerate() {
        u.set_column(i, &(scaled.column(k) / values[k].sqrt()));
        v.set_column(i, &(right.column(k) * values[k].sqrt()));
    }
    let mean = kept.iter().fold(T::zero(), |sum, &k| sum + values[k]) / T::ratio(columns as i64, 1);
    for i in 0..columns {
        let entry = |u: &DMatrix<T>, k: usize| norm(u, k) * norm(u, k);
        let low = entry(&u, i) < mean;
        // The partner must lie on the other side of the mean; the entry farthest out does if any does.
        let partner = (i + 1..columns).reduce(|a, b| if (entry(&u, b) > entry(&u, a)) == low { b } else { a });
        let Some(j) = partner else { break };
        // (b − m)t² + 2ct + (a − m) = 0 for the tangent t of the angle.
        let (a, b) = (entry(&u, i) - mean, entry(&u, j) - mean);
        let c = dot(&u.column(i).into_owned(), &u.column(j).into_owned());
        let discriminant = c * c - a * b;
        if b.is_zero() || discriminant < T::zero() {
            continue; // both at the mean, but for rounding
        }
        let t = (discriminant.sqrt() - c) / b;
        rotate(&mut u, i, j, t);
        rotate(&mut v, i, j, t);
    }
    Ok((u, v))
}

fn finite<T: Scalar>(m: &DMatrix<T>) -> Result<()> {
    match m.iter().find(|entry| !entry.is_finite()) {
        Some(bad) => Err(Error::NotFinite { what: "an entry of a matrix".into(), value: bad.to_f64() }),
        None => Ok(()),
    }
}

/// ‖column k‖.
fn norm<T: Real>(m: &DMatrix<T>, k: usize) -> T {
    let column = m.column(k).into_owned();
    dot(&column, &column).sqrt()
}

/// Columns i and j turned by the angle with tangent t: i becomes c·i + s·j.
fn rotate<T: Real>(m: &mut DMatrix<T>, i: usize, j: usize, t: T) {
    let c = T::one() / (T::one() + t * t).sqrt();
    let s = c * t;
    for row in 0..m.nrows() {
        let (x, y) = (m[(row, i)], m[(row, j)]);
        m[(row, i)] = c * x + s * y;
        m[(row, j)] = c * y - s * x;
    }
}

/// The singular values of M, in no particular order: the norms of the columns that one-sided Jacobi rotations leave.
///
/// ```
/// use dropout_oracle::penalty::factorisation::singular_values;
/// use nalgebra::dmatrix;
/// assert_eq!(singular_values(&dmatrix![0.0, 3.0; 1.0, 0.0])?.sum(), 4.0);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
///
/// # Errors
/// [`Error::NotFinite`] for an entry that is NaN or infinite.
pub fn singular_values<T: Real>(m: &DMatrix<T>) -> Result<DVector<T>> {
    let (scaled, _) = jacobi(m)?;
    Ok(DVector::from_fn(scaled.ncols(), |k, _| norm(&scaled, k)))
}

/// M B and B, with B orthogonal such that the columns of M B are.
fn jacobi<T: Real>(m: &DMatrix<T>) -> Result<(DMatrix<T>, DMatrix<T>)> {
    finite(m)?;
    const SWEEPS: usize = 64; // convergence is quadratic: about 10 are needed
    // What a dot product of orthogonal unit columns is rounded to.
    let orthogonal = T::unit_roundoff() * T::ratio(m.nrows() as i64, 1);
    let (mut scaled, mut right) = (m.clone(), DMatrix::identity(m.ncols(), m.ncols()));
    for _ in 0..SWEEPS {
        let mut turned = false;
        for j in 1..m.ncols() {
            for i in 0..j {
                let (x, y) = (scaled.column(i).into_owned(), scaled.column(j).into_owned());
                let (a, b, c) = (dot(&x, &x), dot(&y, &y), dot(&x, &y));
                if c * c <= orthogonal * orthogonal * a * b {
                    continue;
                }
                turned = true;
                // ct² + (a − b)t − c = 0 makes the two columns orthogonal; the smaller root turns the least.
                let half = (a - b) / (c + c);
                let root = (half * half + T::one()).sqrt();
                let t = if half >= T::zero() { T::one() / (half + root) } else { T::one() / (half - root) };
                rotate(&mut scaled, i, j, t);
                rotate(&mut right, i, j, t);
            }
        }
        if !turned {
            break;
        }
    }
    Ok((scaled, right))
}
