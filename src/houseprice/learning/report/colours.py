"""Names of the report's colours; html_report's style sheet gives each its value on a light and on a dark page."""

COLOURS = (
    "background", "surface", "text", "muted", "border", "primary", "secondary", "success", "danger",
    "low3", "low2", "low1", "neutral", "high1", "high2", "high3",
)  # fmt: skip
DIVERGING = COLOURS[-7:]
"""From far too low to far too high: blue against orange, which every kind of colour vision tells apart."""
