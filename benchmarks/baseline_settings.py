"""The product's settings, with the addresses of the baseline pages: used by the benchmarks only."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.baseline_urls"
