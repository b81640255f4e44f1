"""Classical, country and jazz."""

from __future__ import annotations

from mgclib.datasets.synthesis.style import Part, Style

__all__ = ["CLASSICAL", "COUNTRY", "JAZZ"]

CADENCES = (
    "I I V V I IV V I",
    "I vi ii V I IV I/V I",
    "i iv V i bVI iv V i",
    "I V vi iii IV I IV V",
    "i bVII bVI V i iv V i",
)

CLASSICAL = (
    Style(  # strings
        tempo=(56, 124),
        progressions=CADENCES,
        scales=("major", "harmonic minor", "minor"),
        media=("hall", "hall", "live", "old record"),
        tone=(-4, 0, -4),
        looseness=0.02,
        parts=(
            Part(("strings",), ("held",), 55, -7, 1.0, room=0.5, rests=0),
            Part(("strings",), ("held root", "walking"), 43, -6, 0.9, room=0.4),
            Part(("fiddle", "strings", "flute"), ("melody", "song"), 76, -3, 1.0, room=0.5, rests=0.05),
            Part(("clarinet", "flute", "fiddle"), ("alberti", "melody"), 67, -8, 0.6, room=0.5, rests=0.3),
            Part(("brass", "choir"), ("held",), 58, -10, 0.3, room=0.6, rests=0.4),
        ),
    ),
    Style(  # piano
        tempo=(60, 144),
        progressions=CADENCES,
        scales=("major", "harmonic minor"),
        media=("hall", "hall", "old record", "studio"),
        tone=(-4, 0, -4),
        looseness=0.018,
        parts=(
            Part(("piano",), ("alberti", "arpeggio", "triplets"), 54, -7, rests=0, room=0.3),
            Part(("piano",), ("melody", "song", "solo"), 74, -3, rests=0, room=0.3),
            Part(("piano",), ("held root",), 40, -6, 0.6, room=0.3),
        ),
    ),
    Style(  # baroque
        tempo=(72, 132),
        progressions=CADENCES,
        scales=("major", "harmonic minor"),
        beats=3,
        media=("hall", "hall", "studio"),
        tone=(-4, 0, -4),
        looseness=0.01,
        weight=0.7,
        parts=(
            Part(("harpsichord",), ("arpeggio", "alberti"), 60, -6, room=0.3, rests=0),
            Part(("strings", "fiddle"), ("walking", "held root"), 45, -6, 0.9, room=0.4),
            Part(("flute", "fiddle", "trumpet"), ("solo", "melody"), 76, -5, 0.8, room=0.4),
        ),
    ),
)

COUNTRY = (
    Style(  # two-step and train beat
        tempo=(88, 134),
        progressions=("I I IV I V V I I", "I IV V I", "I I V V V V I I", "I V IV I"),
        scales=("major", "pentatonic"),
        swing=(0.5, 0.58),
        grooves=(
            {"kick": "X.......X.......", "snare": "....X.......X...", "hat": "x.x.x.x.x.x.x.x."},
            {"kick": "X...x...X...x...", "snare": "ggXgggXgggXgggXg"},
            {"kick": "X.......X.......", "rim": "....X.......X...", "shaker": "x.o.x.o.x.o.x.o."},
        ),
        kits=("brushes", "dry", "studio"),
        media=("studio", "tape", "live"),
        tone=(-3, -3, 4),
        drums=-8,
        parts=(
            Part(("upright bass", "finger bass"), ("root fifth",), 35, -3, room=0.02, rests=0),
            Part(("acoustic guitar", "steel strings"), ("boom chick", "strum"), 57, -6, rests=0),
            Part(("slide guitar",), ("melody", "licks"), 71, -6, 0.75, (0, 5), 0.3, 0.1, 0.3),
            Part(("fiddle", "banjo", "electric guitar"), ("licks", "picking"), 69, -7, 0.75, rests=0.3),
            Part(("voice",), ("song", "melody"), 61, -3, 0.85, rests=0.2),
        ),
    ),
    Style(  # waltz and ballad
        tempo=(84, 126),
        progressions=("I I IV IV V V I I", "I IV I V", "I vi IV V"),
        scales=("major", "pentatonic"),
        beats=3,
        grooves=(
            {"kick": "X...........", "snare": "....x...x...", "hat": "x.x.x.x.x.x."},
            {"kick": "X...........", "rim": "....x...x..."},
        ),
        kits=("brushes",),
        media=("tape", "studio", "old record"),
        tone=(-3, -3, 4),
        drums=-9,
        weight=0.6,
        parts=(
            Part(("upright bass",), ("root fifth",), 35, -3, rests=0),
            Part(("acoustic guitar",), ("boom chick", "picking"), 57, -5, rests=0),
            Part(("slide guitar", "fiddle"), ("melody",), 72, -5, 1.0, room=0.3),
            Part(("voice",), ("song", "melody"), 61, -3, 0.85),
        ),
    ),
    Style(  # bluegrass and modern country: close to rock and pop
        tempo=(104, 150),
        progressions=("I V vi IV", "I IV I V", "I bVII IV I"),
        scales=("pentatonic", "major", "mixolydian"),
        grooves=(
            {"kick": "X.....x.X.......", "snare": "....X.......X...", "hat": "x.x.x.x.x.x.x.x."},
            {"kick": "X.......X.......", "snare": "..x...x...x...x."},
        ),
        kits=("studio", "dry"),
        media=("studio", "loud", "live"),
        tone=(-3, -3, 4),
        drums=-5,
        weight=0.8,
        parts=(
            Part(("finger bass", "upright bass"), ("root fifth", "eighths"), 35, -4, rests=0, room=0.02),
            Part(("banjo", "steel strings"), ("arpeggio", "picking"), 64, -6, 1.0),
            Part(("steel strings", "electric guitar"), ("strum",), 57, -7, 1.0, (0, 8)),
            Part(("fiddle", "slide guitar"), ("licks", "solo"), 72, -7, 0.7, rests=0.3),
            Part(("voice",), ("song",), 62, -3, 0.9, rests=0.2),
        ),
    ),
)

