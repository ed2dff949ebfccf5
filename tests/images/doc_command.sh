#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# doc_command.sh ATOLL -- the pages of `atoll doc`: elements are closed, every link leads to a page and a place in it, a program's own classes are there.
set -uo pipefail
atoll=$(realpath "$1")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat >"$scratch/shop.st" <<'END'
Object subclass: Shop [
    | goods |
    <category: 'Shops'>
    <comment: 'I sell <b>goods</b> & more. I am not shown whole in lists.'>
    Shop class >> open [ "Answer a shop." ^self new ]
    < aShop [ "Am I ""smaller""?" ^goods < aShop goods ]
    goods [ ^goods ]
]
END
failures=0
fail() { printf 'FAILED %s\n' "$*"; failures=$((failures + 1)); }

"$atoll" doc -o "$scratch/pages/deep" "$scratch/shop.st" >"$scratch/out" 2>&1 || fail "exit status $?: $(cat "$scratch/out")"
grep -qE '^[0-9]+ pages in ' "$scratch/out" || fail "it does not say how many pages"
"$atoll" doc >"$scratch/out" 2>&1
[ $? -eq 2 ] && grep -q 'expected -o' "$scratch/out" || fail "without -o: $(cat "$scratch/out")"
"$atoll" doc -o "$scratch/shop.st/below" >"$scratch/out" 2>&1 && fail "it wrote below a file"

python3 - "$scratch/pages/deep" <<'END' || fail "pages"
import html.parser, os, sys

folder, bad = sys.argv[1], []
VOID = {"meta", "link"}

class Page(html.parser.HTMLParser):
    def __init__(self, name):
        super().__init__()
        self.name, self.open, self.links, self.ids, self.words = name, [], [], set(), ""
        self.feed(open(os.path.join(folder, name), encoding="utf-8").read())
        if self.open: bad.append(f"{name}: never closed: {self.open}")
    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag not in VOID: self.open.append(tag)
        if "href" in attributes: self.links.append(attributes["href"])
        if "id" in attributes:
            if attributes["id"] in self.ids: bad.append(f"{self.name}: twice {attributes['id']}")
            self.ids.add(attributes["id"])
    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag: bad.append(f"{self.name}: </{tag}> at {self.getpos()}")
    def handle_data(self, data): self.words += data

pages = {name: Page(name) for name in os.listdir(folder) if name.endswith(".html")}
links = 0
for page in pages.values():
    for link in page.links:
        name, _, place = link.partition("#")
        links += 1
        if name == "style.css": continue
        if name not in pages: bad.append(f"{page.name}: no page {link}")
        elif place and place not in pages[name].ids: bad.append(f"{page.name}: no place {link}")
shop = pages["Shop.html"].words
for text in ("I sell <b>goods</b> & more.", "< aShop", 'Am I "', "Answer a shop.", "^goods < aShop goods", "Shops"):
    if text not in shop: bad.append(f"Shop.html lacks {text}")
if "not shown whole" in pages["index.html"].words: bad.append("index.html has more than the first sentence")
if len(pages) < 200 or links < 5000: bad.append(f"only {len(pages)} pages, {links} links")
print(f"documentation: {len(pages)} pages, {links} links, {len(bad)} bad")
print(*bad[:20], sep="\n")
sys.exit(bool(bad))
END
[ $failures -eq 0 ]
