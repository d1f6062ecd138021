//! What goes into a graph and what comes out: the input that takes the images, and the output that is wanted.

use super::nodes::refused;
use super::{order, proto, types};
use crate::Result;
use crate::graph::Declared;
use crate::graph::array::Kind;
use std::collections::HashSet;

/// What a graph is read for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wanted<'a> {
    /// The logits of images: the output of this name, or the only one.
    Logits(Option<&'a str>),
    /// The images or codes that a generator makes of images or codes.
    Generated,
}

/// Says what a graph is that no image can be put into.
pub(super) fn takes_images(
    file: &str,
    inputs: &[&proto::ValueInfo],
    graph: &proto::GraphProto,
    wanted: Wanted,
) -> Result<()> {
    if matches!(wanted, Wanted::Generated) || inputs.is_empty() {
        return Ok(());
    }
    let can = |value: &&proto::ValueInfo| {
        let Some(kind) = &value.kind else { return true };
        let Some(tensor) = &kind.tensor else { return false };
        types::kind(tensor.element).is_some() && (tensor.shape.is_none() || matches!(dimensions(tensor).len(), 3..=5))
    };
    if inputs.iter().any(can) {
        return Ok(());
    }
    Err(refused(
        file,
        format_args!(
            "the graph takes {} and answers with {}, expected images (N, C, H, W) or (N, H, W, C), or volumes (N, C, D, H, W): \
             tables, texts and sounds are no images; a model of images has to take them with their rows and columns, not as a \
             list of numbers",
            listed(inputs.iter().copied()),
            listed(&graph.output)
        ),
    ))
}

/// The input that `output` is computed from, as the file declares it.
pub(super) fn input(
    file: &str,
    inputs: &[&proto::ValueInfo],
    graph: &proto::GraphProto,
    output: &str,
) -> Result<Declared> {
    if let [input] = inputs {
        return declared(file, input);
    }
    let needed = order::ordered(file, graph.node.clone(), output)?;
    let read: HashSet<&str> = needed.iter().flat_map(order::reads).collect();
    let used: Vec<&proto::ValueInfo> =
        inputs.iter().copied().filter(|input| read.contains(input.name.as_str())).collect();
    match used.as_slice() {
        [input] => declared(file, input),
        used => Err(refused(
            file,
            format_args!(
                "the output `{output}` is computed from {} inputs{}{}, expected one, the images; export the part that takes \
                 nothing else",
                used.len(),
                if used.is_empty() { "" } else { ", " },
                listed(used.iter().copied())
            ),
        )),
    }
}

/// The name of the output that is wanted.
pub(super) fn output(file: &str, graph: &proto::GraphProto, wanted: Wanted) -> Result<String> {
    match (graph.output.as_slice(), wanted) {
        (outputs, Wanted::Logits(Some(chosen))) => match outputs.iter().find(|output| output.name == chosen) {
            Some(output) => Ok(output.name.clone()),
            None => Err(refused(
                file,
                format_args!("no output `{chosen}`, which [output] output names; expected one of {}", listed(outputs)),
            )),
        },
        ([output], _) => Ok(output.name.clone()),
        ([], _) => Err(refused(file, "the graph has no output; export the model again")),
        (outputs @ [first, ..], Wanted::Logits(None)) => Err(refused(
            file,
            format_args!(
                "the graph has {} outputs, {}; write which one holds the logits into [output], for example output = \"{}\"",
                outputs.len(),
                listed(outputs),
                first.name
            ),
        )),
        (outputs, Wanted::Generated) => Err(refused(
            file,
            format_args!(
                "the graph has {} outputs, {}, expected one; export the part that makes it",
                outputs.len(),
                listed(outputs)
            ),
        )),
    }
}

/// More values than this are counted, not listed.
const LISTED: usize = 6;

/// Values by name, type and shape.
fn listed<'a>(values: impl IntoIterator<Item = &'a proto::ValueInfo>) -> String {
    let one = |value: &proto::ValueInfo| {
        let Some(tensor) = value.kind.as_ref().and_then(|kind| kind.tensor.as_ref()) else {
            return format!("`{}`", value.name);
        };
        let sizes: Vec<String> =
            dimensions(tensor).iter().map(|size| size.map_or("?".into(), |size| size.to_string())).collect();
        format!("`{}` {} ({})", value.name, types::name(tensor.element), sizes.join(", "))
    };
    let mut shown: Vec<String> = values.into_iter().map(one).collect();
    let more = shown.len().saturating_sub(LISTED);
    if more > 0 {
        shown.truncate(LISTED);
        shown.push(format!("and {more} more"));
    }
    shown.join(", ")
}

fn dimensions(tensor: &proto::TensorType) -> Vec<Option<usize>> {
    let size = |dimension: &proto::Dimension| {
        dimension.size.and_then(|size| usize::try_from(size).ok()).filter(|size| *size > 0)
    };
    tensor.shape.iter().flat_map(|shape| &shape.dimension).map(size).collect()
}

/// What the file says of its input.
fn declared(file: &str, input: &proto::ValueInfo) -> Result<Declared> {
    let Some(tensor) = input.kind.as_ref().and_then(|kind| kind.tensor.as_ref()) else {
        return Ok(Declared { name: input.name.clone(), kind: Kind::Float, shape: None });
    };
    let kind = types::kind(tensor.element).ok_or_else(|| {
        refused(
            file,
            format_args!(
                "the input `{}` is of type {}, expected numbers: a classifier of images",
                input.name,
                types::name(tensor.element)
            ),
        )
    })?;
    let shape = tensor.shape.as_ref().map(|_| dimensions(tensor));
    Ok(Declared { name: input.name.clone(), kind, shape })
}
