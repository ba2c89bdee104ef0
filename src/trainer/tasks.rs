//! Work cut into tasks that write chunks of their own.

use rayon::prelude::*;

/// Calls `task` with the number of each chunk of `size` entries and the chunk, on all threads where it is worth it.
pub(super) fn for_each_chunk<T: Send>(
    parallel: bool,
    entries: &mut [T],
    size: usize,
    task: impl Fn(usize, &mut [T]) + Send + Sync,
) {
    if parallel {
        entries.par_chunks_mut(size).enumerate().for_each(|(number, chunk)| task(number, chunk));
    } else {
        entries.chunks_mut(size).enumerate().for_each(|(number, chunk)| task(number, chunk));
    }
}

/// Rows a task, where there are too few panels to keep all threads busy with whole ones.
pub(super) fn rows_a_task(parallel: bool, panels: usize, rows: usize) -> usize {
    let tasks = if parallel { 2 * rayon::current_num_threads() } else { 1 };
    rows.div_ceil(tasks.div_ceil(panels))
}
