"""The words all rooms share: units, places, cameras, drone state, facts and wishes. Pure but for core/io."""
