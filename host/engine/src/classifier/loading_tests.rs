//! What loading finds in graphs as other people export them: probabilities, batches, layouts, outputs, and what is no
//! classifier.

use super::{Classifier, Manifest, Score};
use crate::graph::onnx::build::{NodeProto, bytes, external, floats, ints, model, node};
use crate::{ClassIndex, Device, Generator, GeneratorManifest, ModelFiles, ReluRule, Tensor};

const MANIFEST: &str = r#"
name = "test"
[model]
graph = "graph.onnx"
[input]
channels = 1
height = 2
width = 2
[output]
classes = ["a", "b", "c"]
activation = "softmax"
"#;

/// Weights of a linear layer from the four pixels to three classes.
const WEIGHTS: [f32; 12] = [1.0, -2.0, 0.5, 3.0, 0.25, -1.0, -0.5, 2.0, 1.5, 0.75, -0.25, 1.0];
const IMAGE: [f32; 4] = [0.25, 0.5, 0.75, 1.0];

/// W x, by hand.
fn linear() -> [f64; 3] {
    let class = |class: usize| (0..4).map(|pixel| f64::from(IMAGE[pixel] * WEIGHTS[pixel * 3 + class])).sum();
    [class(0), class(1), class(2)]
}

fn files(graph: Vec<u8>) -> ModelFiles {
    let files: &'static [(&str, &[u8])] = Vec::leak(vec![("graph.onnx", &*Vec::leak(graph))]);
    ModelFiles::Embedded(files)
}

fn open(manifest: &str, graph: Vec<u8>) -> Result<Classifier, String> {
    let manifest = Manifest::parse("model.toml", manifest).map_err(|error| error.to_string())?;
    Classifier::from_manifest("model.toml", &manifest, &files(graph), &Device::cpu()).map_err(|error| error.to_string())
}

/// A graph from (batch, 1, 2, 2) to `outputs`, whose value `z` is the linear layer.
fn graph(batch: i64, more: Vec<NodeProto>, outputs: &[&str]) -> Vec<u8> {
    let rows = if batch > 0 { batch } else { 0 };
    let weights = vec![
        floats("w", &[4, 3], &WEIGHTS),
        ints("s", &[2], &[rows, if rows == 0 { 4 } else { -1 }]),
        floats("scale", &[], &[1.0 / 256.0]),
        bytes("zero", 0),
        ints("from", &[1], &[0]),
        ints("to", &[1], &[2]),
        ints("upto", &[1], &[3]),
        floats("far", &[1, 1], &[-20.0]),
        floats("nothing", &[1], &[f32::NAN]),
        ints("axis", &[1], &[1]),
    ];
    let nodes = vec![node("Reshape", &["x", "s"], &["rows"]), node("MatMul", &["rows", "w"], &["z"])];
    model(13, &[("x", &[batch, 1, 2, 2])], [nodes, more].concat(), weights, outputs)
}

fn logits(classifier: &Classifier, images: usize) -> Vec<f32> {
    let images = Tensor::from_data(&Device::cpu(), &[images, 1, 2, 2], IMAGE.repeat(images)).unwrap();
    classifier.logits(&images, ReluRule::Plain).unwrap().read().unwrap()
}

fn close(found: &[f32], expected: &[f64]) {
    let near = found.iter().zip(expected).all(|(a, b)| (f64::from(*a) - b).abs() < 1e-5);
    assert!(near && found.len() == expected.len(), "{found:?}, expected {expected:?}");
}

#[test]
fn a_softmax_at_the_end_is_taken_off_and_said() {
    for (ending, activation) in [("Softmax", "softmax"), ("Sigmoid", "sigmoid")] {
        let bytes = graph(-1, vec![node(ending, &["z"], &["p"])], &["p"]);
        let classifier = open(&MANIFEST.replace("softmax", activation), bytes.clone()).unwrap();
        close(&logits(&classifier, 1), &linear());
        assert!(classifier.info().notes[0].contains(&format!("the graph ends in {ending}")));
        let wrong = if activation == "softmax" { "sigmoid" } else { "softmax" };
        let error = open(&MANIFEST.replace("softmax", wrong), bytes).unwrap_err();
        assert!(error.contains(&format!("write activation = \"{activation}\"")), "{error}");
    }
}

