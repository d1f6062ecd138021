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

    let endless = node("Slice", &["x", "s", "e", "a", "k"], &["y"]);
    let amounts =
        vec![ints("s", &[1], &[-1]), ints("e", &[1], &[-4]), ints("a", &[1], &[1]), ints("k", &[1], &[i64::MIN])];
    assert!(made(13, &[2, 3], &x, endless, amounts).unwrap_err().to_string().contains("a step of -92"));

    let old = node("Pad", &["x"], &["y"]).ints("pads", &[0, 1, 0, 0]).float("value", 7.0);
    close(&made(10, &[1, 2], &x[..2], old, Vec::new()).unwrap(), &[1, 3], &[7.0, 0.0, 1.0]);
    let new = node("Pad", &["x", "p", "v"], &["y"]);
    let amounts = vec![ints("p", &[4], &[0, 1, 0, -1]), floats("v", &[], &[7.0])];
    close(&made(13, &[1, 2], &x[..2], new, amounts).unwrap(), &[1, 2], &[7.0, 0.0]);

    // From 6 numbers to 17 millions, which a fuzzer did with the axis of the batch.
    let huge = node("Pad", &["x"], &["y"]).ints("pads", &[4096, 4096, 0, 0]);
    let error = made(10, &[1, 6], &x, huge, Vec::new()).unwrap_err().to_string();
    assert!(error.contains("6 numbers padded to 16805894"), "{error}");

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

/// What a whole file makes of one number.
fn answer(nodes: Vec<NodeProto>, weights: Vec<TensorProto>, functions: Vec<proto::FunctionProto>) -> Vec<f32> {
    let bytes = model(13, &[("x", &[1])], nodes, weights, &["y"]);
    let file = proto::ModelProto { functions, ..proto::ModelProto::decode(bytes.as_slice()).unwrap() };
    let files = ModelFiles::Embedded(&[]);
    let input = Some(("x", Kind::Float));
    let graph = read_with("m.onnx", &file.encode_to_vec(), &files, "y", HashMap::new(), input).unwrap();
    let device = Device::cpu();
    let image = Value::float(Tensor::from_data(&device, &[1], vec![2.0]).unwrap());
    compile(graph, &device).unwrap().run_value(image, ReluRule::Plain).unwrap().to_floats()
}

#[test]
fn names_inside_of_branches_and_functions_are_their_own() {
    // Two choices whose branches call what they make `t`: x + 3, then that times 5; the outer `t` is 100.
    let weights = || {
        let yes = TensorProto { data_type: 9, int32_data: vec![1], ..ints("yes", &[], &[]) };
        vec![yes, floats("three", &[1], &[3.0]), floats("five", &[1], &[5.0]), floats("t", &[1], &[100.0])]
    };
    let choice = |kind: &str, inputs: &[&str], made: &str| {
        let inner = vec![node(kind, inputs, &["t"])];
        node("If", &["yes"], &[made]).branch("then_branch", inner.clone(), "t").branch("else_branch", inner, "t")
    };
    let nodes =
        vec![choice("Add", &["x", "three"], "a"), choice("Mul", &["a", "five"], "b"), node("Add", &["b", "t"], &["y"])];
    assert_eq!(answer(nodes, weights(), Vec::new()), [125.0]);

    // Two calls of a function, of one name, whose inner value `t` is named like a value of the graph with its call's name.
    let function = proto::FunctionProto {
        name: "Doubled".into(),
        domain: "own".into(),
        input: vec!["v".into()],
        output: vec!["w".into()],
        node: vec![node("Add", &["v", "v"], &["t"]), node("Identity", &["t"], &["w"])],
        opset_import: vec![proto::OperatorSet { domain: String::new(), version: 13 }],
        ..Default::default()
    };
    let call = |from: &str, to: &str| NodeProto { domain: "own".into(), ..node("Doubled", &[from], &[to]) };
    let nodes = vec![
        node("Add", &["x", "three"], &["the Doubled/t"]),
        call("x", "a"),
        call("a", "b"),
        node("Add", &["b", "the Doubled/t"], &["y"]),
    ];
    assert_eq!(answer(nodes, weights(), vec![function]), [13.0]);
}

