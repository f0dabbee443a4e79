"""The server side of the page at `/`: its files, what it needs to know of the model, and the sales on its map."""
