"""JAX: the clients of a group in one ``jit(vmap(scan))``, compiled once for each shape."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from peers.groups import Group, best_size, groups
from peers.protocol import LEARNING_RATE, PROX_MU, Floats, Session, layers, serve

Model = tuple[jax.Array, ...]
Batch = tuple[jax.Array, jax.Array]


def main() -> None:
    """Serve rounds."""
    session = Session(("jax", "jaxlib", "numpy"))
    workload = session.workload
    X, y = jnp.asarray(workload.X), jnp.asarray(workload.y, jnp.float32)
    model: Floats = workload.model
    rng = np.random.default_rng(0)
    size = 0

    def train(group: Group) -> jax.Array:
        start = tuple(jnp.asarray(part) for part in layers(model, workload.n_features))
        rows = group.rows.astype(np.int32)
        return train_group(start, X, y, rows, group.weights, group.sizes.astype(np.float32))

    def play(round: int) -> Floats:
        nonlocal model, size
        order = workload.ordered(round, rng)
        if not size:
            size = best_size(workload, order, train, round_up=few_shapes)
            session.notes["clients in a group"] = size
        sums = [train(group) for group in groups(workload, order, size, round_up=few_shapes)]
        model = np.asarray(sum(sums) / len(order), np.float32)
        return model

    serve(session, play)


@jax.jit
def train_group(
    start: Model, X: jax.Array, y: jax.Array, rows: jax.Array, weights: jax.Array, sizes: jax.Array
) -> jax.Array:
    """Train a group's clients; return their models' sum, weighted by rows, flat."""

    def loss(model: Model, batch: Batch) -> jax.Array:
        at, weight = batch
        w1, b1, w2, b2 = model
        logits = jax.nn.relu(X[at] @ w1.T + b1) @ w2 + b2
        data = jnp.sum(weight * (jax.nn.softplus(logits) - y[at] * logits))
        pull = sum(jnp.sum((now - before) ** 2) for now, before in zip(model, start, strict=True))
        return data + jnp.any(weight > 0) * PROX_MU / 2 * pull

    def step(model: Model, batch: Batch) -> tuple[Model, None]:
        slope = jax.grad(loss)(model, batch)
        return jax.tree.map(lambda now, by: now - LEARNING_RATE * by, model, slope), None

    def client(rows: jax.Array, weights: jax.Array) -> Model:
        model: Model = jax.lax.scan(step, start, (rows, weights))[0]
        return model

    models = jax.vmap(client)(rows, weights)
    return jnp.concatenate([jnp.tensordot(sizes, part, 1).ravel() for part in models])


def few_shapes(n_steps: int) -> int:
    """Raise a number of steps to a power of two or one and a half times that: at most a third is padding."""
    power = 1 << (n_steps - 1).bit_length()
    return power * 3 // 4 if n_steps <= power * 3 // 4 else power


if __name__ == "__main__":
    main()
