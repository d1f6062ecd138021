//! Options about classifiers that are no network of ours.

use lacuna_session::Trust;

#[derive(Clone, Debug, Default, clap::Args)]
pub struct BlackBoxArguments {
    /// A parameter of a classifier that is a .wasm component
    #[arg(long, value_name = "NAME=VALUE")]
    classifier_param: Vec<String>,
    /// A preset of a classifier that is a .wasm component; --classifier-param changes it
    #[arg(long, value_name = "NAME")]
    classifier_preset: Option<String>,
    /// Start the program that the classifier's manifest names in `command`; it runs with your rights
    #[arg(long)]
    allow_command: bool,
}

impl BlackBoxArguments {
    pub fn trust(&self) -> Trust {
        Trust {
            parameters: self.classifier_param.clone(),
            preset: self.classifier_preset.clone(),
            command: self.allow_command,
        }
    }
}