#[test]
fn a_branch_may_be_chosen_by_the_size_of_the_image() {
    // As PyTorch writes `squeeze`: whether the size of axis 1 is 1.
    let branch = |kind: &str| vec![node(kind, &["x", "axis"], &["t"])];
    let nodes = vec![
        node("Shape", &["x"], &["sizes"]),
        node("Gather", &["sizes", "at"], &["size"]),
        node("Equal", &["size", "one"], &["is one"]),
        node("If", &["is one"], &["y"]).branch("then_branch", branch("Squeeze"), "t").branch(
            "else_branch",
            vec![node("Identity", &["x"], &["t"])],
            "t",
        ),
    ];
    let weights = || vec![ints("axis", &[1], &[1]), ints("at", &[], &[1]), ints("one", &[], &[1])];
    let bytes = model(13, &[("x", &[1, 1, 2, 2])], nodes, weights(), &["y"]);
    let files = ModelFiles::Embedded(&[]);
    let graph = read_with("m.onnx", &bytes, &files, "y", HashMap::new(), Some(("x", Kind::Float))).unwrap();
    let device = Device::cpu();
    let image = Value::float(Tensor::full(&device, &[1, 1, 2, 2], 0.25).unwrap());
    let found = compile(graph, &device).unwrap().run_value(image, ReluRule::Plain).unwrap();
    assert_eq!(found.shape, [1, 2, 2]);
    // A number of the image decides nothing.
    let nodes = vec![
        node("Greater", &["x", "half"], &["bright"]),
        node("If", &["bright"], &["y"]).branch("then_branch", vec![node("Relu", &["x"], &["t"])], "t").branch(
            "else_branch",
            vec![node("Neg", &["x"], &["t"])],
            "t",
        ),
    ];
    let bytes = model(13, &[("x", &[1, 1, 2, 2])], nodes, vec![floats("half", &[], &[0.5])], &["y"]);
    let read = read_with("m.onnx", &bytes, &files, "y", HashMap::new(), Some(("x", Kind::Float)));
    assert!(read.unwrap_err().to_string().contains("a branch that depends on the image"));
}

#[test]
fn the_nearest_pixel_is_found_in_single_precision() {
    // 1.2 in single precision is a little more than 1.2, and 6 / 1.2 in single precision is 5 (PyTorch, onnxruntime).
    let x: Vec<f32> = (0..10).map(|x| x as f32).collect();
    let factors = vec![floats("f", &[4], &[1.0, 1.0, 1.0, 1.2])];
    let one = node("Resize", &["x", "", "f"], &["y"])
        .text("coordinate_transformation_mode", "asymmetric")
        .text("nearest_mode", "floor");
    let expected = [0.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 5.0, 6.0, 7.0, 8.0, 9.0];
    close(&made(13, &[1, 1, 1, 10], &x, one, factors).unwrap(), &[1, 1, 1, 12], &expected);
}

#[test]
fn lists_of_zero_points_belong_to_their_own_axes() {
    // Two kernels of 1 x 2 on (1, 1, 1, 2): as many zero points as a kernel is wide.
    let byte = |name: &str, dims: &[i64], data: &[i32]| TensorProto {
        name: name.into(),
        dims: dims.to_vec(),
        data_type: 2,
        int32_data: data.to_vec(),
        ..TensorProto::default()
    };
    let weights = vec![byte("w", &[2, 1, 1, 2], &[5, 7, 11, 13]), byte("none", &[], &[0]), byte("z", &[2], &[5, 10])];
    let nodes = vec![
        node("Cast", &["x"], &["q"]).int("to", 2),
        node("Expand", &["q", "pair"], &["wide"]),
        node("ConvInteger", &["wide", "w", "none", "z"], &["y"]),
    ];
    let weights = [weights, vec![ints("pair", &[4], &[1, 1, 1, 2])]].concat();
    // x is 2 everywhere: 2 (5 - 5) + 2 (7 - 5), and 2 (11 - 10) + 2 (13 - 10).
    assert_eq!(answer(nodes, weights, Vec::new()), [4.0, 8.0]);
}

