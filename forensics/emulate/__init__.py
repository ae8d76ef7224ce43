"""Labelled traffic: honest clients and attackers who query small models and react to what these answer."""
