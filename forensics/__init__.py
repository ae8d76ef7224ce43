"""Forensics for the access logs of model APIs.

source -> format -> events + items -> store -> features -> findings -> incidents

``forensics.pipeline`` calls each stage once, in that order.
"""

__version__ = "0.1.0"