#[test]
fn weights_may_be_made_of_constants_by_any_operator() {
    // Standardised weights: BatchNormalization in training, of a constant. (1, 2, 2): channels (1, 3) and (-2, 6).
    let weights = || {
        let one = |name: &str, x: f32| floats(name, &[2], &[x, x]);
        let list = vec![floats("w", &[1, 2, 2], &[1.0, 3.0, -2.0, 6.0]), one("s", 2.0), one("b", 0.5), one("m", 9.0)];
        [list, vec![one("v", 9.0), ints("all", &[1], &[-1])]].concat()
    };
    let norm = node("BatchNormalization", &["w", "s", "b", "m", "v"], &["n", "rm", "rv"]);
    let nodes =
        |norm: NodeProto| vec![norm, node("Reshape", &["n", "all"], &["flat"]), node("Mul", &["x", "flat"], &["y"])];
    let trained = answer(nodes(norm.int("training_mode", 1).float("epsilon", 0.0)), weights(), Vec::new());
    // Each number lies one standard deviation from its mean: 2 (+-1) + 0.5, times 2.
    assert!(trained.iter().zip([-3.0, 5.0, -3.0, 5.0]).all(|(a, b)| (a - b).abs() < 1e-5), "{trained:?}");
    // With the statistics of the file: (x - 9) / 3.
    let norm = node("BatchNormalization", &["w", "s", "b", "m", "v"], &["n"]).float("epsilon", 0.0);
    let found = answer(nodes(norm), weights(), Vec::new());
    let expected = [1.0_f32, 3.0, -2.0, 6.0].map(|w| 2.0 * (2.0 * (w - 9.0) / 3.0 + 0.5));
    assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5), "{found:?}");

    // A kernel that is itself convolved: (1, 2) with (3, 1) over it.
    let weights = vec![
        floats("w", &[1, 1, 1, 2], &[1.0, 2.0]),
        floats("k", &[1, 1, 1, 2], &[3.0, 1.0]),
        ints("all", &[1], &[-1]),
    ];
    let nodes = vec![
        node("Conv", &["w", "k"], &["c"]),
        node("Reshape", &["c", "all"], &["flat"]),
        node("Mul", &["x", "flat"], &["y"]),
    ];
    assert_eq!(answer(nodes, weights, Vec::new()), [10.0]);
}

#[test]
fn sizes_may_be_computed_by_any_operator() {
    // As timm pads: half of what is missing from 4 columns, limited to 0 and more.
    let nodes = vec![
        node("Shape", &["x"], &["sizes"]),
        node("Gather", &["sizes", "three"], &["columns"]),
        node("Cast", &["columns"], &["float"]).int("to", 1),
        node("Sub", &["four", "float"], &["missing"]),
        node("Clip", &["missing", "zero"], &["amount"]),
        node("Cast", &["amount"], &["whole"]).int("to", 7),
        node("Unsqueeze", &["whole", "first"], &["listed"]),
        node("Concat", &["zeros", "listed"], &["pads"]).int("axis", 0),
        node("Pad", &["x", "pads"], &["y"]),
    ];
    let weights = vec![
        ints("three", &[], &[3]),
        floats("four", &[], &[4.0]),
        floats("zero", &[], &[0.0]),
        ints("first", &[1], &[0]),
        ints("zeros", &[7], &[0; 7]),
    ];
    let bytes = model(13, &[("x", &[1, 1, 1, 2])], nodes, weights, &["y"]);
    let files = ModelFiles::Embedded(&[]);
    let graph = read_with("m.onnx", &bytes, &files, "y", HashMap::new(), Some(("x", Kind::Float))).unwrap();
    let device = Device::cpu();
    let image = Value::float(Tensor::from_data(&device, &[1, 1, 1, 2], vec![5.0, 6.0]).unwrap());
    close(
        &compile(graph, &device).unwrap().run_value(image, ReluRule::Plain).unwrap(),
        &[1, 1, 1, 4],
        &[5.0, 6.0, 0.0, 0.0],
    );
}

