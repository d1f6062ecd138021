//! Experiments on image classifiers, and how their outcome is counted.
//!
//! The path of the data, in the order of the modules:
//!
//! ```text
//! patients   file names, their natural order  -> who each image is of, where no table says it
//! table      a folder or a CSV (table_csv)    -> Table: image, patient, mask, labels of every row
//! split      Table, seed                      -> Split: rows to train on, to choose by, to judge on; patients never divided
//! roc        scores, truth                    -> area under the ROC curve
//! bootstrap  numbers of many images           -> mean, difference or area with its 95 % interval
//! paste      healthy images, lesions          -> images with a lesion of known place (Uzunova 2019, Eq. 3)
//! score      maps (map_files), masks          -> do maps find lesions, and does one method find them better
//! random     seed                             -> the numbers that decide all of this
//! ```
//!
//! Deliberately absent: classifiers, tensors and plugins (what trains and what explains them uses this crate, not the other
//! way round), printing and every global state.

mod bootstrap;
mod error;
mod map_files;
mod natural;
pub mod paste;
mod patients;
mod random;
mod roc;
mod score;
mod split;
mod table;
mod table_csv;

pub use bootstrap::{Interval, RESAMPLES, auc_interval, mean_interval, paired_difference};
pub use error::{Error, Result};
pub use patients::Patients;
pub use random::SplitMix;
pub use roc::auc;
pub use score::{Comparison, ImageScore, Score, compare, score, score_map};
pub use split::{Fold, Split, SplitPatients, check, fold_of};
pub use table::{Row, Table, image_files};
