"""The program in the home: hears, keeps, judges, carries."""
