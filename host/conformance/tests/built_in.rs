//! Every built-in plugin conforms, and a plugin that lies does not. What is built in is what is checked: a new plugin needs no
//! line here, and breaks the build where it does not conform.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

use lacuna_builtin::BUILT_IN;
use lacuna_conformance::{Bench, Error, Stamp, Subject};
use lacuna_engine::Device;
use lacuna_runtime::{CancelToken, Grants, Host, HostOptions, Limits, Plugin, PluginLibrary, Role, Settings};

/// Settings that make slow plugins quick.
const QUICK: [(&str, &str); 3] =
    [("rise", "samples=400"), ("extremal-perturbation", "steps=100"), ("fido", "steps=50")];

fn stamp(host: &Host, plugins: &PluginLibrary, plugin: &Plugin, subject: &Subject) -> Result<Stamp, Error> {
    let perturbation = plugins.get(Role::Perturbation, "blur").unwrap();
    let quick: Vec<&str> =
        QUICK.iter().filter(|(name, _)| *name == plugin.name()).map(|(_, setting)| *setting).collect();
    let grant = |grants: Grants, plugin: &Plugin| {
        plugin.info().needs.iter().fold(grants, |grants, need| grants.with(plugin.name(), *need))
    };
    let bench = Bench {
        host,
        subject,
        plugin,
        settings: Settings::parse(plugin.info(), None, &quick).unwrap(),
        perturbation,
        limits: Limits::default(),
        grants: grant(grant(Grants::none(), plugin), perturbation),
        cancel: CancelToken::new(),
    };
    bench.stamp()
}

#[test]
fn every_built_in_plugin_conforms() {
    let host = Host::new(HostOptions::default()).unwrap();
    let mut plugins = PluginLibrary::new();
    plugins.add_built_in(&host, BUILT_IN).unwrap();
    let subject = Subject::new(&Device::cpu()).unwrap();
    let mut checked = 0;
    for plugin in plugins.iter() {
        let stamp = stamp(&host, &plugins, plugin, &subject).unwrap();
        assert_eq!(stamp.plugin.sha256.len(), 64);
        // That something was checked at all.
        let least = match stamp.role {
            Role::Method => 7,
            Role::Perturbation => 6,
            Role::Metric => 4,
            Role::Classifier | Role::Interpreter => panic!("{} is built in and cannot be checked", plugin.id()),
        };
        assert_eq!(stamp.checks.len(), least, "{}", plugin.id());
        for check in &stamp.checks {
            println!("{}: {}: {}", plugin.name(), check.name, check.found);
            // A generator of random weights does not move with its image.
            let reported = plugin.name() == "latent-shift" && check.name.contains("moves");
            assert_eq!(check.holds, if reported { None } else { Some(true) }, "{}: {check:?}", plugin.id());
        }
        assert!(stamp.conforms, "{}", plugin.id());
        checked += 1;
    }
    assert_eq!(checked, BUILT_IN.len(), "one stamp for each plugin");
}
