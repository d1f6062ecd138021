//! `lacuna demo`: a made image whose lesion is known, and the small classifier inside this program.

use crate::{
    console::Console,
    explain::show,
    failure::Result,
    options::{AllowedArguments, InputArguments, PluginArguments, Start, open_device},
};
use lacuna_conformance::reference;
use lacuna_imaging::{Image, write_atomic};
use lacuna_session::{Choice, Explainer, Model, Models, OutputFolder, write};
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Folder for the results
    #[arg(long, value_name = "DIR", default_value = "lacuna-demo")]
    out: PathBuf,
    /// `cpu`, `auto`, `gpu`, `gpu:N`, or a part of an adapter's name
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    device: String,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

const SEED: u64 = 7;
const TARGET: &str = "lesion";

/// A phantom that the classifier was not trained on, and where its lesion is.
const IMAGE: (&str, &[u8]) = ("lesion-1.png", include_bytes!("../assets/demo/lesion-1.png"));
const MASK: (&str, &[u8]) = ("lesion-1-mask.png", include_bytes!("../assets/demo/lesion-1-mask.png"));

/// Explains the phantom and says how much of the map lies inside its lesion.
pub fn run(arguments: &Arguments) -> Result<()> {
    let model = Model::new(reference::NAME, reference::MANIFEST, reference::files())?;
    let folder = OutputFolder::open(&arguments.out)?;
    folder.fill::<lacuna_session::Error>(&[], |staged| {
        for (name, bytes) in [IMAGE, MASK] {
            write_atomic(staged.join(name), bytes)?;
        }
        Ok(())
    })?;
    let image = arguments.out.join(IMAGE.0);
    let input = InputArguments::default();
    let subject = input.read(&image, model.manifest(), &input.reader())?;
    let mask = Image::read(arguments.out.join(MASK.0))?;

    let start = Start::new(arguments.json, &PluginArguments::default(), &AllowedArguments::default())?;
    let console = &start.console;
    let chosen = Choice::default().choose(&start.plugins, &[])?;
    let session = start.session(open_device(console, &arguments.device, "--device", "--device cpu")?);
    let models = Models::load(&session, &model, None)?;
    session.check()?;
    let explainer = Explainer {
        session: &session,
        models: &models,
        chosen: &chosen,
        seed: SEED,
        started: crate::console::started(),
    };
    let target = model.class(TARGET)?;
    let explained = explainer.explain("explaining", std::slice::from_ref(&subject), Some(target))?;
    for explained in &explained {
        explainer.check()?;
        let summary = write(&explainer, &subject, explained, &folder)?;
        show(&summary, console);
        let agreement = Agreement::of(explained.map.data(), mask.data());
        agreement.show(console);
        if let Some(seconds) = summary.seconds_to_first_step {
            console.say(&format!("  the first step was done {seconds:.2} s after the start"));
        }
        console.give(&json!({ "result": summary, "lesion": agreement }));
    }
    Ok(())
}

/// How well the map finds the lesion, whose place is known in a phantom.
#[derive(Clone, Copy, Debug, serde::Serialize)]
struct Agreement {
    /// Fraction of the map's sum that lies inside the lesion.
    share_inside: f64,
    /// Fraction of the pixels that lie inside the lesion; the `share_inside` that a random map is expected to have.
    area: f64,
    /// Area under the ROC curve of the map's values for the lesion's pixels, ties counted half.
    pixel_auc: f64,
}

impl Agreement {
    fn of(map: &[f32], mask: &[f32]) -> Agreement {
        let mut ranked: Vec<(f32, bool)> = map.iter().zip(mask).map(|(value, mask)| (*value, *mask > 0.5)).collect();
        ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
        let inside = ranked.iter().filter(|(_, inside)| *inside).count() as f64;
        let outside = ranked.len() as f64 - inside;
        let sum = |only: bool| -> f64 {
            ranked.iter().filter(|(_, inside)| *inside || !only).map(|(value, _)| f64::from(*value)).sum()
        };
        let (mut below, mut won) = (0.0, 0.0);
        for equal in ranked.chunk_by(|a, b| a.0 == b.0) {
            let hits = equal.iter().filter(|(_, inside)| *inside).count() as f64;
            let misses = equal.len() as f64 - hits;
            won += hits * (below + misses / 2.0);
            below += misses;
        }
        Agreement {
            share_inside: sum(true) / sum(false).max(f64::MIN_POSITIVE),
            area: inside / ranked.len().max(1) as f64,
            pixel_auc: won / (inside * outside).max(1.0),
        }
    }

    fn show(&self, console: &Console) {
        console.say(&format!(
            "  {:.0} % of the map lies inside the lesion, which covers {:.1} % of the image; pixel AUC {:.3}",
            100.0 * self.share_inside,
            100.0 * self.area,
            self.pixel_auc
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::Agreement;

    #[test]
    fn a_perfect_map_a_useless_map_and_a_wrong_map() {
        let mask = [0.0, 0.0, 1.0, 1.0];
        let auc = |map: [f32; 4]| Agreement::of(&map, &mask).pixel_auc;
        assert_eq!(auc([0.0, 0.1, 0.8, 0.9]), 1.0);
        assert_eq!(auc([0.5; 4]), 0.5);
        assert_eq!(auc([0.9, 0.8, 0.1, 0.0]), 0.0);
        let perfect = Agreement::of(&[0.0, 0.0, 1.0, 1.0], &mask);
        assert_eq!((perfect.share_inside, perfect.area), (1.0, 0.5));
    }
}
