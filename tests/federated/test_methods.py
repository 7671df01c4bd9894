"""Methods are values, and refuse settings that cannot be."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import pytest

from cfmt.federated import (
    METHODS,
    Clustering,
    FixedMu,
    LearnedMu,
    MetaSampler,
    Method,
    Settings,
    ablations,
    cfmt,
    fedavg,
    fedprox,
    method_named,
)


def test_methods_are_frozen_values() -> None:
    assert fedprox() == fedprox()
    assert fedprox(0.0) == Method("fedprox")
    with pytest.raises(FrozenInstanceError):
        fedavg().prox_mu = 1.0  # type: ignore[misc]


def test_every_method_has_its_own_name() -> None:
    assert {name: method_named(name).name for name in METHODS} == {name: name for name in METHODS}


def test_an_ablation_differs_in_one_thing() -> None:
    base = cfmt()
    for name, method in ablations(base).items():
        differing = [f.name for f in fields(Method) if getattr(method, f.name) != getattr(base, f.name)]
        as_base = name in ("cfmt-learned", "cfmt-uniform-minority")  # which differ from other bases
        assert len(differing) == (1 if as_base else 2), name
        assert "name" in differing
        assert method_named(name) == method


def test_only_a_method_with_parts_can_be_taken_apart() -> None:
    with pytest.raises(ValueError, match="base must have a meta-sampler and clusters, got 'fedavg'"):
        ablations(fedavg())


def test_an_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(ValueError, match=r"fedavg, fedprox.*cfmt-random-mu.*got 'fedsgd'"):
        method_named("fedsgd")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FixedMu(1.1), r"mu must lie in \[0, 1\], got 1.1"),
        (lambda: FixedMu(float("nan")), r"mu must lie in \[0, 1\], got nan"),
        (lambda: MetaSampler(sigma=0), "sigma must be a finite number > 0, got 0"),
        (lambda: MetaSampler(bins=0), "bins must be a finite number > 0, got 0"),
        (lambda: LearnedMu(min_transitions=0), "min_transitions must be a finite number > 0, got 0"),
        (lambda: Clustering(k=9), r"k must lie in 1..k_max = 5, got 9"),
        (lambda: Clustering(every=0), "every must be a finite number > 0, got 0"),
        (lambda: Clustering(mixture=2), r"mixture must lie in \[0, 1\], got 2"),
        (lambda: Method("m", prox_mu=-1), "prox_mu must be a finite number >= 0, got -1"),
        (lambda: Method("m", prox_mu=float("nan")), "prox_mu must be a finite number >= 0, got nan"),
        (lambda: Settings(rounds=0), "rounds must be at least 1, got 0"),
        (lambda: Settings(cohort=0), r"cohort must lie in \(0, 1\], got 0"),
        (lambda: Settings(thresholds=()), "thresholds must hold at least one rule, got none"),
    ],
)
def test_bad_settings_are_named(make, message) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=message):
        make()
