//! What a reader of files should be told without it being an error, and how it is told of many files at once.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::format::FileFormat;
use crate::nifti::VolumeOrientation;
use crate::orientation::Orientation;

/// Something that is no error and still worth saying.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Warning {
    /// The header of a volume has neither sform nor qform: planes are guessed from the order of the voxel axes.
    NoOrientation,
    /// A whole volume was taken as it is stored; this is how it lies in the patient.
    AsStored { orientation: VolumeOrientation },
    /// So many NaN or infinite voxels were read as 0.
    NonFiniteZeroed { voxels: usize },
    /// EXIF asks viewers to turn the picture, and its pixels were taken as they are stored.
    NotTurned { asked: Orientation },
    /// So many bytes behind the end of the picture or gzip stream were not read.
    BytesBehind { format: FileFormat, bytes: u64, all_zero: bool },
    /// Three channels that differ by compression noise only were read as grey.
    NearlyGrey { widest: f32 },
    /// The luminance of a colour picture was taken; its channels differ by up to this share of the full range.
    ColourLost { widest: f32 },
    /// Each of so many channels of a model was given the same values.
    Repeated { channels: usize },
}

impl Warning {
    /// For `found` channels taken as `wanted`. Grey as the three channels of RGB is what models of photographs are given, and
    /// says nothing false.
    pub fn of_repeating(found: usize, wanted: usize) -> Option<Self> {
        (found != wanted && !matches!(wanted, 1 | 3)).then_some(Self::Repeated { channels: wanted })
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoOrientation => f.write_str(
                "the header has neither sform nor qform: the first voxel axis is taken to run to the patient's left, the \
                 second to the front, the third to the top; check the sides before you trust them",
            ),
            Self::AsStored { orientation } => write!(
                f,
                "the volume was taken as it is stored, its axes towards {orientation}, for nothing says how the volumes lay that \
                 the model was trained on"
            ),
            Self::NonFiniteZeroed { voxels } => write!(f, "{voxels} NaN or infinite voxels were read as 0"),
            Self::NotTurned { asked } => write!(
                f,
                "the EXIF orientation is {}: viewers show the picture {asked}, and here its pixels are taken as they are \
                 stored",
                asked.number()
            ),
            Self::BytesBehind { format, bytes, all_zero } => {
                let what = if *all_zero { " (all 0)" } else { "" };
                let end = match format {
                    FileFormat::NiftiGzip => "gzip stream".to_owned(),
                    other => other.to_string(),
                };
                write!(f, "{bytes} bytes{what} stand behind the end of the {end}, which is complete; they were not read")
            }
            Self::NearlyGrey { widest } => write!(
                f,
                "a grey picture saved in colour, whose channels differ by at most {widest:.3} of the full range, as \
                 compression leaves them: its luminance was read as grey"
            ),
            Self::ColourLost { widest } => write!(
                f,
                "a colour picture, whose channels differ by up to {widest:.3} of the full range: its luminance was read as \
                 grey"
            ),
            Self::Repeated { channels } => write!(
                f,
                "one channel was repeated for each of the {channels} channels that the model takes; a model that was trained \
                 on different ones, several sequences of MRI for example, answers here about what it never saw"
            ),
        }
    }
}

/// A warning, and the files that it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    /// The first of the files by name, and what was found in it.
    pub file: PathBuf,
    pub warning: Warning,
    /// How many other files have a warning of this kind.
    pub others: usize,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        match self.others {
            0 => write!(f, "{file}: {}", self.warning),
            1 => write!(f, "{file}, and another file likewise: {}", self.warning),
            others => write!(f, "{file}, and {others} other files likewise: {}", self.warning),
        }
    }
}

/// Collects warnings, from several threads too, and says each kind once.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// By kind and file, so that neither the order of the work nor a second reading matters.
    found: Mutex<BTreeMap<(u8, PathBuf), Warning>>,
}

impl Notes {
    pub(crate) fn add(&self, path: &Path, warning: Warning) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.insert((kind(&warning), path.to_owned()), warning);
    }

    /// One note for each kind of warning.
    pub(crate) fn told(&self) -> Vec<Note> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let mut notes: Vec<(u8, Note)> = Vec::new();
        for ((kind, path), warning) in found.iter() {
            match notes.last_mut() {
                Some((last, note)) if last == kind => note.others += 1,
                _ => notes.push((*kind, Note { file: path.clone(), warning: *warning, others: 0 })),
            }
        }
        notes.into_iter().map(|(_, note)| note).collect()
    }
}

fn kind(warning: &Warning) -> u8 {
    match warning {
        Warning::NoOrientation => 0,
        Warning::NonFiniteZeroed { .. } => 1,
        Warning::NotTurned { .. } => 2,
        Warning::BytesBehind { .. } => 3,
        Warning::NearlyGrey { .. } => 4,
        Warning::ColourLost { .. } => 5,
        Warning::AsStored { .. } => 6,
        Warning::Repeated { .. } => 7,
    }
}
