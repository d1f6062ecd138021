"""Makes volumes-*.onnx and volumes.safetensors: small networks of volumes, as both exporters of torch.onnx write them, with their
logits and the gradient of logit 0, plain and guided, as PyTorch computes them in double precision.

    pip install torch==2.15.0 onnx==1.23.2 onnxscript safetensors && python volumes.py
"""
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

CHANNELS, SIZE, CLASSES = 2, (9, 12, 11), 5


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


class Relu(nn.Module):
    exporting = False

    def forward(self, x):
        return torch.relu(x) if Relu.exporting else Rule.apply(x)


class Plain(nn.Module):
    """Folded norms, strides, groups and dilation of one axis each, pooling that is rounded up."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv3d(CHANNELS, 8, 3, stride=(1, 2, 1), padding=(1, 0, 2)), nn.BatchNorm3d(8), Relu(),
            nn.MaxPool3d(2, ceil_mode=True),
            nn.Conv3d(8, 12, (1, 3, 2), padding=(0, 2, 1), dilation=(1, 2, 1), groups=4, bias=False), nn.BatchNorm3d(12), Relu(),
            nn.AvgPool3d((2, 3, 2), stride=2, padding=1, ceil_mode=True, count_include_pad=False),
            nn.Conv3d(12, 10, 3, padding=2, dilation=2), Relu(),
        )
        self.head = nn.Linear(10, CLASSES)

    def forward(self, x):
        return self.head(F.adaptive_avg_pool3d(self.features(x), 1).flatten(1))


class Residual(nn.Module):
    """Norms before a ReLU, sums, joined channels, windows with padding and dilation, a linear layer on all cells."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv3d(CHANNELS, 6, (5, 3, 3), stride=(3, 1, 2), padding=(2, 1, 1))
        self.norm, self.relu = nn.BatchNorm3d(6), Relu()
        self.inner = nn.Conv3d(6, 6, 3, padding=1, groups=6)
        self.mean = nn.AvgPool3d(3, stride=(1, 2, 2), padding=1, count_include_pad=True)
        self.most = nn.MaxPool3d((2, 3, 2), stride=(1, 1, 2), padding=(1, 1, 0), dilation=(1, 2, 1))
        self.last = nn.BatchNorm3d(12)
        self.head = nn.Linear(12 * 4 * 4 * 1, CLASSES)

    def forward(self, x):
        x = self.first(x)
        x = x + self.inner(self.relu(self.norm(x)))
        x = self.mean(x)
        x = self.relu(self.last(torch.cat([x, -x], 1)))
        return self.head(self.most(x).flatten(1))


class Hourglass(nn.Module):
    """Transposed convolutions with output padding and groups, resizing, padding of one side, norms of groups, no ReLU."""

    def __init__(self):
        super().__init__()
        self.down = nn.Conv3d(CHANNELS, 8, 3, stride=2, padding=1)
        self.up = nn.ConvTranspose3d(8, 6, (3, 2, 4), stride=(2, 3, 2), padding=(1, 0, 1), output_padding=(0, 2, 1), groups=2)
        self.wide = nn.ConvTranspose3d(6, 4, 2, dilation=(2, 1, 3), bias=False)
        self.groups = nn.GroupNorm(2, 4)
        self.instance = nn.InstanceNorm3d(4, affine=True)
        self.head = nn.Linear(4 + CHANNELS, CLASSES)

    def forward(self, x):
        y = F.silu(self.down(x))
        y = F.silu(self.groups(self.wide(self.up(y))))
        y = self.instance(F.pad(y, (1, 0, 0, 2, 3, 0)))
        y = F.interpolate(y, size=SIZE, mode="trilinear", align_corners=False)
        y = torch.cat([torch.sigmoid(y), F.interpolate(F.interpolate(x, scale_factor=2.0), size=SIZE)], 1)
        return self.head((y * y).mean((2, 3, 4)))


NETWORKS = {"plain": Plain, "residual": Residual, "hourglass": Hourglass}


def gradient(network, volumes, guided):
    Rule.guided = guided
    leaf = volumes.clone().requires_grad_(True)
    return torch.autograd.grad(network(leaf)[:, 0].sum(), leaf)[0]


torch.manual_seed(7)
volumes = torch.rand(2, CHANNELS, *SIZE)
expected = {"volumes": volumes}
for name, make in NETWORKS.items():
    for seed in range(1000):
        torch.manual_seed(seed)
        network = make()
        for module in network.modules():
            if isinstance(module, nn.BatchNorm3d):
                module.momentum = None
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.normal_(module.bias)
        network.train()(torch.rand(16, CHANNELS, *SIZE))
        network = network.eval().double()
        Rule.nearest = float("inf")
        logits = network(volumes.double())
        # A ReLU whose input is this close to 0 would open or close by rounding.
        if Rule.nearest > 2e-6:
            break
    else:
        raise SystemExit(f"{name}: every seed puts a ReLU too close to 0")
    print(name, "seed", seed, "nearest to a kink", Rule.nearest, logits[0])
    expected[f"{name}.logits"] = logits.detach().float()
    expected[f"{name}.gradient"] = gradient(network, volumes.double(), False).float()
    expected[f"{name}.guided"] = gradient(network, volumes.double(), True).float()
    Relu.exporting = True
    network = network.float()
    torch.onnx.export(network, volumes[:1], f"volumes-{name}.onnx", opset_version=17, input_names=["x"],
                      dynamic_axes={"x": {0: "n"}}, dynamo=False)
    if name != "plain":
        torch.onnx.export(network, (volumes,), f"volumes-{name}-dynamo.onnx", opset_version=20, input_names=["x"],
                          dynamic_shapes={"x": {0: "n"}}, external_data=False)
    Relu.exporting = False
save_file(expected, "volumes.safetensors")
