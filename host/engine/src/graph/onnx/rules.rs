//! Rules of ONNX that changed from set to set, or that a reader easily forgets, on numbers that can be checked by hand.

use super::build::{floats, ints, model, node};
use super::proto::{NodeProto, TensorProto};
use super::*;
use crate::graph::{compile, value::Value};
use crate::{Device, ReluRule, Tensor};

/// What one node makes of the image `x`.
fn made(version: i64, shape: &[usize], data: &[f32], one: NodeProto, weights: Vec<TensorProto>) -> Result<Array> {
    let dims: Vec<i64> = shape.iter().map(|size| *size as i64).collect();
    let bytes = model(version, &[("x", &dims)], vec![one], weights, &["y"]);
    let device = Device::cpu();
    let graph = read_with("m.onnx", &bytes, &ModelFiles::Embedded(&[]), "y", HashMap::new(), Some(("x", Kind::Float)))?;
    let image = Value::float(Tensor::from_data(&device, shape, data.to_vec())?);
    compile(graph, &device)?.run_value(image, ReluRule::Plain)
}

fn close(found: &Array, shape: &[usize], expected: &[f64]) {
    assert_eq!(found.shape, shape);
    let found = found.to_floats();
    let near = |(a, b): (&f32, &f64)| (f64::from(*a) - b).abs() < 1e-6;
    assert!(found.len() == expected.len() && found.iter().zip(expected).all(near), "{found:?}, expected {expected:?}");
}

#[test]
fn softmax_flattens_before_set_13_and_not_after() {
    let x = [0.0, 1.0, 2.0, 3.0];
    let one = |version| made(version, &[1, 2, 2], &x, node("Softmax", &["x"], &["y"]), Vec::new()).unwrap();
    let share = |of: &[f64]| {
        let sum: f64 = of.iter().map(|x| x.exp()).sum();
        of.iter().map(|x| x.exp() / sum).collect::<Vec<_>>()
    };
    close(&one(11), &[1, 2, 2], &share(&[0.0, 1.0, 2.0, 3.0]));
    close(&one(13), &[1, 2, 2], &[share(&[0.0, 1.0]), share(&[2.0, 3.0])].concat());
}

#[test]
fn amounts_are_attributes_in_old_sets_and_inputs_in_new_ones() {
    let x: Vec<f32> = (0..6).map(|x| x as f32).collect();
    let old = node("Slice", &["x"], &["y"]).ints("starts", &[-2]).ints("ends", &[1000]).ints("axes", &[1]);
    close(&made(9, &[2, 3], &x, old, Vec::new()).unwrap(), &[2, 2], &[1.0, 2.0, 4.0, 5.0]);
    let new = node("Slice", &["x", "s", "e", "a", "k"], &["y"]);
    let amounts = vec![ints("s", &[1], &[-1]), ints("e", &[1], &[-4]), ints("a", &[1], &[1]), ints("k", &[1], &[-1])];
    close(&made(13, &[2, 3], &x, new, amounts).unwrap(), &[2, 3], &[2.0, 1.0, 0.0, 5.0, 4.0, 3.0]);

    let old = node("Pad", &["x"], &["y"]).ints("pads", &[0, 1, 0, 0]).float("value", 7.0);
    close(&made(10, &[1, 2], &x[..2], old, Vec::new()).unwrap(), &[1, 3], &[7.0, 0.0, 1.0]);
    let new = node("Pad", &["x", "p", "v"], &["y"]);
    let amounts = vec![ints("p", &[4], &[0, 1, 0, -1]), floats("v", &[], &[7.0])];
    close(&made(13, &[1, 2], &x[..2], new, amounts).unwrap(), &[1, 2], &[7.0, 0.0]);

    let old = node("Clip", &["x"], &["y"]).float("min", 1.0).float("max", 4.0);
    close(&made(10, &[6], &x, old, Vec::new()).unwrap(), &[6], &[1.0, 1.0, 2.0, 3.0, 4.0, 4.0]);
}

