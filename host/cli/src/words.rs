//! Places, remedies and findings in the words of a command line.

use lacuna_diagnostic::{Change, Finding, Place, Remedy};

/// Options that a command line spells otherwise than libraries name them, and what else its user should know of them.
const GENERATOR: (&str, &str) = ("generator", " (`lacuna train vae` makes one)");

/// Where something was found: `--learning-rate`, or a file.
pub fn place(place: &Place) -> String {
    match place {
        Place::Option(name) => format!("--{name}"),
        Place::File(file) => file.clone(),
    }
}

/// What was found and what to try, in a line.
pub fn finding(finding: &Finding) -> String {
    finding.in_words(remedy)
}

/// What to change, as an imperative sentence without its full stop.
pub fn remedy(remedy: &Remedy) -> String {
    match remedy {
        Remedy::Set { name, to, .. } => {
            let option = option(remedy);
            match to {
                Change::Value(_) if name == GENERATOR.0 => format!("use `{option}`{}", GENERATOR.1),
                Change::Value(_) | Change::On => format!("use `{option}`"),
                Change::Larger => format!("raise `{option}`"),
                Change::Smaller => format!("lower `{option}`"),
                Change::Another => format!("choose another `{option}`"),
                Change::One if name == GENERATOR.0 => format!("choose one with `{option}`{}", GENERATOR.1),
                Change::One => format!("choose one with `{option}`"),
            }
        }
        Remedy::Raise { .. } => format!("if it needs more, raise it with `{}`", option(remedy)),
        Remedy::Grant { .. } => {
            format!("if you trust it with the image's numbers, grant it with `{}`", option(remedy))
        }
        Remedy::All { of } => all(of),
        Remedy::Advice { text } => text.clone(),
    }
}

/// Options that belong together as one piece of a command line, sentences before them.
fn all(remedies: &[Remedy]) -> String {
    let is_option = |remedy: &&Remedy| {
        matches!(
            remedy,
            Remedy::Set { to: Change::Value(_) | Change::On, .. } | Remedy::Raise { .. } | Remedy::Grant { .. }
        )
    };
    let (options, others): (Vec<&Remedy>, Vec<&Remedy>) = remedies.iter().partition(is_option);
    let mut said: Vec<String> = others.into_iter().map(remedy).collect();
    if !options.is_empty() {
        let generator = |remedy: &&Remedy| matches!(remedy, Remedy::Set { name, .. } if name == GENERATOR.0);
        let hint = if options.iter().any(generator) { GENERATOR.1 } else { "" };
        let line: Vec<String> = options.into_iter().map(option).collect();
        said.push(format!("use `{}`{hint}", line.join(" ")));
    }
    said.join(" and ")
}

/// The option that a remedy is about, with its value where there is one.
fn option(remedy: &Remedy) -> String {
    match remedy {
        Remedy::Set { plugin: Some(owner), name, to } => {
            let option = if owner.role == "perturbation" { "--perturbation-param" } else { "--param" };
            match to {
                Change::Value(value) => format!("{option} {name}={value}"),
                _ => format!("{option} {name}"),
            }
        }
        Remedy::Set { plugin: None, name, to: Change::Value(value) } => format!("--{name} {value}"),
        Remedy::Set { plugin: None, name, .. } => format!("--{name}"),
        Remedy::Raise { limit, to } => format!("--limit {limit}={to}"),
        Remedy::Grant { plugin, need } => format!("--grant {plugin}:{need}"),
        Remedy::All { .. } | Remedy::Advice { .. } => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::remedy;
    use lacuna_diagnostic::{Change, Owner, Remedy};

    #[test]
    fn remedies_are_options() {
        let of = |role: &str, to| {
            let plugin = Some(Owner { role: role.into(), name: "any".into() });
            Remedy::Set { plugin, name: "samples".into(), to }
        };
        let of_plugin = |to| of("method", to);
        let healthy = Remedy::All {
            of: vec![Remedy::option("perturbation", "healthy"), Remedy::option("generator", "FILE.toml")],
        };
        let expected = [
            (of_plugin(Change::Value("8000".into())), "use `--param samples=8000`"),
            (of_plugin(Change::Larger), "raise `--param samples`"),
            (of("perturbation", Change::Smaller), "lower `--perturbation-param samples`"),
            (Remedy::another("target"), "choose another `--target`"),
            (Remedy::on("resume"), "use `--resume`"),
            (
                Remedy::Raise { limit: "wall-time".into(), to: "60s".into() },
                "if it needs more, raise it with `--limit wall-time=60s`",
            ),
            (healthy, "use `--perturbation healthy --generator FILE.toml` (`lacuna train vae` makes one)"),
        ];
        for (given, words) in expected {
            assert_eq!(remedy(&given), words);
        }
    }
}
