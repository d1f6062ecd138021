//! What a training leaves: the record and the history, and curves and sheets for people.

use crate::autoencoder::Place;
use crate::images::Images;
use crate::options::TrainOptions;
use crate::record::{FORMAT, Outcome, Quality, Record, sha256};
use crate::trainer::Epoch;
use crate::{Error, Result};
use lacuna_diagnostic::Remedy;
use lacuna_engine::{Generator, Tensor};
use lacuna_imaging::{Curve, Image, Picture, Plot, Sheet, SheetRow, plot, sheet, write_atomic};
use lacuna_study::{Row, Split, SplitPatients, Table};
use serde_json::Value;
use std::path::Path;

/// The manifest that `lacuna explain` takes.
pub const MANIFEST_FILE: &str = "model.toml";
/// The weights beside it.
pub const WEIGHTS_FILE: &str = "model.safetensors";
/// Everything that a training may write.
pub const FILES: [&str; 7] =
    [MANIFEST_FILE, WEIGHTS_FILE, RECORD_FILE, HISTORY_FILE, CURVES_FILE, SHEET_FILE, crate::CHECKPOINT_FILE];
const RECORD_FILE: &str = "record.json";
const HISTORY_FILE: &str = "history.csv";
const CURVES_FILE: &str = "curves.png";
const SHEET_FILE: &str = "sheet.png";

/// Pictures in one row of a sheet.
const SHOWN: usize = 8;

/// Where a model comes from, for its manifest.
pub(crate) fn origin(options: &TrainOptions, images: usize, epoch: usize) -> String {
    format!("trained by Lacuna: {images} images, epoch {epoch}, seed {}", options.seed)
}

/// What a training that is finished came to, if `place` goes on from one of this fingerprint.
///
/// # Errors
/// [`Error::Input`] where a model stands that this training would write over.
pub(crate) fn finished(place: &Place<'_>, fingerprint: &Value) -> Result<Option<Outcome>> {
    let manifest = place.out.join(MANIFEST_FILE);
    // With a checkpoint beside it a model is about to be replaced by a training that goes on.
    if !manifest.exists() || place.out.join(crate::CHECKPOINT_FILE).exists() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(place.out.join(RECORD_FILE)).unwrap_or_default();
    let mut record: Value = serde_json::from_str(&text).unwrap_or_default();
    let same = record["training"] == *fingerprint;
    match serde_json::from_value(record["outcome"].take()) {
        Ok(outcome) if same && place.resume => Ok(Some(outcome)),
        _ => {
            let (found, first) = match same {
                true => ("the model of this very training, which is finished", "use it"),
                false => ("the model of another training", "take it away"),
            };
            let remedies = [Remedy::advice(first), Remedy::another("out")];
            Err(Error::input(manifest.display(), found, "a folder without a model", remedies))
        }
    }
}

/// Writes the record and the history.
pub(crate) fn finish(
    place: &Place<'_>,
    fingerprint: &Value,
    history: &[Epoch],
    best: usize,
    patients: &SplitPatients,
    quality: Quality,
    skipped: Vec<String>,
) -> Result<Outcome> {
    let mut lines = "epoch,training,validation\n".to_owned();
    for Epoch { epoch, training, validation, .. } in history {
        lines.push_str(&format!("{epoch},{training},{validation}\n"));
    }
    write_atomic(place.out.join(HISTORY_FILE), lines.as_bytes())?;
    let outcome = Outcome { epochs: history.to_vec(), best, quality, skipped };
    let weights = std::fs::read(place.out.join(WEIGHTS_FILE)).unwrap_or_default();
    let record = Record {
        format: FORMAT,
        training: fingerprint,
        version: env!("CARGO_PKG_VERSION"),
        device: place.device.name(),
        weights_sha256: sha256(&weights),
        patients,
        outcome: &outcome,
        notes: place.reader.notes().iter().map(ToString::to_string).collect(),
    };
    let text = serde_json::to_string_pretty(&record).unwrap_or_default();
    write_atomic(place.out.join(RECORD_FILE), text.as_bytes())?;
    // The checkpoint has done its work, unless more epochs are asked for, which is another training.
    for done in [crate::CHECKPOINT_FILE, crate::checkpoint::BEST_FILE] {
        match std::fs::remove_file(place.out.join(done)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                let path = place.out.join(done).display().to_string();
                return Err(Error::Unwritable { path, cause: error.to_string() });
            }
            _ => {}
        }
    }
    Ok(outcome)
}

