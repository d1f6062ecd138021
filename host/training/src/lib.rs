//! Trains generators of healthy images and classifiers: resumably, and from one seed.
//!
//! The path of the data, and where each step lives:
//!
//! ```text
//! images      rows of a table                  -> Images: every picture on the network's grid, in memory
//! augment     seed, epoch, image               -> the affine map that one picture goes through (Uzunova 2019, Sec. 2.2)
//! task        a batch and the networks         -> a loss with its terms; autoencoder and classification are the two
//! trainer     images, split, task              -> epochs of Adam steps, validation, early stopping, the best weights
//! checkpoint  everything that decides the rest -> one file, written beside and renamed; resuming goes on bit by bit
//! autoencoder, classification                  -> the two trainings from a table to the model's files
//! judge       probabilities and truth          -> area under the ROC curve of each label with its interval
//! record      data, options, outcome           -> what `record.json` says, by types that give its schema
//! report      history and pictures             -> the record, curves and sheets for people
//! ```
//!
//! Every random number is drawn from the seed and a place (epoch, step, image), never from a generator that runs along, so
//! a training that was killed and resumed makes the weights of one that was not.
//!
//! Deliberately absent: Burn's own training loop. Its checkpoints stand between epochs and keep no random state, and ours
//! must stand anywhere. Optimiser, automatic differentiation and layers are Burn's, by way of the engine.

mod augment;
mod autoencoder;
mod checkpoint;
mod classification;
mod error;
mod images;
mod judge;
mod options;
mod record;
mod report;
mod task;
mod trainer;

pub use augment::Augmentation;
pub use autoencoder::{AutoencoderOptions, Place, train_autoencoder};
pub use checkpoint::CHECKPOINT_FILE;
pub use classification::{ClassWeights, ClassifierOptions, Labels, train_classifier};
pub use error::{Error, Result};
pub use judge::LabelQuality;
pub use options::TrainOptions;
pub use record::{Outcome, Quality};
pub use report::{FILES, MANIFEST_FILE, WEIGHTS_FILE};
pub use trainer::{Epoch, Progress};
