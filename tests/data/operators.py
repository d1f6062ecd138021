"""Makes operators-*.onnx and operators.safetensors: small networks with the operators that torchvision's
ResNet, VGG, MobileNet v2 / v3, SqueezeNet and DenseNet export to, and what onnxruntime computes for them.

    pip install onnx onnxruntime safetensors numpy && python operators.py
"""
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file

random = np.random.default_rng(7)


class Net:
    def __init__(self):
        self.nodes, self.constants, self.count = [], [], 0

    def constant(self, array):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def weights(self, *shape):
        fan_in = int(np.prod(shape[1:])) if len(shape) > 1 else 1
        return self.constant((random.standard_normal(shape) / np.sqrt(fan_in)).astype(np.float32))

    def add(self, operator, *inputs, **attributes):
        self.count += 1
        name = f"n{self.count}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], name=f"{operator}_{self.count}", **attributes))
        return name

    def conv(self, x, i, o, k=3, stride=1, pad=None, group=1, dilation=1, bias=True):
        pad = (k // 2) * dilation if pad is None else pad
        inputs = [x, self.weights(o, i // group, k, k)] + ([self.weights(o)] if bias else [])
        return self.add("Conv", *inputs, kernel_shape=[k, k], strides=[stride] * 2, pads=[pad] * 4, group=group, dilations=[dilation] * 2)

    def norm(self, x, c):
        scale, mean = (self.constant(random.uniform(0.5, 1.5, c).astype(np.float32)) for _ in range(2))
        shift, variance = (self.constant(random.uniform(0.1, 1.0, c).astype(np.float32)) for _ in range(2))
        return self.add("BatchNormalization", x, scale, shift, mean, variance, epsilon=1e-3)

    def save(self, name, out, into=(3, 33, 35), result=(5,)):
        graph = helper.make_graph(
            self.nodes, name,
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", *into])],
            [helper.make_tensor_value_info(out, TensorProto.FLOAT, ["batch", *result])],
            self.constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model)
        onnx.save(model, f"operators-{name}.onnx")
        return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def resnet(n):
    x = n.add("Relu", n.norm(n.conv("x", 3, 8, 7, 2, bias=False), 8))
    x = n.add("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    y = n.norm(n.conv(n.add("Relu", n.norm(n.conv(x, 8, 16, 3, 2, bias=False), 16)), 16, 16, bias=False), 16)
    x = n.add("Relu", n.add("Add", y, n.norm(n.conv(x, 8, 16, 1, 2, bias=False), 16)))
    x = n.add("Flatten", n.add("GlobalAveragePool", x), axis=1)
    return n.add("Gemm", x, n.weights(5, 16), n.weights(5), transB=1)


def vgg(n):
    x = n.add("Relu", n.conv("x", 3, 6))
    x = n.add("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = n.add("AveragePool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4, count_include_pad=0)
    x = n.add("AveragePool", x, kernel_shape=[2, 2], strides=[1, 1], pads=[1] * 4, count_include_pad=1)
    shape = n.add("Concat", n.add("Slice", n.add("Shape", "x"), n.constant(np.array([0])), n.constant(np.array([1]))), n.constant(np.array([-1])), axis=0)
    x = n.add("Reshape", x, shape)
    x = n.add("Dropout", n.add("Relu", n.add("Gemm", x, n.weights(9 * 10 * 6, 7), n.weights(7))))
    return n.add("Gemm", x, n.weights(5, 7), n.weights(5), transB=1, alpha=0.5, beta=2.0)


def mobilenet(n):
    """Depthwise convolutions, ReLU6 with both limits as inputs, hard swish and squeeze-and-excitation."""
    low, high = n.constant(np.float32(0)), n.constant(np.float32(6))
    x = n.add("Clip", n.norm(n.conv("x", 3, 8, 3, 2, bias=False), 8), low, high)
    x = n.add("Clip", n.norm(n.conv(x, 8, 8, 3, 1, group=8, bias=False), 8), low, high)
    x = n.add("HardSwish", n.conv(x, 8, 12, 1))
    s = n.add("Relu", n.conv(n.add("ReduceMean", x, axes=[2, 3], keepdims=1), 12, 4, 1))
    s = n.add("HardSigmoid", n.conv(s, 4, 12, 1), alpha=1 / 6, beta=0.5)
    x = n.add("Mul", x, s)
    x = n.conv(n.add("Pad", x, n.constant(np.array([0, 0, 0, 0, 0, 0, 1, 1]))), 12, 12, 3, 2, pad=0, group=12)
    x = n.add("Sub", n.add("Mul", x, n.add("Sigmoid", x)), n.constant(np.float32(0.1)))
    x = n.add("ReduceMean", n.conv(x, 12, 10, 3, dilation=2), axes=[-1, -2], keepdims=0)
    return n.add("Add", n.add("MatMul", x, n.weights(10, 5)), n.weights(5))


def squeeze_dense(n):
    """Concatenations, BatchNorm before ReLU, ceil-mode pooling, and a head without a linear layer."""
    x = n.add("LeakyRelu", n.conv("x", 3, 6, 3, 2, pad=0), alpha=0.05)
    x = n.add("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
    x = n.add("Concat", n.add("Relu", n.conv(x, 6, 4, 1)), n.add("Relu", n.conv(x, 6, 4, 3)), axis=1)
    y = n.conv(n.add("Relu", n.norm(n.conv(n.add("Relu", n.norm(x, 8)), 8, 12, 1, bias=False), 12)), 12, 4, bias=False)
    x = n.add("Concat", x, y, axis=1)
    x = n.add("AveragePool", n.norm(x, 12), kernel_shape=[2, 2], strides=[2, 2])
    x = n.add("Div", n.add("Tanh", n.conv(x, 12, 5, 1)), n.constant(np.float32(2)))
    x = n.add("Squeeze", n.add("GlobalAveragePool", x), n.constant(np.array([2, 3])))
    return n.add("Identity", n.add("Transpose", n.add("Transpose", x, perm=[1, 0]), perm=[1, 0]))


x = random.uniform(0, 1, (2, 3, 33, 35)).astype(np.float32)
golden = {"x": x}
for build in (resnet, vgg, mobilenet, squeeze_dense):
    net = Net()
    out = build(net)
    session = net.save(build.__name__, out)
    golden[build.__name__] = session.run([out], {"x": x})[0]
    # Directional derivative for the backward pass: central differences along a fixed direction.
    direction = np.sign(np.sin(np.arange(x.size) * 0.37)).astype(np.float32).reshape(x.shape)
    step = np.float32(2e-3)
    ahead, behind = (session.run([out], {"x": x + s * step * direction})[0] for s in (1, -1))
    golden[f"{build.__name__}.along"] = ((ahead.astype(np.float64) - behind) / (2 * step)).astype(np.float32)


def up(n, x, i, o, k, **more):
    weights = n.constant((random.standard_normal((i, o, k, k)) / np.sqrt(i * k)).astype(np.float32))
    return n.add("ConvTranspose", x, weights, n.weights(o), kernel_shape=[k, k], **more)


def autoencoder(n):
    """Images to images: transposed convolutions of several strides, kernels and paddings, and both ways to resize."""
    x = n.add("Relu", n.conv("x", 1, 6, 3, 2))
    x = n.add("Relu", n.conv(x, 6, 8, 5, 2))
    x = n.add("Relu", up(n, x, 8, 6, 5, strides=[2, 2], pads=[2] * 4, output_padding=[1, 1]))
    x = n.add("Relu", up(n, x, 6, 6, 4, strides=[2, 2], pads=[1] * 4))
    x = n.add("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = n.add("Resize", x, "", n.constant(np.array([1, 1, 2, 2], np.float32)), mode="nearest", nearest_mode="floor", coordinate_transformation_mode="asymmetric")
    x = n.add("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = n.add("Resize", x, "", "", n.constant(np.array([2, 6, 32, 32])), mode="linear", coordinate_transformation_mode="half_pixel")
    return n.add("Sigmoid", n.conv(x, 6, 1))


x = random.uniform(0, 1, (2, 1, 32, 32)).astype(np.float32)
net = Net()
out = autoencoder(net)
golden["autoencoder.x"] = x
golden["autoencoder"] = net.save("autoencoder", out, (1, 32, 32), (1, 32, 32)).run([out], {"x": x})[0]
net = Net()
out = net.add("Tanh", net.add("Gemm", net.add("Flatten", net.conv("x", 1, 3, 3, 4), axis=1), net.weights(6, 3 * 8 * 8), net.weights(6), transB=1))
golden["encoder"] = net.save("encoder", out, (1, 32, 32), (6,)).run([out], {"x": x})[0]
net = Net()
shape = net.constant(np.array([-1, 4, 8, 8]))
z = net.add("Reshape", net.add("Gemm", "x", net.weights(256, 6), net.weights(256), transB=1), shape)
out = net.add("Sigmoid", up(net, up(net, z, 4, 4, 2, strides=[2, 2]), 4, 1, 3, strides=[2, 2], pads=[1] * 4, output_padding=[1, 1], dilations=[1, 1]))
golden["decoder"] = net.save("decoder", out, (6,), (1, 32, 32)).run([out], {"x": golden["encoder"]})[0]
save_file(golden, "operators.safetensors")
