"""Protobuf schemas; the code beside them is generated at build time."""
