//! Experiments on image classifiers with a known truth: data sets, splits by patient, scores with their intervals.
//!
//! The path of the data, in the order of the modules:
//!
//! ```text
//! patients   file names, their natural order  -> the patient of each image, where no table names one
//! table      a folder or a CSV (table_csv)    -> Table: image, patient, mask, labels of every row
//! split      Table, seed                      -> Split: training, validation and test rows; no patient is in two of them
//! roc        scores, truth                    -> area under the ROC curve
//! bootstrap  values of many images            -> mean, difference or area with its 95 % interval
//! paste      healthy images, lesions          -> images with a lesion of known position (Uzunova 2019, Eq. 3)
//! score      maps (map_files), masks          -> AUC and pointing game of each map, and the difference of two methods
//! random     seed                             -> the random numbers that all of these draw
//! ```
//!
//! Deliberately absent: classifiers, tensors and plugins (training and explanation depend on this crate, not the other
//! way round), printing and every global state.

#![warn(missing_docs)]

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
