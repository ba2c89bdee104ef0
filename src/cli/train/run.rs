//! The training itself, in stretches between looks and checkpoints.

use super::checkpoint::{self, Resumed, Work};
use super::course::{Best, Course, Look};
use super::data::Sets;
use super::{Failure, score};
use dropout_oracle::file::Output;
use dropout_oracle::train::Training;
use dropout_oracle::trainer::{Data, Float, State, Trainer};
use dropout_oracle::{Error, Model};
use indicatif::{ProgressBar, ProgressStyle};
use std::fs::File;
use std::io::{IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What is to be done.
pub struct Job<'a> {
    pub sets: &'a Sets,
    pub training: Training,
    /// Steps from look to look.
    pub every: u64,
    /// Of early stopping.
    pub patience: Option<u64>,
    pub checkpoint: Option<(&'a Path, Duration)>,
    pub log: Option<&'a Path>,
    pub work: Work,
}

/// What came of it.
pub struct Done {
    pub course: Course,
    /// Steps taken.
    pub steps: u64,
    /// Steps behind the network that is kept.
    pub kept_step: u64,
    /// The largest entry of the objective's gradient there, where it is known.
    pub slope: Option<f64>,
}

/// Trains `model`, from its checkpoint if there is one.
pub fn train<F: Float>(job: &Job<'_>, model: &mut Model) -> Result<Done, Failure> {
    let data = Data::<F>::from_examples(&job.sets.train)?;
    let file = job.checkpoint.map(|(path, every)| Ok::<_, Failure>((Output::new(path)?, path, every))).transpose()?;
    let Resumed { state, mut best, mut course } = match &file {
        Some((_, path, _)) if path.exists() => checkpoint::read(path, &job.work, &job.training)?,
        _ => Resumed { state: start(job, model)?, best: None, course: Course::default() },
    };
    let mut step = state.step;
    let mut trainer = Trainer::<F>::resume(model, state)?;
    if job.patience.is_some() && best.is_none() && step == 0 {
        let untrained = validate(job, &trainer, model)?.and_then(|score| score.nll);
        best = untrained.map(|loss| Best { step, loss, parameters: trainer.state().parameters });
    }
    let mut log = job.log.map(|path| Log::new(path, &course.looks)).transpose()?;
    let save = |trainer: &Trainer<F>, best: Option<&Best<F>>, course: &Course| match &file {
        Some((output, ..)) => output.write(&checkpoint::write(&job.work, &trainer.state(), best, course)),
        None => Ok(()),
    };
    save(&trainer, best.as_ref(), &course)?;
    let bar = progress(job.training.steps, step)?;
    let mut written = Instant::now();
    while step < job.training.steps && job.patience.is_none_or(|patience| course.worse < patience) {
        let next = job.training.steps.min((step / job.every + 1).saturating_mul(job.every));
        let due = |written: Instant| file.as_ref().is_some_and(|(_, _, every)| written.elapsed() >= *every);
        let stretch = trainer.run(&data, |progress| {
            step = progress.step + 1;
            course.stepped(progress.loss);
            if step % 16 == 0 {
                bar.set_message(format!("{:.4}", progress.loss));
                bar.set_position(step);
            }
            if step >= next || due(written) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        stretch.map_err(|error| diverged(error, file.as_ref().map(|(_, path, _)| *path)))?;
        if step == next {
            let validation = validate(job, &trainer, model)?;
            let look = course.look(step, validation);
            log.iter_mut().try_for_each(|log| log.line(look))?;
            if job.patience.is_some() {
                match validation.and_then(|score| score.nll) {
                    Some(loss) if best.as_ref().is_none_or(|best| loss < best.loss) => {
                        best = Some(Best { step, loss, parameters: trainer.state().parameters });
                        course.worse = 0;
                    }
                    _ => course.worse += 1,
                }
            }
        }
        if due(written) {
            save(&trainer, best.as_ref(), &course)?;
            written = Instant::now();
        }
    }
    save(&trainer, best.as_ref(), &course)?;
    bar.finish_and_clear();
    let mut kept_step = step;
    if let Some(Best { step: of, parameters, .. }) = best {
        let velocities = parameters.iter().map(|affine| affine.map(|_| F::zero())).collect();
        kept_step = of;
        trainer = Trainer::resume(model, State { training: job.training.clone(), step: of, parameters, velocities })?;
    }
    trainer.write_to(model)?;
    Ok(Done { course, steps: step, kept_step, slope: None })
}

fn start<F: Float>(job: &Job<'_>, model: &Model) -> Result<State<F>, Failure> {
    match Trainer::new(model, job.training.clone()) {
        Ok(trainer) => Ok(trainer.state()),
        Err(Error::TooManyMasks { units }) => Err(Failure::CouldNotRun(format!(
            "[training] method = \"boosting\" enumerates masks at every step, and the {units} units that are dropped \
             before the last linear part of the network have too many; drop fewer, or take \"boosting-weight-scaled\""
        ))),
        Err(error) => Err(error.into()),
    }
}

/// The score of weight scaling on the validation examples.
fn validate<F: Float>(job: &Job<'_>, trainer: &Trainer<F>, model: &mut Model) -> Result<Option<score::Score>, Error> {
    let Some(validation) = &job.sets.validation else { return Ok(None) };
    trainer.write_to(model)?;
    score::weight_scaling(model, validation).map(Some)
}

fn diverged(error: Error, checkpoint: Option<&Path>) -> Failure {
    let kept = match (&error, checkpoint) {
        (Error::Diverged { .. }, Some(path)) => format!("; {} keeps the last good checkpoint", path.display()),
        _ => String::new(),
    };
    Failure::CouldNotRun(format!("{error}{kept}"))
}

/// A bar on a terminal, else nothing.
fn progress(steps: u64, step: u64) -> Result<ProgressBar, Failure> {
    let bar = if std::io::stderr().is_terminal() { ProgressBar::new(steps) } else { ProgressBar::hidden() };
    let style = "{wide_bar} {pos}/{len} steps, loss {msg}, {per_sec}, {eta} left";
    Ok(bar.with_style(ProgressStyle::with_template(style)?).with_position(step))
}

/// The log: one look a line, in JSON.
pub struct Log {
    path: PathBuf,
    file: File,
}

impl Log {
    /// A log that begins with what was seen before an interruption.
    pub fn new(path: &Path, looks: &[Look]) -> Result<Self, Failure> {
        let file = File::create(path)
            .map_err(|error| Failure::CouldNotRun(format!("cannot write {}: {error}", path.display())))?;
        let mut log = Self { path: path.into(), file };
        looks.iter().try_for_each(|look| log.line(look))?;
        Ok(log)
    }

    fn line(&mut self, look: &Look) -> Result<(), Failure> {
        let line = serde_json::to_string(look)? + "\n";
        let written = self.file.write_all(line.as_bytes());
        written.map_err(|error| Failure::CouldNotRun(format!("cannot write {}: {error}", self.path.display())))
    }
}
