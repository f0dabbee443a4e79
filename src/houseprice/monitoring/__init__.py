"""A model in production, watched by its own errors.

Pure functions of arrays: no file, no clock, no network, and nothing imported but numpy.

    data            what is watched: sales with a price paid, predictions by day, inputs by day
    profile         what is sealed in the bundle to compare with; bins are how values are counted
    betting         evidence that may be looked at every day
    alarms          what an alarm is, and how the false ones are rationed
    sales_alarms    market, coverage, scale of the errors, single slices
    traffic_alarms  inputs, unknown categories, dates, repeats, the expected error; input_faults names what happened
    watching        all alarms at once
"""
