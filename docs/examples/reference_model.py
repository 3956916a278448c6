"""An exported model in PyTorch: safetensors in, logits out, without any code of EMARS.

    pip install torch safetensors numpy
    emars export MODEL --format safetensors --out model.safetensors
    python docs/examples/reference_model.py model.safetensors images.npy

`images.npy`: float32 [batch, slices, size, size], windowed, resized and standardised. Prints the logits,
one scan a line. The operations stand in the file's metadata, in order; value 0 is the images.
"""
import json
import sys

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import safe_open


class ReferenceModel(torch.nn.Module):
    def __init__(self, path):
        super().__init__()
        with safe_open(path, framework="pt") as file:
            about = file.metadata()
            self.tensors = {name: file.get_tensor(name) for name in file.keys()}
        self.graph, self.classes = json.loads(about["graph"]), json.loads(about["classes"])

    def forward(self, images):
        """images [batch, slices, size, size] -> logits [batch, classes]."""
        values = [images.unsqueeze(1)]
        for node in self.graph:
            values.append(self.run(node, [values[i] for i in node["inputs"]]))
        pooled = values[-1].mean(dim=(2, 3, 4))
        return F.linear(pooled, self.tensors["classifier.weight"], self.tensors["classifier.bias"])

    def run(self, node, inputs):
        x, op, t = inputs[0], node["op"], self.tensors
        if op == "convolution":
            weight, groups = t[node["weight"]], x.shape[1] if node["depthwise"] else 1
            padding = [k // 2 for k in weight.shape[2:]]
            return F.conv3d(x, weight, stride=node["stride"], padding=padding, groups=groups)
        if op == "batch-norm":
            mean, variance, gamma, beta = (t[node[k]] for k in ("mean", "variance", "gamma", "beta"))
            return F.batch_norm(x, mean, variance, gamma, beta, eps=node["epsilon"])
        if op in ("relu", "relu6"):
            return F.relu(x) if op == "relu" else F.relu6(x)
        if op == "max-pool":
            return F.max_pool3d(x, 3, stride=2, padding=1)
        if op == "average-pool":
            # A box over the edge is the mean of what is there; PyTorch refuses extents below the kernel.
            edges = [extent for n in reversed(x.shape[2:]) for extent in (0, n % 2)]
            sums, shares = (F.avg_pool3d(F.pad(v, edges), 2) for v in (x, torch.ones_like(x[:1, :1])))
            return sums / shares
        return x + inputs[1] if op == "add" else torch.cat(inputs, dim=1)


if __name__ == "__main__":
    with torch.no_grad():
        for row in ReferenceModel(sys.argv[1])(torch.from_numpy(np.load(sys.argv[2]))):
            print(" ".join(f"{value:.7g}" for value in row.tolist()))
