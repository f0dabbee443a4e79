"""Tests of the disparity test."""
