"""The peers, how each is installed, and what it can be held to."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Peer:
    """One side of the comparison.

    Parameters
    ----------
    name : str
        Name on the command line and in files.
    label : str
        Name in tables.
    module : str
        Program in this package.
    arguments : tuple of str
        Its arguments after the workload.
    requirements : tuple of str
        What pip installs into an environment of its own; none means the project's environment.
    environment : str
        Name of that environment; several peers may share one.
    shares_torch : bool
        Whether that environment sees the project's packages, so that torch is not stored twice.
    python : tuple of int
        Oldest Python that the peer runs on.
    exact : bool
        Whether it trains on exactly our batches in the first round, so that its model must equal ours.
    remark : str
        What a reader of the table must know.
    """

    name: str
    label: str
    module: str
    arguments: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    environment: str = ""
    shares_torch: bool = False
    python: tuple[int, int] = (3, 11)
    exact: bool = True
    remark: str = ""


OURS = Peer("ours-native", "cfmt native engine, 2 threads", "ours", ("--engine", "native"))

PEERS = (
    Peer(
        "ours-native-1",
        "cfmt native engine, 1 thread",
        "ours",
        ("--engine", "native", "--threads", "1"),
        remark="for the rows of one thread",
    ),
    Peer("ours-torch", "cfmt torch engine, 2 threads", "ours", ("--engine", "torch")),
    Peer("numpy", "numpy loop, 2 processes", "numpy_loop", remark="1 thread each"),
    Peer(
        "torch-loader",
        "PyTorch loop with DataLoader, 1 thread",
        "torch_loop",
        ("--idiom", "loader"),
        remark="the idiom of tutorials, in one process",
    ),
    Peer(
        "torch-tuned-1",
        "PyTorch tuned loop, 1 thread",
        "torch_loop",
        ("--idiom", "tuned", "--processes", "1"),
        remark="tuned by hand, without DataLoader and optimizer, in one process",
    ),
    Peer(
        "torch-tuned",
        "PyTorch tuned loop, 2 processes",
        "torch_loop",
        ("--idiom", "tuned", "--processes", "2"),
        remark="tuned by hand, the clients dealt over two processes of 1 thread",
    ),
    Peer("torch-func", "PyTorch vmap(grad), 2 threads", "torch_func"),
    Peer(
        "jax",
        "JAX jit(vmap(scan)), 2 threads",
        "jax_vmap",
        requirements=("jax",),
        environment="jax",
        remark="compilation not counted",
    ),
    Peer(
        "flower",
        "Flower simulation, 2 actors",
        "flower",
        requirements=("flwr[simulation]>=1.20",),
        environment="flower",
        shares_torch=True,
        remark="Ray, 1 processor an actor; its actors have started, and trained some clients, before round 1",
    ),
    Peer(
        "pfl",
        "pfl-research, 1 thread",
        "pfl",
        requirements=("pfl[pytorch]>=0.6,<0.7",),
        environment="pfl",
        shares_torch=True,
        remark="1 process; never shuffles again",
    ),
    Peer(
        "fedlab",
        "FedLab, 1 thread",
        "fedlab",
        requirements=("fedlab==1.3.0",),
        environment="fedlab",
        shares_torch=True,
        remark="1 process, its serial trainer",
    ),
    Peer(
        "blazefl",
        "BlazeFL, 2 threads",
        "blazefl",
        requirements=("blazefl[contrib,reproducibility]>=3",),
        environment="blazefl",
        shares_torch=True,
        python=(3, 14),
    ),
    Peer(
        "fedjax",
        "FedJAX, 2 threads",
        "fedjax",
        # the last releases of 2024 that it imports with
        requirements=("fedjax==0.0.17", "jax==0.4.25", "jaxlib==0.4.25", "dm-haiku==0.0.12", "numpy<2"),
        environment="fedjax",
        exact=False,
        remark="fills up each client's last batch with rows of a further pass",
    ),
)

MEAN = (
    Peer(
        "mean-cfmt",
        "cfmt.weighted_mean",
        "kernels",
        ("--kernel", "mean-cfmt"),
        remark="10,000 updates of the MLP",
    ),
    Peer(
        "mean-flower",
        "flwr.server.strategy.aggregate",
        "kernels",
        ("--kernel", "mean-flower"),
        requirements=("flwr[simulation]>=1.20",),
        environment="flower",
        shares_torch=True,
        remark="layer by layer",
    ),
)

MEAN_OF_MESSAGES = (
    MEAN[0],
    replace(
        MEAN[1],
        name="mean-flower-messages",
        label="flwr.serverapp, aggregate_arrayrecords",
        arguments=("--kernel", "mean-flower-messages"),
        remark="replies of the message API, their arrays serialised",
    ),
)

PARTITION = (
    Peer(
        "partition-cfmt",
        "cfmt.partition_dirichlet",
        "kernels",
        ("--kernel", "partition-cfmt"),
        exact=False,
        remark="the rows by family over 100,000 clients, Dirichlet(0.5)",
    ),
    Peer(
        "partition-flwr-datasets",
        "flwr_datasets DirichletPartitioner",
        "kernels",
        ("--kernel", "partition-flwr-datasets"),
        requirements=("flwr-datasets",),
        environment="flwr-datasets",
    ),
)


def chosen(names: str) -> tuple[Peer, ...]:
    """Look peers up by their names, separated by commas; ``all`` means all."""
    if names == "all":
        return PEERS
    known = {peer.name: peer for peer in PEERS}
    unknown = [name for name in names.split(",") if name not in known]
    if unknown:
        raise SystemExit(f"peers must be some of {', '.join(known)}, got {', '.join(unknown)}")
    return tuple(known[name] for name in names.split(","))
