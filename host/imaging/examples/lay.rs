//! Lays one image over another, as maps are laid over images:
//!
//!     cargo run -p lacuna-imaging --example lay -- IMAGE MAP OUT_FOLDER [SLICE]
//!
//! IMAGE and MAP are both PNG or JPEG of one size, or both volumes of one grid (an expert's mask, for example), of which
//! SLICE, such as axial:83, is shown.

use std::path::Path;

use lacuna_imaging::{
    Geometry, IntensityWindow, Interpolation, Map, OverlayStyle, ReadOptions, RgbToGrey, SliceAt, overlay, panel,
    read_image,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [image, map, out, slice @ ..] = &arguments[..] else {
        return Err("give IMAGE MAP OUT_FOLDER [SLICE]".into());
    };
    let slice = slice.first().map(|text| text.parse::<SliceAt>()).transpose()?;
    let (image, warnings) = read_image(image, &ReadOptions { slice, ..ReadOptions::default() })?;
    let (mask, _) =
        read_image(map, &ReadOptions { slice, window: IntensityWindow::FullRange, ..ReadOptions::default() })?;
    for warning in warnings {
        eprintln!("{warning}");
    }
    // Down and up again: as smooth as the map of a 28 x 28 mask.
    let grey = mask.to_channels(1, RgbToGrey::Luminance)?;
    let map = Map::new(grey.height(), grey.width(), grey.into_data())?
        .resize(28, 28, Interpolation::BilinearAntialias)?
        .resize(image.height(), image.width(), Interpolation::Bilinear)?;
    let perturbed = image.resize(16, 16, Interpolation::BilinearAntialias)?.resize(
        image.height(),
        image.width(),
        Interpolation::Bilinear,
    )?;

    let out = Path::new(out);
    overlay(&image, &map, &OverlayStyle::default())?.write_png(out.join("overlay.png"))?;
    panel(&image, &map, &perturbed, &OverlayStyle::default(), &Default::default())?.write_png(out.join("panel.png"))?;
    map.write_png(out.join("map.png"))?;
    map.write_npy(out.join("map.npy"))?;
    if let Geometry::Slice(slice) = image.geometry() {
        map.write_nifti(out.join("map.nii.gz"), slice)?;
    }
    Ok(())
}
