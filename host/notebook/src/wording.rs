//! What a session cannot do, in the words of a notebook: what to change stands in a cell or in `lacuna.toml`.

use lacuna_diagnostic::{Finding, Remedy};
use lacuna_runtime::{
    LoadError, RunError,
    cells::{CELL, Refusal},
};
use lacuna_session::Error;

/// What a session cannot do, as a cell is told it.
pub fn refusal(error: Error) -> Refusal {
    let remedies = remedies(&error.remedies());
    match error {
        Error::Stopped => Refusal::Cancelled,
        Error::Run(error) => of_run(&error),
        Error::Input { place, found, .. } => Refusal::because(format!("{}: {found}", place.in_words()), remedies),
        Error::Engine(lacuna_engine::Error::External { what, .. }) => Refusal::because(what, remedies),
        other => Refusal::because(other.to_string(), []),
    }
}

/// Why a definition is no plugin.
pub fn undefined(error: &LoadError) -> Refusal {
    match error {
        LoadError::Describe { cause, .. } => of_run(cause),
        other => Refusal::because(other.to_string(), []),
    }
}

/// What to change, for a cell.
pub fn remedies(remedies: &[Remedy]) -> Vec<Remedy> {
    remedies.iter().map(remedy).collect()
}

/// A finding with what a cell can change.
pub fn finding(finding: Finding) -> Finding {
    Finding { remedies: remedies(&finding.remedies), ..finding }
}

/// A run that failed. Advice to ask the author of a plugin helps nobody who wrote it a minute ago.
fn of_run(error: &RunError) -> Refusal {
    // A method says which perturbation failed in it.
    let own = error.plugin().is_some_and(|plugin| plugin.origin() == CELL || error.what().contains(CELL));
    let mut remedies = remedies(&error.remedies());
    match error {
        RunError::NotGranted { .. } if own => {
            remedies = vec![Remedy::advice("write `readback = true` into the notebook's lacuna.toml")];
        }
        RunError::NonFinite { .. } if own => {
            remedies =
                vec![Remedy::advice("look for a division by 0, and for a logarithm or a root of what is 0 or below")];
        }
        RunError::Trap { .. } | RunError::Shape { .. } if own => remedies.clear(),
        RunError::Refused { remedies: given, .. } if own && given.is_empty() => remedies.clear(),
        _ => {}
    }
    Refusal::because(error.what(), remedies)
}

fn remedy(given: &Remedy) -> Remedy {
    match given {
        Remedy::Set { plugin: None, name, .. } if name == "generator" => {
            Remedy::advice("open a generator under [generators] in the notebook's lacuna.toml")
        }
        Remedy::Set { plugin: None, name, .. } if name == "slice" => Remedy::advice(
            "write `slice = \"axial:90\"` into its entry in the notebook's lacuna.toml, or name it under [volumes]",
        ),
        Remedy::Set { plugin: None, name, .. } if ["device", "window", "to-grey"].contains(&name.as_str()) => {
            Remedy::advice(format!("set `{name}` in the notebook's lacuna.toml"))
        }
        Remedy::Raise { limit, to } => {
            Remedy::advice(format!("write `{limit} = \"{to}\"` under [limits] in the notebook's lacuna.toml"))
        }
        Remedy::Grant { plugin, need } => {
            Remedy::advice(format!("write \"{plugin}:{need}\" into `grants` in the notebook's lacuna.toml"))
        }
        Remedy::All { of } => {
            let words: Vec<String> = of.iter().map(|one| remedy(one).to_string()).collect();
            Remedy::advice(words.join(" and "))
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lacuna_diagnostic::Change;

    #[test]
    fn what_to_change_stands_in_a_cell_or_in_the_grants() {
        let generator = Remedy::option("generator", "FILE.toml");
        let both = Remedy::All { of: vec![Remedy::option("perturbation", "healthy"), generator.clone()] };
        let set = Remedy::Set { plugin: None, name: "perturbation".into(), to: Change::Value("healthy".into()) };
        assert_eq!(remedy(&set), set);
        let words = remedy(&both).to_string();
        assert!(words.contains("healthy and open a generator under [generators]"), "{words}");
        for given in [
            generator,
            Remedy::option("slice", "PLANE:INDEX"),
            Remedy::Raise { limit: "handles".into(), to: "9".into() },
            Remedy::Grant { plugin: "mine".into(), need: "readback".into() },
        ] {
            assert!(remedy(&given).to_string().contains("lacuna.toml"), "{given:?}");
        }
    }
}
