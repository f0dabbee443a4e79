"""A model in production, watched by its own errors.

Pure functions of arrays: no file, no clock, no network, and nothing imported but numpy, and Jinja2 for the report.

    data            what is watched: sales with a price paid, predictions by day, inputs by day
    profile         what is sealed in the bundle to compare with; bins are how values are counted
    betting         evidence that may be looked at every day
    alarms          what an alarm is, and how the false ones are rationed
    sales_alarms    market, coverage, scale of the errors, single slices
    traffic_alarms  inputs, unknown categories, dates, repeats, the expected error; input_faults names what happened
    watching        all alarms at once
    figures         realised errors with intervals, by time, slice and expected error
    market          market drift apart from model error
    expected        the error that is expected before prices come, and what came
    input_drift     how far requests are from training, weighted by what each column carries
    shadow          the shadow model on the same sales
    monitor         all of it, also as a dict for programs
    report          all of it as a page for people
"""
