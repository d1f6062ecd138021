//! What a new plugin is, and what its example does.

/// What a plugin may be that there are templates for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Role {
    /// Deletes regions of images
    #[default]
    Perturbation,
    /// Explains an answer by a map
    Method,
    /// Says how good a map is
    Metric,
}

impl Role {
    /// The role in a sentence, in names of modules and in the contract's worlds.
    pub fn word(self) -> &'static str {
        match self {
            Role::Perturbation => "perturbation",
            Role::Method => "method",
            Role::Metric => "metric",
        }
    }

    /// What the example does, as it describes itself.
    pub fn summary(self) -> &'static str {
        match self {
            Role::Perturbation => "Replaces deleted regions by the image's mean intensity",
            Role::Method => "How much the score falls where a pixel is deleted a little",
            Role::Metric => "The share of the map's evidence that lies inside the mask; more is better",
        }
    }

    /// Arguments of `lacuna` that use the plugin `name`, but for the classifier, the folder of plugins and where results go.
    pub fn used(self, name: &str) -> String {
        match self {
            Role::Perturbation => format!("explain IMAGE --method meaningful-perturbation --perturbation {name}"),
            Role::Method => format!("explain IMAGE --method {name}"),
            Role::Metric => format!("compare DATA.csv --methods gradient,occlusion --metrics {name}"),
        }
    }

    /// What the user grants to the example `name`, as `--grant` takes it.
    pub fn grant(self, name: &str) -> Option<String> {
        match self {
            Role::Perturbation => None,
            Role::Method | Role::Metric => Some(format!("{name}:readback")),
        }
    }
}
