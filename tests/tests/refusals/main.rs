//! Every way in which a plugin may misbehave: the host lives, says who did what and what to change, and the next run works.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod account;

use lacuna_engine::{Architecture, ClassIndex, Classifier, Device, Tensor};
use lacuna_runtime::{
    CancelToken, CompileCache, ExplainRequest, Grants, Host, HostOptions, Limits, LoadError, Need, Outcome, Plugin,
    PluginLibrary, Progress, Remedy, RunError, Settings, explain,
};
use lacuna_tests::guest;
use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// One host for all tests of this file, so that damage by one guest would fail the other tests.
fn host() -> &'static Host {
    static HOST: OnceLock<Host> = OnceLock::new();
    HOST.get_or_init(|| Host::new(HostOptions { cache: CompileCache::Off }).unwrap())
}

fn method() -> &'static Plugin {
    static METHOD: OnceLock<Plugin> = OnceLock::new();
    METHOD.get_or_init(|| Plugin::load(host(), "hostile/method.wasm", &guest("hostile", "method")).unwrap())
}

fn perturbation() -> &'static Plugin {
    static PERTURBATION: OnceLock<Plugin> = OnceLock::new();
    PERTURBATION
        .get_or_init(|| Plugin::load(host(), "hostile/perturbation.wasm", &guest("hostile", "perturbation")).unwrap())
}

/// A run of the hostile method with the hostile perturbation.
struct Run {
    method: &'static str,
    perturbation: &'static str,
    limits: Limits,
    grants: Grants,
    cancel: CancelToken,
}

impl Run {
    /// Small limits that an honest run stays far below.
    fn new(method: &'static str, perturbation: &'static str) -> Run {
        let limits = Limits {
            guest_memory: 32 << 20,
            device_bytes: 256 << 20,
            handles: 200,
            wall_time: Duration::from_secs(60),
            readback_bytes: 1 << 20,
        };
        let grants = Grants::none().with("hostile", Need::Readback);
        Run { method, perturbation, limits, grants, cancel: CancelToken::new() }
    }

    fn within(mut self, limit: &str) -> Run {
        self.limits.set(limit).unwrap();
        self
    }

    fn go(&self) -> Result<Outcome, RunError> {
        self.go_with(|_| ())
    }

    fn go_with(&self, progress: impl FnMut(&Progress) + Send + 'static) -> Result<Outcome, RunError> {
        let device = Device::cpu();
        let classifier = Classifier::untrained(Architecture::SmallCnn, 2, 7, &device).unwrap();
        let info = classifier.info();
        let shape = [1, info.channels, info.height, info.width];
        let images = Tensor::uniform(&device, &shape, 0.0, 1.0, 7).unwrap();
        let settings = |plugin: &Plugin, value: &str| {
            Settings::parse(plugin.info(), None, &[format!("misbehaviour={value}")]).unwrap()
        };
        explain(
            host(),
            ExplainRequest {
                perturbation: Some(perturbation()),
                method_settings: settings(method(), self.method),
                perturbation_settings: settings(perturbation(), self.perturbation),
                limits: self.limits.clone(),
                grants: self.grants.clone(),
                cancel: self.cancel.clone(),
                progress: Box::new(progress),
                ..ExplainRequest::new(method(), &classifier, images, vec![ClassIndex(1)])
            },
        )
    }

    /// The error of this run, after which an honest one works.
    fn refused(&self) -> RunError {
        let error = match self.go() {
            Ok(_) => panic!("`{}` with `{}` gave a map", self.method, self.perturbation),
            Err(error) => error,
        };
        let text = error.to_string();
        assert!(!text.contains("bug in Lacuna"), "{text}");
        let next = Run::new("none", "none").go();
        assert!(next.is_ok(), "after {text}: {}", next.err().unwrap());
        error
    }

    /// The error of this run, whose text must contain `parts`.
    fn says(&self, parts: &[&str]) -> RunError {
        let error = self.refused();
        let text = error.to_string();
        for part in parts {
            assert!(text.contains(part), "`{part}` is not in: {text}");
        }
        error
    }
}

const THE_METHOD: &str = "The method `hostile` (hostile/method.wasm)";
const THE_PERTURBATION: &str = "The perturbation `hostile` (hostile/perturbation.wasm)";

