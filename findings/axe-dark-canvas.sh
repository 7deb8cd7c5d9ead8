#!/usr/bin/env bash
# Finding: axe-core takes a page without a background of its own for white, also in dark mode.
#
# Packages: axe-core 4.14.1 from npm, playwright 1.65.2 for Python, with the system's Chromium.
# Input: a page with "color-scheme: light dark" and no background, in a browser that prefers dark.
#   Chromium paints it #121212, and text without a colour white.
# Expected: the contrast of text against #121212, or "incomplete" where the background is not known.
# Found: dark grey text (#333), 1.5 to 1 on the screen, passes with 12.6 to 1; light grey text (#ddd),
#   13.8 to 1 on the screen, is a violation with 1.35 to 1; text of the default colour is incomplete
#   with 1 to 1. In both directions the wrong text is named. A page with "background: Canvas" is
#   measured right.
# What to do: give the page a background of its own in both schemes before axe-core looks at it.
#
# Exits with 0 while the behaviour is as described, with 1 when it has changed, with 2 without
# Chromium or npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chromium=$(command -v chromium) || { echo "no Chromium is installed"; exit 2; }
command -v npm >/dev/null || { echo "npm is not installed"; exit 2; }
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "playwright==1.65.2" 2>/dev/null
(cd "$folder" && npm pack --silent "axe-core@4.14.1" >/dev/null && tar xzf axe-core-4.14.1.tgz package/axe.min.js)
"$folder/venv/bin/python" - "$chromium" "$folder/package/axe.min.js" <<'PYTHON'
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

PAGE = (
    "<!doctype html><html lang=en style='color-scheme: light dark; {}'><title>t</title><main>"
    "<h1>plain</h1><p style='color: #333'>dark grey</p><p style='color: #ddd'>light grey</p></main>"
)


def looked(page, style):
    page.set_content(PAGE.format(style))
    page.evaluate(Path(sys.argv[2]).read_text(encoding="utf-8"))
    told = page.evaluate("axe.run(document, {runOnly: ['color-contrast']})")
    found = {}
    for kind in ("passes", "violations", "incomplete"):
        for node in (node for rule in told[kind] for node in rule["nodes"]):
            data = node["any"][0]["data"]
            name = node["html"].split(">")[1].split("<")[0]
            found[name] = (kind, data["bgColor"], data["contrastRatio"])
    return found


with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=sys.argv[1], args=["--no-sandbox"])
    page = browser.new_context(color_scheme="dark").new_page()
    bare, canvas = looked(page, ""), looked(page, "background: Canvas")
    browser.close()
print("no background:", bare)
print("Canvas:       ", canvas)
if bare != {
    "plain": ("incomplete", "#ffffff", 1),
    "dark grey": ("passes", "#ffffff", 12.63),
    "light grey": ("violations", "#ffffff", 1.35),
} or [canvas[name][:2] for name in ("plain", "dark grey", "light grey")] != [
    ("passes", "#121212"), ("violations", "#121212"), ("passes", "#121212"),
]:
    sys.exit("changed")
PYTHON
