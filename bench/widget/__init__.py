"""Bytes, requests and times of the widget, beside published ones."""
