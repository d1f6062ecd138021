//! A metric: a number that says how good a map is.

use lacuna_plugin::{Error, Info, Measured, Metric, Need, Parameter, Tensor, export_metric};

/// The share of the map's evidence that lies inside the expert's mask.
struct Plugin;

impl Metric for Plugin {
    /// What users see in `lacuna plugins inspect {{name}}`. The name is what they type.
    fn describe() -> Info {
        let summary = "The share of the map's evidence that lies inside the mask; more is better";
        Info::new("{{name}}", env!("CARGO_PKG_VERSION"), summary)
            // Reading numbers of tensors has to be granted: --grant {{name}}:readback.
            .needs(Need::Readback)
            .parameter(
                Parameter::number("floor", 0.0, 0.0..=1.0)
                    .summary("Evidence below this share of the map's maximum does not count")
                    .source("an example: name the paper or the experiment here"),
            )
    }

    /// A number for each map (N, 1, H, W), larger where there is more evidence; `None` where it is not defined. The masks,
    /// of the same shape, are 1 where an expert drew.
    fn measure(measured: Measured<'_>) -> Result<Vec<Option<f64>>, Error> {
        let Some(masks) = &measured.masks else { return Ok(vec![None; measured.targets.len()]) };
        let shape = measured.maps.image_shape()?;
        let flat = [shape.images(), shape.pixels()];
        let (maps, masks) = (measured.maps.reshape(&flat), masks.reshape(&flat));
        let floor = maps.max_along(1) * measured.settings.number("floor")?;
        let evidence = maps.relu() * maps.greater(&floor);
        // Three numbers for each image come back from the host's device.
        let total = |values: &Tensor| values.sum(&[1]).read();
        let (inside, whole, drawn) = (total(&(&evidence * &masks))?, total(&evidence)?, total(&masks)?);
        let shares = inside.iter().zip(&whole).zip(&drawn);
        Ok(shares.map(|((inside, whole), drawn)| share(*inside, *whole, *drawn)).collect())
    }
}

/// `inside / whole`; `None` for a map without evidence, and where nothing is drawn.
fn share(inside: f32, whole: f32, drawn: f32) -> Option<f64> {
    (whole > 0.0 && drawn > 0.0).then(|| f64::from(inside) / f64::from(whole))
}

export_metric!(Plugin);

#[cfg(test)]
mod tests {
    use super::*;

    /// What needs no host can be tested by `cargo test`.
    #[test]
    fn the_share_is_that_of_the_evidence() {
        assert_eq!(Plugin::describe().into_contract().name, "{{name}}");
        assert_eq!(share(1.0, 4.0, 9.0), Some(0.25));
        assert_eq!(share(0.0, 0.0, 9.0), None);
        assert_eq!(share(0.0, 4.0, 0.0), None);
    }
}
