"""What the gateway does with MAVLink itself: open links, know who is who, decode, judge what leaves, keep a log."""
