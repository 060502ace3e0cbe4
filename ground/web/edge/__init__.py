"""What every request passes: sign-in, limits, body shapes, words for errors."""
