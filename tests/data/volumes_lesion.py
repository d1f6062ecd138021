"""Makes volumes-lesion.onnx: a classifier of volumes with weights set by hand, which finds what is brighter than tissue.

The mean over 5 x 5 x 5 voxels, what exceeds .6 of it, and its mean over the volume times 4000 against a constant 2.

    pip install onnx==1.23.2 numpy && python volumes_lesion.py
"""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIZE = (24, 32, 28)


def constant(name, values):
    return numpy_helper.from_array(np.asarray(values, dtype=np.float32), name)


graph = helper.make_graph(
    [
        helper.make_node("Conv", ["volume", "box", "minus"], ["means"], pads=[2] * 6, strides=[2] * 3),
        helper.make_node("Relu", ["means"], ["bright"]),
        helper.make_node("GlobalAveragePool", ["bright"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("Gemm", ["flat", "weights", "bias"], ["logits"], transB=1),
    ],
    "lesion",
    [helper.make_tensor_value_info("volume", TensorProto.FLOAT, ["N", 1, *SIZE])],
    [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 2])],
    [
        constant("box", np.full((1, 1, 5, 5, 5), 1 / 125)),
        constant("minus", [-0.6]),
        constant("weights", [[0.0], [4000.0]]),
        constant("bias", [2.0, 0.0]),
    ],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
onnx.checker.check_model(model, full_check=True)
onnx.save(model, "volumes-lesion.onnx")