#[test]
fn sigmoids_side_by_side_and_rounded_softmaxes_are_taken_off() {
    let heads = vec![
        node("Split", &["z"], &["a", "b", "c"]).int("axis", 1),
        node("Sigmoid", &["a"], &["pa"]),
        node("Sigmoid", &["b"], &["pb"]),
        node("Sigmoid", &["c"], &["pc"]),
        node("Concat", &["pa", "pb", "pc"], &["p"]).int("axis", 1),
    ];
    let classifier = open(&MANIFEST.replace("softmax", "sigmoid"), graph(-1, heads, &["p"])).unwrap();
    close(&logits(&classifier, 2), &linear().repeat(2));

    // As onnxruntime's quantisation writes it: the probabilities on a scale of 256ths.
    let rounded = vec![
        node("Softmax", &["z"], &["p"]),
        node("QuantizeLinear", &["p", "scale", "zero"], &["q"]),
        node("DequantizeLinear", &["q", "scale", "zero"], &["y"]),
    ];
    let bytes = graph(-1, rounded, &["y"]);
    let classifier = open(MANIFEST, bytes).unwrap();
    close(&logits(&classifier, 1), &linear());
    assert!(classifier.info().notes[0].contains("before they are rounded"), "{:?}", classifier.info().notes);

    // Some classes of a Softmax over more: what lies before it cannot stand for it, which is said.
    let some = vec![node("Softmax", &["z"], &["p"]), node("Slice", &["p", "from", "to", "axis"], &["y"])];
    let text = MANIFEST.replace("[\"a\", \"b\", \"c\"]", "[\"a\", \"b\"]");
    let classifier = open(&text, graph(-1, some, &["y"])).unwrap();
    assert!(classifier.info().notes[0].contains("look like probabilities already"), "{:?}", classifier.info().notes);
}

#[test]
fn a_softmax_over_another_axis_is_no_probability() {
    let bytes = graph(-1, vec![node("Softmax", &["z"], &["p"]).int("axis", 0)], &["p"]);
    let error = open(MANIFEST, bytes).unwrap_err();
    assert!(error.contains("`the Softmax`") && error.contains("not over its 3 classes"), "{error}");
    // A class beside the others that is next to nothing on made images, and not on others.
    let hidden = vec![
        node("Concat", &["z", "far"], &["four"]).int("axis", 1),
        node("Softmax", &["four"], &["p"]),
        node("Slice", &["p", "from", "upto", "axis"], &["y"]),
    ];
    let classifier = open(MANIFEST, graph(1, hidden, &["y"])).unwrap();
    assert!(classifier.info().notes.iter().all(|note| !note.contains("the graph ends in")));
}

#[test]
fn a_graph_that_answers_with_no_number_is_refused() {
    let error = open(MANIFEST, graph(-1, vec![node("Add", &["z", "nothing"], &["y"])], &["y"])).unwrap_err();
    assert!(error.contains("answers a made image with NaN") && error.contains("constant `nothing`"), "{error}");
}

#[test]
fn answers_may_be_probabilities_already() {
    let bytes = graph(-1, vec![node("Softmax", &["z"], &["p"])], &["p"]);
    let classifier = open(&MANIFEST.replace("\"softmax\"", "\"none\""), bytes).unwrap();
    let sum: f64 = linear().iter().map(|z| z.exp()).sum();
    let expected = linear().map(|z| z.exp() / sum);
    let found = Tensor::from_data(&Device::cpu(), &[1, 3], logits(&classifier, 1)).unwrap();
    close(&classifier.probabilities(&found).unwrap().read().unwrap(), &expected);
    let odds = classifier.scores(&found, &[ClassIndex(0)], Score::LogOdds).unwrap().read().unwrap();
    close(&odds, &[(expected[0] / (1.0 - expected[0])).ln()]);
    // Logits are none.
    let error = open(&MANIFEST.replace("\"softmax\"", "\"none\""), graph(-1, Vec::new(), &["z"])).unwrap_err();
    assert!(error.contains("activation = \"none\"") && error.contains("is answered with"), "{error}");
    // Behind an Exp and a division no ending is found, so it is only said what the answers look like.
    let parts = vec![
        node("Exp", &["z"], &["e"]),
        node("ReduceSum", &["e"], &["t"]).int("keepdims", 1),
        node("Div", &["e", "t"], &["p"]),
    ];
    let classifier = open(MANIFEST, graph(1, parts, &["p"])).unwrap();
    let notes = &classifier.info().notes;
    assert!(notes.iter().any(|note| note.contains("look like probabilities already")), "{notes:?}");
}

