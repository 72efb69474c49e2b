"""Prints the API's OpenAPI description: what the web app's types are made of."""

import importlib.util
import json

from textension.api.document import document

from .config import PROJECT
from .errors import LocalError


def text() -> str:
    """The description as the API serves it, in lines."""
    path = PROJECT / "functions" / "app_api" / "app.py"
    spec = importlib.util.spec_from_file_location("app_api_app", path)
    if spec is None or spec.loader is None:
        raise LocalError(f"{path} is missing.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return json.dumps(json.loads(document(module.app)), ensure_ascii=False, indent=2)
