#!/usr/bin/env bash
# Finding: Playwright waits for an expression under a Content-Security-Policy only if it holds at once.
#
# Package: playwright 1.65.2 for Python, with the system's Chromium.
# Input: a page whose policy is "script-src 'self'", and wait_for_function("... === 'later'").
# Expected: it waits until the expression holds, as `evaluate` reads the same expression.
# Found: it returns if the expression holds already. If it has to wait, it fails with an EvalError, as
#   the page's policy forbids eval: the same test passes or fails by how quick the page is. The same
#   expression as a function, "() => ...", waits as it should.
# What to do: give wait_for_function a function, or wait for a selector.
#
# Exits with 0 while the behaviour is as described, with 1 when it has changed, with 2 without Chromium.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "playwright==1.65.2" 2>/dev/null
chromium=$(command -v chromium) || { echo "no Chromium is installed"; exit 2; }
"$folder/venv/bin/python" - "$chromium" <<'PYTHON'
import http.server
import sys
import threading

from playwright.sync_api import Error, sync_playwright


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Security-Policy", "script-src 'self'")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>t</title><p id=a>now</p>")

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Page)
threading.Thread(target=server.serve_forever, daemon=True).start()
SAYS = "document.getElementById('a').textContent === "


def waited(page, expression):
    try:
        page.wait_for_function(expression, timeout=5_000)
    except Error as fault:
        return str(fault).split(":")[1].strip()
    return "held"


with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=sys.argv[1], args=["--no-sandbox"])
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{server.server_port}/")
    found = {"evaluate": page.evaluate(SAYS + "'now'"), "at once": waited(page, SAYS + "'now'")}
    for name, form in (("later", ""), ("later, as a function", "() => ")):
        page.evaluate(
            "() => { const a = document.getElementById('a'); a.textContent = 'now';"
            " setTimeout(() => { a.textContent = 'later'; }, 700); }"
        )
        found[name] = waited(page, f"{form}{SAYS}'later'")
    browser.close()
print(found)
if found != {
    "evaluate": True, "at once": "held", "later": "EvalError", "later, as a function": "held",
}:
    sys.exit("changed")
PYTHON
