"""Search patterns besides the area sweep, named and laid out as in the IAMSAR manual, volumes II and III. Pure."""
