//! Numbers with a proved bound on their error.

/// A number and a proved bound on its distance from the truth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Certified {
    /// The value, as computed.
    pub value: f64,
    /// |value − truth| is at most this.
    pub error: f64,
}

impl Certified {
    /// The least that the truth can be.
    pub fn low(&self) -> f64 {
        (self.value - self.error).next_down()
    }

    /// The most that the truth can be.
    pub fn high(&self) -> f64 {
        (self.value + self.error).next_up()
    }
}
