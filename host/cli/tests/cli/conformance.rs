//! `plugins check`: stamps as people and programs get them. What holds of the built-in plugins, `host/conformance` tests.

use crate::common::Bench;

#[test]
fn stamps_are_given_and_what_cannot_be_checked_is_refused() {
    let bench = Bench::new();
    let run = bench.run("plugins check occlusion blur --device cpu --json --param occlusion.window=32");
    let stamps = run.succeeded().json();
    let names: Vec<&str> =
        stamps.as_array().unwrap().iter().map(|stamp| stamp["plugin"]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["occlusion", "blur"]);
    for stamp in stamps.as_array().unwrap() {
        assert_eq!(stamp["plugin"]["sha256"].as_str().unwrap().len(), 64);
        assert!(stamp["conforms"].as_bool().unwrap() && stamp["checks"].as_array().unwrap().len() > 3, "{stamp}");
    }
    let people = bench.run("plugins check blur --device cpu").succeeded();
    assert!(people.out.contains("perturbation blur") && people.out.contains("conforms"), "{}", people.out);
    bench.run("plugins check nothing").says(2, &["`nothing`", "meaningful-perturbation", "Remedy"]);
    bench
        .run("plugins check gradient --param rise.samples=4")
        .says(2, &["rise.samples=4", "no plugin that is checked"]);
}
