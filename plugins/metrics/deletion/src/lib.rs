//! How fast the class goes when the pixels with the most evidence are deleted first.

use lacuna_plugin::{Error, Info, Measured, Metric, Need, Parameter, export_metric};
use lacuna_toolkit::evidence::{self, Change};

/// The deletion metric of Petsiuk, Das and Saenko 2018, Sec. 4.2. The user's perturbation replaces the deleted pixels.
struct Deletion;

impl Metric for Deletion {
    fn describe() -> Info {
        Info::new(
            "deletion",
            env!("CARGO_PKG_VERSION"),
            "Area under the probability while evidence is deleted; less is better",
        )
        .needs(Need::Readback)
        .parameter(
            Parameter::integer("steps", 32, 2..=4096)
                .summary("Equal steps from none of the pixels to all of them")
                .unit("steps")
                .source("finer steps change the area by less than a hundredth on smooth maps"),
        )
    }

    fn measure(measured: Measured<'_>) -> Result<Vec<Option<f64>>, Error> {
        evidence::curve(&measured, Change::Deleted, measured.settings.count("steps")?)
    }
}

export_metric!(Deletion);
