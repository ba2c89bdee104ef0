//! Symmetric positive definite systems, by Cholesky's factorisation without square roots.

use crate::scalar::Scalar;
use nalgebra::{DMatrix, DVector};

/// The solution x of A x = b for a symmetric positive definite A, from \\(A = L D L^\top\\).
///
/// Only field operations, so exact over rationals; as stable as Cholesky's over floats. Without a positive pivot A is
/// not positive definite: then the result is the index of the first that is not. A computed pivot is the difference of
/// terms up to A_jj with n roundings, so over floats one below n·u·A_jj counts as zero.
pub(super) fn solve<T: Scalar>(mut a: DMatrix<T>, mut b: DVector<T>) -> Result<DVector<T>, usize> {
    let n = b.len();
    let noise = T::unit_roundoff() * T::ratio(n as i64, 1);
    for j in 0..n {
        // a holds D on its diagonal and L below; D L' above it is overwritten row by row.
        let scale = a[(j, j)].clone();
        for k in 0..j {
            let product = a[(j, k)].clone() * a[(k, j)].clone();
            a[(j, j)] -= product;
        }
        let pivot = a[(j, j)].clone();
        let positive = pivot > noise.clone() * scale; // false for NaN too
        if !positive {
            return Err(j);
        }
        for i in j + 1..n {
            for k in 0..j {
                let product = a[(i, k)].clone() * a[(k, j)].clone();
                a[(i, j)] -= product;
            }
            a[(j, i)] = a[(i, j)].clone();
            a[(i, j)] /= pivot.clone();
        }
        for k in 0..j {
            let product = a[(j, k)].clone() * b[k].clone();
            b[j] -= product;
        }
    }
    for j in (0..n).rev() {
        b[j] /= a[(j, j)].clone();
        for i in j + 1..n {
            let product = a[(i, j)].clone() * b[i].clone();
            b[j] -= product;
        }
    }
    Ok(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rational;
    use nalgebra::{dmatrix, dvector};

    /// A = L diag(2, 3, ½) Lᵀ for a unit lower triangular L, so the pivots are known.
    #[test]
    fn solves_exactly_over_rationals() {
        let q = |n| Rational::ratio(n, 2);
        let a = dmatrix![q(4), q(8), q(-4); q(8), q(22), q(1); q(-4), q(1), q(32)];
        let x = dvector![q(3), q(-1), q(7)];
        assert_eq!(solve(a.clone(), &a * &x), Ok(x));
    }

    #[test]
    fn names_the_first_pivot_that_is_not_positive() {
        let singular = dmatrix![1.0, 2.0, 0.0; 2.0, 4.0, 0.0; 0.0, 0.0, 1.0];
        assert_eq!(solve(singular, DVector::zeros(3)), Err(1));
        assert_eq!(solve(dmatrix![f64::NAN], dvector![1.0]), Err(0));
    }
}
