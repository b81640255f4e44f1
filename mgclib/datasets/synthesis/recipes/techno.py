"""The five classes of the techno report."""

from __future__ import annotations

from mgclib.datasets.synthesis.style import Part, Style

__all__ = ["BOUNCY", "INDUSTRIAL", "NON_TECHNO_DROP", "TEKNO", "WARZONE"]

MINIMAL = ("i i i i", "i i bII i", "i i i bVII")
FOUR = "X...X...X...X..."

BOUNCY = (
    Style(  # the bass bounces between the kicks
        tempo=(138, 158),
        progressions=("i i i i", "i i bVI bVII", "i bIII i bVII"),
        scales=("minor", "minor pentatonic"),
        grooves=(
            {"kick": FOUR, "open": "..X...X...X...X.", "clap": "....x.......x..."},
            {"kick": FOUR, "open": "..x...x...x...x.", "hat": "xoxoxoxoxoxoxoxo", "conga": "..o..x....o..x.o"},
        ),
        kits=("909", "tribe", "hard"),
        media=("club", "loud", "warehouse"),
        tone=(0, 0, 1),
        looseness=0.0,
        fills=0.3,
        drums=0,
        parts=(
            Part(("donk", "synth bass"), ("offbeats", "rolling"), 36, -1, 1.0, (0, 8), 0.03, 0, 0),
            Part(("donk", "pluck", "square lead"), ("sequence", "stabs"), 60, -6, 0.9, room=0.15, echo=0.15),
            Part(("stab", "hoover", "voice"), ("stabs", "riff", "song"), 65, -7, 0.7, room=0.2, echo=0.1, rests=0.12),
        ),
    ),
)

TEKNO = (
    Style(  # free party: fast, acid, tribal
        tempo=(160, 192),
        progressions=MINIMAL,
        scales=("phrygian", "minor"),
        grooves=(
            {"kick": FOUR, "open": "..x...x...x...x.", "tom": "...x..x....x..x.", "hat": "oooooooooooooooo"},
            {"kick": FOUR, "hat": "..x...x...x...x.", "snare": "....x..?....x...", "bongo": "x..x..x.x..x..x."},
        ),
        kits=("tribe", "hard"),
        media=("warehouse", "club", "tape"),
        looseness=0.0,
        fills=0.4,
        drums=0,
        parts=(
            Part(("acid", "synth bass"), ("sequence", "rolling"), 43, -3, 1.0, (4, 16), 0.05, 0.1, 0.05),
            Part(("acid", "square lead", "screech"), ("sequence", "riff"), 60, -7, 0.8, (0, 10), 0.15, 0.2, 0.08),
            Part(("stab", "hoover", "pad"), ("stabs", "drone"), 58, -10, 0.6, room=0.3, echo=0.1, rests=0.15),
        ),
    ),
)

WARZONE = (
    Style(  # distorted kicks, alarms
        tempo=(150, 182),
        progressions=("i i i i", "i bII i bII", "i i bV i"),
        scales=("phrygian", "harmonic minor"),
        grooves=(
            {"kick": "X...X...X...X.x.", "snare": "....x.......x...", "crash": "X..............."},
            {"kick": "X..xX...X..xX...", "open": "..x...x...x...x.", "clap": "....X.......X..x"},
            {"kick": "X...X...X...XxXx", "hat": "..x...x...x...x."},
        ),
        kits=("gabber", "hard"),
        media=("warehouse", "loud"),
        tone=(0, 2, 1),
        looseness=0.0,
        fills=0.6,
        drums=3,
        parts=(
            Part(("siren", "screech", "hoover"), ("alarm", "riff"), 66, -5, 1.0, (0, 14), 0.25, 0.15, 0.15),
            Part(("synth bass", "hoover"), ("rolling", "drone"), 33, -5, 0.9, (10, 22), 0.05),
            Part(("growl", "rap"), ("growls", "rap"), 50, -5, 0.6, (4, 16), 0.2, 0.15, 0.15),
        ),
    ),
)

