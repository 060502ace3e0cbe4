"""`airground demo`: a simulated town around a real coordinator. Everything simulated comes in by the real doors."""
