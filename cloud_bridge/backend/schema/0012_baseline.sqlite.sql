-- How devices stand to the usual, by the hub's newest word.
create index baseline on entry (home, log, seq) where kind = 'baseline';