/// The losses of every epoch, with the best marked.
pub(crate) fn curves(history: &[Epoch], out: &Path) -> Result<()> {
    let curve = |name: &str, value: fn(&Epoch) -> f32| Curve {
        name: name.to_owned(),
        points: history.iter().map(|epoch| (epoch.epoch as f64, f64::from(value(epoch)))).collect(),
    };
    let mark = crate::trainer::best(history).map(|best| (best.epoch as f64, format!("best: {:.4}", best.validation)));
    let picture = plot(&Plot {
        title: "Loss of each epoch".to_owned(),
        x: "epoch".to_owned(),
        y: "loss".to_owned(),
        curves: vec![curve("training", |epoch| epoch.training), curve("validation", |epoch| epoch.validation)],
        mark,
        logarithmic: history.len() > 2,
    })?;
    Ok(picture.write_png(out.join(CURVES_FILE))?)
}

/// Rows to look at: those that the network has not learnt from, healthy ones and others.
pub(crate) fn shown(table: &Table, split: &Split, is_healthy: impl Fn(&Row) -> bool) -> [Table; 2] {
    let unseen = if split.test.is_empty() { &split.validation } else { &split.test };
    let pick = |healthy: bool| {
        let rows: Vec<&Row> =
            unseen.iter().map(|index| &table.rows[*index]).filter(|row| is_healthy(row) == healthy).collect();
        let spaced = rows.iter().step_by((rows.len() / SHOWN).max(1)).take(SHOWN);
        Table { labels: Vec::new(), rows: spaced.map(|row| (*row).clone()).collect(), note: None }
    };
    [pick(true), pick(false)]
}

/// Draws what the generator makes of images that it has not seen; returns the mean absolute error on the healthy ones.
pub(crate) fn reconstructions(
    shown: &[Table; 2],
    generator: &Generator,
    size: usize,
    place: &Place<'_>,
) -> Result<Option<f32>> {
    let channels = generator.info().channels;
    let mut rows = Vec::new();
    let mut error = None;
    for (table, kind) in shown.iter().zip(["healthy", "with a lesion"]) {
        if table.rows.is_empty() {
            continue;
        }
        let (images, _) = Images::load(&mut table.clone(), channels, size, (place.reader, true))?;
        let indices: Vec<usize> = (0..table.rows.len()).collect();
        let values = images.batch(&indices, |_| None)?;
        let shape = [indices.len(), channels, size, size];
        let input = Tensor::from_data(generator.device(), &shape, values)?;
        let made = generator.reconstruct(&input)?;
        let difference = made.subtract(&input)?.absolute()?;
        if kind == "healthy" {
            error = difference.mean(&[])?.read()?.first().copied();
        }
        for (what, tensor) in
            [("unseen, ", &input), ("reconstruction", &made), ("difference x 2", &difference.affine(2.0, 0.0)?)]
        {
            let label = if what.ends_with(' ') { format!("{what}{kind}") } else { what.to_owned() };
            let values = tensor.read()?;
            let tiles = values.chunks_exact(channels * size * size).map(|values| {
                let image = Image::new(channels, size, size, values.iter().map(|v| v.clamp(0.0, 1.0)).collect())?;
                Ok(Some(Picture::from_image(&image)?))
            });
            let mut tiles = tiles.collect::<Result<Vec<_>>>()?;
            tiles.resize(SHOWN, None);
            rows.push(SheetRow { label, tiles });
        }
    }
    let picture = sheet(&Sheet { columns: vec![String::new(); SHOWN], rows, tile: size.clamp(96, 160) })?;
    picture.write_png(place.out.join(SHEET_FILE))?;
    Ok(error)
}
