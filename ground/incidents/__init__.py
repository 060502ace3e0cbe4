"""Incidents: what sightings and alarms come to, and what staff decide about them."""
