"""Passes for chips of analog circuits."""
