"""The wall between learning and serving: trained model in, sealed folder out; sealed folder in, verified model out."""
