"""Micro-batching: requests that arrive together share model calls, and each gets its own predictions."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from toy import FULL, LEAST

from houseprice.errors import ServingError
from houseprice.serving.micro_batching import ALONE, MAX_BATCH_SIZE, MicroBatcher
from houseprice.serving.prediction import Prediction
from houseprice.serving.request import House
from houseprice.serving.scorer import Scorer


class CountingScorer:
    """The real scorer, which notes how many houses each call had and fails for houses of 13 rooms."""

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer
        self.calls: list[int] = []

    def score(self, houses: Sequence[House]) -> list[Prediction]:
        """Return the predictions."""
        self.calls.append(len(houses))
        if any(house["rooms"] == 13 for house in houses):
            raise ServingError("The model failed.")
        return self._scorer.score(houses)


@pytest.fixture
def counting(scorer: Scorer) -> CountingScorer:
    """Return a scorer that counts its calls."""
    return CountingScorer(scorer)


def predict_together(counting: CountingScorer, requests: Sequence[Sequence[House]]) -> list[Any]:
    """Send some requests at once; return what each got, an exception where it failed."""

    async def send() -> list[Any]:
        batcher = MicroBatcher(counting)  # type: ignore[arg-type]  # it uses nothing else of a scorer
        return await asyncio.gather(*map(batcher.predict_many, requests), return_exceptions=True)

    return asyncio.run(send())


def test_single_houses_that_arrive_together_share_model_calls(counting: CountingScorer, scorer: Scorer) -> None:
    """Two hundred different houses need seven calls, and each gets its own price."""
    houses = [{**LEAST, "living area": 50.0 + number} for number in range(200)]

    async def send() -> list[Prediction]:
        batcher = MicroBatcher(counting)  # type: ignore[arg-type]  # it uses nothing else of a scorer
        return await asyncio.gather(*map(batcher.predict, houses))

    assert asyncio.run(send()) == [scorer.score([house])[0] for house in houses]
    assert max(counting.calls) == MAX_BATCH_SIZE
    assert len(counting.calls) == -(-200 // MAX_BATCH_SIZE)


def test_small_batches_share_a_call_and_keep_their_own_predictions(counting: CountingScorer, scorer: Scorer) -> None:
    """Batches of different sizes are put into calls whole, in their order."""
    requests = [[{**LEAST, "living area": 10.0 * size + i} for i in range(size)] for size in (3, 1, 0, 20, 9)]
    assert predict_together(counting, requests) == [scorer.score(houses) for houses in requests]
    assert counting.calls == [24, 9]


def test_a_large_batch_is_predicted_by_itself(counting: CountingScorer, scorer: Scorer) -> None:
    """One that is larger than a shared call has a call of its own, beside the small ones."""
    large = [{**LEAST, "living area": 20.0 + i} for i in range(MAX_BATCH_SIZE + 1)]
    assert predict_together(counting, [[LEAST], large]) == [scorer.score([LEAST]), scorer.score(large)]
    assert sorted(counting.calls) == [1, MAX_BATCH_SIZE + 1]


def test_a_house_that_the_model_fails_for_fails_only_its_own_request(counting: CountingScorer, scorer: Scorer) -> None:
    """Of three requests that share a call, the two others get their prices."""
    requests = [[{**LEAST, "rooms": rooms}] for rooms in (3, 13, 5)]
    first, failed, last = predict_together(counting, requests)
    assert [first, last] == [scorer.score(requests[0]), scorer.score(requests[2])]
    assert isinstance(failed, ServingError)


def test_a_cancelled_request_is_left_out_of_the_call(counting: CountingScorer) -> None:
    """The other one is answered."""

    async def send() -> list[Prediction]:
        batcher = MicroBatcher(counting)  # type: ignore[arg-type]  # it uses nothing else of a scorer
        cancelled, kept = (asyncio.ensure_future(batcher.predict(house)) for house in (FULL, LEAST))
        await asyncio.sleep(0)
        cancelled.cancel()
        return [await kept]

    assert [answer.valuation_date for answer in asyncio.run(send())] == ["2015-05-27"]
    assert counting.calls == [1]


def test_houses_that_come_alone_do_not_wait_for_others(counting: CountingScorer, scorer: Scorer) -> None:
    """After some of them; when requests come together again, they soon share calls again."""

    async def send() -> list[Prediction]:
        batcher = MicroBatcher(counting)  # type: ignore[arg-type]  # it uses nothing else of a scorer
        for _ in range(ALONE):
            await batcher.predict(LEAST)
        alone = batcher.predict({**LEAST, "living area": 90.0})
        with pytest.raises(StopIteration) as at_once:
            alone.send(None)
        together = await asyncio.gather(*[batcher.predict(LEAST) for _ in range(64)])
        counting.calls.clear()
        assert together == await asyncio.gather(*[batcher.predict(LEAST) for _ in range(64)])
        return [at_once.value.value, *together]

    predictions = asyncio.run(send())
    assert predictions == scorer.score([{**LEAST, "living area": 90.0}]) + scorer.score([LEAST]) * 64
    assert counting.calls == [MAX_BATCH_SIZE] * 2
