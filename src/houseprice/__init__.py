"""House Price Model: from a CSV of house sales to a verified model that answers with a price.

The pipeline, in one direction; each module is one step:

    learning.processing   the raw table, split into accepted and rejected rows
    learning.features     features and the fitted preprocessor
    learning.training     the trained model
    learning.evaluation   measures of the model with their intervals
    learning.gates        the verdict: may the model be published?
    bundle.export         the model as ONNX and JSON in one hashed folder
    bundle.load           the verified model, as light as serving
    serving               the HTTP API
    release               the image: built, tested, published, verified, deployed, rolled back

`houseprice --help` lists the commands; `docs/architecture.md` has the import contract.
"""
