"""What the triggerer calls for a missed deadline. It imports plugins/ but not dags/, so this comes with plugins.zip."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


async def tell(product: str, context: dict[str, Any] | None = None, **_: Any) -> None:
    run = (context or {}).get("dag_run") or {}
    missed = {"product": product, "dag_id": run.get("dag_id"), "pid": os.getpid()}
    file = Path(os.environ["AIRFLOW_HOME"]) / "missed_deadline.json"
    draft = file.with_suffix(".tmp")
    draft.write_text(json.dumps(missed))
    draft.replace(file)
