"""Sites, units, incidents, dispatch and the live incident map."""
