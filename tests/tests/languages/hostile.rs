//! Guests in Python and JavaScript that try what no plugin gets: what they learn, and how their runs end.

use super::{HOST, run};
use lacuna_runtime::{Limits, Message, MessageLevel, Plugin, RunError};
use lacuna_tests::languages::Language;
use std::{
    env,
    sync::LazyLock,
    time::{Duration, Instant},
};

/// The wall time of a run that does not end by itself.
const SHORT: Duration = Duration::from_secs(5);

static PYTHON: LazyLock<Option<Plugin>> = LazyLock::new(|| load(Language::Python, "python_hostile"));
static JAVASCRIPT: LazyLock<Option<Plugin>> = LazyLock::new(|| load(Language::JavaScript, "javascript_hostile"));

fn load(language: Language, name: &str) -> Option<Plugin> {
    let bytes = language.guest(name)?;
    Some(Plugin::load(&HOST, &format!("{name}.wasm"), &bytes).unwrap())
}

/// What the guest said in one run within the default limits, or how the run ended. Whatever it does, the run is over soon
/// after its time.
fn said(plugin: &Plugin, misbehaviour: &str) -> Result<Vec<Message>, RunError> {
    let limits = Limits { wall_time: SHORT, ..Limits::default() };
    let start = Instant::now();
    let setting = format!("misbehaviour={misbehaviour}");
    let ended = run(&HOST, plugin, ("occlusion", &["window=48", "stride=48"]), &[&setting], limits);
    assert!(start.elapsed() < SHORT + Duration::from_secs(2), "{misbehaviour} took {:?}", start.elapsed());
    Ok(ended?.messages.into_iter().filter(|message| message.plugin == plugin.name()).collect())
}

/// What the guest says first, which is the same in a second run.
fn words(plugin: &Plugin, misbehaviour: &str, count: usize) -> Vec<String> {
    let messages = [(); 2].map(|()| said(plugin, misbehaviour).unwrap());
    assert_eq!(messages[0], messages[1], "{misbehaviour} is not the same twice");
    messages[0].iter().take(count).map(|message| message.text.clone()).collect()
}

/// A run that fails with all of `parts` in its error, names the guest, and leaves the next run whole.
fn fails(plugin: &Plugin, misbehaviour: &str, parts: &[&str]) {
    let text = said(plugin, misbehaviour).unwrap_err().to_string();
    for part in parts.iter().chain(&[plugin.name(), plugin.origin()]) {
        assert!(text.contains(part), "{misbehaviour}: `{part}` is not in: {text}");
    }
    assert!(said(plugin, "none").unwrap().is_empty(), "after {text}");
}

#[test]
fn python_learns_nothing_of_the_machine() {
    let Some(plugin) = &*PYTHON else { return };
    let missing = ["read", "write", "list", "stat", "remove"].map(|act| format!("{act} FileNotFoundError"));
    assert_eq!(words(plugin, "files", 6), [&missing[..], &["stdin ''".to_owned()]].concat());
    // The environment that this test has is not empty.
    assert!(env::vars().next().is_some());
    assert_eq!(words(plugin, "environment", 3), ["environment {}", "arguments []", "folder '/'"]);
    assert_eq!(words(plugin, "clock", 1), ["clock 0.0 0 0.0 0.0"]);
    let denied = ["socket", "udp", "name"].map(|act| format!("{act} PermissionError"));
    assert_eq!(words(plugin, "network", 3), denied);
    assert_eq!(words(plugin, "process", 2), ["system AttributeError", "fork AttributeError"]);
    // Twice the same, and not the same again in one run.
    let drawn = words(plugin, "draw", 1);
    let drawn: Vec<&str> = drawn[0].split(' ').skip(1).collect();
    assert!(drawn.len() == 4 && drawn[0] != drawn[1], "{drawn:?}");
}

#[test]
fn python_holds_nothing_up() {
    let Some(plugin) = &*PYTHON else { return };
    let start = Instant::now();
    assert_eq!(words(plugin, "sleep", 1), ["slept"]);
    assert!(start.elapsed() < SHORT, "two hours of sleep took {:?}", start.elapsed());
    fails(plugin, "endless-loop", &["wall time of 5s", "raise the limit `wall-time`"]);
}

#[test]
fn python_that_meets_a_limit_may_go_on() {
    let Some(plugin) = &*PYTHON else { return };
    assert_eq!(words(plugin, "hoard-and-go-on", 1), ["memory MemoryError"]);
    assert_eq!(words(plugin, "recursion-and-go-on", 1), ["recursion RecursionError"]);
    assert_eq!(words(plugin, "traced", 1), ["KeyError: 'a key that is not there'"]);
    // The gigabytes that it wanted are gone with their runs.
    #[cfg(target_os = "linux")]
    assert!(resident_bytes() < 4 << 30, "{} bytes", resident_bytes());
}

#[test]
fn python_that_fails_says_how() {
    let Some(plugin) = &*PYTHON else { return };
    fails(
        plugin,
        "failure",
        &["stopped itself", "python_hostile.py", "in failure / KeyError: 'a key that is not there'"],
    );
    fails(plugin, "hoard", &["may have 256 MiB", "raise the limit `guest-memory`"]);
    fails(plugin, "recursion", &["RecursionError: maximum recursion depth exceeded"]);
    fails(plugin, "loop-of-events", &["PermissionError"]);
    fails(plugin, "leave", &[]);
    fails(plugin, "leave-at-once", &["ended its own program (it says that it failed)"]);
}

#[test]
fn what_python_prints_is_the_plugins_message() {
    let Some(plugin) = &*PYTHON else { return };
    let messages = said(plugin, "streams").unwrap();
    let levels: Vec<_> = messages.iter().take(2).map(|message| (message.level, message.text.as_str())).collect();
    assert_eq!(levels, [(MessageLevel::Info, "to the output"), (MessageLevel::Warning, "to the error")]);
    let messages = said(plugin, "chatter").unwrap();
    assert!(messages.len() <= 1000 && messages[0].text.starts_with("0 xxx"), "{}", messages.len());
}

#[test]
fn javascript_learns_nothing_and_says_how_it_fails() {
    let Some(plugin) = &*JAVASCRIPT else { return };
    assert_eq!(words(plugin, "clock", 1), ["clock 0 0"]);
    let drawn = words(plugin, "draw", 1);
    let drawn: Vec<&str> = drawn[0].split(' ').skip(1).collect();
    assert!(drawn.len() == 2 && drawn[0] != drawn[1], "{drawn:?}");
    fails(plugin, "failure", &["stopped itself", "Error: not today"]);
    fails(plugin, "refuse", &["images of this kind cannot be deleted"]);
    fails(plugin, "endless-loop", &["wall time of 5s"]);
    fails(plugin, "hoard", &["may have 256 MiB"]);
}

/// Bytes of this process in memory.
#[cfg(target_os = "linux")]
fn resident_bytes() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 4096
}
