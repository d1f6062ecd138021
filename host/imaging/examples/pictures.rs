//! Draws a plot and a contact sheet, to be looked at:
//!
//!     cargo run -p lacuna-imaging --example pictures -- OUT_FOLDER

use std::path::PathBuf;

use lacuna_imaging::{Curve, Image, Picture, Plot, Sheet, SheetRow, plot, sheet};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let out: PathBuf = std::env::args().nth(1).ok_or("give OUT_FOLDER")?.into();
    let curve = |name: &str, from: f64, to: f64, bump: f64| {
        let loss = |epoch: f64| to + (from - to) * (-epoch / 6.0).exp() + bump * (epoch * 1.7).sin().abs() * epoch;
        Curve { name: name.to_owned(), points: (1..=30).map(f64::from).map(|epoch| (epoch, loss(epoch))).collect() }
    };
    let mut losses = Plot {
        title: "Training of the demo classifier".to_owned(),
        x: "epoch".to_owned(),
        y: "cross-entropy (nats)".to_owned(),
        curves: vec![curve("training", 0.9, 0.02, 0.0), curve("validation", 0.95, 0.11, 0.002)],
        mark: Some((17.0, "best epoch: 17".to_owned())),
        logarithmic: false,
    };
    plot(&losses)?.write_png(out.join("plot.png"))?;
    losses.logarithmic = true;
    plot(&losses)?.write_png(out.join("plot-logarithmic.png"))?;

    let picture = |height: usize, width: usize, phase: f32| -> Result<Picture, lacuna_imaging::Error> {
        let pixel = |i: usize| {
            let (y, x) = ((i / width) as f32 / height as f32 - 0.5, (i % width) as f32 / width as f32 - 0.5);
            (1.0 - 2.0 * y.hypot(x)).max(0.0) * (0.7 + 0.3 * (20.0 * x + phase).sin())
        };
        let data: Vec<f32> = (0..height * width).map(pixel).collect();
        let lesion: Vec<bool> = data.iter().map(|&value| value > 0.6).collect();
        Picture::from_image(&Image::new(1, height, width, data)?)?.with_outline(&lesion, [230, 159, 0])
    };
    let row = |label: &str, phase: f32| -> Result<SheetRow, lacuna_imaging::Error> {
        let tiles =
            vec![Some(picture(160, 160, phase)?), Some(picture(301, 200, phase)?), None, Some(picture(20, 20, phase)?)];
        Ok(SheetRow { label: label.to_owned(), tiles })
    };
    let columns = ["image", "expert's outline", "meaningful perturbation, 32 x 32", "20 x 20"];
    let contact = Sheet {
        columns: columns.map(str::to_owned).to_vec(),
        rows: vec![
            row("case 12\np = 0.93", 0.0)?,
            row("a case with a rather long label that is broken", 1.0)?,
            row("", 2.0)?,
        ],
        tile: 160,
    };
    sheet(&contact)?.write_png(out.join("sheet.png"))?;
    Ok(())
}
