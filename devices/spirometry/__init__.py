"""What a blow means: what is usual for a person, and how good a sitting was."""
