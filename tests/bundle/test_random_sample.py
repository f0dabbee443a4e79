"""The random sample: drawn by the digest of the data, and by nothing else."""

import hashlib
import hmac

import pytest

from houseprice.bundle.random_sample import draw_sample

DIGEST = hashlib.sha256(b"some sales").hexdigest()


def test_a_sample_is_the_first_rows_by_hmac_of_the_digest() -> None:
    """As the method says it: key and message are what an auditor takes."""
    rows = range(100, 200)
    by_hand = {hmac.new(bytes.fromhex(DIGEST), b"%d" % row, hashlib.sha256).hexdigest(): row for row in rows}
    assert draw_sample(DIGEST, rows, 7) == [by_hand[key] for key in sorted(by_hand)][:7]


def test_the_beginning_of_a_sample_is_a_smaller_sample() -> None:
    """Whatever the order in which the rows are given."""
    assert draw_sample(DIGEST, range(500), 300)[:20] == draw_sample(DIGEST, reversed(range(500)), 20)


def test_of_few_rows_all_are_drawn() -> None:
    """Each once."""
    assert sorted(draw_sample(DIGEST, range(5), 300)) == [0, 1, 2, 3, 4]


def test_other_data_give_another_sample() -> None:
    """One changed byte of the table changes nearly all of it."""
    other = hashlib.sha256(b"some salez").hexdigest()
    drawn, again = (set(draw_sample(digest, range(3000), 300)) for digest in (DIGEST, other))
    assert len(drawn & again) < 60  # 30 are expected by chance


@pytest.mark.parametrize("size", [50, 300])
def test_no_part_of_the_table_is_preferred(size: int) -> None:
    """Over many tables, each tenth of the rows gives a tenth of the samples, within four standard errors."""
    counts = [0] * 10
    tables = 60
    for table in range(tables):
        for row in draw_sample(hashlib.sha256(b"%d" % table).hexdigest(), range(1000), size):
            counts[row // 100] += 1
    expected = tables * size / 10
    assert all(abs(count - expected) < 4 * (0.9 * expected) ** 0.5 for count in counts)
