"""What travels between home and ward: both ends import these files, and nothing else of each other."""
