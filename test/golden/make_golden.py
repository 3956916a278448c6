"""Golden values of the SuperNet's parts and of whole paths, from PyTorch in double precision.

    python3 -m venv venv && venv/bin/pip install torch==2.15.0 numpy
    venv/bin/python test/golden/make_golden.py test/golden

writes golden.json (what is where, versions) and golden.f32 (little-endian float32, one after the
other). Tensors are written in this project's order: feature maps depth-major [depth, batch, height,
width, channels], filters [depth, height, width, in, out], images [batch, depth, height, width].
Independent of the TypeScript code: only the order of a path's tensors is shared, and spelled out here.
"""
import json
import platform
import sys
import pathlib

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.manual_seed(20210126)
EPSILON = 1e-3
cases, values = {}, []


def put(case, name, tensor):
    data = tensor.detach().to(torch.float32).contiguous().flatten()
    offset = sum(len(v) for v in values)
    cases.setdefault(case, {"tensors": {}})["tensors"][name] = {"shape": list(tensor.shape), "offset": offset}
    values.append(data)


def depth_major(x):  # [N, C, D, H, W] -> [D, N, H, W, C]
    return x.permute(2, 0, 3, 4, 1)


def rounded(*shape):
    """Random numbers that are exact in float32, so both sides start from equal values."""
    return torch.randn(*shape).to(torch.float32).to(torch.float64)


