"""Laws are about what comes out, not about how busy the machine is: no deadline for an example."""

from hypothesis import settings

settings.register_profile("house", deadline=None)
settings.load_profile("house")
