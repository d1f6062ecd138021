"""Makes torchvision-*.onnx and torchvision.safetensors: torchvision's own networks, made narrow, as torch.onnx.export writes
them, with their logits and the gradient of logit 0, plain and guided, as PyTorch computes them in double precision.

    pip install torch==2.4.1 torchvision==0.19.1 onnx safetensors "numpy<2" && python torchvision.py
"""
import os
import sys

sys.path.remove(os.path.dirname(os.path.abspath(__file__)))  # this file has the library's name

import torch
from safetensors.torch import save_file
from torch import nn
from torchvision import models
from torchvision.models.densenet import DenseNet
from torchvision.models.mobilenetv3 import InvertedResidualConfig, MobileNetV3
from torchvision.models.shufflenetv2 import ShuffleNetV2

SIZE = 32


def mobilenet_v3():
    row = lambda *values: InvertedResidualConfig(*values, dilation=1, width_mult=1.0)
    rows = [row(8, 3, 16, 8, True, "RE", 2), row(8, 3, 24, 12, False, "RE", 2), row(12, 5, 32, 16, True, "HS", 2)]
    return MobileNetV3(rows, last_channel=32, num_classes=5)


NETWORKS = {
    "densenet": lambda: DenseNet(growth_rate=4, block_config=(2, 2, 2), num_init_features=8, num_classes=5),
    "mobilenet_v2": lambda: models.MobileNetV2(num_classes=5, width_mult=0.1, inverted_residual_setting=[[1, 8, 1, 1], [4, 16, 2, 2], [4, 24, 2, 2]]),
    "mobilenet_v3": mobilenet_v3,
    "shufflenet": lambda: ShuffleNetV2([2, 2, 2], [8, 16, 24, 32, 64], num_classes=5),
}


class Rule(torch.autograd.Function):
    """ReLU; in the guided rule no negative gradient passes."""

    guided, nearest = False, float("inf")

    @staticmethod
    def forward(context, x):
        Rule.nearest = min(Rule.nearest, float(x.abs().min() / x.abs().mean()))
        y = x.clamp(min=0)
        context.save_for_backward(y)
        return y

    @staticmethod
    def backward(context, gradient):
        (y,) = context.saved_tensors
        return (gradient.clamp(min=0) if Rule.guided else gradient) * (y > 0)


def gradient(network, images, guided):
    Rule.guided = guided
    leaf = images.clone().requires_grad_(True)
    return torch.autograd.grad(network(leaf)[:, 0].sum(), leaf)[0]


class Kinks(nn.ReLU6):
    def forward(self, x):
        Rule.nearest = min([Rule.nearest] + [float((x - kink).abs().min() / x.abs().mean()) for kink in (0, 6)])
        return super().forward(x)


nn.ReLU.forward = lambda self, x: Rule.apply(x)
nn.functional.relu = lambda x, inplace=False: Rule.apply(x)
nn.ReLU6 = Kinks
torch.manual_seed(7)
images = torch.rand(2, 3, SIZE, SIZE)
expected = {"images": images}
for name, make in NETWORKS.items():
    for seed in range(1000):
        torch.manual_seed(seed)
        network = make()
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = None
            if isinstance(module, nn.Dropout):
                module.p = 0.0
        network.train()(torch.rand(16, 3, SIZE, SIZE))
        network = network.eval().double()
        Rule.nearest = float("inf")
        logits = network(images.double())
        # A ReLU whose input is this close to 0 would open or close by rounding.
        if Rule.nearest > 2e-6:
            break
    else:
        raise SystemExit(f"{name}: every seed puts a ReLU too close to 0")
    print(name, "seed", seed, "nearest to a kink", Rule.nearest)
    expected[f"{name}.logits"] = logits.detach().float()
    expected[f"{name}.gradient"] = gradient(network, images.double(), False).float()
    expected[f"{name}.guided"] = gradient(network, images.double(), True).float()
    rule, nn.ReLU.forward, nn.functional.relu = nn.ReLU.forward, lambda self, x: torch.relu(x), lambda x, inplace=False: torch.relu(x)
    torch.onnx.export(network.float(), images[:1], f"torchvision-{name}.onnx", opset_version=17,
                      input_names=["x"], dynamic_axes={"x": {0: "n"}})
    nn.ReLU.forward, nn.functional.relu = rule, lambda x, inplace=False: Rule.apply(x)
save_file(expected, "torchvision.safetensors")
