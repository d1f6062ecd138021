//! What every training can be told.

use crate::augment::Augmentation;
use crate::{Error, Result};
use lacuna_diagnostic::{Place, Remedy};
use lacuna_study::{Fold, Split, SplitPatients, Table};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Options of any training. Together with the data, and on one kind of device, they decide every bit of the result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrainOptions {
    /// Rows and columns of the images that the network gets.
    pub size: usize,
    /// Passes over the training images, 1 to 100000.
    pub epochs: usize,
    /// Images in one step, 1 to 4096.
    pub batch: usize,
    /// Adam's step size at the start; it falls to 0 along a cosine over all epochs.
    pub learning_rate: f32,
    /// Epochs without a better validation loss after which the training ends early.
    pub patience: usize,
    /// Share of the rows whose patients validate (the paper takes 5 %).
    pub validation: f64,
    /// Patients that are kept out for the judgement.
    pub fold: Fold,
    /// The patients to learn from, to validate on and to judge on; without it the seed decides.
    pub split: Option<SplitPatients>,
    pub augmentation: Augmentation,
    /// Decides the split, the first weights, the order, the augmentation, dropout and sampling.
    pub seed: u64,
}

impl TrainOptions {
    /// The rows of a table to learn from, to validate on and to judge on.
    ///
    /// # Errors
    /// A patient in two parts, and parts without rows.
    pub(crate) fn split(&self, table: &Table) -> Result<Split> {
        let Some(patients) = &self.split else {
            return Ok(Split::by_patient(table, self.fold, self.validation, self.seed)?);
        };
        let split = patients.rows(table)?;
        if split.train.is_empty() || split.validation.is_empty() {
            let found =
                format!("{} rows to learn from and {} to validate on", split.train.len(), split.validation.len());
            return Err(Error::input(
                Place::option("split"),
                found,
                "some of both",
                [Remedy::advice("name patients of this table in the split")],
            ));
        }
        Ok(split)
    }

    /// # Errors
    /// [`Error::Input`] that names the option.
    pub fn check(&self) -> Result<()> {
        let whole = |name: &str, value: usize, low: usize, high: usize| {
            if (low..=high).contains(&value) {
                return Ok(());
            }
            let expected = format!("a whole number from {low} to {high}");
            Err(Error::input(Place::option(name), value, expected, [Remedy::advice("choose one in the range")]))
        };
        whole("size", self.size, 8, 4096)?;
        whole("epochs", self.epochs, 1, 100_000)?;
        whole("batch", self.batch, 1, 4096)?;
        whole("patience", self.patience, 1, 100_000)?;
        if !(self.learning_rate > 0.0 && self.learning_rate <= 1.0) {
            let expected = "a number above 0 and at most 1";
            let place = Place::option("learning-rate");
            return Err(Error::input(place, self.learning_rate, expected, [Remedy::option("learning-rate", 0.001)]));
        }
        self.augmentation.check()
    }
}
