"""A Ray cluster of two nodes on this machine, for tests: it does what the lines of its standard input say.

It runs in the environment that has Ray. `remove` takes the second node away, `fill`
puts more into the object store than it holds; each is answered by a line. The cluster ends with the input. Its argument
is the folder of its files, which has to be short.
"""

import sys

import numpy as np
import ray
from ray.cluster_utils import Cluster

NODE = {"num_cpus": 1, "num_gpus": 0, "include_dashboard": False, "object_store_memory": 80 * 2**20}
OBJECTS, OBJECT_BYTES = 5, 20 * 2**20


def main(folder: str) -> None:
    """Start the nodes, answer with the address, and follow the input."""
    cluster = Cluster(True, head_node_args=NODE | {"temp_dir": folder})
    second = cluster.add_node(**NODE)
    held = []
    print(cluster.address, flush=True)
    for line in sys.stdin:
        match line.strip():
            case "remove":
                cluster.remove_node(second, allow_graceful=False)
            case "fill":
                ray.init(cluster.address, log_to_driver=False)
                held += [ray.put(np.ones(OBJECT_BYTES, np.uint8)) for _ in range(OBJECTS)]
        print("done", flush=True)
    ray.shutdown()
    cluster.shutdown()


if __name__ == "__main__":
    main(sys.argv[1])