INDUSTRIAL = (
    Style(  # machines: rumble, anvils, noise
        tempo=(132, 160),
        progressions=MINIMAL,
        scales=("phrygian",),
        grooves=(
            {"kick": FOUR, "anvil": "...x..x....x....", "hat": "..x...x...x...x.", "scrape": "........x......."},
            {"kick": FOUR, "pipe": "..x..x....x..x..", "open": "..x...x...x...x.", "snare": "....?.......x..."},
            {"kick": "X...X..xX...X...", "anvil": "....x.......x..x", "scrape": "..x.....x..x...."},
        ),
        kits=("hard", "gabber", "909"),
        media=("warehouse", "warehouse", "tape", "club"),
        tone=(1, -1, -1),
        looseness=0.0,
        fills=0.2,
        drums=0,
        parts=(
            Part(("dub bass", "synth bass"), ("rolling",), 31, 0, 1.0, (6, 18), 0.2, 0, 0),
            Part(("pad", "hoover", "screech"), ("drone",), 48, -8, 0.9, (8, 20), 0.4, 0.0, 0.08),
            Part(("stab", "acid", "growl"), ("stabs", "sequence"), 54, -8, 0.7, (4, 16), 0.3, 0.25, 0.1),
        ),
    ),
)

NON_TECHNO_DROP = (
    Style(  # breakbeat and drum and bass
        tempo=(160, 178),
        progressions=("i bVI bIII bVII", "i i bVI V"),
        scales=("minor", "dorian"),
        grooves=(
            {"kick": "X.........X.....", "snare": "....X.......X...", "hat": "x.x.x.x.x.x.x.x."},
            {"kick": "X.x.......xx....", "snare": "....X..x.x..X...", "ride": "x.x.x.x.x.x.x.x."},
        ),
        kits=("sampled", "909"),
        media=("club", "loud"),
        drums=-1,
        looseness=0.002,
        parts=(
            Part(("dub bass", "synth bass", "hoover"), ("sub", "syncopated"), 33, 0, 1.0, (0, 14), 0.02, 0, 0),
            Part(("pad", "choir", "strings"), ("held",), 62, -9, 0.9, room=0.3),
            Part(("voice", "saw lead", "piano"), ("song", "arpeggio"), 68, -5, 0.8, room=0.25, echo=0.2),
        ),
    ),
    Style(  # a break without drums, a build-up
        tempo=(128, 160),
        progressions=("i bVI bIII bVII", "vi IV I V", "i bVII bVI bVI"),
        scales=("minor", "major"),
        grooves=(
            {"sweep": "x.......x......."},
            {"snare": "g.g.g.g.g.g.g.g.", "sweep": "x..............."},
            {"clap": "....o.......o...", "shaker": "x.x.x.x.x.x.x.x."},
        ),
        kits=("909",),
        media=("club", "hall", "studio"),
        drums=-6,
        fills=0.3,
        looseness=0.001,
        parts=(
            Part(("pad", "saw lead", "choir"), ("held",), 60, -4, 1.0, room=0.5, rests=0),
            Part(("piano", "pluck", "bell"), ("arpeggio", "melody", "riff"), 70, -6, 0.9, room=0.4, echo=0.25),
            Part(("voice",), ("song", "melody"), 66, -4, 0.7, room=0.5, echo=0.2, rests=0.2),
        ),
    ),
    Style(  # trap, dubstep and house drops
        tempo=(126, 150),
        progressions=("i i bVI bVII", "i i i i"),
        scales=("minor", "phrygian"),
        grooves=(
            {"kick": "X.....x...x.....", "clap": "........X.......", "hat": "x.x.x.xxx.x.xxxx"},
            {"kick": "X..x..x.X..x..x.", "snare": "........X.......", "hat": "x.x.x.x.x.x.x.x."},
            {"kick": FOUR, "clap": "....X.......X...", "open": "..x...x...x...x."},
        ),
        kits=("808", "909"),
        media=("loud", "club"),
        drums=-1,
        looseness=0.001,
        parts=(
            Part(("808", "hoover", "synth bass"), ("sub", "growls"), 33, 0, 1.0, (2, 18), 0.03, 0, 0),
            Part(("saw lead", "stab", "brass"), ("stabs", "riff", "eighth chords"), 64, -6, 1.0, room=0.25, echo=0.1),
            Part(("voice", "rap"), ("song", "rap"), 62, -5, 0.5, room=0.25, echo=0.15, rests=0.12),
        ),
    ),
)
