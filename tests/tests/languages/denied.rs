//! WASI called by hand, from a small guest in Rust: no call blocks, nothing piles up on the host, and nothing is made up.

use super::{HOST, run};
use lacuna_engine::{Device, ReluRule, Tensor};
use lacuna_runtime::{ClassifierRequest, Limits, Plugin, RunError, open_classifier};
use lacuna_tests::guest;
use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

static ASKS: LazyLock<Plugin> = LazyLock::new(|| Plugin::load(&HOST, "wasi.wasm", &guest("hostile", "wasi")).unwrap());

/// What the guest said in one run, or how the run ended.
fn said(misbehaviour: &str) -> Result<Vec<String>, RunError> {
    let mut limits = Limits { handles: 200, ..Limits::default() };
    limits.set("wall-time=10s").unwrap();
    limits.set("guest-memory=64MiB").unwrap();
    let start = Instant::now();
    let setting = format!("misbehaviour={misbehaviour}");
    let ended = run(&HOST, &ASKS, ("occlusion", &["window=48", "stride=48"]), &[&setting], limits);
    assert!(start.elapsed() < Duration::from_secs(12), "{misbehaviour} took {:?}", start.elapsed());
    let plugin = |message: &&lacuna_runtime::Message| message.plugin == "asks-for-everything";
    Ok(ended?.messages.iter().filter(plugin).map(|message| message.text.clone()).collect())
}

fn refused(misbehaviour: &str) -> String {
    let error = said(misbehaviour).unwrap_err();
    assert!(said("none").unwrap().is_empty(), "the next run works");
    error.to_string()
}

#[test]
fn what_is_imported_is_known() {
    assert_eq!(ASKS.wasi(), ["wasi:cli", "wasi:clocks", "wasi:io", "wasi:random", "wasi:sockets"]);
}

#[test]
fn nothing_takes_time_and_the_clock_stands_still() {
    let start = Instant::now();
    assert_eq!(said("block").unwrap()[0], "blocked, 0 ns and ready true");
    let all = (0..50).map(|i| i.to_string()).collect::<Vec<_>>().join(", ");
    assert_eq!(said("poll-many").unwrap()[0], format!("ready [{all}]"));
    said("many-in-turn").unwrap();
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    let text = refused("poll-for-ever");
    assert!(text.contains("wall time of 10s"), "{text}");
}

#[test]
fn what_is_held_is_bounded() {
    for misbehaviour in ["hoard-pollables", "hoard-streams"] {
        let text = refused(misbehaviour);
        assert!(text.contains("asks-for-everything") && text.contains("raise the limit `handles` to 400"), "{text}");
    }
    let text = refused("much-random");
    assert!(text.contains("1099511627776 bytes at once"), "{text}");
    let text = refused("write-too-much");
    assert!(text.contains("1048576 bytes at once"), "{text}");
    let written = said("write-much").unwrap();
    assert!(written.len() == 1000 && written.contains(&"writes".to_owned()), "{}", written.len());
    assert_eq!(said("give-away").unwrap()[0], "given away");
}

/// Every kind of plugin is linked the same way: here a classifier, which lives on a thread of its own.
#[test]
fn a_classifier_learns_no_time_either() {
    let plugin = Plugin::load(&HOST, "clock.wasm", &guest("hostile", "wasi_model")).unwrap();
    assert_eq!((plugin.info().version.as_str(), plugin.wasi()), ("0.1.0", ["wasi:clocks".to_owned()].as_slice()));
    let device = Device::cpu();
    let classifier = open_classifier(&HOST, &ClassifierRequest::new(&plugin, &device)).unwrap();
    let images = Tensor::full(&device, &[3, 1, 16, 16], 0.5).unwrap();
    assert_eq!(classifier.logits(&images, ReluRule::Plain).unwrap().read().unwrap(), [0.0; 6]);
}

#[test]
fn random_numbers_are_the_same_in_every_run() {
    let first = said("random").unwrap();
    assert!(first[0].starts_with("random [") && first[0] != first[1], "{first:?}");
    assert_eq!(first, said("random").unwrap());
}

#[test]
fn what_is_not_answered_is_denied_or_ends_the_run() {
    let lookup = &said("lookup").unwrap()[0];
    assert!(lookup.contains("lookup Err(") && lookup.contains("access-denied"), "{lookup}");
    for (misbehaviour, part) in [
        ("future", "`wasi:io/streams, [method]output-stream.a-function-of-the-future`, which no plugin gets"),
        ("poll-nothing", "poll of nothing"),
        ("exit", "ended its own program (it says that it failed)"),
    ] {
        let text = refused(misbehaviour);
        assert!(text.contains(part) && text.contains("asks-for-everything"), "{text}");
        assert!(text.contains("Report this to the plugin's author"), "{text}");
    }
}
