"""Who and what there is: schools, rooms, people and devices."""
