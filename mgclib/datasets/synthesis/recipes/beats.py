"""Disco, hip-hop, pop and reggae."""

from __future__ import annotations

from mgclib.datasets.synthesis.style import Part, Style

__all__ = ["DISCO", "HIPHOP", "POP", "REGGAE"]

DISCO = (
    Style(  # orchestral disco
        tempo=(108, 128),
        progressions=("i7 iv7 bVII7 bIIImaj7", "i7 i7 iv7 iv7", "ii7 V7 Imaj7 vi7", "i7 bVII bVI V7"),
        scales=("dorian", "minor", "minor pentatonic"),
        grooves=(
            {
                "kick": "X...X...X...X...",
                "snare": "....X.......X...",
                "open": "..x...x...x...x.",
                "hat": "x.o.x.o.x.o.x.o.",
            },
            {
                "kick": "X...X...X...X...",
                "clap": "....X.......X...",
                "hat": "xoXoxoXoxoXoxoXo",
                "conga": "..o..o.o..o..o.o",
            },
        ),
        kits=("dry", "studio"),
        media=("studio", "vinyl", "tape"),
        tone=(1, -3, 3),
        parts=(
            Part(("finger bass", "slap bass"), ("octaves", "syncopated"), 33, -3, room=0.0, rests=0),
            Part(("electric guitar",), ("sixteenths",), 62, -9, 0.9, (0, 6)),
            Part(("strings",), ("stabs", "held", "melody"), 72, -7, 0.9, room=0.3, rests=0.2),
            Part(("electric piano", "piano"), ("stabs", "comp"), 60, -9, 0.7),
            Part(("brass",), ("stabs",), 65, -9, 0.6, rests=0.4),
            Part(("voice",), ("song",), 67, -3, 0.8, room=0.2, rests=0.3),
        ),
    ),
    Style(  # electronic disco
        tempo=(114, 134),
        progressions=("i i bVI bVII", "i i i i", "i bVII iv i", "vi IV I V"),
        scales=("minor", "dorian"),
        grooves=(
            {"kick": "X...X...X...X...", "clap": "....X.......X...", "open": "..x...x...x...x."},
            {
                "kick": "X...X...X...X...",
                "snare": "....X.......X...",
                "hat": "xoxoxoxoxoxoxoxo",
                "tambourine": "..x...x...x...x.",
            },
        ),
        kits=("909", "808", "dry"),
        media=("club", "studio", "vinyl"),
        tone=(1, -3, 3),
        looseness=0.001,
        weight=0.7,
        parts=(
            Part(("synth bass",), ("octaves", "rolling"), 33, -2, room=0.0, rests=0),
            Part(("pluck", "square lead"), ("arpeggio", "sequence"), 66, -9, 0.9, room=0.2, echo=0.2),
            Part(("strings", "pad"), ("held",), 62, -9, 0.9, room=0.3),
            Part(("voice", "square lead"), ("song",), 67, -4, 0.8, room=0.25, echo=0.1, rests=0.3),
        ),
    ),
)

