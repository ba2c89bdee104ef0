/// A mean over independent repetitions, with its standard error.
///
/// ```
/// use dropout_oracle::experiment::Estimate;
/// let estimate = Estimate::new(&[1.0, 2.0, 3.0]);
/// assert_eq!(estimate.mean, 2.0);
/// assert_eq!(estimate.standard_error, Some((1.0f64 / 3.0).sqrt())); // sample variance 1, three repetitions
/// assert_eq!(Estimate::new(&[1.0]).standard_error, None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// \\(\sqrt{s^2/n}\\), with s² the sample variance (divisor n − 1); none for a single repetition.
    pub standard_error: Option<f64>,
}

impl Estimate {
    /// The estimate from the value of each repetition, of which there must be at least one.
    pub fn new(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
        Self { mean, standard_error: (values.len() > 1).then(|| (squares / (n - 1.0) / n).sqrt()) }
    }
}
