"""What holds for every test: no law of ours is about how fast this machine happens to be."""

from hypothesis import settings

settings.register_profile("house", deadline=None)
settings.load_profile("house")
