"""PyTorch as a contestant: the same SuperNet, one step or one evaluation a request. Arguments: space as JSON, threads, memory format."""
import json
import resource
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

space, threads, memory_format = json.loads(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
torch.set_num_threads(threads)
torch.manual_seed(1)
FORMAT = torch.channels_last_3d if memory_format == "channels_last_3d" else torch.contiguous_format


class Unit(nn.Sequential):
    def __init__(self, inputs, outputs, kernel=1, stride=1, groups=1, activation=True):
        layers = [nn.Conv3d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm3d(outputs, eps=1e-3)]
        super().__init__(*layers, *([nn.ReLU6()] if activation else []))


class Mobile(nn.Sequential):
    def __init__(self, width, kernel, expansion):
        hidden = width * expansion
        super().__init__(Unit(width, hidden), Unit(hidden, hidden, kernel, groups=hidden), Unit(hidden, width, activation=False))

    def forward(self, x):
        return x + super().forward(x)


def operation(name, width):
    if name == "skip":
        return nn.Identity()
    kernel, expansion = (int(part[1:]) for part in name.split("_")[1:])
    return Mobile(width, kernel, expansion)


class SuperNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, width, self.calibrations, self.cells = Unit(1, space["stem"], 3, 2), space["stem"], nn.ModuleList(), nn.ModuleList()
        for target, stride, blocks in zip(space["widths"], space["strides"], space["blocks"]):
            self.calibrations.append(Unit(width, target, stride=stride, activation=False))
            width = target
            self.cells.append(nn.ModuleList(nn.ModuleDict({name: operation(name, width) for name in space["operations"]}) for _ in range(blocks)))
        self.head, self.classifier = Unit(width, space["head"]), nn.Linear(space["head"], space["classes"])

    def forward(self, x, genome):
        names, x = iter(genome), self.stem(x)
        for calibration, cell in zip(self.calibrations, self.cells):
            x = calibration(x)
            for block in cell:
                x = block[next(names)](x)
        return self.classifier(self.head(x).mean((2, 3, 4)))


net = SuperNet().to(memory_format=FORMAT)
optimizer = torch.optim.SGD(net.parameters(), lr=1e-3)
parameters = sum(p.numel() for p in net.parameters())


def step(images, labels, genome):
    optimizer.zero_grad(set_to_none=True)
    loss = F.cross_entropy(net(images, genome), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


for line in sys.stdin:
    request = json.loads(line)
    batch, depth, height, width = request["shape"]
    images = torch.randn(batch, 1, depth, height, width).to(memory_format=FORMAT)
    labels = torch.arange(batch) % space["classes"]
    started = time.perf_counter()
    if request["work"] == "evaluate":
        net.eval()
        with torch.inference_mode():
            value = net(images, request["genome"])[0, 0].item()
    else:
        net.train()
        value = step(images, labels, request["genome"])
    milliseconds = 1000 * (time.perf_counter() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"milliseconds": milliseconds, "loss": value, "parameters": parameters, "peakMegabytes": peak}), flush=True)
