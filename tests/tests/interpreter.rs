//! A guest that calls the contract at random (`tests/guests/hostile/src/interpreter.rs`): no panic but the one that is known, no
//! memory beyond its quota, and everything is given back.
//!
//! `LACUNA_CALLS` asks for another number of calls than that of CI, `LACUNA_SEED` for another first seed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

use lacuna_engine::{Architecture, ClassIndex, Classifier, Device, Generator, Tensor, VaeConfig};
use lacuna_runtime::{
    CompileCache, ExplainRequest, Grants, Host, HostOptions, Limits, Need, Plugin, PluginLibrary, Role, RunError,
    Settings, explain,
};
use lacuna_tests::guest;
use std::{
    env, fs, panic,
    sync::Mutex,
    time::{Duration, Instant},
};

/// Bytes that a guest's handles may keep alive, for the method and for the perturbation each.
const QUOTA: u64 = 64 << 20;
/// What the process may have beyond the quotas: constants that the device keeps (64 MiB at most), compiled code, the guests' own
/// memory, what one call needs while it works, and what the allocator keeps. Ten million calls in one process, with glibc's
/// allocator, took 278 MiB more than at the start at their peak, and 162 at their end.
const BESIDE: u64 = 192 << 20;
/// Calls of one run.
const RUN: u64 = 10_000;

fn asked(variable: &str, default: u64) -> u64 {
    env::var(variable).map_or(default, |text| text.parse().expect("a number"))
}

/// Burn's panic message for a backward pass through a graph that an earlier one consumed. The graph cannot be queried before, so
/// the engine catches this panic.
const USED_UP: &str = "graph tape has already been consumed";

/// Collects every other panic from now on.
fn panics() -> &'static Mutex<Vec<String>> {
    static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());
    panic::set_hook(Box::new(|panic| {
        let said = panic.to_string();
        if !said.contains(USED_UP) {
            println!("{said}\n{}", std::backtrace::Backtrace::force_capture());
            PANICS.lock().unwrap().push(said);
        }
    }));
    &PANICS
}

/// A number of kB in this process's status, in bytes; none where there is no such file.
fn memory(name: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
}

#[test]
fn random_calls_are_answered_within_the_quota() {
    let host = Host::new(HostOptions { cache: CompileCache::Off }).unwrap();
    let plugin = Plugin::load(&host, "hostile/interpreter.wasm", &guest("hostile", "interpreter")).unwrap();
    let mut built_in = PluginLibrary::new();
    let perturbations: Vec<_> =
        lacuna_builtin::BUILT_IN.iter().filter(|(name, _)| ["blur", "healthy"].contains(name)).copied().collect();
    built_in.add_built_in(&host, &perturbations).unwrap();
    let device = Device::cpu();
    let classifier = Classifier::untrained(Architecture::SmallCnn, 2, 7, &device).unwrap();
    let info = classifier.info();
    let vae = VaeConfig { size: 32, channels: info.channels, widths: vec![4, 8], latent: 6, dropout: 0.0 };
    let generator = Generator::untrained(&vae, 7, &device).unwrap();
    let images = Tensor::uniform(&device, &info.shape(2), 0.0, 1.0, 7).unwrap();
    let (calls, first) = (asked("LACUNA_CALLS", 100_000), asked("LACUNA_SEED", 1));
    let panics = panics();
    // The peak counts from here, not from compiling.
    let counted = fs::write("/proc/self/clear_refs", "5").is_ok();
    let before = memory("VmRSS");
    let (mut succeeded, mut made) = (0, 0);
    for seed in first.. {
        let request = ExplainRequest {
            perturbation: Some(built_in.get(Role::Perturbation, ["blur", "healthy"][seed as usize % 2]).unwrap()),
            generator: Some(&generator),
            method_settings: Settings::parse(plugin.info(), None, &[format!("calls={RUN}")]).unwrap(),
            seed,
            limits: Limits {
                guest_memory: 64 << 20,
                device_bytes: QUOTA,
                handles: 64,
                wall_time: Duration::from_secs(600),
                readback_bytes: 16 << 20,
            },
            grants: Grants::none().with("interpreter", Need::Readback),
            ..ExplainRequest::new(&plugin, &classifier, images.clone(), vec![ClassIndex(0), ClassIndex(1)])
        };
        let started = Instant::now();
        let said = match explain(&host, request) {
            Ok(outcome) => {
                let said = outcome.messages.iter().find(|message| message.text.contains("succeeded")).unwrap();
                succeeded += said.text.split_once(' ').unwrap().0.parse::<u64>().unwrap();
                made += RUN;
                said.text.clone()
            }
            // A perturbation that meets a limit, or makes nothing finite of what it was given, ends the run.
            Err(error @ (RunError::DeviceQuota { .. } | RunError::Handles { .. } | RunError::NonFinite { .. })) => {
                error.to_string()
            }
            Err(error) => panic!("seed {seed}: {error}"),
        };
        let peak = memory("VmHWM").filter(|_| counted);
        println!(
            "seed {seed}: {said}, {:.1} s, peak {:?} MiB",
            started.elapsed().as_secs_f64(),
            peak.map(|bytes| bytes >> 20)
        );
        assert!(panics.lock().unwrap().is_empty(), "seed {seed}: {:?}", panics.lock().unwrap());
        if let (Some(before), Some(peak)) = (before, peak) {
            assert!(peak <= before + 2 * QUOTA + BESIDE, "seed {seed}: {} MiB more at the peak", (peak - before) >> 20);
        }
        assert!(seed - first < 4 + 2 * calls / RUN, "too many runs end before all of their calls are made");
        if made >= calls {
            break;
        }
    }
    // Calls that are all refused would test nothing.
    assert!(succeeded * 5 > calls, "{succeeded} of {calls} calls succeeded");
    if let (Some(before), Some(after)) = (before, memory("VmRSS")) {
        println!("{} MiB at the end, {} at the start", after >> 20, before >> 20);
        assert!(after <= before + BESIDE, "{} MiB stay", (after - before) >> 20);
    }
}
