"""Blues, metal and rock."""

from __future__ import annotations

from mgclib.datasets.synthesis.style import Part, Style

__all__ = ["BLUES", "METAL", "ROCK"]

TWELVE_BARS = (
    "I7 I7 I7 I7 IV7 IV7 I7 I7 V7 IV7 I7 V7",
    "I7 IV7 I7 I7 IV7 IV7 I7 VI7 ii7 V7 I7 V7",
    "i7 i7 i7 i7 iv7 iv7 i7 i7 bVI7 V7 i7 V7",
)

BLUES = (
    Style(  # Chicago shuffle
        tempo=(92, 138),
        progressions=TWELVE_BARS[:2],
        scales=("blues", "blues", "mixolydian"),
        swing=(0.62, 0.68),
        grooves=(
            {"kick": "X.......x.......", "snare": "....X.......X...", "ride": "X...x.x.X...x.x."},
            {"kick": "X.....x.X.......", "snare": "....X.......X..g", "hat": "x.x.x.x.x.x.x.x."},
        ),
        kits=("studio", "dry", "jazz"),
        media=("old record", "tape", "live", "studio"),
        tone=(-2, 4, -3),
        drums=-4,
        parts=(
            Part(("upright bass", "finger bass"), ("boogie", "walking"), 36, -4, room=0.02, rests=0),
            Part(("electric guitar",), ("shuffle riff", "comp"), 47, -9, 0.8, (4, 14)),
            Part(("piano", "organ"), ("comp", "eighth chords"), 60, -11, 0.6),
            Part(("lead guitar", "slide guitar"), ("licks", "licks", "solo"), 67, -4, 0.9, (8, 20), 0.2, 0.1),
            Part(("voice",), ("licks",), 58, -5, 0.6),
        ),
    ),
    Style(  # slow blues in twelve-eight
        tempo=(52, 76),
        progressions=TWELVE_BARS,
        scales=("blues", "minor pentatonic"),
        swing=(0.66, 0.67),
        grooves=(
            {"kick": "X....xx.....", "snare": "...X.....X..", "hat": "xooxooxooxoo"},
            {"kick": "X.....x....x", "snare": "...X.....X..", "ride": "xooxooxooxoo"},
        ),
        kits=("studio", "jazz", "brushes"),
        media=("live", "tape", "studio"),
        tone=(-2, 4, -3),
        drums=-5,
        weight=0.8,
        parts=(
            Part(("finger bass", "upright bass"), ("walking", "root fifth"), 36, -3, room=0.02, rests=0),
            Part(("piano", "organ"), ("triplets", "held"), 60, -12),
            Part(("lead guitar", "slide guitar"), ("licks", "solo"), 67, -3, 1.0, (8, 22), 0.25, 0.1, 0),
        ),
    ),
    Style(  # Delta: one guitar, a voice, a foot
        tempo=(76, 120),
        progressions=("I7 I7 I7 I7 IV7 IV7 I7 I7 V7 IV7 I7 I7", "I7 I7 I7 I7", "I7 IV7 I7 I7"),
        scales=("blues", "minor pentatonic"),
        swing=(0.58, 0.67),
        grooves=({"stomp": "X...X...X...X..."}, {"stomp": "X.......X......."}),
        media=("old record", "old record", "tape"),
        tone=(-2, 4, -3),
        fills=0,
        looseness=0.015,
        drums=-5,
        weight=0.6,
        parts=(
            Part(("acoustic guitar", "steel strings"), ("boogie", "picking", "shuffle riff"), 45, -3, rests=0),
            Part(("slide guitar", "voice"), ("licks",), 62, -4),
            Part(("voice",), ("licks", "song"), 56, -5, 0.7),
        ),
    ),
)

METAL = (
    Style(  # thrash
        tempo=(140, 200),
        progressions=("i5 i5 bVI5 bVII5", "i5 bII5 i5 bIII5", "i5 i5 i5 bVI5/V5", "i5 bV5 iv5 bII5"),
        scales=("phrygian", "minor", "harmonic minor"),
        grooves=(
            {"kick": "X.x.X.x.X.x.X.x.", "snare": "..X...X...X...X.", "hat": "x.x.x.x.x.x.x.x."},
            {"kick": "XxxxXxxxXxxxXxxx", "snare": "....X.......X...", "ride": "X...X...X...X..."},
            {"kick": "X..xX.x.X..xX.x.", "snare": "....X.......X...", "crash": "X.......x......."},
        ),
        kits=("clicky", "arena"),
        media=("loud", "loud", "studio"),
        tone=(2, -4, 4),
        drums=-3,
        looseness=0.003,
        parts=(
            Part(("electric guitar",), ("chug",), 40, -2, 1.0, (26, 36), 0.05, 0, 0),
            Part(("electric guitar",), ("chug", "tremolo", "held power"), 43, -4, 0.8, (26, 36), 0.05),
            Part(("pick bass",), ("eighths",), 31, -5, 1.0, (0, 14), 0.0),
            Part(("growl", "voice"), ("growls", "song"), 52, -4, 0.75, (0, 10), 0.15, 0.0, 0.3),
            Part(("lead guitar",), ("solo",), 74, -6, 0.5, (22, 30), 0.2, 0.15, 0.5),
        ),
    ),
    Style(  # black and death: blast beats
        tempo=(165, 230),
        progressions=("i5 bVI5 i5 bIII5", "i5 i5 bII5 bII5", "i5 bVII5 bVI5 v5"),
        scales=("phrygian", "harmonic minor"),
        grooves=(
            {"kick": "X.X.X.X.X.X.X.X.", "snare": ".X.X.X.X.X.X.X.X", "ride": "X.X.X.X.X.X.X.X."},
            {"kick": "xxxxxxxxxxxxxxxx", "snare": "X.X.X.X.X.X.X.X.", "crash": "X.......X......."},
            {"kick": "XxxxXxxxXxxxXxxx", "snare": "........X.......", "ride": "X...X...X...X..."},
        ),
        kits=("clicky",),
        media=("loud", "live", "tape"),
        tone=(2, -4, 4),
        looseness=0.004,
        weight=0.6,
        parts=(
            Part(("electric guitar",), ("tremolo",), 43, -2, 1.0, (28, 38), 0.15, 0, 0),
            Part(("pick bass",), ("eighths", "tremolo"), 31, -6, 1.0, (0, 12), 0.0),
            Part(("growl",), ("growls",), 50, -3, 0.9, (4, 12), 0.2, 0.0, 0.25),
        ),
    ),
    Style(  # doom and heavy: close to hard rock
        tempo=(66, 118),
        progressions=("i5 i5 bVII5 bVI5", "i5 bIII5 iv5 i5", "i5 bVI5 bVII5 i5"),
        scales=("minor pentatonic", "minor"),
        grooves=(
            {"kick": "X.....x.x.......", "snare": "....X.......X...", "hat": "X...x...x...x..."},
            {"kick": "X.x...x.X.x.....", "snare": "....X.......X...", "crash": "X...x...X...x..."},
        ),
        kits=("arena", "clicky"),
        media=("loud", "studio", "live"),
        tone=(2, -4, 4),
        weight=0.8,
        parts=(
            Part(("electric guitar",), ("held power", "power chords", "riff"), 41, -1, 1.0, (22, 34), 0.1, 0, 0),
            Part(("pick bass",), ("eighths", "held root"), 31, -4, 1.0, (0, 12), 0.0),
            Part(("voice", "lead guitar"), ("song", "melody"), 62, -5, 0.8, (0, 16), 0.2, 0.1, 0.2),
        ),
    ),
)

