"""The ward's tables: one file per version and database, applied in order, never edited once released."""
