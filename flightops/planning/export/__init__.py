"""A plan document as files of others: KML, GPX, GeoJSON, QGroundControl plans. Pure: values in, bytes or values out."""
