"""The bundle: the folder of the exported model, its export from training and its verified loading for serving."""
