//! How fast the class comes when the pixels with the most evidence are inserted first.

use lacuna_plugin::{Error, Info, Measured, Metric, Need, Parameter, export_metric};
use lacuna_toolkit::evidence::{self, Change};

/// The insertion metric of Petsiuk, Das and Saenko 2018, Sec. 4.2. The user's perturbation replaces the deleted pixels.
struct Insertion;

impl Metric for Insertion {
    fn describe() -> Info {
        Info::new(
            "insertion",
            env!("CARGO_PKG_VERSION"),
            "Area under the probability while evidence is inserted; more is better",
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
        evidence::curve(&measured, Change::Inserted, measured.settings.count("steps")?)
    }
}

export_metric!(Insertion);