HIPHOP = (
    Style(  # boom bap
        tempo=(82, 102),
        progressions=("i7 i7 iv7 i7", "ii7 V7 ii7 V7", "i9 bVImaj7 i9 V7", "i7 i7 i7 i7"),
        scales=("minor", "minor pentatonic", "dorian"),
        swing=(0.54, 0.62),
        pair=0.5,
        grooves=(
            {"kick": "X.....x...x.....", "snare": "....X.......X...", "hat": "x.x.x.x.x.x.x.x."},
            {"kick": "X.x....x..x.....", "snare": "....X..g.g..X...", "hat": "x.x.x.xxx.x.x.x."},
            {
                "kick": "X..x......xx....",
                "snare": "....X.......X...",
                "hat": "x.x.x.x.x.x.x.x.",
                "shaker": "oxoxoxoxoxoxoxox",
            },
        ),
        kits=("sampled", "dry"),
        media=("vinyl", "tape", "studio"),
        tone=(5, 1, -3),
        drums=-1,
        fills=0.15,
        parts=(
            Part(("dub bass", "upright bass", "808"), ("sub", "syncopated"), 33, -2, room=0.0, rests=0),
            Part(("electric piano", "piano", "electric guitar"), ("comp", "held", "stabs"), 60, -8, rests=0.1),
            Part(("flute", "strings", "bell", "brass"), ("riff", "melody"), 70, -10, 0.6, rests=0.3),
            Part(("rap",), ("rap",), 50, 1, 0.95, room=0.05, rests=0.12),
        ),
    ),
    Style(  # trap
        tempo=(128, 156),
        progressions=("i i bVI bVI", "i i i bVII", "i iv i V"),
        scales=("minor", "harmonic minor", "phrygian"),
        grooves=(
            {"kick": "X.....x...x.....", "clap": "........X.......", "hat": "x.x.x.xxx.x.xxxx"},
            {
                "kick": "X..x......x..x..",
                "snare": "........X.......",
                "hat": "xxx.x.x.xxxxx.x.",
                "open": "......?.........",
            },
        ),
        kits=("808",),
        media=("loud", "studio", "club"),
        tone=(5, 1, -3),
        fills=0.1,
        looseness=0.001,
        drums=-2,
        weight=0.8,
        parts=(
            Part(("808",), ("sub",), 30, 1, 1.0, (0, 10), 0.0, 0, 0),
            Part(
                ("bell", "pluck", "piano", "flute"), ("riff", "sequence", "arpeggio"), 72, -9, 1.0, room=0.3, echo=0.1
            ),
            Part(("pad", "choir", "strings"), ("held",), 60, -12, 0.6, room=0.3),
            Part(("rap", "voice"), ("rap",), 52, 1, 0.95, room=0.1, echo=0.08, rests=0.12),
        ),
    ),
    Style(  # west coast and jazzy: close to disco, pop and jazz
        tempo=(88, 110),
        progressions=("ii7 V7 Imaj7 vi7", "i7 iv7 i7 iv7", "Imaj7 iii7 vi7 IVmaj7"),
        scales=("dorian", "blues", "minor pentatonic"),
        swing=(0.5, 0.58),
        pair=0.5,
        grooves=(
            {"kick": "X..x....X.x.....", "clap": "....X.......X...", "hat": "x.xxx.xxx.xxx.xx"},
            {"kick": "X.....x..xx.....", "snare": "....X.......X...", "open": "..x...x...x...x."},
        ),
        kits=("808", "sampled"),
        media=("studio", "vinyl", "club"),
        tone=(5, 1, -3),
        drums=-2,
        weight=0.6,
        parts=(
            Part(("synth bass", "finger bass"), ("syncopated", "sub"), 34, -2, room=0.0, rests=0),
            Part(("electric piano", "electric guitar"), ("sixteenths", "comp", "held"), 60, -8),
            Part(("saw lead", "flute"), ("melody", "riff"), 79, -11, 0.6, room=0.2, rests=0.3),
            Part(("rap",), ("rap",), 51, 1, 0.95, room=0.08, rests=0.12),
        ),
    ),
)

FOUR_CHORDS = ("I V vi IV", "vi IV I V", "I vi IV V", "IV I V vi", "I iii IV iv")

POP = (
    Style(  # dance pop
        tempo=(104, 132),
        progressions=FOUR_CHORDS,
        scales=("major", "pentatonic"),
        grooves=(
            {
                "kick": "X...X...X...X...",
                "clap": "....X.......X...",
                "hat": "..x...x...x...x.",
                "shaker": "oxoxoxoxoxoxoxox",
            },
            {"kick": "X...X...X...X...", "snare": "....X.......X...", "open": "..x...x...x...x."},
            {"kick": "X..x..x.X..x..x.", "clap": "....X.......X...", "hat": "x.x.x.x.x.x.x.x."},
        ),
        kits=("909", "808", "studio"),
        media=("loud", "studio", "club"),
        tone=(1, -2, 5),
        looseness=0.001,
        parts=(
            Part(("synth bass",), ("eighths", "syncopated", "octaves"), 34, -3, room=0.0, rests=0),
            Part(("pad", "strings", "saw lead"), ("held", "eighth chords"), 60, -9, rests=0.1),
            Part(("pluck", "piano", "bell"), ("arpeggio", "stabs", "riff"), 70, -8, 0.85, room=0.2, echo=0.15),
            Part(("voice",), ("song",), 67, -1, 1.0, room=0.2, echo=0.06, rests=0.15),
            Part(("choir",), ("held",), 67, -12, 0.4, room=0.3, rests=0.5),
        ),
    ),
    Style(  # band pop: close to rock and country
        tempo=(88, 128),
        progressions=FOUR_CHORDS,
        scales=("major", "pentatonic"),
        grooves=(
            {"kick": "X.....x.X.......", "snare": "....X.......X...", "hat": "x.x.x.x.x.x.x.x."},
            {"kick": "X..x..x...x.....", "snare": "....X.......X...", "hat": "xoxoxoxoxoxoxoxo"},
        ),
        kits=("studio", "dry"),
        media=("studio", "loud"),
        tone=(1, -2, 5),
        weight=0.8,
        parts=(
            Part(("finger bass", "pick bass"), ("eighths", "syncopated", "held root"), 34, -4, room=0.0, rests=0),
            Part(("acoustic guitar", "electric guitar", "steel strings"), ("strum", "arpeggio"), 59, -7, 1.0, (0, 7)),
            Part(("piano", "electric piano", "strings"), ("held", "eighth chords"), 62, -9, 0.8),
            Part(("voice",), ("song", "melody"), 66, -1, 1.0, room=0.2, rests=0.12),
        ),
    ),
    Style(  # ballad
        tempo=(62, 88),
        progressions=FOUR_CHORDS,
        scales=("major",),
        grooves=(
            {"kick": "X.......x.x.....", "snare": "....X.......X...", "hat": "x.x.x.x.x.x.x.x."},
            {"kick": "X.......X.......", "rim": "....X.......X...", "shaker": "x.x.x.x.x.x.x.x."},
        ),
        kits=("studio", "808"),
        media=("studio", "hall"),
        tone=(1, -2, 5),
        drums=-6,
        weight=0.5,
        parts=(
            Part(("finger bass", "synth bass"), ("held root", "syncopated"), 35, -4, rests=0),
            Part(("piano", "electric piano"), ("arpeggio", "eighth chords", "held"), 60, -6, rests=0),
            Part(("strings", "pad"), ("held",), 64, -10, 0.8, room=0.3, rests=0.2),
            Part(("voice",), ("melody", "song"), 66, -1, 1.0, room=0.3, rests=0.1),
        ),
    ),
)