#[test]
fn means_know_their_axes_and_when_none_are_meant() {
    let x: Vec<f32> = (0..4).map(|x| x as f32).collect();
    let all = node("ReduceMean", &["x"], &["y"]);
    close(&made(13, &[2, 2], &x, all.clone(), Vec::new()).unwrap(), &[1, 1], &[1.5]);
    close(
        &made(18, &[2, 2], &x, all.int("noop_with_empty_axes", 1), Vec::new()).unwrap(),
        &[2, 2],
        &[0.0, 1.0, 2.0, 3.0],
    );
    let one = node("ReduceMean", &["x"], &["y"]).ints("axes", &[-1]).int("keepdims", 0);
    close(&made(13, &[2, 2], &x, one.clone(), Vec::new()).unwrap(), &[2], &[0.5, 2.5]);
    // Set 18 moved the axes to an input, so that an attribute of that name has no meaning.
    let error = made(18, &[2, 2], &x, one, Vec::new()).unwrap_err().to_string();
    assert!(error.contains("`the ReduceMean` (ReduceMean, operator set 18): attribute axes is not known"), "{error}");
}

#[test]
fn casts_cut_fractions_off() {
    let cast = node("Cast", &["x"], &["y"]).int("to", 7);
    let found = made(13, &[4], &[-1.7, -0.2, 0.9, 2.5], cast, Vec::new()).unwrap();
    assert_eq!(found.as_whole(), Some(&[-1, 0, 0, 2][..]));
}

#[test]
fn resizing_follows_the_rule_of_its_set() {
    let x = [0.0, 1.0, 2.0];
    let factors = vec![floats("f", &[4], &[1.0, 1.0, 1.0, 2.0])];
    // Set 10 lays pixel i on i / 2; newer sets, unless they say otherwise, lay its middle on (i + 0.5) / 2 - 0.5.
    let old = node("Resize", &["x", "f"], &["y"]).text("mode", "linear");
    close(&made(10, &[1, 1, 1, 3], &x, old, factors.clone()).unwrap(), &[1, 1, 1, 6], &[0.0, 0.5, 1.0, 1.5, 2.0, 2.0]);
    let new = node("Resize", &["x", "", "f"], &["y"]).text("mode", "linear");
    close(&made(13, &[1, 1, 1, 3], &x, new, factors).unwrap(), &[1, 1, 1, 6], &[0.0, 0.25, 0.75, 1.25, 1.75, 2.0]);
}

#[test]
fn what_has_no_meaning_here_is_refused_by_name() {
    let x = [0.0; 4];
    let refusal = |version, one: NodeProto| made(version, &[1, 1, 2, 2], &x, one, Vec::new()).unwrap_err().to_string();
    let statistics = ["x", "s", "b", "m", "v"];
    let trained = node("BatchNormalization", &statistics, &["y", "mean", "var", "saved_mean", "saved_var"]);
    assert!(refusal(9, trained).contains("exported in training mode; call model.eval()"));
    let strange = node("Relu", &["x"], &["y"]).float("slope", 0.1);
    assert!(refusal(13, strange).contains("(Relu, operator set 13): attribute slope is not known"));
    assert!(refusal(13, node("NonMaxSuppression", &["x"], &["y"])).contains("this operator is not known"));
    assert!(refusal(20, node("Upsample", &["x"], &["y"])).contains("operator sets 7 to 9 only"));
}

#[test]
fn sparse_weights_are_refused_as_such() {
    let graph = proto::GraphProto {
        node: vec![node("Add", &["x", "w"], &["y"])],
        sparse_initializer: vec![proto::SparseTensorProto { values: Some(floats("w", &[1], &[1.0])) }],
        ..Default::default()
    };
    let opset_import = vec![proto::OperatorSet { domain: String::new(), version: 13 }];
    let bytes = proto::ModelProto { graph: Some(graph), opset_import, ..Default::default() }.encode_to_vec();
    let files = ModelFiles::Embedded(&[]);
    let read = read_with("m.onnx", &bytes, &files, "y", HashMap::new(), Some(("x", Kind::Float)));
    assert!(read.unwrap_err().to_string().contains("constant `w`: sparse weights"));
}
