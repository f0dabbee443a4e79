"""Parquet and Arrow that were not written by friends."""

import decimal
import io
import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from batches import ARROW, CSV, JSON, PARQUET, arrow, parquet, prices, rows, send, table, write
from hypothesis import given, settings
from hypothesis import strategies as st
from toy import FULL, LEAST, MOST_BYTES, MOST_HOUSES, Client

from houseprice.serving.formats import messages

COLUMNS = table([LEAST] * MOST_HOUSES)
LONG = "x" * (MOST_BYTES // 10)


def refusal(client: Client, body: bytes, kind: str) -> tuple[int, str]:
    """Give back status and reason."""
    answer = send(client.app, body, kind)
    detail = answer.json()["detail"]
    return answer.status_code, detail if isinstance(detail, str) else detail[0]["msg"]


@pytest.mark.parametrize("codec", ["none", "snappy", "gzip", "zstd", "lz4", "brotli"])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("dictionary", [True, False])
def test_parquet_is_read_however_it_is_written(client: Client, codec: str, version: str, dictionary: bool) -> None:
    """Codecs, pages of both versions, dictionaries, groups of rows, checksums and blanks change nothing."""
    columns = table([FULL, LEAST] * 20)
    body = parquet(
        columns,
        compression=codec,
        data_page_version=version,
        use_dictionary=dictionary,
        row_group_size=7,
        write_page_checksum=True,
        write_page_index=True,
    )
    expected = prices(send(client.app, write([FULL, LEAST] * 20, JSON), JSON))
    answer = send(client.app, body, PARQUET)
    assert answer.status_code == 200, answer.text
    assert prices(answer) == expected


@pytest.mark.parametrize("codec", [None, "lz4", "zstd"])
def test_arrow_is_read_however_it_is_written(client: Client, codec: str | None) -> None:
    """Codecs, several batches and dictionaries change nothing."""
    columns = table([FULL, LEAST] * 20)
    place = columns.column_names.index("zip")
    columns = columns.set_column(place, "zip", columns["zip"].dictionary_encode())
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, columns.schema, options=pa.ipc.IpcWriteOptions(compression=codec)) as stream:
        for batch in columns.to_batches(max_chunksize=7):
            stream.write_batch(batch)
    answer = send(client.app, sink.getvalue(), ARROW)
    assert answer.status_code == 200, answer.text
    assert prices(answer) == prices(send(client.app, write([FULL, LEAST] * 20, JSON), JSON))
    assert pa.types.is_dictionary(pa.ipc.open_stream(answer.content).read_all().schema.field("zip").type)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("living area", pa.array([decimal.Decimal("120.5")])),
        ("rooms", pa.array([4], pa.uint8())),
        ("rooms", pa.array([4.0], pa.float32())),
        ("zip", pa.array([98178])),
        ("zip", pa.array([98178.0])),
        ("zip", pa.array(["98178"], pa.large_string())),
        ("sold", pa.array([date(2014, 10, 13)])),
        ("sold", pa.array([datetime(2014, 10, 13, 23, 59, 59, tzinfo=UTC)], pa.timestamp("ns", "UTC"))),
        ("sold", pa.array([1413244799999999999], pa.timestamp("ns"))),
        ("pool", pa.array([True])),
        ("note", pa.array([None], pa.null())),
    ],
)
@pytest.mark.parametrize("kind", [PARQUET, ARROW])
def test_a_column_may_be_of_any_kind_that_says_the_same(client: Client, kind: str, name: str, values: Any) -> None:
    """What programs make of a column does not change the price, and comes back as it was."""
    columns = table([FULL])
    place = columns.column_names.index(name) if name in columns.column_names else columns.num_columns
    columns = columns.set_column(place, name, values) if name in FULL else columns.append_column(name, values)
    body = parquet(columns) if kind == PARQUET else arrow(columns)
    answer = send(client.app, body, kind)
    assert answer.status_code == 200, answer.text
    assert prices(answer) == prices(send(client.app, write([FULL], JSON), JSON))
    assert rows(answer)[0][name] == values[0].as_py()
    assert send(client.app, body, kind, CSV).status_code == 200


