"""House Price Model: from a CSV of house sales to a sealed model that answers with a price.

A house goes through this package once, in one direction:

    learning.processing   raw table in, trusted sales out, the others with their reasons
    learning.features     trusted sales in, columns to learn from and the fitted preprocessor out
    learning.training     columns to learn from in, trained model out
    learning.evaluation   model and sales in, honest numbers out
    learning.gates        honest numbers in, verdict out
    bundle.export         preprocessor and model in, sealed folder out
    bundle.load           sealed folder in, verified model out
    serving               verified model in, HTTP answers out
    release               sealed folder in, tested, signed and published image out, and production

`houseprice --help` lists the commands; `docs/architecture.md` tells who may import whom.
"""
