#!/usr/bin/env python3
"""Calls a running kantei serve as a newcomer would and holds every answer against docs/openapi.yaml.

  contract.py OPENAPI BASE_URL ONE_TIME_PASSWORD PICTURE KNOWN_PICTURE

Each answer's status must be documented, and its JSON must fit the schema that the document gives for it."""
import json
import sys
import time
import urllib.error
import urllib.request
import uuid

import yaml

document = yaml.safe_load(open(sys.argv[1], encoding="utf-8"))
base, one_time, picture, known = sys.argv[2:6]
csrf, cookie, tried, problems = "", "", set(), []


def resolve(schema):
    while "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        schema = {**document["components"]["schemas"][name], **{k: v for k, v in schema.items() if k != "$ref"}}
    return schema


TYPES = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool, "null": type(None)}


def check(value, schema, where):
    """Required members, types, enumerations, lists: what this document uses of JSON Schema."""
    schema = resolve(schema)
    if "oneOf" in schema:
        before = len(problems)
        for option in schema["oneOf"]:
            del problems[before:]
            check(value, option, where)
            if len(problems) == before:
                return
        return
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    fits = [k for k in kinds if isinstance(value, TYPES[k]) and not (k in ("integer", "number") and isinstance(value, bool))]
    if kinds and not fits:
        problems.append(f"{where}: {str(value)[:60]!r} is no {' or '.join(kinds)}")
        return
    if "enum" in schema and value not in schema["enum"]:
        problems.append(f"{where}: {value!r} is not one of {schema['enum']}")
    if isinstance(value, dict):
        for name in schema.get("required", []):
            if name not in value:
                problems.append(f"{where}: {name} is missing")
        for name, member in schema.get("properties", {}).items():
            if name in value:
                check(value[name], member, f"{where}.{name}")
        if schema.get("properties") and "additionalProperties" not in schema:
            for name in value:
                if name not in schema["properties"]:
                    problems.append(f"{where}: {name} is not documented")
    if isinstance(value, list) and "items" in schema:
        for i, item in enumerate(value[:5]):
            check(item, schema["items"], f"{where}[{i}]")


def call(method, path, body=None, files=None, query="", expect=None, **ids):
    global csrf, cookie
    operation = document["paths"][path][method.lower()]
    tried.add((method, path))
    url = base + path.format(**ids) + query
    headers, data = {}, None
    if body is not None:
        data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
    if files is not None:
        boundary = uuid.uuid4().hex
        data = b""
        for field, name, content in files:
            disposition = f'form-data; name="{field}"' + (f'; filename="{name}"' if name else "")
            data += f"--{boundary}\r\nContent-Disposition: {disposition}\r\n\r\n".encode() + content + b"\r\n"
        data += f"--{boundary}--\r\n".encode()
        headers["Content-Type"] = f"multipart/form-data; boundary={boundary}"
    if cookie:
        headers["Cookie"] = cookie
    if csrf:
        headers["X-CSRF-Token"] = csrf
    request = urllib.request.Request(url, data=data, headers=headers, method=method)
    try:
        answer = urllib.request.urlopen(request, timeout=120)
    except urllib.error.HTTPError as error:
        answer = error
    content, status = answer.read(), answer.status
    for value in answer.headers.get_all("Set-Cookie") or []:
        cookie = value.split(";")[0]
    kind = (answer.headers.get("Content-Type") or "").split(";")[0]
    where = f"{method} {path} {status}"
    if expect is not None and status != expect:
        problems.append(f"{where}: {expect} was expected: {content[:200]!r}")
    if kind == "application/problem+json":
        value = json.loads(content)
        check(value, {"$ref": "#/components/schemas/Problem"}, where)
        return value
    documented = operation["responses"].get(str(status))
    if documented is None:
        problems.append(f"{where}: this status is not documented")
        return None
    if kind == "application/json":
        value = json.loads(content)
        check(value, documented["content"]["application/json"]["schema"], where)
        if isinstance(value, dict) and value.get("csrf_token"):
            csrf = value["csrf_token"]
        return value
    if status != 204 and kind not in documented.get("content", {}):
        problems.append(f"{where}: {kind} is not documented")
    return content


