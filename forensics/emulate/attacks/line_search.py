"""Search for the shortest way to another label along rays, from labels alone.

Sign-OPT: M. Cheng et al., "Sign-OPT: a query-efficient hard-label adversarial attack", ICLR 2020; rays without a gradient as in T. Maho,
T. Furon, E. Le Merrer, "SurFree: a fast surrogate-free black-box attack", CVPR 2021.
"""

from collections.abc import Generator

import numpy as np

from forensics.emulate.interface import ANY_ROWS, Answer, Matrix, TabularBehaviour, TabularClient, TabularEpisode


def episode(client: TabularClient) -> TabularEpisode:
    """One target: some rays, each swept and bisected; then the shortest is turned to where more of its neighbours cross."""
    model, rng = client.model, client.rng
    target = (client.row() - model.low) / model.span
    answer = yield (model.low + target * model.span)[None, :]
    label = answer.labels[0]
    farthest = float(np.sqrt(model.width))
    best, reach = _unit(rng.normal(size=model.width)), farthest
    for _ in range(int(rng.integers(3, 8))):
        ray = _unit(rng.normal(size=model.width))
        length = yield from _distance(client, target, label, ray, reach)
        best, reach = (ray, length) if length < reach else (best, reach)
    if reach == farthest:
        return
    turned = rng.random() < 0.7  # by Sign-OPT; otherwise tried at random
    for _ in range(int(rng.integers(4, 12))):
        aside = rng.normal(size=(int(rng.integers(8, 17)), model.width))
        ray = _unit(best + 0.4 * _unit(aside[0]))
        if turned:
            near = np.array([_unit(best + 0.05 * _unit(way)) for way in aside])
            answer = yield model.low + (target + reach * near) * model.span
            ray = _unit(best + 0.3 * _unit(np.where(answer.labels != label, 1.0, -1.0) @ aside))
        length = yield from _distance(client, target, label, ray, reach)
        best, reach = (ray, length) if length < reach else (best, reach)


def _distance(client: TabularClient, target: Matrix, label: int, ray: Matrix, most: float) -> Generator[Matrix, Answer, float]:
    """How far it is along a ray to another label: outwards in even steps, then by bisection; ``most`` where it is not nearer than that."""
    model, near = client.model, 0.0
    for far in np.linspace(0, most, 7)[1:]:
        answer = yield (model.low + (target + far * ray) * model.span)[None, :]
        if answer.labels[0] != label:
            break
        near = far
    else:
        return most
    while far - near > 0.01:
        middle = (near + far) / 2
        answer = yield (model.low + (target + middle * ray) * model.span)[None, :]
        near, far = (near, middle) if answer.labels[0] != label else (middle, far)
    return float(far)


def _unit(way: Matrix) -> Matrix:
    unit: Matrix = way / np.linalg.norm(way)
    return unit


BEHAVIOUR = TabularBehaviour(
    name="line_search",
    title="Decision-based search for an adversarial input along rays",
    options=ANY_ROWS,
    atlas="AML.T0043.001",
    episode=episode,
    models=("sepsis-risk", "glyph-reader"),
)