def convolution(case, batch, size, inputs, outputs, kernel, stride, depthwise):
    x = rounded(batch, inputs, *size).requires_grad_()
    w = (rounded(outputs, 1 if depthwise else inputs, kernel, kernel, kernel)).requires_grad_()
    y = F.conv3d(x, w, stride=stride, padding=kernel // 2, groups=inputs if depthwise else 1)
    dy = rounded(*y.shape)
    y.backward(dy)
    ours = (lambda t: t.permute(2, 3, 4, 0, 1)) if depthwise else (lambda t: t.permute(2, 3, 4, 1, 0))
    put(case, "x", depth_major(x)); put(case, "filter", ours(w)); put(case, "y", depth_major(y)); put(case, "dy", depth_major(dy))
    put(case, "dx", depth_major(x.grad)); put(case, "dfilter", ours(w.grad))



convolution("stem", 2, (6, 9, 8), 1, 5, 3, 2, False)
convolution("k3", 2, (3, 5, 4), 4, 4, 3, 1, True)
convolution("k5", 2, (4, 3, 6), 3, 3, 5, 1, True)
convolution("k7", 2, (5, 4, 9), 3, 3, 7, 1, True)
convolution("k7 larger than the volume", 2, (1, 2, 3), 3, 3, 7, 1, True)
convolution("strided calibration at odd size", 2, (5, 7, 3), 4, 6, 1, 2, False)


def batch_norm():
    case = "batch norm"
    x = (2 * rounded(3, 4, 2, 3, 5) + 1).requires_grad_()
    norm = torch.nn.BatchNorm3d(4, eps=EPSILON, momentum=1.0)
    with torch.no_grad():
        norm.weight.copy_(rounded(4)); norm.bias.copy_(rounded(4))
    put(case, "gamma", norm.weight); put(case, "beta", norm.bias)
    y = F.relu6(norm(x))
    dy = rounded(*y.shape)
    y.backward(dy)
    put(case, "x", depth_major(x)); put(case, "y", depth_major(y)); put(case, "dy", depth_major(dy)); put(case, "dx", depth_major(x.grad))
    put(case, "dgamma", norm.weight.grad); put(case, "dbeta", norm.bias.grad)
    put(case, "mean", norm.running_mean); put(case, "variance", norm.running_var)
    norm.eval()
    other = rounded(2, 4, 2, 2, 3)
    put(case, "evaluation x", depth_major(other)); put(case, "evaluation y", depth_major(F.relu6(norm(other))))


batch_norm()


class Path:
    """A path of the SuperNet, written from the paper's section III; parameters in path order."""

    def __init__(self, stem, widths, strides, cells, head, classes):
        self.parameters, self.statistics, self.steps = [], [], []
        self.unit("full", 1, stem, 3, 2, True)
        width = stem
        for target, stride, operations in zip(widths, strides, cells):
            self.unit("pointwise", width, target, 1, stride, False)
            width = target
            for operation in operations:
                if operation == "skip":
                    continue
                kernel, expansion = (int(part[1:]) for part in operation.split("_")[1:])
                self.steps.append("enter")
                self.unit("pointwise", width, width * expansion, 1, 1, True)
                self.unit("depthwise", width * expansion, width * expansion, kernel, 1, True)
                self.unit("pointwise", width * expansion, width, 1, 1, False)
                self.steps.append("add")
        self.unit("pointwise", width, head, 1, 1, True)
        self.weight = self.parameter(rounded(head, classes) * 0.5)
        self.bias = self.parameter(rounded(classes) * 0.5)

    def parameter(self, tensor):
        self.parameters.append(tensor.to(torch.float32).to(torch.float64).requires_grad_())
        return self.parameters[-1]

    def unit(self, kind, inputs, outputs, kernel, stride, activation):
        shape = {"full": (kernel, kernel, kernel, inputs, outputs), "pointwise": (inputs, outputs), "depthwise": (kernel, kernel, kernel, inputs, 1)}[kind]
        fan_in = kernel ** 3 * (1 if kind == "depthwise" else inputs)
        weight = self.parameter(rounded(*shape) * (2 / fan_in) ** 0.5)
        gamma, beta = self.parameter(1 + 0.2 * rounded(outputs)), self.parameter(0.2 * rounded(outputs))
        self.steps.append((kind, kernel, stride, activation, weight, gamma, beta))

    def forward(self, images, mask, fixed=None):
        x, entries, at, measured = images.unsqueeze(1), [], 0, []
        for step in self.steps:
            if step == "enter":
                entries.append(x)
            elif step == "add":
                x = x + entries.pop()
            else:
                kind, kernel, stride, activation, weight, gamma, beta = step
                if kind == "pointwise":
                    w = weight.t()[:, :, None, None, None]
                elif kind == "full":
                    w = weight.permute(4, 3, 0, 1, 2)
                else:
                    w = weight.permute(3, 4, 0, 1, 2)
                x = F.conv3d(x, w, stride=stride, padding=kernel // 2, groups=w.shape[0] if kind == "depthwise" else 1)
                if fixed is None:
                    measured += [x.mean((0, 2, 3, 4)), x.var((0, 2, 3, 4), unbiased=True)]
                    x = F.batch_norm(x, None, None, gamma, beta, True, 0.0, EPSILON)
                else:
                    x = F.batch_norm(x, fixed[at], fixed[at + 1], gamma, beta, False, 0.0, EPSILON)
                    at += 2
                x = F.relu6(x) if activation else x
        pooled = x.mean((2, 3, 4))
        return (pooled if mask is None else pooled * mask) @ self.weight + self.bias, measured


def path(case, stem, widths, strides, cells, head, classes, shape, class_weights):
    net = Path(stem, widths, strides, cells, head, classes)
    images = rounded(*shape)
    labels = torch.arange(shape[0]) % classes
    mask = (torch.rand(shape[0], head) < 0.5).to(torch.float64) * 2
    weights = torch.tensor(class_weights)
    logits, measured = net.forward(images, mask)
    loss = (F.cross_entropy(logits, labels, reduction="none") * weights[labels]).sum() / shape[0]
    loss.backward()
    flat = lambda tensors: torch.cat([t.flatten() for t in tensors])
    put(case, "parameters", flat(net.parameters)); put(case, "images", images); put(case, "labels", labels.to(torch.float64)); put(case, "mask", mask)
    put(case, "logits", logits); put(case, "loss", loss.reshape(1)); put(case, "gradient", flat([p.grad for p in net.parameters])); put(case, "statistics", flat(measured))
    evaluated, _ = net.forward(images, None, [m.detach() for m in measured])
    put(case, "evaluation logits", evaluated)
    cases[case].update(space={"stem": stem, "widths": widths, "strides": strides, "blocks": [len(c) for c in cells], "head": head, "classes": classes},
                       genome=[operation for cell in cells for operation in cell], classWeights=class_weights)


path("skip and head", 4, [6], [2], [["skip", "skip"]], 16, 3, (4, 6, 8, 10), [1.0, 1.0, 1.0])
path("3-cell path", 4, [6, 8, 10], [2, 1, 2], [["mb_k3_e3", "skip"], ["mb_k5_e4"], ["mb_k7_e3"]], 16, 3, (4, 9, 22, 18), [0.5, 1.5, 1.0])


def large(case, stem, widths, strides, cells, head, classes, shape):
    """Sums over positions are long here. The images are too many to store: a formula that the test repeats.
    Beside the gradient stands how far PyTorch's float32 is from it: the bar for ours."""
    net = Path(stem, widths, strides, cells, head, classes)
    i = torch.arange(shape[0] * shape[1] * shape[2] * shape[3])
    images = (((i * 7919 + i // 977 * 104729) % 2003).to(torch.float64) / 1001 - 1).to(torch.float32).reshape(shape)
    labels = torch.arange(shape[0]) % classes

    def gradient(of, pixels):
        loss = F.cross_entropy(of.forward(pixels, None)[0], labels)
        return loss, torch.autograd.grad(loss, of.parameters)

    loss, exact = gradient(net, images.to(torch.float64))
    single = Path.__new__(Path)
    known = {id(p): p.detach().to(torch.float32).requires_grad_() for p in net.parameters}
    single.parameters = [known[id(p)] for p in net.parameters]
    single.steps = [s if isinstance(s, str) else (*s[:4], *(known[id(p)] for p in s[4:])) for s in net.steps]
    single.weight, single.bias = known[id(net.weight)], known[id(net.bias)]
    _, rounded_off = gradient(single, images)
    floor = 0.01 * max(g.abs().max() for g in exact)
    worst = max(((a.to(torch.float64) - b).abs().max() / torch.maximum(b.abs().max(), floor)).item() for a, b in zip(rounded_off, exact))
    flat = lambda tensors: torch.cat([t.flatten() for t in tensors])
    put(case, "parameters", flat(net.parameters)); put(case, "labels", labels.to(torch.float64))
    put(case, "loss", loss.reshape(1)); put(case, "gradient", flat(exact))
    cases[case].update(space={"stem": stem, "widths": widths, "strides": strides, "blocks": [len(c) for c in cells], "head": head, "classes": classes},
                       genome=[operation for cell in cells for operation in cell], shape=list(shape), float32Error=worst)


large("large volumes", 8, [12, 20], [2, 2], [["mb_k3_e3"], ["mb_k5_e4"]], 32, 3, (8, 32, 96, 96))

folder = pathlib.Path(sys.argv[1])
(folder / "golden.f32").write_bytes(torch.cat(values).numpy().astype("<f4").tobytes())
(folder / "golden.json").write_text(json.dumps({
    "made": {"command": "python make_golden.py test/golden", "torch": torch.__version__, "python": platform.python_version(), "precision": "float64, stored as float32"},
    "tolerance": "1e-4 relative to the largest magnitude of a tensor", "epsilon": EPSILON, "cases": cases}, indent=1) + "\n")
