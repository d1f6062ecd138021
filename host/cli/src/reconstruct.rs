//! `lacuna reconstruct`: the healthy images that a generator makes of images, and where it is unsure.

use crate::{
    console::Console,
    failure::{Failure, Result},
    interrupt,
    options::DeviceArguments,
    pictures::{self, PictureArguments},
};
use lacuna_engine::{Device, Generator, Tensor};
use lacuna_imaging::{
    BitDepth, Image, Interpolation, Map, Picture, Reader, RgbToGrey, Sheet, SheetRow, sheet, write_atomic,
};
use lacuna_session::{GeneratorModel, OutputFolder, Provenance, RECORD, hash};
use lacuna_study::SplitMix;
use serde_json::json;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// PNG or JPEG
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,
    /// The generator's manifest
    #[arg(long, value_name = "FILE.toml")]
    generator: PathBuf,
    /// Folder for NAME-healthy.png, NAME-spread.npy and a sheet of all
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Reconstructions that are sampled from z = mu + sigma omega; their standard deviation is the spread
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(2..=1024))]
    samples: u16,
    /// Standard deviation of omega
    #[arg(long, value_name = "DEVIATION", default_value_t = 1.0)]
    latent_noise: f32,
    /// Decides the samples
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pictures: PictureArguments,
    #[command(flatten)]
    device: DeviceArguments,
}

/// What a generator makes of one image, on the image's own grid.
struct Made {
    name: String,
    image: Image,
    healthy: Image,
    /// None for a generator without a spread.
    spread: Option<Image>,
}

/// Reconstructs every image and writes all together.
pub fn run(arguments: &Arguments) -> Result<()> {
    let console = Console::new(arguments.json);
    let cancel = interrupt::watch()?;
    let model = GeneratorModel::read(&arguments.generator)?;
    let folder = OutputFolder::open(&arguments.out)?;
    let device = arguments.device.open(&console)?;
    let generator = model.load(&console, &device)?;
    let reader = arguments.pictures.reader();
    let mut all = Vec::new();
    for (index, path) in arguments.images.iter().enumerate() {
        interrupt::check(&cancel)?;
        all.push(one((path, &reader), &generator, arguments, index)?);
    }
    let notes = reader.notes();
    pictures::tell(&console, &notes);
    let notes = pictures::in_words(&notes);
    let files = folder.fill::<Failure>(&[], |staged| write(&all, (&model, &device), arguments, &notes, staged))?;
    let sheet = folder.path().join(SHEET);
    console.say(&format!("{} images; the sheet is {}", all.len(), sheet.display()));
    console.give(&json!({ "files": files, "folder": folder.path(), "sheet": sheet, "notes": notes }));
    Ok(())
}

const SHEET: &str = "sheet.png";

fn one((path, reader): (&Path, &Reader), generator: &Generator, arguments: &Arguments, index: usize) -> Result<Made> {
    let image = reader.read(path)?;
    let info = generator.info();
    let (height, width) = (image.height(), image.width());
    let fitted = image.to_channels(info.channels, RgbToGrey::Luminance)?;
    if let Some(warning) = image.channels_changed(info.channels) {
        reader.note(path, warning);
    }
    let fitted = fitted.resize(info.height, info.width, Interpolation::BilinearAntialias)?;
    let shape = [1, info.channels, info.height, info.width];
    let input = Tensor::from_data(generator.device(), &shape, fitted.into_data())?;
    let back = |values: Vec<f32>| -> Result<Image> {
        let image = Image::new(info.channels, info.height, info.width, values)?;
        Ok(image.resize(height, width, Interpolation::Bilinear)?)
    };
    let healthy = back(generator.reconstruct(&input)?.read()?)?;
    let spread = match generator.deviation(&input) {
        Ok(sigma) => {
            let draw = SplitMix::stream(arguments.seed, &[index as u64]).next_u64();
            Some(back(spread(generator, &input, &sigma, arguments, draw)?)?)
        }
        Err(lacuna_engine::Error::Unsupported(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let name = path.file_stem().map_or_else(|| "image".to_owned(), |stem| stem.to_string_lossy().into_owned());
    Ok(Made { name, image, healthy, spread })
}

/// Standard deviation of every pixel over sampled reconstructions, in units of intensity.
fn spread(generator: &Generator, input: &Tensor, sigma: &Tensor, arguments: &Arguments, seed: u64) -> Result<Vec<f32>> {
    let info = generator.info();
    let mean = generator.encode(input)?;
    let latent = mean.shape()[1];
    let samples = usize::from(arguments.samples);
    let omega = Tensor::normal(generator.device(), &[samples, latent], 0.0, arguments.latent_noise, seed)?;
    let made = generator.decode(&mean.add(&sigma.multiply(&omega)?)?, info.height, info.width)?;
    let centred = made.subtract(&made.mean(&[0])?)?;
    let variance = centred.multiply(&centred)?.sum(&[0])?.affine(1.0 / (samples as f32 - 1.0), 0.0)?;
    Ok(variance.square_root()?.read()?)
}

fn write(
    all: &[Made],
    (model, device): (&GeneratorModel, &Device),
    arguments: &Arguments,
    notes: &[String],
    staged: &Path,
) -> Result<()> {
    let mut rows = Vec::new();
    for made in all {
        made.healthy.write_png(staged.join(format!("{}-healthy.png", made.name)), BitDepth::Sixteen)?;
        let grey = |image: &Image| image.to_channels(1, RgbToGrey::Luminance);
        let (image, healthy) = (grey(&made.image)?, grey(&made.healthy)?);
        let difference = image.data().iter().zip(healthy.data()).map(|(a, b)| (2.0 * (a - b).abs()).min(1.0)).collect();
        let mut tiles = vec![
            Some(Picture::from_image(&image)?),
            Some(Picture::from_image(&healthy)?),
            Some(Picture::from_image(&image.with_data(1, difference)?)?),
        ];
        tiles.push(match &made.spread {
            Some(spread) => {
                let spread = grey(spread)?;
                let map = Map::new(spread.height(), spread.width(), spread.data().to_vec())?;
                map.write_npy(staged.join(format!("{}-spread.npy", made.name)))?;
                let largest = spread.data().iter().copied().fold(1e-6, f32::max);
                let scaled = spread.data().iter().map(|value| value / largest).collect();
                Some(Picture::from_image(&spread.with_data(1, scaled)?)?)
            }
            None => None,
        });
        rows.push(SheetRow { label: made.name.clone(), tiles });
    }
    let columns = ["image", "healthy", "difference x 2", "spread, scaled"].map(str::to_owned).to_vec();
    sheet(&Sheet { columns, rows, tile: 160 })?.write_png(staged.join(SHEET))?;
    let outputs = hash::of_folder(staged)
        .map_err(|error| Failure::Run(format!("{}: the results cannot be read back ({error})", staged.display())))?;
    let record = json!({
        "lacuna": env!("CARGO_PKG_VERSION"),
        "provenance": Provenance::now(Some(device)),
        "outputs": outputs,
        "generator": model.record(),
        "images": arguments.images,
        "samples": arguments.samples,
        "latent-noise": arguments.latent_noise,
        "seed": arguments.seed,
        "notes": notes,
    });
    let text = serde_json::to_string_pretty(&record).unwrap_or_default();
    Ok(write_atomic(staged.join(RECORD), text.as_bytes())?)
}
