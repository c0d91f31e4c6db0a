"""Airflow as Amazon MWAA runs it, on this machine: the image's configuration and the environment's files, executed.

Used by the laptop's own Airflow (``make up``, ``make ui``) and by the emulated MWAA environments. In the order in which
MWAA's image does it (``mwaa/image/3.3.1.toml`` names the sources): plugins.zip is unpacked, startup.sh is sourced,
requirements.txt is installed on top of the image, the environment variables are put together by precedence, and the
components start.

    runtime = MwaaRuntime(Deployment(home=..., dags=..., plugins=..., options=..., environment=...))
    report = runtime.prepare()          # report.warnings: what MWAA would only have logged
    webserver = runtime.start()         # waits until healthy
    runtime.stop()                      # the whole process tree
"""

from local.mwaa_runtime.configuration import OptionError
from local.mwaa_runtime.deployment import Deployment, PreparationError, PreparationReport
from local.mwaa_runtime.image import Image, load_image
from local.mwaa_runtime.runtime import MwaaRuntime, Webserver

__all__ = [
    "Deployment",
    "Image",
    "MwaaRuntime",
    "OptionError",
    "PreparationError",
    "PreparationReport",
    "Webserver",
    "load_image",
]
