#!/usr/bin/env bash
# Finding: a comparison of two numbers written as text is made letter by letter.
#
# Package: json-rules-engine 7.3.1 (npm).
# Input: rules "value is greater than 9", with value and limit as numbers or as text, as forms and
#   CSV files give them.
# Expected: the operators for numbers check that the fact is numeric, so 10 is greater than 9 in each.
# Found: "10" against 9 and 10 against "9" hold, "10" against "9" does not: the check looks at the fact
#   alone, and two texts are then compared as text.
# What to do: turn limits and facts into numbers when they are read.
#
# Exits with 0 while the behaviour is as described, with 1 when it has changed. Needs Node.js.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund "json-rules-engine@7.3.1" >/dev/null
cat >run.js <<'JAVASCRIPT'
const { Engine } = require("json-rules-engine");
const holds = async (fact, value) => {
  const engine = new Engine();
  const conditions = { all: [{ fact: "waited", operator: "greaterThan", value }] };
  engine.addRule({ conditions, event: { type: "late" } });
  return (await engine.run({ waited: fact })).events.length === 1;
};
(async () => {
  const found = [await holds(10, 9), await holds("10", 9), await holds(10, "9"), await holds("10", "9")];
  console.log("json-rules-engine 7.3.1: 10>9, '10'>9, 10>'9', '10'>'9' ->", found.join(", "));
  if (found.join() !== "true,true,true,false") {
    console.error("changed: text is compared otherwise");
    process.exit(1);
  }
})();
JAVASCRIPT
node run.js
