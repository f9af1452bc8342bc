"""The home's memory: the encrypted log, its file, its tables and its key. The only SQL of the hub."""
