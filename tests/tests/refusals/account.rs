//! Device memory and time of a guest: memory is counted before it is allocated and freed when it is dropped, and calls end in
//! time.

use super::*;

#[test]
fn tensor_bomb() {
    let parts = ["of device memory", "may hold 256 MiB", "raise the limit `device-memory` to "];
    for bomb in [
        "tensor-bomb",
        "huge-tensor",
        "broadcast-bomb",
        "matrix-bomb",
        "batched-matrix-bomb",
        "resize-bomb",
        "narrow-resize-bomb",
    ] {
        let error = Run::new(bomb, "none").says(&[&[THE_METHOD], &parts[..]].concat());
        assert!(matches!(error, RunError::DeviceQuota { .. }));
    }
    Run::new("optimiser-bomb", "none").within("handles=100000").says(&[THE_METHOD, "of device memory"]);
    Run::new("swallow", "tensor-bomb").says(&[&[THE_PERTURBATION], &parts[..]].concat());
}

#[test]
fn a_gradient_graph_that_grows_without_end_is_on_the_account_too() {
    for bomb in ["graph-bomb", "gradient-bomb"] {
        Run::new(bomb, "none").within("handles=100000").says(&[THE_METHOD, "of device memory", "may hold 256 MiB"]);
    }
}

/// Bytes of this process in memory; other tests run beside.
fn resident() -> Option<u64> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    Some(pages.split(' ').nth(1)?.parse::<u64>().ok()? * 4096)
}

#[test]
fn what_a_guest_drops_without_a_backward_pass_is_freed() {
    for bomb in [
        "abandoned-graph",
        "abandoned-branch",
        "abandoned-network",
        "abandoned-refusal",
        "untracked-loop",
        "tracked-views",
        "gradient-views",
    ] {
        let before = resident();
        let outcome = Run::new(bomb, "none").within("handles=1000").go().unwrap();
        assert!(outcome.messages.is_empty(), "{bomb}: {:?}", outcome.messages);
        let grown = resident().zip(before).map_or(0, |(after, before)| after.saturating_sub(before));
        println!("{bomb}: {} MiB", grown >> 20);
        // Each would hold 4 to 30 GiB, and the loop of untracked results some 500 MiB.
        let most = if bomb == "untracked-loop" { 200 } else { 1500 };
        assert!(grown < most << 20, "{bomb} left {} MiB behind", grown >> 20);
    }
}

#[test]
fn a_graph_is_as_large_as_its_backward_pass_can_bear() {
    let deep = |misbehaviour| Run::new(misbehaviour, "none").within("device-memory=2GiB");
    deep("deep-graph").says(&[THE_METHOD, "the gradient graph would hold 6001 results, at most 6000 can be held"]);
    deep("deep-beside").go().unwrap();
}

#[test]
fn a_pass_asks_for_room_before_it_runs() {
    let outcome = Run::new("many-images", "none").go().unwrap();
    assert_eq!(outcome.messages.len(), 1);
    assert!(outcome.messages[0].text.ends_with(" classes, 0 apart"), "{:?}", outcome.messages);
    Run::new("many-tracked-images", "none").says(&[THE_METHOD, "of device memory", "may hold 256 MiB"]);
}

#[test]
fn what_lies_between_is_counted() {
    for bomb in ["place-bomb", "repeated-factor", "variation-bomb", "matrix-hoard"] {
        Run::new(bomb, "none").says(&[THE_METHOD, "of device memory", "may hold 256 MiB"]);
    }
}

#[test]
fn a_long_computation_ends_with_the_time_and_when_nobody_wants_it() {
    let start = Instant::now();
    let long = || Run::new("long-product", "none").within("device-memory=2GiB");
    long().within("wall-time=1s").says(&[THE_METHOD, "wall time of 1s"]);
    let run = long();
    let cancel = run.cancel.clone();
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(500));
        cancel.cancel();
    });
    assert!(matches!(run.go().unwrap_err(), RunError::Cancelled));
    // The product alone takes ten seconds and more on two cores.
    println!("{:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(12), "{:?}", start.elapsed());
}

#[test]
fn who_keeps_the_methods_masks_alive_is_named_for_it() {
    let run = |perturbation| Run::new("many-masks", perturbation).within("device-memory=16MiB").within("handles=5000");
    run("hoard-masks").says(&[THE_PERTURBATION, "of device memory", "may hold 16 MiB"]);
    run("none").go().unwrap();
    let run = |perturbation| Run::new("many-tracked-masks", perturbation).within("handles=5000");
    let kept = "of the gradient graph that the method has let go of";
    run("hoard-results").within("device-memory=16MiB").says(&[THE_PERTURBATION, "it keeps 1", "MiB and", kept]);
    run("hoard-results").within("device-memory=4GiB").says(&[THE_PERTURBATION, "it keeps ", kept]);
    run("none").within("device-memory=16MiB").go().unwrap();
}

#[test]
fn a_perturbation_cannot_use_up_the_graph_of_the_method() {
    // The perturbation hands on what it was told, and the method what the perturbation said.
    let said = "the perturbation `hostile` (hostile/perturbation.wasm): `backward` would go through the gradient graph of the plugin";
    Run::new("none", "use-up-graph").says(&[said, "detach what was lent first"]);
    Run::new("none", "deep-graph").says(&[THE_PERTURBATION, "holds 4", "at most 3000 can be handed to a method"]);
}

#[test]
fn a_limit_that_a_guest_invents_is_not_believed() {
    let error = Run::new("invented-limit", "none").says(&[THE_METHOD, "`device-memory`", "18446744073709551615"]);
    assert!(matches!(error, RunError::Refused { .. }) && !error.to_string().contains("raise"), "{error}");
}

#[test]
fn a_list_that_is_longer_than_any_use_is_refused() {
    Run::new("long-list", "none").says(&[THE_METHOD, "tensor.sum", "a list of at most 8 and got one of 1048576"]);
}
