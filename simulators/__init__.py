"""A seeded world: virtual devices, a virtual air, a small broker, and the story that shows it all."""
