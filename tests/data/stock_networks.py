"""Makes torchvision's stock networks as graphs, and what PyTorch answers in double precision, for tests/tests/stock_networks.rs.

    python tests/data/stock_networks.py FOLDER [NET ...]
    LACUNA_STOCK=FOLDER cargo test --release --test stock_networks -- --nocapture

Needs torch, torchvision, onnx, onnxscript and safetensors. Weights are random; the statistics of normalisations come from one
pass over made images. Each network is written by both of PyTorch's exporters, with a batch of any size.

FOLDER/cells holds the same networks for the places of their cells (see `all_open`): once for wide images and once for tall ones.
"""

import os
import sys
import warnings
from pathlib import Path

sys.path.pop(0)  # a script beside this one has the name of a library

import torch
import torchvision
from safetensors.torch import save_file

NETS = {
    "alexnet": 224, "convnext_tiny": 224, "densenet121": 224, "efficientnet_b0": 224, "googlenet": 224, "inception_v3": 299,
    "mnasnet1_0": 224, "mobilenet_v2": 224, "mobilenet_v3_small": 224, "regnet_y_400mf": 224, "resnet18": 224, "resnet50": 224,
    "shufflenet_v2_x1_0": 224, "squeezenet1_1": 224, "swin_t": 224, "vgg11_bn": 224, "vit_b_16": 224,
}
CLASSES = 7


def images(count, size, seed):
    """Smooth pictures with some noise, in (0, 1)."""
    random = torch.Generator().manual_seed(seed)
    coarse = torch.randn(count, 3, 9, 9, generator=random)
    smooth = torch.nn.functional.interpolate(coarse, (size, size), mode="bicubic", align_corners=False)
    return torch.sigmoid(smooth + 0.2 * torch.randn(count, 3, size, size, generator=random))


def network(name, size):
    torch.manual_seed(1)
    extra = {"aux_logits": False, "init_weights": True} if name in ("googlenet", "inception_v3") else {}
    net = getattr(torchvision.models, name)(weights=None, num_classes=CLASSES, **extra)
    norms = [part for part in net.modules() if isinstance(part, torch.nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        norm.momentum = None
    for part in net.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
        if isinstance(part, torch.nn.Linear) and not part.weight.any():
            torch.nn.init.normal_(part.weight, std=0.05)  # ViT's head starts at zero, and so would every gradient
    net.train()
    with torch.no_grad():
        net(images(8, size, 2))
    return net.eval()


def gradient(net, x):
    x = x.clone().requires_grad_(True)
    logits = net(x)[0]
    target = int(logits.argmax())
    logits[target].backward()
    return logits.detach(), x.grad[0], target


def all_open(name):
    """A stock network whose cells see nothing but where their windows lie: every weight is positive and sums to 1, every
    normalisation passes its input on, and the gates of squeeze and excitation stand still. So no ReLU shuts out a part of a
    window, and no cell sees by a gate what lies outside its windows. Strides, paddings, kernels and dilations are as they were."""
    torch.manual_seed(1)
    extra = {"aux_logits": False, "init_weights": True} if name in ("googlenet", "inception_v3") else {}
    net = getattr(torchvision.models, name)(weights=None, num_classes=CLASSES, **extra)
    with torch.no_grad():
        for part in net.modules():
            if isinstance(part, (torch.nn.Conv2d, torch.nn.Linear)):
                part.weight.copy_(part.weight.abs() / part.weight.abs().flatten(1).sum(1).view(-1, *[1] * (part.weight.dim() - 1)))
                if part.bias is not None:
                    part.bias.zero_()
        for part in net.modules():
            if isinstance(part, torchvision.ops.SqueezeExcitation):
                part.fc2.weight.zero_()
                part.fc2.bias.fill_(1.0)
    if name.startswith(("alexnet", "vgg")):  # their heads take a map of one size
        net.avgpool = torch.nn.AdaptiveAvgPool2d(1)
        net.classifier = torch.nn.Linear(512 if name.startswith("vgg") else 256, CLASSES)
    return net.eval()


# Several hundred pixels more than the cells in the middle see, and enough for the smallest layer of the other axis.
LONG, SHORT = 896, 128


def cells(folder, name):
    """The network for wide images and for tall ones. The image has to be larger than what a cell sees: its edges would cut that,
    and draw its centre to the middle of the image."""
    folder.mkdir(parents=True, exist_ok=True)
    net = all_open(name)
    for how, (height, width) in (("wide", (SHORT, LONG)), ("tall", (LONG, SHORT))):
        graph = folder / f"{name}-{how}.onnx"
        torch.onnx.export(net, (torch.rand(1, 3, height, width),), str(graph), dynamo=False, opset_version=17, input_names=["x"],
                          output_names=["logits"], dynamic_axes={"x": {0: "N"}, "logits": {0: "N"}})
        (folder / f"{name}-{how}.toml").write_text(
            f'name = "{name} {how}"\n[model]\ngraph = "{graph.name}"\n[input]\nchannels = 3\nheight = {height}\nwidth = {width}\n'
            f'[output]\nclasses = {[chr(97 + k) for k in range(CLASSES)]}\nactivation = "softmax"\n'.replace("'", '"')
        )


def main(folder, names):
    warnings.simplefilter("ignore")
    for name in names:
        if not name.startswith(("vit", "swin")):  # windows of attention are no neighbourhood of a cell
            cells(folder / "cells", name)
            print(f"{name}: cells")
    if os.environ.get("ONLY_CELLS"):
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        size = NETS[name]
        net, x = network(name, size), images(1, size, 3)
        logits32, grad32, _ = gradient(net, x)
        for how in ("script", "dynamo"):
            graph = folder / f"{name}-{how}.onnx"
            if how == "script":
                torch.onnx.export(net, (x,), str(graph), dynamo=False, opset_version=17, input_names=["x"],
                                  output_names=["logits"], dynamic_axes={"x": {0: "N"}, "logits": {0: "N"}})
            else:
                torch.onnx.export(net, (x.repeat(2, 1, 1, 1),), str(graph), dynamo=True, input_names=["x"],
                                  output_names=["logits"], dynamic_shapes=({0: torch.export.Dim("N")},))
            (folder / f"{name}-{how}.toml").write_text(
                f'name = "{name} {how}"\n[model]\ngraph = "{graph.name}"\n[input]\nchannels = 3\nheight = {size}\nwidth = {size}\n'
                f'[output]\nclasses = {[chr(97 + k) for k in range(CLASSES)]}\nactivation = "softmax"\n'.replace("'", '"')
            )
        logits64, grad64, target = gradient(net.double(), x.double())
        tensors = dict(x=x, logits32=logits32, grad32=grad32, logits64=logits64, grad64=grad64, target=torch.tensor([target]))
        save_file({key: value.contiguous() for key, value in tensors.items()}, folder / f"{name}.safetensors")
        off = (grad32.double() - grad64).norm() / grad64.norm()
        print(f"{name}: PyTorch in single precision: logits {(logits32.double() - logits64).abs().max():.1e}, gradient {off:.1e}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or list(NETS))
