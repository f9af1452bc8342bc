"""Ways of writing numbers and times that several devices share."""