#[test]
fn an_honest_run_gives_a_map_and_a_record() {
    let outcome = Run::new("none", "none").go().unwrap();
    let record = &outcome.record;
    assert_eq!(outcome.map.shape(), [1, 1, record.images[2], record.images[3]]);
    assert_eq!(record.objective.names, ["score", "area"]);
    assert_eq!(record.objective.steps, (1..=10).collect::<Vec<u32>>());
    assert!(record.objective.values.iter().flatten().all(Option::is_some));
    assert_eq!(record.method.sha256.len(), 64);
    assert_eq!(record.readback_bytes, 0);
    let t = &record.timings;
    let parts = t.prepare + t.classifier + t.perturbation + t.objective + t.backward + t.readback + t.boundary;
    assert!(t.total > 0.0 && t.boundary > 0.0 && (parts + t.embedder - t.total).abs() < 1e-6, "{t:?}");
    let json = serde_json::to_string(record).unwrap();
    assert_eq!(
        serde_json::to_value(serde_json::from_str::<lacuna_runtime::RunRecord>(&json).unwrap()).unwrap(),
        serde_json::to_value(record).unwrap()
    );
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let map = || Run::new("none", "none").go().unwrap().map.read().unwrap();
    assert_eq!(map(), map());
}

#[test]
fn endless_loop() {
    let start = Instant::now();
    let remedy = "raise the limit `wall-time` to 2s";
    Run::new("endless-loop", "none").within("wall-time=1s").says(&[THE_METHOD, "wall time of 1s", remedy]);
    Run::new("none", "endless-loop").within("wall-time=1s").says(&[THE_PERTURBATION, "wall time of 1s", remedy]);
    assert!(start.elapsed() < Duration::from_secs(30));
}

#[test]
fn memory_bomb() {
    let parts = ["of its own memory", "may have 32 MiB", "raise the limit `guest-memory` to "];
    let error = Run::new("memory-bomb", "none").says(&[&[THE_METHOD], &parts[..]].concat());
    assert!(matches!(error, RunError::OutOfMemory { .. }));
    Run::new("swallow", "memory-bomb").says(&[&[THE_PERTURBATION], &parts[..]].concat());
}

#[test]
fn handle_bomb() {
    let parts = ["holds 200 handles", "raise the limit `handles` to 400"];
    Run::new("handle-bomb", "none").says(&[&[THE_METHOD], &parts[..]].concat());
    Run::new("swallow", "handle-bomb").says(&[&[THE_PERTURBATION], &parts[..]].concat());
}

#[test]
fn wrong_shapes() {
    Run::new("wrong-mask", "none").says(&[THE_METHOD, "perturbation.apply expects a mask of shape [1, 1, "]);
    Run::new("wrong-map", "none").says(&[THE_METHOD, "gave a map of shape [1, 3, ", "where [1, 1, "]);
    Run::new("swallow", "wrong-shape").says(&[THE_PERTURBATION, "gave perturbed images of shape [1, "]);
}

#[test]
fn numbers_that_are_none() {
    Run::new("nan-map", "none").says(&[THE_METHOD, "gave a map with numbers that are NaN or infinite"]);
    Run::new("nan-mask", "none").says(&[THE_METHOD, "gave a mask with numbers"]);
    Run::new("nan-images-late", "none").says(&[THE_METHOD, "gave images for the perturbation with numbers"]);
    Run::new("none", "nan").says(&[THE_PERTURBATION, "gave perturbed images with numbers"]);
    Run::new("swallow", "nan").says(&[THE_PERTURBATION, "gave perturbed images with numbers"]);
    Run::new("swallow", "nan-late").says(&[THE_PERTURBATION, "gave perturbed images with numbers"]);
}

#[test]
fn extras_that_are_no_results() {
    Run::new("nan-extra", "none").says(&[THE_METHOD, "the extra `curve` with numbers that are NaN or infinite"]);
    Run::new("wild-mask", "none").says(&[THE_METHOD, "the extra `mask` has numbers below 0 or above 1"]);
    Run::new("heavy-extras", "none").says(&[THE_METHOD, "of device memory", "may hold 256 MiB"]);
    Run::new("short-mask", "none").says(&[THE_METHOD, "the extra `mask` of shape [1, 1, 2, 2]", "is expected"]);
    for (what, said) in [
        ("shared-extra", "the extra `curve` is of shape [3], expected one entry for each of 1 images"),
        ("two-masks", "two extras with the role of `two`"),
        ("same-names", "two extras with the name `curve`"),
        ("path-extra", "the name of an extra is `../curve`"),
        ("many-extras", "101 extras, at most 100"),
    ] {
        Run::new(what, "none").says(&[THE_METHOD, said]);
    }
}

