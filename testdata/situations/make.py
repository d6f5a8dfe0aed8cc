#!/usr/bin/env python3
"""Writes a log for each situation that real networks and players make, a few lines that a person can read.

    python3 make.py DIR

DIR then holds NAME.log for each function below, and key. Links are signed here, by the vendor's recipe with hashlib;
nothing is taken from the program that is tested. The same bytes come out every time. 40 other viewers, each served
once, let the key be verified.

    ipdrift analyze --key-file testdata/situations/key testdata/situations/dual_stack.log
"""
import base64, hashlib, inspect, json, pathlib, sys, time

KEY, HOST, START = "situations-key", "video.example.com", 1793534400  # 2026-11-01T12:00:00Z
HOME, NEAR, SAME16, WIFI, SIX = "198.51.100.10", "198.51.100.77", "198.51.7.7", "203.0.113.5", "2001:db8:1::5"
CARRIER, OTHER, RELAY, VPN = 64500, 64501, 36183, 9009  # the last two: iCloud Private Relay's exits at Akamai, M247
BROWSER, TV, PLAYER = "Mozilla/5.0 (Macintosh) Safari/605.1.15", "ExampleTV/7.2", "ExamplePlayer/3.1"


def sign(address, life=86400, at=0, more=""):
    """The query string of a link to the directory /film/, given out `at` seconds after START."""
    expires = START + at + life
    digest = hashlib.md5(f"{expires}/film/{address} {KEY}".encode()).digest()
    return f"md5={base64.urlsafe_b64encode(digest).decode().rstrip('=')}&expires={expires}{more}"


class Log:
    def __init__(self):
        self.lines = []
        for n in range(40):
            address = f"{20 + n}.{n + 1}.7.9"
            self.ask(-120 + n, address, "index.m3u8", 200, sign(address), agent=f"Viewer/{n}", asn=64600 + n)

    def ask(self, at, address, name, status, link, agent=PLAYER, asn=CARRIER, **more):
        when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(START + at))
        self.lines.append((at, json.dumps({"time": when, "remote_addr": address, "asn": asn, "method": "GET", "host": HOST,
                                           "uri": f"/film/{name}?{link}", "status": status, "user_agent": agent, **more})))

    def text(self):
        return "".join(line + "\n" for _, line in sorted(self.lines, key=lambda pair: pair[0]))


def dual_stack(log):
    """The player opens some connections over IPv6, where the link does not hold."""
    link = sign(HOME)
    log.ask(0, HOME, "index.m3u8", 200, link)
    for n in range(6):
        if n % 2 == 0:
            log.ask(4 * n + 2, SIX, f"seg{n + 1}.ts", 403, link)
        log.ask(4 * n + 3, HOME, f"seg{n + 1}.ts", 200, link)


def nat64(log):
    """An IPv6-only phone reaches an IPv4-only site directly by 464XLAT, and the CDN through the carrier's translator."""
    link = sign(HOME)
    log.ask(0, HOME, "index.m3u8", 200, link)
    log.ask(2, HOME, "seg1.ts", 200, link)
    log.ask(6, "64:ff9b::c633:640a", "seg2.ts", 403, link)  # HOME, translated (RFC 6052)


def hand_over(log):
    """From cellular to Wi-Fi: another address of another operator, for good."""
    link = sign(HOME)
    log.ask(0, HOME, "index.m3u8", 200, link)
    for n in range(3):
        log.ask(6 * n + 2, HOME, f"seg{n + 1}.ts", 200, link)
    for n in range(3, 5):
        log.ask(6 * n + 2, WIFI, f"seg{n + 1}.ts", 403, link, asn=OTHER)


def relay_and_vpn(log):
    """Private Relay and a VPN switched on while watching."""
    link = sign(HOME)
    log.ask(0, HOME, "index.m3u8", 200, link)
    log.ask(2, HOME, "seg1.ts", 200, link)
    log.ask(8, "172.224.224.5", "seg2.ts", 403, link, asn=RELAY)
    log.ask(14, "172.225.10.9", "seg2.ts", 403, link, asn=RELAY)
    log.ask(20, "146.70.1.1", "seg2.ts", 403, link, asn=VPN)