#[test]
fn places_in_several_axes_are_gathered() {
    // As the dynamo exporter writes x[[1, 0]], and places along two axes.
    let x: Vec<f32> = (0..6).map(|x| x as f32).collect();
    let one = || node("GatherND", &["x", "i"], &["y"]);
    let turned = made(13, &[2, 3], &x, one(), vec![ints("i", &[2, 1], &[1, 0])]).unwrap();
    close(&turned, &[2, 3], &[3.0, 4.0, 5.0, 0.0, 1.0, 2.0]);
    let picked = made(13, &[2, 3], &x, one(), vec![ints("i", &[3, 2], &[1, -1, 0, 0, 1, 1])]).unwrap();
    close(&picked, &[3], &[5.0, 0.0, 4.0]);
}

#[test]
fn lines_are_pictures_of_one_row() {
    let x = [1.0, 2.0, 3.0, 4.0];
    // Cross-correlation with (1, 10), one number of padding before, a step of 2: 10, 2 + 30.
    let conv = node("Conv", &["x", "w"], &["y"]).ints("pads", &[1, 0]).ints("strides", &[2]);
    let weights = vec![floats("w", &[1, 1, 2], &[1.0, 10.0])];
    close(&made(13, &[1, 1, 4], &x, conv, weights.clone()).unwrap(), &[1, 1, 2], &[10.0, 32.0]);
    let pool = node("MaxPool", &["x"], &["y"]).ints("kernel_shape", &[2]).ints("strides", &[2]);
    close(&made(13, &[1, 1, 4], &x, pool, Vec::new()).unwrap(), &[1, 1, 2], &[2.0, 4.0]);
    let pool = node("AveragePool", &["x"], &["y"]).ints("kernel_shape", &[3]).ints("pads", &[1, 1]);
    close(&made(13, &[1, 1, 4], &x, pool, Vec::new()).unwrap(), &[1, 1, 4], &[1.5, 2.0, 3.0, 3.5]);
    let mixed = node("Conv", &["x", "w"], &["y"]).ints("strides", &[2, 2]);
    let error = made(13, &[1, 1, 4], &x, mixed, weights).unwrap_err().to_string();
    assert!(error.contains("attribute strides has 2 numbers, expected 1"), "{error}");
}

