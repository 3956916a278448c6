"""Golden values of the three baselines, from PyTorch in double precision.

    python3 -m venv venv && venv/bin/pip install torch==2.15.0 numpy
    venv/bin/python test/golden/make_baselines.py test/golden

writes baselines.json (what is where, versions) and baselines.f32 (little-endian float32, one after the
other): narrow networks of each family, with loss, gradient of every parameter, batch statistics, and
logits in evaluation. Before that it builds the networks at full width and stops unless their sizes are
the paper's. The modules are written from the papers and torchvision's conventions; shared with the
TypeScript code is only the order of tensors, which is that of registration, and their layout: filters
[depth, height, width, in, out], pointwise ones [in, out].
"""
import json
import pathlib
import platform
import sys

import torch
import torch.nn.functional as F
from torch import nn

torch.set_default_dtype(torch.float64)
cases, values = {}, []


def put(case, name, tensor):
    data = tensor.detach().to(torch.float32).contiguous().flatten()
    offset = sum(len(v) for v in values)
    cases.setdefault(case, {"tensors": {}})["tensors"][name] = {"shape": list(tensor.shape), "offset": offset}
    values.append(data)


def conv(inputs, outputs, kernel, stride=(1, 1, 1)):
    return nn.Conv3d(inputs, outputs, kernel, stride, tuple(k // 2 for k in kernel), bias=False)


class Residual(nn.Module):
    """Bottleneck (expansion 4) or basic block, with a projection where the shape changes."""

    def __init__(self, inputs, outputs, layers, stride):
        super().__init__()
        self.body = nn.Sequential(*layers)
        changes = inputs != outputs or stride != (1, 1, 1)
        self.shortcut = nn.Sequential(conv(inputs, outputs, (1, 1, 1), stride), nn.BatchNorm3d(outputs)) if changes else nn.Identity()

    def forward(self, x):
        return F.relu(self.body(x) + self.shortcut(x))


class ResNet3d(nn.Module):
    def __init__(self, channels, classes, width, blocks):
        super().__init__()
        layers = [conv(channels, width, (7, 7, 7), (1, 2, 2)), nn.BatchNorm3d(width), nn.ReLU(), nn.MaxPool3d(3, 2, 1)]
        inputs = width
        for group, count in enumerate(blocks):
            middle = width * 2 ** group
            for block in range(count):
                stride = (2, 2, 2) if group > 0 and block == 0 else (1, 1, 1)
                layers.append(Residual(inputs, 4 * middle, [
                    conv(inputs, middle, (1, 1, 1)), nn.BatchNorm3d(middle), nn.ReLU(),
                    conv(middle, middle, (3, 3, 3), stride), nn.BatchNorm3d(middle), nn.ReLU(),
                    conv(middle, 4 * middle, (1, 1, 1)), nn.BatchNorm3d(4 * middle)], stride))
                inputs = 4 * middle
        self.features, self.fc = nn.Sequential(*layers), nn.Linear(inputs, classes)


class Mc3(nn.Module):
    def __init__(self, channels, classes, width, blocks):
        super().__init__()
        layers = [conv(channels, width, (3, 7, 7), (1, 2, 2)), nn.BatchNorm3d(width), nn.ReLU()]
        inputs = width
        for group, count in enumerate(blocks):
            outputs = width * 2 ** group
            for block in range(count):
                stride = (1, 2, 2) if group > 0 and block == 0 else (1, 1, 1)
                kernel = (3, 3, 3) if group == 0 else (1, 3, 3)
                layers.append(Residual(inputs, outputs, [
                    conv(inputs, outputs, kernel, stride), nn.BatchNorm3d(outputs), nn.ReLU(),
                    conv(outputs, outputs, kernel), nn.BatchNorm3d(outputs)], stride))
                inputs = outputs
        self.features, self.fc = nn.Sequential(*layers), nn.Linear(inputs, classes)


class DenseLayer(nn.Sequential):
    def __init__(self, inputs, growth):
        super().__init__(nn.BatchNorm3d(inputs), nn.ReLU(), conv(inputs, 4 * growth, (1, 1, 1)),
                         nn.BatchNorm3d(4 * growth), nn.ReLU(), conv(4 * growth, growth, (3, 3, 3)))

    def forward(self, x):
        return torch.cat([x, super().forward(x)], 1)


class DenseNet3d(nn.Module):
    def __init__(self, channels, classes, initial, growth, blocks):
        super().__init__()
        layers = [conv(channels, initial, (7, 7, 7), (1, 2, 2)), nn.BatchNorm3d(initial), nn.ReLU(), nn.MaxPool3d(3, 2, 1)]
        width = initial
        for block, count in enumerate(blocks):
            for _ in range(count):
                layers.append(DenseLayer(width, growth))
                width += growth
            if block < len(blocks) - 1:
                layers += [nn.BatchNorm3d(width), nn.ReLU(), conv(width, width // 2, (1, 1, 1)), nn.AvgPool3d(2, 2, ceil_mode=True)]
                width //= 2
        self.features, self.fc = nn.Sequential(*layers, nn.BatchNorm3d(width), nn.ReLU()), nn.Linear(width, classes)


FAMILIES = {"resnet3d": ResNet3d, "densenet3d": DenseNet3d, "mc3": Mc3}
for family, design, size in [("resnet3d", {"width": 64, "blocks": [3, 4, 23, 3]}, 325.21),
                             ("densenet3d", {"initial": 64, "growth": 32, "blocks": [6, 12, 24, 16]}, 43.06),
                             ("mc3", {"width": 64, "blocks": [2, 2, 2, 2]}, 43.84)]:
    with torch.device("meta"):
        count = sum(p.numel() for p in FAMILIES[family](3, 3, **design).parameters())
    if abs(count * 4 / 2 ** 20 - size) > 0.01:
        raise SystemExit(f"{family}: {count} parameters, {count * 4 / 2 ** 20:.3f} MB, the paper says {size}")


def ours(parameter):
    if parameter.dim() == 5:
        filter = parameter.permute(2, 3, 4, 1, 0)
        return filter[0, 0, 0] if filter.shape[:3] == (1, 1, 1) else filter
    return parameter.t() if parameter.dim() == 2 else parameter


def flat(tensors):
    return torch.cat([ours(t).flatten() for t in tensors])


def case(family, design, shape):
    torch.manual_seed(20210126)
    net = FAMILIES[family](1, 3, **design)
    with torch.no_grad():
        for name, p in net.named_parameters():
            draw = torch.randn(p.shape)
            p.copy_(draw * (2 / p[0].numel()) ** 0.5 if p.dim() == 5 else draw * 0.5 if name.startswith("fc") else
                    1 + 0.2 * draw if name.endswith("weight") else 0.2 * draw)
            p.copy_(p.to(torch.float32))
    measured = []
    norms = [m for m in net.modules() if isinstance(m, nn.BatchNorm3d)]
    hooks = [m.register_forward_hook(lambda m, i, o: measured.append((i[0].mean((0, 2, 3, 4)), i[0].var((0, 2, 3, 4))))) for m in norms]
    images = torch.randn(shape).to(torch.float32).to(torch.float64)
    labels = torch.arange(shape[0]) % 3
    mask = (torch.rand(shape[0], net.fc.in_features) < 0.5).to(torch.float64) * 2
    class_weights = torch.tensor([0.5, 1.5, 1.0])
    logits = net.fc(net.features(images.unsqueeze(1)).mean((2, 3, 4)) * mask)
    loss = (F.cross_entropy(logits, labels, reduction="none") * class_weights[labels]).sum() / shape[0]
    loss.backward()
    [hook.remove() for hook in hooks]
    for norm, (mean, variance) in zip(norms, measured):
        norm.running_mean.copy_(mean.detach()); norm.running_var.copy_(variance.detach())
    evaluated = net.eval().fc(net.features(images.unsqueeze(1)).mean((2, 3, 4)))
    put(family, "parameters", flat(net.parameters())); put(family, "images", images); put(family, "labels", labels.to(torch.float64)); put(family, "mask", mask)
    put(family, "loss", loss.reshape(1)); put(family, "gradient", flat([p.grad for p in net.parameters()]))
    put(family, "statistics", torch.cat([t for pair in measured for t in pair])); put(family, "evaluation logits", evaluated)
    cases[family].update(design={"family": family, **design}, classWeights=class_weights.tolist())


# Odd extents: pooling and strides meet edges.
case("resnet3d", {"width": 2, "blocks": [1, 2, 1, 1]}, (4, 9, 39, 44))
case("densenet3d", {"initial": 6, "growth": 3, "blocks": [2, 3, 1, 2]}, (4, 9, 25, 28))
case("mc3", {"width": 2, "blocks": [2, 1, 1, 1]}, (4, 5, 23, 26))

folder = pathlib.Path(sys.argv[1])
(folder / "baselines.f32").write_bytes(torch.cat(values).numpy().astype("<f4").tobytes())
(folder / "baselines.json").write_text(json.dumps({
    "made": {"command": "python make_baselines.py test/golden", "torch": torch.__version__, "python": platform.python_version(), "precision": "float64, stored as float32"},
    "tolerance": "1e-4 relative to the largest magnitude of a tensor", "cases": cases}, indent=1) + "\n")
