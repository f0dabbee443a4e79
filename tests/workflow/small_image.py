"""Write a small image of a commit, with the real bundle, that passed its test into models/image: for runs that publish.

SMALL_IMAGE is part of its content: another text makes other bytes of the same commit.
"""

import json
import os
from pathlib import Path

from tiny_image import Tiny, both, lay

image = Tiny.of(Path("models/bundle"), os.environ["GITHUB_SHA"])
image.layers[0]["etc/small-image"] = os.environ.get("SMALL_IMAGE", "").encode()
layout = lay(Path("models/image"), both(image))
(layout.folder / "image-test.json").write_text(json.dumps({"digest": layout.digest, "passed": True}))