read = lambda path: open(path, "rb").read()
image, other = read(picture), read(known)
v1 = "/api/v1"
call("GET", "/healthz", expect=200)
call("GET", "/readyz", expect=200)
call("GET", f"{v1}/openapi.yaml", expect=200)
call("GET", f"{v1}/session", expect=401)
call("POST", f"{v1}/session", {"name": "admin", "password": one_time}, expect=200)
call("GET", f"{v1}/inspections", expect=403)
call("POST", f"{v1}/session/password", {"old_password": one_time, "new_password": "a sentence of my own"}, expect=200)
call("GET", f"{v1}/session", expect=200)
call("GET", f"{v1}/system", expect=200)
call("GET", "/metrics", expect=200)
user = call("POST", f"{v1}/users", {"name": "kei", "display_name": "圭", "role": "reviewer"}, expect=201)["user"]["user_id"]
call("GET", f"{v1}/users", expect=200)
call("PATCH", f"{v1}/users/{{user_id}}", {"display_name": "Kei"}, user_id=user, expect=200)
call("POST", f"{v1}/users/{{user_id}}/password-reset", {}, user_id=user, expect=200)
key = call("POST", f"{v1}/keys", {"name": "k", "scopes": ["read"]}, expect=201)["key"]["key_id"]
call("GET", f"{v1}/keys", expect=200)
call("DELETE", f"{v1}/keys/{{key_id}}", {}, key_id=key, expect=204)
call("GET", f"{v1}/library/banks", expect=200)
call("POST", f"{v1}/library/banks", {"name": "partner", "kind": "allow"}, expect=201)
added = call("POST", f"{v1}/library/pictures", files=[("picture", "known.jpg", other), ("label", None, b"campaign")], expect=200)
known_id = added["items"][0]["picture_id"]
for _ in range(100):
    if call("GET", f"{v1}/system")["library"]["pictures"] > 0:
        break
    time.sleep(0.2)
call("GET", f"{v1}/library/pictures", query="?label=campaign", expect=200)
call("GET", f"{v1}/library/pictures/{{picture_id}}", picture_id=known_id, expect=200)
call("GET", f"{v1}/library/pictures/{{picture_id}}/preview", picture_id=known_id, expect=200)
call("POST", f"{v1}/library/pictures/update", {"picture_ids": [known_id], "owner": "Studio"}, expect=200)
call("GET", f"{v1}/library/export", expect=200)
detail = call("POST", f"{v1}/inspections", files=[("picture", "suspect.jpg", image), ("labels", None, b"shop")], expect=201)
inspection = detail["inspection"]["inspection_id"]
job = call("POST", f"{v1}/inspections", files=[("picture", "a.jpg", image), ("picture", "b.jpg", other)], expect=202)["job_id"]
for _ in range(600):
    state = call("GET", f"{v1}/jobs/{{job_id}}", job_id=job, expect=200)["state"]
    if state not in ("queued", "running"):
        break
    time.sleep(0.2)
call("POST", f"{v1}/jobs/{{job_id}}/cancel", {}, job_id=job, expect=409)
call("GET", f"{v1}/jobs", expect=200)
call("GET", f"{v1}/inspections", query="?label=shop&limit=1", expect=200)
call("GET", f"{v1}/inspections/{{inspection_id}}", inspection_id=inspection, expect=200)
call("PATCH", f"{v1}/inspections/{{inspection_id}}", {"labels": ["x"]}, inspection_id=inspection, expect=200)
for artifact in detail["artifacts"]:
    call("GET", f"{v1}/inspections/{{inspection_id}}/artifacts/{{name}}", inspection_id=inspection, name=artifact["name"], expect=200)
