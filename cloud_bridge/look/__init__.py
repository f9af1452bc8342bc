"""What ward page and hub page share: style, words, times, plots, and how a page stays live."""
