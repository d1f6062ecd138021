//! How every command reads pictures, and how it says what is to be said of them.

use crate::console::Console;
use lacuna_imaging::{Note, Orienting, ReadOptions, Reader, Warning};

#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct PictureArguments {
    /// Turn pictures upright as their EXIF orientation says, and with them all that is written; masks by their own orientation
    /// or with their image. Without it, pixels are taken as they are stored
    #[arg(long)]
    apply_orientation: bool,
}

impl PictureArguments {
    pub fn orientation(&self) -> Orienting {
        match self.apply_orientation {
            true => Orienting::Upright,
            false => Orienting::Stored,
        }
    }

    /// The reader of pictures without volumes.
    pub fn reader(&self) -> Reader {
        Reader::new(ReadOptions { orientation: self.orientation(), ..ReadOptions::default() })
    }
}

/// Says each kind of warning once, with the first file that has it and how many others do.
pub fn tell(console: &Console, notes: &[Note]) {
    for note in notes {
        console.warn(&with_option(note, &note.warning));
    }
}

/// The notes as sentences, for records and `--json`.
pub fn in_words(notes: &[Note]) -> Vec<String> {
    notes.iter().map(|note| with_option(note, &note.warning)).collect()
}

/// A warning, or a note of it, with the option of this program that is the remedy.
pub fn with_option(text: &impl ToString, warning: &Warning) -> String {
    let option = match warning {
        Warning::NotTurned { .. } => {
            " Remedy: `--apply-orientation` turns the picture, and with it the map and all that is written."
        }
        Warning::AsStored { .. } => {
            " Remedy: write orientation = \"RAS\", or whatever it was, into [input] of the manifest."
        }
        Warning::ColourLost { .. } => " `explain` and `compare` take such pictures with `--to-grey` only.",
        _ => "",
    };
    match option {
        "" => text.to_string(),
        option => format!("{}.{option}", text.to_string()),
    }
}