REGGAE = (
    Style(  # one drop
        tempo=(66, 88),
        progressions=("I V vi IV", "i i iv i", "I IV I IV", "i bVII i bVII", "ii I ii I"),
        scales=("major", "minor", "pentatonic"),
        swing=(0.5, 0.6),
        grooves=(
            {"kick": "........X.......", "rim": "........X.......", "hat": "x.x.x.x.x.x.x.x."},
            {
                "kick": "........X.......",
                "rim": "........X..?....",
                "hat": "x.oxx.oxx.oxx.ox",
                "open": "......?.........",
            },
        ),
        kits=("dry", "studio"),
        media=("tape", "vinyl", "studio"),
        tone=(6, -1, -5),
        drums=-4,
        parts=(
            Part(("dub bass",), ("dub line",), 33, 2, room=0.0, rests=0.03),
            Part(("electric guitar", "piano"), ("skank",), 62, -5, 1.0, room=0.15, rests=0.03),
            Part(("organ",), ("bubble", "held"), 60, -10, 0.8),
            Part(("voice",), ("song", "melody"), 63, -3, 0.85, room=0.25, echo=0.1, rests=0.2),
            Part(("brass", "lead guitar"), ("licks", "riff"), 67, -9, 0.4, room=0.2, echo=0.1, rests=0.4),
        ),
    ),
    Style(  # steppers and dub
        tempo=(68, 80),
        progressions=("i i i i", "i bVII i bVII", "i iv i iv"),
        scales=("minor", "dorian"),
        swing=(0.5, 0.58),
        grooves=(
            {"kick": "X...X...X...X...", "rim": "........X.......", "hat": "x.x.x.x.x.x.x.x."},
            {
                "kick": "X.......X.......",
                "snare": "........X.......",
                "hat": "..x...x...x...x.",
                "conga": "..o..o....o..o..",
            },
        ),
        kits=("dry", "808"),
        media=("tape", "club", "vinyl"),
        tone=(6, -1, -5),
        drums=-3,
        weight=0.8,
        parts=(
            Part(("dub bass", "808"), ("dub line",), 32, 3, room=0.0, rests=0.05),
            Part(("electric guitar", "organ"), ("skank",), 62, -7, 1.0, room=0.3, echo=0.4, rests=0.2),
            Part(("flute", "brass", "electric piano"), ("licks",), 68, -8, 0.7, room=0.3, echo=0.3, rests=0.3),
        ),
    ),
    Style(  # ska and lovers' rock: faster, close to pop
        tempo=(92, 140),
        progressions=("I IV V IV", "I vi ii V", "I IV I V"),
        scales=("major", "pentatonic", "blues"),
        swing=(0.52, 0.62),
        grooves=(
            {"kick": "X.......X.......", "snare": "....X.......X...", "hat": "..x...x...x...x."},
            {"kick": "....X.......X...", "rim": "....X.......X...", "hat": "x.x.x.x.x.x.x.x."},
        ),
        kits=("dry", "studio"),
        media=("tape", "old record", "live", "studio"),
        tone=(6, -1, -5),
        drums=-5,
        weight=0.6,
        parts=(
            Part(("finger bass", "upright bass", "dub bass"), ("walking", "dub line"), 35, -1, room=0.0, rests=0),
            Part(("electric guitar", "piano"), ("skank",), 62, -5, 1.0, rests=0),
            Part(("saxophone", "trumpet", "brass"), ("riff", "licks", "stabs"), 66, -6, 0.7, room=0.2, rests=0.3),
            Part(("voice",), ("song",), 64, -3, 0.7, rests=0.2),
        ),
    ),
)
