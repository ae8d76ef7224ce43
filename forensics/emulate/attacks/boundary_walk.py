"""Search for the nearest input with another label, from labels alone.

HopSkipJump: J. Chen, M. Jordan, M. Wainwright, "HopSkipJumpAttack: a query-efficient decision-based attack", IEEE S&P 2020.
"""

import numpy as np

from forensics.emulate.interface import ANY_ROWS, Matrix, TabularBehaviour, TabularClient, TabularEpisode


def episode(client: TabularClient) -> TabularEpisode:
    """One target: bisect to the boundary, estimate its normal on a small sphere, step along it, and again."""
    model, rng = client.model, client.rng
    start, target = (client.natural(2) - model.low) / model.span
    answer = yield _rows(client, target)
    label = answer.labels[0]
    for _ in range(8):  # a start on the other side
        answer = yield _rows(client, start)
        if answer.labels[0] != label:
            break
        start = rng.random(model.width)
    else:
        return
    for turn in range(int(rng.integers(3, 7))):
        near, far = target, start
        while np.abs(far - near).max() > 0.01:
            middle = (near + far) / 2
            answer = yield _rows(client, middle)
            near, far = (near, middle) if answer.labels[0] != label else (middle, far)
        radius = max(np.linalg.norm(far - target) / np.sqrt(model.width), 0.02)
        sphere = rng.normal(size=(int(8 * np.sqrt(turn + 1)), model.width))
        sphere *= radius / np.linalg.norm(sphere, axis=1, keepdims=True)
        answer = yield model.low + (far + sphere) * model.span
        sides = np.where(answer.labels != label, 1.0, -1.0)
        normal = (sphere * (sides - sides.mean())[:, None]).sum(axis=0)
        if not normal.any():
            normal = sphere.sum(axis=0)
        step = np.linalg.norm(far - target) / np.sqrt(turn + 1)
        while step > 0.01:  # halve until the step stays on the far side
            start = far + step * normal / np.linalg.norm(normal)
            answer = yield _rows(client, start)
            if answer.labels[0] != label:
                break
            step /= 2
        else:
            return


def _rows(client: TabularClient, point: Matrix) -> Matrix:
    row: Matrix = (client.model.low + point * client.model.span)[None, :]
    return row


BEHAVIOUR = TabularBehaviour(
    name="boundary_walk",
    title="Decision-based search for an adversarial input",
    options=ANY_ROWS,
    atlas="AML.T0043.001",
    episode=episode,
    models=("sepsis-risk", "glyph-reader"),
)