#[test]
fn findings_that_say_nothing() {
    for (what, said) in [
        ("finding-beyond", "the finding `beyond` is about image 7, and there are 1 from 0"),
        ("finding-empty", "the finding `empty` has no text"),
        ("finding-wild-code", "the code of a finding is `Wild [2J`"),
        ("finding-flood", "it gives 101 findings, at most 100"),
    ] {
        Run::new(what, "none").says(&[THE_METHOD, said]);
    }
    let outcome = Run::new("finding-lies", "none").go().unwrap();
    let [finding] = &outcome.findings[..] else { panic!("{:?}", outcome.findings) };
    assert_eq!(finding.remedies, [Remedy::another("perturbation")], "only what there is can be changed");
    assert!(outcome.messages.iter().any(|message| message.text.contains("no parameter")), "{:?}", outcome.messages);
}

#[test]
fn a_trap_in_the_middle() {
    let error = Run::new("trap", "none").says(&[THE_METHOD, "stopped itself", "mistake in the plugin"]);
    assert!(matches!(error, RunError::Trap { .. }));
    for trap in ["trap", "trap-in-create", "trap-in-drop"] {
        Run::new("swallow", trap).says(&[THE_PERTURBATION, "stopped itself"]);
    }
    Run::new("none", "trap").says(&[THE_PERTURBATION, "stopped itself"]);
}

#[test]
fn recursion() {
    Run::new("recursion", "none").says(&[THE_METHOD, "recurs"]);
    Run::new("swallow", "recursion").says(&[THE_PERTURBATION, "recurs"]);
}

#[test]
fn readback_needs_the_grant() {
    let mut run = Run::new("read", "none");
    let outcome = run.go().unwrap();
    let numbers: usize = outcome.record.images.iter().product();
    assert_eq!(outcome.record.readback_bytes, 4 * numbers as u64);
    assert_eq!(outcome.messages[0].text, format!("read {numbers} numbers"));

    run = run.within("readback=100");
    run.says(&[THE_METHOD, "may read 100 bytes", "raise the limit `readback` to "]);
    for grants in [Grants::none(), Grants::none().with("another", Need::Readback)] {
        run.grants = grants;
        let error = run.go().err().unwrap();
        assert!(error.to_string().contains("needs `readback`, which was not granted"), "{error}");
        assert!(error.to_string().contains("grant `readback` to `hostile`"), "{error}");
    }
    // The perturbation does not declare the need, so the grant is not for it.
    Run::new("swallow", "read").says(&[THE_PERTURBATION, "not granted"]);
}

#[test]
fn cancelling() {
    for (method, perturbation) in [("ignore-cancel", "none"), ("deaf", "none"), ("none", "ignore-cancel")] {
        let run = Run::new(method, perturbation);
        let cancel = run.cancel.clone();
        let stopper = thread::spawn(move || {
            thread::sleep(Duration::from_millis(300));
            cancel.cancel();
            Instant::now()
        });
        let error = run.go().err().unwrap();
        let took = stopper.join().unwrap().elapsed();
        assert_eq!(error, RunError::Cancelled);
        assert!(took < Duration::from_secs(8), "{method} {perturbation} took {took:?}");
    }
    let run = Run::new("none", "none");
    run.cancel.cancel();
    let start = Instant::now();
    assert_eq!(run.refused(), RunError::Cancelled);
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_guest_that_never_stops_talking_does_not_fill_the_host() {
    let outcome = Run::new("talk", "none").go().unwrap();
    assert_eq!(outcome.messages.len(), 1001);
    assert!(outcome.messages.iter().all(|message| message.text.len() < 2100 && !message.text.contains('\u{1b}')));
    Run::new("report-forever", "none").within("wall-time=2s").says(&[THE_METHOD, "wall time"]);
    Run::new("name-bomb", "none").says(&[THE_METHOD, "progress.report", "at most 32 different names in one run"]);
}

#[test]
fn the_last_step_is_told_once() {
    let told = Arc::new(AtomicUsize::new(0));
    let counter = told.clone();
    let run = Run::new("report-past-the-end", "none");
    let start = Instant::now();
    run.go_with(move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
    })
    .unwrap();
    // The first, the last, and at most one in 200 ms or in 512 reports between them.
    let most = 2 + 3000 / 512 + start.elapsed().as_millis() as usize / 200 + 1;
    assert!(told.load(Ordering::Relaxed) <= most, "{} times", told.load(Ordering::Relaxed));
}

