"""How many threads the libraries of this process take."""

from threadpoolctl import threadpool_info


def threads_of_blas() -> set[int]:
    """Return how many threads a product of matrices may take."""
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}
