"""Offline analysis of FedOrbit's results files."""