@pytest.mark.parametrize("kind", [PARQUET, ARROW])
def test_null_and_no_number_are_blanks(client: Client, kind: str) -> None:
    """Programs write either; an infinite number is a fault."""
    house = {**FULL, "lot": None}
    expected = prices(send(client.app, write([house], JSON), JSON))
    for blank in (None, float("nan")):
        assert prices(send(client.app, write([{**FULL, "lot": blank}], kind), kind)) == expected
    assert refusal(client, write([{**FULL, "lot": float("inf")}], kind), kind)[0] == 422


@pytest.mark.parametrize(
    "values",
    [
        pa.array([[1, 2]]),
        pa.array([{"a": 1}]),
        pa.array([b"abc"]),
        pa.array(["a"], pa.string_view()),
        pa.array([datetime(2014, 1, 1) - datetime(2013, 1, 1)]),
    ],
)
@pytest.mark.parametrize("kind", [PARQUET, ARROW])
def test_a_column_of_another_kind_is_refused(client: Client, kind: str, values: Any) -> None:
    """A house has none, and some are how a few bytes stand for very many."""
    columns = table([FULL]).append_column("other", values)
    status, reason = refusal(client, parquet(columns) if kind == PARQUET else arrow(columns), kind)
    assert status in (413, 422)
    if kind == ARROW:
        assert '"other" holds' in reason


def test_a_day_that_no_calendar_holds_is_refused(client: Client) -> None:
    """Arrow knows days that Python does not."""
    for values in (pa.array([2**62], pa.timestamp("s")), pa.array([2**30], pa.date32())):
        columns = table([FULL]).set_column(0, "sold", values)
        assert refusal(client, arrow(columns), ARROW)[0] == 422


@pytest.mark.parametrize("kind", [PARQUET, ARROW])
def test_columns_twice_or_answered_already_are_refused(client: Client, kind: str) -> None:
    """Nobody could tell which is meant."""
    columns = table([FULL])
    for name in ("rooms", "warnings"):
        more = columns.append_column(name, pa.array([4]))
        assert refusal(client, parquet(more) if kind == PARQUET else arrow(more), kind)[0] == 422
    more = columns.append_column("note", pa.array([4])).append_column("note", pa.array([4]))
    assert refusal(client, parquet(more) if kind == PARQUET else arrow(more), kind)[0] == 422


@pytest.mark.parametrize("codec", ["zstd", "gzip", "snappy"])
def test_a_parquet_that_unpacks_to_too_much_is_refused_before(client: Client, codec: str) -> None:
    """By the size that its pages state, not after the memory is gone."""
    columns = COLUMNS.append_column("note", pa.array([LONG + str(row) for row in range(MOST_HOUSES)]))
    body = parquet(columns, compression=codec, use_dictionary=False)
    assert len(body) < MOST_BYTES
    status, reason = refusal(client, body, PARQUET)
    assert (status, f"more than {MOST_BYTES} bytes when decompressed" in reason) == (413, True)


def test_a_parquet_that_understates_its_size_is_refused(client: Client) -> None:
    """The footer is not believed: the pages themselves are asked."""
    columns = COLUMNS.append_column("note", pa.array([LONG + str(row) for row in range(MOST_HOUSES)]))
    body = parquet(columns, compression="zstd", use_dictionary=False)
    stated = pq.ParquetFile(io.BytesIO(body)).metadata.row_group(0).column(4).total_uncompressed_size
    forged = body.replace(_varint(2 * stated), _varint(2 * 100, len(_varint(2 * stated))))
    assert forged != body
    assert pq.ParquetFile(io.BytesIO(forged)).metadata.row_group(0).column(4).total_uncompressed_size == 100
    assert refusal(client, forged, PARQUET)[0] == 413


@pytest.mark.parametrize("kind", [PARQUET, ARROW])
def test_a_dictionary_that_repeats_a_long_text_is_refused(client: Client, kind: str) -> None:
    """Each row would hold the text anew."""
    note = pa.array([LONG] * MOST_HOUSES)
    columns = COLUMNS.append_column("note", note if kind == PARQUET else note.dictionary_encode())
    body = parquet(columns, use_dictionary=True) if kind == PARQUET else arrow(columns)
    status, reason = refusal(client, body, kind)
    assert (status, "when decompressed" in reason) == (413, True)


def test_texts_that_share_a_beginning_are_refused(client: Client) -> None:
    """Each would repeat what the one before it holds."""
    columns = COLUMNS.append_column("note", pa.array([LONG] * MOST_HOUSES))
    body = parquet(columns, use_dictionary=False, column_encoding={"note": "DELTA_BYTE_ARRAY"})
    status, reason = refusal(client, body, PARQUET)
    assert (status, "DELTA_BYTE_ARRAY" in reason) == (422, True)