#[test]
fn a_fixed_batch_is_kept_to() {
    for (batch, note) in [(1, "takes one image at a time"), (4, "takes 4 images at a time")] {
        let classifier = open(MANIFEST, graph(batch, Vec::new(), &["z"])).unwrap();
        assert!(classifier.info().notes[0].contains(note), "{:?}", classifier.info().notes);
        close(&logits(&classifier, 5), &linear().repeat(5));
    }
    let any = open(MANIFEST, graph(-1, Vec::new(), &["z"])).unwrap();
    assert!(any.info().notes.is_empty(), "{:?}", any.info().notes);
    close(&logits(&any, 5), &linear().repeat(5));
}

#[test]
fn images_are_not_mixed() {
    // The mean over all images of a batch is taken off: alone, the answer is another than beside others.
    let more = vec![node("ReduceMean", &["z"], &["m"]), node("Sub", &["z", "m"], &["y"])];
    let mean = linear().iter().sum::<f64>() / 3.0;
    for (batch, note) in [(-1, "run one by one"), (4, "beside copies of itself")] {
        let classifier = open(MANIFEST, graph(batch, more.clone(), &["y"])).unwrap();
        assert!(classifier.info().notes[0].contains(note), "{:?}", classifier.info().notes);
        // Beside another image, an image gets the answer that it gets alone.
        let both = [IMAGE.to_vec(), vec![0.0; 4]].concat();
        let both = Tensor::from_data(&Device::cpu(), &[2, 1, 2, 2], both).unwrap();
        let found = classifier.logits(&both, ReluRule::Plain).unwrap().read().unwrap();
        close(&found, &[linear().map(|z| z - mean), [0.0; 3]].concat());
    }
}

#[test]
fn channels_may_come_last() {
    // Two channels of 2 x 2 pixels; the weights tell pixels and channels apart.
    let weights: Vec<f32> = (0..24).map(|x| (x * x % 17) as f32 - 5.0).collect();
    let image: Vec<f32> = (0..8).map(|x| x as f32 / 8.0).collect();
    let nodes = vec![node("Flatten", &["x"], &["rows"]), node("MatMul", &["rows", "w"], &["z"])];
    let bytes = model(13, &[("x", &[-1, 2, 2, 2])], nodes.clone(), vec![floats("w", &[8, 3], &weights)], &["z"]);
    let text = MANIFEST.replace("channels = 1", "channels = 2");
    let last = text.replace("[output]", "layout = \"channels-last\"\n[output]");
    let images = Tensor::from_data(&Device::cpu(), &[1, 2, 2, 2], image.clone()).unwrap();
    let answer =
        |text: &str| open(text, bytes.clone()).unwrap().logits(&images, ReluRule::Plain).unwrap().read().unwrap();
    let by_hand = |order: [usize; 8]| -> Vec<f64> {
        let class = |class: usize| {
            order.iter().enumerate().map(|(at, from)| f64::from(image[*from] * weights[at * 3 + class])).sum()
        };
        (0..3).map(class).collect()
    };
    close(&answer(&text), &by_hand([0, 1, 2, 3, 4, 5, 6, 7]));
    close(&answer(&last), &by_hand([0, 4, 1, 5, 2, 6, 3, 7]));
    // What the file declares decides.
    let declared = model(13, &[("x", &[-1, 2, 2, 1])], nodes, vec![floats("w", &[4, 3], &WEIGHTS)], &["z"]);
    let error = open(MANIFEST, declared).unwrap_err();
    assert!(error.contains("write layout = \"channels-last\" into [input]"), "{error}");
}

#[test]
fn channels_of_volumes_may_come_last() {
    // Two channels of 2 slices of 2 x 1 pixels.
    let weights: Vec<f32> = (0..24).map(|x| (x * x % 17) as f32 - 5.0).collect();
    let image: Vec<f32> = (0..8).map(|x| x as f32 / 8.0).collect();
    let nodes = vec![node("Flatten", &["x"], &["rows"]), node("MatMul", &["rows", "w"], &["z"])];
    let bytes = model(13, &[("x", &[-1; 5])], nodes, vec![floats("w", &[8, 3], &weights)], &["z"]);
    let text =
        MANIFEST.replace("channels = 1\nheight = 2\nwidth = 2", "channels = 2\ndepth = 2\nheight = 2\nwidth = 1");
    let last = text.replace("[output]", "layout = \"channels-last\"\n[output]");
    let volumes = Tensor::from_data(&Device::cpu(), &[1, 2, 2, 2, 1], image.clone()).unwrap();
    let answer =
        |text: &str| open(text, bytes.clone()).unwrap().logits(&volumes, ReluRule::Plain).unwrap().read().unwrap();
    for (text, order) in [(&text, [0, 1, 2, 3, 4, 5, 6, 7]), (&last, [0, 4, 1, 5, 2, 6, 3, 7])] {
        let class = |class: usize| -> f64 {
            order.iter().enumerate().map(|(at, from)| f64::from(image[*from] * weights[at * 3 + class])).sum()
        };
        close(&answer(text), &[class(0), class(1), class(2)]);
    }
}

