"""python densenet121_double.py DATA > densenet121_double.json: gradients of torchvision's DenseNet121 in double precision.

DATA is the folder of evaluation data. JAX computes them (pip install "jax[cpu]" safetensors pillow), from the same weights
and images as the golden maps, which PyTorch computed in single precision: one ReLU that opens by rounding puts the golden
gradient of DME_10 off by 2.7e-3. Of each map the file keeps its length and 64 sums of its numbers with random signs, from
which the distance of another map can be told to about a tenth (Johnson and Lindenstrauss 1984). Sign i of sum k is the
highest bit of draw i of SplitMix64 with seed k.
"""
import json
import sys

import jax
import jax.numpy as jnp
import numpy as np
from PIL import Image
from safetensors.numpy import load_file

jax.config.update("jax_enable_x64", True)
DATA, SUMS, STEPS = sys.argv[1], 64, 50
WEIGHTS = load_file(f"{DATA}/models/densenet121_torchvision_untrained.safetensors")
P = {name: jnp.asarray(array, jnp.float64) for name, array in WEIGHTS.items()}


def conv(x, name, stride=1, padding=0):
    around = [(padding, padding)] * 2
    layout = ("NCHW", "OIHW", "NCHW")
    return jax.lax.conv_general_dilated(x, P[name], (stride, stride), around, dimension_numbers=layout)


def norm_relu(x, name):
    scale = P[name + ".weight"] / jnp.sqrt(P[name + ".running_var"] + 1e-5)
    shift = P[name + ".bias"] - P[name + ".running_mean"] * scale
    y = x * scale[None, :, None, None] + shift[None, :, None, None]
    return jnp.where(y > 0, y, 0.0)


def logits(x):
    x = norm_relu(conv(x, "features.conv0.weight", 2, 3), "features.norm0")
    edges = [(0, 0), (0, 0), (1, 1), (1, 1)]
    x = jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 1, 3, 3), (1, 1, 2, 2), edges)
    for block, layers in enumerate([6, 12, 24, 16], 1):
        for layer in range(1, layers + 1):
            name = f"features.denseblock{block}.denselayer{layer}"
            y = conv(norm_relu(x, name + ".norm1"), name + ".conv1.weight")
            y = conv(norm_relu(y, name + ".norm2"), name + ".conv2.weight", 1, 1)
            x = jnp.concatenate([x, y], 1)
        if block < 4:
            name = f"features.transition{block}"
            x = conv(norm_relu(x, name + ".norm"), name + ".conv.weight")
            x = jax.lax.reduce_window(x, 0.0, jax.lax.add, (1, 1, 2, 2), (1, 1, 2, 2), "VALID") / 4
    features = norm_relu(x, "features.norm5").mean((2, 3))
    return features @ P["classifier.weight"].T + P["classifier.bias"]


gradient_of_class_0 = jax.jit(jax.grad(lambda x: logits(x)[0, 0]))


def signs(seed, count):
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return np.where(z >> np.uint64(63) == 1, 1.0, -1.0)


def kept(array):
    numbers = np.asarray(array, np.float64).ravel()
    return {
        "length": float(np.linalg.norm(numbers)),
        "sums": [float(signs(seed, numbers.size) @ numbers) for seed in range(SUMS)],
    }


maps = {}
for name in ["DME_10", "DME_1003"]:
    grey = np.asarray(Image.open(f"{DATA}/oct/DME/{name}.png").convert("L"), np.float32) / np.float32(255)
    x = jnp.asarray(np.repeat(grey[None, None], 3, 1), jnp.float64)
    gradient = gradient_of_class_0(x)
    along = sum(gradient_of_class_0(x * ((step + 0.5) / STEPS)) for step in range(STEPS)) / STEPS
    maps[f"{name}.gradient"] = kept(gradient)
    maps[f"{name}.input_x_gradient"] = kept(gradient * x)
    maps[f"{name}.integrated_gradients"] = kept(along * x)
    if len(sys.argv) > 2:
        np.savez(f"{sys.argv[2]}/{name}.npz", gradient=gradient, integrated=along * x)
json.dump(maps, sys.stdout, indent=1)
print()
