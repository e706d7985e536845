"""The result for people."""


def _number(value, digits):
    return f"{value:,.{digits}f}"


def _spread(summary, digits):
    return (f"{_number(summary['median'], digits)} ({_number(summary['min'], digits)}"
            f"–{_number(summary['max'], digits)})")


_heads = ("", "alknet", "peer", "ratio", "goal", "", "server CPU", "machine busy (others)")


def _cells(row):
    data = row.as_json()
    ratio = data.get("ratio")
    goal, verdict = "", ""
    if row.goal:
        sign = "≥" if row.goal[0] == "at least" else "≤"
        goal = f"{sign} {row.goal[1]:g}" + ("" if row.judged == "ratio" else f" {row.unit}")
        verdict = "met" if row.met() else "MISSED"
    cpu = ""
    if "server_cpu" in data and data["server_cpu"]["peer"]["median"] > 0:
        part = data["server_cpu"]["alknet"]["median"] / data["server_cpu"]["peer"]["median"]
        cpu = f"{part:.2f}"
    busy = ""
    if "machine_busy" in data:
        busy = f"{data['machine_busy']['median']:.0%} ({data['others_busy']['median']:.0%})"
    return (f"{row.name}, {row.unit}", _spread(data["alknet"], row.digits) if len(row.values["alknet"]) > 1 else
            _number(data["alknet"]["median"], row.digits),
            _spread(data["peer"], row.digits) if "peer" in data and len(row.values["peer"]) > 1 else
            _number(data["peer"]["median"], row.digits) if "peer" in data else "",
            _spread(ratio, 2) if ratio and len(row.values["peer"]) > 1 else f"{ratio['median']:.2f}" if ratio else "",
            goal, verdict, cpu, busy)


def markdown(rows):
    """One table per section; also readable as it is."""
    out = []
    for section in dict.fromkeys(row.section for row in rows):
        some = [row for row in rows if row.section == section]
        peers = ", ".join(dict.fromkeys(row.peer for row in some if row.values["peer"]))
        lines = [_heads[:2] + (peers or "peer",) + _heads[3:]] + [_cells(row) for row in some]
        lines = [[section, *lines[0][1:]], *lines[1:]]
        used = [i for i in range(len(_heads)) if i < 2 or any(line[i] for line in lines[1:])]
        widths = {i: max(len(line[i]) for line in lines) for i in used}
        text = ["| " + " | ".join(line[i].ljust(widths[i]) for i in used) + " |" for line in lines]
        text.insert(1, "|" + "|".join("-" * (widths[i] + 2) for i in used) + "|")
        out.append("\n".join(text))
        out += [f"{row.name}: {row.note}" for row in some if row.note]
        out.append("")
    return "\n".join(out)
