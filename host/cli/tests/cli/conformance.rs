//! Every built-in plugin gets its stamp; what a plugin does wrong keeps it from one.

use crate::common::Bench;

/// What makes the slow ones quick.
const QUICK: &str = "--param rise.samples=400 --param extremal-perturbation.steps=100 --param fido.steps=50";

#[test]
fn every_built_in_plugin_conforms() {
    let bench = Bench::new();
    let run = bench.run(&format!("plugins check --device cpu --json {QUICK}"));
    let stamps = run.succeeded().json();
    let stamps = stamps.as_array().unwrap();
    let listed = bench.run("plugins list --json").succeeded().json();
    assert_eq!(stamps.len(), listed.as_array().unwrap().len(), "one stamp for each plugin");
    for stamp in stamps {
        let name = stamp["plugin"]["name"].as_str().unwrap();
        assert_eq!(stamp["plugin"]["sha256"].as_str().unwrap().len(), 64);
        let checks = stamp["checks"].as_array().unwrap();
        let least = match stamp["role"].as_str().unwrap() {
            "method" => 7,
            "perturbation" => 6,
            _ => 4,
        };
        assert_eq!(checks.len(), least, "{name}");
        for check in checks {
            println!("{name}: {}: {}", check["name"].as_str().unwrap(), check["found"].as_str().unwrap());
            let reported = name == "latent-shift" && check["name"].as_str().unwrap().contains("moves");
            assert_eq!(check["holds"].as_bool(), if reported { None } else { Some(true) }, "{name}: {check}");
        }
    }
    bench.run("plugins check nothing").says(2, &["`nothing`", "meaningful-perturbation", "Remedy"]);
    bench
        .run("plugins check gradient --param rise.samples=4")
        .says(2, &["rise.samples=4", "no plugin that is checked"]);
}
