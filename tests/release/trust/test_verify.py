"""Images that are as they should be, and such that are not: every planted mismatch is found, and named."""

from signing import Keys, Published, look


def test_an_untouched_image_is_believed(good: Published, keys: Keys) -> None:
    """By its commit, by latest, and by its digest."""
    for name in ({"tag": "0123456"}, {"tag": "latest"}, {"digest": good.digest}):
        found = look(good.registry, keys, **name)
        assert found.digest == good.digest