#[test]
fn long_axes_and_parts_need_little_memory() {
    Run::new("long-axes", "none").go().unwrap();
    Run::new("view-bomb", "none").within("handles=100000").go().unwrap();
    let peak = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak =
        peak.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    // Other tests run beside this one; one matrix alone would take 4 TB, and views would keep 6.4 GB.
    assert!(peak.is_none_or(|kilobytes| kilobytes < 4 << 20), "{peak:?} kB");
}

#[test]
fn errors_are_returned_and_name_what_is_wrong() {
    let reason = "gave up: hostile.explain expects `images` to be something else and got these";
    Run::new("refuse", "none").says(&[THE_METHOD, reason]);
    let reason =
        "gave up: the perturbation `hostile` (hostile/perturbation.wasm): images of this kind cannot be perturbed";
    Run::new("none", "refuse").says(&[THE_METHOD, reason]);
    Run::new("bad-setting", "none").says(&[THE_METHOD, "`hostile` has no parameter `nonsense`"]);
}

#[test]
fn nonsensical_arguments_are_errors_and_not_traps() {
    let outcome = Run::new("bad-arguments", "none").go().unwrap();
    let taken: Vec<&str> = outcome.messages.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(taken, Vec::<&str>::new());
}

#[test]
fn requests_are_checked_before_anything_runs() {
    let device = Device::cpu();
    let classifier = Classifier::untrained(Architecture::SmallCnn, 2, 7, &device).unwrap();
    let images = Tensor::full(&device, &[1, 3, 8, 8], 0.5).unwrap();
    let said = |request: ExplainRequest<'_>| explain(host(), request).err().unwrap().to_string();
    let granted = |targets: Vec<ClassIndex>| ExplainRequest {
        grants: Grants::none().with("hostile", Need::Readback),
        ..ExplainRequest::new(method(), &classifier, images.clone(), targets)
    };
    assert!(said(granted(vec![])).contains("0 targets for 1 images"));
    assert!(
        said(granted(vec![ClassIndex(2)])).contains("class 2 does not exist. The classifier has the classes 0 to 1")
    );
    let swapped = ExplainRequest { method: perturbation(), ..granted(vec![ClassIndex(0)]) };
    assert!(said(swapped).contains("was given as method"));
    let without = said(granted(vec![ClassIndex(0)]));
    assert!(without.contains("no perturbation was chosen for this run. Choose a perturbation"), "{without}");
    let other = Host::new(HostOptions { cache: CompileCache::Off }).unwrap();
    let error = explain(&other, granted(vec![ClassIndex(0)])).err().unwrap();
    assert!(error.to_string().contains("loaded by another host"), "{error}");
}

#[test]
fn files_that_are_no_plugins() {
    let said = |name: &str, bytes: &[u8]| Plugin::load(host(), name, bytes).unwrap_err().to_string();
    let component = |text: &str| wat::parse_str(text).unwrap();

    let text = said("photo.png", b"\x89PNG\r\n\x1a\n0000");
    assert!(text.contains("`photo.png` is not a WebAssembly file: it starts with 89 50 4e 47"), "{text}");
    assert!(said("empty.wasm", b"").contains("the file is empty"));
    let text = said("core.wasm", &component("(module)"));
    assert!(text.contains("but no plugin"), "{text}");
    let text = said(
        "wasi-core.wasm",
        &component(
            r#"(module (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32))))"#,
        ),
    );
    assert!(text.contains("wasi_snapshot_preview1") && text.contains("wasm32-unknown-unknown"), "{text}");
    let mut cut = guest("hostile", "method");
    cut.truncate(cut.len() / 2);
    assert!(said("cut.wasm", &cut).contains("damaged"));
    let mut cut = component("(component (component))");
    cut.truncate(cut.len() - 3);
    assert!(said("cut.wasm", &cut).contains("damaged"));

    let text = said("nothing.wasm", &component("(component)"));
    assert!(text.contains("exports nothing where a plugin exports"), "{text}");
    let text = said(
        "empty-world.wasm",
        &component(
            r#"(component
            (instance $i)
            (export "lacuna:explain/description@0.2.0" (instance $i))
            (export "lacuna:explain/methods@0.2.0" (instance $i)))"#,
        ),
    );
    assert!(text.contains("does not fit the contract"), "{text}");
}