/// A result of 5 x 5 is cut to 4 x 4: its number at place p + cut is made around pixel (p + cut - 1) / 2.
#[test]
fn cells_of_what_is_cut_lie_where_it_was_cut() {
    for (padding, first) in [("SAME_UPPER", -0.5), ("SAME_LOWER", 0.0)] {
        let turned = node("ConvTranspose", &["x", "k"], &["t"]).ints("strides", &[2, 2]).ints("output_shape", &[4, 4]);
        let nodes = vec![
            turned.text("auto_pad", padding),
            node("Flatten", &["t"], &["rows"]),
            node("MatMul", &["rows", "w"], &["z"]),
        ];
        let weights = vec![floats("k", &[1, 1, 3, 3], &[1.0; 9]), floats("w", &[16, 3], &[0.5; 48])];
        let classifier = open(MANIFEST, model(13, &[("x", &[-1, 1, 2, 2])], nodes, weights, &["z"])).unwrap();
        let cells = classifier.cells(&classifier.info().layers[0]).unwrap().unwrap();
        assert!(cells.iter().all(|cells| (cells.first, cells.spacing) == (first, 0.5)), "{padding}: {cells:?}");
    }
}

#[test]
fn one_of_two_outputs_is_chosen_and_the_other_is_not_read() {
    let boxes = node("NonMaxSuppression", &["z"], &["boxes"]);
    let bytes = graph(-1, vec![boxes], &["boxes", "z"]);
    let error = open(MANIFEST, bytes.clone()).unwrap_err();
    assert!(error.contains("the graph has 2 outputs") && error.contains("[output]"), "{error}");
    let chosen = |name: &str| MANIFEST.replace("[output]", &format!("[output]\noutput = \"{name}\""));
    close(&logits(&open(&chosen("z"), bytes.clone()).unwrap(), 1), &linear());
    assert!(open(&chosen("boxes"), bytes.clone()).unwrap_err().contains("this operator is not known"));
    assert!(open(&chosen("diagnosis"), bytes).unwrap_err().contains("expected one of `boxes`"));
}

