"""Make the font files of this folder again from the originals. Run by hand, once a font changes; see README.md.

    python build.py FANDOL_FOLDER NOTO_SERIF_CJK_REGULAR.ttc

Needs fonttools and cffsubr. The Fandol faces lose hints and compatibility radicals; FandolFang, the face of running
text, keeps every other character it draws, the rest keep GB 2312. The Noto subset holds every Han character that
one of them lacks, so that each face with Noto behind it draws the same characters.
"""

import sys
from pathlib import Path

import cffsubr
from fontTools import subset
from fontTools.ttLib import TTCollection, TTFont

HERE = Path(__file__).parent
FANDOL = ("FandolFang-Regular", "FandolSong-Bold", "FandolHei-Regular", "FandolKai-Regular")
HAN = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0x2A700, 0x2EBEF))  # blocks A, the first one, C to F
# The characters of 通用规范汉字表 (2013) that lie in block B, whose other 42,000 no living name uses.
HAN_OF_BLOCK_B = (
    *(0x20164, 0x20676, 0x2139A, 0x21413, 0x235CB, 0x23C97, 0x23C98, 0x23E23, 0x249DB, 0x24A7D),
    *(0x24AC9, 0x25532, 0x25562, 0x255A8, 0x26221, 0x2648D, 0x26676, 0x2677C, 0x26B5C, 0x26C21),
    *(0x27FF9, 0x28408, 0x28678, 0x28695, 0x287E0, 0x28B49, 0x28C47, 0x28C4F, 0x28C51, 0x28C54),
    *(0x28E99, 0x29F7E, 0x29F83, 0x29F8C),
)
SIGNS = ((0x20, 0x7E), (0xA0, 0xFF), (0x2010, 0x203F), (0x2100, 0x21FF), (0x2460, 0x24FF), (0x3000, 0x303F))
SIMPLIFIED_CHINESE = 2  # the place of "Noto Serif CJK SC" in the collection
NOTO_VARIANTS = (0x3200, 0x33FF), (0xFF00, 0xFFEF)


def within(char: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    """Tell whether a code point lies in one of the inclusive ranges."""
    return any(low <= char <= high for low, high in ranges)


def gb2312() -> set[int]:
    """List the code points of GB 2312 (6,763 Han characters and its signs)."""
    pairs = (bytes((row, cell)) for row in range(0xA1, 0xF8) for cell in range(0xA1, 0xFF))
    return {ord(char) for pair in pairs if (char := pair.decode("gb2312", errors="ignore"))}


def cut(font: TTFont, keep: set[int], target: Path) -> None:
    """Write the part of a font that draws `keep`, without hints and layout features, with shared subroutines."""
    options = subset.Options()
    options.layout_features = []
    options.name_IDs = ["*"]
    options.hinting = False
    options.notdef_outline = True
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=keep)
    cutter.subset(font)
    font.save(target)
    font = TTFont(target)
    cffsubr.subroutinize(font)
    font.save(target)


def main(fandol: Path, noto: Path) -> None:
    """Write the five fonts beside this script."""
    drawn_by_all: set[int] | None = None
    common = gb2312() | set(range(0x20, 0x3400))
    for name in FANDOL:
        font = TTFont(fandol / f"{name}.otf")
        keep = {char for char in font.getBestCmap() if not within(char, ((0x2E80, 0x2FDF),))}
        if name != "FandolFang-Regular":
            keep &= common
        drawn_by_all = keep if drawn_by_all is None else drawn_by_all & keep
        cut(font, keep, HERE / f"{name}.otf")
    font = TTCollection(noto).fonts[SIMPLIFIED_CHINESE]
    han = {c for c in font.getBestCmap() if within(c, HAN)} | set(HAN_OF_BLOCK_B)
    lacking = han - (drawn_by_all or set())
    signs = {c for c in font.getBestCmap() if within(c, SIGNS + NOTO_VARIANTS)}
    cut(font, lacking | signs, HERE / "NotoSerifCJKsc-Lacking.otf")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
