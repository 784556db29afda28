"""The OpenAPI 3.1 document, made of the declared operations. No I/O."""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from publisher.web.api.operations import OPERATIONS, Operation
from publisher.web.api.shapes import Problem

__all__ = ["PARTS", "document"]

REF = "#/components/schemas/{model}"
PARTS: dict[str, dict[str, Any]] = {
    "number": {"type": "integer", "minimum": 1, "maximum": 2**40 - 1},
    "id": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9-]{0,127}$"},
    "digest": {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,62}$"},
}
"""Parts of a path, by their name."""
_REFUSALS = {
    "400": "It cannot be used as it was sent.",
    "401": "No token, or one that is not good.",
    "403": "The token lacks the scope.",
    "404": "There is none.",
    "409": "It was done, or cannot be done as things stand.",
    "413": "The body is over 16 kB.",
    "503": "Try again later.",
}


def document(root: str, version: str) -> dict[str, Any]:
    """The document; `root` is the site's address, `version` the program's."""
    shapes = {shape for one in OPERATIONS for shape in (one.gives, one.body) if shape} | {Problem}
    ordered = sorted(shapes, key=lambda shape: shape.__name__)
    inputs = {one.body for one in OPERATIONS}
    _, made = models_json_schema(
        [(shape, "validation" if shape in inputs else "serialization") for shape in ordered], ref_template=REF
    )
    paths: dict[str, Any] = {}
    for one in OPERATIONS:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Publisher",
            "version": version,
            "description": "Subscribers, stories, editions and dispatches of a wire desk. Fields are only ever added.",
        },
        "servers": [{"url": f"{root}/api/v1"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": made["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "responses": {
                status: {
                    "description": said,
                    "content": {"application/problem+json": {"schema": _ref(Problem)}},
                }
                for status, said in _REFUSALS.items()
            },
        },
    }


def _operation(one: Operation) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": one.name,
        "summary": one.summary,
        "description": f"Scope: `{one.scope}`.",
        "tags": [one.path.split("/")[1]],
    }
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": PARTS[name]}
        for name in re.findall(r"\{(\w+)\}", one.path)
    ]
    if one.query:
        schema = one.query.model_json_schema()
        parameters += [
            {"name": name, "in": "query", "required": False, "schema": _bare(entry)}
            for name, entry in schema["properties"].items()
        ]
    if one.shown_by:
        described = "the same request again under the same key is carried out once; for a day"
        key = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}
        parameters.append(
            {"name": "Idempotency-Key", "in": "header", "description": described, "schema": key}
        )
    if parameters:
        told["parameters"] = parameters
    if one.body:
        content = {"application/json": {"schema": _ref(one.body)}}
        told["requestBody"] = {"required": True, "content": content}
    told["responses"] = {
        str(one.status): _given(one),
        **{status: {"$ref": f"#/components/responses/{status}"} for status in _REFUSALS},
    }
    return told


def _given(one: Operation) -> dict[str, Any]:
    if one.gives is None:
        return {"description": "Done."}
    schema = _ref(one.gives)
    if one.listed:
        schema = {
            "type": "object",
            "required": ["items", "next"],
            "properties": {
                "items": {"type": "array", "items": schema},
                "next": {"type": ["string", "null"], "description": "`cursor` of the next page"},
            },
        }
    return {"description": "Done.", "content": {"application/json": {"schema": schema}}}


def _ref(shape: type[BaseModel]) -> dict[str, Any]:
    return {"$ref": REF.format(model=shape.__name__)}


def _bare(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter's schema: it is there or it is not, and never null."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    rest = {key: value for key, value in schema.items() if key not in {"anyOf", "default", "title"}}
    return (kinds[0] if kinds else {}) | rest
