"""Golden values of the metrics, from scikit-learn, SciPy and MLstatkit.

    python3 -m venv venv && venv/bin/pip install scikit-learn==1.9.1 scipy==1.17.1 numpy
    venv/bin/pip install --no-deps MLstatkit==0.1.91 pandas
    venv/bin/python test/golden/make_metrics.py test/golden

writes metrics.json: inputs, results, versions. What scikit-learn lacks is computed here from the
definition, by other means than the TypeScript code: DeLong's components by comparing every positive
with every negative, the calibration error by masks.
"""
import json
import pathlib
import platform
import sys

import numpy as np
import scipy
import sklearn
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from scipy.stats import norm
from sklearn import metrics
from MLstatkit import Delong_test
from importlib.metadata import version

random = np.random.default_rng(20210126)


def calibration_error(labels, probabilities, bins):
    confidence, predicted = probabilities.max(1), probabilities.argmax(1)
    error = 0.0
    for low, high in zip(np.linspace(0, 1, bins + 1)[:-1], np.linspace(0, 1, bins + 1)[1:]):
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            error += inside.mean() * abs((predicted == labels)[inside].mean() - confidence[inside].mean())
    return error


def scores(scans, classes, positive):
    labels = random.integers(0, classes, scans)
    logits = np.round(random.normal(0, 1.2, (scans, classes)) + 1.1 * np.eye(classes)[labels], 1)
    probabilities = softmax(logits, axis=1)
    predicted = probabilities.argmax(1)
    truth, called = labels == positive, predicted == positive
    optimum = minimize_scalar(
        lambda t: -log_softmax(logits / t, axis=1)[np.arange(scans), labels].mean(),
        bounds=(0.05, 20), method="bounded", options={"xatol": 1e-12})
    area = (metrics.roc_auc_score(labels, probabilities, multi_class="ovr", average="macro") if classes > 2
            else metrics.roc_auc_score(labels, probabilities[:, 1]))
    return {
        "classes": classes, "positive": positive, "labels": labels.tolist(), "logits": logits.flatten().tolist(),
        "confusion": metrics.confusion_matrix(labels, predicted, labels=range(classes)).tolist(),
        "temperature": optimum.x,
        "likelihood": [metrics.log_loss(labels, probabilities), float(optimum.fun)],
        "scores": {
            "accuracy": metrics.accuracy_score(labels, predicted),
            "balancedAccuracy": metrics.balanced_accuracy_score(labels, predicted),
            "precision": metrics.precision_score(truth, called),
            "sensitivity": metrics.recall_score(truth, called),
            "specificity": metrics.recall_score(~truth, ~called),
            "f1": metrics.f1_score(truth, called),
            "auc": area,
            "aucPositive": metrics.roc_auc_score(truth, probabilities[:, positive]),
            "ece": calibration_error(labels, probabilities, 15),
            "brier": metrics.brier_score_loss(labels, probabilities, scale_by_half=False),
        },
    }


def delong(positives, negatives):
    truth = np.array([True] * positives + [False] * negatives)
    shared = truth * 1.0 + random.normal(0, 1, truth.size)
    models = [np.round(shared + random.normal(0, spread, truth.size), 1) for spread in (0.4, 1.2)]
    wins = [((x := s[truth])[:, None] > (y := s[~truth])) + 0.5 * (x[:, None] == y) for s in models]
    v10, v01 = np.array([w.mean(1) for w in wins]), np.array([w.mean(0) for w in wins])
    covariance = np.cov(v10) / positives + np.cov(v01) / negatives
    aucs = [metrics.roc_auc_score(truth, s) for s in models]
    z = (aucs[0] - aucs[1]) / np.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    package = Delong_test(truth.astype(int), *models)
    return {
        "positive": truth.tolist(), "first": models[0].tolist(), "second": models[1].tolist(), "auc": aucs,
        "variance": [covariance[0, 0], covariance[1, 1]], "covariance": covariance[0, 1], "z": z,
        "p": 2 * norm.sf(abs(z)), "package": {"z": float(package[0]), "p": float(package[1])},
    }


folder = pathlib.Path(sys.argv[1])
made = {"command": "python make_metrics.py test/golden", "python": platform.python_version(), "numpy": np.__version__,
        "scikit-learn": sklearn.__version__, "scipy": scipy.__version__, "MLstatkit": version("MLstatkit")}
document = {
    "made": made,
    "tolerance": "1e-12 absolute; temperatures 1e-6, where the curve is flat",
    "predictions": [scores(61, 3, 1), scores(40, 2, 1), scores(200, 5, 0)],
    "delong": [delong(12, 17), delong(60, 45)],
    "normalUpperTail": [[x, norm.sf(x)] for x in (0.0, 0.3, 1.0, 1.959963984540054, 2.4999, 2.5001, 4.0, 8.0, -1.5)],
}
(folder / "metrics.json").write_text(json.dumps(document, default=float) + "\n")
