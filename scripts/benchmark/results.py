"""Tables, as they are printed and as they are kept."""

import dataclasses
import re
import statistics


@dataclasses.dataclass
class Row:
    label: str
    times: object
    more: list


class Results:
    """A Markdown file with a section a part; a run replaces the sections of its parts."""

    def __init__(self, file):
        self.file = file
        text = file.read_text() if file.exists() else ""
        pieces = re.split(r"(?m)^## (.+)\n", text)
        self.sections = dict(zip(pieces[1::2], pieces[2::2]))

    def machine(self, lines):
        self.head = "\n".join(f"- {line}" for line in lines) + "\n"
        print(self.head)

    def part(self, name, what):
        """A part keeps the machine and the time of its own run."""
        what = " ".join(what.split())
        self.sections[name] = f"\n{what}\n\n{self.head}"
        print(f"## {name}\n\n{what}\n")

    def table(self, part, title, rows, base, columns):
        lines = [f"\n{title}\n",
                 "| " + " | ".join(["", "median ms", "from - to", "ratio", *columns]) + " |",
                 "| " + " | ".join(["---"] + ["---:"] * (3 + len(columns))) + " |"]
        reference = next(row.times for row in rows if row.label == base)
        for row in rows:
            times = row.times
            if not times.ok:
                cells = [row.label, times.error[:100]] + [""] * (2 + len(columns))
            else:
                pairs = list(zip(times.seconds, reference.seconds))
                ratio = statistics.median(a / b for a, b in pairs) if pairs else float("nan")
                cells = [row.label, f"{1e3 * times.median:.3f}",
                         f"{1e3 * min(times.seconds):.3f} - {1e3 * max(times.seconds):.3f}",
                         f"{ratio:.2f}", *row.more]
            lines.append("| " + " | ".join(cells) + " |")
        self.add(part, lines)

    def facts(self, part, title, facts):
        lines = [f"\n{title}\n", "| | |", "| --- | ---: |"]
        self.add(part, lines + [f"| {name} | {value} |" for name, value in facts])

    def add(self, part, lines):
        text = "\n".join(lines) + "\n"
        print(text, flush=True)
        self.sections[part] += text
        self.file.write_text(
            "# Results of scripts/bench\n\nTimes are medians of runs that took turns; a ratio is the"
            " median, over the turns, of a row's\ntime to that of the row with 1.00: above 1 is"
            " slower.\n\n"
            + "\n".join(f"## {name}\n{section}" for name, section in self.sections.items()))