ROCK = (
    Style(  # hard rock
        tempo=(104, 156),
        progressions=("I5 bVII5 IV5 I5", "I5 IV5 V5 IV5", "i5 bVII5 bVI5 bVII5", "I5 I5 bIII5 IV5"),
        scales=("minor pentatonic", "blues", "mixolydian"),
        grooves=(
            {"kick": "X.....x.X.......", "snare": "....X.......X...", "hat": "x.x.x.x.x.x.x.x."},
            {"kick": "X.x.....X.x.....", "snare": "....X.......X...", "hat": "X...x...X...x..."},
            {"kick": "X..x..x.x.x.....", "snare": "....X.......X...", "crash": "x...x...x...x..."},
        ),
        kits=("arena", "studio"),
        media=("studio", "loud", "live"),
        tone=(0, 3, 2),
        parts=(
            Part(("electric guitar",), ("power chords", "riff"), 45, -3, 1.0, (14, 28), 0.1, 0, 0),
            Part(("electric guitar",), ("held power", "strum", "eighth chords"), 52, -7, 0.7, (8, 22)),
            Part(("pick bass", "finger bass"), ("eighths", "syncopated"), 33, -4, room=0.0, rests=0),
            Part(("voice",), ("song",), 64, -3, 0.9, room=0.2, rests=0.25),
            Part(("lead guitar",), ("solo", "licks"), 70, -6, 0.4, (12, 24), 0.2, 0.1, 0.5),
        ),
    ),
    Style(  # indie: clean guitars
        tempo=(112, 168),
        progressions=("I V vi IV", "I iii IV IV", "vi IV I V", "I IV ii V"),
        scales=("major", "pentatonic"),
        grooves=(
            {"kick": "X.....x.X.x.....", "snare": "....X.......X...", "hat": "xoxoxoxoxoxoxoxo"},
            {"kick": "X...X...X...X...", "snare": "....X.......X...", "open": "..x...x...x...x."},
        ),
        kits=("dry", "studio"),
        media=("studio", "tape", "live"),
        tone=(0, 3, 2),
        weight=0.8,
        parts=(
            Part(("electric guitar",), ("eighth chords", "strum", "arpeggio"), 57, -5, 1.0, (3, 14)),
            Part(("electric guitar", "steel strings"), ("riff", "picking"), 67, -8, 0.7, (0, 10), 0.2, 0.1),
            Part(("pick bass",), ("eighths",), 34, -4, room=0.0, rests=0),
            Part(("voice",), ("song", "melody"), 64, -3, 0.95, room=0.25, rests=0.2),
        ),
    ),
    Style(  # rock'n'roll and blues rock: close to blues and country
        tempo=(120, 176),
        progressions=(TWELVE_BARS[0], "I I IV V", "I IV I V"),
        scales=("blues", "major"),
        swing=(0.5, 0.6),
        grooves=(
            {"kick": "X...X...X...X...", "snare": "....X.......X...", "ride": "x.x.x.x.x.x.x.x."},
            {"kick": "X.....x.X.......", "snare": "....X..x....X...", "hat": "x.x.x.x.x.x.x.x."},
        ),
        kits=("dry", "studio"),
        media=("tape", "live", "old record"),
        tone=(0, 3, 2),
        drums=-5,
        weight=0.6,
        parts=(
            Part(("electric guitar",), ("shuffle riff",), 47, -5, 1.0, (6, 18), 0.1, 0, 0),
            Part(("upright bass", "finger bass"), ("boogie", "walking"), 36, -4, room=0.0, rests=0),
            Part(("piano", "saxophone"), ("eighth chords", "licks"), 62, -9, 0.6),
            Part(("voice", "lead guitar"), ("song", "licks"), 65, -3, 1.0, (0, 10), 0.2, 0.15, 0.2),
        ),
    ),
)
