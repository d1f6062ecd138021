"""Writes the float arrays of a safetensors file in the zip format of `torch.save`, without PyTorch.

    python3 pth.py WEIGHTS.safetensors WEIGHTS.pth

The format: a zip archive whose `data.pkl` is a pickled dictionary of `torch._utils._rebuild_tensor_v2` calls over storages
that lie beside it as raw bytes (PyTorch's documentation, "Serialization semantics"; checked with the published .pth of LightOCT).
"""
import collections, io, json, pickle, struct, sys, types, zipfile


def stand_in(module, name, value):
    """Something that pickles under a name of PyTorch's."""
    value.__module__, value.__qualname__, value.__name__ = module, name, name
    package = sys.modules.setdefault(module, types.ModuleType(module))
    setattr(package, name, value)
    return value


FloatStorage = stand_in("torch", "FloatStorage", type("FloatStorage", (), {}))
rebuild = stand_in("torch._utils", "_rebuild_tensor_v2", lambda *parts: None)
Storage = collections.namedtuple("Storage", "key elements")


class Tensor:
    def __init__(self, key, shape):
        self.key, self.shape = key, shape

    def __reduce__(self):
        strides, elements = [], 1
        for size in reversed(self.shape):
            strides.insert(0, elements)
            elements *= size
        return rebuild, (Storage(self.key, elements), 0, tuple(self.shape), tuple(strides), False, collections.OrderedDict())


class Pickler(pickle.Pickler):
    def persistent_id(self, value):
        if isinstance(value, Storage):
            return "storage", FloatStorage, value.key, "cpu", value.elements


source, target = sys.argv[1:]
with open(source, "rb") as file:
    (length,) = struct.unpack("<Q", file.read(8))
    header, data = json.loads(file.read(length)), file.read()
arrays = {name: entry for name, entry in header.items() if entry.get("dtype") == "F32"}
weights = collections.OrderedDict((name, Tensor(str(i), entry["shape"])) for i, (name, entry) in enumerate(arrays.items()))
pickled = io.BytesIO()
Pickler(pickled, protocol=2).dump(weights)
with zipfile.ZipFile(target, "w") as archive:
    archive.writestr("archive/data.pkl", pickled.getvalue())
    archive.writestr("archive/version", "3\n")
    archive.writestr("archive/byteorder", "little")
    for i, entry in enumerate(arrays.values()):
        start, end = entry["data_offsets"]
        archive.writestr(f"archive/data/{i}", data[start:end])