def corporate_proxies(log):
    """A company whose proxies share the load: any of them makes any request."""
    link = sign(HOME)
    log.ask(0, HOME, "index.m3u8", 200, link)
    for n, address in enumerate([HOME, SAME16, NEAR, HOME, SAME16, NEAR, HOME]):
        log.ask(5 * n + 2, address, f"seg{n + 1}.ts", 200 if address == HOME else 403, link)


def casting(log):
    """A browser hands its link to a television on the Wi-Fi; the session id goes with it."""
    link = sign(HOME, more="&sid=5f1c22aa-7e09")
    log.ask(0, HOME, "index.m3u8", 200, link, agent=BROWSER)
    for n in range(3):
        log.ask(6 * n + 2, HOME, f"seg{n + 1}.ts", 200, link, agent=BROWSER)
    for n in range(3, 6):
        log.ask(6 * n + 2, WIFI, f"seg{n + 1}.ts", 403, link, agent=TV, asn=OTHER)


def link_preview(log):
    """The viewer sends the page to a friend, and the messenger looks at it first."""
    link = sign(HOME)
    log.ask(0, HOME, "index.m3u8", 200, link)
    log.ask(2, HOME, "seg1.ts", 200, link)
    log.ask(20, "157.240.1.9", "index.m3u8", 403, link, agent="WhatsApp/2.23.20.0", asn=32934)


def prefetching(log):
    """A player that fetches ahead, out of order and two at a time."""
    link = sign(HOME)
    log.ask(0, HOME, "index.m3u8", 200, link)
    for at, n in enumerate([2, 1, 4, 3]):
        log.ask(1 + at, HOME, f"seg{n}.ts", 200, link)
    log.ask(9, NEAR, "seg6.ts", 403, link)
    log.ask(9, NEAR, "seg5.ts", 403, link)


def ranges(log):
    """One film by ranges: every request has the same path."""
    link = sign(HOME)
    for n in range(5):
        log.ask(3 * n, HOME, "film.mp4", 206, link)
    log.ask(15, NEAR, "film.mp4", 403, link)
    log.ask(17, NEAR, "film.mp4", 403, link)


def retries(log):
    """A player that asks for a refused segment again and again, until it is back at its address."""
    link = sign(HOME)
    log.ask(0, HOME, "index.m3u8", 200, link)
    log.ask(2, HOME, "seg1.ts", 200, link)
    for n in range(6):
        log.ask(8 + 4 * n, WIFI, "seg2.ts", 403, link)
    log.ask(33, HOME, "seg2.ts", 200, link)


def token_a_minute(log):
    """Links live a minute and are renewed in time; the address changes in the second minute."""
    for minute, (home, address) in enumerate([(HOME, HOME), (HOME, HOME), (NEAR, NEAR)]):
        link = sign(home, life=60, at=60 * minute)
        for n in range(5):
            at = 60 * minute + 10 * n
            moved = minute == 1 and n == 4
            log.ask(at, NEAR if moved else address, f"seg{at // 10 + 1}.ts", 403 if moved else 200, link)


def gives_up(log):
    """The player stops at the first refusal, as many do."""
    link = sign(HOME)
    log.ask(0, HOME, "index.m3u8", 200, link)
    log.ask(2, HOME, "seg1.ts", 200, link)
    log.ask(8, SAME16, "seg2.ts", 403, link)


def main(folder):
    folder = pathlib.Path(folder)
    folder.joinpath("key").write_text(KEY + "\n")
    for name, make in inspect.getmembers(sys.modules[__name__], inspect.isfunction):
        if list(inspect.signature(make).parameters) == ["log"]:
            log = Log()
            make(log)
            folder.joinpath(name + ".log").write_text(log.text())


if __name__ == "__main__":
    main(sys.argv[1])
