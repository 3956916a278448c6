"""Pillow, tifffile and nibabel as contestants: scans to cubes in [0, 1], one file a scan, in processes that stay alive between requests."""
import json
import multiprocessing
import os
import sys
import time

import nibabel
import numpy as np
import tifffile
from PIL import Image

depth, side, size, workers = (int(word) for word in sys.argv[1:])
LOW, HIGH, OFFSET = -1350, 150, 1024


def slices():
    """Hounsfield units of a made-up chest: body, lungs, vessels, and the noise of a scanner, blurred as its kernel blurs."""
    random = np.random.default_rng(1)
    y, x = np.mgrid[-1:1:side * 1j, -1:1:side * 1j]
    vessels = [(random.uniform(-0.6, 0.6), random.uniform(-0.4, 0.4), random.uniform(0.01, 0.04)) for _ in range(60)]
    for _ in range(depth):
        hu = np.where((x / 0.9) ** 2 + (y / 0.7) ** 2 < 1, 40.0, -1000.0)
        for centre in (-0.4, 0.4):
            hu[((x - centre) / 0.3) ** 2 + (y / 0.5) ** 2 < 1] = -850
        for across, down, radius in vessels:
            hu[(x - across) ** 2 + (y - down) ** 2 < radius**2] = 50
        noise = random.normal(0, 60, (side, side))
        for axis in (0, 1):
            noise = (np.roll(noise, 1, axis) + 2 * noise + np.roll(noise, -1, axis)) / 4
            hu = (np.roll(hu, 1, axis) + 2 * hu + np.roll(hu, -1, axis)) / 4
        yield np.round(hu + noise).clip(-1024, 3000).astype(np.int16)


def make(folder, scans):
    """Scans differ in which slice comes first. Slices of PNG and TIFF are hard links to as many files as a scan has slices."""
    volume = np.stack(list(slices()))
    pool = os.path.join(folder, "slices")
    os.makedirs(pool)
    for z, values in enumerate(volume):
        grey = ((values.astype(np.float64) - LOW) / (HIGH - LOW)).clip(0, 1) * 255
        Image.fromarray(np.round(grey).astype(np.uint8)).save(f"{pool}/{z}.png")
        tifffile.imwrite(f"{pool}/{z}.tif", (values + OFFSET).astype(np.uint16), compression="zlib")
    for scan in range(scans):
        for kind in ("png", "tif"):
            place = f"{folder}/{kind}/{'AB'[scan % 2]}/{scan}/1"
            os.makedirs(place)
            for z in range(depth):
                os.link(f"{pool}/{(z + scan) % depth}.{kind}", f"{place}/{z}.{kind}")
        place = f"{folder}/nii/{'AB'[scan % 2]}"
        os.makedirs(place, exist_ok=True)
        turned = np.roll(volume, -scan, 0).transpose(2, 1, 0)
        nibabel.save(nibabel.Nifti1Image(turned, np.diag([-0.7, -0.7, 5, 1])), f"{place}/{scan}.nii.gz")


def reduced(values):
    """Area averages of slices in [0, 1]."""
    step = side // size
    return values.reshape(-1, size, step, size, step).mean(axis=(2, 4), dtype=np.float32)


def windowed(hu):
    return ((hu.astype(np.float32) - LOW) / (HIGH - LOW)).clip(0, 1)


def decode(task):
    kind, path, out = task
    if kind == "png":
        pictures = []
        for z in range(depth):
            with Image.open(f"{path}/{z}.png") as picture:
                pictures.append(np.asarray(picture.resize((size, size), Image.Resampling.BOX), dtype=np.float32) / 255)
        cube = np.stack(pictures)
    elif kind == "tif":
        cube = np.concatenate([reduced(windowed(tifffile.imread(f"{path}/{z}.tif").astype(np.int32) - OFFSET)) for z in range(depth)])
    else:
        volume = np.asanyarray(nibabel.load(path).dataobj)
        cube = np.concatenate([reduced(windowed(volume[:, :, z].T)) for z in range(depth)])
    np.save(out, cube)
    return float(cube.mean(dtype=np.float64))


def paths(folder, kind):
    for group in sorted(os.listdir(folder)):
        for name in sorted(os.listdir(f"{folder}/{group}")):
            yield f"{folder}/{group}/{name}" + ("" if kind == "nii" else "/1")


if __name__ == "__main__":
    pool = multiprocessing.Pool(workers)
    for line in sys.stdin:
        request = json.loads(line)
        if request["task"] == "make":
            make(request["folder"], request["scans"])
            print(json.dumps({"milliseconds": 0, "means": []}), flush=True)
            continue
        kind, out = request["kind"], request["out"]
        started = time.perf_counter()
        tasks = [(kind, path, f"{out}/{index}") for index, path in enumerate(paths(request["folder"], kind))]
        means = pool.map(decode, tasks, chunksize=1)
        milliseconds = 1000 * (time.perf_counter() - started)
        print(json.dumps({"milliseconds": milliseconds, "means": means}), flush=True)
    pool.terminate()
