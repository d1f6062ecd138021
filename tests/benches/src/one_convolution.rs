//! A network of one convolution, written as an ONNX file, since a convolution alone is no public operation of the engine.
//!
//! Behind the convolution stands the mean of each channel, because a classifier answers with one number for each class.

use lacuna_engine::{Classifier, Device, Manifest, ModelFiles};
use std::sync::Arc;

/// Sizes of a convolution of square images.
#[derive(Clone, Copy, Debug)]
pub struct Convolution {
    /// Channels of the input and of the output.
    pub channels: [usize; 2],
    /// Rows, and columns, of the input.
    pub side: usize,
    /// Rows, and columns, of the window, whose padding keeps the size of the image at a stride of 1.
    pub kernel: usize,
    pub stride: usize,
    pub groups: usize,
}

impl Convolution {
    /// Shape of the images that [`Convolution::network`] takes. A manifest allows 16 channels, so a multiple of 16 lies in 16,
    /// below each other, and the network's first step takes them apart without moving a number.
    pub fn images(&self, batch: usize) -> [usize; 4] {
        let channels = self.channels[0].min(16);
        [batch, channels, self.channels[0] / channels * self.side, self.side]
    }

    /// The convolution, with a class for each channel of its output.
    pub fn network(&self, device: &Device) -> Classifier {
        let [_, channels, height, width] = self.images(1);
        let classes: Vec<String> = (0..self.channels[1]).map(|class| format!("\"{class}\"")).collect();
        let manifest = format!(
            "name = \"convolution\"\n[model]\ngraph = \"graph.onnx\"\n[input]\nchannels = {channels}\nheight = {height}\nwidth = \
             {width}\n[output]\nclasses = [{}]\nactivation = \"softmax\"\n",
            classes.join(", ")
        );
        let manifest = Manifest::parse("convolution.toml", &manifest).unwrap();
        let files = ModelFiles::InMemory(Arc::new(vec![("graph.onnx".to_owned(), self.onnx())]));
        Classifier::from_manifest("convolution.toml", &manifest, &files, device).unwrap()
    }

    fn onnx(&self) -> Vec<u8> {
        let [inputs, outputs] = self.channels;
        let weights = [outputs, inputs / self.groups, self.kernel, self.kernel];
        let elements: usize = weights.iter().product();
        // Numbers around 0, none of them special.
        let numbers = (0..elements).flat_map(|i| (((i * 37) % 101) as f32 / 101.0 - 0.5).to_le_bytes());
        let shape = [-1, inputs as i64, self.side as i64, self.side as i64];
        let ints = |name: &str, value: usize, count: usize| {
            let values: Vec<Vec<u8>> = (0..count).map(|_| whole(8, value as u64)).collect();
            bytes(5, &[bytes(1, name.as_bytes()), values.concat(), whole(20, 7)].concat())
        };
        let convolution = [
            ints("kernel_shape", self.kernel, 2),
            ints("strides", self.stride, 2),
            ints("pads", self.kernel / 2, 4),
            bytes(5, &[bytes(1, b"group"), whole(3, self.groups as u64), whole(20, 2)].concat()),
        ];
        let image = self.images(1).map(|size| size as u64);
        let graph = [
            node("Reshape", &["image", "shape"], "channels", &[]),
            node("Conv", &["channels", "weights"], "convolved", &convolution.concat()),
            node("GlobalAveragePool", &["convolved"], "means", &[]),
            node("Flatten", &["means"], "logits", &[]),
            bytes(2, b"convolution"),
            constant("shape", 7, &[4], shape.into_iter().flat_map(i64::to_le_bytes).collect()),
            constant("weights", 1, &weights, numbers.collect()),
            bytes(11, &value("image", &[None, Some(image[1]), Some(image[2]), Some(image[3])])),
            bytes(12, &value("logits", &[None, Some(outputs as u64)])),
        ];
        // IR version 7, operator set 13.
        [whole(1, 7), bytes(7, &graph.concat()), bytes(8, &whole(2, 13))].concat()
    }
}

/// A node of a graph, with its attributes as they are encoded.
fn node(kind: &str, inputs: &[&str], output: &str, attributes: &[u8]) -> Vec<u8> {
    let inputs: Vec<Vec<u8>> = inputs.iter().map(|name| bytes(1, name.as_bytes())).collect();
    bytes(1, &[&inputs.concat()[..], &bytes(2, output.as_bytes()), &bytes(4, kind.as_bytes()), attributes].concat())
}

/// An array of a graph; `kind` is 1 for `f32` and 7 for `i64`.
fn constant(name: &str, kind: u64, shape: &[usize], numbers: Vec<u8>) -> Vec<u8> {
    let sizes: Vec<Vec<u8>> = shape.iter().map(|size| whole(1, *size as u64)).collect();
    bytes(5, &[sizes.concat(), whole(2, kind), bytes(8, name.as_bytes()), bytes(9, &numbers)].concat())
}

/// Name and type of an input or output of `f32`; without a size, an axis is as long as it likes.
fn value(name: &str, shape: &[Option<u64>]) -> Vec<u8> {
    let axis = |size: &Option<u64>| bytes(1, &size.map_or_else(|| bytes(2, b"batch"), |size| whole(1, size)));
    let axes: Vec<Vec<u8>> = shape.iter().map(axis).collect();
    let tensor = [whole(1, 1), bytes(2, &axes.concat())].concat();
    [bytes(1, name.as_bytes()), bytes(2, &bytes(1, &tensor))].concat()
}

/// A field of a protocol buffer that holds bytes, a text or another message.
fn bytes(field: u64, content: &[u8]) -> Vec<u8> {
    [&variable((field << 3) | 2)[..], &variable(content.len() as u64), content].concat()
}

/// A field of a protocol buffer that holds a whole number.
fn whole(field: u64, number: u64) -> Vec<u8> {
    [variable(field << 3), variable(number)].concat()
}

/// Seven bits in each byte, the lowest first; the highest bit says that more follow.
fn variable(mut number: u64) -> Vec<u8> {
    let mut made = Vec::new();
    while number >= 0x80 {
        made.push(number as u8 | 0x80);
        number >>= 7;
    }
    made.push(number as u8);
    made
}
