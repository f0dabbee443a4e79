"""Pickles that hold plain values only: the same content is always the same bytes."""

import os
import pickle
import pickletools
import subprocess
import sys

from houseprice.learning.features import Preprocessor
from houseprice.schema import Schema
from learning.houses import SCHEMA, sales

MADE = sales({}, {"quarter": "south"}, {"quarter": ""})


def test_a_pickle_comes_back_whole() -> None:
    """The schema is a schema again, and the object works as before."""
    fitted = Preprocessor(SCHEMA, ("age_at_sale",)).fit(MADE)
    again = pickle.loads(pickle.dumps(fitted, protocol=5))
    assert again.schema == SCHEMA
    assert isinstance(again.schema, Schema)
    assert again.transform(MADE).equals(fitted.transform(MADE))
    assert pickle.dumps(again, protocol=5) == pickle.dumps(fitted, protocol=5)


def test_pickling_does_not_change_the_object() -> None:
    """Its schema stays a schema."""
    fitted = Preprocessor(SCHEMA).fit(MADE)
    pickle.dumps(fitted)
    assert isinstance(fitted.schema, Schema)


def test_the_order_in_which_attributes_were_set_does_not_matter() -> None:
    """They are written in the order of their names."""
    fitted = Preprocessor(SCHEMA).fit(MADE)
    turned = Preprocessor(SCHEMA)
    for name in reversed(list(vars(fitted))):
        setattr(turned, name, getattr(fitted, name))
    assert pickle.dumps(turned) == pickle.dumps(fitted)


def test_a_pickle_names_no_class_of_pydantic() -> None:
    """Its bookkeeping holds sets, whose order differs from one process to the next."""
    written = pickle.dumps(Preprocessor(SCHEMA).fit(MADE), protocol=5)
    words = {argument for _, argument, _ in pickletools.genops(written) if isinstance(argument, str)}
    assert not [word for word in words if "pydantic" in word or word == "houseprice.schema"]
    assert "houseprice.learning.features" in words


def test_the_bytes_do_not_hang_on_the_hash_seed() -> None:
    """Two processes with their own order of sets write the same schema."""
    code = (
        "import pickle, sys\n"
        "sys.path.insert(0, 'tests')\n"
        "from houseprice.schema import Schema, Column\n"
        "from houseprice.learning.deterministic_pickle import PlainPickle\n"
        "class Thing(PlainPickle):\n"
        "    _values = {'schema': Schema}\n"
        "columns = {n: Column(kind=k, role=r, description=n, required=True) for n, k, r in\n"
        "    [('a', 'category', 'parcel'), ('b', 'date', 'sale_date'), ('c', 'number', 'target')]}\n"
        "thing = Thing(); thing.schema = Schema(columns=columns)\n"
        "print(pickle.dumps(thing).hex())\n"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(found) == 1
