"""Hair: strands grown on the template head and carried over to a person's own."""