CHANGES = (
    "ii7 V7 Imaj7 Imaj7",
    "ii7/V7 Imaj7/vi7 ii7/V7 Imaj7",
    "Imaj7/vi7 ii7/V7 iii7/VI7 ii7/V7",
    "i7 i7 iv7 bVII7 bIIImaj7 bVImaj7 V7 i6",
    "i7 i7 i7 i7 bIIm7 bIIm7 i7 i7",
)

JAZZ = (
    Style(  # swing combo
        tempo=(116, 230),
        progressions=CHANGES,
        scales=("bebop", "dorian", "mixolydian"),
        swing=(0.6, 0.67),
        grooves=(
            {
                "ride": "X...x.o.X...x.o.",
                "hat": "....x.......x...",
                "kick": "?.....g...?.....",
                "snare": "...?.....?....g.",
            },
            {
                "ride": "X...x.o.X...x.o.",
                "hat": "....x.......x...",
                "kick": "g...g...g...g...",
                "rim": "............x...",
            },
        ),
        kits=("jazz",),
        media=("tape", "old record", "live", "studio"),
        tone=(0, 2, -2),
        drums=-7,
        fills=0.2,
        looseness=0.012,
        parts=(
            Part(("upright bass",), ("walking",), 37, -2, room=0.05, rests=0),
            Part(("piano", "electric guitar"), ("comp",), 60, -8, room=0.15),
            Part(("saxophone", "trumpet"), ("solo", "solo", "melody"), 66, -3, 0.8, room=0.25, rests=0.2),
            Part(("piano",), ("solo",), 74, -6, 0.5, rests=0.5),
        ),
    ),
    Style(  # ballad with brushes
        tempo=(54, 84),
        progressions=CHANGES,
        scales=("bebop", "major", "dorian"),
        swing=(0.58, 0.66),
        grooves=({"snare": "x.o.X.o.x.o.X.o.", "hat": "....o.......o...", "ride": "x...o.g.x...o.g."},),
        kits=("brushes",),
        media=("studio", "tape", "hall", "old record"),
        tone=(0, 2, -2),
        drums=-14,
        fills=0,
        looseness=0.02,
        weight=0.6,
        parts=(
            Part(("upright bass",), ("root fifth", "walking"), 37, -3, rests=0),
            Part(("piano",), ("held", "comp", "arpeggio"), 60, -7, rests=0),
            Part(("saxophone", "trumpet", "flute"), ("melody", "solo"), 67, -2, 0.85, room=0.35),
        ),
    ),
    Style(  # bossa nova and jazz funk: close to disco and hip-hop
        tempo=(96, 144),
        progressions=CHANGES,
        scales=("dorian", "bebop", "blues"),
        grooves=(
            {"rim": "x..x..x...x..x..", "hat": "xoxoxoxoxoxoxoxo", "kick": "X..xx..xX..xx..x"},
            {"snare": "....X..g.g..X...", "hat": "x.xxx.xxx.xxx.xx", "kick": "X.x...x...x....."},
        ),
        kits=("jazz", "dry"),
        media=("studio", "vinyl", "tape"),
        tone=(0, 2, -2),
        drums=-6,
        looseness=0.009,
        weight=0.7,
        parts=(
            Part(("upright bass", "finger bass"), ("root fifth", "syncopated"), 36, -3, rests=0),
            Part(("acoustic guitar", "electric piano"), ("comp", "stabs"), 59, -6, rests=0),
            Part(("saxophone", "flute", "trumpet"), ("solo", "melody"), 68, -3, 0.9, room=0.25),
        ),
    ),
)
