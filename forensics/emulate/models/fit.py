"""Fitting with scikit-learn, and answering without it: a call of its predict costs more than the arithmetic of one row."""

import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

Matrix = NDArray[np.float64]
Labels = NDArray[np.int64]


def softmax(logits: Matrix) -> Matrix:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Matrix = raised / raised.sum(axis=1, keepdims=True)
    return shares


def forest(rows: Matrix, labels: Labels, seed: int) -> Callable[[Matrix], Matrix]:
    """Trees grown to the last row: what they were trained on is answered with more confidence than anything else."""
    fitted = RandomForestClassifier(n_estimators=25, random_state=seed).fit(rows, labels)
    trees = [tree.tree_ for tree in fitted.estimators_]

    def score(asked: Matrix) -> Matrix:
        single = np.ascontiguousarray(asked, dtype=np.float32)
        votes = np.sum([tree.predict(single) for tree in trees], axis=0)
        shares: Matrix = votes / votes.sum(axis=1, keepdims=True)
        return shares

    return score


def network(rows: Matrix, labels: Labels, seed: int) -> Callable[[Matrix], Matrix]:
    """A small net, trained until it has learnt its rows by heart."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it is stopped when it knows them, not when it is done
        fitted = MLPClassifier((32,), solver="lbfgs", alpha=0.1, max_iter=120, random_state=seed).fit(rows, labels)
    (first, second), (offset, shift) = fitted.coefs_, fitted.intercepts_
    return lambda asked: softmax(np.maximum(asked @ first + offset, 0) @ second + shift)


def linear(rows: Matrix, labels: Labels) -> Callable[[Matrix], Matrix]:
    """Multinomial regression with little penalty."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = LogisticRegression(C=2.0, max_iter=300).fit(rows, labels)
    weights, offset = fitted.coef_.T.copy(), fitted.intercept_.copy()
    return lambda asked: softmax(asked @ weights + offset)
