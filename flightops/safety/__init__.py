"""Safety rules as a table, the fence, and who may take off."""
