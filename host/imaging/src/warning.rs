//! Warnings about files that were read, and notes that summarise those of many files.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::format::FileFormat;
use crate::nifti::VolumeOrientation;
use crate::orientation::Orientation;

/// A fact about a file that is no error and that its user should know.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Warning {
    /// The header of a volume has neither sform nor qform: planes are guessed from the order of the voxel axes.
    NoOrientation,
    /// A whole volume was read in the order of its voxels, since no orientation was requested.
    AsStored {
        /// How the array lies in the patient.
        orientation: VolumeOrientation,
    },
    /// NaN or infinite voxels were read as 0.
    NonFiniteZeroed {
        /// Number of these voxels.
        voxels: usize,
    },
    /// The EXIF orientation was not applied: the pixels are as stored.
    NotTurned {
        /// The orientation that EXIF asks for.
        asked: Orientation,
    },
    /// Bytes behind the end of the picture or gzip stream were not read.
    BytesBehind {
        /// The kind of the file.
        format: FileFormat,
        /// Number of bytes.
        bytes: u64,
        /// Whether all of them are 0.
        all_zero: bool,
    },
    /// Three channels that differ by compression noise only were read as grey.
    NearlyGrey {
        /// Largest difference of two channels in one pixel, as a fraction of the full range.
        widest: f32,
    },
    /// A colour picture was read by its luminance.
    ColourLost {
        /// Largest difference of two channels in one pixel, as a fraction of the full range.
        widest: f32,
    },
    /// One grey channel was repeated for a model of other channels than 1 or 3.
    Repeated {
        /// Number of channels of the model.
        channels: usize,
    },
}

impl Warning {
    /// The warning for an image of `found` channels that is read with `wanted`, if one is due. Grey repeated as RGB gives none: it
    /// is the usual input of a model of photographs.
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

/// One kind of warning, and the files that have it.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    /// The first of the files by name.
    pub file: PathBuf,
    /// The warning of that file.
    pub warning: Warning,
    /// Number of other files with a warning of this kind.
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

/// Collects warnings, from several threads too, and reports each kind once.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// Warnings by kind and file, so that neither the order of the work nor a second reading matters.
    found: Mutex<BTreeMap<(u8, PathBuf), Warning>>,
}

impl Notes {
    /// Adds a warning about a file; the last one of a kind and file remains.
    pub(crate) fn add(&self, path: &Path, warning: Warning) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.insert((kind(&warning), path.to_owned()), warning);
    }

    /// One note for each kind of warning.
    pub(crate) fn by_kind(&self) -> Vec<Note> {
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

/// The position of a warning's kind in the order of notes.
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
