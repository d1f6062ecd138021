//! Trains the demonstration model: `train SEED FOLDER`.

use lacuna_phantom::{MANIFEST_FILE, TrainOptions, WEIGHTS_FILE, train};
use std::ops::ControlFlow;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let seed = arguments.next().map_or(Ok(7), |text| text.parse())?;
    let folder = PathBuf::from(arguments.next().unwrap_or_else(|| ".".into()));
    let begun = std::time::Instant::now();
    let trained = train(&TrainOptions { seed, ..TrainOptions::default() }, |step| {
        if step.done % 25 == 0 {
            println!("{}/{}: loss {:.4}, {:.1} s", step.done, step.steps, step.loss, begun.elapsed().as_secs_f64());
        }
        ControlFlow::Continue(())
    })?;
    println!("{:?}, {} bytes, {:.1} s", trained.quality, trained.weights.len(), begun.elapsed().as_secs_f64());
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join(WEIGHTS_FILE), trained.weights)?;
    std::fs::write(folder.join(MANIFEST_FILE), trained.manifest)?;
    Ok(())
}