#[test]
fn imports_that_no_plugin_gets() {
    let refused = |import: &str| {
        let bytes = wat::parse_str(format!(r#"(component (import "{import}" (instance)))"#)).unwrap();
        Plugin::load(host(), "curious.wasm", &bytes).unwrap_err()
    };
    for import in ["wasi:http/types@0.2.9", "wasi:nn/graph@0.2.0", "wasi:filesystem/types@0.3.0", "wasi:io/poll"] {
        let text = refused(import).to_string();
        assert!(text.contains(&format!("`curious.wasm` imports `{import}`, which is refused")), "{text}");
        assert!(text.contains("of version 0.2, and is denied all of it"), "{text}");
        assert!(text.contains("build it for wasm32-unknown-unknown") && text.contains("`disable http`"), "{text}");
    }
    let text = refused("wasi:filesystem/types@0.2.6").to_string();
    assert!(text.contains("exports nothing"), "what is denied is not the fault: {text}");
    assert!(matches!(refused("evil:corp/telemetry@1.0.0"), LoadError::ForbiddenImport { .. }));
    assert!(matches!(refused("lacuna:explain/kernels@0.2.0"), LoadError::ForbiddenImport { .. }));
    let text = refused("lacuna:explain/tensors@0.1.0").to_string();
    assert!(text.contains("for version 0.1.0") && text.contains("this host speaks 0.2.0"), "{text}");
    let text = refused("lacuna:explain/tensors@0.2.7").to_string();
    assert!(text.contains("exports nothing"), "a later patch of the same contract is not the fault: {text}");
    let perturbation = wat::parse_str(
        r#"(component
            (import "lacuna:explain/classifiers@0.2.0" (instance))
            (instance $i)
            (export "lacuna:explain/description@0.2.0" (instance $i))
            (export "lacuna:explain/perturbations@0.2.0" (instance $i)))"#,
    );
    let text = Plugin::load(host(), "nosy.wasm", &perturbation.unwrap()).unwrap_err().to_string();
    assert!(text.contains("only methods and metrics get this interface"), "{text}");
}

#[test]
fn descriptions_that_lie_or_never_come() {
    let text = Plugin::load(host(), "liar.wasm", &guest("hostile", "liar")).unwrap_err().to_string();
    assert!(text.contains("the default 200 of the parameter `sigma` is not a number from 0 to 100"), "{text}");
    let start = Instant::now();
    let text = Plugin::load(host(), "sleeper.wasm", &guest("hostile", "sleeper")).unwrap_err().to_string();
    assert!(text.contains("`sleeper.wasm` failed when asked what it is") && text.contains("wall time"), "{text}");
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_name_belongs_to_one_plugin() {
    let mut library = PluginLibrary::new();
    let bytes = guest("hostile", "method");
    library.add_built_in(host(), &[("hostile", &bytes)]).unwrap();
    library.add(host(), "copy.wasm", &bytes).unwrap();
    library.add(host(), "perturbation.wasm", &guest("hostile", "perturbation")).unwrap();
    let mut other = bytes.clone();
    other.extend([0, 2, 1, b'x']); // an empty custom section: other bytes, same plugin
    let text = library.add(host(), "other.wasm", &other).unwrap_err().to_string();
    assert!(text.contains("`built-in hostile` and `other.wasm`") && text.contains("another name"), "{text}");
    assert_eq!(library.iter().count(), 2);
    let text = library.get(lacuna_runtime::Role::Method, "hostil").unwrap_err().to_string();
    assert!(text.contains("did you mean `hostile`?"), "{text}");
}

#[test]
fn a_compiled_plugin_is_kept_and_a_damaged_one_compiled_again() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = guest("hostile", "perturbation");
    let load = |folder: &std::path::Path| {
        let host = Host::new(HostOptions { cache: CompileCache::Folder(folder.to_owned()) }).unwrap();
        Plugin::load(&host, "perturbation.wasm", &bytes).unwrap().info().clone()
    };
    let first = load(folder.path());
    let entries: Vec<_> = folder.path().read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(entries.len(), 1);
    let kept = std::fs::read(&entries[0]).unwrap();
    assert_eq!(load(folder.path()), first);
    for damaged in [vec![], kept[..40].to_vec(), kept[..kept.len() / 2].to_vec(), [&kept[..], b"x"].concat()] {
        std::fs::write(&entries[0], damaged).unwrap();
        assert_eq!(load(folder.path()), first);
        assert_eq!(std::fs::read(&entries[0]).unwrap().len(), kept.len());
    }
    // A folder that cannot be made is no reason to fail either.
    assert_eq!(load(&entries[0].join("beneath-a-file")), first);
}
