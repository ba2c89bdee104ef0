//! Minibatches without replacement.

use crate::random::{Purpose, stream};
use rand::seq::SliceRandom;

/// Minibatches of example numbers: every epoch is a new random order of all examples, cut into batches.
///
/// Epoch e is shuffled by the stream ([`Purpose::Shuffle`], e, 0) of the seed. Where the batch size does not divide the
/// number of examples, the last batch of each epoch is smaller, so that every example counts once an epoch.
///
/// ```
/// use dropout_oracle::train::Batches;
/// let mut batches = Batches::new(5, 3, 0);
/// let mut epoch = [batches.draw(), batches.draw()].concat(); // 3 and 2 examples
/// epoch.sort();
/// assert_eq!(epoch, [0, 1, 2, 3, 4]);
/// ```
#[derive(Clone, Debug)]
pub struct Batches {
    order: Vec<usize>,
    size: usize,
    seed: u64,
    epoch: u64,
    used: usize,
}

impl Batches {
    /// Batches of `size` out of `examples` examples, none of them zero.
    pub fn new(examples: usize, size: usize, seed: u64) -> Self {
        Self { order: (0..examples).collect(), size, seed, epoch: 0, used: 0 }
    }

    /// The numbers of the next batch's examples.
    pub fn draw(&mut self) -> Vec<usize> {
        self.advance().to_vec()
    }

    /// [`Batches::draw`] without a copy.
    pub fn advance(&mut self) -> &[usize] {
        if self.used == 0 {
            self.order.sort_unstable();
            self.order.shuffle(&mut stream(self.seed, Purpose::Shuffle, self.epoch, 0));
            self.epoch += 1;
        }
        let end = self.order.len().min(self.used + self.size);
        let start = std::mem::replace(&mut self.used, if end == self.order.len() { 0 } else { end });
        &self.order[start..end]
    }

    /// Goes on as if `count` batches more had been drawn.
    ///
    /// ```
    /// use dropout_oracle::train::Batches;
    /// let (mut drawn, mut skipped) = (Batches::new(5, 3, 0), Batches::new(5, 3, 0));
    /// (0..7).for_each(|_| { drawn.draw(); });
    /// skipped.skip(7);
    /// assert_eq!(drawn.draw(), skipped.draw());
    /// ```
    pub fn skip(&mut self, count: u64) {
        let an_epoch = self.order.len().div_ceil(self.size) as u64;
        // Every epoch is shuffled anew from the same order, so whole ones need not be drawn.
        let whole = if self.used == 0 { count / an_epoch } else { 0 };
        self.epoch += whole;
        for _ in 0..count - whole * an_epoch {
            self.advance();
        }
    }
}