#[test]
fn weights_beside_the_graph_are_read_and_named() {
    let folder = std::env::temp_dir().join(format!("lacuna-external-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("parts")).unwrap();
    let nodes = || vec![node("Flatten", &["x"], &["rows"]), node("MatMul", &["rows", "w"], &["z"])];
    let file = |location: &str, offset: &str| {
        let weights = external("w", &[4, 3], &[("location", location), ("offset", offset), ("length", "48")]);
        model(13, &[("x", &[-1, 1, 2, 2])], nodes(), vec![weights], &["z"])
    };
    let bytes: Vec<u8> = [7.0].iter().chain(&WEIGHTS).flat_map(|x: &f32| x.to_le_bytes()).collect();
    std::fs::write(folder.join("parts/graph.onnx"), file("weights.bin", "4")).unwrap();
    std::fs::write(folder.join("parts/weights.bin"), &bytes).unwrap();
    let files = ModelFiles::Folder(folder.clone());
    assert_eq!(files.named_in_graph("parts/graph.onnx").unwrap(), ["parts/weights.bin"]);
    let open = |graph: &str| {
        let manifest = Manifest::parse("m.toml", &MANIFEST.replace("graph.onnx", graph)).unwrap();
        Classifier::from_manifest("m.toml", &manifest, &files, &Device::cpu()).map_err(|error| error.to_string())
    };
    close(&logits(&open("parts/graph.onnx").unwrap(), 1), &linear());
    for (location, offset, wanted) in [
        ("weights.bin", "8", "which has only 52 bytes"),
        ("weights.bin", "-4", "its offset in another file is `-4`"),
        ("../weights.bin", "4", "it lies outside the folder of the graph"),
        ("c:weights.bin", "4", "it lies outside the folder of the graph"),
        ("others.bin", "4", "put that file beside the graph"),
    ] {
        std::fs::write(folder.join("parts/other.onnx"), file(location, offset)).unwrap();
        let error = open("parts/other.onnx").unwrap_err();
        assert!(error.contains(wanted), "{error}");
    }
    #[cfg(unix)]
    assert!(open("/dev/zero").unwrap_err().contains("no regular file"));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn an_input_that_nothing_reads_is_no_hindrance() {
    let nodes = vec![node("Flatten", &["x"], &["rows"]), node("MatMul", &["rows", "w"], &["z"])];
    let weights = || vec![floats("w", &[4, 3], &WEIGHTS)];
    let inputs: [(&str, &[i64]); 2] = [("age", &[-1, 1]), ("x", &[-1, 1, 2, 2])];
    close(&logits(&open(MANIFEST, model(13, &inputs, nodes.clone(), weights(), &["z"])).unwrap(), 1), &linear());
    let both = [nodes, vec![node("Add", &["z", "age"], &["y"])]].concat();
    let error = open(MANIFEST, model(13, &inputs, both, weights(), &["y"])).unwrap_err();
    assert!(error.contains("computed from 2 inputs, `age` float (?, 1), `x` float (?, 1, 2, 2)"), "{error}");
}

#[test]
fn grey_images_need_no_axis_of_channels() {
    let nodes = vec![node("Flatten", &["x"], &["rows"]), node("MatMul", &["rows", "w"], &["z"])];
    let file = |shape: &[i64]| model(13, &[("x", shape)], nodes.clone(), vec![floats("w", &[4, 3], &WEIGHTS)], &["z"]);
    close(&logits(&open(MANIFEST, file(&[-1, 2, 2])).unwrap(), 2), &linear().repeat(2));
    let error = open(MANIFEST, file(&[-1, 28, 28])).unwrap_err();
    assert!(error.contains("declared as ? x 28 x 28"), "{error}");
}

#[test]
fn what_is_no_classifier_of_images_is_called_what_it_is() {
    let one =
        |shape: &[i64]| open(MANIFEST, model(13, &[("x", shape)], vec![node("Relu", &["x"], &["y"])], vec![], &["y"]));
    let table = one(&[-1, 30]).unwrap_err();
    assert!(table.contains("takes `x` float (?, 30)") && table.contains("tables"), "{table}");
    let volume = one(&[-1, 1, 8, 8, 8]).unwrap_err();
    assert!(volume.contains("a model of volumes"), "{volume}");
    let pixels = open(&MANIFEST.replace("[\"a\", \"b\", \"c\"]", "[\"a\", \"b\"]"), {
        let weights = vec![floats("w", &[2, 1, 1, 1], &[1.0, -1.0])];
        model(13, &[("x", &[-1, 1, 2, 2])], vec![node("Conv", &["x", "w"], &["y"])], weights, &["y"])
    });
    assert!(pixels.unwrap_err().contains("a graph that answers for each pixel or each box"));
    let few = open(&MANIFEST.replace(", \"c\"", ""), graph(-1, Vec::new(), &["z"])).unwrap_err();
    assert!(few.contains("names 2 classes, expected [1, 2]; name as many classes as it has answers"), "{few}");
}

#[test]
fn generators_keep_to_layout_and_batch_as_classifiers_do() {
    // 1 - x of images (1, H, W, C): a batch of one is written into the graph.
    let nodes = vec![node("Sub", &["one", "x"], &["turned"]), node("Reshape", &["turned", "s"], &["y"])];
    let weights = vec![floats("one", &[1], &[1.0]), ints("s", &[4], &[1, 2, 2, 3])];
    let bytes = model(13, &[("x", &[1, 2, 2, 3])], nodes, weights, &["y"]);
    let text = "name = \"g\"\n[generator]\ngraph = \"graph.onnx\"\n[input]\nchannels = 3\nheight = 2\nwidth = 2\n";
    let open = |text: &str| {
        let manifest = GeneratorManifest::parse("g.toml", text).unwrap();
        Generator::from_manifest("g.toml", &manifest, &files(bytes.clone()), &Device::cpu())
    };
    let error = open(text).unwrap_err().to_string();
    assert!(error.contains("layout = \"channels-last\""), "{error}");
    let generator = open(&format!("{text}layout = \"channels-last\"\n")).unwrap();
    assert!(generator.info().notes[0].contains("one image at a time"), "{:?}", generator.info().notes);
    let images: Vec<f32> = (0..24).map(|x| x as f32 / 24.0).collect();
    let given = Tensor::from_data(&Device::cpu(), &[2, 3, 2, 2], images.clone()).unwrap();
    let expected: Vec<f64> = images.iter().map(|x| 1.0 - f64::from(*x)).collect();
    close(&generator.reconstruct(&given).unwrap().read().unwrap(), &expected);
}
