//! The exact ensemble of a network under `mpirun`: rank i of N does shard i/N, and rank 0 joins the shards.
//!
//! ```sh
//! mpirun -n 8 dropout-oracle-mpi net.json x.npy > predictions.json
//! ```
//!
//! Two halves of the tree of masks are joined into the same parent wherever they were summed, so the predictions have the
//! bits of one process, whatever N is. They are printed as JSON: arithmetic mean, geometric mean with the logarithm of its
//! mass, and weight scaling, for each input.

use dropout_oracle::Model;
use dropout_oracle::file::{load_inputs, load_model};
use dropout_oracle::kernel::Enumeration;
use dropout_oracle::network::Network;
use dropout_oracle::shard::{Partial, Shard, merge};
use mpi::traits::{Communicator, Destination, Source};
use nalgebra::DVector;
use serde_json::{Value, json};
use std::error::Error;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [net, inputs] = &arguments[..] else {
        eprintln!("usage: mpirun -n N dropout-oracle-mpi NET.json INPUTS.npy|.npz|.csv");
        return ExitCode::from(3);
    };
    let universe = mpi::initialize().expect("MPI is initialised once");
    let world = universe.world();
    match run(&world, net, inputs) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            // The other ranks would wait for ever.
            world.abort(2)
        }
    }
}

fn run(world: &impl Communicator, net: &str, inputs: &str) -> Result<(), Box<dyn Error>> {
    let model = load_model(net)?;
    let inputs = load_inputs(inputs, None, model.network().inputs())?;
    let (rank, size) = (world.rank(), world.size());
    let shard = Shard::new(u32::try_from(rank)?, u32::try_from(size)?).expect("a rank is below the number of ranks");
    let mut partial = Partial::new(&model, &inputs, shard)?;
    partial.work(&model, &inputs, |_, _| Ok(ControlFlow::Continue(())))?;
    if rank > 0 {
        world.process_at_rank(0).send(&partial.to_bytes()[..]);
        return Ok(());
    }
    let mut parts = vec![(PathBuf::from("rank 0"), partial)];
    for rank in 1..size {
        let (bytes, _) = world.process_at_rank(rank).receive_vec::<u8>();
        let name = PathBuf::from(format!("rank {rank}"));
        parts.push((name.clone(), Partial::from_bytes(&bytes, &name)?));
    }
    println!("{}", report(&model, &inputs, &parts)?);
    Ok(())
}

/// The predictions for all inputs.
fn report(model: &Model, inputs: &[DVector<f64>], parts: &[(PathBuf, Partial)]) -> Result<Value, Box<dyn Error>> {
    let rows = inputs.iter().zip(merge(parts)?).map(|(x, sums)| {
        let means = Enumeration::new(model, x)?.prediction(&sums)?;
        Ok(json!({
            "arithmetic_mean": means.arithmetic_mean.as_slice(),
            "geometric_mean": means.geometric_mean.expected.as_slice(),
            "log_geometric_mass": means.geometric_mean.log_mass,
            "weight_scaling": means.weight_scaling.as_slice(),
        }))
    });
    Ok(json!({ "predictions": rows.collect::<Result<Vec<_>, Box<dyn Error>>>()? }))
}
