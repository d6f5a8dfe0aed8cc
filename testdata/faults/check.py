#!/usr/bin/env python3
"""Compares what analyze and explain say of the links that make.py wrote with what make.py did to them.

    python3 check.py analyze DIR REPORT.json REPORT.txt
    python3 check.py explain DIR

Prints every host that is not as demanded, and ends with status 1 if there is one.
"""
import json, os, re, subprocess, sys
from concurrent.futures import ThreadPoolExecutor

SHARE, STRAY = 0.95, 0.05


def findings(want, report, text):
    """What is wrong with the findings about one host."""
    host, all_links = want["host"], want["links"]
    grade = next((c["status"] for c in report["calibration"] if c["host"] == host), "absent")
    if want["served"] and grade != "verified": yield f"calibration {grade}"
    named = [f for f in report["signer_findings"] if f["host"] == host]
    own = [f for f in named if f["mistake"] == want["mistake"]]
    if not any(SHARE * all_links <= f["links"] <= (1 + STRAY) * all_links and want["among"] in ("", f["among"]) for f in own):
        yield "found " + (", ".join(f"{f['mistake']} on {f['links']} of {f['examined']} {f['among']}" for f in named) or "nothing")
    for f in named:
        if f["mistake"] not in (want["mistake"], want["also"]) and f["links"] > STRAY * all_links: yield f"{f['mistake']} on {f['links']} links"
    moved = report["denials"]["by_host"].get(host, {}).get("ip_mismatch", 0)
    if moved != want["ip_mismatch"]: yield f"{moved} requests with ip_mismatch, want {want['ip_mismatch']}"
    for f in own:
        sentence = f"{100 * f['links'] / f['examined']:.0f} % of {f['among']} ({f['links']} of {f['examined']}): {f['says']}; fix: {f['fix']}"
        if squeezed(sentence) not in text: yield f"the text report lacks {sentence!r}"


def squeezed(text): return re.sub(r"\s+", "", text)


def explanation(want, folder):
    """What is wrong with the explanation of one faulty link."""
    command = ["ipdrift", "explain", want["url"], "--ip", want["ip"], "--at", str(want["at"]), "--user-agent", want["agent"], *want["flags"]]
    if "--config" not in command: command += ["--config", "faults.yaml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode or not re.search(want["explained"], done.stdout, re.M):
        yield f"exit status {done.returncode}, no {want['explained']!r} in\n{done.stdout}{done.stderr}"


def main(what, folder, *reports):
    with open(os.path.join(folder, "truth.json")) as f: truth = json.load(f)
    if what == "analyze":
        with open(reports[0]) as f: report = json.load(f)
        with open(reports[1]) as f: text = squeezed(f.read())
        wrong = [list(findings(want, report, text)) for want in truth]
    else:
        with ThreadPoolExecutor(2) as pool: wrong = list(pool.map(lambda want: list(explanation(want, folder)), truth))
    for want, complaints in zip(truth, wrong):
        for c in complaints: print(f"{want['host']}: {c}")
    print(f"{len(truth)} hosts, {sum(map(bool, wrong))} not as demanded")
    return 1 if any(wrong) or len(truth) < 60 else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
