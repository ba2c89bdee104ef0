//! Long enumerations, in parts: on one machine with checkpoints, or on many as shards that are merged.
//!
//! The masks of a network for one input are a binary [tree](crate::kernel::Subtree); what is summed where does not change
//! the bits of the whole, because two halves are always joined into the same parent. So the work on all inputs is cut into
//! [items](Plan), a shard is a run of items, and a [`Partial`] holds the sums of the largest subtrees that are done. The
//! same file is the checkpoint of a run that was killed, and the result of a shard to be [merged](merge).
//!
//! | part | module |
//! |---|---|
//! | the items, and which are whose | [`Plan`], [`Shard`] |
//! | sums of subtrees, joined as far as they go | [`Forest`] |
//! | the state of a shard, and its file | [`Partial`] |
//! | doing the items | [`Partial::work`] |
//! | from all shards to the predictions | [`merge`] |

mod error;
mod forest;
mod merge;
mod partial;
mod plan;
mod stored;
mod work;

pub use error::ShardError;
pub use forest::Forest;
pub use merge::merge;
pub use partial::Partial;
pub use plan::{Plan, Shard};
pub use work::Progress;
