"""The vocabulary: event, item, feature, rule, finding, incident, scan. Imports nothing of ours."""