queue = call("GET", f"{v1}/review/queue", expect=200)
call("GET", f"{v1}/review/settings", expect=200)
call("PUT", f"{v1}/review/settings", {"two_person": "off", "reason_required": False}, expect=200)
call("PUT", f"{v1}/review/assignments", {"inspection_ids": [inspection], "user_id": user}, expect=200)
call("POST", f"{v1}/review/notes", {"inspection_id": inspection, "text": "メモ"}, expect=201)
call("POST", f"{v1}/review/decisions", {"inspection_ids": [inspection, 999], "verdict": "confirm", "about": ["copy"]}, expect=200)
call("POST", f"{v1}/review/undo", {"inspection_ids": [inspection]}, expect=200)
call("POST", f"{v1}/review/decisions", {"inspection_ids": [inspection], "verdict": "dismiss", "reason": "licensed"}, expect=200)
filed = call("POST", f"{v1}/inspections/{{inspection_id}}/case-files", {"language": "ja"}, inspection_id=inspection, expect=201)
call("GET", f"{v1}/inspections/{{inspection_id}}/case-files", inspection_id=inspection, expect=200)
call("GET", f"{v1}/case-files/{{case_file_id}}", case_file_id=filed["case_file_id"], expect=200)
call("POST", f"{v1}/case-files/verify", {"sha256": filed["sha256"]}, expect=200)
call("POST", f"{v1}/inspections/{{inspection_id}}/rerun", {}, inspection_id=inspection, expect=202)
call("POST", f"{v1}/inspections/{{inspection_id}}/ignore", {}, inspection_id=inspection, expect=201)
call("GET", f"{v1}/library/retroactive", expect=200)
call("POST", f"{v1}/library/retroactive/seen", {"retroactive_ids": [1]}, expect=200)
hashes = call("POST", f"{v1}/hash", files=[("picture", "a.jpg", other)], expect=200)
call("GET", f"{v1}/lookup", query=f"?pdq={hashes['pdq']}", expect=200)
call("POST", f"{v1}/lookup", {"hashes": [hashes["pdq"]]}, expect=200)
call("POST", f"{v1}/search", files=[("picture", "a.jpg", other)], expect=200)
call("POST", f"{v1}/compare", files=[("a", "a.jpg", image), ("b", "b.jpg", other)], expect=200)
call("POST", f"{v1}/realism", files=[("picture", "a.jpg", image)], expect=200)
call("GET", f"{v1}/thresholds", query="?score=copy", expect=200)
call("PUT", f"{v1}/thresholds/profile", {"copy": 0.5, "ai_made": None, "edited": None}, expect=200)
call("GET", f"{v1}/thresholds/profile", expect=200)
call("GET", f"{v1}/audit", expect=200)
call("GET", f"{v1}/audit/verify", expect=200)
hook = call("POST", f"{v1}/webhooks", {"url": "http://127.0.0.1:9/x", "events": ["ping"]}, expect=201)["webhook"]["webhook_id"]
call("GET", f"{v1}/webhooks", expect=200)
call("POST", f"{v1}/webhooks/{{webhook_id}}/test", {}, webhook_id=hook, expect=202)
call("GET", f"{v1}/webhooks/{{webhook_id}}/deliveries", webhook_id=hook, expect=200)
call("DELETE", f"{v1}/webhooks/{{webhook_id}}", {}, webhook_id=hook, expect=204)
call("POST", f"{v1}/library/pictures/remove", {"picture_ids": [known_id]}, expect=200)
call("DELETE", f"{v1}/inspections/{{inspection_id}}", {}, inspection_id=inspection, expect=204)
call("DELETE", f"{v1}/session", {}, expect=204)

for path, item in document["paths"].items():
    for method in item:
        if (method.upper(), path) not in tried:
            problems.append(f"{method.upper()} {path} was not called")
for problem in problems:
    print(problem)
print(f"{len(tried)} operations, {len(problems)} problems")
sys.exit(1 if problems else 0)
