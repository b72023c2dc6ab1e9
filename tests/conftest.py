import mediasock  # noqa: F401, I001 - before numpy, whose threads it settles

from hypothesis import HealthCheck, settings

# Cores are shared and numba compiles at first use: how long an example takes says nothing.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")
