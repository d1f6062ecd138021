//! Tests of the account of device memory.

use super::*;

fn result(quota: &Arc<Quota>, bytes: u64, operands: &[&Arc<Charge>]) -> Arc<Charge> {
    Charge::new(quota, bytes, Tracking::Result, operands.iter().map(|c| (*c).clone())).unwrap()
}

#[test]
fn untracked_bytes_come_back_with_the_handle_and_tracked_ones_with_the_graph() {
    let quota = Quota::new(1000);
    let leaf = Charge::new(&quota, 100, Tracking::Leaf, []).unwrap();
    let middle = result(&quota, 50, &[&leaf]);
    let scalar = result(&quota, 4, &[&middle, &leaf]);
    drop(middle);
    assert_eq!(quota.held(), 154, "the graph still needs what its handle no longer does");
    assert_eq!(scalar.use_up_graph(), 100);
    assert_eq!(quota.held(), 104);
    drop((leaf, scalar));
    assert_eq!(quota.held(), 0);
}

#[test]
fn what_is_dropped_without_a_backward_pass_is_held_until_the_graph_is_swept() {
    let quota = Quota::new(1000);
    let leaf = Charge::new(&quota, 100, Tracking::Leaf, []).unwrap();
    let constant = Charge::new(&quota, 30, Tracking::Untracked, []).unwrap();
    let image = result(&quota, 50, &[&leaf, &constant]);
    drop((image, constant));
    assert_eq!(quota.held(), 180, "the graph keeps the image and what it is made of");
    assert!(quota.has_abandoned());
    quota.swept();
    assert_eq!(quota.held(), 100, "the leaf has a handle");
    drop(leaf);
    quota.swept();
    assert_eq!(quota.held(), 0);
}

#[test]
fn a_constant_of_two_graphs_is_held_by_the_one_that_no_backward_pass_went_through() {
    let quota = Quota::new(1000);
    let leaf = Charge::new(&quota, 1, Tracking::Leaf, []).unwrap();
    let constant = Charge::new(&quota, 100, Tracking::Untracked, []).unwrap();
    let (used, left) = (result(&quota, 2, &[&leaf, &constant]), result(&quota, 4, &[&leaf, &constant]));
    used.use_up_graph();
    drop((used, constant, left));
    assert_eq!(quota.held(), 105);
    quota.swept();
    assert_eq!(quota.held(), 1);
}

#[test]
fn what_is_made_behind_a_backward_pass_is_known() {
    let quota = Quota::new(1000);
    let leaf = Charge::new(&quota, 1, Tracking::Leaf, []).unwrap();
    let before = result(&quota, 1, &[&leaf]);
    assert!(!before.is_spent());
    before.use_up_graph();
    assert!(leaf.is_spent() && before.is_spent());
    let (of_leaf, of_result) = (result(&quota, 1, &[&leaf]), result(&quota, 1, &[&before]));
    assert!(!of_leaf.is_spent(), "a leaf can be used again");
    assert!(of_result.is_spent() && result(&quota, 1, &[&of_result]).is_spent());
}

#[test]
fn results_in_the_graph_are_counted_as_long_as_it_holds_them() {
    let quota = Quota::new(1000);
    let leaf = Charge::with_nodes(&quota, 1, 1, Tracking::Leaf, []).unwrap();
    let [used, left] =
        [5, 7].map(|nodes| Charge::with_nodes(&quota, 1, nodes, Tracking::Result, [leaf.clone()]).unwrap());
    used.use_up_graph();
    drop(used);
    assert_eq!(quota.nodes_with(0), 8);
    drop(left);
    assert_eq!(quota.nodes_with(2), 10, "nobody has swept");
    quota.swept();
    assert_eq!(quota.nodes_with(0), 1);
}

#[test]
fn more_than_allowed_is_refused_with_the_total() {
    let quota = Quota::new(100);
    let _held = Charge::new(&quota, 60, Tracking::Untracked, []).unwrap();
    let refused = Charge::new(&quota, 50, Tracking::Untracked, []).unwrap_err();
    assert_eq!(refused, Exhausted { allowed: 100, requested: 110 });
    assert_eq!(quota.held(), 60);
}

#[test]
fn a_graph_changes_hands_without_what_the_maker_keeps() {
    let (maker, user) = (Quota::new(1000), Quota::new(1000));
    let mask = Charge::new(&user, 10, Tracking::Leaf, []).unwrap();
    let reference = Charge::new(&maker, 300, Tracking::Untracked, []).unwrap();
    let image = result(&maker, 40, &[&mask, &reference]);
    image.hand_over(&user).unwrap();
    assert_eq!((maker.held(), user.held()), (300, 50));
    drop((reference, mask, image));
    assert_eq!((maker.held(), user.held()), (300, 50), "the graph keeps them");
    maker.swept();
    user.swept();
    assert_eq!((maker.held(), user.held()), (0, 0));
}

#[test]
fn who_keeps_what_it_was_lent_pays_for_it() {
    let (lender, user) = (Quota::new(1000), Quota::new(1000));
    let images = Charge::new(&lender, 300, Tracking::Untracked, []).unwrap();
    let kept = Charge::lent(&user, &images).unwrap();
    drop(images);
    assert_eq!((lender.held(), user.held()), (0, 300));
    drop(kept);
    assert_eq!(user.held(), 0);
}

#[test]
fn a_graph_of_two_plugins_is_not_all_of_one() {
    let (method, perturbation) = (Quota::new(1000), Quota::new(1000));
    let mask = Charge::new(&method, 10, Tracking::Leaf, []).unwrap();
    let lent = Charge::lent(&perturbation, &mask).unwrap();
    let own = Charge::new(&perturbation, 10, Tracking::Leaf, []).unwrap();
    let reference = Charge::new(&method, 300, Tracking::Untracked, []).unwrap();
    assert!(result(&perturbation, 5, &[&own, &reference]).is_all_of(&perturbation));
    let image = result(&perturbation, 40, &[&lent, &own]);
    assert!(!image.is_all_of(&perturbation));
    image.hand_over(&method).unwrap();
    assert!(image.is_all_of(&method));
    assert_eq!(image.use_up_graph(), 20, "both leaves");
}

#[test]
fn what_a_pass_has_used_is_lent_as_used() {
    let (method, perturbation) = (Quota::new(1000), Quota::new(1000));
    let mask = Charge::new(&method, 10, Tracking::Leaf, []).unwrap();
    result(&method, 1, &[&mask]).use_up_graph();
    assert!(Charge::lent(&perturbation, &mask).unwrap().is_spent());
}

#[test]
fn a_very_long_graph_is_dropped_without_recursion() {
    let quota = Quota::new(u64::MAX);
    let mut last = Charge::new(&quota, 1, Tracking::Leaf, []).unwrap();
    for _ in 0..1_000_000 {
        last = result(&quota, 1, &[&last]);
    }
    drop(last);
    quota.swept();
    assert_eq!(quota.held(), 0);
}
