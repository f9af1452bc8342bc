"""The road between the home and the ward, and the ward itself."""
