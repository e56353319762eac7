"""Put the pages of many .pdf files that this room has drawn into one, exactly as they are. Pure.

Only files as Typst writes them are read: every object in the clear, one cross-reference table. What a page shows
(resources, contents) is copied with new numbers; what identical papers share (fonts, colour profile) is written
once. Structure, metadata and outlines stay behind: the issued papers keep them, this file is only for the printer.
"""

import hashlib
import io
import re
from collections.abc import Iterable

_REFERENCE = re.compile(rb"(?<![\d.])(\d+) 0 R\b")
_STREAM = b">>\nstream\n"
_KIDS = re.compile(rb"/Kids\s*\[([^\]]*)\]")
_SIZE = re.compile(rb"/MediaBox\s*\[[^\]]*\]")
_LEFT_BEHIND = re.compile(rb"/(?:StructParents? \d+|Parent \d+ 0 R|Tabs\s*/\w+|Annots\s*\[[^\]]*\])")


class Unreadable(ValueError):
    """A file that is not written as Typst writes them."""


class Source:
    """One drawn file: where its objects are, and which are its pages."""

    def __init__(self, data: bytes):
        self.data = data
        place = data.rfind(b"startxref")
        table = int(data[place + 9 :].split(None, 1)[0]) if place >= 0 else -1
        found = re.compile(rb"xref\s+0 (\d+)\s+").match(data, table) if table >= 0 else None
        root = re.compile(rb"/Root (\d+) 0 R").search(data, table) if found else None
        if found is None or root is None:
            raise Unreadable("no cross-reference table in the clear")
        lines = data[found.end() : found.end() + 20 * int(found[1])]
        starts = {
            n: int(lines[20 * n : 20 * n + 10])
            for n in range(int(found[1]))
            if lines[20 * n + 17 : 20 * n + 18] == b"n"
        }
        ordered = sorted(starts.items(), key=lambda item: item[1])
        ends = [start for _n, start in ordered[1:]] + [table]
        self.places = {n: (start, end) for (n, start), end in zip(ordered, ends, strict=True)}
        pages = re.search(rb"/Pages (\d+) 0 R", self.parts(int(root[1]))[0])
        if pages is None:
            raise Unreadable("no pages")
        self.pages = self._pages(int(pages[1]))

    def parts(self, number: int) -> tuple[bytes, bytes]:
        """Return an object's words and, apart, its stream (empty when it has none)."""
        start, end = self.places[number]
        whole = self.data[start:end]
        body = whole[whole.index(b"obj") + 3 : whole.rindex(b"endobj")].strip()
        cut = body.find(_STREAM)
        return (body[: cut + 2], body[cut + 2 :]) if cut >= 0 else (body, b"")

    def _pages(self, number: int) -> list[int]:
        words, _stream = self.parts(number)
        kids = _KIDS.search(words)
        if kids is None:
            return [number]
        return [page for kid in _REFERENCE.findall(kids[1]) for page in self._pages(int(kid))]


class Target:
    """The file being written: its objects so far, each kind of content once."""

    def __init__(self) -> None:
        self.out = io.BytesIO()
        self.out.write(b"%PDF-1.7\n%\x80\x80\x80\x80\n")
        self.starts: dict[int, int] = {}
        self.known: dict[bytes, int] = {}
        self.pages: list[int] = []
        self.size = b""  # of the page written last

    def write(self, number: int, words: bytes, stream: bytes = b"") -> None:
        """Write one object."""
        self.starts[number] = self.out.tell()
        self.out.write(b"%d 0 obj\n%b%b\nendobj\n" % (number, words, stream))

    def add(self, words: bytes, stream: bytes) -> int:
        """Write an object unless the same is there; return its number."""
        mark = hashlib.sha256(words + b"\0" + stream).digest()
        if mark not in self.known:
            self.known[mark] = len(self.known) + 3  # 1 is the catalogue, 2 the list of pages
            self.write(self.known[mark], words, stream)
        return self.known[mark]

    def take(self, source: Source) -> None:
        """Copy all pages of a file."""
        copied: dict[int, int] = {}

        def copy(number: int) -> int:
            if number not in copied:
                words, stream = source.parts(number)
                copied[number] = self.add(renumbered(words), stream)
            return copied[number]

        def renumbered(words: bytes) -> bytes:
            return _REFERENCE.sub(lambda found: b"%d 0 R" % copy(int(found[1])), words)

        for page in source.pages:
            words, _stream = source.parts(page)
            inside = renumbered(_LEFT_BEHIND.sub(b"", words)).removesuffix(b">>")
            # Two equal pages are two sheets of paper: each is an object of its own.
            number = self.known[b"page %d" % len(self.pages)] = len(self.known) + 3
            self.size = found[0] if (found := _SIZE.search(inside)) else self.size
            self.write(number, inside + b"/Parent 2 0 R>>")
            self.pages.append(number)

    def turn_over(self) -> None:
        """End on the back of a sheet: an odd number of pages gets a blank one, as large as the last."""
        if len(self.pages) % 2:
            number = self.known[b"page %d" % len(self.pages)] = len(self.known) + 3
            self.write(number, b"<</Type/Page/Resources<<>>%b/Parent 2 0 R>>" % self.size)
            self.pages.append(number)

    def finished(self) -> bytes:
        """Close the file and return it."""
        self.write(1, b"<</Type/Catalog/Pages 2 0 R>>")
        kids = b" ".join(b"%d 0 R" % page for page in self.pages)
        self.write(2, b"<</Type/Pages/Count %d/Kids[%b]>>" % (len(self.pages), kids))
        table = self.out.tell()
        size = len(self.known) + 3
        self.out.write(b"xref\n0 %d\n0000000000 65535 f\r\n" % size)
        for number in range(1, size):
            self.out.write(b"%010d 00000 n\r\n" % self.starts[number])
        self.out.write(b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, table))
        return self.out.getvalue()


def merged(papers: Iterable[bytes], *, duplex: bool = False) -> bytes:
    """Put drawn .pdf files into one; raises Unreadable for a file that Typst has not written.

    duplex  to be printed on both sides: each paper begins on a sheet of its own
    """
    target = Target()
    for data in papers:
        target.take(Source(data))
        if duplex:
            target.turn_over()
    return target.finished()
