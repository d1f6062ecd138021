//! `lacuna score MAPS MASKS`: whether the evidence of maps lies where lesions are known to be.

use crate::{
    console::Console,
    failure::Result,
    pictures::{self, PictureArguments},
};
use lacuna_study::{Comparison, Interval, Score, compare, score};
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A folder that `lacuna explain` wrote, or one of maps NAME.npy or NAME.png
    #[arg(value_name = "MAPS")]
    maps: PathBuf,
    /// A folder of masks (PNG or JPEG, every pixel other than 0 is lesion), named like the explained images
    #[arg(value_name = "MASKS")]
    masks: PathBuf,
    /// Another folder of maps of the same images, to be compared with
    #[arg(long, value_name = "MAPS")]
    against: Option<PathBuf>,
    /// Decides the resamples behind the intervals
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pictures: PictureArguments,
}

/// Scores one folder of maps, or two.
pub fn run(arguments: &Arguments) -> Result<()> {
    let console = Console::new(arguments.json);
    let waiting = console.wait("scoring the maps");
    let reader = arguments.pictures.reader();
    let first = score(&arguments.maps, &arguments.masks, arguments.seed, &reader)?;
    let against = arguments.against.as_deref();
    let second = against.map(|maps| score(maps, &arguments.masks, arguments.seed, &reader)).transpose()?;
    let difference = second.as_ref().map(|second| compare(&first, second, arguments.seed)).transpose()?;
    drop(waiting);
    let notes = reader.notes();
    pictures::tell(&console, &notes);

    for image in &first.images {
        console.say(&format!("{}: AUC {:.4}, hit {:.2}", image.image, image.auc, image.hit));
    }
    summary(&console, &arguments.maps.display().to_string(), &first);
    if let (Some(second), Some(difference), Some(maps)) = (&second, &difference, against) {
        summary(&console, &maps.display().to_string(), second);
        compared(&console, difference);
    }
    console.give(
        &json!({ "maps": first, "against": second, "difference": difference, "notes": pictures::in_words(&notes) }),
    );
    Ok(())
}

fn summary(console: &Console, maps: &str, score: &Score) {
    let count = score.images.len();
    console.say(&format!("{maps}: {count} images, {} masks without a map", score.masks_without_map));
    console.say(&format!("  AUC   {} (chance 0.5000)", interval(score.auc, count)));
    console.say(&format!("  hits  {} (chance {:.4})", interval(score.hit, count), score.lesion));
}

fn compared(console: &Console, difference: &Comparison) {
    let Comparison { images, only_first, only_second, auc, hit } = difference;
    console.say(&format!("the first minus the second, on {images} common images"));
    if only_first + only_second > 0 {
        console.warn(&format!("{only_first} images are only in the first and {only_second} only in the second"));
    }
    console.say(&format!("  AUC   {}", interval(*auc, *images)));
    console.say(&format!("  hits  {}", interval(*hit, *images)));
}

/// One image says nothing about how images spread.
fn interval(Interval { value, low, high }: Interval, images: usize) -> String {
    match images {
        1 => format!("{value:.4}"),
        _ => format!("{value:.4}, 95 % interval {low:.4} to {high:.4}"),
    }
}
