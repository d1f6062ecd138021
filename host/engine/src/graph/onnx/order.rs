//! The nodes that an output needs, each behind those that it reads.

use super::nodes::{name, refused};
use super::proto::{GraphProto, NodeProto};
use crate::Result;
use std::collections::{BTreeSet, HashMap, HashSet};

/// Stands in the names of values that are made while reading, and in no name of a file.
pub(super) const BETWEEN: char = '\n';

/// Leaves out the nodes that `output` does not depend on, and puts the others in an order in which they can be computed:
/// that of the file, where it is one.
///
/// # Errors
/// [`Error::Model`](crate::Error::Model) when two nodes make the same value, or a node depends on itself.
pub(super) fn ordered(file: &str, nodes: Vec<NodeProto>, output: &str) -> Result<Vec<NodeProto>> {
    let mut makers: HashMap<&str, usize> = HashMap::new();
    for (index, node) in nodes.iter().enumerate() {
        for made in node.output.iter().filter(|made| !made.is_empty()) {
            if made.contains(BETWEEN) {
                let node = name(node);
                return Err(refused(file, format_args!("node `{node}` makes a value with a line break in its name")));
            }
            if let Some(other) = makers.insert(made, index) {
                let (first, second) = (name(&nodes[other]), name(node));
                return Err(refused(
                    file,
                    format_args!(
                        "the nodes `{first}` and `{second}` both make the value `{made}`; export the model again"
                    ),
                ));
            }
        }
    }
    let before: Vec<BTreeSet<usize>> = nodes
        .iter()
        .map(|node| reads(node).into_iter().filter_map(|read| makers.get(read).copied()).collect())
        .collect();

    let mut needed = HashSet::new();
    let mut open: Vec<usize> = makers.get(output).copied().into_iter().collect();
    while let Some(index) = open.pop() {
        if needed.insert(index) {
            open.extend(&before[index]);
        }
    }

    // The first node of the file whose inputs are all there comes next (Kahn 1962).
    let mut waits: HashMap<usize, usize> = needed.iter().map(|index| (*index, before[*index].len())).collect();
    let mut feeds: HashMap<usize, Vec<usize>> = HashMap::new();
    for index in &needed {
        before[*index].iter().for_each(|other| feeds.entry(*other).or_default().push(*index));
    }
    let mut ready: BTreeSet<usize> = waits.iter().filter(|(_, count)| **count == 0).map(|(index, _)| *index).collect();
    let mut order = Vec::with_capacity(needed.len());
    while let Some(index) = ready.pop_first() {
        order.push(index);
        for next in feeds.get(&index).into_iter().flatten() {
            if let Some(count) = waits.get_mut(next) {
                *count -= 1;
                if *count == 0 {
                    ready.insert(*next);
                }
            }
        }
    }
    if order.len() < needed.len() {
        let done: HashSet<usize> = order.into_iter().collect();
        let stuck = needed.into_iter().filter(|index| !done.contains(index)).min().unwrap_or_default();
        let node = name(&nodes[stuck]);
        return Err(refused(file, format_args!("node `{node}` depends on its own result; export the model again")));
    }
    let mut nodes: Vec<Option<NodeProto>> = nodes.into_iter().map(Some).collect();
    Ok(order.into_iter().filter_map(|index| nodes[index].take()).collect())
}

/// The values that a node reads, those of its branches included.
pub(super) fn reads(node: &NodeProto) -> Vec<&str> {
    let mut read: Vec<&str> = node.input.iter().map(String::as_str).filter(|input| !input.is_empty()).collect();
    // Graphs lie in each other as deep as the decoder of protocol buffers allows, 100.
    for GraphProto { node: inner, initializer, output, .. } in
        node.attribute.iter().filter_map(|attribute| attribute.g.as_deref())
    {
        let made = inner.iter().flat_map(|node| &node.output).map(String::as_str);
        let own: HashSet<&str> = made.chain(initializer.iter().map(|tensor| tensor.name.as_str())).collect();
        // A branch may hand on a value of the graph around it.
        let handed_on = output.iter().map(|output| output.name.as_str());
        read.extend(inner.iter().flat_map(reads).chain(handed_on).filter(|value| !own.contains(value)));
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(inputs: &[&str], output: &str) -> NodeProto {
        let input = inputs.iter().map(|name| (*name).to_owned()).collect();
        NodeProto { input, output: vec![output.to_owned()], op_type: "Add".into(), ..NodeProto::default() }
    }

    fn made(nodes: Vec<NodeProto>) -> std::result::Result<Vec<String>, String> {
        let ordered = ordered("m.onnx", nodes, "y").map_err(|error| error.to_string())?;
        Ok(ordered.into_iter().map(|node| node.output[0].clone()).collect())
    }

    #[test]
    fn the_order_of_the_file_stays_and_what_nothing_needs_goes() {
        let nodes = vec![node(&["x"], "b"), node(&["x"], "a"), node(&["a"], "other head"), node(&["a", "b"], "y")];
        assert_eq!(made(nodes).unwrap(), ["b", "a", "y"]);
    }

    #[test]
    fn nodes_that_stand_before_what_they_read_are_moved() {
        assert_eq!(made(vec![node(&["a"], "y"), node(&["x"], "a")]).unwrap(), ["a", "y"]);
    }

    #[test]
    fn circles_and_values_of_two_nodes_are_refused() {
        let circle = made(vec![node(&["b"], "a"), node(&["a"], "b"), node(&["b"], "y")]);
        assert!(circle.as_ref().is_err_and(|why| why.contains("`a` depends on its own result")), "{circle:?}");
        let twice = made(vec![node(&["x"], "a"), node(&["x"], "a"), node(&["a"], "y")]);
        assert!(twice.as_ref().is_err_and(|why| why.contains("both make the value `a`")), "{twice:?}");
    }
}
