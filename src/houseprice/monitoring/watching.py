"""All alarms of a model at once."""

from houseprice.monitoring.alarms import ALPHAS, Alarm
from houseprice.monitoring.data import DailyInputs, DailyPredictions, LabelledSales
from houseprice.monitoring.profile import ReferenceProfile
from houseprice.monitoring.sales_alarms import sales_alarms
from houseprice.monitoring.traffic_alarms import traffic_alarms


def watch(
    profile: ReferenceProfile, sales: LabelledSales, predictions: DailyPredictions, inputs: DailyInputs
) -> list[Alarm]:
    """Return every alarm on the model of the profile, in the order of `ALPHAS`.

    Rows of other model versions are left out: evidence against one says nothing about another.
    """
    version = profile.model_version
    own = predictions.where((predictions.model_version == version) & (predictions.role == "live"))
    found = sales_alarms(profile, sales.where(sales.model_version == version))
    found += traffic_alarms(profile, own, inputs.where(inputs.model_version == version))
    order = list(ALPHAS)
    return sorted(found, key=lambda alarm: order.index(alarm.name))
