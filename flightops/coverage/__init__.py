"""What searches have truly seen: share, POD and gaps, from the strips in the record."""