#[test]
fn volumes_have_a_depth_before_rows_and_columns() {
    // Two slices of 2 x 1. A kernel of two slices with (1, 10), one slice of padding before: 1, 12, 34 ... of each row.
    let x = [1.0, 2.0, 3.0, 4.0];
    let conv =
        |node: NodeProto| made(13, &[1, 1, 2, 2, 1], &x, node, vec![floats("w", &[1, 1, 2, 1, 1], &[1.0, 10.0])]);
    let padded = node("Conv", &["x", "w"], &["y"]).ints("pads", &[1, 0, 0, 0, 0, 0]);
    close(&conv(padded).unwrap(), &[1, 1, 2, 2, 1], &[10.0, 20.0, 31.0, 42.0]);
    let stepped = node("Conv", &["x", "w"], &["y"]).ints("pads", &[1, 0, 0, 1, 0, 0]).ints("strides", &[2, 1, 1]);
    close(&conv(stepped).unwrap(), &[1, 1, 2, 2, 1], &[10.0, 20.0, 3.0, 4.0]);
    let same = node("Conv", &["x", "w"], &["y"]).text("auto_pad", "SAME_LOWER");
    close(&conv(same).unwrap(), &[1, 1, 2, 2, 1], &[10.0, 20.0, 31.0, 42.0]);
    let pool = node("MaxPool", &["x"], &["y"]).ints("kernel_shape", &[2, 1, 1]);
    close(&made(13, &[1, 1, 2, 2, 1], &x, pool, Vec::new()).unwrap(), &[1, 1, 1, 2, 1], &[3.0, 4.0]);
    let turned = node("ConvTranspose", &["x", "w"], &["y"]).ints("strides", &[2, 1, 1]);
    let made_of = [1.0, 2.0, 10.0, 20.0, 3.0, 4.0, 30.0, 40.0];
    close(&conv(turned.clone()).unwrap(), &[1, 1, 4, 2, 1], &made_of);
    let named = turned.ints("output_shape", &[3, 2, 1]).text("auto_pad", "SAME_UPPER");
    close(&conv(named).unwrap(), &[1, 1, 3, 2, 1], &made_of[..6]);
    // Lists of another length are refused, and so is what has no meaning for volumes.
    let refusal = |node: NodeProto| conv(node).unwrap_err().to_string();
    for (list, values) in
        [("strides", &[2, 1][..]), ("dilations", &[1]), ("pads", &[1, 0, 0, 0]), ("kernel_shape", &[2, 1])]
    {
        for kind in ["Conv", "ConvTranspose"] {
            let error = refusal(node(kind, &["x", "w"], &["y"]).ints(list, values));
            assert!(error.contains(&format!("attribute {list}")), "{error}");
        }
    }
    let error = refusal(node("ConvTranspose", &["x", "w"], &["y"]).ints("output_padding", &[0, 0]));
    assert!(error.contains("attribute output_padding is [0, 0], expected 3 numbers"), "{error}");
    let pool = node("AveragePool", &["x"], &["y"]).ints("kernel_shape", &[2, 1, 1]).ints("strides", &[1, 1]);
    let error = made(13, &[1, 1, 2, 2, 1], &x, pool, Vec::new()).unwrap_err().to_string();
    assert!(error.contains("attribute strides has 2 numbers, expected 3"), "{error}");
    let four = node("MaxPool", &["x"], &["y"]).ints("kernel_shape", &[1, 1, 1, 1]);
    let error = made(13, &[1, 1, 1, 2, 2, 1], &x, four, Vec::new()).unwrap_err().to_string();
    assert!(error.contains("expected two sizes, for rows and columns, or three"), "{error}");
    let squares = node("DepthToSpace", &["x"], &["y"]).int("blocksize", 1);
    let error = made(13, &[1, 1, 2, 2, 1], &x, squares, Vec::new()).unwrap_err().to_string();
    assert!(error.contains("(DepthToSpace): a value of shape [1, 1, 2, 2, 1]"), "{error}");
}

#[test]
fn zero_points_of_a_kernel_of_volumes_belong_to_its_output_channels() {
    // Two kernels of one voxel over two channels: as many zero points as a kernel has channels.
    let byte = |name: &str, dims: &[i64], data: &[i32]| TensorProto {
        name: name.into(),
        dims: dims.to_vec(),
        data_type: 2,
        int32_data: data.to_vec(),
        ..TensorProto::default()
    };
    let weights =
        vec![byte("w", &[2, 2, 1, 1, 1], &[5, 7, 11, 13]), byte("none", &[], &[0]), byte("z", &[2], &[5, 10])];
    let nodes = vec![
        node("Cast", &["x"], &["q"]).int("to", 2),
        node("Expand", &["q", "pair"], &["wide"]),
        node("ConvInteger", &["wide", "w", "none", "z"], &["y"]),
    ];
    let weights = [weights, vec![ints("pair", &[5], &[1, 2, 1, 1, 1])]].concat();
    assert_eq!(answer(nodes, weights, Vec::new()), [4.0, 8.0]);
}

