//! Writes the first phantoms with a lesion, and their masks, as PGM: `images SEED COUNT FOLDER`.

use lacuna_phantom::{SIDE, phantom};
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let seed = arguments.next().map_or(Ok(7), |text| text.parse())?;
    let count = arguments.next().map_or(Ok(4), |text| text.parse::<u64>())?;
    let folder = PathBuf::from(arguments.next().unwrap_or_else(|| ".".into()));
    std::fs::create_dir_all(&folder)?;
    for number in 1..=count {
        let made = phantom(seed, 2 * number - 1);
        for (name, values) in
            [(format!("lesion-{number}.pgm"), &made.image), (format!("lesion-{number}-mask.pgm"), &made.mask)]
        {
            let mut file = format!("P5 {SIDE} {SIDE} 255\n").into_bytes();
            file.extend(values.iter().map(|value| (255.0 * value).round() as u8));
            std::fs::write(folder.join(name), file)?;
        }
    }
    Ok(())
}
