//! Small ONNX files for tests.

pub(crate) use super::proto::NodeProto;
use super::proto::*;
use prost::Message;

/// A file of one operator set, with inputs of these shapes (-1 for an open size) and these outputs.
pub(crate) fn model(
    version: i64,
    inputs: &[(&str, &[i64])],
    nodes: Vec<NodeProto>,
    weights: Vec<TensorProto>,
    outputs: &[&str],
) -> Vec<u8> {
    let value = |name: &str, shape: Option<&[i64]>| {
        let size = |size: &i64| Dimension { size: (*size >= 0).then_some(*size), name: None };
        let shape = shape.map(|shape| ShapeProto { dimension: shape.iter().map(size).collect() });
        ValueInfo { name: name.into(), kind: Some(TypeProto { tensor: Some(TensorType { element: 1, shape }) }) }
    };
    let graph = GraphProto {
        node: nodes,
        initializer: weights,
        input: inputs.iter().map(|(name, shape)| value(name, Some(shape))).collect(),
        output: outputs.iter().map(|name| value(name, None)).collect(),
        ..GraphProto::default()
    };
    let opset_import = vec![OperatorSet { domain: String::new(), version }];
    ModelProto { graph: Some(graph), opset_import, ..ModelProto::default() }.encode_to_vec()
}

/// A node that is named like the operator.
pub(crate) fn node(kind: &str, inputs: &[&str], outputs: &[&str]) -> NodeProto {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    NodeProto {
        name: format!("the {kind}"),
        op_type: kind.into(),
        input: owned(inputs),
        output: owned(outputs),
        ..NodeProto::default()
    }
}

impl NodeProto {
    fn with(mut self, attribute: AttributeProto) -> Self {
        self.attribute.push(attribute);
        self
    }

    pub(crate) fn int(self, name: &str, i: i64) -> Self {
        self.with(AttributeProto { name: name.into(), i, kind: 2, ..Default::default() })
    }

    pub(crate) fn ints(self, name: &str, ints: &[i64]) -> Self {
        self.with(AttributeProto { name: name.into(), ints: ints.to_vec(), kind: 7, ..Default::default() })
    }

    pub(crate) fn float(self, name: &str, f: f32) -> Self {
        self.with(AttributeProto { name: name.into(), f, kind: 1, ..Default::default() })
    }

    /// A branch that makes `output`.
    pub(crate) fn branch(self, name: &str, node: Vec<NodeProto>, output: &str) -> Self {
        let output = vec![ValueInfo { name: output.into(), kind: None }];
        let g = Some(Box::new(GraphProto { node, output, ..GraphProto::default() }));
        self.with(AttributeProto { name: name.into(), g, kind: 5, ..Default::default() })
    }

    pub(crate) fn text(self, name: &str, text: &str) -> Self {
        self.with(AttributeProto { name: name.into(), s: text.into(), kind: 3, ..Default::default() })
    }
}

pub(crate) fn floats(name: &str, dims: &[i64], data: &[f32]) -> TensorProto {
    TensorProto {
        name: name.into(),
        dims: dims.to_vec(),
        data_type: 1,
        float_data: data.to_vec(),
        ..TensorProto::default()
    }
}

pub(crate) fn ints(name: &str, dims: &[i64], data: &[i64]) -> TensorProto {
    TensorProto {
        name: name.into(),
        dims: dims.to_vec(),
        data_type: 7,
        int64_data: data.to_vec(),
        ..TensorProto::default()
    }
}

/// One number of 8 bits.
pub(crate) fn bytes(name: &str, value: i32) -> TensorProto {
    TensorProto { name: name.into(), data_type: 2, int32_data: vec![value], ..TensorProto::default() }
}

/// Numbers that lie in another file.
pub(crate) fn external(name: &str, dims: &[i64], entries: &[(&str, &str)]) -> TensorProto {
    let entry = |(key, value): &(&str, &str)| Entry { key: (*key).into(), value: (*value).into() };
    TensorProto {
        name: name.into(),
        dims: dims.to_vec(),
        data_type: 1,
        external_data: entries.iter().map(entry).collect(),
        data_location: 1,
        ..TensorProto::default()
    }
}
