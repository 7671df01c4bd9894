"""What a title has to say: data, clients, skew, prevalence, scaling and seeds."""

from __future__ import annotations

from dataclasses import dataclass

from cfmt.partition import PartitionSpec

__all__ = ["Setting"]


@dataclass(frozen=True)
class Setting:
    """Under what conditions figures were found.

    Parameters
    ----------
    data : str
        Name of the data set.
    synthetic : bool
        Whether the traffic is generated; titles then say so.
    partition : PartitionSpec
        How rows were split over clients.
    seeds : tuple of int
        Seeds of the runs.
    scaling : str, default=""
        How numeric features were scaled; empty where no model is meant.
    saved : bool, default=False
        Whether the split was loaded, so that seeds do not move it.

    Examples
    --------
    >>> from cfmt.experiment.setting import Setting
    >>> from cfmt.partition import PartitionSpec
    >>> spec = PartitionSpec(n_clients=100, alpha=0.3, prevalence=0.05)
    >>> Setting("nsl-kdd", False, spec, seeds=(0, 1)).describe()
    'nsl-kdd · 100 clients · Dirichlet alpha = 0.3 by family · attacks 5 % · 2 seeds'
    """

    data: str
    synthetic: bool
    partition: PartitionSpec
    seeds: tuple[int, ...]
    scaling: str = ""
    saved: bool = False

    @property
    def data_title(self) -> str:
        """The data set, and that it is synthetic if it is."""
        return f"SYNTHETIC data ({self.data})" if self.synthetic else self.data

    def describe(self) -> str:
        """Write the setting on one line, for titles."""
        spec = self.partition
        clients = "1 client" if spec.n_clients == 1 else f"{spec.n_clients:,} clients"
        parts = [self.data_title, clients, self._skew(), self._prevalence(), self._scaling(), self._seeds()]
        return " · ".join(part for part in parts if part)

    def _skew(self) -> str:
        """Write how unlike the clients are: their labels, and their sizes where these are skewed."""
        spec = self.partition
        if spec.scheme == "column":
            return f"by {spec.column}"
        labels = "IID" if spec.scheme == "iid" else f"Dirichlet alpha = {spec.alpha:g} by {spec.on}"
        return labels if spec.size_alpha is None else f"{labels}, sizes alpha = {spec.size_alpha:g}"

    def _prevalence(self) -> str:
        """Write the imposed share of attacks in percent; empty where none is."""
        match self.partition.prevalence:
            case None:
                return ""
            case (low, high):
                return f"attacks {100 * low:.3g}-{100 * high:.3g} %"
            case share:
                return f"attacks {100 * share:.3g} %"

    def _scaling(self) -> str:
        """Write how features were scaled; empty where no model is meant."""
        return f"{self.scaling} scaling" if self.scaling else ""

    def _seeds(self) -> str:
        """Write the one seed, or the number of seeds, and whether they share a split."""
        if len(self.seeds) == 1:
            return f"seed {self.seeds[0]}"
        if not self.seeds:
            return ""
        return f"{len(self.seeds)} seeds" + (", one split for all" if self.saved else "")
