"""The product's settings, with the addresses of the baseline pages: never used but by the benchmarks."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.baseline_urls"
