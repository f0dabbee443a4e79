"""deploy/alerts.yaml: judged by Prometheus, and explained on the page that it names."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

from programs import needs

ROOT = Path(__file__).parents[2]
FILE = ROOT / "deploy" / "alerts.yaml"
RULES = {rule["alert"]: rule for group in yaml.safe_load(FILE.read_text())["groups"] for rule in group["rules"]}
PAGE = ROOT / "docs" / "operations.md"
DAY = 24 * 60

PREDICT = 'houseprice_requests_total{instance="a", route="/predict", status="%s"}'
HEALTH = 'houseprice_requests_total{instance="a", route="/health", status="%s"}'
TOOK = 'houseprice_request_seconds_bucket{instance="a", route="/predict", le="%s"}'
PRICED = 'houseprice_predicted_price_bucket{instance="a", le="%s"}'
MODEL = 'houseprice_model_info{instance="a", model_version="%s"}'
AGE = 'houseprice_bundle_age_seconds{instance="a"}'
WARNED = 'houseprice_warnings_total{instance="a", column="grade", kind="range"}'
AT_WORK = 'houseprice_requests_in_progress{instance="a"}'
STORE = 'houseprice_store_%s{instance="a"}'
SHADOW = 'houseprice_shadow_up{instance="a"}'
RAISED = 'houseprice_monitor_alarms_raised{instance="a"}'
WELL = {
    MODEL % "one": "1x{n}",
    AGE: "86400+300x{n}",
    AT_WORK: "20x{n}",
    HEALTH % 200: "0+60x{n}",
    HEALTH % 503: "0 0 0 2x{n}",
    PREDICT % 200: "0+3000x{n}",
    PREDICT % 422: "0+300x{n}",
    PREDICT % 503: "0+10x{n}",
    PREDICT % 401: "0+100x{n}",
    TOOK % "0.01": "0+3000x{n}",
    TOOK % "0.25": "0+3001x{n}",
    TOOK % "+Inf": "0+3001x{n}",
    'houseprice_houses_total{instance="a"}': "0+3000x{n}",
    WARNED: "0+100x{n}",
    PRICED % "400000": "0+500x{n}",
    PRICED % "500000": "0+2500x{n}",
    PRICED % "+Inf": "0+3000x{n}",
    RAISED: "0x{n}",
    STORE % "recorder_up": "1x{n}",
    STORE % "database_up": "1x{n}",
    STORE % "lag_seconds": "1x{n}",
    STORE % "spool_bytes": "1000000x{n}",
    STORE % "predictions_dropped_total": "7x{n}",
    STORE % "records_damaged_total": "1x{n}",
    SHADOW: "1x{n}",
}
"""Little happens, told every minute; for `{n}` minutes."""
ILL = {
    "HousePriceAbsent": {MODEL % "one": "1x10"},
    "HousePriceWrongAnswers": {HEALTH % 503: "0+12x{n}"},
    "HousePriceErrors": {PREDICT % 503: "0+60x{n}"},
    "HousePriceSlow": {TOOK % "0.01": "0+2900x{n}"},
    "HousePriceOverloaded": {AT_WORK: "240x{n}"},
    "HousePriceRejected": {PREDICT % 401: "0+2000x{n}"},
    "HousePriceInputDrift": {WARNED: "0+900x{n}"},
    "HousePricePredictionDrift": {PRICED % "400000": "0+500x{week} {then}+2600x{n}"},
    "HousePriceMixedVersions": {MODEL % "two": "1x{n}"},
    "HousePriceStaleModel": {AGE: "40000000+60x{n}"},
    "HousePriceMonitorAlarm": {RAISED: "1x{n}"},
    "HousePriceRecorderDown": {STORE % "recorder_up": "0x{n}"},
    "HousePriceDatabaseDown": {STORE % "database_up": "0x{n}", STORE % "lag_seconds": "0+60x{n}"},
    "HousePriceStoreSlow": {STORE % "lag_seconds": "1000x{n}"},
    "HousePriceSpoolFilling": {STORE % "spool_bytes": "220000000x{n}"},
    "HousePricePredictionsDropped": {STORE % "predictions_dropped_total": "0+10x{n}"},
    "HousePriceRecordsDamaged": {STORE % "records_damaged_total": "0+1x{n}"},
    "HousePriceShadowDown": {SHADOW: "0x{n}"},
}
"""What is otherwise when an alarm has to go off, and no other."""


def scenario(name: str, changed: dict[str, str], firing: list[str], minutes: int) -> dict[str, Any]:
    """Return one test of promtool: numbers, and the alerts that they fire."""
    week = 8 * DAY
    numbers = {"n": minutes, "week": week, "then": 500 * (week + 1)}
    series = [{"series": key, "values": text.format(**numbers)} for key, text in {**WELL, **changed}.items()]
    labels = [f'{{alertname="{alarm}"}}' for alarm in sorted(firing)]
    told = {
        "expr": 'group by (alertname) (ALERTS{alertstate="firing"})',
        "eval_time": f"{minutes}m",
        "exp_samples": [{"labels": label, "value": 1} for label in labels],
    }
    return {"name": name, "interval": "1m", "input_series": series, "promql_expr_test": [told]}


def test_each_alarm_goes_off_alone(tmp_path: Path) -> None:
    """Prometheus itself finds nothing wrong on a good day, and the one alarm that is meant on each bad one."""
    needs("promtool")
    assert set(ILL) == set(RULES)
    days = [scenario("good days", {}, [], 10 * DAY)]
    days += [
        scenario(alarm, change, [alarm], 10 * DAY if "week" in str(change) else 14 * 60)
        for alarm, change in ILL.items()
    ]
    file = tmp_path / "alarms.json"  # JSON is YAML
    file.write_text(json.dumps({"rule_files": [str(FILE)], "evaluation_interval": "20m", "tests": days}))
    said = subprocess.run(["promtool", "test", "rules", file], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr


def test_every_alarm_has_its_section() -> None:
    """The page tells what each alarm means, under the heading that it names, and of no alarm that is not there."""
    sections = re.findall(r"^### `(HousePrice\w+)`", PAGE.read_text(), re.MULTILINE)
    assert sections == list(RULES)
    for name, rule in RULES.items():
        assert rule["annotations"]["runbook"] == f"docs/operations.md#{name.lower()}"
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["summary"].endswith(".")
