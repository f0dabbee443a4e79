"""Disparity test: whether a model's errors differ between groups of sales beyond chance, and by more than allowed.

`groups` reads who belongs to which group, `measures` computes what is compared, `units` and `permutation` tell a
difference from chance, and `audit` puts them together. It finds differences of errors and no causes of them, and is no
legal finding.
"""
