//! The variational autoencoder of healthy images: from a table to a generator's files.

use crate::images::Images;
use crate::options::TrainOptions;
use crate::record::{Options, Outcome, Quality, fingerprint};
use crate::report::{self, MANIFEST_FILE, WEIGHTS_FILE, origin};
use crate::task::{Batch, Loss, Task};
use crate::trainer::{Trainer, Watch, best};
use crate::{Error, Result, checkpoint};
use lacuna_diagnostic::Remedy;
use lacuna_engine::{Device, Generator, GeneratorManifest, Mode, Tensor, Trainable, VaeConfig};
use lacuna_imaging::{Reader, write_atomic};
use lacuna_study::{Row, SplitMix, Table};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Options of the autoencoder's training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AutoencoderOptions {
    pub train: TrainOptions,
    /// Sizes of the network; its `size` is that of `train`.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub vae: VaeConfig,
    /// Standard deviation of omega in z = mu + sigma omega (Uzunova 2019, Sec. 2.2: 0.1).
    pub noise: f32,
    /// Weight of the Kullback-Leibler term, a sum over the dimensions of z, beside the L1 term, a mean over the pixels.
    pub kl_weight: f32,
}

/// L1 + KL (Uzunova 2019, Sec. 2.2 and Fig. 1; Kingma and Welling 2014, Eq. 10 for the second).
struct Autoencoding {
    latent: usize,
    noise: f32,
    kl_weight: f32,
}

impl Task for Autoencoding {
    fn loss(&self, networks: &[Trainable], leaves: &[Vec<Tensor>], batch: &Batch, mode: Mode) -> Result<Loss> {
        let [encoder, decoder] = networks else {
            return Err(Error::input(
                "the autoencoder",
                networks.len(),
                "encoder and decoder",
                [Remedy::advice("report this")],
            ));
        };
        let (code, first) = encoder.run(&leaves[0], &batch.images, mode)?;
        let mean = code.slice(1, 0, self.latent)?;
        let log_variance = code.slice(1, self.latent, 2 * self.latent)?;
        let z = match mode {
            Mode::Evaluation => mean.clone(),
            Mode::Training { seed } => {
                let draw = SplitMix::stream(seed, &[u64::MAX]).next_u64();
                let omega = Tensor::normal(code.device(), &mean.shape(), 0.0, self.noise, draw)?;
                mean.add(&log_variance.affine(0.5, 0.0)?.exponential()?.multiply(&omega)?)?
            }
        };
        let (made, second) = decoder.run(&leaves[1], &z, mode)?;
        let l1 = made.subtract(&batch.images)?.absolute()?.mean(&[])?;
        // KL(N(mu, sigma^2) || N(0, 1)) = (mu^2 + sigma^2 - 1 - log sigma^2) / 2, summed over z.
        let spread = log_variance.exponential()?.subtract(&log_variance)?.affine(1.0, -1.0)?;
        let divergence = mean.multiply(&mean)?.add(&spread)?.affine(0.5, 0.0)?.sum(&[1])?.mean(&[])?;
        let total = l1.reshape(&[1])?.add(&divergence.reshape(&[1])?.affine(self.kl_weight, 0.0)?)?;
        Ok(Loss { total, terms: vec![("l1", l1), ("kl", divergence)], statistics: vec![first, second] })
    }
}

/// Trains on the rows of `table` that have no label set, outside of the test fold, and writes the generator to `out`.
///
/// # Errors
/// [`Error::Input`] for data or options that cannot be used, [`Error::Stopped`] when `watch` breaks off,
/// [`Error::Diverged`] when the loss is no longer finite, [`Error::Unwritable`] for a disk that is full.
pub fn train_autoencoder(
    table: &Table,
    options: &AutoencoderOptions,
    place: &Place<'_>,
    watch: &mut Watch<'_>,
) -> Result<Outcome> {
    options.check()?;
    let whole = options.train.split(table)?;
    let is_healthy = |row: &Row| !row.labels.contains(&true);
    let rows = |indices: &[usize]| -> Vec<Row> {
        indices.iter().map(|index| &table.rows[*index]).filter(|row| is_healthy(row)).cloned().collect()
    };
    let mut healthy = Table { labels: Vec::new(), rows: rows(&whole.train), note: None };
    healthy.rows.extend(rows(&whole.validation));
    let patients = whole.patients(table);
    let (images, skipped) =
        Images::load(&mut healthy, options.vae.channels, options.train.size, (place.reader, place.skip_unreadable))?;
    let split = patients.rows(&healthy)?;
    if split.train.is_empty() || split.validation.is_empty() {
        let found =
            format!("{} healthy images to learn from and {} to validate on", split.train.len(), split.validation.len());
        return Err(Error::input(
            "the data",
            found,
            "at least one of both",
            [Remedy::advice("add healthy images of more patients")],
        ));
    }
    let fingerprint = fingerprint(Options::Autoencoder(options), &healthy, place.reader);
    if let Some(outcome) = report::finished(place, &fingerprint)? {
        return Ok(outcome);
    }
    let (encoder, decoder) = options.vae.trainable(options.train.seed, place.device)?;
    let mut trainer = Trainer {
        options: &options.train,
        images: &images,
        split: &split,
        task: Autoencoding { latent: options.vae.latent, noise: options.noise, kl_weight: options.kl_weight },
        networks: vec![encoder, decoder],
        fingerprint: fingerprint.clone(),
        out: place.out,
    };
    let history = trainer.run(place.resume, watch)?;
    checkpoint::write_weights(&place.out.join(WEIGHTS_FILE), &trainer.networks)?;
    let best = best(&history).map_or(0, |epoch| epoch.epoch);
    let mut manifest =
        GeneratorManifest::of_vae("healthy images, variational autoencoder", WEIGHTS_FILE, options.vae.clone());
    manifest.source = origin(&options.train, split.train.len(), best);
    let path = place.out.join(MANIFEST_FILE);
    write_atomic(&path, manifest.to_toml()?.as_bytes())?;

    // What people look at is what the files say.
    let generator = Generator::open(&path, place.device)?;
    let shown = report::shown(table, &whole, is_healthy);
    let error = report::reconstructions(&shown, &generator, options.train.size, place)?;
    report::curves(&history, place.out)?;
    let quality = Quality::Generator { validation: history.get(best.wrapping_sub(1)).cloned(), l1_of_the_sheet: error };
    report::finish(place, &fingerprint, &history, best, &patients, quality, skipped)
}

/// Where a training runs and writes.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The folder for everything; it exists.
    pub out: &'a Path,
    pub device: &'a Device,
    /// Go on from a checkpoint in `out`, if there is one.
    pub resume: bool,
    /// Leave out images that cannot be read, and say which.
    pub skip_unreadable: bool,
    /// Reads the images, and keeps what is to be said of them.
    pub reader: &'a Reader,
}

impl AutoencoderOptions {
    fn check(&self) -> Result<()> {
        self.train.check()?;
        if self.train.size != self.vae.size {
            return Err(Error::input(
                lacuna_diagnostic::Place::option("size"),
                self.train.size,
                self.vae.size,
                [Remedy::advice("give both the same")],
            ));
        }
        self.vae.check()?;
        for (name, value, high) in [("latent-noise", self.noise, 10.0), ("kl-weight", self.kl_weight, 1e3)] {
            if !(0.0..=high).contains(&value) {
                return Err(Error::input(
                    lacuna_diagnostic::Place::option(name),
                    value,
                    format!("0 to {high}"),
                    [Remedy::advice("leave it out for the default")],
                ));
            }
        }
        Ok(())
    }
}