def test_an_arrow_that_unpacks_to_too_much_is_refused_before(client: Client) -> None:
    """By the size that stands in front of each buffer."""
    columns = COLUMNS.append_column("note", pa.array([LONG + str(row) for row in range(MOST_HOUSES)]))
    body = arrow(columns, "zstd")
    assert len(body) < MOST_BYTES
    status, reason = refusal(client, body, ARROW)
    assert (status, "when decompressed" in reason) == (413, True)


@pytest.mark.parametrize("kind", [PARQUET, ARROW])
def test_rows_of_nothing_are_counted(client: Client, kind: str) -> None:
    """A million blanks take no bytes at all."""
    columns = pa.table({"rooms": pa.nulls(10**6)})
    status, reason = refusal(client, parquet(columns) if kind == PARQUET else arrow(columns), kind)
    assert (status, f"more than {MOST_HOUSES} houses" in reason) == (413, True)


def test_very_many_pieces_are_refused(client: Client) -> None:
    """Columns, groups of rows and batches cost time, however small they are."""
    wide = pa.table({f"c{number}": pa.nulls(1) for number in range(1001)})
    for body, kind in ((arrow(wide), ARROW), (parquet(wide), PARQUET)):
        assert refusal(client, body, kind)[0] == 413


@pytest.mark.parametrize("kind", [PARQUET, ARROW])
@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_no_damage_breaks_the_server(client: Client, kind: str, data: st.DataObject) -> None:
    """Whichever bytes are changed, cut off or added: a price, or a reason."""
    houses = [FULL, LEAST]
    body = bytearray(parquet(table(houses), use_dictionary=False) if kind == PARQUET else arrow(table(houses), "lz4"))
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.none() | st.integers(0, len(body)))
    answer = send(client.app, bytes(body[:cut]), kind, JSON)
    assert answer.status_code in (200, 413, 422)
    assert len(json.dumps(answer.json())) < 20_000


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_no_damage_ends_the_process(kind: str) -> None:
    """A reader that is not Python's may take everything with it; so this happens in a process of its own."""
    command = [sys.executable, str(Path(__file__).with_name("damage.py")), kind, "0", "4000"]
    path = os.pathsep.join((str(Path(__file__).parent), str(Path(__file__).parents[1])))
    said = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, env=os.environ | {"PYTHONPATH": path}
    )
    last = (said.stdout.split() or ["none"])[-1]
    assert said.returncode == 0, f"number {last} ended it with {said.returncode}: {said.stderr[-500:]}"
    assert last == "3999"


@pytest.mark.parametrize("byte", [b"\x19", b"\x1c", b"\x15"])
def test_a_footer_that_was_built_to_harm_is_refused(client: Client, byte: bytes) -> None:
    """Lists in lists in lists, structs in structs, a number without an end."""
    size = 1900
    status, reason = refusal(client, b"PAR1" + byte * size + size.to_bytes(4, "little") + b"PAR1", PARQUET)
    assert (status, "is not a Parquet file" in reason) == (422, True)


def test_texts_come_back_as_texts(client: Client) -> None:
    """How they were packed on the way is no kind of theirs."""
    for columns in (table([FULL, LEAST]), table([FULL])):
        for body in (parquet(columns), parquet(columns, use_dictionary=False)):
            answer = pq.read_table(io.BytesIO(send(client.app, body, PARQUET).content))
            assert answer.schema.field("zip").type == pa.string()


def test_texts_that_are_packed_by_their_lengths_are_read(client: Client) -> None:
    """Nothing in them repeats."""
    encoding = {"zip": "DELTA_LENGTH_BYTE_ARRAY"}
    body = parquet(table([FULL]), use_dictionary=False, column_encoding=encoding)
    assert send(client.app, body, PARQUET).status_code == 200


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=80))
def test_no_bytes_break_the_weighing_of_a_message(metadata: bytes) -> None:
    """What is no metadata is said to be none."""
    try:
        found = messages.size(metadata, memoryview(metadata), dictionary=False)
    except ValueError:
        return
    assert found.rows >= 0


def _varint(number: int, length: int = 0) -> bytes:
    out = bytearray()
    while number > 127 or len(out) + 1 < length:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])
