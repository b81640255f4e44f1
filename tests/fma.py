"""A tiny FMA: the published layout, generated music as mp3, and a server that breaks off on demand."""

from __future__ import annotations

import csv
import hashlib
import http.server
import threading
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile

from mgclib.datasets.fetch import Archive
from mgclib.datasets.synthesis import Song

GENRES = {"Electronic": "disco", "Folk": "country", "Rock": "metal"}
RATE = 22050
HEADS = (
    ["", "album", "artist", "artist", "set", "set", "track", "track"],
    ["", "id", "id", "name", "split", "subset", "genre_top", "title"],
    ["track_id", "", "", "", "", "", "", ""],
)
SPLITS = ("training", "training", "validation", "test")


def rows(tracks: int) -> list[list[object]]:
    """Return rows of tracks.csv: `tracks` of each genre, two of an artist."""
    table = []
    for g, genre in enumerate(GENRES):
        for t in range(tracks):
            number = 100 * g + t + 2
            artist = 10 * g + t // 2
            table.append([number, 1, artist, f"Artist {artist}", SPLITS[t % 4], "small", genre, f"Song {number}"])
    return table


def sound(folder: Path, number: int, genre: str | None, seconds: float) -> Path:
    """Write the mp3 of a track where FMA has it."""
    name = f"{number:06d}"
    path = folder / name[:3] / f"{name}.mp3"
    path.parent.mkdir(parents=True, exist_ok=True)
    y = Song(GENRES.get(genre, "jazz"), number % 50, 0).excerpt(4.0, seconds)
    soundfile.write(path, np.clip(y, -1, 1), RATE, format="MP3")
    return path


def tables(home: Path, table: Sequence[Sequence[object]]) -> None:
    """Write tracks.csv, with its three header rows, and genres.csv."""
    folder = home / "fma_metadata"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "tracks.csv").open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle).writerows([*HEADS, *table])
    lines = ["genre_id,#tracks,parent,title,top_level", "12,3,0,Rock,12", "25,1,12,Punk,12", "17,2,0,Folk,17"]
    (folder / "genres.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def make(home: Path, tracks: int = 4, seconds: float = 2.0) -> Path:
    """Write a whole FMA-small with `tracks` of each of three genres."""
    table = rows(tracks)
    tables(home, table)
    for row in table:
        sound(home / "fma_small", row[0], row[6], seconds)
    return home


def pack(home: Path, folder: str, target: Path, how: int = zipfile.ZIP_BZIP2) -> Path:
    """Zip a folder as FMA does: the folder's own name first."""
    with zipfile.ZipFile(target, "w", how) as packed:
        for path in sorted((home / folder).rglob("*")):
            packed.write(path, path.relative_to(home).as_posix())
    return target


def archive(url: str, file: Path, folder: str) -> Archive:
    """Return what `fetch` is told about a file on the server."""
    size = file.stat().st_size
    return Archive(f"{url}/{file.name}", hashlib.sha1(file.read_bytes()).hexdigest(), size, 2 * size, folder)


class Server:
    """Serves a folder on this machine; `stops`: bytes after which the next answers break off, `busy`: so many 503."""

    def __init__(self, folder: Path, *, ranges: bool = True) -> None:
        self.folder, self.ranges = folder, ranges
        self.stops: list[int] = []
        self.asked: list[str | None] = []
        self.busy = 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        wanted = request.headers.get("Range")
        self.asked.append(wanted)
        if self.busy:
            self.busy -= 1
            request.send_error(503)
            return
        file = self.folder / request.path.lstrip("/")
        if not file.is_file():
            request.send_error(404)
            return
        body = file.read_bytes()
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.ranges else 0
        if start >= len(body):
            request.send_response(416)
            request.send_header("Content-Range", f"bytes */{len(body)}")
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        request.send_response(206 if start else 200)
        request.send_header("Content-Length", str(len(body) - start))
        request.end_headers()
        stop = self.stops.pop(0) if self.stops else len(body)
        request.wfile.write(body[start : start + stop])
        request.close_connection = True

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