#[test]
fn sums_products_and_shares_along_axes() {
    let x = [1.0, 2.0, 3.0, 0.0, 5.0, 6.0];
    let sums = |exclusive: i64, reverse: i64| {
        let one = node("CumSum", &["x", "a"], &["y"]).int("exclusive", exclusive).int("reverse", reverse);
        made(14, &[2, 3], &x, one, vec![ints("a", &[], &[-1])]).unwrap()
    };
    close(&sums(0, 0), &[2, 3], &[1.0, 3.0, 6.0, 0.0, 5.0, 11.0]);
    close(&sums(1, 0), &[2, 3], &[0.0, 1.0, 3.0, 0.0, 0.0, 5.0]);
    close(&sums(1, 1), &[2, 3], &[5.0, 3.0, 0.0, 11.0, 6.0, 0.0]);
    let product = node("ReduceProd", &["x"], &["y"]).ints("axes", &[1]).int("keepdims", 0);
    close(&made(13, &[2, 3], &x, product, Vec::new()).unwrap(), &[2], &[6.0, 0.0]);
    let one = node("Einsum", &["x", "w"], &["y"]).text("equation", "...h,hk->...k");
    let weights = vec![floats("w", &[3, 1], &[1.0, 10.0, 100.0])];
    close(&made(13, &[1, 2, 3], &x, one, weights).unwrap(), &[1, 2, 1], &[321.0, 650.0]);
    let hot = node("OneHot", &["i", "d", "v"], &["h"]).int("axis", 0);
    let nodes = vec![hot, node("Mul", &["x", "h"], &["y"])];
    let weights = vec![ints("i", &[2], &[1, -1]), ints("d", &[], &[3]), floats("v", &[2], &[0.5, 4.0])];
    assert_eq!(answer(nodes, weights, Vec::new()), [1.0, 1.0, 8.0, 1.0, 1.0, 8.0]);
}

#[test]
fn numbers_far_beyond_any_network_are_refused() {
    let x = [1.0; 4];
    let refusal =
        |one: NodeProto, weights: Vec<TensorProto>| made(13, &[1, 4, 1, 1], &x, one, weights).unwrap_err().to_string();
    let power = |exponent: f32| refusal(node("Pow", &["x", "e"], &["y"]), vec![floats("e", &[], &[exponent])]);
    assert!(power(1e19).contains("exponent") && power(f32::INFINITY).contains("exponent"));
    let tiled = |times: i64| refusal(node("Tile", &["x", "r"], &["y"]), vec![ints("r", &[4], &[1, times, 1, 1])]);
    assert!(tiled(1 << 31).contains("repeats") && tiled(i64::MAX).contains("repeats"));
    let block = node("DepthToSpace", &["x"], &["y"]).int("blocksize", 1 << 32);
    assert!(refusal(block, Vec::new()).contains("attribute blocksize"));
    for groups in [65_536, 1 << 31, i64::MAX] {
        let conv = node("ConvTranspose", &["x", "w"], &["y"]).int("group", groups);
        let error = refusal(conv, vec![floats("w", &[4, 1, 1, 1], &[1.0; 4])]);
        assert!(error.contains("group"), "{error}");
    }
}

#[test]
fn a_name_in_a_branch_may_be_that_of_a_later_value() {
    let yes = || TensorProto { data_type: 9, int32_data: vec![1], ..ints("yes", &[], &[]) };
    let inner = vec![node("Add", &["x", "x"], &["t"])];
    let choice =
        node("If", &["yes"], &["a"]).branch("then_branch", inner.clone(), "t").branch("else_branch", inner, "t");
    let nodes = vec![choice, node("Add", &["a", "x"], &["t"]), node("Add", &["t", "a"], &["y"])];
    assert_eq!(answer(nodes, vec![yes()], Vec::new()), [10.0]);
}
